//! What wakes a thread: a change on disk, a request, the clock. The newest request replaces the waiting one.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::change::deployed::Declared;
use crate::change::diff::Shown;

/// A change is acted upon when nothing more came for so long,
const QUIET: Duration = Duration::from_millis(20);
/// or when the first one is so old.
const PATIENCE: Duration = Duration::from_millis(100);

/// Files that are told by name; more are everything.
const FILES: usize = 200;

/// Wakes one thread.
#[derive(Debug, Default)]
pub(super) struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct State {
    touched: Option<(Instant, Instant)>,
    /// What was touched, as long as only these files were.
    files: BTreeSet<PathBuf>,
    everything: bool,
    now: bool,
    show: Option<(Shown, usize)>,
    watch: Option<Watched>,
    declared: Option<Declared>,
    stop: bool,
}

/// Whether what the thread reads is watched; it looks by itself otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Watched(pub(super) bool);

/// Why the thread woke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wake {
    /// Something changed, or somebody wants to know.
    Look,
    /// These files changed, and nothing else.
    Files(BTreeSet<PathBuf>),
    /// A diff is asked for, from a line on.
    Show(Shown, usize),
    /// From now on it is watched, or not.
    Watch(Watched),
    /// Production and the canary say this now.
    Declared(Declared),
    /// The time is up.
    Time,
    /// Nobody wants to know any more.
    Stop,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.rung.notify_all();
    }

    /// Something changed on disk; more may follow at once.
    pub(super) fn touched(&self) {
        self.touched_files(Vec::new());
    }

    /// The same of files; none means that it may be anything.
    pub(super) fn touched_files(&self, files: Vec<PathBuf>) {
        let now = Instant::now();
        self.ring(|state| {
            state.touched = Some((state.touched.map_or(now, |(first, _)| first), now));
            state.everything |= files.is_empty() || state.files.len() + files.len() > FILES;
            if !state.everything {
                state.files.extend(files);
            }
        });
    }

    /// Somebody wants to know now.
    pub(super) fn look(&self) {
        self.ring(|state| state.now = true);
    }

    /// Somebody wants to see a diff.
    pub(super) fn show(&self, shown: Shown, from: usize) {
        self.ring(|state| state.show = Some((shown, from)));
    }

    /// Tells whether it is watched from now on.
    pub(super) fn watched(&self, watched: bool) {
        self.ring(|state| state.watch = Some(Watched(watched)));
    }

    /// Tells what production and the canary say.
    pub(super) fn declared(&self, declared: Declared) {
        self.ring(|state| state.declared = Some(declared));
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        self.ring(|state| state.stop = true);
    }

    /// Waits for a reason to wake, `patience` at most.
    pub(super) fn wait(&self, patience: Duration) -> Wake {
        let until = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if let Some(wake) = state.take(now) {
                return wake;
            }
            if now >= until {
                return Wake::Time;
            }
            let next = state.due().map_or(until, |due| due.min(until));
            let (woken, _) = self
                .rung
                .wait_timeout(state, next.saturating_duration_since(now))
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
        }
    }
}

impl State {
    fn due(&self) -> Option<Instant> {
        self.touched.map(|(first, last)| (last + QUIET).min(first + PATIENCE))
    }

    fn take(&mut self, now: Instant) -> Option<Wake> {
        if self.stop {
            return Some(Wake::Stop);
        }
        if let Some((shown, from)) = self.show.take() {
            return Some(Wake::Show(shown, from));
        }
        if let Some(watched) = self.watch.take() {
            return Some(Wake::Watch(watched));
        }
        if let Some(declared) = self.declared.take() {
            return Some(Wake::Declared(declared));
        }
        if self.now || self.due().is_some_and(|due| due <= now) {
            let by_name = !self.now && !self.everything;
            (self.now, self.everything, self.touched) = (false, false, None);
            let files = std::mem::take(&mut self.files);
            return Some(if by_name { Wake::Files(files) } else { Wake::Look });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_request_wins_and_stop_goes_first() {
        let bell = Bell::default();
        bell.show(Shown::File("a".into()), 0);
        bell.show(Shown::File("b".into()), 5);
        bell.look();
        assert_eq!(bell.wait(Duration::ZERO), Wake::Show(Shown::File("b".into()), 5));
        assert_eq!(bell.wait(Duration::ZERO), Wake::Look);
        assert_eq!(bell.wait(Duration::ZERO), Wake::Time);
        bell.look();
        bell.stop();
        assert_eq!(bell.wait(Duration::from_secs(60)), Wake::Stop);
    }

    #[test]
    fn many_changes_are_one_look() {
        let bell = Bell::default();
        (0..50).for_each(|_| bell.touched());
        assert_eq!(bell.wait(Duration::ZERO), Wake::Time, "not before it is quiet");
        assert_eq!(bell.wait(Duration::from_secs(60)), Wake::Look);
        assert_eq!(bell.wait(Duration::ZERO), Wake::Time);
    }

    #[test]
    fn files_are_told_by_name_unless_there_is_more() {
        let (bell, long) = (Bell::default(), Duration::from_secs(60));
        let file = |n: usize| PathBuf::from(format!("f{n}"));
        bell.touched_files(vec![file(1)]);
        bell.touched_files(vec![file(2)]);
        assert_eq!(bell.wait(long), Wake::Files(BTreeSet::from([file(1), file(2)])));
        bell.touched_files(vec![file(1)]);
        bell.touched();
        assert_eq!(bell.wait(long), Wake::Look);
        bell.touched_files((0..500).map(file).collect());
        assert_eq!(bell.wait(long), Wake::Look);
        bell.touched_files(vec![file(3)]);
        assert_eq!(bell.wait(long), Wake::Files(BTreeSet::from([file(3)])), "the next one is told by name again");
    }
}
