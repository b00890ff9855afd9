//! Facts G01 to G30, each with its state, its value and one sentence. Unknown is never ok.

use std::time::Duration;

use super::classes::Reversal;
use super::contents::Contents;
use super::ladder::{Level, Rung};
use super::model::{Fact, FactState, Report, Worktree};
use super::text::count;
use super::version::Version;
use crate::evidence::Oid;

/// From this age on the refs of a remote are called stale.
pub const REFS: Duration = Duration::from_secs(5 * 60);

/// What the facts are told by, besides the report itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// A file that another git process holds the index by.
    pub index_lock: Option<String>,
    /// Whether there is a remote.
    pub has_remote: bool,
    /// How old the refs of the remote are; `None` when nothing was ever fetched.
    pub refs_age: Option<Duration>,
    /// Production's name means a tag as well as a branch.
    pub is_ambiguous: bool,
    /// Production is a tag without a tagger and a date.
    pub is_lightweight: bool,
    /// Commits of production that the tip has not.
    pub missing_from_head: Option<u64>,
    /// The development branch; `None` when none is known.
    pub development: Option<String>,
    /// The tip is on the development branch.
    pub on_development: bool,
    /// Commits without a ticket's key, short ids with subjects; `None` without a pattern for keys.
    pub off_ticket: Option<Vec<String>>,
    /// Subjects such as `fixup!`, short ids with subjects.
    pub unfinished: Vec<String>,
    /// Files with added lines that look like conflict markers.
    pub markers: Vec<String>,
    /// The version tags at the tip, and whether each is annotated.
    pub tags_at_head: Vec<(String, bool)>,
    /// Whether fixes go to trunk first.
    pub trunk_first: bool,
    /// Release branches with commits that are not in production.
    pub open_releases: Vec<String>,
    /// Other hotfix branches ahead of production, and the paths that they share with this one.
    pub rivals: Vec<(String, Vec<String>)>,
    /// Commits of the hotfix that somebody reverted, short ids.
    pub reverted: Vec<String>,
    /// Authors, committers and co-authors, without repeats.
    pub people: Vec<String>,
    /// Changed submodules, LFS files and large binaries.
    pub opaque: Vec<String>,
    /// Paths that conflict when what runs in production is reverted on the tip; `None` when that was not tried.
    pub revert_conflicts: Option<Vec<String>>,
    /// Back-merge targets were looked for.
    pub looked_for_targets: bool,
}

/// What needs the history that a shallow clone lacks.
const HISTORY: [&str; 11] = ["G08", "G09", "G10", "G11", "G12", "G17", "G18", "G22", "G24", "G25", "G27"];
/// What needs to know the remote's branches as they are now.
const REMOTE: [&str; 4] = ["G15", "G17", "G21", "G22"];

use FactState::{Bad, Ok, Unknown, Warn};

fn fact(
    id: &'static str,
    name: &'static str,
    state: FactState,
    value: impl Into<String>,
    why: impl Into<String>,
) -> Fact {
    Fact { id, name, state, value: value.into(), why: why.into() }
}

/// All facts but G03, which is about the work tree: [`work_tree`].
pub fn all(report: &Report, known: &Known) -> Vec<Fact> {
    let mut facts = vec![
        operation(report, known),
        head(report),
        completeness(report),
        refs_age(known),
        production(report, known),
        fact(
            "G07",
            "drift",
            Unknown,
            "not asked",
            "what production itself reports is not compared: set production.deployed",
        ),
        base(report, known),
        commits(report),
        foreign(report, known),
        merges(report),
        off_ticket(known),
        fact("G13", "scope", Unknown, "not set", "no scope of paths is configured for this fix"),
        unfinished(known),
        upstream(report),
        fact(
            "G16",
            "continuity",
            Unknown,
            "not here",
            "tested, approved and deployed commits are known to the other panes",
        ),
        back_merge(report, known),
        trunk_first(report, known),
        forecast(report),
        release_tag(report, known),
        releases(known),
        rivals(known),
        fact("G23", "environments", Unknown, "not set", "no environment branches are configured"),
        target(report.rollback.as_ref()),
        contents(report.rollback.as_ref()),
        revert(known),
        reverted(known),
        people(known),
        opaque(known),
        fact(
            "G30",
            "evidence",
            Unknown,
            "not here",
            "whether tests and approvals are about this commit is told by the checklist",
        ),
    ];
    doubt(report, known, &mut facts);
    facts
}

