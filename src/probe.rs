//! One question to the world, and the text that comes back: an address that is read, or a command that only tells.
//!
//! Whatever asks something small of a team's own goes through here: which commit runs in production, whether an item
//! of the checklist is satisfied. It has a deadline and a size limit; secrets are fetched anew for each look.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::config::program;
use crate::config::schema::Secret;
use crate::config::trust::Permit;
use crate::evidence::Generation;
use crate::evidence::text::{clean, clean_bytes, fit};
use crate::http::{Backoff, Bearer, Client, HttpError, Request, Response, json_at};

/// How long a command may take where nobody says.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of what a command prints is read, in bytes.
const PRINTED: u64 = 1 << 20;
/// How much of what it complains of is told, in cells.
const COMPLAINT: usize = 120;

/// What is asked, and of whom.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// An address; a command where there is none.
    pub url: Option<String>,
    /// A command: program and arguments.
    pub run: Option<Vec<String>>,
    /// A path into the answer, if that is JSON; the whole answer is the text without it.
    pub json: Option<String>,
    /// A bearer token for the address.
    pub token: Option<Secret>,
    /// Plain http to a host that is not this machine.
    pub allow_http: bool,
    /// How long an answer may take; 10 s for a command and the default of [`crate::http`] for an address without it.
    pub patience: Option<Duration>,
    /// Variables for the command.
    pub variables: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text, not cleaned.
    pub text: String,
    /// Who said it: the address without its query, or the command.
    pub source: String,
    /// Why a command says no: how it ended, and the last that it complained of.
    pub refusal: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What failed, and where.
    pub what: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// How long the server asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl From<HttpError> for Trouble {
    fn from(error: HttpError) -> Self {
        Self { what: error.what, remedy: error.remedy, retry_after: error.retry_after }
    }
}

impl From<String> for Trouble {
    fn from(what: String) -> Self {
        Self { what, remedy: None, retry_after: None }
    }
}

/// Asks.
#[derive(Debug, Clone)]
pub struct Probe {
    root: PathBuf,
    permit: Permit,
    client: Client,
}

impl Probe {
    /// Commands and relative paths of secrets count from `root`.
    pub fn new(root: &Path, permit: Permit, client: Client) -> Self {
        Self { root: root.to_owned(), permit, client }
    }

    /// Asks once. A command that ends badly is an answer with a refusal.
    ///
    /// # Errors
    /// When there is no answer in time, or none of the right shape.
    pub async fn ask(&self, question: &Question) -> Result<Answer, Trouble> {
        let (bytes, source, refusal) = self.answer(question).await?;
        let text = match &question.json {
            Some(path) if refusal.is_none() => at(&bytes, path).map_err(|why| format!("{source}: {why}"))?,
            _ => String::from_utf8_lossy(&bytes).into_owned(),
        };
        Ok(Answer { text, source, refusal })
    }

    async fn answer(&self, question: &Question) -> Result<(Vec<u8>, String, Option<String>), Trouble> {
        match (&question.run, &question.url) {
            (Some(argv), _) => {
                let (shown, patience) = (clean(&argv.join(" ")), question.patience.unwrap_or(PATIENCE));
                let ended = tokio::time::timeout(patience, run(argv, &self.root, &question.variables)).await;
                let late = |_| format!("{shown} did not end within {} s", patience.as_secs_f64());
                let (printed, refusal) = ended.map_err(late)??;
                Ok((printed, shown, refusal))
            }
            (None, Some(url)) => {
                let response = self.response(question, url).await?;
                Ok((response.body, response.place, None))
            }
            (None, None) => Err("neither an address nor a command is set".to_owned().into()),
        }
    }

