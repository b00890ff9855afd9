//! Everything that the cockpit knows. Only [`super::update::update`] changes it; drawing reads it.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::assessment::Assessment;
use super::compose::Compose;
use super::damage::Damage;
use super::event::Toast;
use super::form::Form;
use super::keymap::Keymap;
use super::list::ListView;
use super::tour::{self, Tour};
use crate::checklist::check::Checks;
use crate::checklist::model::Inputs;
use crate::config::schema;
use crate::config::user::Way;
use crate::drill::clock::Tempo;
use crate::evidence::Observed;
use crate::incident::Incident;
use crate::incident::clocks::{Kind, Tone};
use crate::incident::entry::{Left, Snapshot};
use crate::incident::list::Summary;
use crate::incident::rehearsals::Rehearsals;
use crate::journal::record::Record;
use crate::tracker::model::Issue;
use crate::ui::layout::{Areas, Pane, SMALLEST, layout};
use crate::{canary, change, checklist, comms, rollback, test_results};

/// The rows of an offer: a line for its name, and one for its words.
const OFFER_ROWS: u16 = 2;

/// The state of the cockpit: what each room knows, and where the operator stands.
#[derive(Debug, Clone)]
pub struct State {
    /// The time of the last event.
    pub now: Timestamp,
    /// How long the cockpit has run, on the clock that never jumps.
    pub uptime: Duration,
    /// The time of the hand: real time on that clock, even in a drill whose world runs faster.
    pub hand: Timestamp,
    /// A random number from the start, so that the rollback's letter cannot be foreseen.
    pub entropy: u64,
    /// For times of day on the screen.
    pub zone: TimeZone,
    /// The project at hand.
    pub project: Project,
    /// The active incident.
    pub incident: Option<Incident>,
    /// The records of the active incident, oldest first; of a long one the newest.
    pub records: Vec<Record>,
    /// Those before them.
    pub earlier: Earlier,
    /// The incidents of this repository, once they were listed, or why they cannot be.
    pub incidents: Option<Result<Vec<Summary>, String>>,
    /// Which clocks have called.
    pub turned: Turned,
    /// How many users are affected, by whoever was asked.
    pub counted: Observed<u64>,
    /// What git knows.
    pub change: change::model::State,
    /// Test results.
    pub tests: test_results::state::State,
    /// The canary.
    pub canary: canary::state::State,
    /// The rollback.
    pub rollback: rollback::state::State,
    /// Who is told, and whether it reached them.
    pub comms: comms::state::State,
    /// The incident's issue.
    pub tracker: Observed<Issue>,
    /// What the items got for an answer that ask the world.
    pub checks: Checks,
    /// The rehearsals of the rollback, of whatever incident.
    pub rehearsals: Rehearsals,
    /// The gates and what they come to.
    pub checklist: checklist::model::State,
    /// Where the operator stands.
    pub ui: Ui,
}

/// The records of a long incident that nobody has gone to yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Earlier {
    /// How many there are.
    pub count: u64,
    /// Whether the journal is being asked for some of them.
    pub is_asked: bool,
}

/// What is known of the project before any source has answered.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// The name of the repository's folder.
    pub name: String,
    /// Who sits at the keyboard.
    pub operator: String,
    /// The configuration; the defaults where there is no file.
    pub config: schema::Config,
    /// How the configuration stands.
    pub standing: Standing,
    /// The incidents that the journal knew when it was opened, and those since.
    pub incidents: Vec<String>,
    /// Whether nothing may be recorded or done.
    pub is_read_only: bool,
    /// The drill, in a drill.
    pub drill: Option<DrillShown>,
    /// How the operator wants to be called when a clock turns.
    pub notify: Vec<Way>,
}

/// What the screen says of the drill that it is in.
#[derive(Debug, Clone, PartialEq)]
pub struct DrillShown {
    /// The scenario's name.
    pub name: String,
    /// How its clock goes.
    pub tempo: Tempo,
}

/// Which clocks of an incident have called the operator, so that none calls twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turned {
    /// The incident.
    pub incident: String,
    /// What turned, to what, and what was due then.
    pub told: BTreeSet<(Kind, Tone, Option<Timestamp>)>,
    /// How many times ten minutes were called out.
    pub call_outs: u64,
}

