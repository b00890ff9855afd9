//! What an executor is to run: a plan from its beginning, or the rest of one.

use crate::incident::RollbackEnd;
use crate::rollback::execution::{Answer, Execution, Next};
use crate::rollback::model::{Plan, StepAction};

/// What an executor is to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The plan, exactly as it was shown.
    pub plan: Plan,
    /// How far it came already, for one that goes on.
    pub resumed: Option<Execution>,
    /// What the operator says of the step in doubt.
    pub answer: Option<Answer>,
    /// Why it is fired although it was not ready.
    pub reason: Option<String>,
}

impl Order {
    /// Whether it is the prepared plan from its beginning, which must still be the same when it is fired.
    pub fn is_prepared(&self) -> bool {
        self.resumed.is_none() && !self.plan.is_taking_back()
    }
}

/// The order to carry out a plan from its beginning.
impl From<Plan> for Order {
    fn from(plan: Plan) -> Self {
        Self { plan, resumed: None, answer: None, reason: None }
    }
}

/// The order to go on with an execution; or the question that a person must answer first.
///
/// # Errors
/// In words: why it cannot go on by itself.
pub fn resume(execution: &Execution, answer: Option<Answer>) -> Result<Order, String> {
    let Some(plan) = execution.plan.clone() else {
        return Err("the plan of that rollback cannot be read from the journal: it cannot go on by itself".into());
    };
    if answer.is_some() && answer.and_then(|it| execution.answered(it)).is_none() {
        return Err("no step is in doubt: there is nothing to answer".into());
    }
    match execution.next() {
        Next::Nothing => {
            let is_verified = execution.end.as_ref().is_some_and(|ended| ended.end == RollbackEnd::Verified);
            let how = if is_verified {
                "it is rolled back and verified"
            } else {
                "every step is done, and nothing more can tell"
            };
            Err(format!("{how}: there is nothing to go on with"))
        }
        Next::Ask(index) if answer.is_none() => Err(question(execution, index)),
        _ => Ok(Order { plan, resumed: Some(execution.clone()), answer, reason: None }),
    }
}

/// What is asked of a person about a step in doubt.
pub fn question(execution: &Execution, index: usize) -> String {
    let name = execution.steps.get(index).map_or("?", |step| &step.name);
    let step = execution.plan.as_ref().and_then(|plan| plan.steps.get(index));
    if let Some(StepAction::Manual(text)) = step.map(|step| &step.action) {
        return format!("step {} `{name}` is yours: {text}. Then answer `done`, or `skip`", index + 1);
    }
    format!(
        "step {} `{name}` may have taken effect, and nothing can tell: look at production, then answer `done`, `not-done` or `skip`",
        index + 1
    )
}
