//! The two threads: one reads history and owns the repository, the other reads the work tree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::bell::{Bell, Wake, Watched};
use super::read::{Reader, Settings};
use super::repository::Repo;
use super::show;
use super::trouble::Trouble;
use super::watch::Watch;
use super::worktree;
use crate::change::deployed::Declared;
use crate::change::diff::Shown;
use crate::change::model::{Observation, Report};
use crate::evidence::{self, Evidence, Generation, Oid};

/// Between two looks while changes are told: the safety net, and what keeps the age of the evidence low.
const WATCHED: Duration = Duration::from_secs(30);
/// Between two looks while they are not.
const POLLED: Duration = Duration::from_secs(2);
/// Between two full looks at a watched work tree.
const FULL: Duration = Duration::from_secs(60);
/// An unwatched work tree may take one part in so many of a core.
const SHARE: u32 = 20;

/// The running source. Dropping it stops the source.
#[derive(Debug)]
pub struct Handle {
    history: Arc<Bell>,
    worktree: Arc<Bell>,
}

impl Handle {
    /// Looks again now: when the terminal gets the focus back, for instance.
    pub fn refresh(&self) {
        self.history.look();
        self.worktree.look();
    }

    /// Looks again with what production and the canary say now.
    pub fn declared(&self, declared: Declared) {
        self.history.declared(declared);
    }

    /// Reads the text of a diff, from a line on; it comes as [`Observation::Diff`]. The newest request replaces one
    /// that waits.
    pub fn show(&self, shown: Shown, from: usize) {
        self.history.show(shown, from);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.history.stop();
        self.worktree.stop();
    }
}

/// Starts the source for the repository that `root` is in. It reports until the handle is dropped, and goes on
/// trying when there is no repository, or none any more.
pub fn start(root: &Path, settings: Settings, send: impl Fn(Observation) + Send + 'static) -> Handle {
    let send: Outlet = Arc::new(Mutex::new(Box::new(send)));
    let (history, worktree) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    let handle = Handle { history: history.clone(), worktree: worktree.clone() };
    let watcher = History {
        root: root.to_owned(),
        settings,
        send: Sender::new(send.clone()),
        diffs: Sender::new(send.clone()),
        bell: history,
        other: worktree.clone(),
        has_gaps: false,
    };
    let files = Files { root: root.to_owned(), send: Sender::new(send), bell: worktree };
    spawn("git status", move || files.run());
    spawn("git", move || watcher.run());
    handle
}

/// A thread that cannot be started leaves its part of the pane at "never", which satisfies nothing.
fn spawn(name: &str, run: impl FnOnce() + Send + 'static) {
    if let Err(error) = thread::Builder::new().name(name.into()).spawn(run) {
        tracing::error!(%error, name, "no thread");
    }
}

type Outlet = Arc<Mutex<Box<dyn Fn(Observation) + Send>>>;

/// Numbers the requests of one kind, and tells what becomes of them.
struct Sender {
    send: Outlet,
    generation: Generation,
}

impl Sender {
    fn new(send: Outlet) -> Self {
        Self { send, generation: Generation::default() }
    }

    fn tell(&self, observation: Observation) {
        (self.send.lock().unwrap_or_else(PoisonError::into_inner))(observation);
    }

    fn begin<T>(&mut self, wrap: fn(evidence::Observation<T>) -> Observation) {
        self.generation.0 += 1;
        self.tell(wrap(evidence::Observation::Started(self.generation)));
    }

    fn end<T>(
        &self,
        result: Result<Evidence<T>, Trouble>,
        retry: Option<Duration>,
        wrap: fn(evidence::Observation<T>) -> Observation,
    ) {
        let now = Timestamp::now();
        let retry_at = retry.and_then(|it| now.checked_add(SignedDuration::try_from(it).ok()?).ok());
        self.tell(wrap(match result {
            Ok(evidence) => evidence::Observation::Seen(self.generation, Box::new(evidence)),
            Err(trouble) => {
                let failure = evidence::Failure { retry_at, ..trouble.at(now) };
                evidence::Observation::Failed(self.generation, failure)
            }
        }));
    }
}

