//! One run of a plan: what is next by the record is announced, done, and looked at.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::lock::Lock;
use super::look::{self, Seen};
use super::program::{self, End, Running};
use super::scribe::Scribe;
use super::{
    Executor, Place, Ran, Tell, flagd, outcome_file, remote_lock, request, revert, salesforce, scribe, stop_file,
};
use crate::config::schema::Verify;
use crate::incident::{Entry, RollbackEnd, StepState};
use crate::rollback::execution::{Execution, Next, Progress};
use crate::rollback::model::{OrgDeploy, Plan, Step, StepAction};
use crate::rollback::output::Batch;
use crate::rollback::state::{Order, question};
use crate::rollback::supervisor::{self, Task};

/// The wait before a step is tried again; longer each time.
const RETRY_WAIT: Duration = Duration::from_secs(1);

/// Whether the run goes on after a step.
enum After {
    GoOn,
    End(RollbackEnd, String),
}

/// One run, to its end.
pub(super) struct Run<'a> {
    pub(super) executor: &'a Executor,
    pub(super) plan: &'a Plan,
    pub(super) hash: String,
    pub(super) lock: Option<Lock>,
    /// The lock that other machines see.
    pub(super) shared: Option<remote_lock::Held>,
    /// Whether a step may still run that nobody watches.
    pub(super) is_lost: bool,
    pub(super) tell: &'a Tell,
    pub(super) stop: &'a CancellationToken,
    pub(super) scribe: Scribe<'a>,
}

