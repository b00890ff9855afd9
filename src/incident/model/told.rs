//! What the program has told of the world so far, so that nothing is told twice: not even after a restart (pure).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::evidence::Oid;
use crate::incident::Entry;

/// The last word on each thing that the program tells by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    tip: Option<Oid>,
    upstream: Option<(String, Oid)>,
    tests: Option<(Option<Oid>, u64, u64)>,
    verdicts: BTreeMap<String, String>,
    rollouts: BTreeMap<String, String>,
}

impl Told {
    /// Takes in what was recorded.
    pub(super) fn take(&mut self, entry: &Entry) {
        match entry {
            Entry::HeadMoved { to, .. } => self.tip = Some(to.clone()),
            Entry::Pushed(push) => self.upstream = Some((push.branch.clone(), push.to.clone())),
            Entry::TestsSeen { subject, passed, failed } => self.tests = Some((subject.clone(), *passed, *failed)),
            Entry::VerdictChanged { metric, to, .. } => {
                self.verdicts.insert(metric.clone(), to.clone());
            }
            Entry::RolloutMoved { rollout, to, .. } => {
                self.rollouts.insert(rollout.clone(), to.clone());
            }
            _ => {}
        }
    }

    /// Whether an entry tells anything that was not told before.
    pub fn is_news(&self, entry: &Entry) -> bool {
        match entry {
            Entry::HeadMoved { to, .. } => self.tip.as_ref() != Some(to),
            Entry::Pushed(push) => self.upstream.as_ref() != Some(&(push.branch.clone(), push.to.clone())),
            Entry::TestsSeen { subject, passed, failed } => {
                self.tests.as_ref() != Some(&(subject.clone(), *passed, *failed))
            }
            Entry::VerdictChanged { metric, to, .. } => self.verdicts.get(metric) != Some(to),
            Entry::RolloutMoved { rollout, to, .. } => self.rollouts.get(rollout) != Some(to),
            _ => true,
        }
    }

    /// The hotfix tip, as it was last told.
    pub fn tip(&self) -> Option<&Oid> {
        self.tip.as_ref()
    }

    /// Where a rollout was, as it was last told.
    pub fn rollout(&self, name: &str) -> Option<&String> {
        self.rollouts.get(name)
    }

    /// Where a branch on the remote was, as it was last told.
    pub fn upstream(&self, branch: &str) -> Option<&Oid> {
        self.upstream.as_ref().filter(|(name, _)| name == branch).map(|(_, oid)| oid)
    }
}
