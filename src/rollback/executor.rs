//! Runs a plan: each step is on record before it has any effect, and the world has the last word.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::execution::{Answer, Execution, Next, Progress};
use super::model::{Plan, Step, StepAction};
use super::output::Batch;
use super::state::{Order, question};
use crate::config::schema::{Secret, Verify};
use crate::config::trust::Permit;
use crate::http::{Bearer, Client};
use crate::incident::{Entry, RollbackEnd, StepState};
use crate::journal::Recorder;

pub mod fallback;
pub mod lock;
mod look;
mod program;
mod rehearsal;
mod request;
mod scribe;
pub mod survey;

use lock::{Lock, LockError};
use look::Seen;
use program::Running;
pub use rehearsal::{Rehearsed, Tried};
use scribe::Scribe;

/// How often the lock is tried for again, and after which wait: a quarter of a second in all.
const LOCK_TRIES: u32 = 10;
const LOCK_WAIT: Duration = Duration::from_millis(25);

/// Where an executor works, and whom it works for.
#[derive(Clone)]
pub struct Place {
    /// Where everything is put on record.
    pub recorder: Arc<dyn Recorder>,
    /// The incident's key.
    pub incident: String,
    /// Who fired.
    pub actor: String,
    /// Requests go through here.
    pub http: Client,
    /// The root of the repository: commands run there, and files of secrets count from there.
    pub directory: PathBuf,
    /// The folder of the lock and of the file beside the journal.
    pub state: PathBuf,
    /// Takes a secret that was fetched, so that it can be taken out of whatever is recorded from now on.
    pub hide: Arc<dyn Fn(String) + Send + Sync>,
    /// The clock for the record.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Runs plans. To have one is to have been trusted.
#[derive(Clone)]
pub struct Executor {
    permit: Permit,
    place: Place,
}

/// Takes what an executor tells. It is called often, and must not block.
pub type Tell = dyn Fn(Progress) + Send + Sync;

/// How a command or a request came out. Each in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// It came to a good end.
    Done(String),
    /// It failed, and said so.
    Failed(String),
    /// Nobody knows whether it took effect.
    Unknown(String),
}

/// Whether the run goes on after a step.
enum After {
    GoOn,
    End(RollbackEnd, String),
}

impl Executor {
    /// An executor at a place that a person trusted.
    pub fn new(permit: Permit, place: Place) -> Self {
        Self { permit, place }
    }

    /// The file that is used when the journal cannot be written.
    pub fn fallback_file(&self) -> PathBuf {
        fallback_file(&self.place.state)
    }

    /// Carries out an order, and tells how it goes. A cancelled `stop` ends it after the step at hand. Steps outlive
    /// the process that runs this; nothing but the end of each is lost with it.
    ///
    /// # Errors
    /// When somebody else, or a step of an earlier run, holds the lock: nothing was done.
    pub async fn run(&self, order: Order, tell: &Tell, stop: &CancellationToken) -> Result<RollbackEnd, String> {
        let hash = order.plan.hash();
        let lock = match self.take_lock(&order.plan).await {
            Ok(lock) => Some(lock),
            Err(LockError::Held(note)) => {
                let why = format!("another rollback holds the lock: {note}");
                tell(Progress::Refused(why.clone()));
                return Err(why);
            }
            Err(LockError::File(error)) => {
                tell(Progress::Said(format!("going on without a lock: {error}")));
                None
            }
        };
        let _ = std::fs::remove_file(stop_file(&self.place.state));
        let scribe = Scribe::new(self, tell, order.resumed.clone());
        let end = Run { executor: self, plan: &order.plan, hash, lock, tell, stop, scribe }.all(&order).await;
        tell(Progress::Ended(end));
        Ok(end)
    }