impl Run<'_> {
    /// Does what is to be done next until there is nothing, or something is in the way.
    pub(super) async fn all(mut self, order: &Order) -> RollbackEnd {
        self.scribe.import().await;
        self.begin(order).await;
        loop {
            if let After::End(end, detail) = self.next().await {
                self.scribe.record(Entry::RollbackEnded { plan: self.hash.clone(), end, detail }).await;
                if let Some(shared) = self.shared.take_if(|_| !self.is_lost) {
                    shared.release().await;
                }
                self.lock.take_if(|_| !self.is_lost).into_iter().for_each(Lock::release);
                return end;
            }
        }
    }

    async fn begin(&mut self, order: &Order) {
        if order.resumed.is_none() {
            let steps = serde_json::to_value(self.plan).expect("a plan is plain data");
            let target = self.plan.to.reference.clone();
            return self.scribe.record(Entry::RollbackFired { plan: self.hash.clone(), steps, target }).await;
        }
        let steps = self.scribe.execution.iter().flat_map(|it| &it.steps);
        let is_open = |state| matches!(state, StepState::Intent | StepState::Issued);
        let open: Vec<usize> = steps.enumerate().filter(|(_, step)| is_open(step.state)).map(|it| it.0).collect();
        for index in open {
            self.state(index, StepState::Unknown, Some("its cockpit is gone, and nobody saw its end".into())).await;
        }
        let answered = order.answer.and_then(|it| Some((it, self.scribe.execution.as_ref()?.answered(it)?)));
        if let Some((answer, (index, state))) = answered {
            self.state(index, state, Some(answer.label().into())).await;
        }
    }

    async fn next(&mut self) -> After {
        let next = self.scribe.execution.as_ref().map_or(Next::Nothing, Execution::next);
        if self.is_stopped() && !matches!(next, Next::LastLook | Next::Nothing) {
            return self.stopped();
        }
        match next {
            Next::Issue(index) => self.issue(index).await,
            Next::Look(index) => self.find_out(index).await,
            Next::Verify(index) => self.verify(index).await,
            Next::Ask(index) => After::End(RollbackEnd::Failed, self.ask(index)),
            Next::LastLook => self.last_look().await,
            Next::Nothing => After::End(RollbackEnd::IssuedNotVerified, "nothing is left to do or to look at".into()),
        }
    }

    /// The end of a run whose lock somebody else has taken over.
    async fn lost_lock(&mut self) -> Option<After> {
        match self.shared.as_ref()?.is_mine().await {
            Ok(true) => None,
            Ok(false) => {
                let why = "somebody took the lock over: they roll back now, and this run does nothing more";
                Some(After::End(RollbackEnd::Stopped, format!("{why}; {}", self.so_far())))
            }
            Err(why) => {
                (self.tell)(Progress::Said(format!("whether the lock is still ours is unknown: {why}")));
                None
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.is_cancelled() || stop_file(&self.executor.place.state).exists()
    }

    fn stopped(&self) -> After {
        After::End(RollbackEnd::Stopped, format!("stopped by a person; {}", self.so_far()))
    }

    /// Announces a step, and does it; again where twice is as good as once.
    async fn issue(&mut self, index: usize) -> After {
        let Some(step) = self.plan.runnable(index) else { return self.no_such(index) };
        if let Some(lost) = self.lost_lock().await {
            return lost;
        }
        self.state(index, StepState::Intent, None).await;
        let mut ran = self.act(index, &step).await;
        for again in 1..=step.retries {
            let Ran::Failed(why) = &ran else { break };
            if self.is_stopped() {
                break;
            }
            let what = format!("try {} of {}, for it failed: {why}", again + 1, step.retries + 1);
            tokio::time::sleep(RETRY_WAIT * again).await;
            self.state(index, StepState::Intent, Some(what)).await;
            ran = self.act(index, &step).await;
        }
        match ran {
            Ran::Done(what) => {
                self.state(index, StepState::Observed, Some(what)).await;
                After::GoOn
            }
            Ran::Failed(why) => {
                self.state(index, StepState::Failed, Some(why.clone())).await;
                self.failed(index, &format!("failed: {why}")).await
            }
            Ran::Unknown(why) => {
                self.state(index, StepState::Unknown, Some(why.clone())).await;
                self.after_unknown(index, &step, &why).await
            }
        }
    }

    async fn act(&mut self, index: usize, step: &Step) -> Ran {
        match &step.action {
            StepAction::Run(argv) => self.run_program(index, step, argv).await,
            StepAction::Http(request) => {
                self.state(index, StepState::Issued, None).await;
                let key = format!("{}-{index}", self.hash);
                request::send(self.executor, request, &key, step.timeout()).await
            }
            StepAction::GitRevertPush(it) => {
                self.state(index, StepState::Issued, None).await;
                revert::push(&self.executor.place.directory, it, step.timeout()).await
            }
            StepAction::SalesforceDeploy(it) => self.deploy(index, step, it).await,
            StepAction::Manual(text) => self.ask_for(index, step, text).await,
            StepAction::Flagd(it) => {
                self.state(index, StepState::Issued, None).await;
                let (root, it) = (self.executor.place.directory.clone(), it.clone());
                scribe::blocking(move || flagd::turn_off(&root, &it)).await
            }
            StepAction::Wait => Ran::Done("it waits for the world".into()),
        }
    }

    async fn run_program(&mut self, index: usize, step: &Step, argv: &[String]) -> Ran {
        let task = match self.task(index, step, argv) {
            Ok(task) => task,
            Err(why) => return Ran::Failed(why),
        };
        // Before it begins: whoever finds the lock after this run was killed is told what holds it.
        self.name(index, step, None);
        let mut running = match Running::start(task, self.lock.as_ref()) {
            Ok(running) => running,
            Err(why) => return Ran::Failed(why),
        };
        let end = match running.started().await {
            Ok(id) => {
                self.issued(index, step, id).await;
                running.wait(&|batch: Batch| (self.tell)(Progress::Output(batch))).await
            }
            Err(end) => end,
        };
        let End { ran, is_lost } = end;
        self.is_lost |= is_lost;
        ran
    }

    /// What the org made of it is asked by the id that it gave, which is on record before anything else is.
    async fn deploy(&mut self, index: usize, step: &Step, it: &OrgDeploy) -> Ran {
        let executor = self.executor;
        let id = match salesforce::begin(executor, it, self.tell).await {
            Ok(id) => id,
            Err(ran) => return ran,
        };
        self.state(index, StepState::Issued, Some(salesforce::issued(&id))).await;
        salesforce::follow(executor, it, &id, step.timeout(), self.tell).await
    }

    /// A step that a person does is over when the world says so, or when they do.
    async fn ask_for(&mut self, index: usize, step: &Step, text: &str) -> Ran {
        self.state(index, StepState::Issued, Some(format!("by hand: {text}"))).await;
        let Some(verify) = &step.verify else { return Ran::Unknown(format!("by hand: {text}")) };
        let patient = Verify { within: step.timeout(), ..verify.clone() };
        match self.look(&patient).await {
            Seen::Holds(what) => Ran::Done(what),
            Seen::Failed(what) => Ran::Failed(format!("by hand: {text}; {what}")),
            Seen::Differs(what) | Seen::Cannot(what) => Ran::Unknown(format!("by hand: {text}; {what}")),
        }
    }

    fn task(&self, index: usize, step: &Step, argv: &[String]) -> Result<Task, String> {
        let place = &self.executor.place;
        let (program, arguments) = program::resolve(argv, &place.directory)?;
        let of = supervisor::Step {
            incident: place.incident.clone(),
            actor: place.actor.clone(),
            plan: self.hash.clone(),
            index,
            name: step.name.clone(),
        };
        Ok(Task {
            program,
            arguments,
            directory: place.directory.clone(),
            limit: step.timeout(),
            holds_lock: self.lock.is_some(),
            outcome: outcome_file(&place.state),
            of,
        })
    }

    /// Writes into the lock which step holds it.
    fn name(&self, index: usize, step: &Step, process: Option<&str>) {
        let Some(lock) = &self.lock else { return };
        let Place { actor, now, .. } = &self.executor.place;
        let process = process.map_or_else(String::new, |process| format!("{process}, "));
        lock.note(&format!("{actor}, step {} `{}`, {process}since {:.0}", index + 1, step.name, now()));
    }

    async fn issued(&mut self, index: usize, step: &Step, id: u32) {
        let process = format!("process {id}");
        self.name(index, step, Some(&process));
        self.state(index, StepState::Issued, Some(process)).await;
    }

    /// A step whose outcome is unknown: the world is asked; it is never issued again in the same run.
    async fn after_unknown(&mut self, index: usize, step: &Step, why: &str) -> After {
        if step.action.is_manual() {
            return After::End(RollbackEnd::Stopped, format!("{}; {}", self.ask(index), self.so_far()));
        }
        let Some(seen) = self.look_at(index, step).await else {
            return self.failed(index, &format!("may have taken effect: {why}")).await;
        };
        match seen {
            Seen::Holds(what) => self.verified(index, what).await,
            Seen::Differs(what) | Seen::Failed(what) | Seen::Cannot(what) => {
                self.failed(index, &format!("may have taken effect: {why}; {what}")).await
            }
        }
    }

    /// A step of an earlier run whose outcome is unknown: done, not done, or a question for a person.
    async fn find_out(&mut self, index: usize) -> After {
        let Some(step) = self.plan.runnable(index) else { return self.no_such(index) };
        let Some(seen) = self.look_at(index, &step).await else {
            return After::End(RollbackEnd::Failed, self.ask(index));
        };
        match seen {
            Seen::Holds(what) => self.verified(index, what).await,
            Seen::Differs(_) => self.issue(index).await,
            Seen::Failed(what) => {
                self.state(index, StepState::Failed, Some(what.clone())).await;
                self.failed(index, &format!("took effect, and {what}")).await
            }
            Seen::Cannot(_) if step.idempotent => self.issue(index).await,
            Seen::Cannot(what) => {
                self.state(index, StepState::Unknown, Some(what.clone())).await;
                After::End(RollbackEnd::Failed, format!("{what}. {}", self.ask(index)))
            }
        }
    }

    async fn verify(&mut self, index: usize) -> After {
        let Some(step) = self.plan.runnable(index) else { return self.no_such(index) };
        let Some(seen) = self.look_at(index, &step).await else { return self.no_such(index) };
        let (state, what) = match seen {
            Seen::Holds(what) => return self.verified(index, what).await,
            Seen::Differs(what) | Seen::Failed(what) => (StepState::Failed, what),
            Seen::Cannot(what) => (StepState::Unknown, what),
        };
        self.state(index, state, Some(format!("it was issued, and {what}"))).await;
        if index + 1 == self.plan.steps.len() {
            return After::End(RollbackEnd::IssuedNotVerified, format!("every step was issued, and {what}"));
        }
        self.failed(index, &format!("was issued, and {what}")).await
    }

    async fn verified(&mut self, index: usize, what: String) -> After {
        self.state(index, StepState::Verified, Some(what)).await;
        After::GoOn
    }

    async fn last_look(&mut self) -> After {
        let Some(verify) = self.plan.last_look() else { return self.without_last_look() };
        match self.look(&verify).await {
            Seen::Holds(what) => After::End(RollbackEnd::Verified, what),
            Seen::Differs(what) | Seen::Failed(what) | Seen::Cannot(what) => {
                After::End(RollbackEnd::IssuedNotVerified, format!("every step was issued, and {what}"))
            }
        }
    }

    fn without_last_look(&self) -> After {
        if self.scribe.execution.as_ref().is_some_and(Execution::every_step_verified) {
            return After::End(RollbackEnd::Verified, "every step was seen to take effect".into());
        }
        let why = "every step was issued; no `verify` is configured, so look at production yourself";
        After::End(RollbackEnd::IssuedNotVerified, why.into())
    }

    /// What tells whether a step took effect; `None` when nothing does.
    async fn look_at(&self, index: usize, step: &Step) -> Option<Seen> {
        match (&step.verify, &step.action) {
            (Some(verify), _) => Some(self.look(verify).await),
            (None, StepAction::SalesforceDeploy(it)) => {
                let status = self.scribe.execution.as_ref()?.steps.get(index)?;
                Some(salesforce::look(self.executor, it, status, step.timeout(), self.tell).await)
            }
            (None, StepAction::GitRevertPush(it)) => Some(revert::look(&self.executor.place.directory, it).await),
            (None, _) => None,
        }
    }

    async fn look(&self, verify: &Verify) -> Seen {
        look::look(&self.executor.eyes(), verify, &|seen| (self.tell)(Progress::Looking(seen))).await
    }

    async fn state(&mut self, index: usize, state: StepState, detail: Option<String>) {
        let name = self.plan.steps.get(index).map_or("", |step| step.name.as_str());
        self.scribe.step(&self.hash, index, name, state, detail).await;
        if !matches!(state, StepState::Intent | StepState::Issued) {
            // What its supervisor wrote down is on record now.
            let _none_there = std::fs::remove_file(outcome_file(&self.executor.place.state));
        }
    }

    async fn failed(&self, index: usize, why: &str) -> After {
        let name = self.plan.steps.get(index).map_or("", |step| step.name.as_str());
        let world = match self.plan.last_look() {
            // One glance: whoever reads this waits.
            Some(verify) => format!("; {}", self.look(&Verify { within: Duration::ZERO, ..verify }).await.words()),
            None => String::new(),
        };
        let so_far = self.so_far();
        let detail = format!("step {} `{name}` {why}. Nothing was done after it; {so_far}{world}", index + 1);
        After::End(RollbackEnd::Failed, detail)
    }

    fn no_such(&self, index: usize) -> After {
        After::End(RollbackEnd::Failed, format!("the plan has no step {}", index + 1))
    }

    fn ask(&self, index: usize) -> String {
        self.scribe.execution.as_ref().map_or_else(String::new, |execution| question(execution, index))
    }

    fn so_far(&self) -> String {
        let (done, all) = self.scribe.execution.as_ref().map_or((0, self.plan.steps.len()), Execution::done);
        format!("{done} of {all} steps are done")
    }
}
