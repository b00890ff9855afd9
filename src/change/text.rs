//! The change in plain text: what `hotfix change` prints for people (pure).

use std::fmt::Write;

use super::continuity::Continuity;
use super::model::{Commit, FactState, FileChange, FileStatus, Report, Size, Worktree};
use crate::evidence::{Failure, Oid};

/// Files and commits that are listed; the JSON has all.
const LISTED: usize = 40;

/// The whole page.
pub fn page(report: &Report, worktree: Result<&Worktree, Failure>, chain: Option<&Continuity>) -> String {
    let mut page = String::new();
    let mut line = |text: String| {
        page.push_str(&text);
        page.push('\n');
    };
    line(headline(report));
    line(format!("  production   {}", production(report)));
    line(format!("  base         {}", base(report)));
    line(format!("  size         {}", size(report)));
    report.releases.iter().for_each(|it| line(format!("  releases     {}", it.sentence())));
    line(format!("  commits      {}", commits(report)));
    line(format!("  upstream     {}", upstream(report)));
    line(format!("  work tree    {}", work_tree(worktree)));
    chain.iter().for_each(|chain| line(format!("  continuity   {}", chain.row())));
    if let Some(risk) = &report.risk {
        line(format!(
            "  risk         {} {}{}",
            risk.score,
            risk.band.label(),
            if risk.partial { " (partial)" } else { "" }
        ));
        risk.points.iter().for_each(|point| line(format!("    {:+3}  {}", point.points, point.why)));
    }
    for rung in &report.back_merge {
        let advice = rung.advice().map_or_else(String::new, |advice| format!(" ({advice})"));
        line(format!("  back-merge   {}: {}{advice}", rung.target, rung.why));
    }
    let facts = |state| report.facts.iter().filter(move |fact| fact.state == state);
    for fact in [FactState::Bad, FactState::Warn, FactState::Unknown].into_iter().flat_map(facts) {
        line(format!("  {:<8} {} {}: {}", fact.state.label(), fact.id, fact.name, fact.why));
    }
    if !report.changes.is_empty() {
        line("files".into());
        report.changes.iter().take(LISTED).for_each(|change| line(format!("  {}", file(change))));
        more(report.changes.len()).into_iter().for_each(&mut line);
    }
    if !report.commits.is_empty() {
        line("commits".into());
        report.commits.iter().take(LISTED).for_each(|it| line(format!("  {}", commit(it))));
        more(report.commits_total.unwrap_or(0) as usize).into_iter().for_each(&mut line);
    }
    page
}

fn more(all: usize) -> Option<String> {
    all.checked_sub(LISTED).filter(|more| *more > 0).map(|more| format!("  … and {more} more"))
}

/// `v2.4.1 → 3f9c1e2`
pub fn headline(report: &Report) -> String {
    let production = report.production.reference.as_deref().unwrap_or("production unknown");
    let head = report.head.oid.as_ref().map_or("no commit", Oid::short);
    match &report.head.reference {
        Some(branch) => format!("{production} → {head} ({branch})"),
        None => format!("{production} → {head} (detached)"),
    }
}

fn production(report: &Report) -> String {
    let production = &report.production;
    match (&production.reference, &production.oid) {
        (Some(name), Some(oid)) => format!("{name} {}: {}", oid.short(), production.how),
        _ => format!("unknown: {}", production.how),
    }
}

fn base(report: &Report) -> String {
    match (&report.merge_base, &report.production.oid) {
        (Some(base), Some(production)) if base == production => "is production".into(),
        (Some(base), Some(_)) => format!("{} is behind production", base.short()),
        (None, Some(_)) => "none: no history in common, or it is not here".into(),
        (_, None) => "unknown without production".into(),
    }
}

