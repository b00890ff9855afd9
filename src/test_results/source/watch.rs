//! Looks at the reports whenever one may have changed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use notify::event::{CreateKind, ModifyKind, RemoveKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::{Reports, Setup};
use crate::evidence::{Failure, Generation, Observation, Oid};
use crate::test_results::model::Report;

/// Between two looks when nothing tells of a change.
const SLOW: Duration = Duration::from_secs(45);
/// The same where folders cannot be watched.
const UNWATCHED: Duration = Duration::from_secs(2);
/// Between two looks while a report is being written.
const WRITING: Duration = Duration::from_millis(250);
/// How long it must be quiet after a change.
const QUIET: Duration = Duration::from_millis(80);
/// How long a look waits for quiet at most.
const PATIENCE: Duration = Duration::from_millis(400);

enum Wake {
    /// Something changed; whether that may be a watched folder itself.
    Changed {
        folders: bool,
    },
    Refresh,
    /// Production runs another commit.
    Production(Option<Oid>),
    Stop,
}

/// A source at work. It ends when this is dropped.
#[derive(Debug)]
pub struct Handle {
    wake: Sender<Wake>,
}

impl Handle {
    /// Looks at once.
    pub fn refresh(&self) {
        // A source that is gone has nothing to refresh.
        let _ = self.wake.send(Wake::Refresh);
    }

    /// The commit that production runs: its results are the baseline from now on.
    pub fn set_production(&self, production: Option<Oid>) {
        let _ = self.wake.send(Wake::Production(production));
    }

    /// What makes it look at once, for whoever knows that something has changed.
    pub fn bell(&self) -> impl Fn() + Send + Sync + use<> {
        let wake = self.wake.clone();
        move || drop(wake.send(Wake::Refresh))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.wake.send(Wake::Stop);
    }
}

/// Looks at the reports on a thread of its own, at once and whenever one may have changed, and tells what it sees.
///
/// # Errors
/// When no thread can be started.
pub fn start(setup: Setup, send: impl Fn(Observation<Report>) + Send + 'static) -> std::io::Result<Handle> {
    let (wake, woken) = mpsc::channel();
    let changed = wake.clone();
    let work = move || Source { watched: Watched::new(changed), setup, woken, send }.run();
    std::thread::Builder::new().name("test reports".into()).spawn(work)?;
    Ok(Handle { wake })
}

struct Source<F> {
    setup: Setup,
    woken: Receiver<Wake>,
    watched: Watched,
    send: F,
}

impl<F: Fn(Observation<Report>)> Source<F> {
    fn run(mut self) {
        let mut reports = self.setup.open();
        let mut generation = Generation::default();
        loop {
            generation.0 += 1;
            (self.send)(Observation::Started(generation));
            let is_writing = self.look(&mut reports, generation);
            let pause = match self.watched.follow(reports.folders()) {
                // Something may have happened between the look and the watch.
                Following::More => QUIET,
                _ if is_writing => WRITING,
                Following::All => SLOW,
                Following::Some => UNWATCHED,
            };
            match self.wait(pause) {
                Next::Look => {}
                Next::Production(production) => {
                    self.setup.production = production;
                    reports.set_production(self.setup.production.clone());
                }
                Next::End => return,
            }
        }
    }

    /// Tells what is there. Returns whether a report is being written.
    fn look(&self, reports: &mut Reports, generation: Generation) -> bool {
        let looked = catch_unwind(AssertUnwindSafe(|| reports.look(None, Timestamp::now())));
        match looked {
            Ok(evidence) if self.setup.root.is_dir() => {
                let is_writing = Reports::is_writing(&evidence.value);
                (self.send)(Observation::Seen(generation, Box::new(evidence)));
                is_writing
            }
            Ok(_) => {
                self.fail(generation, "the project's folder is gone", "bring it back, or start again elsewhere");
                false
            }
            Err(_) => {
                *reports = self.setup.open();
                self.fail(generation, "reading the test reports failed: a fault of this program", "see the log");
                false
            }
        }
    }

    fn fail(&self, generation: Generation, what: &str, remedy: &str) {
        let at = Timestamp::now();
        let failure =
            Failure { what: what.into(), remedy: Some(remedy.into()), at, retry_at: at.checked_add(SLOW).ok() };
        (self.send)(Observation::Failed(generation, failure));
    }

    /// Waits for something to happen and then for quiet, so that a burst of changes is one look.
    fn wait(&mut self, pause: Duration) -> Next {
        match self.woken.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) | Ok(Wake::Refresh) => return Next::Look,
            Ok(Wake::Production(production)) => return Next::Production(production),
            Err(RecvTimeoutError::Disconnected) | Ok(Wake::Stop) => return Next::End,
            Ok(Wake::Changed { folders }) => self.watched.doubt(folders),
        }
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            match self.woken.recv_timeout(QUIET) {
                Ok(Wake::Changed { folders }) => self.watched.doubt(folders),
                Ok(Wake::Refresh) | Err(RecvTimeoutError::Timeout) => break,
                Ok(Wake::Production(production)) => return Next::Production(production),
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return Next::End,
            }
        }
        Next::Look
    }
}

/// What a source does next.
enum Next {
    Look,
    Production(Option<Oid>),
    End,
}

/// How well changes are told.
enum Following {
    /// A folder is watched that was not before.
    More,
    /// Every folder is.
    All,
    /// Not every folder can be.
    Some,
}

/// The folders that are watched.
struct Watched {
    watcher: Option<RecommendedWatcher>,
    folders: Vec<PathBuf>,
}

impl Watched {
    /// Without a watcher (no inotify, a network file system) the source polls.
    fn new(wake: Sender<Wake>) -> Self {
        let forward = move |event: notify::Result<notify::Event>| {
            let folders = event.as_ref().map_or(true, |event| event.need_rescan() || moves_folders(event.kind));
            if event.map_or(true, |event| !matches!(event.kind, EventKind::Access(_))) {
                let _ = wake.send(Wake::Changed { folders });
            }
        };
        Self { watcher: notify::recommended_watcher(forward).ok(), folders: Vec::new() }
    }

    /// A folder may have been replaced by another of the same name, which nobody watches yet.
    fn doubt(&mut self, folders: bool) {
        if folders {
            self.folders.clear();
        }
    }

    /// Watches exactly these folders.
    fn follow(&mut self, folders: &[PathBuf]) -> Following {
        let Some(watcher) = &mut self.watcher else { return Following::Some };
        if self.folders == folders {
            return Following::All;
        }
        for old in self.folders.iter().filter(|old| !folders.contains(old)) {
            // One that is gone is not watched any more as it is.
            let _ = watcher.unwatch(old);
        }
        let (old, mut more) = (std::mem::take(&mut self.folders), false);
        for folder in folders {
            let is_old = old.contains(folder);
            if is_old || watcher.watch(folder, RecursiveMode::NonRecursive).is_ok() {
                more |= !is_old;
                self.folders.push(folder.clone());
            }
        }
        match self.folders.len() == folders.len() {
            _ if more => Following::More,
            true => Following::All,
            false => Following::Some,
        }
    }
}

fn moves_folders(kind: EventKind) -> bool {
    match kind {
        EventKind::Create(kind) => kind != CreateKind::File,
        EventKind::Remove(kind) => kind != RemoveKind::File,
        EventKind::Modify(kind) => matches!(kind, ModifyKind::Name(_)),
        _ => false,
    }
}
