//! What was seen earlier, of production and of the commit at hand, and how new results compare with it.

use std::collections::HashSet;
use std::path::Path;

use super::archive::Archive;
use crate::evidence::Oid;
use crate::test_results::baseline;
use crate::test_results::model::{Report, Warning};
use crate::test_results::past::Past;

/// Results by commit, and which commit is the baseline.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    archive: Option<Archive>,
    /// The commit that production runs: its results are the baseline.
    pub production: Option<Oid>,
}

impl Memory {
    /// In the folder of the repository's state; without one nothing is remembered, and nothing compared.
    pub fn at(state: Option<&Path>, production: Option<Oid>) -> Self {
        Self { archive: state.map(Archive::at), production }
    }

    /// Compares results with those of production and with what was seen of `head` before, and keeps them if they are `new`.
    pub fn compare(&self, report: &mut Report, head: Option<&Oid>, new: bool) {
        let Some(archive) = &self.archive else { return };
        let earlier = head.and_then(|head| archive.load(head));
        if new {
            self.keep(report);
        }
        if let Some(production) = self.production.as_ref().and_then(|oid| archive.load(oid)) {
            baseline::classify(report, &production);
        }
        if let Some(earlier) = earlier {
            baseline::find_reruns(report, &earlier);
        }
    }

    /// Keeps results under the commits that they belong to.
    pub fn keep(&self, report: &mut Report) {
        let Some(archive) = &self.archive else { return };
        let commits: HashSet<&Oid> = report.runs.iter().filter_map(|run| run.subject.as_ref()).collect();
        for commit in commits {
            // A full disk costs the comparison of tomorrow, not the results of today.
            if let Err(error) = archive.store(Past::of(report, Some(commit))) {
                let what = format!("these results cannot be kept for later comparison: {error}");
                report.warnings.push(Warning { source: "state folder".into(), what });
                return;
            }
        }
    }

    /// The commit of production, if nothing is known of what this source said of it.
    pub fn lacks(&self, source: &str) -> Option<&Oid> {
        let production = self.production.as_ref()?;
        let known = self.archive.as_ref()?.load(production);
        let is_known = known.is_some_and(|past| past.sources.contains_key(source));
        (!is_known).then_some(production)
    }
}