/// What cannot be ok because what it rests on is missing.
fn doubt(report: &Report, known: &Known, facts: &mut [Fact]) {
    let stale = known.has_remote && known.refs_age.is_none_or(|age| age > REFS);
    for fact in facts.iter_mut().filter(|fact| fact.state == Ok) {
        if report.repository.shallow && HISTORY.contains(&fact.id) {
            fact.state = Unknown;
            fact.why = format!("{}, but history is cut off here: git fetch --unshallow", fact.why);
        } else if stale && REMOTE.contains(&fact.id) {
            fact.state = Unknown;
            fact.why = format!("{}, by refs that are not fresh: git fetch", fact.why);
        }
    }
}

fn operation(report: &Report, known: &Known) -> Fact {
    let of = |state, value: &str, why: String| fact("G01", "operation", state, value, why);
    match (&report.repository.operation, &known.index_lock) {
        (Some(name), _) => of(Bad, name, format!("a {name} is under way: finish it, or git {name} --abort")),
        (None, Some(lock)) => of(Warn, "locked", format!("another git works here, or died: {lock}")),
        (None, None) => of(Ok, "none", "no merge or rebase is under way".into()),
    }
}

fn head(report: &Report) -> Fact {
    let of = |state, value: &str, why: &str| fact("G02", "branch", state, value, why);
    match (&report.head.reference, &report.head.oid) {
        (_, None) => of(Bad, "unborn", "HEAD has no commit yet"),
        (None, _) => of(Warn, "detached", "HEAD is no branch: git switch -c hotfix/NAME keeps what you commit"),
        (Some(name), _) => of(Ok, name, "HEAD is a branch"),
    }
}

/// G03: the work tree. `None` when it could not be read.
pub fn work_tree(worktree: Option<&Worktree>) -> Fact {
    let of = |state, value: String, why: &str| fact("G03", "work tree", state, value, why);
    match worktree {
        None => of(Unknown, "unknown".into(), "the work tree could not be read"),
        Some(it) if it.is_clean() => of(Ok, "clean".into(), "nothing is uncommitted"),
        Some(it) => {
            let value = super::text::work_tree(Result::Ok(it));
            let only_doubt = Worktree { unverified: 0, ..*it }.is_clean();
            match (it.conflicted, only_doubt) {
                (1.., _) => of(Bad, value, "conflicts are not solved"),
                (_, true) => of(Unknown, value, "only a filter, which is not run, could tell: git status"),
                _ => of(Warn, value, "what is not committed is not shipped"),
            }
        }
    }
}

fn completeness(report: &Report) -> Fact {
    let of = |state, value: &str, why: &str| fact("G04", "completeness", state, value, why);
    match (report.repository.shallow, report.repository.partial) {
        (true, _) => of(Warn, "shallow", "history is cut off: git fetch --unshallow"),
        (_, true) => {
            of(Warn, "partial", "objects are fetched when needed, which hotfix never does: git fetch --refetch")
        }
        _ => of(Ok, "complete", "all of history is here"),
    }
}

fn refs_age(known: &Known) -> Fact {
    let of = |state, value: String, why: &str| fact("G05", "refs", state, value, why);
    match (known.has_remote, known.refs_age) {
        (false, _) => of(Ok, "no remote".into(), "there is nothing to fetch from"),
        (true, None) => of(Unknown, "never fetched".into(), "how old the remote's branches are is unknown: git fetch"),
        (true, Some(age)) if age > REFS => {
            of(Warn, format!("{} old", age_of(age)), "somebody may have released meanwhile: git fetch")
        }
        (true, Some(_)) => of(Ok, "fetched".into(), "fetched within five minutes"),
    }
}

fn age_of(age: Duration) -> String {
    match age.as_secs() / 60 {
        minutes @ 0..=119 => format!("{minutes} min"),
        minutes @ 120..=2_879 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / 1_440),
    }
}