    async fn response(&self, question: &Question, url: &str) -> Result<Response, Trouble> {
        let bearer = self.token(question.token.clone()).await?;
        let (allow_http, timeout) = (question.allow_http, question.patience);
        let request = Request { bearer, allow_http, timeout, ..Request::get(url) };
        let response = self.client.send(request).await?.success()?;
        if question.json.is_none() && response.is_html() {
            return Err(format!("{} answers with a page for people", response.place).into());
        }
        Ok(response)
    }

    /// The token, fetched anew for each look: one may be exchanged at any time. Its command may block.
    async fn token(&self, secret: Option<Secret>) -> Result<Option<Bearer>, Trouble> {
        let Some(secret) = secret else { return Ok(None) };
        let (permit, root) = (self.permit, self.root.clone());
        let hidden = tokio::task::spawn_blocking(move || secret.resolve(permit, &root)).await;
        let hidden = hidden.map_err(|_| "the secret could not be fetched".to_owned())?;
        Ok(Some(Bearer::from(hidden.map_err(|error| error.to_string())?.reveal().to_owned())))
    }
}

/// When to ask again: at a steady pace, later and later while there is no answer.
#[derive(Debug)]
pub struct Pace {
    every: Duration,
    backoff: Backoff,
    generation: Generation,
    retry_at: Option<Timestamp>,
}

impl Pace {
    /// Nothing was asked yet. `seed` keeps those apart that fail at the same time.
    pub fn new(seed: &str, every: Duration) -> Self {
        Self { every, backoff: Backoff::new(seed), generation: Generation::default(), retry_at: None }
    }

    /// The generation of the next look.
    pub fn next(&self) -> Generation {
        Generation(self.generation.0 + 1)
    }

    /// A look begins: its generation.
    pub fn begin(&mut self) -> Generation {
        self.generation = self.next();
        self.generation
    }

    /// There was an answer.
    pub fn succeeded(&mut self) {
        self.backoff.succeeded();
        self.retry_at = None;
    }

    /// There was none. Returns when the next look is.
    pub fn failed(&mut self, retry_after: Option<Duration>, now: Timestamp) -> Option<Timestamp> {
        let wait = SignedDuration::try_from(self.backoff.failed(retry_after));
        self.retry_at = wait.ok().and_then(|wait| now.checked_add(wait).ok());
        self.retry_at
    }

    /// How long to wait at `now`.
    pub fn pause(&self, now: Timestamp) -> Duration {
        let retry = self.retry_at.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        retry.unwrap_or(self.every)
    }
}

/// Runs a command that only tells; it dies with whoever waits for it.
async fn run(argv: &[String], root: &Path, variables: &[(&str, String)]) -> Result<(Vec<u8>, Option<String>), String> {
    let name = argv.first().map_or("", String::as_str);
    let mut command = Command::new(program::find(name, root)?);
    command.args(argv.iter().skip(1)).current_dir(root).kill_on_drop(true).process_group(0);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("`{}` did not start: {error}", clean(name)))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (printed, complaint) = tokio::join!(beginning(out), beginning(err));
    let status = child.wait().await.map_err(|error| format!("`{}`: {error}", clean(name)))?;
    let refusal = (!status.success()).then(|| refusal(name, status, &complaint));
    Ok((printed, refusal))
}

fn refusal(name: &str, status: ExitStatus, complaint: &[u8]) -> String {
    let last = complaint.trim_ascii().rsplit(|b| *b == b'\n').next().map(clean_bytes).unwrap_or_default();
    format!("`{}` ended with {status} {}", clean(name), fit(&last, COMPLAINT)).trim_end().to_owned()
}

async fn beginning(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let _ = pipe.take(PRINTED).read_to_end(&mut bytes).await;
    }
    bytes
}

fn at(bytes: &[u8], path: &str) -> Result<String, String> {
    let json: Value = serde_json::from_slice(bytes).map_err(|error| format!("no JSON: {error}"))?;
    match json_at(&json, path)? {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(is_so) => Ok(is_so.to_string()),
        _ => Err(format!("`{path}` is no text")),
    }
}
