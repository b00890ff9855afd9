//! What all files come to, within the memory that they may take.

use crate::test_results::model::{FlakyTest, Run, RunState, TestFailure, Warning};
use crate::test_results::reader::Parsed;

/// Bytes kept of all failures of all files: texts are cut beyond it, and beyond four times it failures are counted only.
pub(super) const BUDGET: usize = 1 << 20;
/// Bytes kept of a failure's text beyond the budget.
const FLOOR: usize = 160;

/// Cases kept of all files: beyond it they are counted and not compared one by one.
const CASES: usize = 200_000;

/// What all files come to.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) runs: Vec<Run>,
    pub(super) failures: Vec<TestFailure>,
    pub(super) flaky: Vec<FlakyTest>,
    pub(super) warnings: Vec<Warning>,
    kept: usize,
    cases: usize,
}

impl Gathered {
    pub(super) fn warn(&mut self, source: &str, what: impl Into<String>) {
        self.warnings.push(Warning { source: source.to_owned(), what: what.into() });
    }

    pub(super) fn add(&mut self, mut run: Run, parsed: &mut Parsed) {
        self.cases += parsed.cases.len();
        if self.cases > CASES {
            (run.cases, parsed.cases) = Default::default();
        }
        if !run.complete && run.state != RunState::Running {
            let trouble = run.trouble.as_deref().unwrap_or_default();
            self.warn(&run.source, format!("{}: {trouble}", run.state.label()));
        }
        for warning in &parsed.warnings {
            self.warn(&run.source, warning.clone());
        }
        parsed.failures.iter_mut().for_each(|failure| failure.run.clone_from(&run.name));
        parsed.flaky.iter_mut().for_each(|test| test.run.clone_from(&run.name));
        self.shrink(&run.source, parsed);
        self.failures.extend(parsed.failures.iter().cloned());
        self.flaky.extend(parsed.flaky.iter().cloned());
        self.runs.push(run);
    }

    /// Keeps all files together within the memory that they may take.
    fn shrink(&mut self, source: &str, parsed: &mut Parsed) {
        let size = |f: &TestFailure| f.message.len() + f.suite.len() + f.class.len() + f.name.len() + 64;
        let mut unlisted = 0;
        for mut failure in std::mem::take(&mut parsed.failures) {
            if self.kept + size(&failure) > BUDGET && failure.message.len() > FLOOR {
                failure.message.truncate(failure.message.floor_char_boundary(FLOOR));
                failure.message.push('…');
                failure.message.shrink_to_fit();
            }
            if self.kept > 4 * BUDGET {
                unlisted += 1;
                continue;
            }
            self.kept += size(&failure);
            parsed.failures.push(failure);
        }
        if unlisted > 0 {
            self.warn(source, format!("{unlisted} more failures are counted and not listed"));
        }
    }
}
