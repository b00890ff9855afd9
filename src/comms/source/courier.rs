//! Brings a notice to its channels: again and again where that does no harm, and never twice.
//!
//! Whoever sends holds the channel's lock meanwhile, and looks into the journal first: the state there decides. The
//! kernel gives the lock back when its holder dies, so that a delivery which stands at "sending" while nobody holds
//! the lock has an unknown outcome. It is not sent again without a person, unless the receiver tells repetitions.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::task::{JoinSet, spawn_blocking};

use super::{Arrived, Place, Sort, Trouble, send, tells_repetitions};
use crate::comms::model::{Book, Message, Notice};
use crate::config::schema::Comms;
use crate::http::Backoff;
use crate::incident::{Delivery, DeliveryState, Entry, Incident};
use crate::journal::record::{Record, hex};
use crate::journal::{JournalError, Recorder};

/// How often a channel is tried.
const ATTEMPTS: u32 = 6;
/// Between two looks at a lock that another process holds.
const PAUSE: Duration = Duration::from_millis(20);
/// How long another process may hold it: longer than any attempt takes.
const LONGEST_TURN: Duration = Duration::from_secs(60);

/// Reads the records of the incident.
pub type Reader = Arc<dyn Fn() -> Result<Vec<Record>, JournalError> + Send + Sync>;

/// Who brings notices to channels.
#[derive(Clone)]
pub struct Courier {
    /// Where channels are reached from.
    pub place: Place,
    /// Where each step is recorded, before it is taken.
    pub recorder: Arc<dyn Recorder>,
    /// What was recorded, by whomever.
    pub records: Reader,
    /// The folder of the locks: one for all processes that use this journal.
    pub locks: PathBuf,
    /// The incident's id.
    pub incident: String,
    /// In whose name.
    pub actor: String,
    /// The time, on the incident's clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// How long a wait on that clock takes here.
    pub real: Arc<dyn Fn(Duration) -> Duration + Send + Sync>,
    /// How long retries may go on.
    pub patience: Duration,
    /// Whether a person said that what may have arrived is to be sent all the same.
    pub unknown_too: bool,
}

/// What one turn of a channel came to.
enum Turn {
    End(DeliveryState),
    Again(Duration),
}

/// One delivery at one attempt.
struct Attempt<'a> {
    notice: &'a Notice,
    channel: &'a Comms,
    number: u32,
}

impl Courier {
    /// Brings the notice with this key to the channels of these names, all at the same time. Returns where it stands
    /// with each, or why that could not be put on record.
    pub async fn deliver(&self, key: &str, channels: Vec<Comms>) -> Vec<(String, Result<DeliveryState, JournalError>)> {
        let names: Vec<_> = channels.iter().map(|channel| channel.name.clone()).collect();
        let mut tasks = JoinSet::new();
        for channel in channels {
            let (courier, key) = (self.clone(), key.to_owned());
            tasks.spawn(async move { (channel.name.clone(), courier.channel(&key, &channel).await) });
        }
        let mut outcomes = tasks.join_all().await;
        outcomes.sort_by_key(|(name, _)| names.iter().position(|it| it == name));
        outcomes
    }

    async fn channel(&self, key: &str, channel: &Comms) -> Result<DeliveryState, JournalError> {
        let mut backoff = Backoff::new(&channel.name);
        let mut waited = Duration::ZERO;
        let mut may_repeat = self.unknown_too;
        loop {
            match self.turn(key, channel, &mut backoff, waited, may_repeat).await? {
                Turn::End(state) => return Ok(state),
                Turn::Again(wait) => {
                    waited += wait;
                    tokio::time::sleep((self.real)(wait)).await;
                }
            }
            // What a person allowed was one repetition.
            may_repeat = false;
        }
    }

    /// Looks where the delivery stands, and takes the next step if it is ours.
    async fn turn(
        &self,
        key: &str,
        channel: &Comms,
        backoff: &mut Backoff,
        waited: Duration,
        may_repeat: bool,
    ) -> Result<Turn, JournalError> {
        let _lock = self.lock(&channel.name).await?;
        let (incident, book) = self.read().await?;
        let Some(notice) = book.notice(key) else { return Err(error(format!("no notice {key} is on record"))) };
        let before = notice.deliveries.get(&channel.name).map(|(delivery, _)| delivery);
        let number = before.map_or(0, |delivery| delivery.attempt) + 1;
        let attempt = Attempt { notice, channel, number };
        let may_repeat = may_repeat || tells_repetitions(channel);
        match before.map(|delivery| delivery.state) {
            Some(state) if state.has_arrived() => return Ok(Turn::End(state)),
            Some(DeliveryState::Sending) if !may_repeat => {
                let what = "the program ended while it was sending: look whether it is there".to_owned();
                return self.ended(&attempt, DeliveryState::Unknown, None, Some(what)).await.map(Turn::End);
            }
            Some(DeliveryState::Unknown) if !may_repeat => return Ok(Turn::End(DeliveryState::Unknown)),
            _ => {}
        }
        self.enter(&attempt, DeliveryState::Sending, None, None, None).await?;
        let thread = book.threads.get(&channel.name).cloned();
        let message = Message::new(&incident, notice, thread);
        match send(channel, &message, &self.place).await {
            Ok(arrived) => self.arrived(&attempt, arrived).await.map(Turn::End),
            Err(trouble) => self.troubled(&attempt, trouble, backoff, waited).await,
        }
    }

