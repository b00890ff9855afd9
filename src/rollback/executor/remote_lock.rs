//! One rollback at a time among several machines: a reference at the remote that can be made, and not overwritten.
//!
//! It says who holds it and until when, in words: nothing takes it over by itself, for a clock that is wrong must not
//! start a second rollback. What a lost lock cannot prevent the engine's own fence does: an explicit revision, a lease.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::remote::{Pushed, Remote, RemoteError};
use crate::config::schema::SharedLock;
use crate::evidence::Oid;
use crate::evidence::text::{clean, fit};

/// The reference that is the lock.
const REFERENCE: &str = "refs/hotfix/lock/rollback";
/// How much longer than all of its steps a rollback may take before its lock calls itself expired.
const SLACK: SignedDuration = SignedDuration::from_mins(5);
/// How many digits of its id name a lock.
const ID: usize = 12;
/// How much of a name is shown, in cells.
const SHOWN: usize = 40;

/// Who holds a lock, in the words of its commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    /// Who.
    pub by: String,
    /// On which machine.
    pub host: String,
    /// The hash of the plan.
    pub plan: String,
    /// Since when.
    pub since: Timestamp,
    /// When it should be over, by that machine's clock.
    pub expires: Timestamp,
}

/// The lock, held.
#[derive(Debug)]
pub(super) struct Held {
    remote: Remote,
    mine: Oid,
    patience: Duration,
}

/// What came of trying.
#[derive(Debug)]
pub(super) enum Taking {
    /// It is ours.
    Taken(Held),
    /// It is somebody else's: in words.
    Theirs(String),
    /// The remote does not answer: in words.
    Unreachable(String),
}

/// What stands at the remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing.
    Free,
    /// A lock of this machine, left by a rollback that was interrupted.
    Ours(Oid),
    /// A lock of another machine: in words.
    Theirs(Oid, String),
}

impl Holder {
    /// This machine, for a plan whose steps take so long at most.
    pub(super) fn here(by: &str, plan: &str, longest: Duration, now: Timestamp) -> Self {
        let longest = SignedDuration::try_from(longest).unwrap_or_default() + SLACK;
        let expires = now.checked_add(longest).unwrap_or(now);
        Self { by: by.to_owned(), host: host(), plan: plan.to_owned(), since: now, expires }
    }

    fn words(&self, id: &Oid, now: Timestamp) -> String {
        let name = |text: &str| fit(&clean(text), SHOWN);
        let over = match now < self.expires {
            true => format!("until {:.0} at the latest", self.expires),
            false => format!("which should have been over at {:.0}", self.expires),
        };
        let id = &id.as_str()[..ID];
        format!(
            "{} on {} rolls back since {:.0}, {over}; a person who knows better: `hotfix rollback --take-over {id}`",
            name(&self.by),
            name(&self.host),
            self.since
        )
    }
}

/// Tries to take the lock. One that an interrupted rollback of this machine left is taken again: the caller holds the
/// lock of this machine.
pub(super) async fn take(root: &Path, lock: &SharedLock, holder: &Holder, now: Timestamp) -> Taking {
    match try_to_take(root, lock, holder, now).await {
        Ok(taking) => taking,
        Err(why) => Taking::Unreachable(format!("the lock at {} cannot be reached: {why}", clean(&lock.remote))),
    }
}

async fn try_to_take(root: &Path, lock: &SharedLock, holder: &Holder, now: Timestamp) -> Result<Taking, String> {
    let remote = Remote::named(root, &lock.remote)?;
    let words = serde_json::to_string(holder).map_err(|error| error.to_string())?;
    let mine = remote.note(&words)?;
    let patience = lock.patience;
    let mut expected = None;
    for _ in 0..2 {
        let pushed = remote.push(REFERENCE, Some(&mine), expected.as_ref(), patience).await;
        match pushed.map_err(|error| error.to_string())? {
            Pushed::Done => return Ok(Taking::Taken(Held { remote, mine, patience })),
            Pushed::Moved => {}
        }
        match standing_at(&remote, patience, now).await.map_err(|error| error.to_string())? {
            Standing::Free => expected = None,
            Standing::Ours(id) => expected = Some(id),
            Standing::Theirs(_, words) => return Ok(Taking::Theirs(words)),
        }
    }
    Ok(Taking::Theirs("somebody else takes the lock at this very moment".into()))
}

/// What stands at the remote now.
pub(super) async fn standing(root: &Path, lock: &SharedLock, now: Timestamp) -> Result<Standing, String> {
    let remote = Remote::named(root, &lock.remote)?;
    standing_at(&remote, lock.patience, now).await.map_err(|error| error.to_string())
}

async fn standing_at(remote: &Remote, patience: Duration, now: Timestamp) -> Result<Standing, RemoteError> {
    let Some(id) = remote.at(REFERENCE, patience).await? else { return Ok(Standing::Free) };
    let message = remote.message(REFERENCE, &id, patience).await?;
    Ok(match serde_json::from_str::<Holder>(&message) {
        Ok(holder) if holder.host == host() => Standing::Ours(id),
        Ok(holder) => Standing::Theirs(id.clone(), holder.words(&id, now)),
        Err(_) => {
            let words =
                format!("somebody whose words cannot be read: `hotfix rollback --take-over {}`", &id.as_str()[..ID]);
            Standing::Theirs(id, words)
        }
    })
}

/// Takes away the lock with this id, or one that begins so: by a person alone.
///
/// # Errors
/// When another one, or none, stands there, or the remote does not answer.
pub async fn take_over(root: &Path, lock: &SharedLock, id: &str, now: Timestamp) -> Result<String, String> {
    let remote = Remote::named(root, &lock.remote)?;
    let standing = standing_at(&remote, lock.patience, now).await.map_err(|error| error.to_string())?;
    let (found, words) = match standing {
        Standing::Free => return Err("nobody holds the lock".into()),
        Standing::Ours(found) => (found, "an interrupted rollback of this machine".to_owned()),
        Standing::Theirs(found, words) => (found, words),
    };
    if id.len() < ID || !found.as_str().starts_with(id) {
        return Err(format!("the lock is another one: {words}"));
    }
    match remote.push(REFERENCE, None, Some(&found), lock.patience).await {
        Ok(Pushed::Done) => Ok(words),
        Ok(Pushed::Moved) => Err("it changed hands at this very moment: look again".into()),
        Err(error) => Err(error.to_string()),
    }
}

impl Held {
    /// Whether it is still ours.
    pub(super) async fn is_mine(&self) -> Result<bool, String> {
        let at = self.remote.at(REFERENCE, self.patience).await.map_err(|error| error.to_string())?;
        Ok(at.as_ref() == Some(&self.mine))
    }

    /// Gives it back, unless it is somebody else's by now.
    pub(super) async fn release(self) {
        if let Err(error) = self.remote.push(REFERENCE, None, Some(&self.mine), self.patience).await {
            tracing::warn!(%error, "the lock at the remote stays, and calls itself expired in a while");
        }
    }
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