/// How the configuration stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Standing {
    /// It has not been read yet.
    #[default]
    Opening,
    /// There is none.
    Missing,
    /// It cannot be used: the error.
    Broken(String),
    /// Nobody has trusted it yet, or it has changed since.
    Untrusted,
    /// It is in force.
    Trusted,
}

/// Where the operator stands.
#[derive(Debug, Clone)]
pub struct Ui {
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The focused pane.
    pub focus: Pane,
    /// Whether it has the whole screen.
    pub is_zoomed: bool,
    /// The selections, by [`Pane::index`].
    pub lists: [ListView; 7],
    /// What lies over the panes.
    pub overlay: Overlay,
    /// A notice that was put aside while it was being written.
    pub put_aside: Option<Box<Compose>>,
    /// The guided tour, while it is offered or taken.
    pub tour: Option<Tour>,
    /// What was last said, and until when it is shown.
    pub toast: Option<(Toast, Duration)>,
    /// Which key does what.
    pub keymap: Keymap,
    /// Whether the terminal has the focus.
    pub has_focus: bool,
    /// What must be drawn again.
    pub damage: Damage,
    /// The screen as it was when the cockpit was last left, until the first source answers.
    pub last_screen: Option<LastScreen>,
}

/// The screen of an earlier run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastScreen {
    /// When it was.
    pub at: Timestamp,
    /// The inner rows of each pane.
    pub panes: Vec<(Pane, Vec<String>)>,
}

/// What lies over the panes and has the keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The actions, narrowed by what is typed; Enter runs the selected one.
    Actions {
        /// What was typed.
        query: String,
        /// The selected line.
        cursor: usize,
        /// Whether it was opened as help, which shows more of each action.
        is_help: bool,
    },
    /// A row in full.
    Detail {
        /// Of this pane.
        pane: Pane,
        /// Its index among all rows.
        index: usize,
        /// The first line in view.
        scroll: usize,
    },
    /// The incidents of this repository.
    Incidents {
        /// The selected one.
        cursor: usize,
    },
    /// Something is being written.
    Form(Form),
    /// The three questions.
    Assessment(Box<Assessment>),
    /// A notice is being written.
    Notice(Box<Compose>),
    /// A filter is being typed for the focused pane.
    Filter,
    /// The rollback is armed.
    Rollback,
    /// A rollback is running: leave all the same?
    ConfirmQuit,
}

/// The rooms that the checklist looks at: the fields alone, so that the checklist beside them can be changed.
struct Rooms<'a> {
    change: &'a change::model::State,
    tests: &'a test_results::state::State,
    canary: &'a canary::state::State,
    rollback: &'a rollback::state::State,
    tracker: &'a Observed<Issue>,
    checks: &'a Checks,
    rehearsals: &'a Rehearsals,
}

impl<'a> Rooms<'a> {
    fn inputs(self, now: Timestamp, project: &'a Project, incident: Option<&'a Incident>) -> Inputs<'a> {
        let config = &project.config;
        Inputs {
            now,
            incident,
            change: &self.change.report,
            worktree: &self.change.worktree,
            tests: self.tests,
            canary: config.canary.is_some().then_some(&self.canary.report),
            plan: config.rollback.is_some().then_some(&self.rollback.plan),
            tracker: config.tracker.is_some().then_some(self.tracker),
            checks: self.checks,
            rehearsals: self.rehearsals,
            config: &config.checklist,
            limits: config.limits,
        }
    }
}

impl State {
    /// The cockpit before anything has answered.
    pub fn new(now: Timestamp, size: (u16, u16), project: Project) -> Self {
        let change = change::model::State::default();
        let checks = Checks::new();
        let (tests, plan) = (test_results::state::State::default(), rollback::state::State::default());
        let checklist = checklist::model::State::new(&Inputs {
            now,
            incident: None,
            change: &change.report,
            worktree: &change.worktree,
            tests: &tests,
            canary: None,
            plan: None,
            tracker: None,
            checks: &checks,
            rehearsals: &Rehearsals::default(),
            config: &project.config.checklist,
            limits: project.config.limits,
        });
        Self {
            now,
            uptime: Duration::ZERO,
            hand: now,
            entropy: 0,
            zone: TimeZone::UTC,
            project,
            incident: None,
            records: Vec::new(),
            earlier: Earlier::default(),
            incidents: None,
            turned: Turned::default(),
            counted: Observed::default(),
            change,
            tests,
            canary: canary::state::State::default(),
            rollback: plan,
            comms: comms::state::State::default(),
            tracker: Observed::default(),
            checks,
            rehearsals: Rehearsals::default(),
            checklist,
            ui: Ui::new(size),
        }
    }