    async fn arrived(&self, attempt: &Attempt<'_>, arrived: Arrived) -> Result<DeliveryState, JournalError> {
        let state = if arrived.missed.is_some() { DeliveryState::Partly } else { DeliveryState::Delivered };
        self.ended(attempt, state, arrived.receipt, arrived.missed).await?;
        self.tell(attempt).await?;
        Ok(state)
    }

    /// The incident's clock runs from the first channel that has it.
    async fn tell(&self, attempt: &Attempt<'_>) -> Result<(), JournalError> {
        let _lock = self.lock("the first to arrive").await?;
        let written = &attempt.notice.written;
        let is_told = self.read().await?.1.notice(&written.key).is_some_and(|notice| notice.is_told);
        if is_told {
            return Ok(());
        }
        let (channel, text) = (attempt.channel.name.clone(), written.text.clone());
        let (next_update_at, about) = (written.next_update_at, Some(written.about));
        self.record(Entry::NoticeSent { channel, text, next_update_at, about }).await
    }

    async fn troubled(
        &self,
        attempt: &Attempt<'_>,
        trouble: Trouble,
        backoff: &mut Backoff,
        waited: Duration,
    ) -> Result<Turn, JournalError> {
        let after = match trouble.sort {
            Sort::Later(after) => after,
            Sort::Unknown if tells_repetitions(attempt.channel) => None,
            Sort::Refused => return self.failed(attempt, trouble.words()).await,
            Sort::Unknown => {
                let what = format!("{}: look whether it is there", trouble.words());
                return self.ended(attempt, DeliveryState::Unknown, None, Some(what)).await.map(Turn::End);
            }
        };
        let wait = backoff.failed(after);
        if backoff.failures() >= ATTEMPTS || waited + wait > self.patience {
            let again = after.map_or_else(String::new, |after| format!(", not before {} s", after.as_secs()));
            let words = trouble.words();
            let what = format!("{words}; given up after attempt {}, `hotfix say --retry`{again}", attempt.number);
            return self.failed(attempt, what).await;
        }
        let again_at = (self.now)().checked_add(wait).ok();
        self.enter(attempt, DeliveryState::Waiting, None, Some(trouble.words()), again_at).await?;
        Ok(Turn::Again(wait))
    }

    async fn failed(&self, attempt: &Attempt<'_>, what: String) -> Result<Turn, JournalError> {
        self.ended(attempt, DeliveryState::Failed, None, Some(what)).await.map(Turn::End)
    }

    async fn ended(
        &self,
        attempt: &Attempt<'_>,
        state: DeliveryState,
        receipt: Option<String>,
        detail: Option<String>,
    ) -> Result<DeliveryState, JournalError> {
        self.enter(attempt, state, receipt, detail, None).await.map(|()| state)
    }

    async fn enter(
        &self,
        attempt: &Attempt<'_>,
        state: DeliveryState,
        receipt: Option<String>,
        detail: Option<String>,
        again_at: Option<Timestamp>,
    ) -> Result<(), JournalError> {
        let (notice, channel) = (attempt.notice.written.key.clone(), attempt.channel.name.clone());
        let delivery = Delivery { notice, channel, state, attempt: attempt.number, receipt, detail, again_at };
        self.record(Entry::NoticeDelivery(Box::new(delivery))).await
    }

    async fn record(&self, entry: Entry) -> Result<(), JournalError> {
        let draft = entry.draft(&self.incident, &self.actor, (self.now)());
        let recorder = Arc::clone(&self.recorder);
        joined(spawn_blocking(move || recorder.record(draft)).await).map(drop)
    }

    async fn read(&self) -> Result<(Incident, Book), JournalError> {
        let records = Arc::clone(&self.records);
        let records = joined(spawn_blocking(move || records()).await)?;
        let incident = Incident::fold(&records).ok_or_else(|| error(format!("no incident {}", self.incident)))?;
        Ok((incident, Book::fold(&records)))
    }

    async fn lock(&self, name: &str) -> Result<File, JournalError> {
        let file = lock_file(&self.locks, name).map_err(|why| error(format!("NOT SENT: {why}")))?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if waited < LONGEST_TURN => tokio::time::sleep(PAUSE).await,
                Err(why) => return Err(error(format!("NOT SENT: another hotfix process is at {name}: {why}"))),
            }
            waited += PAUSE;
        }
    }
}

/// The lock file of a channel, whose name may hold anything.
fn lock_file(folder: &Path, name: &str) -> io::Result<File> {
    let folder = folder.join("comms");
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{}.lock", &hex(&Sha256::digest(name))[..16]));
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(file)
}

fn joined<T>(result: Result<Result<T, JournalError>, tokio::task::JoinError>) -> Result<T, JournalError> {
    result.unwrap_or_else(|_| Err(error("the journal's reader broke down".to_owned())))
}

fn error(what: String) -> JournalError {
    JournalError { what }
}

#[cfg(test)]
#[path = "courier_tests.rs"]
mod tests;
