//! What production says of itself: the commit that runs there, asked over HTTP or told by a command.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::change::deployed::{Said, parse};
use crate::config::program;
use crate::config::schema;
use crate::config::trust::Permit;
use crate::evidence::text::{clean, clean_bytes, fit};
use crate::evidence::{Evidence, Failure, Generation, Observation, Subject};
use crate::http::{Backoff, Bearer, Client, HttpError, Request, Response, json_at};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(15);
/// How long an answer may be believed: three looks may fail.
const TTL: Duration = Duration::from_secs(60);
/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of what a command prints is read, in bytes.
const PRINTED: u64 = 1 << 20;
/// How much of what it complains of is told, in cells.
const COMPLAINT: usize = 120;

/// Asks production.
#[derive(Debug)]
pub struct Deployed {
    asked: schema::Deployed,
    root: PathBuf,
    permit: Permit,
    client: Client,
    backoff: Backoff,
    generation: Generation,
    retry_at: Option<Timestamp>,
}

/// Why there is no answer.
struct Trouble {
    what: String,
    remedy: Option<String>,
    retry_after: Option<Duration>,
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

impl Deployed {
    /// A source that has asked nothing yet. Commands and relative paths of secrets count from `root`.
    pub fn new(asked: &schema::Deployed, permit: Permit, client: Client, root: &Path) -> Self {
        let seed = asked.url.clone().unwrap_or_else(|| "production.deployed".into());
        Self {
            asked: asked.clone(),
            root: root.to_owned(),
            permit,
            client,
            backoff: Backoff::new(&seed),
            generation: Generation::default(),
            retry_at: None,
        }
    }

    /// Announces the look that [`Deployed::poll`] is about to make.
    pub fn begin(&self) -> Observation<Said> {
        Observation::Started(Generation(self.generation.0 + 1))
    }

    /// How long to wait after a look at `now`.
    pub fn pause(&self, now: Timestamp) -> Duration {
        let retry = self.retry_at.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        retry.unwrap_or(EVERY)
    }

    /// Asks once.
    pub async fn poll(&mut self, now: Timestamp) -> Observation<Said> {
        self.generation.0 += 1;
        match self.look().await {
            Ok((value, source)) => {
                self.backoff.succeeded();
                self.retry_at = None;
                let subject = Subject { commit: value.commit(), tree: None };
                let evidence = Evidence { value, subject, source, observed_at: now, ttl: TTL };
                Observation::Seen(self.generation, Box::new(evidence))
            }
            Err(trouble) => {
                let wait = SignedDuration::try_from(self.backoff.failed(trouble.retry_after));
                self.retry_at = wait.ok().and_then(|wait| now.checked_add(wait).ok());
                let what = format!("production did not tell what runs there: {}", trouble.what);
                Observation::Failed(
                    self.generation,
                    Failure { what, remedy: trouble.remedy, at: now, retry_at: self.retry_at },
                )
            }
        }
    }

    async fn look(&self) -> Result<(Said, String), Trouble> {
        let (bytes, source) = match (&self.asked.run, &self.asked.url) {
            (Some(argv), _) => (self.printed(argv).await?, clean(&argv.join(" "))),
            (None, Some(url)) => {
                let response = self.answer(url).await?;
                (response.body, response.place)
            }
            (None, None) => return Err("neither `url` nor `run` is set".to_owned().into()),
        };
        let text = match &self.asked.json {
            Some(path) => at(&bytes, path).map_err(|why| format!("{source}: {why}"))?,
            None => String::from_utf8_lossy(&bytes).into_owned(),
        };
        let said = parse(&text).map_err(|why| Trouble {
            what: format!("{source}: {why}"),
            remedy: Some(
                "point production.deployed at a commit or a tag, with `json = \"$.commit\"` for one in JSON".into(),
            ),
            retry_after: None,
        })?;
        Ok((said, source))
    }

    async fn answer(&self, url: &str) -> Result<Response, Trouble> {
        let request = Request { bearer: self.token().await?, allow_http: self.asked.allow_http, ..Request::get(url) };
        let response = self.client.send(request).await?.success()?;
        if self.asked.json.is_none() && response.is_html() {
            return Err(format!("{} answers with a page for people", response.place).into());
        }
        Ok(response)
    }

    /// The token, fetched anew for each look: one may be exchanged at any time. Its command may block.
    async fn token(&self) -> Result<Option<Bearer>, Trouble> {
        let Some(secret) = self.asked.token.clone() else { return Ok(None) };
        let (permit, root) = (self.permit, self.root.clone());
        let hidden = tokio::task::spawn_blocking(move || secret.resolve(permit, &root)).await;
        let hidden = hidden.map_err(|_| "the secret could not be fetched".to_owned())?;
        Ok(Some(Bearer::from(hidden.map_err(|error| error.to_string())?.reveal().to_owned())))
    }

    async fn printed(&self, argv: &[String]) -> Result<Vec<u8>, Trouble> {
        match tokio::time::timeout(PATIENCE, run(argv, &self.root)).await {
            Ok(printed) => printed.map_err(Trouble::from),
            Err(_) => Err(format!("{} did not end within {} s", clean(&argv.join(" ")), PATIENCE.as_secs()).into()),
        }
    }
}

/// Runs a command that only tells; it dies with whoever waits for it.
async fn run(argv: &[String], root: &Path) -> Result<Vec<u8>, String> {
    let name = argv.first().map_or("", String::as_str);
    let mut command = Command::new(program::find(name, root)?);
    command.args(argv.iter().skip(1)).current_dir(root).kill_on_drop(true).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("`{}` did not start: {error}", clean(name)))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (printed, complaint) = tokio::join!(beginning(out), beginning(err));
    let status = child.wait().await.map_err(|error| format!("`{}`: {error}", clean(name)))?;
    if status.success() {
        return Ok(printed);
    }
    let last = complaint.trim_ascii().rsplit(|b| *b == b'\n').next().map(clean_bytes).unwrap_or_default();
    Err(format!("`{}` ended with {status} {}", clean(name), fit(&last, COMPLAINT)).trim_end().to_owned())
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
        _ => Err(format!("`{path}` is no text")),
    }
}

#[cfg(test)]
#[path = "deployed_tests.rs"]
mod tests;
