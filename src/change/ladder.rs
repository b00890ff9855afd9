//! The back-merge ladder: how far a target has the fix already. The first level that holds wins.

use serde::Serialize;

use super::text::count;

/// One target and how far it has the fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rung {
    /// The branch, clean.
    pub target: String,
    /// How far it has the fix; `None` when it cannot be told, which is never done.
    pub level: Option<Level>,
    /// What conflicts, or what is missing, clean.
    pub paths: Vec<String>,
    /// One sentence.
    pub why: String,
}

/// How far a target has the fix, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The tip itself is in it.
    Merged,
    /// Every commit has a twin with the same patch there.
    Equivalent,
    /// Every commit has a counterpart there, with another patch: look.
    Ported,
    /// The content is there: squashed, or made again by hand.
    Content,
    /// It is not there, and would merge cleanly.
    MissingClean,
    /// It is not there, and would conflict.
    MissingConflict,
}

/// What was found out about one target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Probe {
    /// The target holds the tip.
    pub holds_tip: bool,
    /// Commits of the fix, merges left out.
    pub commits: u64,
    /// Those with a twin of the same patch in the target.
    pub equivalent: u64,
    /// Those with a counterpart, twins included.
    pub ported: u64,
    /// The merge in memory; `None` when it could not be tried, and why not.
    pub merge: Option<Merge>,
    /// Why something could not be tried.
    pub obstacle: Option<String>,
}

/// A merge of the fix into a target, in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merge {
    /// Paths that conflict, clean.
    pub conflicts: Vec<String>,
    /// Paths that the merge would change in the target, clean.
    pub residual: Vec<String>,
}

impl Level {
    /// As the JSON has it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::Equivalent => "equivalent",
            Self::Ported => "ported",
            Self::Content => "content",
            Self::MissingClean => "missing-clean",
            Self::MissingConflict => "missing-conflict",
        }
    }

    /// Whether nothing is left to do: a ported fix needs a look first.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Merged | Self::Equivalent | Self::Content)
    }
}

impl Rung {
    /// What to do about it, where something is left to do.
    pub fn advice(&self) -> Option<&'static str> {
        match self.level? {
            Level::MissingClean => Some("`hotfix finish` brings it there"),
            Level::MissingConflict => {
                Some("`hotfix finish` stops there: resolve and add these paths, then `hotfix finish --continue`")
            }
            Level::Ported => Some("compare the two: it was not copied as it is"),
            Level::Merged | Level::Equivalent | Level::Content => None,
        }
    }
}

/// A target of which nothing could be found out.
pub fn unknown(target: String, why: &str) -> Rung {
    Rung { target, level: None, paths: vec![], why: format!("unknown: {why}") }
}

/// The first level that holds.
pub fn rung(target: String, probe: Probe) -> Rung {
    let Probe { commits, equivalent, ported, .. } = probe;
    let all = count(commits, "commit");
    let made = |level, paths, why| Rung { target: target.clone(), level: Some(level), paths, why };
    if probe.holds_tip {
        return made(Level::Merged, vec![], "merged: it holds the hotfix tip".into());
    }
    if commits > 0 && equivalent == commits {
        return made(Level::Equivalent, vec![], format!("equivalent: all {all} are there with the same patch"));
    }
    if commits > 0 && ported == commits {
        let differ = commits - equivalent;
        let why = format!("ported, but {} of {all} with another patch: look", differ);
        return made(Level::Ported, vec![], why);
    }
    let Some(merge) = probe.merge else {
        return unknown(target, probe.obstacle.as_deref().unwrap_or("the merge was not tried"));
    };
    let part = if ported > 0 { format!(" ({ported} of {all} are there)") } else { String::new() };
    if !merge.conflicts.is_empty() {
        let why = format!("MISSING{part}: conflicts in {}", count(merge.conflicts.len() as u64, "file"));
        return made(Level::MissingConflict, merge.conflicts, why);
    }
    if merge.residual.is_empty() {
        return made(Level::Content, vec![], "content present: squashed, or made again by hand".into());
    }
    let why = format!("MISSING{part}: {}, merges cleanly", count(merge.residual.len() as u64, "file"));
    made(Level::MissingClean, merge.residual, why)
}

#[cfg(test)]
mod tests {
    use super::{Level, Merge, Probe, rung};

    fn level(probe: Probe) -> Option<Level> {
        rung("main".into(), probe).level
    }

    #[test]
    fn the_first_level_that_holds_wins() {
        let residual = || Some(Merge { residual: vec!["a".into()], ..Merge::default() });
        let conflict = || Some(Merge { conflicts: vec!["a".into()], residual: vec!["a".into()] });
        let probe = |equivalent, ported, merge| Probe { commits: 2, equivalent, ported, merge, ..Probe::default() };
        assert_eq!(level(Probe { holds_tip: true, ..probe(0, 0, conflict()) }), Some(Level::Merged));
        assert_eq!(level(probe(2, 2, conflict())), Some(Level::Equivalent));
        assert_eq!(level(probe(1, 2, conflict())), Some(Level::Ported));
        assert_eq!(level(probe(1, 1, Some(Merge::default()))), Some(Level::Content));
        assert_eq!(level(probe(1, 1, residual())), Some(Level::MissingClean));
        assert_eq!(level(probe(0, 0, conflict())), Some(Level::MissingConflict));
        assert_eq!(level(probe(0, 0, None)), None);
        assert_eq!(
            level(Probe { merge: residual(), ..Probe::default() }),
            Some(Level::MissingClean),
            "no commits, no twins"
        );
    }

    #[test]
    fn only_what_needs_no_look_is_done() {
        let done = |level: Level| level.is_done();
        assert!(done(Level::Merged) && done(Level::Equivalent) && done(Level::Content));
        assert!(!done(Level::Ported) && !done(Level::MissingClean) && !done(Level::MissingConflict));
    }
}
