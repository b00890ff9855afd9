//! The room's part of the state, and how observations change it.

use std::borrow::Cow;

use jiff::Timestamp;

use super::continuity::Continuity;
use super::deployed::{Declared, Said, Track};
use super::diff::FileDiff;
use super::facts;
use super::model::{Fact, Report, Worktree};
use crate::evidence::{self, Observed, Subject};

/// What the sources of this room tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// About commits and refs.
    Report(evidence::Observation<Report>),
    /// About the work tree and the index.
    Worktree(evidence::Observation<Worktree>),
    /// The text of a diff that was asked for.
    Diff(evidence::Observation<FileDiff>),
    /// What production, or the canary, says that it runs.
    Deployed(Track, evidence::Observation<Said>),
}

impl Observation {
    /// Whether it only says that a request is under way.
    pub fn is_beginning(&self) -> bool {
        match self {
            Self::Report(it) => it.is_beginning(),
            Self::Worktree(it) => it.is_beginning(),
            Self::Diff(it) => it.is_beginning(),
            Self::Deployed(_, it) => it.is_beginning(),
        }
    }

    /// See [`evidence::Observation::told_by`].
    #[must_use]
    pub fn told_by(self, now: Timestamp, speed: f64) -> Self {
        match self {
            Self::Report(it) => Self::Report(it.told_by(now, speed)),
            Self::Worktree(it) => Self::Worktree(it.told_by(now, speed)),
            Self::Diff(it) => Self::Diff(it.told_by(now, speed)),
            Self::Deployed(track, it) => Self::Deployed(track, it.told_by(now, speed)),
        }
    }
}

/// What is known of the change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Commits and refs.
    pub report: Observed<Report>,
    /// The work tree and the index.
    pub worktree: Observed<Worktree>,
    /// The diff that was asked for last.
    pub diff: Observed<FileDiff>,
    /// What production says that it runs.
    pub deployed: Observed<Said>,
    /// What the canary says that it runs.
    pub canary: Observed<Said>,
    /// The chain from the tip to production; worked out where all rooms are known.
    pub continuity: Option<Continuity>,
}

impl State {
    /// Takes in an observation. Returns whether the picture may have changed.
    pub fn update(&mut self, observation: Observation) -> bool {
        match observation {
            Observation::Report(it) => self.report.observe(it),
            Observation::Worktree(it) => self.worktree.observe(it),
            Observation::Diff(it) => self.diff.observe(self.joined(it)),
            Observation::Deployed(Track::Production, it) => self.deployed.observe(it),
            Observation::Deployed(Track::Canary, it) => self.canary.observe(it),
        }
    }

    /// A piece of a diff of the same tip, together with the pieces before it.
    fn joined(&self, observation: evidence::Observation<FileDiff>) -> evidence::Observation<FileDiff> {
        let evidence::Observation::Seen(generation, mut new) = observation else { return observation };
        if let Some(old) = self.diff.evidence().filter(|old| old.subject == new.subject) {
            new.value = new.value.after(&old.value);
        }
        evidence::Observation::Seen(generation, new)
    }

    /// What production and the canary say, as far as it may still be believed.
    pub fn declared(&self, now: Timestamp) -> Declared {
        let word = |observed: &Observed<Said>| observed.fresh(now).map(|it| it.value.clone());
        Declared { production: word(&self.deployed), canary: word(&self.canary) }
    }

    /// The facts in order, the one about the work tree among them; none before they are worked out.
    pub fn facts(&self) -> Vec<Cow<'_, Fact>> {
        let known = self.report.value().map_or(&[][..], |report| &report.facts);
        let mut all: Vec<_> = known.iter().map(Cow::Borrowed).collect();
        if let Some(chain) = self.continuity.as_ref().filter(|_| !all.is_empty()) {
            let told = [chain.fact(), chain.evidence()];
            all.retain(|fact| told.iter().all(|it| it.id != fact.id));
            all.extend(told.map(Cow::Owned));
        }
        if !all.is_empty() {
            all.push(Cow::Owned(facts::work_tree(self.worktree.value())));
            all.sort_by_key(|fact| fact.id);
        }
        all
    }

    /// The hotfix tip, as it was last seen: what the evidence of the other rooms is compared with.
    pub fn head(&self) -> Option<Subject> {
        self.report.value().map(Report::subject).filter(|subject| subject.commit.is_some())
    }
}
