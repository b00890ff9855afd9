//! Results that were seen before: of the production commit, and of this one in an earlier run.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::baseline::fingerprint;
use super::cases::{self, SEPARATOR};
use super::model::{Report, Run};
use super::tally::Outcome;
use crate::evidence::Oid;

/// Results of one commit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// Which commit.
    pub subject: Option<Oid>,
    /// By the source's name.
    pub sources: BTreeMap<String, Source>,
}

/// Results of one source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Source {
    /// How many tests there were.
    pub tests: u64,
    /// How many of them did not run.
    pub not_run: u64,
    /// Whether each is listed.
    pub is_listed: bool,
    /// By identity.
    pub cases: HashMap<String, Case>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// How it ended last.
    #[serde(rename = "o")]
    pub last: Ended,
    /// Whether it ever passed on this commit.
    #[serde(rename = "p", default)]
    pub passed: bool,
    /// Whether it ever failed on this commit.
    #[serde(rename = "f", default)]
    pub failed: bool,
    /// How long it took, in milliseconds.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<u32>,
    /// How it failed, without what changes from run to run.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// How a test ended, as far as a comparison cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// It passed.
    #[serde(rename = "p")]
    Passed,
    /// It failed.
    #[serde(rename = "f")]
    Failed,
    /// It did not run.
    #[serde(rename = "s")]
    NotRun,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed | Outcome::Flaky => Self::Passed,
            Outcome::Failed | Outcome::Errored => Self::Failed,
            Outcome::Skipped | Outcome::Disabled => Self::NotRun,
        }
    }
}

/// Numbers equal identities, so that the second of a name is not taken for the first.
#[derive(Debug, Default)]
pub struct Ordinals(HashMap<String, usize>);

impl Ordinals {
    /// The identity with its number, from the second on.
    pub fn of(&mut self, id: &str) -> String {
        if let Some(n) = self.0.get_mut(id) {
            *n += 1;
            return format!("{id}{SEPARATOR}#{n}");
        }
        self.0.insert(id.to_owned(), 1);
        id.to_owned()
    }
}

impl Past {
    /// What a report says of a commit; without one, of whatever it is about. A source counts only with all of its runs, each
    /// there to its end and none of them on a work tree with changes.
    pub fn of(report: &Report, commit: Option<&Oid>) -> Self {
        let subject = commit.or(report.subject.as_ref()).cloned();
        let mut past = Self { subject, ..Self::default() };
        let is_wanted = |run: &&Run| {
            run.complete && run.dirty != Some(true) && (commit.is_none() || run.subject.as_ref() == commit)
        };
        let names: BTreeSet<&String> = report.runs.iter().map(|run| &run.name).collect();
        for name in names {
            let runs: Vec<&Run> = report.runs.iter().filter(|run| run.name == *name).collect();
            let is_whole = runs.iter().all(is_wanted);
            // A server's checks have to be at their end, and are no tests.
            let runs: Vec<&Run> = runs.into_iter().filter(|run| !run.counts_checks()).collect();
            if is_whole && runs.iter().any(|run| run.totals.tests > 0) {
                past.sources.insert(name.clone(), source(&runs, report, name));
            }
        }
        past
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// How many tests are known.
    pub fn len(&self) -> usize {
        self.sources.values().map(|source| source.cases.len()).sum()
    }

    /// Takes in a later look at the same commit.
    pub fn merge(&mut self, later: Self) {
        for (name, mut source) in later.sources {
            if let Some(old) = self.sources.get(&name) {
                for (id, case) in &mut source.cases {
                    let Some(before) = old.cases.get(id) else { continue };
                    case.passed |= before.passed;
                    case.failed |= before.failed;
                }
            }
            self.sources.insert(name, source);
        }
    }
}

fn source(runs: &[&Run], report: &Report, name: &str) -> Source {
    let mut ordinals = Ordinals::default();
    let failures = report.failures.iter().filter(|failure| failure.run == name && !failure.check);
    let mut fingerprints: HashMap<String, String> =
        failures.map(|f| (ordinals.of(&cases::id(&f.suite, &f.class, &f.name)), fingerprint(&f.message))).collect();
    let mut failing = Ordinals::default();
    let mut all = Ordinals::default();
    let mut source = Source {
        tests: runs.iter().map(|run| run.totals.tests).sum(),
        not_run: runs.iter().map(|run| run.totals.skipped + run.totals.disabled).sum(),
        is_listed: runs.iter().all(|run| run.cases.left_out == 0 && run.cases.len() as u64 == run.totals.tests),
        cases: HashMap::new(),
    };
    for case in runs.iter().flat_map(|run| run.cases.iter()) {
        let last = Ended::from(case.outcome);
        // Fingerprints are numbered among the failures alone.
        let fingerprint = if last == Ended::Failed { fingerprints.remove(&failing.of(case.id)) } else { None };
        let (passed, failed) = (last == Ended::Passed, last == Ended::Failed || case.outcome == Outcome::Flaky);
        source.cases.insert(all.of(case.id), Case { last, passed, failed, millis: case.millis, fingerprint });
    }
    // Sources that list their failures alone.
    for (id, fingerprint) in fingerprints {
        let fingerprint = Some(fingerprint);
        source.cases.insert(id, Case { last: Ended::Failed, passed: false, failed: true, millis: None, fingerprint });
    }
    source
}
