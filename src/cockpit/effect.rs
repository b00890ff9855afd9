//! What the cockpit does to the world: the other half of an update.

use crate::change::deployed::Declared;
use crate::change::diff::Shown;
use crate::drill::steering::Order as Steering;
use crate::evidence::Oid;
use crate::incident::Entry;
use crate::rollback;

/// Something to be done. Effects are carried out in order, and each comes back as an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Put an entry on record, in the incident with this id.
    Record {
        /// The incident; a new one for a declaration.
        incident: String,
        /// What.
        entry: Entry,
        /// Who.
        actor: Actor,
    },
    /// Call the operator, by the ways that they asked for.
    Notify(String),
    /// Read which incidents there are.
    ListIncidents,
    /// Read an incident that was taken up.
    Load(String),
    /// Read records before those on the screen.
    LoadEarlier {
        /// The incident.
        incident: String,
        /// The first record that is on the screen.
        before: u64,
        /// How many to read.
        count: usize,
    },
    /// Write the timeline of this incident to a file.
    Export(String),
    /// Ask how many users are affected.
    CountUsers,
    /// Ask every source again.
    Refresh,
    /// Read the difference of a file of the change, for its detail.
    ShowFile(Shown, usize),
    /// Production says something else now: git compares with that, and the rollback goes back from it.
    Deployed(Declared),
    /// Build the rollback plan anew.
    Replan,
    /// Something for the rollback's executor.
    Rollback {
        /// What.
        effect: rollback::state::Effect,
        /// The incident that it is recorded in.
        incident: String,
    },
    /// Bring a notice to channels.
    Deliver {
        /// The incident that it is of.
        incident: String,
        /// Its key.
        notice: String,
        /// The names of the channels.
        channels: Vec<String>,
    },
    /// The incident has this ticket: ask the tracker for it.
    Track(Option<String>),
    /// Run the tests of every source that says how.
    RunTests,
    /// Stop the tests that run here, and ask the orgs of these sources to end those that run there.
    StopTests(Vec<String>),
    /// Do something to the drill.
    Steer(Steering),
    /// Production runs this commit: its results are the baseline.
    Baseline(Option<Oid>),
    /// Open `file:line` in the operator's editor.
    Edit(String),
    /// Open a page in the operator's browser; where there is none, show its address and put it on the clipboard.
    OpenPage(String),
    /// Put a text on the clipboard.
    Copy(String),
    /// Give the mouse to the terminal, or take it.
    ToggleMouse,
    /// Stop until the shell calls back.
    Suspend,
    /// End.
    Quit,
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The person at the keyboard.
    Operator,
    /// The program, by what it saw.
    Cockpit,
}
