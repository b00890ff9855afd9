//! Facts about where the change goes: its upstream, the other branches, and back.

use super::FactState::{Bad, Ok, Unknown, Warn};
use super::{Environment, Known, fact, some};
use crate::change::classes::Reversal;
use crate::change::contents::Contents;
use crate::change::ladder::{Level, Rung};
use crate::change::model::{Fact, Report};
use crate::change::text::{self, count};
use crate::change::version::Version;

pub(super) fn upstream(report: &Report) -> Fact {
    let value = text::upstream(report);
    let of = |state, why: &str| fact("G15", "pushed", state, value.clone(), why);
    match (&report.upstream, report.ahead, report.behind) {
        (None, ..) => of(Warn, "the branch has no upstream: git push -u"),
        (Some(_), Some(0), Some(0)) => of(Ok, "the upstream has the same commit"),
        (Some(_), _, Some(1..)) => of(Bad, "the upstream has commits that are not here: git pull"),
        (Some(_), Some(_), Some(_)) => of(Warn, "not everything is pushed: git push"),
        (Some(_), ..) => of(Warn, "the upstream is gone: git push -u"),
    }
}

pub(super) fn back_merge(report: &Report, known: &Known) -> Fact {
    let of = |state, value: String, why: String| fact("G17", "back-merge", state, value, why);
    let open: Vec<&Rung> = report.back_merge.iter().filter(|rung| rung.level.is_none_or(|it| !it.is_done())).collect();
    if !known.is_surveyed || report.back_merge.is_empty() {
        return of(Unknown, "no target".into(), "no branch is known that the fix must reach: set git.targets".into());
    }
    let why = open.iter().map(|rung| format!("{} {}", rung.target, rung.why)).collect::<Vec<_>>().join(" · ");
    match open.iter().map(|rung| rung.level).max() {
        None => of(Ok, "done".into(), "every target has the fix".into()),
        Some(_) if open.iter().any(|rung| rung.level.is_none()) => of(Unknown, format!("{} open", open.len()), why),
        Some(_) => of(Warn, format!("{} open", open.len()), why),
    }
}

pub(super) fn trunk_first(report: &Report, known: &Known) -> Fact {
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

pub(super) fn forecast(report: &Report) -> Fact {
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

pub(super) fn release_tag(report: &Report, known: &Known) -> Fact {
    let Some(tag) = known.release_tags.first() else {
        return fact("G20", "release tag", Warn, "none", "the tip has no version tag yet");
    };
    // A tip with a version tag is production as far as tags tell: its version is compared with the one before it.
    let is_production = report.production.oid.is_some() && report.production.oid == report.head.oid;
    let before = match is_production {
        true => report.rollback.as_ref().and_then(|it| it.to.as_ref()).map(|point| &point.reference),
        false => report.production.reference.as_ref(),
    };
    let name = &tag.name;
    let of = |state, why: String| fact("G20", "release tag", state, name, why);
    let (new, before) = (Version::of_tag(name), before.and_then(|name| Version::of_tag(name)));
    let newest = known.newest_other.as_deref().filter(|other| Version::of_tag(other) >= new);
    match (new, before, newest) {
        (Some(new), Some(old), _) if !new.is_patch_of(&old) => {
            of(Warn, format!("{name} is no patch release of production"))
        }
        (.., Some(newest)) => of(Warn, format!("{name} is not newer than {newest}")),
        _ if !tag.annotated => of(Warn, format!("{name} is a lightweight tag: git tag --annotate")),
        _ => {
            let what = if tag.merged { "names the merge of the tip" } else { "names the tip" };
            of(Ok, format!("{name} {what}{}", if tag.signed { ", signed" } else { ", not signed" }))
        }
    }
}

pub(super) fn releases(known: &Known) -> Fact {
    let n = known.open_releases.len().to_string();
    match known.open_releases[..] {
        [] => fact("G21", "releases", Ok, "none", "no release branch is open"),
        _ => fact("G21", "releases", Warn, n, format!("the fix must reach these too: {}", some(&known.open_releases))),
    }
}

pub(super) fn rivals(known: &Known) -> Fact {
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

pub(super) fn environments(known: &Known) -> Fact {
    let of = |state, value: String, why: String| fact("G23", "environments", state, value, why);
    let names = |list: &[&Environment]| list.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let drifted: Vec<_> =
        known.environments.iter().filter(|(_, it)| it.as_ref().is_some_and(|it| !it.is_empty())).collect();
    let unknown: Vec<_> = known.environments.iter().filter(|(_, it)| it.is_none()).collect();
    match (known.environments.is_empty(), drifted[..].first(), unknown.is_empty()) {
        (true, ..) => {
            of(Unknown, "not set".into(), "no branches of environments are named: set git.environments".into())
        }
        (_, Some((_, paths)), _) => {
            let paths = some(paths.as_deref().unwrap_or_default());
            of(Warn, names(&drifted), format!("the fix lands on other content in {}: {paths}", names(&drifted)))
        }
        (.., false) => of(Unknown, "not here".into(), format!("not in this clone: {}", names(&unknown))),
        _ => of(Ok, "same".into(), "our files are in every environment as in production".into()),
    }
}

pub(super) fn target(contents: Option<&Contents>) -> Fact {
    match contents.and_then(|it| it.to.as_ref()) {
        Some(point) => fact("G24", "rollback target", Ok, point.reference.clone(), "the version before production"),
        None => {
            let why = contents.and_then(|it| it.unknown.first().cloned());
            fact("G24", "rollback target", Unknown, "unknown", why.unwrap_or_else(|| "production is unknown".into()))
        }
    }
}

pub(super) fn contents(contents: Option<&Contents>) -> Fact {
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

pub(super) fn revert(known: &Known) -> Fact {
    match known.revert_conflicts.as_deref() {
        None => fact("G26", "revert", Unknown, "unknown", "a revert of what runs in production was not tried"),
        Some([]) => fact("G26", "revert", Ok, "clean", "what runs in production can be reverted on this branch"),
        Some(paths) => fact("G26", "revert", Warn, "conflicts", format!("a revert would conflict in {}", some(paths))),
    }
}