struct History {
    root: PathBuf,
    settings: Settings,
    send: Sender,
    diffs: Sender,
    bell: Arc<Bell>,
    other: Arc<Bell>,
    /// The last report could not tell everything.
    has_gaps: bool,
}

/// An open repository under watch.
struct Open {
    reader: Reader,
    watch: Option<Watch>,
    /// The tip that the watched folders belong to.
    head: Option<Oid>,
    /// The last report with everything worked out, and when it was read.
    last: Option<(Instant, Evidence<Report>)>,
}

impl History {
    fn run(mut self) {
        let mut open = None;
        loop {
            self.look(&mut open);
            loop {
                let pause = if open.as_ref().is_some_and(Open::is_watched) { WATCHED } else { POLLED };
                match self.bell.wait(pause) {
                    Wake::Stop => return,
                    Wake::Show(shown, from) => self.show(open.as_ref(), shown, from),
                    Wake::Watch(_) => {}
                    Wake::Declared(declared) => {
                        self.settings.declared = declared.clone();
                        if let Some(open) = &mut open {
                            open.reader.set_declared(declared);
                        }
                        break;
                    }
                    Wake::Time if self.confirm(open.as_ref()) => {}
                    Wake::Look | Wake::Files(_) | Wake::Time => break,
                }
            }
        }
    }

    /// Nothing was told since the last look at a watched repository: what it saw still holds. A look opens files, and
    /// every opened file wakes the watch, so that it is worth saving.
    fn confirm(&mut self, open: Option<&Open>) -> bool {
        let Some(open) = open.filter(|open| open.is_watched()) else { return false };
        let Some((_, report)) = open.last.as_ref().filter(|(at, _)| at.elapsed() < FULL) else { return false };
        self.send.begin(Observation::Report);
        let report = Evidence { observed_at: Timestamp::now(), ..report.clone() };
        self.send.end(Ok(report), None, Observation::Report);
        true
    }

    fn look(&mut self, open: &mut Option<Open>) {
        self.send.begin(Observation::Report);
        // What changes under the hands of a reader reads well the second time, in a repository opened anew.
        let mut report = self.report(open);
        if report.as_ref().map_or(true, |report| !report.value.unknown.is_empty() && !self.has_gaps) {
            *open = None;
            report = self.report(open).map_err(|trouble| trouble.unless_gone(&self.root));
        }
        self.has_gaps = report.as_ref().is_ok_and(|report| !report.value.unknown.is_empty());
        if report.is_err() {
            *open = None;
        }
        let head = report.as_ref().ok().and_then(|report| report.value.head.oid.clone());
        let has_more =
            |it: &&Evidence<Report>| open.as_ref().is_some_and(|open| open.reader.next_step(&it.value).is_some());
        let glance = report.as_ref().ok().filter(has_more).cloned();
        let whole = report.as_ref().ok().filter(|_| glance.is_none()).cloned();
        self.send.end(report, Some(POLLED), Observation::Report);
        if let Some(open) = open.as_mut() {
            let whole = whole.or_else(|| self.complete(open, glance?));
            open.last = whole.map(|report| (Instant::now(), report));
        }
        if let Some(open) = open.as_mut().filter(|open| open.watch.is_none() || open.head != head) {
            self.watch(open, head);
        }
    }

    /// Tells more as it is worked out. Returns the whole, if it came to that.
    fn complete(&self, open: &mut Open, mut report: Evidence<Report>) -> Option<Evidence<Report>> {
        while let Some(step) = open.reader.next_step(&report.value) {
            let done = open.reader.complete(step, &mut report.value);
            let is_done = done.is_ok();
            self.send.end(done.map(|()| report.clone()), Some(POLLED), Observation::Report);
            if !is_done {
                return None;
            }
        }
        Some(report)
    }

