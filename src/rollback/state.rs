//! The room's state and its `update`: pure; what is to be done comes back as effects.

use jiff::Timestamp;

use super::execution::{Answer, Execution, Next, Progress};
use super::guard::{self, Guard, Input, Verdict, Why};
use super::model::{Plan, StepAction};
use super::output::Output;
use crate::evidence::{Freshness, Observation, Observed};
use crate::incident::{Decision, Entry};
use crate::journal::record::Record;

/// What is said when the keymap leaves no letter to fire with.
const NO_LETTER: &str = "no letter is free: unbind one of ACDEFHKLMNPTUVWX";

/// The incident's time, and the hand's.
type Clocks = (Timestamp, Timestamp);

/// Everything that the pane and the overlay show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The prepared plan.
    pub plan: Observed<Plan>,
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
    /// The last record that was taken in.
    seq: u64,
}

/// What an executor is to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The plan, exactly as it was shown.
    pub plan: Plan,
    /// How far it came already, for one that goes on.
    pub resumed: Option<Execution>,
    /// What the operator says of the step in doubt.
    pub answer: Option<Answer>,
}

/// What happens in this room.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The plan was built anew, or could not be.
    Plan(Observation<Plan>),
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
    /// Something reached the armed guard.
    Input(Input),
    /// The executor tells something.
    Progress(Progress),
    /// `S`: stop after the step at hand.
    Stop,
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
            Event::Plan(observation) => self.see_plan(observation),
            Event::Recorded(record) => Outcome::changed(self.take_record(&record)),
            Event::Unjournaled { entry, by, at } => Outcome::changed(self.take_unjournaled(&entry, &by, at)),
            Event::Arm { bound, chance, over, answer } => {
                let letter = guard::letter(&bound, chance).ok_or(NO_LETTER);
                self.arm(letter, over, answer, (now, hand))
            }
            Event::Input(input) => self.input(input, (now, hand)),
            Event::Progress(progress) => Outcome::changed(self.progress(progress)),
            Event::Stop => self.stop(),
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
        match (plan.objection(), self.plan.freshness(now)) {
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
        let is_same = self.plan.value().is_none_or(|plan| execution.plan.as_ref() == Some(plan));
        (execution.end.is_none() || is_same).then_some(execution)
    }

    /// The rollback that the pane shows; `None` where the prepared plan is of more use.
    pub fn shown(&self) -> Option<&Execution> {
        let execution = self.execution.as_ref()?;
        let is_same = self.plan.value().is_none_or(|plan| execution.plan.as_ref() == Some(plan));
        (self.running || execution.end.is_none() || is_same).then_some(execution)
    }

    fn see_plan(&mut self, observation: Observation<Plan>) -> Outcome {
        let changed = self.plan.observe(observation);
        let stands = match (&self.armed, self.plan.value()) {
            (Some(order), Some(plan)) => order.resumed.is_some() || order.plan == *plan,
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
        entry.is_some_and(|entry| Execution::apply(&mut self.execution, &entry, &record.actor, record.at))
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

    fn arm(&mut self, letter: Result<char, &str>, over: bool, answer: Option<Answer>, at: Clocks) -> Outcome {
        let (now, hand) = at;
        if self.guard.armed().is_some() {
            return self.input(Input::Key(guard::Key::Char('R')), at);
        }
        if !self.guard.may_arm(hand) {
            return Outcome::default();
        }
        let ordered = self
            .order(over, answer, now)
            .and_then(|(order, ready)| Ok((order, Guard::arm(letter.map_err(str::to_owned)?, ready, hand))));
        match ordered {
            Ok((order, guard)) => {
                let entry = Entry::RollbackArmed { plan: order.plan.hash(), target: order.plan.to.reference.clone() };
                (self.guard, self.armed, self.said) = (guard, Some(order), None);
                Outcome::with(vec![Effect::Record(entry)])
            }
            Err(why) => {
                self.said = Some(why);
                Outcome::changed(true)
            }
        }
    }

    /// What the letter would do, and whether it may do so without a reason; or why it can do nothing.
    fn order(&self, over: bool, answer: Option<Answer>, now: Timestamp) -> Result<(Order, bool), String> {
        if self.running {
            return Err("a rollback runs already".into());
        }
        if let Some(by) = &self.held {
            return Err(format!("another rollback runs: {by}"));
        }
        match self.unfinished().filter(|_| !over) {
            Some(execution) => resume(execution, answer).map(|order| (order, true)),
            None => {
                let ready = match self.readiness(now) {
                    Readiness::NoPlan(why) => return Err(why),
                    readiness => readiness == Readiness::Ready,
                };
                let plan = self.plan.value().cloned().ok_or("there is no plan")?;
                Ok((Order { plan, resumed: None, answer: None }, ready))
            }
        }
    }

    fn input(&mut self, input: Input, (now, hand): Clocks) -> Outcome {
        if !self.is_as_shown(now) {
            return self.disarm(Why::Changed);
        }
        match self.guard.take(input, hand) {
            Verdict::Nothing => Outcome::default(),
            Verdict::Changed => Outcome::changed(true),
            Verdict::Disarmed(why) => self.disarmed(why),
            Verdict::Fire { reason } => self.fire(reason, now),
        }
    }

    /// Whether what was ready when it was armed still is.
    fn is_as_shown(&self, now: Timestamp) -> bool {
        match (&self.armed, self.guard.armed()) {
            (Some(order), Some(armed)) if order.resumed.is_none() && armed.was_ready() => {
                self.readiness(now) == Readiness::Ready
            }
            _ => true,
        }
    }

    fn disarm(&mut self, why: Why) -> Outcome {
        self.guard = Guard::Safe;
        self.disarmed(why)
    }

    fn disarmed(&mut self, why: Why) -> Outcome {
        self.said = Some(format!("rollback disarmed: {}", why.label()));
        let entry = |order: Order| Entry::RollbackDisarmed { plan: order.plan.hash(), why: why.label().to_owned() };
        Outcome::with(self.armed.take().map(|order| Effect::Record(entry(order))).into_iter().collect())
    }

    fn fire(&mut self, reason: Option<String>, now: Timestamp) -> Outcome {
        let Some(order) = self.armed.take() else { return Outcome::default() };
        let broken = reason.map(|reason| {
            let readiness = match self.readiness(now) {
                Readiness::NotReady(why) => Some(why),
                _ => None,
            };
            let reason = format!("break-glass: {reason}");
            Effect::Record(Entry::Decided { decision: Decision::RollBack, reason, readiness })
        });
        self.running = true;
        self.said = None;
        if order.resumed.is_none() {
            self.output = Output::default();
        }
        Outcome::with(broken.into_iter().chain([Effect::Fire(Box::new(order))]).collect())
    }
}

/// The order to carry out a plan from its beginning.
impl From<Plan> for Order {
    fn from(plan: Plan) -> Self {
        Self { plan, resumed: None, answer: None }
    }
}

/// The order to go on with an execution; or the question that a person must answer first.
///
/// # Errors
/// In words: why it cannot go on by itself.
pub fn resume(execution: &Execution, answer: Option<Answer>) -> Result<Order, String> {
    let Some(plan) = execution.plan.clone() else {
        return Err("the plan of that rollback cannot be read from the journal: it cannot go on by itself".into());
    };
    if answer.is_some() && answer.and_then(|it| execution.answered(it)).is_none() {
        return Err("no step is in doubt: there is nothing to answer".into());
    }
    match execution.next() {
        Next::Nothing => Err("it is rolled back and verified: there is nothing to go on with".into()),
        Next::Ask(index) if answer.is_none() => Err(question(execution, index)),
        _ => Ok(Order { plan, resumed: Some(execution.clone()), answer }),
    }
}

/// What is asked of a person about a step in doubt.
pub fn question(execution: &Execution, index: usize) -> String {
    let name = execution.steps.get(index).map_or("?", |step| &step.name);
    let step = execution.plan.as_ref().and_then(|plan| plan.steps.get(index));
    if let Some(StepAction::Manual(text)) = step.map(|step| &step.action) {
        return format!("step {} `{name}` is yours: {text}. Then answer `done`, or `skip`", index + 1);
    }
    format!(
        "step {} `{name}` may have taken effect, and nothing can tell: look at production, then answer `done`, `not-done` or `skip`",
        index + 1
    )
}

#[cfg(test)]
mod tests;
