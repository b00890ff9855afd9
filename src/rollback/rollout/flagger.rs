//! A Canary of Flagger, which promotes and fails by its own analysis.

use serde_json::Value;

use super::model::{Analysis, Controls, Pause, Phase, Rollout, Side};
use crate::config::schema::RolloutSource;
use crate::evidence::text::clean;
use crate::rollback::engine::Object;

pub(super) fn read(source: &RolloutSource, answer: &Value) -> Result<Rollout, String> {
    let canary = Object::read(Some(answer), "the Canary").map_err(|error| error.to_string())?;
    let (status, analysis) = (&canary.status, &canary.spec["analysis"]);
    let weights = weights(analysis);
    let weight = status["canaryWeight"].as_u64().and_then(|weight| u8::try_from(weight).ok());
    let phase = phase(status["phase"].as_str().unwrap_or_default());
    let current = weight.map(|weight| weights.iter().filter(|it| **it < u64::from(weight)).count());
    let failed = status["failedChecks"].as_u64().unwrap_or(0);
    let checks = Analysis {
        name: "failed checks".into(),
        phase: clean(status["phase"].as_str().unwrap_or_default()),
        counts: [0, failed, 0, 0],
        limit: analysis["threshold"].as_u64(),
        ..Analysis::default()
    };
    let message = status["conditions"].as_array().and_then(|all| all.first()).and_then(|it| it["message"].as_str());
    let waits = matches!(status["phase"].as_str(), Some("Waiting" | "WaitingPromotion"));
    Ok(Rollout {
        phase,
        message: message.map(clean).unwrap_or_default(),
        steps: weights.iter().map(|weight| format!("{weight}%")).collect(),
        current: if phase == Phase::Healthy { Some(weights.len()) } else { current },
        desired: weight,
        actual: weight,
        pause: waits.then(|| Pause { since: None, lasts: None, why: Some("waits for its gate".into()) }),
        analysis: vec![checks],
        stable: Side { revision: status["lastPromotedSpec"].as_str().map(clean), image: None },
        canary: Side { revision: status["lastAppliedSpec"].as_str().map(clean), image: None },
        owner: canary.owner(),
        controls: Controls::none("Flagger goes by its analysis and its gates: the recipe `flagger` fails a canary, R"),
        ..Rollout::named(source.workload.as_deref().unwrap_or_default())
    })
}

fn phase(word: &str) -> Phase {
    match word {
        "Initialized" | "Succeeded" => Phase::Healthy,
        "Waiting" | "WaitingPromotion" => Phase::Paused,
        "Initializing" | "Progressing" | "Promoting" | "Finalising" => Phase::Progressing,
        "Failed" => Phase::Aborted,
        "Terminating" | "Terminated" => Phase::Failed,
        _ => Phase::Unknown,
    }
}

/// The weights that it goes through: those that it lists, or by its step up to its most.
fn weights(analysis: &Value) -> Vec<u64> {
    let listed: Vec<u64> =
        analysis["stepWeights"].as_array().into_iter().flatten().filter_map(Value::as_u64).take(100).collect();
    match (analysis["stepWeight"].as_u64().filter(|step| *step > 0), analysis["maxWeight"].as_u64()) {
        _ if !listed.is_empty() => listed,
        (Some(step), Some(most)) => (1..=100).map(|n| n * step).take_while(|weight| *weight <= most.min(100)).collect(),
        _ => Vec::new(),
    }
}
