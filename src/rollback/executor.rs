//! Runs a plan: each step is on record before it has any effect, and the world has the last word.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::execution::Progress;
use super::model::{Plan, Step};
use super::state::Order;
use crate::config::schema::{SharedLock, Unreachable};
use crate::config::trust::Permit;
use crate::http::Client;
use crate::incident::{Entry, NONE, RollbackEnd};
use crate::journal::record::Record;
use crate::journal::{JournalError, Recorder};

pub mod fallback;
mod flagd;
pub mod lock;
mod look;
mod once;
pub mod preview;
mod program;
mod rehearsal;
mod remote;
mod remote_lock;
mod request;
mod revert;
mod run;
mod salesforce;
mod scribe;
mod steer;
pub mod survey;

use lock::{Lock, LockError};
pub use look::Eyes;
pub use rehearsal::{Rehearsed, Tried};
pub use remote_lock::take_over;
use remote_lock::{Holder, Taking};
use run::Run;
use scribe::Scribe;
pub use steer::Steered;

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
    /// The lock that other machines see.
    pub shared: Option<SharedLock>,
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

/// What came of the lock that other machines see.
enum Shared {
    /// It is held.
    Held(remote_lock::Held),
    /// There is none.
    None,
    /// It goes on without, because of this.
    Without(String),
}

/// Takes what an executor tells. It is called often, and must not block.
pub type Tell = dyn Fn(Progress) + Send + Sync;

/// How a command or a request came out. Each in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ran {
    /// It came to a good end.
    Done(String),
    /// It failed, and said so.
    Failed(String),
    /// Nobody knows whether it took effect.
    Unknown(String),
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

    /// Carries out an order, and tells how it goes. A cancelled `stop` ends it after the step at hand. A step outlives
    /// the process that runs this, and so does its supervisor, which writes down its end.
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
        let shared = match self.take_shared(&order, &hash).await {
            Ok(shared) => shared,
            Err(why) => {
                tell(Progress::Refused(why.clone()));
                return Err(why);
            }
        };
        let _ = std::fs::remove_file(stop_file(&self.place.state));
        let mut scribe = Scribe::new(self, tell, order.resumed.clone());
        let shared = match shared {
            Shared::Held(held) => Some(held),
            Shared::None => None,
            Shared::Without(why) => {
                scribe.record(Entry::Noted { text: format!("rolls back without a lock: {why}") }).await;
                None
            }
        };
        let run = Run { executor: self, plan: &order.plan, hash, lock, shared, is_lost: false, tell, stop, scribe };
        let end = run.all(&order).await;
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

    /// Takes the lock that other machines see, if there is one; goes on without where a person or the file says so.
    async fn take_shared(&self, order: &Order, hash: &str) -> Result<Shared, String> {
        let Place { shared, directory, actor, now, .. } = &self.place;
        let Some(lock) = shared else { return Ok(Shared::None) };
        let longest = order.plan.steps.iter().map(Step::timeout).sum::<Duration>()
            + order.plan.verify.as_ref().map_or(Duration::ZERO, |verify| verify.within);
        let holder = Holder::here(actor, hash, longest, now());
        match remote_lock::take(directory, lock, &holder, now()).await {
            Taking::Taken(held) => Ok(Shared::Held(held)),
            Taking::Theirs(words) => Err(format!("another machine holds the lock: {words}")),
            Taking::Unreachable(why) if order.reason.is_some() || lock.unreachable == Unreachable::GoOn => {
                Ok(Shared::Without(why))
            }
            Taking::Unreachable(why) => {
                Err(format!("{why}: nothing was done; to go on without it say why (`!`, or --reason)"))
            }
        }
    }

    /// What it looks at the world with.
    fn eyes(&self) -> Eyes {
        let Place { http, directory, state, hide, .. } = &self.place;
        Eyes {
            permit: self.permit,
            http: http.clone(),
            directory: directory.clone(),
            state: Some(state.clone()),
            hide: Arc::clone(hide),
        }
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

/// What a supervisor wrote down of the last step, as long as it is not on record.
pub fn outcome_file(state: &Path) -> PathBuf {
    state.join("rollback.outcome.jsonl")
}

/// Puts on record what a supervisor wrote down after its cockpit had died. Does nothing while a rollback runs.
///
/// # Errors
/// When the journal cannot be written; the file stays then.
pub fn settle(state: &Path, recorder: &dyn Recorder) -> Result<Vec<Record>, JournalError> {
    let file = outcome_file(state);
    if !file.exists() {
        return Ok(Vec::new());
    }
    match Lock::take(&lock_file(state), "reads what became of the last step") {
        Ok(_held) => fallback::import(&file, NONE, recorder),
        Err(_) => Ok(Vec::new()),
    }
}

/// Whoever writes this file asks a running rollback to stop after the step at hand.
pub fn stop_file(state: &Path) -> PathBuf {
    state.join("rollback.stop")
}

#[cfg(test)]
mod tests;