    /// What the checklist looks at.
    pub fn inputs(&self) -> Inputs<'_> {
        let Self { now, project, incident, change, tests, canary, rollback, tracker, checks, rehearsals, .. } = self;
        Rooms { change, tests, canary, rollback, tracker, checks, rehearsals }.inputs(*now, project, incident.as_ref())
    }

    /// Evaluates the gates anew. Returns whether the picture changed.
    pub fn judge(&mut self) -> bool {
        let Self {
            now,
            project,
            incident,
            change,
            tests,
            canary,
            rollback,
            tracker,
            checks,
            rehearsals,
            checklist,
            ..
        } = self;
        let rooms = Rooms { change, tests, canary, rollback, tracker, checks, rehearsals };
        let inputs = rooms.inputs(*now, project, incident.as_ref());
        let chain = checklist::continuity::of(&inputs);
        let is_news = checklist.update(&inputs);
        let has_moved = change.continuity != chain;
        change.continuity = chain;
        is_news || has_moved
    }

    /// What the incident would leave open if it ended now.
    pub fn left_open(&self) -> Vec<Left> {
        checklist::closing::left_open(&self.inputs(), self.checklist.gates())
    }

    /// What every room shows at the moment, to stand beside a decision.
    pub fn snapshot(&self) -> Snapshot {
        self.checklist.snapshot(&self.inputs())
    }

    /// Where everything is on the screen.
    pub fn areas(&self) -> Areas {
        let (columns, rows) = self.ui.size;
        let strip = self.ui.strip();
        let mut areas = layout(columns, rows - strip, self.ui.focus, self.ui.is_zoomed);
        areas.strip.height = strip;
        areas
    }

    /// The selection of a pane.
    pub fn list(&self, pane: Pane) -> &ListView {
        &self.ui.lists[pane.index()]
    }
}

impl Overlay {
    /// Whether it is an offer alone, which lies over nothing and takes no key from anybody.
    pub fn is_offer(&self) -> bool {
        matches!(self, Self::Assessment(form) if form.is_offer)
    }
}

impl Ui {
    /// The rows below everything else: those of the tour, or of what is offered.
    fn strip(&self) -> u16 {
        let (columns, rows) = SMALLEST;
        let has_room = self.size.0 >= columns && self.size.1 >= rows + OFFER_ROWS;
        match tour::rows(self.tour, self.size) {
            0 if self.overlay.is_offer() && has_room => OFFER_ROWS,
            rows => rows,
        }
    }

    fn new(size: (u16, u16)) -> Self {
        Self {
            size,
            focus: Pane::Checklist,
            is_zoomed: false,
            lists: Default::default(),
            overlay: Overlay::None,
            put_aside: None,
            tour: None,
            toast: None,
            keymap: Keymap::default(),
            has_focus: true,
            damage: Damage::ALL,
            last_screen: None,
        }
    }

    /// These panes have something of their own to show now.
    pub fn forget_last(&mut self, panes: &[Pane]) {
        let Some(last) = &mut self.last_screen else { return };
        last.panes.retain(|(pane, _)| !panes.contains(pane));
        if last.panes.is_empty() {
            self.last_screen = None;
        }
        panes.iter().for_each(|pane| self.damage.add(Damage::pane(*pane)));
    }

    /// The rows of a pane as they were, while it has nothing of its own.
    pub fn last_rows(&self, pane: Pane) -> Option<(&[String], Timestamp)> {
        let last = self.last_screen.as_ref()?;
        let (_, rows) = last.panes.iter().find(|(it, _)| *it == pane)?;
        Some((rows, last.at))
    }

    /// Says something for a few seconds.
    pub fn tell(&mut self, toast: Toast, uptime: Duration) {
        let seconds = if toast.is_error { 12 } else { 5 };
        self.toast = Some((toast, uptime + Duration::from_secs(seconds)));
        self.damage.add(Damage::FOOTER);
    }
}
