//! Asks the world what the plans need to know before they are made and before they are fired. Changes nothing.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::timeout;

use super::look::{self, Eyes};
use super::{flagd, once, revert, salesforce, scribe};
use crate::config::schema::{Engine, Request, Rollback};
use crate::evidence::Oid;
use crate::evidence::text::{clean, clean_bytes, fit};
use crate::http::{self, Response};
use crate::rollback::choice::{Choice, Needed, Way, in_window};
use crate::rollback::engine::{self, Question, git_revert};
use crate::rollback::model::{OrgDeploy, Plan, StepAction};
use crate::rollback::plan::{self, Contents};

mod conditions;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How much one answer may be, in bytes: the revisions of every workload of a namespace.
const ANSWER_LIMIT: u64 = 16 << 20;
/// How much of a complaint is shown, in cells.
const SHOWN: usize = 160;
/// Nothing that a file names is run or contacted before a person trusted it.
const NOT_TRUSTED: &str = "hotfix.toml is not trusted, so nothing is asked: see `hotfix trust`";

/// Every way back, with its plan and what must hold for it. Without `eyes`, because nobody trusted the file yet, what
/// must be asked stays unknown.
pub async fn choice(
    eyes: Option<&Eyes>,
    root: &Path,
    rollback: &Rollback,
    contents: &Contents,
    now: Timestamp,
) -> Choice {
    let alone = match &rollback.lock {
        Some(lock) => Some(conditions::alone(eyes, lock, now).await),
        None => None,
    };
    let mut ways = Vec::new();
    for way in rollback.ways() {
        let (plan, answers) = match plan_of(eyes, root, &way, contents).await {
            Ok((plan, answers)) => (Ok(plan), answers),
            Err(why) => (Err(why), Vec::new()),
        };
        let mut needs: Vec<Needed> = alone.iter().cloned().collect();
        if let Some(window) = way.window {
            let held = in_window(window, made_at(root, contents.from.oid.as_ref()), now);
            needs.push(Needed { name: "within its window".into(), held });
        }
        if let Ok(plan) = &plan {
            needs.extend(conditions::of(eyes, root, &way, plan, (contents, &answers)).await);
            if let Some(deploy) = deployed(plan) {
                let held = salesforce::is_validated(eyes, deploy, now).await;
                needs.push(Needed { name: "validated".into(), held });
            }
        }
        ways.push(Way { name: clean(way.label()), plan, needs });
    }
    Choice { ways }
}

/// A plan, and the answers that it was made of.
pub(super) async fn plan_of(
    eyes: Option<&Eyes>,
    root: &Path,
    way: &Rollback,
    contents: &Contents,
) -> Result<(Plan, Vec<Value>), String> {
    let answers = match (&way.git, way.engine) {
        (Some(git), Engine::GitRevert) => {
            let eyes = eyes.ok_or(NOT_TRUSTED)?;
            let revert = revert::prepare(&eyes.directory, git, contents).await?;
            let mut answers = vec![serde_json::to_value(revert).map_err(|error| error.to_string())?];
            // A forge that is silent about its rules does not hold up a push, which it may still take.
            for question in git_revert::questions(git) {
                let unknown = |why: String| serde_json::json!({ git_revert::UNKNOWN: why });
                answers.push(answer(eyes, question).await.unwrap_or_else(unknown));
            }
            answers
        }
        (_, Engine::Salesforce) => {
            let table = way.salesforce.as_ref().ok_or("it needs [rollback.salesforce], which names the org")?;
            vec![salesforce::prepare(root, table, contents).await?]
        }
        _ => answers(eyes, way, contents).await?,
    };
    let plan = plan::build(way, contents.clone(), &answers).map_err(|error| error.to_string())?;
    Ok((plan, answers))
}

/// The answers to the questions of an engine, in their order; an error is what failed, and what to do.
pub(super) async fn answers(eyes: Option<&Eyes>, way: &Rollback, contents: &Contents) -> Result<Vec<Value>, String> {
    let mut answers = Vec::new();
    for question in engine::questions(way, contents) {
        answers.push(answer(eyes.ok_or(NOT_TRUSTED)?, question).await?);
    }
    Ok(answers)
}

/// The answers to any questions, in their order.
///
/// # Errors
/// What failed, and what to do.
pub async fn ask_all(eyes: &Eyes, questions: Vec<Question>) -> Result<Vec<Value>, String> {
    let mut answers = Vec::new();
    for question in questions {
        answers.push(answer(eyes, question).await?);
    }
    Ok(answers)
}

async fn answer(eyes: &Eyes, question: Question) -> Result<Value, String> {
    match question {
        Question::Run(argv) => {
            let printed = ask(&eyes.directory, &argv).await;
            let answer = printed
                .and_then(|printed| once::parse(&printed).map_err(|error| format!("it printed no JSON: {error}")));
            answer.map_err(|why| format!("`{}`: {why}", clean(&argv.join(" "))))
        }
        Question::Print(argv, missing) => match ask(&eyes.directory, &argv).await {
            Ok(printed) => Ok(Value::String(String::from_utf8_lossy(&printed).into_owned())),
            Err(why) if why.starts_with("it ended with 1:") => Err(format!("{missing} ({why})")),
            Err(why) => Err(format!("`{}`: {why}", clean(&argv.join(" ")))),
        },
        Question::Get(request) => get(eyes, *request).await,
        Question::Read(file) => {
            let path = eyes.directory.join(&file);
            let read = scribe::blocking(move || flagd::read(&path)).await;
            read.map(Value::String).map_err(|why| format!("{}: {why}", clean(&file)))
        }
    }
}

/// What an address answers: JSON, or a text where it is none.
async fn get(eyes: &Eyes, request: Request) -> Result<Value, String> {
    let mut sent = http::Request {
        headers: request.headers.into_iter().collect(),
        timeout: Some(LIMIT),
        allow_http: request.allow_http,
        ..http::Request::get(request.url)
    };
    sent.authorize(eyes.token(request.token.as_ref()).await?, request.token_header.as_deref());
    let answer = eyes.http.send(sent).await.and_then(Response::success).map_err(|error| {
        let remedy = error.remedy.map_or_else(String::new, |remedy| format!(" ({remedy})"));
        format!("{}{remedy}", error.what)
    })?;
    let text = || Value::String(String::from_utf8_lossy(&answer.body).into_owned());
    Ok(serde_json::from_slice(&answer.body).unwrap_or_else(|_| text()))
}

async fn ask(directory: &Path, argv: &[String]) -> Result<Vec<u8>, String> {
    let run = timeout(LIMIT, look::run(directory, argv, ANSWER_LIMIT)).await;
    let (code, printed) = run.map_err(|_| format!("no answer within {} s", LIMIT.as_secs()))??;
    if code == Some(0) {
        return Ok(printed);
    }
    let code = code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
    Err(format!("it ended with {code}: {}", fit(clean_bytes(printed.trim_ascii()).trim(), SHOWN)))
}

/// What a plan deploys to an org.
fn deployed(plan: &Plan) -> Option<&OrgDeploy> {
    plan.steps.iter().find_map(|step| match &step.action {
        StepAction::SalesforceDeploy(deploy) => Some(deploy),
        _ => None,
    })
}

fn made_at(root: &Path, commit: Option<&Oid>) -> Option<Timestamp> {
    let repository = git2::Repository::open(root).ok()?;
    let commit = repository.find_commit(git2::Oid::from_str(commit?.as_str()).ok()?).ok()?;
    Timestamp::from_second(commit.time().seconds()).ok()
}