/// `3 files, +12 -4; core 10 lines in 2 files, tests 6 lines`
pub fn size(report: &Report) -> String {
    let Some(Size { files, insertions, deletions }) = report.size else { return "unknown".into() };
    let mut text = format!("{}, +{insertions} -{deletions}", count(files, "file"));
    if let (Some(lines), Some(core_files), Some(tests)) = (report.core_lines, report.core_files, report.test_lines) {
        let about = if report.core_is_estimate { "at most " } else { "" };
        let (lines, core_files) = (count(lines, "line"), count(core_files, "file"));
        let _ = write!(text, "; core {about}{lines} in {core_files}, tests {}", count(tests, "line"));
    }
    text
}

/// `1 file`, `2 files`.
pub fn count(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// `2 by ana, bo; 1 foreign`
pub fn commits(report: &Report) -> String {
    let Some(total) = report.commits_total else { return "unknown".into() };
    let mut authors: Vec<&str> = Vec::new();
    for commit in &report.commits {
        let name = commit.author.split(" <").next().unwrap_or_default();
        if !authors.contains(&name) {
            authors.push(name);
        }
    }
    let mut text = total.to_string();
    if !authors.is_empty() {
        let shown = authors.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        let others = authors.len().saturating_sub(3);
        let others = if others > 0 { format!(" and {others} more") } else { String::new() };
        let _ = write!(text, " by {shown}{others}");
    }
    let foreign = report.commits.iter().filter(|commit| commit.foreign).count();
    let merges = report.commits.iter().filter(|commit| commit.merge).count();
    for (n, word) in [(foreign, "FOREIGN"), (merges, "merges")] {
        if n > 0 {
            let _ = write!(text, ", {n} {word}");
        }
    }
    if total > report.commits.len() as u64 {
        let _ = write!(text, " (the newest {} are listed)", report.commits.len());
    }
    text
}

/// `origin/hotfix/x: 1 ahead, 0 behind`
pub fn upstream(report: &Report) -> String {
    match (&report.upstream, report.ahead, report.behind) {
        (Some(name), Some(ahead), Some(behind)) => format!("{name}: {ahead} ahead, {behind} behind"),
        (Some(name), ..) => format!("{name} is gone"),
        (None, ..) => "none".into(),
    }
}

/// `clean`, or what is in it.
pub fn work_tree(worktree: Result<&Worktree, Failure>) -> String {
    let it = match worktree {
        Ok(it) if it.is_clean() => return "clean".into(),
        Ok(it) => it,
        Err(failure) => return format!("unknown: {}", failure.what),
    };
    let counts = [
        (it.conflicted, "conflicted"),
        (it.staged, "staged"),
        (it.unstaged, "unstaged"),
        (it.untracked, "untracked"),
        (it.unverified, "not comparable without running a filter"),
    ];
    let told = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
    told.collect::<Vec<_>>().join(", ")
}

fn file(change: &FileChange) -> String {
    let path = match &change.old_path {
        Some(old) => format!("{old} → {}", change.path),
        None => change.path.clone(),
    };
    let lines = if change.binary { "binary".into() } else { format!("+{} -{}", change.insertions, change.deletions) };
    let core = if change.core { "" } else { " · not core" };
    let classes = if change.classes.is_empty() { String::new() } else { format!(" · {}", change.classes.join(", ")) };
    format!("{} {lines:>12}  {path}{core}{classes}", letter(change.status))
}

/// The letter that git has for it.
pub fn letter(status: FileStatus) -> char {
    match status {
        FileStatus::Added => 'A',
        FileStatus::Modified => 'M',
        FileStatus::Deleted => 'D',
        FileStatus::Renamed => 'R',
        FileStatus::Copied => 'C',
        FileStatus::Typechange => 'T',
    }
}

fn commit(commit: &Commit) -> String {
    let mark = match (commit.foreign, commit.merge) {
        (true, _) => " FOREIGN",
        (_, true) => " merge",
        _ => "",
    };
    let day = commit.time.strftime("%Y-%m-%d %H:%M");
    format!("{} {day}  {}  ({}){mark}", commit.oid.short(), commit.summary, commit.author)
}
