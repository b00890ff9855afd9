//! The baseline: which failures production has as well.
//!
//! It informs and excuses nothing: a failure that production has too is still red.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::model::{Comparison, Report, Standing, TestFailure};

/// The share of failed tests beyond which the surroundings are suspected.
const INFRA: f64 = 0.8;
/// Names of fixed tests that are kept.
const FIXED: usize = 200;

/// Identity of a test: source, suite, class, name, and which of those that share them.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str, usize);

/// Compares every failure with those of the baseline, and puts the new ones first. Results that are not complete, or of no
/// known commit, make no baseline.
pub fn classify(report: &mut Report, baseline: &Report) {
    if baseline.totals.tests == 0 || baseline.runs.iter().any(|run| !run.complete) {
        return;
    }
    // A baseline read from a file carries that file's name: then the source is no part of the identity.
    let by_run = report.runs.iter().any(|run| baseline.runs.iter().any(|old| old.name == run.name));
    let before: HashMap<Key, String> = keys(&baseline.failures, by_run)
        .zip(&baseline.failures)
        .map(|(key, f)| (key, fingerprint(&f.message)))
        .collect();
    let standings: Vec<Standing> = keys(&report.failures, by_run)
        .zip(&report.failures)
        .map(|(key, failure)| match before.get(&key) {
            None => Standing::New,
            Some(old) if *old == fingerprint(&failure.message) => Standing::PreExisting,
            Some(_) => Standing::Changed,
        })
        .collect();
    let comparison = compare(report, baseline, &standings, by_run);
    for (failure, standing) in report.failures.iter_mut().zip(standings) {
        failure.standing = Some(standing);
        failure.preexisting = Some(standing == Standing::PreExisting);
    }
    report.failures.sort_by_key(|failure| failure.standing);
    report.baseline = Some(comparison);
}

fn compare(report: &Report, baseline: &Report, standings: &[Standing], by_run: bool) -> Comparison {
    let count = |wanted: Standing| standings.iter().filter(|s| **s == wanted).count() as u64;
    let now: HashSet<Key> = keys(&report.failures, by_run).collect();
    let is_whole = report.runs.iter().all(|run| run.complete);
    let gone = keys(&baseline.failures, by_run).filter(|key| is_whole && !now.contains(key));
    let not_run = |totals: &super::model::Totals| totals.skipped + totals.disabled;
    Comparison {
        subject: baseline.subject.clone(),
        new: count(Standing::New),
        changed: count(Standing::Changed),
        preexisting: count(Standing::PreExisting),
        fixed: gone.take(FIXED).map(|(_, suite, class, name, _)| name_of(suite, class, name)).collect(),
        missing: baseline.totals.tests.saturating_sub(report.totals.tests),
        newly_skipped: not_run(&report.totals).saturating_sub(not_run(&baseline.totals)),
        infra: infra(report),
    }
}

fn infra(report: &Report) -> Vec<String> {
    let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for run in &report.runs {
        let sum = sums.entry(&run.name).or_default();
        *sum = (sum.0 + run.totals.bad(), sum.1 + run.totals.executed());
    }
    let suspect = sums.into_iter().filter(|(_, (bad, all))| *all >= 5 && *bad as f64 > INFRA * *all as f64);
    suspect.map(|(name, _)| name.to_owned()).collect()
}

fn name_of(suite: &str, class: &str, name: &str) -> String {
    let of = if class.is_empty() { suite } else { class };
    if of.is_empty() { name.to_owned() } else { format!("{of} > {name}") }
}

/// The identity of each failure, in order.
fn keys(failures: &[TestFailure], by_run: bool) -> impl Iterator<Item = Key<'_>> {
    let mut seen: HashMap<(&str, &str, &str, &str), usize> = HashMap::new();
    failures.iter().map(move |f| {
        let run = if by_run { f.run.as_str() } else { "" };
        let ordinal = seen.entry((run, &f.suite, &f.class, &f.name)).or_default();
        *ordinal += 1;
        (run, f.suite.as_str(), f.class.as_str(), f.name.as_str(), *ordinal)
    })
}

/// The first line of a message, without what changes from run to run: numbers, addresses, folders, times.
fn fingerprint(message: &str) -> String {
    let line = message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.split_whitespace().map(mask).collect::<Vec<_>>().join(" ")
}

fn mask(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
    let bare = bare.strip_prefix("0x").unwrap_or(bare);
    let is_hex =
        bare.len() >= 6 && bare.bytes().all(|b| b.is_ascii_hexdigit()) && bare.bytes().any(|b| b.is_ascii_digit());
    if is_hex {
        return "#".to_owned();
    }
    // Of a path its last part stays.
    let word = word.rsplit_once('/').map_or(word, |(_, last)| last);
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        match c {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            _ => out.push(c),
        }
    }
    out
}

/// `against production 3f9c1e2: 1 new, 2 pre-existing, 1 fixed`
pub fn sentence(comparison: &Comparison) -> String {
    let counts = [
        (comparison.new, "new"),
        (comparison.changed, "changed"),
        (comparison.preexisting, "pre-existing"),
        (comparison.fixed.len() as u64, "fixed"),
        (comparison.missing, "tests missing"),
        (comparison.newly_skipped, "more skipped"),
    ];
    let told: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let told = if told.is_empty() { "no difference".to_owned() } else { told.join(", ") };
    let of = comparison.subject.as_ref().map_or_else(String::new, |oid| format!(" {}", oid.short()));
    let infra = match comparison.infra.as_slice() {
        [] => String::new(),
        names => format!("; infra? most tests of {} fail", names.join(", ")),
    };
    format!("against production{of}: {told}{infra}")
}

#[cfg(test)]
#[path = "baseline_tests.rs"]
mod tests;
