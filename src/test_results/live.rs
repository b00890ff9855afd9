//! Tests that were started from here: what they print, and what that says so far.
//!
//! What a test runner prints is for people. It tells how far the run is, and proves nothing: that is for the reports.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

/// Lines of output that are kept.
const LINES: usize = 400;

/// What the run of a source is called where it has no report: a run that goes on, or one that wrote none.
pub fn called(source: &str) -> String {
    format!("the run of {source}")
}

/// What becomes of a run that was started from here.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// The tests of a source run.
    Started {
        /// The source.
        source: String,
        /// The command, quoted.
        command: String,
        /// When.
        at: Timestamp,
    },
    /// They printed something.
    Printed {
        /// Clean lines; of a flood the last ones.
        lines: Vec<String>,
        /// What all that was printed comes to.
        counts: Counts,
    },
    /// They came to an end.
    Ended {
        /// The source.
        source: String,
        /// How, in words.
        how: String,
        /// Whether the command ended with 0.
        is_good: bool,
    },
    /// Nothing was run.
    Refused(String),
    /// All that was asked for is done.
    Idle,
}

/// Counts by what was printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Skipped.
    pub skipped: u64,
}

/// What runs, and what ran last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Live {
    /// The source whose tests run.
    pub source: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The command, quoted.
    pub command: String,
    /// Whether it was asked to stop.
    pub stopping: bool,
    /// What it printed says so far.
    pub counts: Counts,
    /// How the last one ended.
    pub ended: Option<String>,
    lines: VecDeque<String>,
    is_busy: bool,
}

impl Live {
    /// Takes in what happened.
    pub fn take(&mut self, progress: Progress) {
        match progress {
            Progress::Started { source, command, at } => {
                *self = Self { source: Some(source), since: Some(at), command, is_busy: true, ..Self::default() };
            }
            Progress::Printed { lines, counts } => {
                self.counts = counts;
                lines.into_iter().for_each(|line| self.print(line));
            }
            Progress::Ended { source, how, .. } => {
                self.source = None;
                self.ended = Some(format!("{source}: {how}"));
            }
            Progress::Refused(why) => {
                self.source = None;
                self.is_busy = false;
                self.ended = Some(why);
            }
            Progress::Idle => {
                self.source = None;
                self.is_busy = false;
                self.stopping = false;
            }
        }
    }

    /// Something was asked to run, and nothing more may be until it is done.
    pub fn begin(&mut self) {
        self.is_busy = true;
        self.stopping = false;
    }

    /// Whether something runs or is about to.
    pub fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// How long it has been running at `now`.
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        self.source.as_ref()?;
        Duration::try_from(now.duration_since(self.since?)).ok()
    }

    /// What was printed, the oldest line that is kept first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.lines.iter().map(String::as_str)
    }

    fn print(&mut self, line: String) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

impl Counts {
    /// Looks at a line as cargo, nextest, go, pytest, TAP, mocha, jest, gtest, phpunit and Maven print them.
    pub fn add(&mut self, line: &str) {
        if let Some(totals) = maven(line) {
            *self = totals;
            return;
        }
        let line = line.trim();
        match outcome(line) {
            Some(Kind::Passed) => self.passed += 1,
            Some(Kind::Failed) => self.failed += 1,
            Some(Kind::Skipped) => self.skipped += 1,
            None => {}
        }
    }
}

enum Kind {
    Passed,
    Failed,
    Skipped,
}

fn outcome(line: &str) -> Option<Kind> {
    let starts = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
    let ends = |words: &[&str]| words.iter().any(|word| line.ends_with(word));
    // `test pool::drains ... ok`
    if line.starts_with("test ") && line.contains(" ... ") {
        return match () {
            () if ends(&["... ok"]) => Some(Kind::Passed),
            () if ends(&["... FAILED"]) => Some(Kind::Failed),
            () if line.contains("... ignored") => Some(Kind::Skipped),
            () => None,
        };
    }
    // pytest -v: `tests/test_pool.py::test_drains PASSED [ 50%]`
    if line.contains("::") && line.ends_with("%]") {
        return match () {
            () if line.contains(" PASSED ") => Some(Kind::Passed),
            () if line.contains(" FAILED ") || line.contains(" ERROR ") => Some(Kind::Failed),
            () if line.contains(" SKIPPED ") => Some(Kind::Skipped),
            () => None,
        };
    }
    match () {
        () if starts(&["PASS [", "--- PASS:", "✓ ", "✔ ", "√ ", "[       OK ]"]) => Some(Kind::Passed),
        () if starts(&["FAIL [", "--- FAIL:", "✕ ", "✖ ", "✗ ", "TIMEOUT [", "[  FAILED  ] "]) => failed(line),
        () if starts(&["SKIP [", "--- SKIP:", "[  SKIPPED ]", "○ ", "↓ "]) => Some(Kind::Skipped),
        () if line.starts_with("not ok ") => Some(Kind::Failed),
        () if line.starts_with("ok ") && line.contains("# SKIP") => Some(Kind::Skipped),
        () if line.starts_with("ok ") && line[3..].starts_with(|c: char| c.is_ascii_digit()) => Some(Kind::Passed),
        () => None,
    }
}

