//! The room's state and its `update`: pure; what is to be done comes back as effects.

use jiff::Timestamp;

use super::choice::{Choice, Way};
use super::execution::{Answer, Execution, Progress};
use super::guard::{self, Guard, Input, Why};
use super::model::Plan;
use super::output::Output;
use super::policy::{Word, wants_second};
use super::rollout::state as rollout;
use crate::config::schema::Policy;
use crate::evidence::{Evidence, Failure, Freshness, Generation, Observation, Observed};
use crate::incident::Entry;
use crate::journal::record::Record;

mod arming;
mod order;
mod steering;

pub use order::{Order, question, resume};

/// What is said when the keymap leaves no letter to fire with.
const NO_LETTER: &str = "no letter is free: unbind one of ACDEFHKLMNPTUVWX";

/// The incident's time, and the hand's.
type Clocks = (Timestamp, Timestamp);

/// Everything that the pane and the overlay show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The ways back, as they were prepared last.
    pub choice: Observed<Choice>,
    /// The way that the operator picked; the proposed one without it.
    pub picked: Option<String>,
    /// The prepared plan of the picked way.
    pub plan: Observed<Plan>,
    /// Why a rollback is called for, as long as it is: a canary that regressed.
    pub called_for: Option<String>,
    /// What it takes to fire in this incident.
    pub policy: Policy,
    /// Who sits here.
    pub operator: String,
    /// Who gave their word for which plan.
    pub words: Vec<Word>,
    /// The key.
    pub guard: Guard,
    /// What the armed letter would do.
    pub armed: Option<Order>,
    /// The last rollback that was fired.
    pub execution: Option<Execution>,
    /// Whether this cockpit runs it.
    pub running: bool,
    /// Who else runs a rollback on this machine, or which step outlived its cockpit.
    pub held: Option<String>,
    /// Whether it was asked to stop after the step at hand.
    pub stopping: bool,
    /// What the running look at the world sees.
    pub looking: Option<String>,
    /// What the steps printed.
    pub output: Output,
    /// Why the last key did nothing, or what became of the last attempt.
    pub said: Option<String>,
    /// How far the release is that this would take back.
    pub rollout: rollout::State,
    /// The last record that was taken in.
    seq: u64,
}

/// What happens in this room.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The plans were built anew, or could not be.
    Plan(Observation<Choice>),
    /// The canary calls for a rollback, for this reason, or does not any more.
    CalledFor(Option<String>),
    /// Something is in the journal.
    Recorded(Record),
    /// Something happened that the journal could not take: read back from the file beside it.
    Unjournaled {
        /// What.
        entry: Entry,
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// `R`.
    Arm {
        /// The upper-case letters that the keymap binds.
        bound: Vec<char>,
        /// A random number, new each time.
        chance: u64,
        /// Begin again, although an earlier one could go on.
        over: bool,
        /// What the operator says of the step in doubt.
        answer: Option<Answer>,
    },
    /// The next of what could be done instead, while it is armed: with a new letter, and the wait before it.
    Other {
        /// The upper-case letters that the keymap binds.
        bound: Vec<char>,
        /// A random number, new each time.
        chance: u64,
    },
    /// `R`, for taking back what a failed rollback did.
    TakeBack {
        /// The upper-case letters that the keymap binds.
        bound: Vec<char>,
        /// A random number, new each time.
        chance: u64,
    },
    /// Something reached the armed guard.
    Input(Input),
    /// The executor tells something.
    Progress(Progress),
    /// `S`: stop after the step at hand.
    Stop,
    /// Something about the rollout.
    Rollout(rollout::Event),
    /// Who holds the lock, as `executor::holder` sees it while this cockpit runs nothing.
    Held(Option<String>),
}

/// What is to be done about it.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Put it on record.
    Record(Entry),
    /// Run the executor. It records that it was fired.
    Fire(Box<Order>),
    /// Cancel the executor's stop token.
    StopAfterStep,
    /// Steer the rollout. The executor records it.
    Steer(Box<rollout::Order>),
}

/// What came of an event.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// Whether the picture may have changed.
    pub changed: bool,
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
}

/// Whether the key may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// There is no plan, for this reason.
    NoPlan(String),
    /// One letter fires.
    Ready,
    /// A reason is asked first, because of this.
    NotReady(String),
    /// A rollback runs.
    Running,
}

