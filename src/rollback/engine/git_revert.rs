//! A commit that takes others back, pushed to the branch; through a pull request where the branch is protected.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Question, step};
use crate::config::schema::{GitRevert, PullRequest, Request, Verify};
use crate::evidence::text::clean;
use crate::rollback::model::{Revert, Step, StepAction};
use crate::rollback::plan::Problem;

/// The key under which an answer says why it is none.
pub(in crate::rollback) const UNKNOWN: &str = "hotfix_unknown";
/// How long a push, or a request, may take.
const PUSH_LIMIT: Duration = Duration::from_secs(60);
const QUICK: Duration = Duration::from_secs(30);
/// Rules of GitHub that a push alone cannot satisfy.
const HOLDING: [&str; 5] = ["pull_request", "required_status_checks", "merge_queue", "update", "required_deployments"];

/// What is asked of the forge before there is a plan: whether the branch takes a push.
pub(in crate::rollback) fn questions(git: &GitRevert) -> Vec<Question> {
    let Some(it) = git.pull_request.as_ref().filter(|it| !it.always) else { return Vec::new() };
    let (project, branch) = (it.project(), git.branch.replace('/', "%2F"));
    let paths: &[&str] = if it.github.is_some() { &["branches", "rules/branches"] } else { &["repository/branches"] };
    let ask = |path: &&str| Question::Get(Box::new(request(it, "GET", format!("{project}/{path}/{branch}"))));
    paths.iter().map(ask).collect()
}

/// The steps, and what the operator must know. The first answer is the commit, which is made already.
pub(super) fn steps(git: &GitRevert, answers: &[Value]) -> Result<(Vec<Step>, Vec<String>), Problem> {
    let answer = answers.first().ok_or(Problem::NeedsTable("git"))?;
    let revert: Revert = serde_json::from_value(answer.clone())
        .map_err(|error| Problem::Answer("the branch", clean(&error.to_string())))?;
    let rules = answers.get(1..).unwrap_or_default();
    let mut warnings: Vec<String> = rules.iter().filter_map(|answer| answer[UNKNOWN].as_str()).map(clean).collect();
    warnings.iter_mut().for_each(|why| *why = format!("whether {} is protected is not known: {why}", revert.branch));
    match git.pull_request.as_ref().filter(|it| it.always || rules.iter().any(is_protected)) {
        None => Ok((vec![push(format!("take it back on {}", clean(&revert.branch)), revert)], warnings)),
        Some(it) => {
            warnings.push(format!("{} is protected: somebody has to merge the pull request", clean(&revert.branch)));
            Ok((reviewed(it, revert), warnings))
        }
    }
}

/// Whether an answer of the forge says that the branch takes no push of ours.
fn is_protected(answer: &Value) -> bool {
    let rules = answer.as_array().into_iter().flatten();
    let holds = rules.filter_map(|rule| rule["type"].as_str()).any(|rule| HOLDING.contains(&rule));
    // GitLab says of a protected branch whether this very user may push.
    holds || answer["protected"] == true && answer["can_push"] != true
}

fn push(name: String, revert: Revert) -> Step {
    let action = StepAction::GitRevertPush(revert);
    Step { action, idempotent: true, ..step(name, Vec::new(), PUSH_LIMIT, None) }
}

/// A branch of its own, a pull request from it, and a person who merges that.
fn reviewed(it: &PullRequest, revert: Revert) -> Vec<Step> {
    let branch = format!("hotfix/roll-back-{}", revert.commit.short());
    let (base, subject) = (revert.branch.clone(), revert.subject.clone());
    let noun = if it.github.is_some() { "pull request" } else { "merge request" };
    let opened = look(it, listed(it, &branch, &base), it.timeout.min(PUSH_LIMIT));
    let (opened, merged) = if it.github.is_some() {
        let opened = found(&opened, "$[0].head.ref", &branch);
        (opened.clone(), found(&opened, "$[?@.merged_at != null].base.ref", &base))
    } else {
        let opened = found(&opened, "$[0].source_branch", &branch);
        let merged = found(&opened, "$[0].state", "merged");
        (opened, Verify { fails: vec!["closed".into()], ..merged })
    };
    let merged = Verify { within: it.timeout, ..merged };
    let merge = format!(
        "merge the {noun} from {branch} into {base} ({subject}); where checks or reviews hold it up an administrator can"
    );
    let open = StepAction::Http(Request { json: Some(body(it, &branch, &base, &subject)), ..posted(it) });
    vec![
        push(format!("push it as {branch}"), Revert { review: Some(branch), ..revert }),
        // A second one from the same branch is refused by the forge.
        Step { action: open, idempotent: true, ..step(format!("open a {noun}"), Vec::new(), QUICK, Some(opened)) },
        Step {
            action: StepAction::Manual(clean(&merge)),
            ..step(format!("merge the {noun}"), Vec::new(), it.timeout, Some(merged))
        },
    ]
}

fn request(it: &PullRequest, method: &str, url: String) -> Request {
    let (token, allow_http) = (it.token.clone(), it.allow_http);
    Request { method: method.into(), url, token, allow_http, ..Request::default() }
}

fn posted(it: &PullRequest) -> Request {
    let list = if it.github.is_some() { "pulls" } else { "merge_requests" };
    request(it, "POST", format!("{}/{list}", it.project()))
}

fn body(it: &PullRequest, branch: &str, base: &str, subject: &str) -> Value {
    let text = "Opened by hotfix: the rollback of an incident. Plan {plan}.";
    match it.github {
        Some(_) => json!({"title": subject, "head": branch, "base": base, "body": text}),
        None => json!({"title": subject, "source_branch": branch, "target_branch": base, "description": text}),
    }
}

fn listed(it: &PullRequest, branch: &str, base: &str) -> String {
    match &it.github {
        Some(name) => {
            let owner = name.split('/').next().unwrap_or_default();
            format!("{}/pulls?state=all&head={owner}:{branch}&base={base}", it.project())
        }
        None => format!("{}/merge_requests?state=all&source_branch={branch}&target_branch={base}", it.project()),
    }
}

fn look(it: &PullRequest, url: String, within: Duration) -> Verify {
    let (token, allow_http) = (it.token.clone(), it.allow_http);
    Verify { url: Some(url), within, token, allow_http, ..Verify::default() }
}

fn found(look: &Verify, path: &str, equals: &str) -> Verify {
    Verify { json: Some(path.into()), equals: Some(equals.into()), ..look.clone() }
}

#[cfg(test)]
mod tests;
