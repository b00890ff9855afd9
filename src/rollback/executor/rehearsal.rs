//! A rehearsal: the harmless form of each step, and a look at every address that the run would look at.

use tokio::time::timeout;

use super::{Executor, look, revert, salesforce, scribe::Scribe};
use crate::config::schema::Verify;
use crate::evidence::text::{clean_bytes, fit};
use crate::incident::Entry;
use crate::rollback::model::{Plan, Step, StepAction};

/// How much of what a command printed is shown, in cells.
const SHOWN: usize = 120;

/// What a rehearsal showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// Whether nothing failed. A step that has no rehearsal does not fail.
    pub passed: bool,
    /// One line for each thing that was tried, or could not be.
    pub lines: Vec<(Tried, String)>,
}

/// How one part of a rehearsal went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// Well.
    Well,
    /// Not well.
    Badly,
    /// There is nothing to try.
    Nothing,
}

impl Executor {
    /// Rehearses a plan, and puts the result on record.
    pub async fn rehearse(&self, plan: &Plan, tell: &super::Tell) -> Rehearsed {
        let mut lines = Vec::new();
        for step in (0..plan.steps.len()).filter_map(|index| plan.runnable(index)) {
            lines.push(self.rehearse_step(&step, tell).await);
            if let Some(verify) = &step.verify {
                lines.extend(self.try_look(&step.name, verify).await);
            }
        }
        if let Some(verify) = plan.last_look() {
            lines.extend(self.try_look("verify", &verify).await);
        }
        let failures: Vec<&str> = lines.iter().filter(|it| it.0 == Tried::Badly).map(|it| it.1.as_str()).collect();
        let passed = failures.is_empty();
        let detail = if passed { summary(&lines) } else { failures.join("; ") };
        let entry = Entry::RollbackRehearsed { plan: plan.hash(), steps: Some(plan.steps_hash()), passed, detail };
        Scribe::new(self, tell, None).record(entry).await;
        Rehearsed { passed, lines }
    }

    async fn rehearse_step(&self, step: &Step, tell: &super::Tell) -> (Tried, String) {
        let name = &step.name;
        if let StepAction::GitRevertPush(it) = &step.action {
            return match revert::rehearse(&self.place.directory, it, step.timeout()).await {
                Ok(what) => (Tried::Well, format!("{name}: {what}")),
                Err(why) => (Tried::Badly, format!("{name}: {why}")),
            };
        }
        if let StepAction::SalesforceDeploy(it) = &step.action {
            return match salesforce::validate(self, it, step.timeout(), tell).await {
                Ok(what) => (Tried::Well, format!("{name}: {what}")),
                Err(why) => (Tried::Badly, format!("{name}: {why}")),
            };
        }
        let Some(argv) = &step.rehearse else { return (Tried::Nothing, format!("{name}: has no rehearsal")) };
        match timeout(step.timeout(), look::run(&self.place.directory, argv, look::PRINT_LIMIT)).await {
            Ok(Ok((Some(0), _))) => (Tried::Well, format!("{name}: its rehearsal ended with 0")),
            Ok(Ok((code, printed))) => {
                let code = code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
                let said = fit(clean_bytes(printed.trim_ascii()).trim(), SHOWN);
                (Tried::Badly, format!("{name}: its rehearsal ended with {code}: {said}"))
            }
            Ok(Err(why)) => (Tried::Badly, format!("{name}: {why}")),
            Err(_) => (Tried::Badly, format!("{name}: its rehearsal took longer than {} s", step.timeout_s)),
        }
    }

    /// A look needs to be possible; what it shows is another matter, for nothing was done.
    async fn try_look(&self, name: &str, verify: &Verify) -> Option<(Tried, String)> {
        let url = verify.url.as_ref()?;
        Some(match look::fetch(&self.eyes(), url, verify).await {
            Ok(response) => (Tried::Well, format!("{name}: {} answers", response.place)),
            Err(why) => (Tried::Badly, format!("{name}: {why}")),
        })
    }
}

/// What went well, with the words of what a later rollback builds on: a validation, by its id and until when it holds.
fn summary(lines: &[(Tried, String)]) -> String {
    let count = |tried: Tried| lines.iter().filter(|it| it.0 == tried).count();
    let of = |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
    let well = of(count(Tried::Well), "part went well", "parts went well");
    let without = Some(count(Tried::Nothing)).filter(|n| *n > 0);
    let without = without.map(|n| of(n, "step has no rehearsal", "steps have no rehearsal"));
    let validated = lines.iter().map(|it| it.1.as_str()).filter(|line| line.contains(salesforce::VALIDATED));
    let counts = [well].into_iter().chain(without).collect::<Vec<_>>().join(", ");
    std::iter::once(counts.as_str()).chain(validated).collect::<Vec<_>>().join("; ")
}