impl Outcome {
    fn changed(changed: bool) -> Self {
        Self { changed, effects: Vec::new() }
    }

    fn with(effects: Vec<Effect>) -> Self {
        Self { changed: true, effects }
    }
}

impl State {
    /// Takes in what happened at `now`, where the clock on the wall is the hand's too.
    pub fn update(&mut self, event: Event, now: Timestamp) -> Outcome {
        self.update_by_hand(event, now, now)
    }

    /// Takes in what happened at `now` on the incident's clock, which a drill may run faster, and at `hand` on that of
    /// the person at the keys. How old a plan is goes by the first, what the guard waits for by the second.
    pub fn update_by_hand(&mut self, event: Event, now: Timestamp, hand: Timestamp) -> Outcome {
        match event {
            Event::Plan(observation) => self.see_choice(observation),
            Event::CalledFor(why) => {
                let changed = self.called_for != why;
                self.called_for = why;
                Outcome::changed(changed)
            }
            Event::Recorded(record) => Outcome::changed(self.take_record(&record)),
            Event::Unjournaled { entry, by, at } => Outcome::changed(self.take_unjournaled(&entry, &by, at)),
            Event::Arm { bound, chance, over, answer } => {
                let letter = guard::letter(&bound, chance).ok_or(NO_LETTER);
                self.arm(letter, over, answer, (now, hand))
            }
            Event::Other { mut bound, chance } => {
                // The hand that is about to press the letter of before must not fire this one.
                bound.extend(self.guard.armed().map(guard::Armed::letter));
                let letter = guard::letter(&bound, chance).ok_or(NO_LETTER);
                self.other(letter, (now, hand))
            }
            Event::TakeBack { bound, chance } => {
                let letter = guard::letter(&bound, chance).ok_or(NO_LETTER);
                self.arm_for(letter, State::taking_back, (now, hand))
            }
            Event::Input(input) => self.input(input, (now, hand)),
            Event::Progress(progress) => Outcome::changed(self.progress(progress)),
            Event::Stop => self.stop(),
            Event::Rollout(event) => self.steer(event, (now, hand)),
            Event::Held(by) => {
                let changed = self.held != by;
                self.held = by;
                Outcome::changed(changed)
            }
        }
    }

    /// Whether the key may be used at `now`.
    pub fn readiness(&self, now: Timestamp) -> Readiness {
        if self.running || self.held.is_some() {
            return Readiness::Running;
        }
        let failure = || self.plan.failure().map(|failure| failure.what.clone());
        let Some(plan) = self.plan.value() else {
            let why = match self.plan.freshness(now) {
                Freshness::Loading => "the plan is being prepared".to_owned(),
                Freshness::Never => "not set up: add [rollback] to hotfix.toml".to_owned(),
                _ => failure().unwrap_or_default(),
            };
            return Readiness::NoPlan(why);
        };
        let doubt = self.way().and_then(|way| way.fit().words().map(str::to_owned));
        let doubt =
            doubt.or_else(|| plan.objection()).or_else(|| wants_second(self.policy, &self.words, &self.operator, plan));
        match (doubt, self.plan.freshness(now)) {
            (Some(objection), _) => Readiness::NotReady(objection),
            (None, Freshness::Fresh) => Readiness::Ready,
            (None, Freshness::Failed) => {
                Readiness::NotReady(format!("the plan could not be renewed: {}", failure().unwrap_or_default()))
            }
            (None, _) => Readiness::NotReady("the plan is older than 60 s".into()),
        }
    }

    /// A rollback that was fired before and could go on: not running here, and not at its good end.
    pub fn unfinished(&self) -> Option<&Execution> {
        let execution = self.execution.as_ref().filter(|it| !self.running && it.is_unfinished())?;
        // One that came to an end gives way to the plan of another change.
        (execution.end.is_none() || self.is_current(execution)).then_some(execution)
    }

    /// The rollback that the pane shows; `None` where the prepared plan is of more use.
    pub fn shown(&self) -> Option<&Execution> {
        let execution = self.execution.as_ref()?;
        (self.running || execution.end.is_none() || self.is_current(execution)).then_some(execution)
    }

