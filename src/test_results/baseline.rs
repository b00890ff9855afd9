//! The baseline: how the results of this commit differ from those of production, and from an earlier run of its own.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::cases::{self, SEPARATOR, shown};
use super::model::{Comparison, FlakyTest, Report, Run, Slower, SourceComparison, Standing, TestFailure};
use super::past::{Case, Ended, Ordinals, Past, Source};

/// The share of failed tests beyond which the surroundings are suspected.
const INFRA: f64 = 0.8;
/// Names that are kept of each kind.
const NAMES: usize = 200;
/// A test is slower when it takes twice as long, and this much longer at least. Milliseconds.
const SLOWER: u32 = 5_000;

/// Compares with the results of production, source by source, and puts the new failures first. A commit is not its own
/// baseline.
pub fn classify(report: &mut Report, past: &Past) {
    let names: BTreeSet<String> = report.runs.iter().map(|run| run.name.clone()).collect();
    let is_own = |name: &String| {
        let mut runs = report.runs.iter().filter(|run| run.name == *name);
        runs.any(|run| past.subject.is_some() && run.subject == past.subject)
    };
    let known: Vec<(&String, &Source)> = names.iter().filter_map(|name| past.sources.get_key_value(name)).collect();
    let known: Vec<_> =
        known.into_iter().filter(|(name, _)| !is_own(name)).map(|(name, old)| (Some(&**name), old)).collect();
    compare_all(report, past, &known);
}

/// The same with results that come from files: these carry the files' names, so that where no source is known by its name,
/// the source is no part of a test's identity.
pub fn classify_by_files(report: &mut Report, past: &Past) {
    match report.runs.iter().any(|run| past.sources.contains_key(&run.name)) {
        true => classify(report, past),
        false if past.is_empty() => {}
        false => compare_all(report, past, &[(None, &together(past))]),
    }
}

fn compare_all(report: &mut Report, past: &Past, sources: &[(Option<&str>, &Source)]) {
    if sources.is_empty() {
        return;
    }
    let mut comparison = Comparison { subject: past.subject.clone(), infra: infra(report), ..Comparison::default() };
    for (name, old) in sources {
        compare(report, *name, old, &mut comparison);
    }
    let count = |wanted: Standing| report.failures.iter().filter(|f| f.standing == Some(wanted)).count() as u64;
    comparison.new = count(Standing::New);
    comparison.changed = count(Standing::Changed);
    comparison.preexisting = count(Standing::PreExisting);
    report.failures.sort_by_key(|failure| failure.standing);
    report.baseline = Some(comparison);
}

/// Marks what failed and passed on one commit: `earlier` are results of the same commit as those of the report.
pub fn find_reruns(report: &mut Report, earlier: &Past) {
    if earlier.subject.is_none() {
        return;
    }
    let names: BTreeSet<String> = report.runs.iter().map(|run| run.name.clone()).collect();
    let is_same =
        |name: &String| report.runs.iter().filter(|run| run.name == *name).all(|run| run.subject == earlier.subject);
    for name in names.into_iter().filter(is_same).collect::<Vec<_>>() {
        let Some(old) = earlier.sources.get(&name) else { continue };
        let now = Now::of(report, Some(&name));
        let is_flaky = |id: &str| old.cases.get(id).is_some_and(|case| case.passed);
        let failing: Vec<usize> = now.failing.iter().filter(|(_, id)| is_flaky(id)).map(|(at, _)| *at).collect();
        let passing = now
            .cases
            .iter()
            .filter(|(id, (ended, _))| *ended == Ended::Passed && old.cases.get(*id).is_some_and(|case| case.failed));
        let mut passed: Vec<FlakyTest> = passing.map(|(id, _)| flaky(&name, id)).collect();
        passed.sort_by(|a, b| (&a.class, &a.name).cmp(&(&b.class, &b.name)));
        let marked = |test: &FlakyTest| {
            report.flaky.iter().any(|f| f.run == test.run && f.name == test.name && f.class == test.class)
        };
        passed.retain(|test| !marked(test));
        passed.truncate(NAMES);
        for at in failing {
            report.failures[at].standing = Some(Standing::Flaky);
        }
        report.flaky.extend(passed);
    }
    report.failures.sort_by_key(|failure| failure.standing);
}

