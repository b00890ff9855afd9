//! The newest deployment to a Salesforce org, by `sf`.

use std::time::Duration;

use serde_json::Value;

use super::model::{Controls, Phase, Rollout, Side};
use crate::config::schema::{RolloutSource, Verify};
use crate::evidence::text::clean;
use crate::rollback::engine::quick;

fn sf(source: &RolloutSource, verb: &str, more: &[&str]) -> Vec<String> {
    let org = source.org.clone().unwrap_or_default();
    let words = ["sf", "project", "deploy", verb, "--target-org", &org, "--use-most-recent", "--json"];
    words.iter().chain(more).map(|&word| word.to_owned()).collect()
}

pub(super) fn report(source: &RolloutSource) -> Vec<String> {
    sf(source, "report", &[])
}

pub(super) fn read(source: &RolloutSource, answer: &Value) -> Result<Rollout, String> {
    let result = &answer["result"];
    let status = result["status"].as_str().ok_or("`sf project deploy report` names no status")?;
    let count = |key: &str| result[key].as_u64().unwrap_or(0);
    let part = |what: &str, done: u64, all: u64| format!("{what} {done}/{all}");
    let (deployed, components) = (count("numberComponentsDeployed"), count("numberComponentsTotal"));
    let (tested, tests) = (count("numberTestsCompleted"), count("numberTestsTotal"));
    let is_done = result["done"] == true;
    let current = match () {
        () if is_done && status == "Succeeded" => 2,
        () if deployed >= components && components > 0 => 1,
        () => 0,
    };
    let errors = count("numberComponentErrors") + count("numberTestErrors");
    let check = if result["checkOnly"] == true { "a validation: nothing is changed by it" } else { "" };
    let message = [result["stateDetail"].as_str(), (errors > 0).then_some("it has errors"), Some(check)];
    let message: Vec<String> = message.into_iter().flatten().filter(|text| !text.is_empty()).map(clean).collect();
    Ok(Rollout {
        phase: phase(status),
        message: message.join("; "),
        steps: vec![part("components", deployed, components), part("tests", tested, tests)],
        current: Some(current),
        canary: Side { revision: result["id"].as_str().map(clean), image: None },
        controls: controls(source, is_done),
        ..Rollout::named(&format!("deployment to {}", source.org.as_deref().unwrap_or_default()))
    })
}

fn phase(status: &str) -> Phase {
    match status {
        "Pending" | "InProgress" | "Finalizing" | "FinalizingDeploy" | "Canceling" => Phase::Progressing,
        "Succeeded" => Phase::Healthy,
        "SucceededPartial" | "Failed" | "FinalizingFailed" => Phase::Failed,
        "Canceled" => Phase::Aborted,
        _ => Phase::Unknown,
    }
}

fn controls(source: &RolloutSource, is_done: bool) -> Controls {
    let none = Controls::none("a deployment to an org has one step, and goes on by itself");
    if is_done {
        return Controls { abort: Err("it has ended: R rolls back".into()), ..none };
    }
    let look = Verify {
        run: Some(report(source)),
        json: Some("$.result.status".into()),
        equals: Some("Canceled".into()),
        fails: vec!["Succeeded".into(), "Failed".into(), "SucceededPartial".into()],
        within: Duration::from_secs(300),
        ..Verify::default()
    };
    Controls { abort: Ok(Box::new(quick("cancel the deployment", sf(source, "cancel", &["--async"]), look))), ..none }
}
