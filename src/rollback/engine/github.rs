//! The pipeline on GitHub, started for the target: by dispatching a workflow, or by creating a deployment. Which run or
//! deployment is ours is told by the plan's hash, and by its coming after what the preview saw.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Native, Question, step, wait};
use crate::config::schema::{GitHubDeploy, Request, Verify};
use crate::evidence::text::clean;
use crate::rollback::model::{Step, StepAction};
use crate::rollback::placeholder::{Place, Values};
use crate::rollback::plan::{Contents, Problem};

/// The input by which a run is told apart; the workflow puts it into its `run-name`.
const INPUT: &str = "hotfix_id";
/// Ends of a run that are not `success`.
const RUN_FAILS: [&str; 8] =
    ["failure", "cancelled", "timed_out", "startup_failure", "skipped", "stale", "neutral", "action_required"];
/// How long until a run or a deployment is in the lists of the API.
const LISTED: Duration = Duration::from_secs(60);
const QUICK: Duration = Duration::from_secs(30);

pub(super) fn questions(it: &GitHubDeploy, contents: &Contents) -> Vec<Question> {
    let ask = |url: String| Question::Get(Box::new(get(it, url)));
    let Some(workflow) = &it.workflow else {
        return vec![ask(format!("{}?{}&per_page=1", deployments(it), environment(it)))];
    };
    let at = values(contents).fill(&it.reference, Place::Plain).unwrap_or_default();
    let raw = [("Accept".to_owned(), "application/vnd.github.raw+json".to_owned())];
    let file = format!("{}/contents/.github/workflows/{workflow}?ref={at}", repository(it));
    vec![
        ask(workflow_url(it, workflow)),
        Question::Get(Box::new(Request { headers: raw.into(), ..get(it, file) })),
        ask(runs(it, workflow)),
    ]
}

pub(super) fn native(it: &GitHubDeploy, contents: &Contents, answers: &[Value]) -> Result<Native, Problem> {
    match (&it.workflow, answers) {
        (Some(workflow), [about, file, runs]) => dispatched(it, workflow, contents, [about, file, runs]),
        (None, [last]) => deployed(it, contents, last),
        _ => Err(Problem::Answer("GitHub", "nobody was asked".into())),
    }
}

fn values(contents: &Contents) -> Values<'_> {
    Values { from: &contents.from, to: &contents.to }
}

fn repository(it: &GitHubDeploy) -> String {
    format!("{}/repos/{}", it.api(), it.repository)
}

fn workflow_url(it: &GitHubDeploy, workflow: &str) -> String {
    format!("{}/actions/workflows/{workflow}", repository(it))
}

fn runs(it: &GitHubDeploy, workflow: &str) -> String {
    format!("{}/runs?event=workflow_dispatch&per_page=50", workflow_url(it, workflow))
}

fn deployments(it: &GitHubDeploy) -> String {
    format!("{}/deployments", repository(it))
}

fn environment(it: &GitHubDeploy) -> String {
    format!("environment={}", it.environment.as_deref().unwrap_or_default())
}

fn get(it: &GitHubDeploy, url: String) -> Request {
    Request { method: "GET".into(), url, token: it.token.clone(), allow_http: it.allow_http, ..Request::default() }
}

fn post(it: &GitHubDeploy, url: String, json: Value) -> StepAction {
    StepAction::Http(Request { method: "POST".into(), json: Some(json), ..get(it, url) })
}

fn look(it: &GitHubDeploy, url: String, path: String, equals: &str) -> Verify {
    Verify {
        url: Some(url),
        json: Some(path),
        equals: Some(equals.into()),
        within: LISTED,
        token: it.token.clone(),
        allow_http: it.allow_http,
        ..Verify::default()
    }
}

/// A request that is never repeated by itself, and a look that finds what came of it.
fn request(name: String, action: StepAction, verify: Verify) -> Step {
    Step { action, ..step(name, Vec::new(), QUICK, Some(verify)) }
}

