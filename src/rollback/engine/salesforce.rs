//! An org of Salesforce: the old version of what the release changed is deployed again, and what it added is deleted.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::step;
use crate::config::schema::SalesforceOrg;
use crate::evidence::text::clean;
use crate::rollback::model::{OrgDeploy, Step, StepAction};
use crate::rollback::plan::Problem;

/// What the executor read of git: the package, and what comes back by no deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::rollback) struct Prepared {
    pub(in crate::rollback) deploy: OrgDeploy,
    pub(in crate::rollback) warnings: Vec<String>,
}

pub(super) fn steps(it: &SalesforceOrg, answers: &[Value]) -> Result<(Vec<Step>, Vec<String>), Problem> {
    let what = "the package";
    let answer = answers.first().ok_or_else(|| Problem::Answer(what, "git was not read".into()))?;
    let Prepared { deploy, mut warnings } =
        Prepared::deserialize(answer).map_err(|error| Problem::Answer(what, clean(&error.to_string())))?;
    let is_irreversible = deploy.removes.keys().any(|kind| matches!(kind.as_str(), "CustomObject" | "CustomField"));
    let name = format!("deploy the old version to {}", clean(&deploy.org));
    let step = Step {
        action: StepAction::SalesforceDeploy(deploy),
        irreversible: is_irreversible,
        ..step(name, Vec::new(), it.timeout, None)
    };
    warnings.push("records, and what the org itself changed since, do not come back".into());
    Ok((vec![step], warnings))
}
