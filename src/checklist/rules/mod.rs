//! What evidence says of an item: one small function for each rule, one for each condition.
//!
//! A rule answers with a [`Finding`]. Where evidence speaks, it decides: a tick does not outweigh it,
//! and only an override passes the gate. Where it cannot say, a person may.

mod asked;
mod assess;
mod deploy;
mod develop;
mod eyes;
mod monitor;
mod tests_green;

use jiff::Timestamp;
use serde::Deserialize;

use super::check::Expected;
use super::items::Item;
use super::model::{Inputs, Seen};
use crate::change::model::{FactState, Report as ChangeReport};
use crate::evidence::{Evidence, Freshness, Observed};

/// What a piece of evidence means for an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The item is satisfied.
    Holds,
    /// Fresh evidence speaks against it.
    Fails,
    /// The evidence is too old, or about another commit.
    Stale,
    /// Fresh evidence says: not yet.
    Unmet,
    /// Evidence cannot say: a person may.
    Asks,
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it means.
    pub outcome: Outcome,
    /// One sentence, without ages: they change while nothing happens.
    pub why: String,
    /// What it looked at. Boxed, so that a rule that gives up early hands little around.
    pub seen: Option<Box<Seen>>,
    /// Whether data alone is missing, which comes by itself.
    pub awaits_data: bool,
    /// What the note of a tick must name before the tick counts.
    pub to_name: Vec<String>,
    /// Whether it fails for want of other persons, so that one who is alone can only break the glass.
    pub alone: bool,
}

/// A rule that gives up early returns its finding as the error: `?` then ends it.
type Found = Result<Finding, Finding>;

impl Finding {
    fn new(outcome: Outcome, why: impl Into<String>) -> Self {
        Self { outcome, why: why.into(), seen: None, awaits_data: false, to_name: Vec::new(), alone: false }
    }

    fn holds(why: impl Into<String>) -> Self {
        Self::new(Outcome::Holds, why)
    }

    fn fails(why: impl Into<String>) -> Self {
        Self::new(Outcome::Fails, why)
    }

    fn stale(why: impl Into<String>) -> Self {
        Self::new(Outcome::Stale, why)
    }

    fn unmet(why: impl Into<String>) -> Self {
        Self::new(Outcome::Unmet, why)
    }

    /// Unmet, and data alone is missing.
    fn waits(why: impl Into<String>) -> Self {
        Self { awaits_data: true, ..Self::new(Outcome::Unmet, why) }
    }

    /// A person is asked.
    pub(super) fn asks(why: impl Into<String>) -> Self {
        Self::new(Outcome::Asks, why)
    }

    fn with(mut self, seen: Seen) -> Self {
        self.seen = Some(Box::new(seen));
        self
    }
}

/// The rules that an item may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The incident has a ticket.
    Ticket,
    /// The first assessment question is answered.
    Impact,
    /// The second one is.
    Users,
    /// The third one is.
    Workaround,
    /// The severity is set.
    Severity,
    /// The three roles are taken.
    Roles,
    /// Rolling back was weighed against fixing forward.
    WayChosen,
    /// A notice was sent.
    FirstNotice,
    /// The hotfix starts at production.
    Base,
    /// Nothing else is in it.
    OnlyThisFix,
    /// It is small.
    Minimal,
    /// It touches sensitive paths.
    SensitivePaths,
    /// It changes a test.
    TestChanged,
    /// The tests of this commit pass.
    TestsGreen,
    /// Tests are red.
    RedTests,
    /// Whoever vouches for the review wrote none of it.
    SecondPairOfEyes,
    /// Nothing is left uncommitted or unpushed.
    CleanAndPushed,
    /// There is a plan to go back.
    RollbackPlan,
    /// It was rehearsed.
    Rehearsed,
    /// A notice was sent since the deploy stage began.
    DeployNotice,
    /// No other hotfix is under way.
    NoRival,
    /// What is deployed is what was tested.
    SameCommit,
    /// The canary was watched long enough, and is healthy.
    Canary,
    /// Somebody decided to go on.
    GoDecided,
    /// The release is tagged.
    Tagged,
    /// The metrics were healthy for the soak time.
    Soaked,
    /// The fix reached every target.
    BackMerged,
    /// The end was announced.
    ResolvedNotice,
    /// The timeline and the draft were written to files.
    Exported,
    /// The day of the review is known, and near enough.
    ReviewScheduled,
}

impl Rule {
    /// Looks at the evidence.
    pub fn check(self, inputs: &Inputs, item: &Item) -> Finding {
        let found = match self {
            Self::Ticket => assess::ticket(inputs),
            Self::Impact => assess::impact(inputs),
            Self::Users => assess::users(inputs),
            Self::Workaround => assess::workaround(inputs),
            Self::Severity => assess::severity(inputs),
            Self::Roles => assess::roles(inputs),
            Self::WayChosen => assess::way_chosen(inputs),
            Self::FirstNotice => assess::first_notice(inputs),
            Self::Base => develop::base(inputs),
            Self::OnlyThisFix => develop::only_this_fix(inputs),
            Self::Minimal => develop::minimal(inputs),
            Self::SensitivePaths => develop::sensitive_paths(inputs),
            Self::TestChanged => develop::test_changed(inputs),
            Self::TestsGreen => tests_green::tests_green(inputs),
            Self::RedTests => tests_green::red_tests(inputs),
            Self::SecondPairOfEyes => eyes::second_pair_of_eyes(inputs, item),
            Self::CleanAndPushed => develop::clean_and_pushed(inputs),
            Self::RollbackPlan => deploy::rollback_plan(inputs),
            Self::Rehearsed => deploy::rehearsed(inputs, item),
            Self::DeployNotice => deploy::deploy_notice(inputs),
            Self::NoRival => deploy::no_rival(inputs),
            Self::SameCommit => deploy::same_commit(inputs),
            Self::Canary => deploy::canary(inputs),
            Self::GoDecided => deploy::go_decided(inputs),
            Self::Tagged => deploy::tagged(inputs),
            Self::Soaked => monitor::soaked(inputs),
            Self::BackMerged => monitor::back_merged(inputs),
            Self::ResolvedNotice => monitor::resolved_notice(inputs),
            Self::Exported => monitor::exported(inputs),
            Self::ReviewScheduled => monitor::review_scheduled(inputs, item),
        };
        found.unwrap_or_else(|finding| finding)
    }
}

