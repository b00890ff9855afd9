//! Asks the world what an engine needs to know before it can make a plan.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::timeout;

use super::{flagd, look, scribe};
use crate::config::schema::{Request, Rollback};
use crate::config::trust::Permit;
use crate::evidence::Failure;
use crate::evidence::text::{clean, clean_bytes, fit};
use crate::http::{self, Client};
use crate::rollback::engine::{self, Question};
use crate::rollback::plan::Contents;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How much one answer may be, in bytes: the revisions of every workload of a namespace.
const ANSWER_LIMIT: u64 = 16 << 20;
/// How much of a complaint is shown, in cells.
const SHOWN: usize = 160;

/// The answers to the questions of the engine, in their order; none where the file lists the steps. Changes nothing.
///
/// # Errors
/// When a command is not there, fails, or prints no JSON, or an address or a file does not answer: with what it said.
pub async fn answers(
    permit: Permit,
    directory: &Path,
    rollback: &Rollback,
    contents: &Contents,
    now: Timestamp,
) -> Result<Vec<Value>, Failure> {
    let (mut answers, http) = (Vec::new(), Client::new());
    for question in engine::questions(rollback, contents) {
        let answer = match question {
            Question::Run(argv) => {
                let answer = ask(directory, &argv).await.and_then(|printed| {
                    serde_json::from_slice(&printed).map_err(|error| format!("it printed no JSON: {error}"))
                });
                answer.map_err(|why| (format!("`{}`: {why}", clean(&argv.join(" "))), None))
            }
            Question::Print(argv, missing) => match ask(directory, &argv).await {
                Ok(printed) => Ok(Value::String(String::from_utf8_lossy(&printed).into_owned())),
                Err(why) if why.starts_with("it ended with 1:") => Err((format!("{missing} ({why})"), None)),
                Err(why) => Err((format!("`{}`: {why}", clean(&argv.join(" "))), None)),
            },
            Question::Get(request) => get(permit, directory, &http, *request).await,
            Question::Read(file) => {
                let read = flagd::read(&directory.join(&file)).map(Value::String);
                read.map_err(|why| (format!("{}: {why}", clean(&file)), None))
            }
        };
        answers.push(answer.map_err(|(what, remedy)| Failure { what, remedy, at: now, retry_at: None })?);
    }
    Ok(answers)
}

/// What an address answers: JSON, or a text where it is none. An error is what failed, and what to do.
async fn get(
    permit: Permit,
    directory: &Path,
    http: &Client,
    request: Request,
) -> Result<Value, (String, Option<String>)> {
    let mut sent = http::Request {
        headers: request.headers.into_iter().collect(),
        timeout: Some(LIMIT),
        allow_http: request.allow_http,
        ..http::Request::get(request.url)
    };
    if let Some(secret) = request.token {
        let directory = directory.to_owned();
        let found = scribe::blocking(move || secret.resolve(permit, &directory)).await;
        let token = found.map_err(|error| (error.to_string(), None))?.reveal().to_owned();
        sent.authorize(Some(token.into()), request.token_header.as_deref());
    }
    let answer = http.send(sent).await.and_then(http::Response::success);
    let answer = answer.map_err(|error| (error.what, error.remedy))?;
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
