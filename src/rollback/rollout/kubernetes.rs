//! A deployment of Kubernetes: it has no weights and no abort, and shows how many pods run what.

use serde_json::Value;

use super::kubectl;
use super::model::{Control, Controls, Pause, Phase, Pods, Rollout, Side};
use crate::config::schema::RolloutSource;
use crate::evidence::text::clean;
use crate::rollback::engine::{Object, Question, look_at, quick};

const REVISION: &str = "deployment.kubernetes.io/revision";

pub(super) fn questions(source: &RolloutSource) -> Vec<Question> {
    let ask = |object: &str| Question::Run(kubectl(source, &["get", object, "--output=json"]));
    vec![ask(&source.object()), ask("replicasets.apps")]
}

pub(super) fn read(source: &RolloutSource, answers: &[Value]) -> Result<Rollout, String> {
    let deployment = Object::read(answers.first(), "the deployment").map_err(|error| error.to_string())?;
    let revisions = deployment.owned(answers.get(1), "its revisions").map_err(|error| error.to_string())?;
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    let status = &deployment.status;
    let pods = Pods {
        desired: deployment.spec["replicas"].as_u64().unwrap_or(1),
        updated: count(&status["updatedReplicas"]),
        ready: count(&status["readyReplicas"]),
        available: count(&status["availableReplicas"]),
    };
    let newest = deployment.revision(REVISION);
    // Of the older revisions the one that still has pods is what ran before.
    let older = revisions.iter().filter(|it| it.revision(REVISION) != newest && count(&it.status["replicas"]) > 0);
    let older = older.max_by_key(|it| it.revision(REVISION));
    let side = |it: &Object| Side {
        revision: it.revision(REVISION).map(|number| number.to_string()),
        image: Some(clean(&it.images().join(" "))),
    };
    let (phase, message) = phase(&deployment, pods);
    let is_paused = deployment.spec["paused"] == true;
    let pause = is_paused.then(|| Pause { since: None, lasts: None, why: Some("paused by a person".into()) });
    let total = count(&status["replicas"]).max(1);
    Ok(Rollout {
        phase,
        message,
        actual: u8::try_from((pods.updated * 100 / total).min(100)).ok(),
        pause,
        pods: Some(pods),
        stable: older.map(side).unwrap_or_default(),
        canary: side(&deployment),
        owner: deployment.owner(),
        controls: controls(source, is_paused, phase),
        ..Rollout::named(source.workload.as_deref().unwrap_or_default())
    })
}

fn phase(deployment: &Object, pods: Pods) -> (Phase, String) {
    let status = &deployment.status;
    let conditions: Vec<&Value> = status["conditions"].as_array().into_iter().flatten().collect();
    let progressing = conditions.iter().find(|it| it["type"] == "Progressing");
    let message = progressing.and_then(|it| it["message"].as_str()).map(clean).unwrap_or_default();
    let is_read = status["observedGeneration"].as_u64().map(|it| it.to_string()) == deployment.generation();
    let is_late = progressing.is_some_and(|it| it["reason"] == "ProgressDeadlineExceeded");
    let is_through = pods.updated == pods.desired && pods.available == pods.desired;
    let old = status["replicas"].as_u64().unwrap_or(0) > pods.updated;
    let phase = match () {
        () if deployment.spec["paused"] == true => Phase::Paused,
        () if !is_read => Phase::Progressing,
        () if is_late => Phase::Failed,
        () if is_through && !old => Phase::Healthy,
        () => Phase::Progressing,
    };
    (phase, message)
}

fn controls(source: &RolloutSource, is_paused: bool, phase: Phase) -> Controls {
    let object = source.object();
    let say = |verb: &str, word: &str| -> Control {
        let look = kubectl(source, &["get", &object, "--output=jsonpath={.spec.paused}"]);
        let argv = kubectl(source, &["rollout", verb, &object]);
        Ok(Box::new(quick(&format!("{verb} the deployment"), argv, look_at(look, word))))
    };
    let no = |why: &str| -> Control { Err(why.to_owned()) };
    let by_itself = "a deployment goes on by itself: space pauses it";
    Controls {
        promote: no(by_itself),
        fully: no(by_itself),
        pause: match (is_paused, phase) {
            (true, _) => no("it is paused already"),
            (_, Phase::Healthy) => no("it is through: everything runs the new version already"),
            _ => say("pause", "true"),
        },
        resume: if is_paused { say("resume", "") } else { no("it is not paused") },
        abort: no("a deployment has no abort: R rolls back"),
    }
}
