//! Asks every source once, for the commands that look at the whole: one function for each room.

use jiff::Timestamp;

use super::Context;
use crate::canary::model::Report as CanaryReport;
use crate::change::model::{Report as ChangeReport, Worktree};
use crate::checklist::model::Inputs;
use crate::config::schema::{Checklist, Limits};
use crate::evidence::Observed;
use crate::incident::Incident;
use crate::rollback::model::Plan;
use crate::test_results::model::Report as TestReport;

/// What every source answered.
#[derive(Debug, Clone)]
pub struct Gathered {
    now: Timestamp,
    /// The open incident.
    pub incident: Option<Incident>,
    change: Observed<ChangeReport>,
    worktree: Observed<Worktree>,
    tests: Observed<TestReport>,
    canary: Option<Observed<CanaryReport>>,
    plan: Option<Observed<Plan>>,
    checklist: Checklist,
    limits: Limits,
}

impl Gathered {
    /// What the checklist looks at.
    pub fn inputs(&self) -> Inputs<'_> {
        Inputs {
            now: self.now,
            incident: self.incident.as_ref(),
            change: &self.change,
            worktree: &self.worktree,
            tests: &self.tests,
            canary: self.canary.as_ref(),
            plan: self.plan.as_ref(),
            config: &self.checklist,
            limits: self.limits,
        }
    }
}

/// Asks every source once.
///
/// # Errors
/// When the configuration or the journal cannot be read. A source that fails is evidence, no error.
pub fn gather(_context: &Context) -> color_eyre::Result<Gathered> {
    Err(color_eyre::eyre::eyre!("not built yet"))
}
