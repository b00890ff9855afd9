//! Hotfix branches begun and finished on repositories made with the `git` command line.

mod crash;
mod finish;
mod hostile;
mod push;
mod start;

use std::path::{Path, PathBuf};

use super::*;
use crate::change::model::Report;
use crate::change::source::fixture::{Fixture, lines, settings};
use crate::change::source::{Settings, read};
use crate::change::strategy::{Finished, Reached, ReachedState, Started};
use crate::incident::{Entry, Manner};
use crate::journal::Memory;
use crate::journal::Recorder;
use crate::journal::record::Record;

/// A repository, its journal and its configuration.
struct Place {
    it: Fixture,
    journal: Memory,
    settings: Settings,
}

impl Place {
    /// Production is `v1.0.0`, `main` and `release/1.0` went on from it, `hotfix/cart` holds a fix.
    fn new(toml: &str) -> Self {
        Self::of(Fixture::empty(), toml)
    }

    fn of(it: Fixture, toml: &str) -> Self {
        identify(&it);
        it.write("src/cart.rs", lines(40));
        it.write("src/pay.rs", lines(40));
        it.commit("First");
        it.git(&["tag", "-a", "-m", "v1.0.0", "v1.0.0"]);
        it.git(&["checkout", "--quiet", "-b", "release/1.0"]);
        it.write("notes.md", "Being released\n");
        it.commit("Prepare the release");
        it.git(&["checkout", "--quiet", "main"]);
        it.write("src/new.rs", lines(9));
        it.commit("A feature");
        it.git(&["checkout", "--quiet", "-b", "hotfix/cart", "v1.0.0"]);
        it.write("src/cart.rs", lines(40).replace("line 7\n", "line seven\n"));
        it.commit("SHOP-1 Fix the cart");
        it.write("src/pay.rs", lines(40).replace("line 9\n", "line nine\n"));
        it.commit("SHOP-1 Fix the payment");
        Self { it, journal: Memory::default(), settings: settings(toml) }
    }

    /// `main` says something else where the fix is.
    fn with_conflict(self, branch: &str, file: &str, line: &str) -> Self {
        self.it.git(&["checkout", "--quiet", branch]);
        self.it.write(file, lines(40).replace(&format!("{line}\n"), "ours\n"));
        self.it.commit("Change the same line");
        self.it.git(&["checkout", "--quiet", "hotfix/cart"]);
        self
    }

    fn start(&self, order: &StartOrder) -> Result<Started, String> {
        start_branch(&self.it.root, &self.settings, order).map_err(|it| told(&it))
    }

    fn slug(&self, slug: &str) -> Result<Started, String> {
        self.start(&StartOrder { slug: slug.into(), ..StartOrder::default() })
    }

    fn finish(&self, order: &FinishOrder) -> Result<Finished, String> {
        self.finish_at(&self.it.root, order, u64::MAX)
    }

    /// With a journal that breaks down after so many records.
    fn finish_at(&self, root: &Path, order: &FinishOrder, until: u64) -> Result<Finished, String> {
        let past: Vec<Record> = self.journal.records();
        let mut left = until;
        let mut record = |entry: Entry| {
            left = left.checked_sub(1).ok_or("the power is gone")?;
            let draft = entry.draft("i1", "ana", Timestamp::UNIX_EPOCH);
            self.journal.record(draft).map(drop).map_err(|error| error.to_string())
        };
        finish(root, &self.settings, order, &mut Journaling { past: &past, record: &mut record })
            .map_err(|it| told(&it))
    }

    fn go(&self) -> Finished {
        self.finish(&FinishOrder::default()).unwrap()
    }

    fn turn(&self, turn: Turn) -> Result<Finished, String> {
        self.finish(&FinishOrder { turn, ..FinishOrder::default() })
    }

    /// What the ladder says afterwards, by target.
    fn ladder(&self) -> Vec<(String, &'static str)> {
        self.it.git(&["checkout", "--quiet", "hotfix/cart"]);
        let report: Report = read(&self.it.root, &self.settings).unwrap().value;
        let label = |it: &crate::change::ladder::Rung| (it.target.clone(), it.level.unwrap().label());
        report.back_merge.iter().map(label).collect()
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.it.root.parent().unwrap().join(name)
    }

    fn show(&self, what: &str) -> String {
        self.it.git(&["show", what])
    }

    /// All that a run could change: references and work trees.
    fn world(&self) -> String {
        self.it.git(&["for-each-ref"]) + &self.it.git(&["worktree", "list"]) + &self.it.git(&["status", "--porcelain"])
    }
}

fn identify(it: &Fixture) {
    it.git(&["config", "user.name", "Ana"]);
    it.git(&["config", "user.email", "ana@example.com"]);
}

fn told(failure: &Failure) -> String {
    format!("{} ({})", failure.what, failure.remedy.as_deref().unwrap_or(""))
}

fn states(finished: &Finished) -> Vec<(&str, ReachedState)> {
    finished.targets.iter().map(|it| (it.target.as_str(), it.state)).collect()
}

fn target<'a>(finished: &'a Finished, name: &str) -> &'a Reached {
    finished.targets.iter().find(|it| it.target == name).unwrap()
}
