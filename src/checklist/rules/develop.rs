//! Stage 2: what git says of the change.

use super::{Finding, Found, Inputs, about, count, fact, fresh, git, tests_green};
use crate::change::model::{Commit, FactState, Report, Worktree};
use crate::change::risk::Band;
use crate::evidence::{Evidence, SubjectMatch};
use crate::incident::Stage;

/// The size class in which a change is hard to review at all: over 1,000 changed core lines.
const OVERSIZED_LINES: u64 = 1_000;

/// Classes of paths that a person must have looked at by name: diff risk gives 4 points or more for them.
pub(super) const SENSITIVE: [&str; 19] = [
    "migration",
    "auth",
    "infrastructure",
    "api",
    "ci",
    "dependencies",
    "flags",
    "sf-destructive",
    "sf-deleted",
    "sf-profile",
    "sf-permission",
    "sf-sharing",
    "sf-flow",
    "sf-trigger",
    "sf-apex",
    "sf-field",
    "sf-field-deleted",
    "sf-integration",
    "opaque",
];
/// Those of them that a rollback may not give back.
pub(super) const IRREVERSIBLE: [&str; 5] =
    ["migration", "sf-destructive", "sf-deleted", "sf-field", "sf-field-deleted"];

pub(super) fn base(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let found = match report.value.fact("G08") {
        Some(_) => fact(report, "G08", "git has not told where the hotfix starts")?,
        None => starts_at_production(report)?,
    };
    match report.value.fact("G07").filter(|drift| drift.state == FactState::Bad) {
        Some(drift) if inputs.stage() < Stage::Deploy => {
            let seen = about(report, format!("G07 {}: {}", drift.name, drift.value));
            Err(Finding::fails(drift.why.clone()).with(seen))
        }
        _ => Ok(found),
    }
}

/// The same by the two commits alone.
fn starts_at_production(report: &Evidence<Report>) -> Found {
    let value = &report.value;
    let name = value.production.reference.as_deref().unwrap_or("production");
    let (Some(production), Some(head)) = (&value.production.oid, &value.head.oid) else {
        return Err(Finding::asks(format!("git does not know both ends of the change: {}", value.production.how)));
    };
    let seen = about(report, format!("{name} {}, tip {}", production.short(), head.short()));
    match &value.merge_base {
        Some(base) if base == production => Ok(Finding::holds(format!("starts at {name}")).with(seen)),
        _ if value.repository.shallow => {
            Err(Finding::asks("the clone is shallow: git cannot tell where the hotfix starts").with(seen))
        }
        Some(_) => Err(Finding::fails(format!("{name} has commits that the hotfix has not")).with(seen)),
        None => Err(Finding::fails(format!("the hotfix shares no history with {name}")).with(seen)),
    }
}

pub(super) fn only_this_fix(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let commits = &report.value.commits;
    let seen = about(report, count(commits.len(), "commit"));
    if commits.is_empty() && inputs.stage() < Stage::Deploy {
        return Err(Finding::unmet("there is no commit yet between production and the tip").with(seen));
    }
    let foreign: Vec<_> = commits.iter().filter(|commit| commit.foreign).collect();
    let merges: Vec<_> = commits.iter().filter(|commit| commit.merge).collect();
    if !foreign.is_empty() {
        return Err(Finding::fails(named(&foreign, "foreign commit")).with(seen));
    }
    if !merges.is_empty() {
        return Err(Finding::fails(named(&merges, "merge commit")).with(seen));
    }
    if report.value.fact("G12").is_some_and(|off| matches!(off.state, FactState::Bad | FactState::Warn)) {
        fact(report, "G12", "git cannot tell which commits belong to the ticket")?;
    }
    let found = fact(report, "G10", "git cannot tell foreign commits: no target branch is known")?;
    Ok(found.with(seen))
}

fn named(commits: &[&Commit], noun: &str) -> String {
    let first = commits.first().map_or_else(String::new, |c| format!(": {} {}", c.oid.short(), c.summary));
    format!("{}{first}", count(commits.len(), noun))
}

pub(super) fn minimal(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let (Some(lines), Some(files)) = (report.value.core_lines, report.value.core_files) else {
        return Err(Finding::asks("git cannot tell how many core lines changed"));
    };
    let (most_lines, most_files) = (inputs.limits.core_lines, inputs.limits.files);
    let mut words = format!("{lines} core lines of {most_lines}, {files} core files of {most_files}");
    let risk = report.value.risk.as_ref();
    if let Some(risk) = risk {
        words = format!("{words}, risk {}", risk.band.label());
    }
    let seen = about(report, &words);
    if lines > most_lines || files > most_files {
        return Err(Finding::fails(format!("over the limit: {words}")).with(seen));
    }
    if risk.is_some_and(|risk| risk.band > Band::Moderate) {
        return Err(Finding::fails(format!("small, and risky all the same: {words}")).with(seen));
    }
    Ok(Finding::holds(words).with(seen))
}

/// Whether the change is so large or so risky that its size holds the stage.
pub(super) fn oversized(inputs: &Inputs) -> Result<(), String> {
    let Some(report) = inputs.change.fresh(inputs.now) else { return Ok(()) };
    let is_risky = report.value.risk.as_ref().is_some_and(|risk| risk.band == Band::VeryHigh);
    match report.value.core_lines {
        Some(lines) if lines <= OVERSIZED_LINES && !is_risky => {
            Err(format!("at most {OVERSIZED_LINES} core lines changed, and the risk is not very high"))
        }
        _ => Ok(()),
    }
}

