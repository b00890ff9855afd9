//! Facts about the commits that would be shipped.

use super::FactState::{Bad, Ok, Unknown, Warn};
use super::{Known, fact, some};
use crate::change::model::{Fact, Report};
use crate::change::text::{self, count};

/// Why the commits of the range are not known.
fn why_unknown(report: &Report) -> &'static str {
    if report.production.oid.is_some() { "history could not be read" } else { "production is unknown" }
}

pub(super) fn commits(report: &Report) -> Fact {
    let value = text::commits(report);
    match report.commits_total {
        None => fact("G09", "commits", Unknown, value, why_unknown(report)),
        Some(0) => fact("G09", "commits", Warn, value, "there is nothing to ship"),
        Some(_) => fact("G09", "commits", Ok, value, "these commits are shipped"),
    }
}

pub(super) fn foreign(report: &Report, known: &Known) -> Fact {
    let of = |state, value: String, why: String| fact("G10", "foreign", state, value, why);
    let foreign: Vec<&str> = report.commits.iter().filter(|it| it.foreign).map(|it| it.summary.as_str()).collect();
    match (&known.development, report.commits_total) {
        (_, None) => of(Unknown, "unknown".into(), why_unknown(report).into()),
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

pub(super) fn merges(report: &Report) -> Fact {
    let merges = report.commits.iter().filter(|commit| commit.merge).count() as u64;
    match (report.commits_total, merges) {
        (None, _) => fact("G11", "merges", Unknown, "unknown", why_unknown(report)),
        (_, 0) => fact("G11", "merges", Ok, "none", "no merge commit is in the range"),
        (_, n) => {
            fact("G11", "merges", Warn, n.to_string(), format!("{} may bring other work in", count(n, "merge commit")))
        }
    }
}

pub(super) fn off_ticket(known: &Known) -> Fact {
    match &known.off_ticket {
        None => fact("G12", "ticket", Unknown, "not set", "no pattern for ticket keys: set git.ticket in hotfix.toml"),
        Some(off) if off.is_empty() => fact("G12", "ticket", Ok, "all", "every commit names a ticket"),
        Some(off) => {
            let why = format!("{} without a ticket's key: {}", count(off.len() as u64, "commit"), some(off));
            fact("G12", "ticket", Warn, off.len().to_string(), why)
        }
    }
}

pub(super) fn scope(known: &Known) -> Fact {
    match known.off_scope.as_deref() {
        None => fact("G13", "scope", Unknown, "not set", "no paths are named that a fix may touch: set git.scope"),
        Some([]) => fact("G13", "scope", Ok, "inside", "every changed file is one that a fix may touch"),
        Some(off) => {
            let why = format!("{} outside of the scope: {}", count(off.len() as u64, "file"), some(off));
            fact("G13", "scope", Warn, off.len().to_string(), why)
        }
    }
}

pub(super) fn unfinished(known: &Known) -> Fact {
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

pub(super) fn reverted(known: &Known) -> Fact {
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

pub(super) fn people(known: &Known) -> Fact {
    match known.people[..] {
        [] => fact("G28", "people", Unknown, "unknown", "there is no commit to tell authors by"),
        _ => fact("G28", "people", Ok, known.people.join(", "), "these wrote it: somebody else approves"),
    }
}

pub(super) fn opaque(known: &Known) -> Fact {
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
