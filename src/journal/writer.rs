//! The thread that owns a cockpit's journal: fsync is never waited for on the drawing thread.
//!
//! Every record comes to the subscriber in the journal's order, whoever wrote it: what is submitted here,
//! what is recorded by a caller that waits, and what another process appended meanwhile.

use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use super::record::{Draft, Record};
use super::{Journal, JournalError, Recorder, Redact};

/// What the thread is asked for.
enum Request {
    Record(Draft, Option<SyncSender<Result<Record, JournalError>>>),
    Hide(Vec<String>),
    Look,
    Flush(SyncSender<()>),
}

/// A handle to the thread. Clones share it; it ends when the last one is dropped.
#[derive(Debug, Clone)]
pub struct Writer {
    requests: Sender<Request>,
}

impl Writer {
    /// Starts the thread. `subscriber` is called on it with every new record, and with the error of whatever was
    /// submitted and could not be recorded; errors of [`Recorder::record`] go to its caller.
    ///
    /// # Errors
    /// When the journal cannot be read, or no thread can be started.
    pub fn start(
        journal: Journal,
        redact: Redact,
        subscriber: impl Fn(Result<Record, JournalError>) + Send + 'static,
    ) -> Result<Self, JournalError> {
        let last = journal.last_seq()?;
        Self::start_after(last, journal, redact, subscriber)
    }

    /// The same for a subscriber that knows the records up to `last`: those behind it come at once with the next look.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start_after(
        last: u64,
        journal: Journal,
        redact: Redact,
        subscriber: impl Fn(Result<Record, JournalError>) + Send + 'static,
    ) -> Result<Self, JournalError> {
        let (requests, inbox) = mpsc::channel();
        let scribe = Scribe { journal, redact, subscriber, last, version: None };
        let thread = thread::Builder::new().name("journal".into()).spawn(move || scribe.serve(&inbox));
        thread.map_err(|error| JournalError::new(format!("cannot start the journal's thread: {error}")))?;
        Ok(Self { requests })
    }

    /// Asks for a draft to be recorded, and does not wait: the outcome comes to the subscriber.
    pub fn submit(&self, draft: Draft) {
        self.ask(Request::Record(draft, None));
    }

    /// Takes these values out of whatever is recorded from now on.
    pub fn hide(&self, values: Vec<String>) {
        self.ask(Request::Hide(values));
    }

    /// Looks whether another process has appended; its records come to the subscriber. Cheap enough for every
    /// second: one `PRAGMA data_version` when nothing has changed.
    pub fn look(&self) {
        self.ask(Request::Look);
    }

    /// Waits until everything submitted before is durable, or was reported as failed.
    pub fn flush(&self) {
        let (done, waiting) = mpsc::sync_channel(1);
        self.ask(Request::Flush(done));
        let _ = waiting.recv();
    }

    fn ask(&self, request: Request) {
        if self.requests.send(request).is_err() {
            tracing::error!("the journal's thread is gone");
        }
    }
}

impl Recorder for Writer {
    fn record(&self, draft: Draft) -> Result<Record, JournalError> {
        let gone = || JournalError::new("NOT RECORDED: the journal's thread is gone");
        let (answer, waiting) = mpsc::sync_channel(1);
        self.requests.send(Request::Record(draft, Some(answer))).map_err(|_| gone())?;
        waiting.recv().map_err(|_| gone())?
    }
}

struct Scribe<S> {
    journal: Journal,
    redact: Redact,
    subscriber: S,
    /// The last record that the subscriber knows.
    last: u64,
    version: Option<i64>,
}

impl<S: Fn(Result<Record, JournalError>)> Scribe<S> {
    fn serve(mut self, inbox: &Receiver<Request>) {
        while let Ok(request) = inbox.recv() {
            match request {
                Request::Record(draft, answer) => self.record(draft, answer.as_ref()),
                Request::Hide(values) => self.redact.extend(values),
                Request::Look => self.look(),
                Request::Flush(done) => drop(done.send(())),
            }
        }
    }

    fn record(&mut self, draft: Draft, answer: Option<&SyncSender<Result<Record, JournalError>>>) {
        let outcome = self.journal.append(self.redact.draft(draft));
        let recorded = outcome.is_ok();
        match (answer, outcome) {
            (Some(answer), outcome) => drop(answer.send(outcome)),
            (None, Err(error)) => (self.subscriber)(Err(error)),
            (None, Ok(_)) => {}
        }
        if recorded {
            self.deliver();
        }
    }

    fn look(&mut self) {
        let version = self.journal.changed().ok();
        if version.is_none() || version != self.version {
            self.version = version;
            self.deliver();
        }
    }

    /// Hands over what the subscriber does not know yet. A journal that is shorter than what it knows is a new one.
    fn deliver(&mut self) {
        if self.journal.last_seq().is_ok_and(|last| last < self.last) {
            self.last = 0;
        }
        match self.journal.records_after(self.last) {
            Ok(records) => {
                for record in records {
                    self.last = record.seq;
                    (self.subscriber)(Ok(record));
                }
            }
            Err(error) => (self.subscriber)(Err(error)),
        }
    }
}
