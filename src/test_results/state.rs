//! What the room knows.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::green::{self, Claim, Green, Question};
use super::live::{Live, Progress, called};
use super::model::{Branch, Report, RunState};
use super::past::Past;
use super::quarantine;
use super::{baseline, cases};
use crate::config::schema::TestSource;
use crate::evidence::text::clean;
use crate::evidence::{Observation, Observed, Oid, Subject, SubjectMatch};
use crate::incident::entry::Acceptance;

/// Slow tests that are told.
const SLOWEST: usize = 5;
/// What is not slow, in milliseconds.
const QUICK: u32 = 100;
/// Report files that are remembered, so that one that disappears is missed.
const REMEMBERED: usize = 10_000;

/// Everything that the room's pane draws and its verdict rests on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// What the source reads.
    pub report: Observed<Report>,
    head: Subject,
    /// How HEAD stands beside its branch on the remote, as git told last.
    branch: Option<Branch>,
    /// The commit that production runs.
    production: Option<Oid>,
    /// Results of the production commit, where the source did not compare with them.
    baseline: Option<Past>,
    /// Tests that were started from here.
    pub live: Live,
    /// Files that were seen since HEAD is where it is, and their source; not those of other commits.
    seen: BTreeMap<String, String>,
    /// Source and file of those that are not there any more.
    gone: Vec<(String, String)>,
    slowest: Vec<Slow>,
    /// What was last accepted, of whatever commit.
    accepted: Option<Acceptance>,
}

/// A test that took long.
#[derive(Debug, Clone, PartialEq)]
pub struct Slow {
    /// Its source.
    pub run: String,
    /// Its name, with its class.
    pub name: String,
    /// How long it took.
    pub seconds: f64,
}

impl State {
    /// Takes in what the source tells. Returns whether the picture may have changed.
    pub fn update(&mut self, mut observation: Observation<Report>, now: Timestamp) -> bool {
        if let Observation::Seen(_, evidence) = &mut observation {
            if let Some(baseline) = &self.baseline {
                baseline::classify_by_files(&mut evidence.value, baseline);
            }
            quarantine::apply(&mut evidence.value, now);
        }
        let changed = self.report.observe(observation);
        if changed {
            self.remember();
            self.slowest = self.report.value().map(slowest).unwrap_or_default();
        }
        changed
    }

    /// The results of production, with which every report that comes from now on is compared.
    pub fn set_baseline(&mut self, baseline: Option<Past>) {
        self.baseline = baseline;
    }

    /// The commit that production runs, as last told.
    pub fn production(&self) -> Option<&Oid> {
        self.production.as_ref()
    }

    /// The tests that took longest, the slowest first.
    pub fn slowest(&self) -> &[Slow] {
        &self.slowest
    }

    /// The commit that production runs. Returns whether that is news.
    pub fn set_production(&mut self, production: Option<Oid>) -> bool {
        let is_news = self.production != production;
        self.production = production;
        is_news
    }

    /// Takes in what becomes of tests that were started from here.
    pub fn progress(&mut self, progress: Progress) {
        self.live.take(progress);
    }

    /// The commit to be shipped is another. Returns whether that is news. What was green for the old one is not for this one.
    pub fn set_head(&mut self, head: Subject) -> bool {
        if self.head == head {
            return false;
        }
        self.head = head;
        self.seen.clear();
        self.remember();
        true
    }

    /// What the journal says was last accepted.
    pub fn set_accepted(&mut self, accepted: Option<Acceptance>) {
        self.accepted = accepted;
    }

    /// What a person could accept of the verdict; `None` if nothing could be, or it is already.
    pub fn claim(&self, now: Timestamp) -> Option<Claim> {
        Claim::of(&self.verdict(&self.head, now).missing, self.report.value()?, &self.head)
    }

    /// How HEAD stands beside its branch on the remote; what the reports' own look at git told counts without it.
    pub fn set_branch(&mut self, branch: Option<Branch>) {
        self.branch = branch;
    }

    /// The commit to be shipped, as last told.
    pub fn head(&self) -> &Subject {
        &self.head
    }

    /// Whether the tests of `head` are proven to pass at `now`.
    pub fn verdict(&self, head: &Subject, now: Timestamp) -> Green {
        let gone = if *head == self.head { self.gone.as_slice() } else { &[] };
        let branch = self.branch.as_ref();
        let running = self.live.source.as_deref().map(|source| (source, self.live.counts.failed));
        let accepted = self.accepted.as_ref();
        green::judge(&Question { accepted, report: &self.report, gone, head, branch, running, now })
    }

    /// Those of these sources whose tests run in an org.
    pub fn orgs_at_work(&self, sources: &[TestSource]) -> Vec<String> {
        let runs = || self.report.value().into_iter().flat_map(|report| &report.runs);
        let runs_there = |name: &str| runs().any(|run| run.name == name && run.state == RunState::Running);
        let orgs = sources.iter().filter(|source| source.salesforce.is_some());
        orgs.map(|source| source.name.clone()).filter(|name| runs_there(&clean(name))).collect()
    }

    /// A failure does not go away with its file.
    fn remember(&mut self) {
        let Some(report) = self.report.value() else { return };
        for run in report.runs.iter().filter(|run| green::subject(run).relates_to(&self.head) != SubjectMatch::Other) {
            // A run that goes on, or wrote no report, is no file: it is followed by its reports.
            if self.seen.len() < REMEMBERED && run.source != called(&run.name) {
                self.seen.insert(run.source.clone(), run.name.clone());
            }
        }
        let present: HashSet<&String> = report.runs.iter().map(|run| &run.source).collect();
        let gone = self.seen.iter().filter(|(file, _)| !present.contains(file));
        self.gone = gone.map(|(file, name)| (name.clone(), file.clone())).collect();
    }
}

/// Of the cases that the reports list.
fn slowest(report: &Report) -> Vec<Slow> {
    let mut found: Vec<(u32, &str, &str)> = Vec::new();
    for run in &report.runs {
        for case in run.cases.iter() {
            let least = if found.len() < SLOWEST { QUICK } else { found.last().map_or(QUICK, |(millis, ..)| *millis) };
            let Some(millis) = case.millis.filter(|millis| *millis > least) else { continue };
            let place = found.partition_point(|(other, ..)| *other >= millis);
            found.insert(place, (millis, &run.name, case.id));
            found.truncate(SLOWEST);
        }
    }
    let slow = |(millis, run, id): (u32, &str, &str)| Slow {
        run: run.to_owned(),
        name: cases::shown(id),
        seconds: f64::from(millis) / 1000.0,
    };
    found.into_iter().map(slow).collect()
}