    /// Tries for a moment: the lock of a run that just ended may live on in a process that is being started elsewhere
    /// in this program, until that has become another program.
    async fn take_lock(&self, plan: &Plan) -> Result<Lock, LockError> {
        let Place { actor, state, now, .. } = &self.place;
        let note = format!("{actor}, process {}, since {:.0}, to {}", std::process::id(), now(), plan.to.reference);
        let path = lock_file(state);
        for _ in 0..LOCK_TRIES {
            match Lock::take(&path, &note) {
                Err(LockError::Held(_)) => tokio::time::sleep(LOCK_WAIT).await,
                taken => return taken,
            }
        }
        Lock::take(&path, &note)
    }

    async fn token(&self, secret: Option<&Secret>) -> Result<Option<Bearer>, String> {
        let Some(secret) = secret.cloned() else { return Ok(None) };
        let (permit, directory) = (self.permit, self.place.directory.clone());
        let found = scribe::blocking(move || secret.resolve(permit, &directory)).await;
        let value = found.map_err(|error| error.to_string())?.reveal().to_owned();
        (self.place.hide)(value.clone());
        Ok(Some(Bearer::from(value)))
    }
}

/// The lock in a state folder.
pub fn lock_file(state: &Path) -> PathBuf {
    state.join("rollback.lock")
}

/// Who runs a rollback at this moment, here or in another process, in their own words; also a step that outlived its
/// cockpit. `None` when nobody does.
pub fn holder(state: &Path) -> Option<String> {
    match Lock::take(&lock_file(state), "") {
        Err(LockError::Held(note)) => Some(note),
        Ok(_) | Err(LockError::File(_)) => None,
    }
}

/// The file beside the journal in a state folder.
pub fn fallback_file(state: &Path) -> PathBuf {
    state.join("rollback.unjournaled.jsonl")
}

/// Whoever writes this file asks a running rollback to stop after the step at hand.
pub fn stop_file(state: &Path) -> PathBuf {
    state.join("rollback.stop")
}

struct Run<'a> {
    executor: &'a Executor,
    plan: &'a Plan,
    hash: String,
    lock: Option<Lock>,
    tell: &'a Tell,
    stop: &'a CancellationToken,
    scribe: Scribe<'a>,
}

