//! Whatever an address or a command tells as JSON: `weight` alone is enough, the rest is shown where it is there.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::model::{Analysis, Control, Controls, Pause, Phase, Pods, Rollout, Side};
use crate::config::schema::{Request, RolloutSource, Verify};
use crate::evidence::text::clean;
use crate::rollback::model::{Step, StepAction};

/// Where the weight goes in what sets it.
const WEIGHT: &str = "{weight}";
const WITHIN: Duration = Duration::from_secs(30);

/// What can be told. What is not known here is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    name: Option<String>,
    phase: Option<String>,
    message: Option<String>,
    steps: Vec<Value>,
    step: Option<usize>,
    weight: Option<u8>,
    actual_weight: Option<u8>,
    paused_since: Option<Timestamp>,
    pause_s: Option<f64>,
    settled: Option<bool>,
    stable: Option<String>,
    canary: Option<String>,
    revision: Option<String>,
    owner: Option<String>,
    pods: Option<ToldPods>,
    analysis: Vec<ToldAnalysis>,
}

#[derive(Debug, Deserialize)]
struct ToldPods {
    desired: u64,
    #[serde(default)]
    updated: u64,
    #[serde(default)]
    ready: u64,
    #[serde(default)]
    available: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ToldAnalysis {
    name: String,
    phase: String,
    value: Option<String>,
    ok: u64,
    failed: u64,
    inconclusive: u64,
    errors: u64,
    limit: Option<u64>,
}

pub(super) fn read(source: &RolloutSource, answer: &Value) -> Result<Rollout, String> {
    let told = Told::deserialize(answer)
        .map_err(|error| format!("what it tells cannot be read: {}", clean(&error.to_string())))?;
    if told.weight.is_none() && told.phase.is_none() && told.step.is_none() {
        return Err("it tells none of `weight`, `phase` and `step`".into());
    }
    let text = |text: &Option<String>| text.as_deref().map(clean);
    let steps: Vec<String> = match source.steps.is_empty() {
        true => told.steps.iter().map(label).collect(),
        false => source.steps.iter().map(|weight| format!("{weight}%")).collect(),
    };
    let current = told.step.or_else(|| by_weight(source, told.weight?));
    let lasts = told.pause_s.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let pause = (told.paused_since.is_some() || lasts.is_some()).then_some(Pause {
        since: told.paused_since,
        lasts,
        why: None,
    });
    let pods = told.pods.as_ref().map(|it| Pods {
        desired: it.desired,
        updated: it.updated,
        ready: it.ready,
        available: it.available,
    });
    let settled = told.settled == Some(false);
    Ok(Rollout {
        phase: phase(told.phase.as_deref(), told.weight, settled),
        message: text(&told.message).unwrap_or_else(|| if settled { "not settled yet".into() } else { String::new() }),
        steps,
        current,
        desired: told.weight,
        actual: told.actual_weight.or(told.weight.filter(|_| !settled)),
        pause,
        analysis: told.analysis.iter().map(analysis).collect(),
        pods,
        stable: Side { revision: None, image: text(&told.stable) },
        canary: Side { revision: text(&told.revision), image: text(&told.canary) },
        owner: text(&told.owner),
        controls: controls(source, told.weight),
        ..Rollout::named(&text(&told.name).unwrap_or_else(|| "rollout".into()))
    })
}

fn label(step: &Value) -> String {
    match (step["weight"].as_u64(), step["pause_s"].as_u64(), step["label"].as_str().or(step.as_str())) {
        (Some(weight), ..) => format!("{weight}%"),
        (_, Some(seconds), _) => format!("{seconds}s"),
        (.., Some(label)) => clean(label),
        _ => clean(&step.to_string()),
    }
}

/// The step under way is the first one that is not behind.
fn by_weight(source: &RolloutSource, weight: u8) -> Option<usize> {
    (!source.steps.is_empty()).then(|| match weight {
        100 => source.steps.len(),
        _ => source.steps.iter().filter(|step| **step < weight).count(),
    })
}

fn phase(word: Option<&str>, weight: Option<u8>, is_unsettled: bool) -> Phase {
    match (word, weight) {
        (Some("progressing"), _) => Phase::Progressing,
        (Some("paused"), _) => Phase::Paused,
        (Some("healthy"), _) => Phase::Healthy,
        (Some("aborted" | "degraded"), _) => Phase::Aborted,
        (Some("failed"), _) => Phase::Failed,
        (None, Some(_)) if is_unsettled => Phase::Progressing,
        (None, Some(100)) => Phase::Healthy,
        // Nobody says whether it was taken back or never began.
        (None, Some(0)) => Phase::Unknown,
        (None, Some(_)) => Phase::Paused,
        _ => Phase::Unknown,
    }
}

fn analysis(told: &ToldAnalysis) -> Analysis {
    Analysis {
        name: clean(&told.name),
        phase: clean(&told.phase),
        value: told.value.as_deref().map(clean),
        counts: [told.ok, told.failed, told.inconclusive, told.errors],
        limit: told.limit,
    }
}

fn controls(source: &RolloutSource, weight: Option<u8>) -> Controls {
    let no = |why: &str| -> Control { Err(why.to_owned()) };
    let Some(weight) = weight.filter(|_| source.set.is_some() || source.set_by.is_some()) else {
        return Controls::none("[rollout] names nothing that sets a weight: give it `set` or `set_by`");
    };
    let set = |to: u8, name: String| -> Control { Ok(Box::new(step(source, to, name))) };
    let next = source.steps.iter().copied().find(|step| *step > weight);
    let through = weight >= 100;
    let pause = "it has no pauses: it stays at its weight until a person changes it";
    Controls {
        promote: match next {
            _ if through => no("everything runs the new version already"),
            Some(next) => set(next, format!("promote from {weight}% to {next}%")),
            None => no("[rollout] has no step above this weight: P promotes fully"),
        },
        fully: if through { no("everything runs the new version already") } else { set(100, "promote to 100%".into()) },
        pause: no(pause),
        resume: no(pause),
        abort: match weight {
            0 => no("the canary gets no traffic already"),
            100 => no("it is fully promoted: R rolls back"),
            _ => set(0, "take the canary out of traffic".into()),
        },
    }
}

fn step(source: &RolloutSource, weight: u8, name: String) -> Step {
    let action = match (&source.set, &source.set_by) {
        (Some(request), _) => {
            let json = request.json.clone().map(|json| filled(json, weight));
            StepAction::Http(Request { json, ..request.clone() })
        }
        (None, argv) => {
            let argv = argv.iter().flatten();
            StepAction::Run(argv.map(|arg| arg.replace(WEIGHT, &weight.to_string())).collect())
        }
    };
    let verify = Verify {
        url: source.url.clone(),
        run: source.run.clone(),
        json: Some("$.weight".into()),
        equals: Some(weight.to_string()),
        within: WITHIN,
        token: source.token.clone(),
        allow_http: source.allow_http,
        ..Verify::default()
    };
    Step {
        name,
        action,
        rehearse: None,
        compensate: None,
        retries: 0,
        timeout_s: WITHIN.as_secs_f64(),
        verify: Some(verify),
        idempotent: true,
        irreversible: false,
    }
}

/// A text that is nothing but `{weight}` becomes the number.
fn filled(json: Value, weight: u8) -> Value {
    match json {
        Value::String(text) if text == WEIGHT => weight.into(),
        Value::String(text) => text.replace(WEIGHT, &weight.to_string()).into(),
        Value::Array(items) => items.into_iter().map(|item| filled(item, weight)).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, field)| (key, filled(field, weight))).collect(),
        other => other,
    }
}
