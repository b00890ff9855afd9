//! A feature flag, turned off: the fastest way back, and the only one that undoes no commit.

use serde_json::{Value, json};

use super::{Native, Question, WITHIN, step};
use crate::config::schema::{FeatureFlag, FlagdFlag, LaunchDarklyFlag, Request, UnleashFlag, Verify};
use crate::evidence::text::clean;
use crate::rollback::model::{Step, StepAction};
use crate::rollback::plan::Problem;

/// LaunchDarkly reads a patch as instructions by this alone.
const SEMANTIC_PATCH: &str = "application/json; domain-model=launchdarkly.semanticpatch";
/// Both servers want the token as it is, without `Bearer` before it.
const TOKEN_HEADER: &str = "Authorization";

pub(super) fn questions(it: &FeatureFlag) -> Vec<Question> {
    let get = |request: Request| vec![Question::Get(Box::new(Request { method: "GET".into(), ..request }))];
    match (&it.unleash, &it.launchdarkly, &it.flagd) {
        (Some(it), ..) => get(unleash(it, "")),
        (_, Some(it), _) => get(launchdarkly(it)),
        (_, _, Some(it)) => vec![Question::Read(it.file.clone())],
        _ => Vec::new(),
    }
}

pub(super) fn native(it: &FeatureFlag, answers: &[Value]) -> Result<Native, Problem> {
    let answer = answers.first().ok_or_else(|| Problem::Answer("the flag", "nobody was asked".into()))?;
    match (&it.unleash, &it.launchdarkly, &it.flagd) {
        (Some(it), ..) => by_unleash(it, answer),
        (_, Some(it), _) => by_launchdarkly(it, answer),
        (_, _, Some(it)) => by_flagd(it, answer),
        _ => Err(Problem::NeedsTable("flag")),
    }
}

/// One step that may be repeated, and one look.
fn off(flag: &str, action: StepAction, verify: Verify, mut warnings: Vec<String>) -> Native {
    warnings.push("the code stays, and its clients see the flag at their next poll".into());
    warnings.push("make sure that the flag still means what it meant: a reused one turns something else off".into());
    let name = format!("turn {} off", clean(flag));
    let step = Step { action, idempotent: true, ..step(name, Vec::new(), WITHIN, Some(verify.clone())) };
    Native { steps: vec![step], verify, warnings, flag: Some(clean(flag)) }
}

/// The same server, token and rights as a request.
fn look(request: &Request, json: String) -> Verify {
    let Request { url, token, token_header, headers, allow_http, .. } = request.clone();
    let headers = headers.into_iter().filter(|(name, _)| name != "Content-Type").collect();
    let equals = Some("false".into());
    Verify {
        url: Some(url),
        json: Some(json),
        equals,
        within: WITHIN,
        token,
        token_header,
        headers,
        allow_http,
        ..Verify::default()
    }
}

fn unleash(it: &UnleashFlag, below: &str) -> Request {
    let (base, UnleashFlag { project, flag, .. }) = (it.url.trim_end_matches('/'), it);
    Request {
        method: "POST".into(),
        url: format!("{base}/api/admin/projects/{project}/features/{flag}{below}"),
        token: it.token.clone(),
        token_header: Some(TOKEN_HEADER.into()),
        allow_http: it.allow_http,
        ..Request::default()
    }
}

fn by_unleash(it: &UnleashFlag, answer: &Value) -> Result<Native, Problem> {
    let name = &it.environment;
    let environments = answer["environments"].as_array().ok_or_else(|| no_flag("it names no environments"))?;
    let here = environments.iter().find(|environment| environment["name"] == **name);
    let here = here.ok_or_else(|| no_flag(&format!("it has no environment {name}")))?;
    if answer["archived"] == true {
        return Err(Problem::InTheWay(format!("the flag {} is archived: its clients do not see it", it.flag)));
    }
    match here["enabled"].as_bool() {
        Some(true) => {}
        Some(false) => return Err(already(&it.flag)),
        None => return Err(no_flag("it does not say whether it is on")),
    }
    let mut warnings = Vec::new();
    if answer["type"] == "kill-switch" {
        warnings.push("it is a kill switch: make sure that off is its safe side".into());
    }
    let verify = look(&unleash(it, &format!("/environments/{name}")), "$.enabled".into());
    Ok(off(&it.flag, StepAction::Http(unleash(it, &format!("/environments/{name}/off"))), verify, warnings))
}

fn launchdarkly(it: &LaunchDarklyFlag) -> Request {
    let LaunchDarklyFlag { project, flag, environment, .. } = it;
    let base = it.url.trim_end_matches('/');
    Request {
        method: "PATCH".into(),
        url: format!("{base}/api/v2/flags/{project}/{flag}?env={environment}"),
        token: it.token.clone(),
        token_header: Some(TOKEN_HEADER.into()),
        allow_http: it.allow_http,
        ..Request::default()
    }
}

fn by_launchdarkly(it: &LaunchDarklyFlag, answer: &Value) -> Result<Native, Problem> {
    let name = &it.environment;
    let here = &answer["environments"][name.as_str()];
    match here["on"].as_bool() {
        Some(true) => {}
        Some(false) => return Err(already(&it.flag)),
        None => return Err(no_flag(&format!("it does not say whether it is on in {name}"))),
    }
    let mut warnings = Vec::new();
    if here["offVariation"].is_null() {
        warnings.push("it has no off variation: clients fall back to the value that their code passes".into());
    }
    let request = launchdarkly(it);
    let verify = look(&request, format!("$.environments['{name}'].on"));
    let body = json!({
        "environmentKey": name,
        "comment": "hotfix rollback {plan}",
        "instructions": [{"kind": "turnFlagOff"}],
    });
    let headers = [("Content-Type".to_owned(), SEMANTIC_PATCH.to_owned())].into();
    let action = StepAction::Http(Request { json: Some(body), headers, ..request });
    Ok(off(&it.flag, action, verify, warnings))
}

fn by_flagd(it: &FlagdFlag, answer: &Value) -> Result<Native, Problem> {
    let document = answer.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
    match document["flags"][&it.flag]["state"].as_str() {
        Some("ENABLED") => {}
        Some("DISABLED") => return Err(already(&it.flag)),
        _ => return Err(no_flag(&format!("{} does not say whether it is on", clean(&it.file)))),
    }
    let verify = Verify {
        file: Some(it.file.clone()),
        json: Some(format!("$.flags['{}'].state", it.flag)),
        equals: Some("DISABLED".into()),
        within: WITHIN,
        ..Verify::default()
    };
    let warnings = vec![
        "clients fall back to the value that their code passes, not to the flag's default variant".into(),
        format!("whoever deploys {} may bring the flag back: change it there too", clean(&it.file)),
    ];
    Ok(off(&it.flag, StepAction::Flagd(it.clone()), verify, warnings))
}

fn already(flag: &str) -> Problem {
    Problem::InTheWay(format!("the flag {} is off already", clean(flag)))
}

fn no_flag(why: &str) -> Problem {
    Problem::Answer("the flag", clean(why))
}

#[cfg(test)]
mod tests;