fn dispatched(
    it: &GitHubDeploy,
    workflow: &str,
    contents: &Contents,
    [about, file, list]: [&Value; 3],
) -> Result<Native, Problem> {
    if about["state"] != "active" {
        let state = clean(about["state"].as_str().unwrap_or("unknown"));
        return Err(Problem::InTheWay(format!("the workflow {workflow} is not active: {state}")));
    }
    let at = values(contents).fill(&it.reference, Place::Plain)?;
    let text = file.as_str().unwrap_or_default();
    check_file(text).map_err(|what| Problem::InTheWay(format!("{workflow} at {at} {what}")))?;
    let list = list["workflow_runs"].as_array().ok_or_else(|| no_list("runs"))?;
    let last = list.iter().filter_map(|run| run["run_number"].as_u64()).max().unwrap_or(0);
    let mut inputs = Map::new();
    for (name, value) in &it.inputs {
        inputs.insert(name.clone(), values(contents).fill(value, Place::Plain)?.into());
    }
    inputs.insert(INPUT.into(), "{plan}".into());
    let action = post(it, format!("{}/dispatches", workflow_url(it, workflow)), json!({"ref": at, "inputs": inputs}));
    // Of what was there at the preview nothing is ours, not even what an equal plan started then.
    let ours = format!("$.workflow_runs[?@.run_number > {last} && search(@.display_title, '{{plan}}')]");
    let started = look(it, runs(it, workflow), format!("{ours}.event"), "workflow_dispatch");
    let ended = Verify {
        within: it.timeout,
        fails: RUN_FAILS.map(str::to_owned).to_vec(),
        ..look(it, runs(it, workflow), format!("{ours}.conclusion"), "success")
    };
    let steps =
        vec![request(format!("dispatch {workflow} on {at}"), action, started), wait("wait for its run", ended.clone())];
    let warnings = warnings(text, list);
    Ok(Native { steps, verify: ended, warnings, flag: None })
}

/// Whether a run of this workflow can be found again.
fn check_file(text: &str) -> Result<(), &'static str> {
    let names_run = text.lines().any(|line| line.trim_start().starts_with("run-name:") && line.contains(INPUT));
    let has_input = text.lines().any(|line| line.trim().trim_end_matches(':') == INPUT);
    match (text.contains("workflow_dispatch"), has_input && names_run) {
        (false, _) => Err("cannot be dispatched: it has no `workflow_dispatch`"),
        (_, false) => Err("has no input `hotfix_id` that its `run-name` shows, so that nobody could find its run: \
             add `run-name: deploy ${{ inputs.hotfix_id }}`"),
        _ => Ok(()),
    }
}

fn warnings(text: &str, list: &[Value]) -> Vec<String> {
    let mut warnings =
        vec!["a green run is all that is looked at: let `verify` ask the service for its version".into()];
    let under_way = list.iter().filter(|run| run["status"].as_str() != Some("completed")).count();
    if text.contains("concurrency:") {
        warnings.push("its runs have a concurrency group: a newer run that waits there EVICTS this one".into());
    }
    if text.lines().any(|line| line.trim_start().starts_with("environment:")) {
        warnings.push("its environment may want a reviewer: have one at hand, or the run waits for one".into());
    }
    if under_way > 0 {
        warnings.push(format!("{under_way} of its runs are under way: this one may have to wait for them"));
    }
    warnings
}

fn deployed(it: &GitHubDeploy, contents: &Contents, last: &Value) -> Result<Native, Problem> {
    let environment = it.environment.as_deref().ok_or(Problem::NotOne("workflow", "environment"))?;
    let list = last.as_array().ok_or_else(|| no_list("deployments"))?;
    let last = list.iter().filter_map(|it| it["id"].as_u64()).max().unwrap_or(0);
    let sha = values(contents).fill("{to.sha}", Place::Plain)?;
    let body = json!({
        "ref": sha,
        "environment": environment,
        "description": "hotfix {plan}",
        // What is checked here was checked when it was released; branches are not touched.
        "required_contexts": [],
        "auto_merge": false,
    });
    let ours = format!("$[?@.id > {last} && search(@.description, '{{plan}}')]");
    let url = format!("{}?{}&sha={sha}", deployments(it), self::environment(it));
    let created = look(it, url.clone(), format!("{ours}.environment"), environment);
    let ended = Verify {
        follow: Some(format!("{ours}.statuses_url")),
        within: it.timeout,
        fails: ["failure", "error", "inactive"].map(str::to_owned).to_vec(),
        ..look(it, url, "$[0].state".into(), "success")
    };
    let name = format!("create a deployment to {}", clean(environment));
    let steps =
        vec![request(name, post(it, deployments(it), body), created), wait("wait for its status", ended.clone())];
    let warnings = vec!["what its status says is all that is looked at: let `verify` ask the service".into()];
    Ok(Native { steps, verify: ended, warnings, flag: None })
}

fn no_list(what: &str) -> Problem {
    Problem::Answer("GitHub", format!("it lists no {what}"))
}

#[cfg(test)]
mod tests;