fn flaky(run: &str, id: &str) -> FlakyTest {
    let mut parts = id.split(SEPARATOR).map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    FlakyTest { run: run.to_owned(), suite: next(), class: next(), name: next(), rerun: true }
}

/// All sources as one.
fn together(past: &Past) -> Source {
    let mut all = Source { is_listed: true, ..Source::default() };
    for source in past.sources.values() {
        all.tests += source.tests;
        all.not_run += source.not_run;
        all.is_listed &= source.is_listed;
        all.cases.extend(source.cases.iter().map(|(id, case)| (id.clone(), case.clone())));
    }
    all
}

/// The results at hand, of one source or of all.
struct Now {
    tests: u64,
    not_run: u64,
    is_whole: bool,
    is_listed: bool,
    cases: HashMap<String, (Ended, Option<u32>)>,
    /// Places in the list of failures, and the identities of those.
    failing: Vec<(usize, String)>,
}

impl Now {
    fn of(report: &Report, name: Option<&str>) -> Self {
        let runs: Vec<&Run> = report.runs.iter().filter(|run| name.is_none_or(|name| run.name == name)).collect();
        let is_whole = runs.iter().all(|run| run.complete);
        let runs: Vec<&Run> = runs.into_iter().filter(|run| !run.counts_checks()).collect();
        let (mut all, mut among_failing) = (Ordinals::default(), Ordinals::default());
        let mut cases = HashMap::new();
        let mut numbered = HashMap::new();
        for case in runs.iter().flat_map(|run| run.cases.iter()) {
            let (id, ended) = (all.of(case.id), Ended::from(case.outcome));
            if ended == Ended::Failed {
                numbered.insert(among_failing.of(case.id), id.clone());
            }
            cases.insert(id, (ended, case.millis));
        }
        let mut ordinals = Ordinals::default();
        let is_ours = |f: &TestFailure| !f.check && name.is_none_or(|name| f.run == name);
        let listed = report.failures.iter().enumerate().filter(|(_, f)| is_ours(f));
        let failing = listed.map(|(at, f)| {
            let id = ordinals.of(&cases::id(&f.suite, &f.class, &f.name));
            (at, numbered.get(&id).cloned().unwrap_or(id))
        });
        Self {
            tests: runs.iter().map(|run| run.totals.tests).sum(),
            not_run: runs.iter().map(|run| run.totals.skipped + run.totals.disabled).sum(),
            is_whole,
            is_listed: runs.iter().all(|run| run.cases.len() as u64 == run.totals.tests),
            failing: failing.collect(),
            cases,
        }
    }
}

fn compare(report: &mut Report, name: Option<&str>, old: &Source, comparison: &mut Comparison) {
    let now = Now::of(report, name);
    for (at, id) in &now.failing {
        let failure = &mut report.failures[*at];
        let standing = match old.cases.get(id) {
            Some(case) if case.last != Ended::Failed => Standing::New,
            Some(case) if case.fingerprint.as_deref() == Some(fingerprint(&failure.message).as_str()) => {
                Standing::PreExisting
            }
            Some(_) => Standing::Changed,
            None => Standing::New,
        };
        failure.standing = Some(standing);
        failure.preexisting = Some(standing == Standing::PreExisting);
    }
    if now.is_whole {
        difference(&now, old, name.unwrap_or_default(), comparison);
    }
}

