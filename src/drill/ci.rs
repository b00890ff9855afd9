//! The pretended CI: its runs, and the JUnit report of the newest one, which grows while the run goes on (pure).

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::moment::Moment;
use super::random::Random;
use super::scenario::{CiRun, Scenario, Tests};
use crate::evidence::Oid;

/// What the tests of the service are called, over and over.
const SUBJECTS: [&str; 8] =
    ["cart totals", "coupon", "payment retry", "payment timeout", "refund", "tax", "currency", "receipt"];
/// The stream of chance that flaky tests draw from.
const FLAKES: u64 = 5;

/// The CI.
#[derive(Debug, Clone)]
pub struct Ci {
    planned: Vec<CiRun>,
    tests: Tests,
    random: Random,
    newest: Option<Run>,
    commit: Option<Oid>,
    reruns: Vec<Moment>,
    mended_at: Option<Moment>,
}

/// One run of the tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// When it started.
    pub at: Moment,
    /// How long it takes.
    pub takes: Moment,
    /// How many tests it has.
    pub tests: u32,
    /// The tests that come out red.
    pub red: Vec<Red>,
    /// What it tests; `None` is the tip of the start.
    pub commit: Option<Oid>,
}

/// A test that comes out red.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Red {
    /// Its name.
    pub name: String,
    /// What the report says of it.
    pub says: String,
}

impl Ci {
    /// The CI of a scenario, with the chance of `seed`.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let (planned, tests) = (scenario.ci.clone(), scenario.tests.clone());
        let random = Random::new(seed, FLAKES);
        Self { planned, tests, random, newest: None, commit: None, reruns: Vec::new(), mended_at: None }
    }

    /// Starts the run that is due now by itself, if one is.
    pub fn begin_due(&mut self, now: Moment) {
        let Some(run) = self.planned.iter().find(|run| run.at == now).cloned() else { return };
        self.begin(now, run.takes, run.tests, &run.red);
    }

    /// Starts a run because somebody wants one. Returns when it will have ended.
    pub fn rerun(&mut self, now: Moment) -> Moment {
        self.reruns.push(now);
        self.begin_by_chance(now);
        now.later(self.tests.takes)
    }

    /// Starts a run for a new commit.
    pub fn push(&mut self, now: Moment, commit: Oid, mends: bool) {
        self.commit = Some(commit);
        self.mended_at = self.mended_at.filter(|_| mends).or_else(|| mends.then_some(now));
        self.begin_by_chance(now);
    }

    fn begin_by_chance(&mut self, now: Moment) {
        let Self { tests, random, .. } = self;
        let flaky = tests.flaky.iter().filter(|it| random.happens(f64::from(it.red) / f64::from(it.of.max(1))));
        let red: Vec<String> = tests.real.iter().cloned().chain(flaky.map(|it| it.name.clone())).collect();
        self.begin(now, self.tests.takes, self.tests.count, &red);
    }

    fn begin(&mut self, at: Moment, takes: Moment, tests: u32, red: &[String]) {
        let is_red = |name: &&String| self.mended_at.is_none() || !self.tests.real.contains(name);
        let red = red.iter().filter(is_red).map(|name| Red { name: name.clone(), says: self.says(name) }).collect();
        self.newest = Some(Run { at, takes, tests, red, commit: self.commit.clone() });
    }

    /// A CI that keeps a history says in each failure what it knows of the test.
    fn says(&self, name: &str) -> String {
        match self.tests.flaky.iter().find(|it| it.name == name) {
            Some(it) => format!(
                "timed out waiting for the test bank; history: red in {} of the last {} runs of main",
                it.red, it.of
            ),
            None if self.tests.flaky.is_empty() => "expected 200, was 502".into(),
            None => "expected 200, was 502; history: red in 0 of the last 40 runs of main".into(),
        }
    }

    /// The newest run.
    pub fn newest(&self) -> Option<&Run> {
        self.newest.as_ref()
    }

    /// When somebody let the tests run again.
    pub fn reruns(&self) -> &[Moment] {
        &self.reruns
    }

    /// When a commit came that mends what makes tests red.
    pub fn mended_at(&self) -> Option<Moment> {
        self.mended_at
    }

    /// The tests that are red now and then, as the CI knows them.
    pub fn tests(&self) -> &Tests {
        &self.tests
    }
}

impl Run {
    /// Its report as far as it is written at `now`; `tip` is the tip of the start.
    pub fn report(&self, now: Moment, epoch: Timestamp, tip: &Oid) -> Option<String> {
        let passed = now.secs().checked_sub(self.at.secs())?;
        let done = u64::from(self.tests) * passed.min(self.takes.secs()) / self.takes.secs().max(1);
        let started = epoch.checked_add(SignedDuration::try_from(self.at.duration()).ok()?).ok()?;
        let mut out = head(started, self.commit.as_ref().unwrap_or(tip));
        for number in 0..u32::try_from(done).unwrap_or(self.tests) {
            self.case(&mut out, number as usize);
        }
        if passed >= self.takes.secs() {
            let code = u8::from(!self.red.is_empty());
            let _ = writeln!(out, "    <properties><property name=\"exit_code\" value=\"{code}\"/></properties>");
            out.push_str("  </testsuite>\n</testsuites>\n");
        }
        Some(out)
    }

    fn case(&self, out: &mut String, index: usize) {
        let name = self.name(index);
        let _ = write!(
            out,
            "    <testcase classname=\"checkout\" name=\"{}\" time=\"0.{:03}\"",
            escaped(&name),
            20 + index * 7 % 180
        );
        let red = self.red.iter().find(|red| red.name == name);
        match red.map(|red| escaped(&red.says)) {
            Some(says) => {
                let _ = writeln!(out, "><failure message=\"{says}\">{says}</failure></testcase>");
            }
            None => out.push_str("/>\n"),
        }
    }

    /// The red tests come first, so that they are seen early; each test comes once.
    fn name(&self, index: usize) -> String {
        if let Some(red) = self.red.get(index) {
            return red.name.clone();
        }
        let usual = (0..).map(|it| format!("{} {}", SUBJECTS[it % SUBJECTS.len()], it / SUBJECTS.len() + 1));
        let mut green = usual.filter(|name| self.red.iter().all(|red| red.name != *name));
        green.nth(index - self.red.len()).unwrap_or_default()
    }
}

fn head(started: Timestamp, commit: &Oid) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"unit\" timestamp=\"{started}\">\n    \
         <properties><property name=\"git.commit\" value=\"{commit}\"/><property name=\"git.dirty\" value=\"false\"/>\
         </properties>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
#[path = "ci_tests.rs"]
mod tests;