    /// Whether it ran a plan that is prepared now, or took back what such a one did.
    fn is_current(&self, execution: &Execution) -> bool {
        let Some(now) = self.plan.value() else { return true };
        let Some(then) = &execution.plan else { return false };
        let mut ways =
            self.choice.value().into_iter().flat_map(|choice| &choice.ways).filter_map(|way| way.plan.as_ref().ok());
        then == now || ways.any(|plan| plan == then) || then.is_taking_back() && then.from == now.from
    }

    /// The place of the way that is picked or proposed.
    pub fn at(&self) -> usize {
        let choice = self.choice.value();
        let picked = self.picked.as_ref().and_then(|name| choice?.named(name));
        picked.or_else(|| choice.map(Choice::proposed)).unwrap_or(0)
    }

    /// The way that is picked or proposed.
    pub fn way(&self) -> Option<&Way> {
        self.choice.value()?.ways.get(self.at())
    }

    fn see_choice(&mut self, observation: Observation<Choice>) -> Outcome {
        let generation = observation.generation();
        let changed = self.choice.observe(observation.clone());
        let plan = match observation {
            Observation::Started(_) => Observation::Started(generation),
            Observation::Failed(_, failure) => Observation::Failed(generation, failure),
            Observation::Seen(..) => match self.plan_of(self.at()) {
                Some(observation) => observation(generation),
                None => return Outcome::changed(changed),
            },
        };
        let outcome = self.see_plan(plan);
        Outcome { changed: outcome.changed || changed, ..outcome }
    }

    /// The plan of a way, as an observation.
    fn plan_of(&self, index: usize) -> Option<impl FnOnce(Generation) -> Observation<Plan> + use<>> {
        let choice = self.choice.evidence()?;
        let (subject, source) = (choice.subject.clone(), choice.source.clone());
        let (observed_at, ttl) = (choice.observed_at, choice.ttl);
        let plan = choice.value.ways.get(index)?.plan.clone();
        Some(move |generation| match plan {
            Ok(value) => Observation::Seen(generation, Box::new(Evidence { value, subject, source, observed_at, ttl })),
            Err(what) => {
                Observation::Failed(generation, Failure { what, remedy: None, at: observed_at, retry_at: None })
            }
        })
    }

    fn see_plan(&mut self, observation: Observation<Plan>) -> Outcome {
        let changed = self.plan.observe(observation);
        let stands = match (&self.armed, self.plan.value()) {
            (Some(order), Some(plan)) => !order.is_prepared() || order.plan == *plan,
            _ => true,
        };
        if stands { Outcome::changed(changed) } else { self.disarm(Why::Changed) }
    }

    fn take_record(&mut self, record: &Record) -> bool {
        if record.seq <= self.seq {
            return false;
        }
        self.seq = record.seq;
        let entry = Entry::of(record);
        self.words.extend(Word::of(record));
        let changed = entry.is_some_and(|it| Execution::apply(&mut self.execution, &it, &record.actor, record.at));
        if changed && !self.running {
            // What was said of it here, such as a question about a step in doubt, is of before.
            self.said = None;
        }
        changed
    }

    fn take_unjournaled(&mut self, entry: &Entry, by: &str, at: Timestamp) -> bool {
        let changed = Execution::apply(&mut self.execution, entry, by, at);
        self.execution.iter_mut().for_each(|it| it.unjournaled = true);
        changed
    }

    fn progress(&mut self, progress: Progress) -> bool {
        match progress {
            Progress::Recorded(record) => {
                self.looking = None;
                return self.take_record(&record);
            }
            Progress::Unjournaled { entry, by, at, why } => {
                self.looking = None;
                self.said = Some(why);
                self.take_unjournaled(&entry, &by, at);
            }
            Progress::Output(batch) => self.output.extend(batch),
            Progress::Looking(seen) => self.looking = Some(seen),
            Progress::Said(what) => self.said = Some(what),
            Progress::Refused(why) => {
                self.leave_run();
                self.said = Some(why);
            }
            Progress::Ended(_) => self.leave_run(),
        }
        true
    }

    fn leave_run(&mut self) {
        self.running = false;
        self.stopping = false;
        self.looking = None;
    }

    fn stop(&mut self) -> Outcome {
        if !self.running || self.stopping {
            return Outcome::default();
        }
        self.stopping = true;
        Outcome::with(vec![Effect::StopAfterStep])
    }
}

#[cfg(test)]
mod tests;