/// What is fixed, missing, newly skipped and slower. Where not every test is listed, the counts must do.
fn difference(now: &Now, old: &Source, name: &str, comparison: &mut Comparison) {
    let is_listed = now.is_listed && old.is_listed;
    let failing: HashSet<&String> = now.failing.iter().map(|(_, id)| id).collect();
    let is_fixed = |(id, case): &(&String, &Case)| {
        let passes = match now.cases.get(*id) {
            Some((ended, _)) => *ended == Ended::Passed,
            None => !is_listed && !failing.contains(id),
        };
        case.last == Ended::Failed && passes
    };
    extend(&mut comparison.fixed, old.cases.iter().filter(is_fixed).map(|(id, _)| shown(id)));
    let (missing, renamed) = if is_listed { gone(now, old) } else { (Vec::new(), 0) };
    let skipped: Vec<String> = if is_listed { newly_skipped(now, old) } else { Vec::new() };
    let by_source = SourceComparison {
        name: name.to_owned(),
        tests: old.tests,
        missing: if is_listed { missing.len() as u64 } else { old.tests.saturating_sub(now.tests) },
        renamed,
        newly_skipped: if is_listed { skipped.len() as u64 } else { now.not_run.saturating_sub(old.not_run) },
    };
    comparison.missing += by_source.missing;
    comparison.newly_skipped += by_source.newly_skipped;
    comparison.by_source.push(by_source);
    extend(&mut comparison.missing_tests, missing.into_iter());
    extend(&mut comparison.skipped_tests, skipped.into_iter());
    let slower = old.cases.iter().filter_map(|(id, case)| slower(id, case, now));
    comparison.slower.extend(slower);
    comparison.slower.sort_by(|a, b| b.now_s.total_cmp(&a.now_s));
    comparison.slower.truncate(NAMES);
}

fn extend(names: &mut Vec<String>, more: impl Iterator<Item = String>) {
    names.extend(more);
    names.sort();
    names.truncate(NAMES);
}

/// The tests that are not there any more, and how many of them seem to have another name now: one that was not there before
/// and ends in the same word.
fn gone(now: &Now, old: &Source) -> (Vec<String>, u64) {
    let missing: Vec<&String> = old.cases.keys().filter(|id| !now.cases.contains_key(*id)).collect();
    let new = now.cases.keys().filter(|id| !old.cases.contains_key(*id));
    let mut tails: HashMap<&str, u64> = HashMap::new();
    new.for_each(|id| *tails.entry(tail(id)).or_default() += 1);
    let mut renamed = 0;
    for id in &missing {
        if let Some(left) = tails.get_mut(tail(id)).filter(|left| **left > 0) {
            *left -= 1;
            renamed += 1;
        }
    }
    (missing.into_iter().map(|id| shown(id)).collect(), renamed)
}

/// The last word of a test's name.
fn tail(id: &str) -> &str {
    let name = id.split(SEPARATOR).nth(2).unwrap_or(id);
    name.rsplit(['/', '.', ':', '>', ' ']).find(|part| !part.is_empty()).unwrap_or(name)
}

fn newly_skipped(now: &Now, old: &Source) -> Vec<String> {
    let passed = old.cases.iter().filter(|(_, case)| case.last == Ended::Passed);
    let skipped = passed.filter(|(id, _)| now.cases.get(*id).is_some_and(|(ended, _)| *ended == Ended::NotRun));
    skipped.map(|(id, _)| shown(id)).collect()
}

fn slower(id: &str, case: &Case, now: &Now) -> Option<Slower> {
    let (before, after) = (case.millis?, now.cases.get(id)?.1?);
    let limit = before.saturating_mul(2).max(before.saturating_add(SLOWER));
    let seconds = |millis: u32| f64::from(millis) / 1000.0;
    (after > limit).then(|| Slower { name: shown(id), before_s: seconds(before), now_s: seconds(after) })
}

fn infra(report: &Report) -> Vec<String> {
    let mut sums: std::collections::BTreeMap<&str, (u64, u64)> = std::collections::BTreeMap::new();
    for run in &report.runs {
        let sum = sums.entry(&run.name).or_default();
        *sum = (sum.0 + run.totals.bad(), sum.1 + run.totals.executed());
    }
    let suspect = sums.into_iter().filter(|(_, (bad, all))| *all >= 5 && *bad as f64 > INFRA * *all as f64);
    suspect.map(|(name, _)| name.to_owned()).collect()
}

/// The first line of a message, without what changes from run to run: numbers, addresses, folders, times.
pub fn fingerprint(message: &str) -> String {
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
        (comparison.newly_skipped, "newly skipped"),
        (comparison.slower.len() as u64, "slower"),
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
