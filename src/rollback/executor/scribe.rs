//! Everything that happens goes on record before it has any effect; if need be beside the journal.

use std::sync::Arc;

use super::fallback::{self, Unjournaled};
use super::{Executor, Place, Tell, outcome_file};
use crate::incident::{Entry, StepState};
use crate::journal::record::Record;
use crate::journal::{JournalError, Recorder};
use crate::rollback::execution::{Execution, Progress};

/// Writes for one run, and knows from what it wrote how far the run came.
pub(super) struct Scribe<'a> {
    executor: &'a Executor,
    tell: &'a Tell,
    /// Once the journal failed the rest goes to the file, so that the order of both together is the order of things.
    journal_failed: Option<String>,
    pub(super) execution: Option<Execution>,
}

impl<'a> Scribe<'a> {
    /// Begins with what is on record already.
    pub(super) fn new(executor: &'a Executor, tell: &'a Tell, execution: Option<Execution>) -> Self {
        Self { executor, tell, journal_failed: None, execution }
    }

    /// Moves what an earlier run had to leave beside the journal into it, and what a supervisor wrote down.
    pub(super) async fn import(&mut self) {
        let (path, recorder) = (self.executor.fallback_file(), Arc::clone(&self.executor.place.recorder));
        let incident = self.executor.place.incident.clone();
        match blocking(move || fallback::import(&path, &incident, recorder.as_ref())).await {
            Ok(records) => records.into_iter().for_each(|record| (self.tell)(Progress::Recorded(record))),
            Err(error) => self.journal_failed = Some(error.what),
        }
        let file = outcome_file(&self.executor.place.state);
        for line in fallback::read(&file) {
            self.put(line).await;
        }
        let _none_there = std::fs::remove_file(file);
    }

    /// Records the state of a step.
    pub(super) async fn step(
        &mut self,
        hash: &str,
        index: usize,
        name: &str,
        state: StepState,
        detail: Option<String>,
    ) {
        let entry = Entry::Step { plan: hash.to_owned(), index, name: name.to_owned(), state, detail };
        self.record(entry).await;
    }

    /// Records an entry. When this returns it is durable, or the operator was told that it is not.
    pub(super) async fn record(&mut self, entry: Entry) {
        let Place { incident, actor, now, .. } = &self.executor.place;
        self.put(Unjournaled { at: now(), incident: incident.clone(), actor: actor.clone(), entry }).await;
    }

    async fn put(&mut self, line: Unjournaled) {
        Execution::apply(&mut self.execution, &line.entry, &line.actor, line.at);
        match self.journal(&line).await {
            Ok(record) => (self.tell)(Progress::Recorded(record)),
            Err(why) => self.put_beside(line, &why).await,
        }
    }

    async fn journal(&mut self, line: &Unjournaled) -> Result<Record, String> {
        if let Some(why) = &self.journal_failed {
            return Err(why.clone());
        }
        let draft = line.entry.draft(&line.incident, &line.actor, line.at);
        let recorder: Arc<dyn Recorder> = Arc::clone(&self.executor.place.recorder);
        let recorded = blocking(move || recorder.record(draft)).await;
        recorded.map_err(|error: JournalError| self.journal_failed.insert(error.what).clone())
    }

    async fn put_beside(&mut self, line: Unjournaled, why: &str) {
        let path = self.executor.fallback_file();
        let shown = path.display().to_string();
        let kept = line.clone();
        let put = blocking(move || fallback::append(&path, &kept)).await;
        let place = match put {
            Ok(()) => format!("kept in {shown}"),
            Err(error) => format!("nor in {shown} ({error}): write it down"),
        };
        let why = format!("unjournaled: {why}; {place}");
        let Unjournaled { at, actor: by, entry, .. } = line;
        tracing::error!("{why}: {entry:?}");
        self.execution.iter_mut().for_each(|it| it.unjournaled = true);
        (self.tell)(Progress::Unjournaled { entry, by, at, why });
    }
}

/// Runs something that blocks off the executor's threads.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
