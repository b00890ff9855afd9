//! Facts G01 to G30, each with its state, its value and one sentence. Unknown is never ok.

use std::time::Duration;

use super::model::{Fact, FactState, Report, Worktree};
use super::text::count;
use crate::evidence::Oid;

mod around;
mod range;

use around::{
    back_merge, contents, environments, forecast, release_tag, releases, revert, rivals, target, trunk_first, upstream,
};
use range::{commits, foreign, merges, off_ticket, opaque, people, reverted, scope, unfinished};

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
    /// Changed files outside of the scope; `None` without a scope.
    pub off_scope: Option<Vec<String>>,
    /// Branches of environments, and which of our files differ there from production; `None` for the latter when the
    /// branch is not here.
    pub environments: Vec<Environment>,
    /// Subjects such as `fixup!`, short ids with subjects.
    pub unfinished: Vec<String>,
    /// Files with added lines that look like conflict markers.
    pub markers: Vec<String>,
    /// The version tags that release the tip, newest first.
    pub release_tags: Vec<ReleaseTag>,
    /// The newest version tag besides those, prereleases left out.
    pub newest_other: Option<String>,
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
    /// Branches, tags and commits were looked at; before that, a list that is empty proves nothing.
    pub is_surveyed: bool,
}

/// A tag that names the tip, or the merge that brought the tip to production's branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseTag {
    /// Its name.
    pub name: String,
    /// Whether it is an object of its own, with a tagger and a date.
    pub annotated: bool,
    /// Whether it carries a signature; whose that is, is not looked at.
    pub signed: bool,
    /// Whether it names that merge instead of the tip.
    pub merged: bool,
}

/// A branch, and paths.
pub type Environment = (String, Option<Vec<String>>);

/// What needs the history that a shallow clone lacks.
const HISTORY: [&str; 11] = ["G08", "G09", "G10", "G11", "G12", "G17", "G18", "G22", "G24", "G25", "G27"];
/// What needs to know the remote's branches as they are now.
const REMOTE: [&str; 5] = ["G15", "G17", "G21", "G22", "G23"];

/// What is told by the lines of the diff.
const DIFF: [&str; 3] = ["G13", "G14", "G29"];

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

/// What is told by lists that are empty until somebody looked.
const SURVEYED: [&str; 6] = ["G14", "G18", "G21", "G22", "G27", "G29"];

/// All facts but G03, which is about the work tree: [`work_tree`].
pub fn all(report: &Report, known: &Known) -> Vec<Fact> {
    let mut facts = vec![
        operation(report, known),
        head(report),
        completeness(report),
        refs_age(known),
        production(report, known),
        drift(report),
        base(report, known),
        commits(report),
        foreign(report, known),
        merges(report),
        off_ticket(known),
        scope(known),
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
        environments(known),
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
        if !known.is_surveyed && SURVEYED.contains(&fact.id) {
            fact.state = Unknown;
            fact.value = "unknown".into();
            fact.why = "without production and a commit there is nothing to look at".into();
        } else if report.size.is_none() && DIFF.contains(&fact.id) {
            fact.state = Unknown;
            fact.value = "unknown".into();
            fact.why = "the diff could not be read".into();
        } else if report.repository.shallow && HISTORY.contains(&fact.id) {
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
    match (report.repository.shallow, report.repository.partial, report.unknown.first()) {
        (true, _, None) => of(Warn, "shallow", "history is cut off: git fetch --unshallow"),
        (true, _, Some(gap)) => of(Warn, "shallow", gap),
        (_, true, None) => {
            of(Warn, "partial", "objects are fetched when needed, which hotfix never does: git fetch --refetch")
        }
        (_, true, Some(gap)) => of(Warn, "partial", gap),
        (.., Some(gap)) => of(Bad, "incomplete", gap),
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

/// G07: whether production runs what its tag or branch says.
fn drift(report: &Report) -> Fact {
    let of = |state, value: &str, why: String| fact("G07", "drift", state, value, why);
    let Some(running) = &report.production.deployed else {
        return of(
            Unknown,
            "not asked",
            "what production itself reports is not compared: set production.deployed".into(),
        );
    };
    let said = running.said.as_str();
    match (&running.oid, running.has_fix) {
        (None, _) => of(Bad, said, format!("production runs {said}, which this clone does not know: git fetch --tags")),
        (Some(_), Some(true)) => of(Ok, said, format!("the fix is out: production runs {said}")),
        (Some(oid), _) if report.production.how.starts_with("production itself") => {
            of(Warn, said, format!("{}: {} is what the fix is compared with", report.production.how, oid.short()))
        }
        (Some(_), _) => of(Ok, said, format!("production itself says that it runs {said}")),
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
        (Some(_), None) if report.commits_total.is_none() => {
            of(Unknown, "unknown", "history could not be read as far as the merge base".into())
        }
        (Some(_), None) => of(Bad, "unrelated", format!("it shares no history with {name}")),
        (Some(production), Some(base)) if production == base => of(Ok, "exact", format!("it is built on {name}")),
        (Some(_), Some(_)) => {
            let n = known.missing_from_head.map_or_else(|| "commits".into(), |n| count(n, "commit"));
            of(Bad, "behind", format!("{name} has {n} that it lacks: rebase onto {name}, or merge it"))
        }
    }
}

/// The first three, and how many more.
fn some(list: &[String]) -> String {
    let more = list.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", list.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// A commit, as facts name it.
pub fn short(oid: &Oid, summary: &str) -> String {
    format!("{} {summary}", oid.short())
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
