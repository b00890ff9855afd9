//! The open suites of a JUnit report: their names, times and claims.

use super::Attributes;
use super::attributes::unescape;
use super::property::Properties;
use crate::test_results::model::Totals;
use crate::test_results::tally::{self, Tally};

/// Between the names of nested suites.
pub const SEPARATOR: &str = " > ";
/// Bytes kept of the names of all suites that are open.
const PATH_CAP: usize = 4 * 1024;

#[derive(Debug, Default)]
struct Frame {
    /// Length of the path without this suite.
    outer: usize,
    /// What was counted before it.
    before: Counts,
    claims_tests: Option<u64>,
    claims_bad: Option<u64>,
    stated: Option<f64>,
    summed: Option<f64>,
    /// Cases in it that no property of an inner suite attributes to a commit.
    uncovered: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    tests: u64,
    bad: u64,
    attempts: u64,
}

/// The open suites, and what their attributes claim.
#[derive(Debug, Default)]
pub struct Suites {
    open: Vec<Frame>,
    path: String,
    duration: Option<f64>,
    attempts: u64,
    uncovered: u64,
    claims_more: u64,
    disagree: Option<String>,
    disagreements: u64,
}

impl Suites {
    /// A suite (or the root above all, which gives no name) begins.
    pub fn open(&mut self, has_name: bool, attributes: &Attributes<'_>, totals: &Totals) {
        let mut frame = Frame { outer: self.path.len(), before: self.counts(totals), ..Frame::default() };
        for (key, value) in attributes.clone() {
            match key {
                "name" if has_name => self.enter(&unescape(value)),
                "tests" => frame.claims_tests = number(value),
                "failures" | "errors" => frame.claims_bad = add(frame.claims_bad, number(value)),
                "time" => frame.stated = seconds(value),
                _ => {}
            }
        }
        self.open.push(frame);
    }

    fn enter(&mut self, name: &str) {
        let room = PATH_CAP.saturating_sub(self.path.len());
        if !self.path.is_empty() && !name.is_empty() && room > 0 {
            self.path.push_str(SEPARATOR);
        }
        self.path.push_str(tally::cut(name, room));
    }

    fn counts(&self, totals: &Totals) -> Counts {
        Counts { tests: totals.tests, bad: totals.failed + totals.errored, attempts: self.attempts }
    }

    /// The innermost suite ends: its claims are compared with what was seen in it.
    pub fn close(&mut self, tally: &mut Tally, properties: &mut Properties) {
        let is_covered = properties.leave(self.open.len());
        let Some(frame) = self.open.pop() else { return };
        let now = self.counts(&tally.totals);
        self.compare(&frame, now);
        self.path.truncate(frame.outer);
        self.pass_up(frame.stated.or(frame.summed), if is_covered { 0 } else { frame.uncovered });
    }

    /// The document ends inside the innermost suite: its claims cannot be compared.
    pub fn abandon(&mut self) {
        if let Some(frame) = self.open.pop() {
            self.path.truncate(frame.outer);
            self.pass_up(frame.stated.or(frame.summed), frame.uncovered);
        }
    }

    fn pass_up(&mut self, time: Option<f64>, uncovered: u64) {
        self.add_time(time);
        match self.open.last_mut() {
            Some(outer) => outer.uncovered += uncovered,
            None => self.uncovered += uncovered,
        }
    }

    /// Attempts that the report marks as such explain a surplus: Surefire counts each in the attributes.
    fn compare(&mut self, frame: &Frame, now: Counts) {
        let (tests, bad) = (now.tests - frame.before.tests, now.bad - frame.before.bad);
        let attempts = now.attempts - frame.before.attempts;
        let claimed_bad = frame.claims_bad.unwrap_or(bad);
        let claimed_tests = frame.claims_tests.unwrap_or(tests);
        self.claims_more += u64::from(claimed_bad > bad + attempts);
        if (claimed_bad, claimed_tests) != (bad, tests) {
            self.disagreements += 1;
            let name = if self.path.is_empty() { "the root" } else { &self.path };
            let failures = match frame.claims_bad {
                Some(claimed) => (format!(" and {claimed} failures"), format!(" and {bad}")),
                None => Default::default(),
            };
            self.disagree.get_or_insert_with(|| {
                format!("{name} claims {claimed_tests} tests{}, its cases show {tests}{}", failures.0, failures.1)
            });
        }
    }

    /// A case was counted in the innermost suite.
    pub fn counted(&mut self) {
        match self.open.last_mut() {
            Some(frame) => frame.uncovered += 1,
            None => self.uncovered += 1,
        }
    }

    /// The report shows one more attempt at a case.
    pub fn attempted(&mut self) {
        self.attempts += 1;
    }

    /// A case, or a suite, took so long.
    pub fn add_time(&mut self, time: Option<f64>) {
        let sum = self.open.last_mut().map_or(&mut self.duration, |frame| &mut frame.summed);
        if let Some(time) = time {
            *sum = Some(sum.unwrap_or(0.0) + time);
        }
    }

    /// Whether a suite that is open states its time, so that those of its cases do not matter.
    pub fn state_time(&self) -> bool {
        self.open.iter().any(|frame| frame.stated.is_some())
    }

    /// The names of the open suites.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How many are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Seconds: as the outermost suite that states a time says, else the sum of what it holds.
    pub fn duration(&self) -> Option<f64> {
        self.duration
    }

    /// Whether a suite claims more failures than its cases show.
    pub fn claims_more(&self) -> bool {
        self.claims_more > 0
    }

    /// Cases that no property attributes to a commit.
    pub fn uncovered(&self) -> u64 {
        self.uncovered
    }

    /// Says how the claims differ from the cases.
    pub fn report(&self, tally: &mut Tally) {
        let Some(first) = &self.disagree else { return };
        let more = match self.disagreements {
            1 => String::new(),
            n => format!(" (and {} more suites)", n - 1),
        };
        tally.warn(format!("attributes disagree with cases, the cases count: {first}{more}"));
    }
}

fn add(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    }
}

/// A count, with commas between thousands.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.replace(',', "").parse().ok())
}

/// A `time` attribute: seconds, with commas between thousands or before the fraction.
pub fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = text.parse::<f64>().ok();
    let value = plain.or_else(|| {
        let decimal = !text.contains('.') && text.rsplit_once(',').is_some_and(|(_, tail)| tail.len() != 3);
        text.replace(',', if decimal { "." } else { "" }).parse().ok()
    })?;
    (value.is_finite() && value >= 0.0).then_some(value)
}
