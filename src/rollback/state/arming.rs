//! Arming and firing: which order the letter stands for, and when it must not.

use jiff::Timestamp;

use super::{Clocks, Effect, Order, Outcome, Readiness, State, resume};
use crate::config::schema::Policy;
use crate::evidence::{Generation, Observed};
use crate::incident::{Decision, Entry, RollbackEnd};
use crate::rollback::execution::{Answer, Execution};
use crate::rollback::guard::{self, Guard, Input, Verdict, Why};
use crate::rollback::model::Plan;
use crate::rollback::output::Output;

impl State {
    pub(super) fn arm(
        &mut self,
        letter: Result<char, &str>,
        over: bool,
        answer: Option<Answer>,
        at: Clocks,
    ) -> Outcome {
        if self.guard.armed().is_none() {
            let failed = self.failed_way().filter(|_| over);
            let next = failed.and_then(|failed| self.way_after(failed));
            self.pick(next);
        }
        self.arm_for(letter, |state, now| state.order(over, answer, now), at)
    }

    /// Opens the guard for an order.
    pub(super) fn arm_for(
        &mut self,
        letter: Result<char, &str>,
        order: impl FnOnce(&Self, Timestamp) -> Result<(Order, bool), String>,
        at: Clocks,
    ) -> Outcome {
        let (now, hand) = at;
        if self.guard.armed().is_some() {
            return self.input(Input::Key(guard::Key::Char('R')), at);
        }
        if !self.guard.may_arm(hand) {
            return Outcome::default();
        }
        let ordered = order(self, now).and_then(|(order, ready)| {
            let name = (self.policy == Policy::TypeName).then(|| order.plan.to.reference.clone());
            Ok((order, Guard::arm_by_name(letter.map_err(str::to_owned)?, ready, name, hand)))
        });
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

    /// Whether there is another way than the one that is armed.
    pub fn has_others(&self) -> bool {
        self.choice.value().is_some_and(|choice| choice.ways.iter().filter(|way| way.plan.is_ok()).count() > 1)
    }

    /// Arms the next way that has a plan: as if it had been disarmed and armed again, at once.
    pub(super) fn other(&mut self, letter: Result<char, &str>, at: Clocks) -> Outcome {
        let is_armed = self.armed.as_ref().is_some_and(|order| order.resumed.is_none());
        if !is_armed || !self.has_others() {
            return self.input(Input::Key(guard::Key::Other), at);
        }
        let left = self
            .armed
            .take()
            .map(|order| Entry::RollbackDisarmed { plan: order.plan.hash(), why: "another way was looked at".into() });
        self.guard = Guard::Safe;
        self.pick(self.way_after(self.at()));
        let armed = self.arm_for(letter, |state, now| state.order(true, None, now), at);
        let effects = left.map(Effect::Record).into_iter().chain(armed.effects).collect();
        Outcome::with(effects)
    }

    /// The next way that has a plan, in a round.
    fn way_after(&self, at: usize) -> Option<String> {
        let ways = &self.choice.value()?.ways;
        let others = (1..=ways.len()).filter_map(|step| ways.get((at + step) % ways.len()));
        others.into_iter().find(|way| way.plan.is_ok()).map(|way| way.name.clone())
    }

    /// The way that is offered after one that failed.
    pub fn next_way(&self) -> Option<String> {
        let next = self.way_after(self.failed_way()?)?;
        self.has_others().then_some(next)
    }

    /// The place of the way that was fired last and failed.
    fn failed_way(&self) -> Option<usize> {
        let failed = |it: &&Execution| it.end.as_ref().is_some_and(|ended| ended.end == RollbackEnd::Failed);
        let plan = self.execution.as_ref().filter(failed)?.plan.as_ref()?;
        self.choice.value()?.named(&plan.name)
    }

    /// Picks a way by its name, or goes back to the proposed one.
    fn pick(&mut self, name: Option<String>) {
        if self.picked == name {
            return;
        }
        self.picked = name;
        self.plan = Observed::default();
        if let Some(observation) = self.plan_of(self.at()) {
            self.plan.observe(observation(Generation::default()));
        }
    }

    /// The order to take back what a failed rollback did.
    pub(super) fn taking_back(&self, _now: Timestamp) -> Result<(Order, bool), String> {
        if self.running || self.held.is_some() {
            return Err("a rollback runs already".into());
        }
        let plan = self.execution.as_ref().and_then(Plan::taking_back);
        let plan = plan.ok_or("no step that was done says how it is taken back (`compensate`)")?;
        Ok((Order::from(plan), true))
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
                Ok((Order::from(plan), ready))
            }
        }
    }

    pub(super) fn input(&mut self, input: Input, (now, hand): Clocks) -> Outcome {
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
            (Some(order), Some(armed)) if order.is_prepared() && armed.was_ready() => {
                self.readiness(now) == Readiness::Ready
            }
            _ => true,
        }
    }

    pub(super) fn disarm(&mut self, why: Why) -> Outcome {
        self.guard = Guard::Safe;
        self.disarmed(why)
    }

    fn disarmed(&mut self, why: Why) -> Outcome {
        let what = if self.rollout.armed.take().is_some() { "rollout" } else { "rollback" };
        self.said = Some(format!("{what} disarmed: {}", why.label()));
        self.pick(None);
        let entry = |order: Order| Entry::RollbackDisarmed { plan: order.plan.hash(), why: why.label().to_owned() };
        Outcome::with(self.armed.take().map(|order| Effect::Record(entry(order))).into_iter().collect())
    }

    fn fire(&mut self, reason: Option<String>, now: Timestamp) -> Outcome {
        if let Some((order, _)) = self.rollout.armed.take() {
            return self.steer_with(order, reason);
        }
        let Some(mut order) = self.armed.take() else { return Outcome::default() };
        order.reason.clone_from(&reason);
        let called = self.called_for.clone().filter(|_| order.is_prepared() && reason.is_none());
        let called = called.map(|why| {
            Effect::Record(Entry::Decided {
                decision: Decision::RollBack,
                reason: why,
                readiness: None,
                snapshot: None,
            })
        });
        let broken = reason.map(|reason| {
            let readiness = match self.readiness(now) {
                Readiness::NotReady(why) => Some(why),
                _ => None,
            };
            let reason = format!("break-glass: {reason}");
            Effect::Record(Entry::Decided { decision: Decision::RollBack, reason, readiness, snapshot: None })
        });
        self.running = true;
        self.said = None;
        if order.resumed.is_none() {
            self.output = Output::default();
        }
        Outcome::with(broken.into_iter().chain(called).chain([Effect::Fire(Box::new(order))]).collect())
    }
}
