//! The guided tour of a first drill (pure): what each pane tells, and which key to press next.
//!
//! Its words stand in a strip of their own at the bottom, so that they never cover what they speak of. A step ends when
//! what it asks for is reached, by whichever key.

use super::action::Action;
use super::state::{Overlay, State};
use crate::ui::layout::{Pane, SMALLEST};

/// The tour, and how far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tour {
    place: usize,
}

/// A step of the tour.
struct Step {
    /// What is to be seen. `{key}` is the key of `next`.
    says: &'static str,
    /// The action that leads on.
    next: Option<Action>,
    /// Whether it is reached.
    is_reached: fn(&State) -> bool,
}

const STEPS: [Step; 11] = [
    Step {
        says: "Your first drill? Nothing in it is real, and the console is the real one. A tour of about three minutes \
               tells what each pane says and which key comes next. enter takes it, esc leaves you alone with the drill.",
        next: None,
        is_reached: |_| false,
    },
    Step {
        says: "The first line is the light to look at: the state of the incident at the left, at the right whether you \
               may ship, and how many gates stand in the way. `{key}` goes to the change, to see what would be shipped.",
        next: Some(Action::Focus(Pane::Change)),
        is_reached: |state| state.ui.focus == Pane::Change,
    },
    Step {
        says: "The change since production: its commits and whose they are, how large it is, and what is risky about it. \
               The age of what you see is in every title. `{key}` goes to the tests.",
        next: Some(Action::Focus(Pane::Tests)),
        is_reached: |state| state.ui.focus == Pane::Tests,
    },
    Step {
        says: "The tests of exactly this commit. A failure counts at once, a pass only when the whole report is there. \
               One more commit, and all of it is worth nothing. `{key}` goes to the canary.",
        next: Some(Action::Focus(Pane::Canary)),
        is_reached: |state| state.ui.focus == Pane::Canary,
    },
    Step {
        says: "The new version beside the old one. The verdict says when there is not enough data, and how much is \
               missing: one error proves nothing. Now say how bad it is: `{key}` opens the assessment.",
        next: Some(Action::Assess),
        is_reached: |state| matches!(state.ui.overlay, Overlay::Assessment(_)) || is_assessed(state),
    },
    Step {
        says: "What is lost, who is hit, what they can do meanwhile, and how bad that is. enter goes to the next field, \
               and after the last one it is on record. If you closed it, `{key}` opens it again.",
        next: Some(Action::Assess),
        is_reached: |state| is_assessed(state) && state.ui.overlay == Overlay::None,
    },
    Step {
        says: "Somebody has to be in command. `{key}` takes a role; the header then says who does what. \
               `tab` and arrows choose in a form.",
        next: Some(Action::Role),
        is_reached: |state| state.incident.as_ref().is_some_and(|it| !it.roles.is_empty()),
    },
    Step {
        says: "Now the way back, before you need it. `{key}` goes to the rollback: the plan is ready, with what it \
               would undo and whether that is safe.",
        next: Some(Action::Focus(Pane::Rollback)),
        is_reached: |state| state.ui.focus == Pane::Rollback,
    },
    Step {
        says: "`{key}` arms it from anywhere. A letter, new each time, fires it; every other key disarms it. \
               Arm it now, read the plan, and press esc.",
        next: Some(Action::Rollback),
        is_reached: |state| {
            state.records.iter().any(|it| it.kind == "rollback_disarmed" || it.kind == "rollback_fired")
        },
    },
    Step {
        says: "All of that is on record. `{key}` shows the timeline: who did what and when, and what people ask you. \
               Answer them with a notice (`s`), write what you see as a note (`n`).",
        next: Some(Action::Focus(Pane::Timeline)),
        is_reached: |state| state.ui.focus == Pane::Timeline,
    },
    Step {
        says: "The rest is yours: watch the canary (`4`), hold until the verdict is proof, decide (`d`) with the reason \
               that you see, roll back (`R`), tell everybody (`s`). `q` ends the drill and shows what it was worth. esc closes this.",
        next: None,
        is_reached: |_| false,
    },
];

fn is_assessed(state: &State) -> bool {
    state.incident.as_ref().is_some_and(|it| it.severity.is_some())
}

impl Tour {
    /// A tour at one of its steps, from 0: the offer.
    pub fn at(place: usize) -> Self {
        Self { place: place.min(STEPS.len() - 1) }
    }

    /// How many steps it has, the offer and the farewell among them.
    pub fn len() -> usize {
        STEPS.len()
    }

    /// Whether enter, and no deed, leads on.
    pub fn waits_for_enter(self) -> bool {
        self.place == 0
    }

    /// Its name, with how far it is.
    pub fn title(self) -> String {
        match self.place {
            0 => "A guided tour?".to_owned(),
            place => format!("Tour, {place} of {} · esc leaves it", STEPS.len() - 1),
        }
    }

    /// What it says now, with the keys as they are bound.
    pub fn says(self, state: &State) -> String {
        let step = &STEPS[self.place];
        let key = step.next.and_then(|next| state.ui.keymap.key_on(next, state.ui.focus));
        step.says.replace("{key}", &key.unwrap_or_else(|| ":".to_owned()))
    }

    /// The next step.
    #[must_use]
    pub fn next(self) -> Self {
        Self::at(self.place + 1)
    }
}

/// Goes on as far as what was asked for is reached. Returns whether it did.
pub fn follow(state: &mut State) -> bool {
    let Some(before) = state.ui.tour else { return false };
    let mut tour = before;
    while (STEPS[tour.place].is_reached)(state) {
        tour = tour.next();
    }
    state.ui.tour = Some(tour);
    tour != before
}

/// The rows that its strip takes: a line for its name, and three for its words.
pub const ROWS: u16 = 4;

/// The rows of the strip on a screen: none where they would leave no room for a pane.
pub fn rows(tour: Option<Tour>, size: (u16, u16)) -> u16 {
    if tour.is_some() && size.0 >= SMALLEST.0 && size.1 >= SMALLEST.1 + ROWS { ROWS } else { 0 }
}
