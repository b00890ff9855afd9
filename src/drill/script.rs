//! A script: what an operator does, and when, for a drill without one.

use std::path::Path;

use serde::Deserialize;

use super::moment::Moment;
use super::reading::{ScenarioError, name, text_of, values};
use crate::incident::{Decision, Role, Severity, Stage};

/// A script file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Who does it, where an action names nobody.
    #[serde(default = "somebody")]
    pub operator: String,
    /// The actions, in the order of time.
    #[serde(rename = "do", default)]
    pub actions: Vec<Timed>,
}

/// `[[do]]`: an action and its moment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Timed {
    /// When.
    pub at: Moment,
    /// Who.
    pub by: Option<String>,
    /// What.
    #[serde(flatten)]
    pub action: Action,
}

/// What an operator can do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Answers the assessment questions, in part or whole.
    Assess {
        /// What the business loses.
        impact: Option<String>,
        /// How many users are affected.
        users: Option<String>,
        /// What users can do meanwhile.
        workaround: Option<String>,
        /// How bad it is.
        severity: Option<Severity>,
    },
    /// Takes a role, or gives it to somebody.
    Role {
        /// Which.
        role: Role,
        /// Who holds it now.
        name: String,
    },
    /// Goes to a stage.
    Stage {
        /// Which.
        stage: Stage,
    },
    /// Ticks an item.
    Tick {
        /// Its id.
        item: String,
        /// What was seen.
        note: Option<String>,
    },
    /// Passes a gate that is not satisfied.
    Override {
        /// Its id.
        item: String,
        /// Why.
        reason: String,
    },
    /// Records a decision.
    Decide {
        /// Which.
        decision: Decision,
        /// Why.
        reason: String,
    },
    /// Records a note.
    Note {
        /// What was noted.
        text: String,
    },
    /// Tells the stakeholders.
    Say {
        /// What.
        text: String,
        /// In how long the next notice comes.
        next: Option<Moment>,
    },
    /// Gives the canary more traffic: the decision, and the order to the rollout.
    Promote {
        /// Its share, in percent.
        weight: u8,
        /// Why.
        reason: String,
    },
    /// Lets the tests run again.
    Rerun {},
    /// Commits a change that mends the fix.
    Mend {},
    /// Makes the branch of the fix anew on production, with the commits of the fix alone.
    Rebuild {},
    /// Arms the rollback and fires it; one that was fired before goes on where it stands.
    Rollback {
        /// Begin again from the first step, although an earlier one could go on.
        #[serde(default)]
        over: bool,
    },
    /// Closes the incident: the end of the drill.
    Close {
        /// The items that are open then.
        #[serde(default)]
        open: Vec<String>,
    },
}

impl Script {
    /// Reads a script file.
    ///
    /// # Errors
    /// When it cannot be read, or is no script: with line and column.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        Self::parse(&name(path), &text_of(path)?)
    }

    /// Reads a script from its text; `path` is for the messages. Actions are put in the order of time.
    ///
    /// # Errors
    /// When it is no script: with line and column.
    pub fn parse(path: &str, text: &str) -> Result<Self, ScenarioError> {
        let mut script: Self = values(path, text, |_| Vec::new())?;
        script.actions.sort_by_key(|action| action.at);
        Ok(script)
    }
}

fn somebody() -> String {
    "operator".into()
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