pub(super) fn sensitive_paths(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let touched = touched(&report.value, &SENSITIVE);
    let touched = touched.iter().map(|(class, path)| format!("{class} ({path})")).collect::<Vec<_>>().join(", ");
    Err(Finding::asks(format!("the change touches {touched}")).with(about(report, touched)))
}

/// One row for each class: a person looks at it and says so by its name.
pub(super) fn sensitive_rows(inputs: &Inputs) -> Vec<(String, Finding)> {
    let Some(last) = inputs.change.value() else { return Vec::new() };
    let row = |(class, path): (&str, &str)| {
        let finding = git(inputs).map(|report| {
            let files = report.value.changes.iter().filter(|change| change.is(class)).count();
            Finding::asks(format!("the change touches {path}"))
                .with(about(report, format!("{} of {class}", count(files, "file"))))
        });
        (class.to_owned(), finding.unwrap_or_else(|finding| finding))
    };
    touched(last, &SENSITIVE).into_iter().map(row).collect()
}

pub(super) fn touches_sensitive(inputs: &Inputs) -> Result<(), String> {
    touches(inputs, &SENSITIVE, "the change touches no sensitive path")
}

pub(super) fn touches_irreversible(inputs: &Inputs) -> Result<(), String> {
    touches(inputs, &IRREVERSIBLE, "the change touches no migration and destroys nothing")
}

fn touches(inputs: &Inputs, classes: &[&'static str], none: &str) -> Result<(), String> {
    match inputs.change.fresh(inputs.now) {
        Some(report) if touched(&report.value, classes).is_empty() => Err(none.to_owned()),
        _ => Ok(()),
    }
}

/// Each class that is touched, with one of its paths.
fn touched<'a>(report: &'a Report, classes: &[&'static str]) -> Vec<(&'static str, &'a str)> {
    let example = |class: &&'static str| {
        let change = report.changes.iter().find(|change| change.is(class))?;
        Some((*class, change.path.as_str()))
    };
    classes.iter().filter_map(example).collect()
}

pub(super) fn test_changed(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let tests: Vec<_> = report.value.changes.iter().filter(|change| change.is("test")).collect();
    let Some(first) = tests.first() else { return tests_green::proven(inputs) };
    let words = format!("{} changed: {}", count(tests.len(), "test file"), first.path);
    Ok(Finding::holds(words.clone()).with(about(report, words)))
}

pub(super) fn clean_and_pushed(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let tree = fresh(inputs.worktree, inputs.now, "git status")?;
    if let Some(operation) = &report.value.repository.operation {
        return Err(Finding::fails(format!("git is in the middle of a {operation}")).with(about(report, operation)));
    }
    let WorktreeWords { known, unverified } = words_of(tree.value);
    if !known.is_empty() {
        return Err(Finding::fails(format!("not clean: {known}")).with(about(tree, known)));
    }
    if unverified > 0 {
        let why = format!("git cannot tell whether {} changed", count(unverified, "filtered file"));
        return Err(Finding::asks(why).with(about(tree, "unverified")));
    }
    pushed(report)
}

struct WorktreeWords {
    /// `2 unstaged, 1 untracked`; empty when there is nothing.
    known: String,
    unverified: usize,
}

fn words_of(tree: Worktree) -> WorktreeWords {
    let kinds = [
        (tree.staged, "staged"),
        (tree.unstaged, "unstaged"),
        (tree.untracked, "untracked"),
        (tree.conflicted, "conflicted"),
    ];
    let words: Vec<_> = kinds.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    WorktreeWords { known: words.join(", "), unverified: usize::try_from(tree.unverified).unwrap_or(usize::MAX) }
}

fn pushed(report: &Evidence<Report>) -> Found {
    let (Some(ahead), Some(behind)) = (report.value.ahead, report.value.behind) else {
        return Err(Finding::asks("clean; git cannot tell whether it is pushed: the branch has no upstream"));
    };
    let words = format!("{ahead} ahead of the upstream, {behind} behind");
    let seen = about(report, &words);
    if (ahead, behind) != (0, 0) {
        return Err(Finding::fails(format!("clean, but {words}")).with(seen));
    }
    if let Some(old) = report.value.fact("G05").filter(|age| matches!(age.state, FactState::Warn | FactState::Bad)) {
        return Err(Finding::stale(old.why.clone()).with(seen));
    }
    Ok(Finding::holds("clean and pushed").with(seen))
}

/// How evidence with an id of its own relates to the tip: `Err` unless it is about this very content.
pub(super) fn same_content(inputs: &Inputs, subject: &crate::evidence::Subject, what: &str) -> Result<(), Finding> {
    let head = inputs.head().ok_or_else(|| Finding::stale("git does not tell the hotfix tip at the moment"))?;
    let seen = || subject.commit.as_ref().or(subject.tree.as_ref()).map_or("nothing", |oid| oid.short()).to_owned();
    match subject.relates_to(&head) {
        SubjectMatch::Same | SubjectMatch::SameTree => Ok(()),
        SubjectMatch::Other => Err(Finding::stale(format!("{what} of {}, and the tip is another commit", seen()))),
        SubjectMatch::Unattributed => {
            Err(Finding::stale(format!("{what} that name no commit prove nothing of this one")))
        }
    }
}
