//! Asks the world what an engine needs to know before it can make a plan.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::timeout;

use super::look;
use crate::config::schema::Rollback;
use crate::config::trust::Permit;
use crate::evidence::Failure;
use crate::evidence::text::{clean, clean_bytes, fit};
use crate::rollback::engine;
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
/// When a command is not there, fails, or prints no JSON: with what it said.
pub async fn answers(
    _permit: Permit,
    directory: &Path,
    rollback: &Rollback,
    contents: &Contents,
    now: Timestamp,
) -> Result<Vec<Value>, Failure> {
    let mut answers = Vec::new();
    for argv in engine::questions(rollback, contents) {
        let answer = ask(directory, &argv).await;
        let what = |why| format!("`{}`: {why}", clean(&argv.join(" ")));
        answers.push(answer.map_err(|why| Failure { what: what(why), remedy: None, at: now, retry_at: None })?);
    }
    Ok(answers)
}

async fn ask(directory: &Path, argv: &[String]) -> Result<Value, String> {
    let run = timeout(LIMIT, look::run(directory, argv, ANSWER_LIMIT)).await;
    let (code, printed) = run.map_err(|_| format!("no answer within {} s", LIMIT.as_secs()))??;
    if code == Some(0) {
        return serde_json::from_slice(&printed).map_err(|error| format!("it printed no JSON: {error}"));
    }
    let code = code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
    Err(format!("it ended with {code}: {}", fit(clean_bytes(printed.trim_ascii()).trim(), SHOWN)))
}