/// googletest tells each failure once more at its end, without a time.
fn failed(line: &str) -> Option<Kind> {
    let is_repeated = line.starts_with("[  FAILED  ] ") && !line.ends_with(" ms)");
    if is_repeated { None } else { Some(Kind::Failed) }
}

/// Maven's running sum: `Tests run: 12, Failures: 1, Errors: 0, Skipped: 2`, without a class or a time.
fn maven(line: &str) -> Option<Counts> {
    let rest = line.split_once("Tests run: ")?.1;
    if rest.contains("Time elapsed") {
        return None;
    }
    let number = |key: &str| -> Option<u64> {
        let digits = rest.split_once(key)?.1;
        digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    let all: u64 = rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    let (failed, skipped) = (number("Failures: ")? + number("Errors: ")?, number("Skipped: ")?);
    Some(Counts { passed: all.saturating_sub(failed + skipped), failed, skipped })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(lines: &str) -> [u64; 3] {
        let mut counts = Counts::default();
        lines.lines().for_each(|line| counts.add(line));
        [counts.passed, counts.failed, counts.skipped]
    }

    #[test]
    fn what_runners_print_is_counted() {
        let cases = [
            (
                "running 3 tests\ntest a::b ... ok\ntest c ... FAILED\ntest d ... ignored, slow\ntest result: FAILED. 1 passed",
                [1, 1, 1],
            ),
            (
                "    PASS [   0.1s] pool tests::a\n    FAIL [   0.2s] pool tests::b\n    SKIP [         ] pool c",
                [1, 1, 1],
            ),
            (
                "=== RUN   TestA\n--- PASS: TestA (0.00s)\n    --- FAIL: TestB/x (0.0s)\n--- SKIP: TestC\nok  \tacme/pool\t0.1s",
                [1, 1, 1],
            ),
            ("tests/t.py::a PASSED   [ 33%]\ntests/t.py::b FAILED [ 66%]\ntests/t.py::c SKIPPED (x) [100%]", [1, 1, 1]),
            ("TAP version 13\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no\n1..3", [1, 1, 1]),
            ("  ✓ drains (3 ms)\n  ✕ grows (1 ms)\n  ○ skipped later", [1, 1, 1]),
            ("[       OK ] P.a (0 ms)\n[  FAILED  ] P.b (0 ms)\n[  SKIPPED ] P.c (0 ms)\n[  FAILED  ] P.b", [1, 1, 1]),
            (
                "[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s -- in T\n[ERROR] Tests run: 5, Failures: 1, Errors: 1, Skipped: 1",
                [2, 2, 1],
            ),
            ("compiling\nokay\nok\nnot okay", [0, 0, 0]),
        ];
        for (lines, expected) in cases {
            assert_eq!(counted(lines), expected, "{lines}");
        }
    }

    #[test]
    fn the_last_lines_are_kept_and_a_new_run_begins_anew() {
        let mut live = Live::default();
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let started = || Progress::Started { source: "unit".into(), command: "[\"x\"]".into(), at };
        live.take(started());
        let counts = Counts { passed: 1_000, ..Counts::default() };
        live.take(Progress::Printed { lines: (0..1_000).map(|n| format!("ok {n}")).collect(), counts });
        assert_eq!((live.lines().len(), live.lines().next_back(), live.counts), (LINES, Some("ok 999"), counts));
        live.take(Progress::Ended { source: "unit".into(), how: "it ended with 0".into(), is_good: true });
        assert!(live.is_busy() && live.source.is_none() && live.lines().len() == LINES, "its output stays");
        live.take(Progress::Idle);
        assert!(!live.is_busy());
        live.take(started());
        assert!(live.lines().len() == 0 && live.counts == Counts::default());
    }
}
