//! What wakes a thread: a change on disk, a request, the clock. The newest request replaces the waiting one.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::change::diff::Shown;

/// A change is acted upon when nothing more came for so long,
const QUIET: Duration = Duration::from_millis(20);
/// or when the first one is so old.
const PATIENCE: Duration = Duration::from_millis(100);

/// Wakes one thread.
#[derive(Debug, Default)]
pub(super) struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct State {
    touched: Option<(Instant, Instant)>,
    now: bool,
    show: Option<(Shown, usize)>,
    watch: Option<Watched>,
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
    /// A diff is asked for, from a line on.
    Show(Shown, usize),
    /// From now on it is watched, or not.
    Watch(Watched),
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
        let now = Instant::now();
        self.ring(|state| state.touched = Some((state.touched.map_or(now, |(first, _)| first), now)));
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
        if self.now || self.due().is_some_and(|due| due <= now) {
            self.now = false;
            self.touched = None;
            return Some(Wake::Look);
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
}