fn production(report: &Report, known: &Known) -> Fact {
    let of = |state, why: String| {
        fact("G06", "production", state, report.production.reference.clone().unwrap_or_else(|| "unknown".into()), why)
    };
    match &report.production.oid {
        None if report.production.how.is_empty() => of(Unknown, "it was not looked for".into()),
        None => of(Unknown, report.production.how.clone()),
        Some(_) if known.is_ambiguous => of(Warn, "both a tag and a branch have that name; the branch is taken".into()),
        Some(_) if known.is_lightweight => {
            of(Warn, format!("{}; the tag is lightweight: nobody signed it with a date", report.production.how))
        }
        Some(_) => of(Ok, report.production.how.clone()),
    }
}

fn base(report: &Report, known: &Known) -> Fact {
    let of = |state, value: &str, why: String| fact("G08", "base", state, value, why);
    let name = report.production.reference.as_deref().unwrap_or("production");
    match (&report.production.oid, &report.merge_base) {
        (None, _) => of(Unknown, "unknown", "production is unknown".into()),
        (Some(_), None) if report.repository.shallow => {
            of(Unknown, "unknown", "the merge base lies beyond what was cloned: git fetch --unshallow".into())
        }
        (Some(_), None) => of(Bad, "unrelated", format!("it shares no history with {name}")),
        (Some(production), Some(base)) if production == base => of(Ok, "exact", format!("it is built on {name}")),
        (Some(_), Some(_)) => {
            let n = known.missing_from_head.map_or_else(|| "commits".into(), |n| count(n, "commit"));
            of(Bad, "behind", format!("{name} has {n} that it lacks: rebase onto {name}, or merge it"))
        }
    }
}

fn commits(report: &Report) -> Fact {
    let value = super::text::commits(report);
    match report.commits_total {
        None => fact("G09", "commits", Unknown, value, "production is unknown"),
        Some(0) => fact("G09", "commits", Warn, value, "there is nothing to ship"),
        Some(_) => fact("G09", "commits", Ok, value, "these commits are shipped"),
    }
}

fn foreign(report: &Report, known: &Known) -> Fact {
    let of = |state, value: String, why: String| fact("G10", "foreign", state, value, why);
    let foreign: Vec<&str> = report.commits.iter().filter(|it| it.foreign).map(|it| it.summary.as_str()).collect();
    match (&known.development, report.commits_total) {
        (_, None) => of(Unknown, "unknown".into(), "production is unknown".into()),
        (None, _) => {
            of(Unknown, "unknown".into(), "no development branch is known: set git.targets in hotfix.toml".into())
        }
        (Some(name), Some(total)) if known.on_development => of(
            Unknown,
            format!("on {name}"),
            format!("it is {name} itself: {} are shipped together", count(total, "commit")),
        ),
        (Some(name), _) if foreign.is_empty() => of(Ok, "none".into(), format!("nothing of {name} rides along")),
        (Some(_), _) => {
            let first = foreign.iter().take(3).copied().collect::<Vec<_>>().join(" · ");
            let n = count(foreign.len() as u64, "commit");
            of(Bad, n.clone(), format!("{n} of somebody else's work would be shipped: {first}"))
        }
    }
}

fn merges(report: &Report) -> Fact {
    let merges = report.commits.iter().filter(|commit| commit.merge).count() as u64;
    match (report.commits_total, merges) {
        (None, _) => fact("G11", "merges", Unknown, "unknown", "production is unknown"),
        (_, 0) => fact("G11", "merges", Ok, "none", "no merge commit is in the range"),
        (_, n) => {
            fact("G11", "merges", Warn, n.to_string(), format!("{} may bring other work in", count(n, "merge commit")))
        }
    }
}

fn off_ticket(known: &Known) -> Fact {
    match &known.off_ticket {
        None => fact("G12", "ticket", Unknown, "not set", "no pattern for ticket keys: set git.ticket in hotfix.toml"),
        Some(off) if off.is_empty() => fact("G12", "ticket", Ok, "all", "every commit names a ticket"),
        Some(off) => {
            let why = format!("{} without a ticket's key: {}", count(off.len() as u64, "commit"), some(off));
            fact("G12", "ticket", Warn, off.len().to_string(), why)
        }
    }
}

/// The first three, and how many more.
fn some(list: &[String]) -> String {
    let more = list.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", list.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", "))
}