impl Run<'_> {
    async fn all(mut self, order: &Order) -> RollbackEnd {
        self.scribe.import().await;
        self.begin(order).await;
        loop {
            if let After::End(end, detail) = self.next().await {
                self.scribe.record(Entry::RollbackEnded { plan: self.hash.clone(), end, detail }).await;
                return end;
            }
        }
    }

    async fn begin(&mut self, order: &Order) {
        let Some(resumed) = &order.resumed else {
            let steps = serde_json::to_value(self.plan).expect("a plan is plain data");
            let target = self.plan.to.reference.clone();
            return self.scribe.record(Entry::RollbackFired { plan: self.hash.clone(), steps, target }).await;
        };
        for (index, step) in resumed.steps.iter().enumerate() {
            if matches!(step.state, StepState::Intent | StepState::Issued) {
                self.state(index, StepState::Unknown, Some("its cockpit is gone, and nobody saw its end".into())).await;
            }
        }
        if let Some((answer, (index, state))) = order.answer.and_then(|it| Some((it, resumed.answered(it)?))) {
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

    fn is_stopped(&self) -> bool {
        self.stop.is_cancelled() || stop_file(&self.executor.place.state).exists()
    }

    fn stopped(&self) -> After {
        After::End(RollbackEnd::Stopped, format!("stopped by a person; {}", self.so_far()))
    }

    /// Announces a step, and does it.
    async fn issue(&mut self, index: usize) -> After {
        let Some(step) = self.plan.runnable(index) else { return self.no_such(index) };
        self.state(index, StepState::Intent, None).await;
        match self.act(index, &step).await {
            Ran::Done(what) => {
                self.state(index, StepState::Observed, Some(what)).await;
                After::GoOn
            }
            Ran::Failed(why) => {
                self.state(index, StepState::Failed, Some(why.clone())).await;
                self.failed(index, &format!("failed: {why}"))
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
        }
    }

    async fn run_program(&mut self, index: usize, step: &Step, argv: &[String]) -> Ran {
        let place = program::Place { directory: &self.executor.place.directory, lock: self.lock.as_ref() };
        let running = match Running::start(argv, place) {
            Ok(running) => running,
            Err(why) => return Ran::Failed(why),
        };
        let process = running.id().map_or_else(String::new, |id| format!("process {id}"));
        if let Some(lock) = &self.lock {
            let by = &self.executor.place.actor;
            lock.note(&format!(
                "{by}, step {} `{}`, {process}, since {:.0}",
                index + 1,
                step.name,
                (self.executor.place.now)()
            ));
        }
        self.state(index, StepState::Issued, Some(process)).await;
        running.wait(step.timeout(), &|batch: Batch| (self.tell)(Progress::Output(batch))).await
    }

    /// A step whose outcome is unknown: the world is asked; it is never issued again in the same run.
    async fn after_unknown(&mut self, index: usize, step: &Step, why: &str) -> After {
        let Some(verify) = &step.verify else { return self.failed(index, &format!("may have taken effect: {why}")) };
        match self.look(verify).await {
            Seen::Holds(what) => self.verified(index, what).await,
            Seen::Differs(what) | Seen::Cannot(what) => {
                self.failed(index, &format!("may have taken effect: {why}; {what}"))
            }
        }
    }

    /// A step of an earlier run whose outcome is unknown: done, not done, or a question for a person.
    async fn find_out(&mut self, index: usize) -> After {
        let Some(step) = self.plan.runnable(index) else { return self.no_such(index) };
        let Some(verify) = &step.verify else { return After::End(RollbackEnd::Failed, self.ask(index)) };
        match self.look(verify).await {
            Seen::Holds(what) => self.verified(index, what).await,
            Seen::Differs(_) => self.issue(index).await,
            Seen::Cannot(_) if step.idempotent => self.issue(index).await,
            Seen::Cannot(what) => {
                self.state(index, StepState::Unknown, Some(what.clone())).await;
                After::End(RollbackEnd::Failed, format!("{what}. {}", self.ask(index)))
            }
        }
    }

    async fn verify(&mut self, index: usize) -> After {
        let step = self.plan.runnable(index);
        let Some(verify) = step.as_ref().and_then(|step| step.verify.as_ref()) else { return self.no_such(index) };
        let (state, what) = match self.look(verify).await {
            Seen::Holds(what) => return self.verified(index, what).await,
            Seen::Differs(what) => (StepState::Failed, what),
            Seen::Cannot(what) => (StepState::Unknown, what),
        };
        self.state(index, state, Some(format!("it was issued, and {what}"))).await;
        if index + 1 == self.plan.steps.len() {
            return After::End(RollbackEnd::IssuedNotVerified, format!("every step was issued, and {what}"));
        }
        self.failed(index, &format!("was issued, and {what}"))
    }

    async fn verified(&mut self, index: usize, what: String) -> After {
        self.state(index, StepState::Verified, Some(what)).await;
        After::GoOn
    }

    async fn last_look(&mut self) -> After {
        let Some(verify) = self.plan.last_look() else { return self.without_last_look() };
        match self.look(&verify).await {
            Seen::Holds(what) => After::End(RollbackEnd::Verified, what),
            Seen::Differs(what) | Seen::Cannot(what) => {
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

    async fn look(&self, verify: &Verify) -> Seen {
        look::look(self.executor, verify, &|seen| (self.tell)(Progress::Looking(seen))).await
    }

    async fn state(&mut self, index: usize, state: StepState, detail: Option<String>) {
        let name = self.plan.steps.get(index).map_or("", |step| step.name.as_str());
        self.scribe.step(&self.hash, index, name, state, detail).await;
    }

    fn failed(&self, index: usize, why: &str) -> After {
        let name = self.plan.steps.get(index).map_or("", |step| step.name.as_str());
        let detail = format!("step {} `{name}` {why}. Nothing was done after it; {}", index + 1, self.so_far());
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

/// The order to carry out a plan from its beginning.
impl From<Plan> for Order {
    fn from(plan: Plan) -> Self {
        Self { plan, resumed: None, answer: None::<Answer> }
    }
}

#[cfg(test)]
mod tests;
