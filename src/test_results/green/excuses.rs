//! Which failures of a source are red, and which are told and excused.

use super::{Light, fails, subject};
use crate::evidence::{Subject, SubjectMatch};
use crate::test_results::model::{Report, Run, Standing, Wanted};
use crate::test_results::proof::FlakyPolicy;

/// The failures of a source, by what they come to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weighed {
    /// Red: new, changed, expired, or not told one by one.
    pub red: u64,
    preexisting: u64,
    flaky: u64,
    quarantined: u64,
    expired: u64,
    /// Whether every report is there to its end.
    whole: bool,
    /// Tests that passed at a later attempt.
    retried: u64,
}

impl Weighed {
    /// Weighs the runs of a source that are about `head`. Excuses count only if all of them are: the list of failures does not
    /// tell whose they are.
    pub fn of(source: &Wanted, report: &Report, runs: &[&Run], head: &Subject) -> Self {
        let is_other = |run: &&&Run| subject(run).relates_to(head) == SubjectMatch::Other;
        let others = runs.iter().filter(is_other).count();
        let about: Vec<&&Run> = runs.iter().filter(|run| !is_other(run)).collect();
        let bad: u64 = about.iter().map(|run| run.totals.bad()).sum();
        let count = |wanted: Standing| {
            let is = |f: &&crate::test_results::model::TestFailure| f.run == source.name && f.standing == Some(wanted);
            if others > 0 { 0 } else { report.failures.iter().filter(is).count() as u64 }
        };
        let mut weighed = Self {
            red: 0,
            preexisting: count(Standing::PreExisting),
            flaky: count(Standing::Flaky),
            quarantined: count(Standing::Quarantined),
            expired: count(Standing::Expired),
            whole: about.iter().all(|run| run.complete),
            retried: about.iter().map(|run| run.totals.flaky).sum(),
        };
        let excused = weighed.preexisting + weighed.quarantined + weighed.flaky;
        weighed.red = bad.saturating_sub(excused);
        weighed
    }

    /// Whether failures that are excused are reason enough for a command to end with another code than 0.
    pub fn explains_exit(&self) -> bool {
        self.whole && self.red == 0 && self.preexisting + self.quarantined + self.flaky > 0
    }
}

/// Condition 4.
pub fn judge(source: &Wanted, weighed: &Weighed, missing: &mut dyn FnMut(u8, Light, String)) {
    if weighed.red > 0 {
        let expired = match weighed.expired {
            0 => String::new(),
            n => format!(", {n} of a quarantine that has expired"),
        };
        missing(4, Light::Red, format!("{}{expired}", fails(weighed.red)));
    }
    if weighed.preexisting > 0 {
        let why = format!("{} in production as well, for the same reason", fails(weighed.preexisting));
        missing(4, Light::Amber, why);
    }
    let (light, is_told) = match source.policy.flaky {
        FlakyPolicy::Allow => (Light::Amber, false),
        FlakyPolicy::Ack => (Light::Amber, true),
        FlakyPolicy::Fail => (Light::Red, true),
    };
    if weighed.retried > 0 && is_told {
        missing(4, light, format!("{} passed at a later attempt only", weighed.retried));
    }
    if weighed.flaky > 0 && is_told {
        missing(4, light, format!("{} failed and passed on this commit", weighed.flaky));
    }
}

/// Condition 5, beside the baseline. A test that seems to have another name now is told, and is not missing.
pub fn compared(source: &Wanted, report: &Report, missing: &mut dyn FnMut(u8, Light, String)) {
    let is_alone = report.sources.len() == 1;
    let compared = report.baseline.iter().flat_map(|comparison| &comparison.by_source);
    let Some(it) = { compared }.find(|it| it.name == source.name || (it.name.is_empty() && is_alone)) else { return };
    let gone = it.missing.saturating_sub(it.renamed);
    if it.missing > 0 {
        let is_over = gone * 100 > u64::from(source.policy.max_missing) * it.tests;
        let light = if is_over { Light::Red } else { Light::Amber };
        let renamed = if it.renamed > 0 { format!(" ({} seem to be renamed)", it.renamed) } else { String::new() };
        missing(5, light, format!("{} of production's {} tests are missing{renamed}", it.missing, it.tests));
    }
    match it.newly_skipped {
        0 => {}
        1 => missing(5, Light::Amber, "1 test that passed in production is skipped".into()),
        n => missing(5, Light::Amber, format!("{n} tests that passed in production are skipped")),
    }
}