fn unfinished(known: &Known) -> Fact {
    match (known.markers.is_empty(), known.unfinished.is_empty()) {
        (false, _) => fact(
            "G14",
            "unfinished",
            Bad,
            "markers",
            format!("conflict markers were added in {}", some(&known.markers)),
        ),
        (_, false) => fact("G14", "unfinished", Warn, "work in progress", some(&known.unfinished)),
        _ => fact("G14", "unfinished", Ok, "none", "no fixup, no work in progress, no conflict marker"),
    }
}

fn upstream(report: &Report) -> Fact {
    let value = super::text::upstream(report);
    let of = |state, why: &str| fact("G15", "pushed", state, value.clone(), why);
    match (&report.upstream, report.ahead, report.behind) {
        (None, ..) => of(Warn, "the branch has no upstream: git push -u"),
        (Some(_), Some(0), Some(0)) => of(Ok, "the upstream has the same commit"),
        (Some(_), _, Some(1..)) => of(Bad, "the upstream has commits that are not here: git pull"),
        (Some(_), Some(_), Some(_)) => of(Warn, "not everything is pushed: git push"),
        (Some(_), ..) => of(Warn, "the upstream is gone: git push -u"),
    }
}

fn back_merge(report: &Report, known: &Known) -> Fact {
    let of = |state, value: String, why: String| fact("G17", "back-merge", state, value, why);
    let open: Vec<&Rung> = report.back_merge.iter().filter(|rung| rung.level.is_none_or(|it| !it.is_done())).collect();
    if !known.looked_for_targets || report.back_merge.is_empty() {
        return of(Unknown, "no target".into(), "no branch is known that the fix must reach: set git.targets".into());
    }
    let why = open.iter().map(|rung| format!("{} {}", rung.target, rung.why)).collect::<Vec<_>>().join(" · ");
    match open.iter().map(|rung| rung.level).max() {
        None => of(Ok, "done".into(), "every target has the fix".into()),
        Some(_) if open.iter().any(|rung| rung.level.is_none()) => of(Unknown, format!("{} open", open.len()), why),
        Some(_) => of(Warn, format!("{} open", open.len()), why),
    }
}

fn trunk_first(report: &Report, known: &Known) -> Fact {
    let of = |state, why: &str| {
        fact("G18", "trunk first", state, if known.trunk_first { "asked" } else { "not asked" }, why)
    };
    if !known.trunk_first {
        return of(Ok, "fixes go to production first in this team");
    }
    let on_trunk = |rung: &Rung| rung.level.is_some_and(|level| level <= Level::Ported);
    match report.back_merge.first() {
        None => of(Unknown, "no trunk is known: set git.targets"),
        Some(rung) if on_trunk(rung) => of(Ok, "the fix is on trunk"),
        Some(_) => of(Bad, "the fix is not on trunk yet, where it belongs first"),
    }
}

fn forecast(report: &Report) -> Fact {
    let conflicting = |rung: &&Rung| rung.level == Some(Level::MissingConflict);
    let paths: Vec<String> = report.back_merge.iter().filter(conflicting).flat_map(|it| it.paths.clone()).collect();
    let unknown = report.back_merge.is_empty() || report.back_merge.iter().any(|rung| rung.level.is_none());
    match (paths.is_empty(), unknown) {
        (false, _) => {
            fact("G19", "forecast", Warn, "conflicts", format!("the back-merge will conflict in {}", some(&paths)))
        }
        (_, true) => fact("G19", "forecast", Unknown, "unknown", "the back-merge was not tried"),
        _ => fact("G19", "forecast", Ok, "clean", "the back-merge has no conflict"),
    }
}

fn release_tag(report: &Report, known: &Known) -> Fact {
    let of = |state, value: &str, why: String| fact("G20", "release tag", state, value, why);
    let is_production = report.production.oid.is_some() && report.production.oid == report.head.oid;
    let Some((name, annotated)) = known.tags_at_head.first().filter(|_| !is_production) else {
        return of(Warn, "none", "the tip has no version tag yet".into());
    };
    let version = |name: &str| Version::of_tag(name);
    let before = report.production.reference.as_deref().and_then(version);
    match (version(name), before) {
        (Some(new), Some(old)) if !new.is_patch_of(&old) => {
            of(Warn, name, format!("{name} is no patch release of production"))
        }
        _ if !annotated => of(Warn, name, format!("{name} is a lightweight tag: git tag --annotate")),
        _ => of(Ok, name, format!("{name} names the tip")),
    }
}