    fn report(&self, open: &mut Option<Open>) -> Result<Evidence<Report>, Trouble> {
        if open.is_none() {
            let reader = Reader::open(&self.root, self.settings.clone())?;
            *open = Some(Open { reader, watch: None, head: None, last: None });
        }
        let Some(open) = open else { return Err(Trouble::gone(&self.root)) };
        let mut report = open.reader.report()?;
        if let Some(gap) = open.watch.as_ref().filter(|watch| !watch.history).and_then(|watch| watch.gap.as_ref()) {
            report.source = format!("git, polled every {} s: {gap}", POLLED.as_secs());
        }
        Ok(report)
    }

    /// Watches the folders of the new tip. What changed before the watch was there is looked at once more.
    fn watch(&self, open: &mut Open, head: Option<Oid>) {
        let (history, worktree) = (self.bell.clone(), self.other.clone());
        open.watch = None;
        let watch = Watch::start(&open.reader.repo, move |touched| {
            if touched.history {
                history.touched();
            }
            if touched.worktree {
                worktree.touched_files(touched.files);
            }
        });
        self.other.watched(watch.worktree);
        self.bell.touched();
        open.watch = Some(watch);
        open.head = head;
    }

    fn show(&mut self, open: Option<&Open>, shown: Shown, from: usize) {
        self.diffs.begin(Observation::Diff);
        let diff = match open {
            Some(open) => show::read(&open.reader, shown, from),
            None => Err(Trouble::gone(&self.root)),
        };
        self.diffs.end(diff, None, Observation::Diff);
    }
}

impl Open {
    fn is_watched(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.history)
    }
}

struct Files {
    root: PathBuf,
    send: Sender,
    bell: Arc<Bell>,
}

/// The last look at the work tree.
struct Look {
    at: Instant,
    took: Duration,
    found: Option<worktree::Look>,
}

impl Files {
    fn run(mut self) {
        let mut watched = Watched(false);
        let mut last = self.look();
        loop {
            match self.bell.wait(pause(watched, &last)) {
                Wake::Stop => return,
                Wake::Watch(now) => {
                    // What changed before the watch was there was not told.
                    watched = now;
                    last = self.look();
                }
                Wake::Time if watched.0 && last.at.elapsed() < FULL && last.found.is_some() => self.confirm(&last),
                Wake::Files(files) if self.again(&mut last, &files) => {}
                Wake::Look | Wake::Files(_) | Wake::Time => last = self.look(),
                Wake::Show(..) | Wake::Declared(_) => {}
            }
        }
    }

    fn look(&mut self) -> Look {
        self.send.begin(Observation::Worktree);
        let at = Instant::now();
        let read = Repo::open(&self.root).and_then(|repo| worktree::read(&repo));
        let read = read.map_err(|trouble| trouble.unless_gone(&self.root));
        let counts = read.as_ref().map(worktree::Look::counts).map_err(Clone::clone);
        self.send.end(counts.map(worktree::evidence), Some(POLLED), Observation::Worktree);
        Look { at, took: at.elapsed(), found: read.ok() }
    }

    /// Looks at some files alone. `false` when that does not do.
    fn again(&mut self, last: &mut Look, files: &BTreeSet<PathBuf>) -> bool {
        let Some(found) = last.found.as_mut().filter(|_| last.at.elapsed() < FULL) else { return false };
        if !found.again(files).unwrap_or(false) {
            return false;
        }
        self.send.begin(Observation::Worktree);
        self.send.end(Ok(worktree::evidence(found.counts())), None, Observation::Worktree);
        true
    }

    /// Nothing was told since the last look: what it saw still holds.
    fn confirm(&mut self, last: &Look) {
        let Some(found) = &last.found else { return };
        self.send.begin(Observation::Worktree);
        self.send.end(Ok(worktree::evidence(found.counts())), None, Observation::Worktree);
    }
}

fn pause(watched: Watched, last: &Look) -> Duration {
    if watched.0 { WATCHED } else { POLLED.max(last.took * SHARE) }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