/// What the canary says, in the words of its worst metric.
pub fn canary_sentence(report: &crate::canary::model::Report) -> String {
    deploy::worst(report)
}

/// What the answer of a team's own check says of its item.
pub fn asked(inputs: &Inputs, item: &Item, expected: &Expected) -> Finding {
    asked::asked(inputs, item, expected).unwrap_or_else(|finding| finding)
}

/// Who approved the tip where the code is hosted, and who told of it.
pub fn approved<'a>(inputs: &Inputs<'a>) -> Option<(&'a str, &'a str)> {
    eyes::approval(inputs).map(|(source, approval)| (source, approval.by.as_str()))
}

/// What an item may have a gate for each of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// Each class of sensitive paths that the change touches.
    SensitiveClasses,
    /// Each branch that the fix must reach.
    Targets,
}

impl Rows {
    /// Name and finding of each row, by the last answer of its source; none before there was one.
    pub fn findings(self, inputs: &Inputs) -> Vec<(String, Finding)> {
        match self {
            Self::SensitiveClasses => develop::sensitive_rows(inputs),
            Self::Targets => monitor::target_rows(inputs),
        }
    }
}

/// The conditions that an item may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// The change is far over any limit.
    Oversized,
    /// It touches sensitive paths.
    SensitivePaths,
    /// It touches what a rollback cannot give back.
    IrreversiblePaths,
    /// A test is known to be red.
    RedTests,
    /// A canary is configured, and its time is not over.
    CanaryRuns,
}

impl Condition {
    /// `Err` with the reason when it does not hold. What cannot be told holds: fail closed.
    ///
    /// # Errors
    /// One sentence: why it does not hold.
    pub fn holds(self, inputs: &Inputs) -> Result<(), String> {
        match self {
            Self::Oversized => develop::oversized(inputs),
            Self::SensitivePaths => develop::touches_sensitive(inputs),
            Self::IrreversiblePaths => develop::touches_irreversible(inputs),
            Self::RedTests => tests_green::has_red(inputs),
            Self::CanaryRuns => deploy::canary_runs(inputs),
        }
    }
}

/// The fresh value of a source that is set up, or what its absence means. `name` begins the sentence.
fn fresh<'a, T>(observed: &'a Observed<T>, now: Timestamp, name: &str) -> Result<&'a Evidence<T>, Finding> {
    if let Some(evidence) = observed.fresh(now) {
        return Ok(evidence);
    }
    let failure = observed.failure().map_or_else(String::new, |failure| format!(": {}", failure.what));
    Err(match (observed.evidence(), observed.freshness(now)) {
        (Some(evidence), _) => {
            let value = "too old to be believed".to_owned();
            Finding::stale(format!("{name}: the last answer is too old{failure}")).with(about(evidence, value))
        }
        (None, Freshness::Failed) => Finding::waits(format!("{name}: no answer{failure}")),
        (None, Freshness::Loading) => Finding::waits(format!("{name}: the first answer is awaited")),
        (None, _) => Finding::waits(format!("{name}: nothing was asked yet")),
    })
}

/// A piece of evidence as the gate shows it.
fn about<T>(evidence: &Evidence<T>, value: impl Into<String>) -> Seen {
    Seen {
        source: evidence.source.clone(),
        subject: evidence.subject.commit.clone().or_else(|| evidence.subject.tree.clone()),
        observed_at: Some(evidence.observed_at),
        ttl_s: Some(evidence.ttl.as_secs()),
        value: Some(value.into()),
    }
}

/// Something that the journal holds: it does not age.
fn journaled(at: Option<Timestamp>, value: impl Into<String>) -> Seen {
    Seen { source: "journal".into(), subject: None, observed_at: at, ttl_s: None, value: Some(value.into()) }
}

fn git<'a>(inputs: &Inputs<'a>) -> Result<&'a Evidence<ChangeReport>, Finding> {
    fresh(inputs.change, inputs.now, "git")
}

/// Whether a fact lets an item hold: ok holds, bad fails, and what is to be looked at or unknown asks a person.
fn fact(report: &Evidence<ChangeReport>, id: &str, missing: &str) -> Found {
    let Some(fact) = report.value.fact(id) else { return Err(Finding::asks(missing)) };
    let seen = about(report, format!("{id} {}: {}", fact.name, fact.value));
    let finding = match fact.state {
        FactState::Ok => return Ok(Finding::holds(fact.why.clone()).with(seen)),
        FactState::Unknown | FactState::Warn => Finding::asks(fact.why.clone()),
        FactState::Bad => Finding::fails(fact.why.clone()),
    };
    Err(finding.with(seen))
}

/// `a, b, c and 2 more`.
pub(super) fn first_of(names: &[&str]) -> String {
    const SHOWN: usize = 3;
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}

/// `1 file`, `2 files`.
fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
