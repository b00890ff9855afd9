//! Stage 2: what git says of the change.

use super::assess::incident;
use super::{Finding, Found, Inputs, about, count, fact, fresh, git};
use crate::change::model::{Commit, FactState, Report};
use crate::checklist::items::Item;
use crate::evidence::{Evidence, SubjectMatch};
use crate::incident::Stage;
use crate::incident::model::MarkKind;

/// The size class in which a change is hard to review at all: over 1,000 changed core lines.
const OVERSIZED_LINES: u64 = 1_000;

/// Classes of paths that a person must have looked at by name.
const SENSITIVE: [&str; 10] =
    ["migration", "auth", "infrastructure", "config", "api", "ci", "flags", "submodule", "destructive", "permission"];
/// Those of them that a rollback does not give back.
const IRREVERSIBLE: [&str; 2] = ["migration", "destructive"];

pub(super) fn base(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let found = fact(report, "G08", "git has not told where the hotfix starts")?;
    match report.value.fact("G07").filter(|drift| drift.state == FactState::Bad) {
        Some(drift) if inputs.stage() < Stage::Deploy => {
            Err(Finding::fails(drift.why.clone()).with(about(report, format!("G07 {}: {}", drift.name, drift.value))))
        }
        _ => Ok(found),
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
    let words = format!("{lines} core lines of {most_lines}, {files} core files of {most_files}");
    let seen = about(report, &words);
    if lines > most_lines || files > most_files {
        return Err(Finding::fails(format!("over the limit: {words}")).with(seen));
    }
    Ok(Finding::holds(words).with(seen))
}

/// Whether the change is far over any limit, so that its size holds the stage.
pub(super) fn oversized(inputs: &Inputs) -> Result<(), String> {
    match inputs.change.fresh(inputs.now).and_then(|report| report.value.core_lines) {
        Some(lines) if lines <= OVERSIZED_LINES => Err(format!("at most {OVERSIZED_LINES} core lines changed")),
        _ => Ok(()),
    }
}

pub(super) fn sensitive_paths(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let touched = touched(&report.value, &SENSITIVE);
    let seen = about(report, touched.join(", "));
    Err(Finding::asks(format!("the change touches {}", touched.join(", "))).with(seen))
}

pub(super) fn touches_sensitive(inputs: &Inputs) -> Result<(), String> {
    touches(inputs, &SENSITIVE, "the change touches no sensitive path")
}

pub(super) fn touches_irreversible(inputs: &Inputs) -> Result<(), String> {
    touches(inputs, &IRREVERSIBLE, "the change touches no migration and destroys nothing")
}

fn touches(inputs: &Inputs, classes: &[&str], none: &str) -> Result<(), String> {
    match inputs.change.fresh(inputs.now) {
        Some(report) if touched(&report.value, classes).is_empty() => Err(none.to_owned()),
        _ => Ok(()),
    }
}

/// `migration (db/1.sql)` for each class that is touched, with one of its paths.
fn touched(report: &Report, classes: &[&str]) -> Vec<String> {
    let example = |class: &&str| {
        let change = report.changes.iter().find(|change| change.classes.iter().any(|c| c == class))?;
        Some(format!("{class} ({})", change.path))
    };
    classes.iter().filter_map(example).collect()
}

pub(super) fn test_changed(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let is_test = |classes: &[String]| classes.iter().any(|class| class == "test");
    let tests: Vec<_> = report.value.changes.iter().filter(|change| is_test(&change.classes)).collect();
    let Some(first) = tests.first() else { return Err(Finding::asks("the change touches no test file")) };
    let words = format!("{} changed: {}", count(tests.len(), "test file"), first.path);
    Ok(Finding::holds(words.clone()).with(about(report, words)))
}

/// Approvals are not read yet, so that a person's tick is the approval: it must not be an author's.
pub(super) fn second_pair_of_eyes(inputs: &Inputs, item: &Item) -> Found {
    let mark = incident(inputs)?.marks.get(&item.id);
    let Some(mark) = mark.filter(|mark| matches!(mark.kind, MarkKind::Ticked { .. })) else {
        return Err(Finding::asks("nobody has said that they reviewed it"));
    };
    let report = git(inputs)?;
    let wrote = |commit: &&Commit| is_same_person(&mark.by, &commit.author);
    Err(match report.value.commits.iter().find(wrote) {
        Some(commit) => Finding::fails(format!(
            "{} vouched for it, and wrote {}: another person must review it",
            mark.by,
            commit.oid.short()
        ))
        .with(about(report, &commit.author)),
        None => Finding::asks("reviewed by somebody who wrote none of it"),
    })
}

/// Whether a name is that of an author as git has it: `Ana Lima <ana@example.org>`, by name, address,
/// or what stands before its `@`.
fn is_same_person(name: &str, author: &str) -> bool {
    let (full, address) = author.split_once('<').unwrap_or((author, ""));
    let address = address.trim_end_matches('>');
    let local = address.split('@').next().unwrap_or_default();
    [author, full.trim(), address, local].iter().any(|known| known.eq_ignore_ascii_case(name.trim()))
}

pub(super) fn clean_and_pushed(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let tree = fresh(inputs.worktree, inputs.now, "git status")?;
    if let Some(busy) = report.value.fact("G01").filter(|op| op.state != FactState::Ok) {
        return Err(Finding::fails(busy.why.clone()).with(about(report, &busy.value)));
    }
    if !tree.value.is_clean() {
        let t = tree.value;
        let parts =
            [(t.staged, "staged"), (t.unstaged, "unstaged"), (t.untracked, "untracked"), (t.conflicted, "conflicted")];
        let words: Vec<_> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        return Err(Finding::fails(format!("not clean: {}", words.join(", "))).with(about(tree, words.join(", "))));
    }
    pushed(report)
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