fn releases(known: &Known) -> Fact {
    let n = known.open_releases.len().to_string();
    match known.open_releases[..] {
        [] => fact("G21", "releases", Ok, "none", "no release branch is open"),
        _ => fact("G21", "releases", Warn, n, format!("the fix must reach these too: {}", some(&known.open_releases))),
    }
}

fn rivals(known: &Known) -> Fact {
    let names: Vec<String> = known.rivals.iter().map(|(name, _)| name.clone()).collect();
    let overlap: Vec<String> = known.rivals.iter().flat_map(|(_, paths)| paths.clone()).collect();
    match (names.is_empty(), overlap.is_empty()) {
        (true, _) => fact("G22", "rivals", Ok, "none", "no other hotfix is under way"),
        (_, true) => fact(
            "G22",
            "rivals",
            Warn,
            names.len().to_string(),
            format!("another hotfix is under way: {}", some(&names)),
        ),
        _ => {
            let why = format!("another hotfix touches the same files: {} in {}", some(&names), some(&overlap));
            fact("G22", "rivals", Bad, names.len().to_string(), why)
        }
    }
}

fn target(contents: Option<&Contents>) -> Fact {
    match contents.and_then(|it| it.to.as_ref()) {
        Some(point) => fact("G24", "rollback target", Ok, point.reference.clone(), "the version before production"),
        None => {
            let why = contents.and_then(|it| it.unknown.first().cloned());
            fact("G24", "rollback target", Unknown, "unknown", why.unwrap_or_else(|| "production is unknown".into()))
        }
    }
}

fn contents(contents: Option<&Contents>) -> Fact {
    let of = |state, value: String, why: String| fact("G25", "rollback contents", state, value, why);
    let Some((it, class)) = contents.and_then(|it| Some((it, it.class?))) else {
        return of(Unknown, "unknown".into(), "what a rollback undoes is unknown".into());
    };
    let value = format!("{}, {} flagged", count(it.undoes.len() as u64, "commit"), it.flagged());
    let why = it.reasons.first().cloned();
    match class {
        Reversal::Unsafe => of(Bad, value, why.unwrap_or_default()),
        Reversal::Compensating => of(Warn, value, why.unwrap_or_default()),
        Reversal::Clean if it.flagged() > 0 => of(Warn, value, "a rollback from production takes fixes with it".into()),
        Reversal::Clean => of(Ok, value, "a rollback from production gives what was before".into()),
    }
}

fn revert(known: &Known) -> Fact {
    match known.revert_conflicts.as_deref() {
        None => fact("G26", "revert", Unknown, "unknown", "a revert of what runs in production was not tried"),
        Some([]) => fact("G26", "revert", Ok, "clean", "what runs in production can be reverted on this branch"),
        Some(paths) => fact("G26", "revert", Warn, "conflicts", format!("a revert would conflict in {}", some(paths))),
    }
}

fn reverted(known: &Known) -> Fact {
    match known.reverted[..] {
        [] => fact("G27", "reverted", Ok, "none", "nobody reverted a commit of it"),
        _ => fact(
            "G27",
            "reverted",
            Bad,
            known.reverted.len().to_string(),
            format!("reverted already: {}", some(&known.reverted)),
        ),
    }
}

fn people(known: &Known) -> Fact {
    match known.people[..] {
        [] => fact("G28", "people", Unknown, "unknown", "there is no commit to tell authors by"),
        _ => fact("G28", "people", Ok, known.people.join(", "), "these wrote it: somebody else approves"),
    }
}

fn opaque(known: &Known) -> Fact {
    match known.opaque[..] {
        [] => fact("G29", "opaque", Ok, "none", "no submodule, LFS file or large binary changed"),
        _ => fact(
            "G29",
            "opaque",
            Warn,
            known.opaque.len().to_string(),
            format!("a diff does not show {}", some(&known.opaque)),
        ),
    }
}

/// A commit, as facts name it.
pub fn short(oid: &Oid, summary: &str) -> String {
    format!("{} {summary}", oid.short())
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
