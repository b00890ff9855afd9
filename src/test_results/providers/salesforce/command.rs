//! Running `sf`: arguments as they are, no shell, a deadline, a limit on what it prints, and its exit code passed over.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::model::Envelope;
use crate::config::program;
use crate::config::trust::Permit;
use crate::evidence::text::clean;
use crate::http::{HttpError, Kind};

/// How long one call may take: it starts a large program, and asks the org.
const PATIENCE: Duration = Duration::from_secs(120);
/// The most that it may print, in bytes: coverage is told line by line.
const LIMIT: u64 = 64 * 1024 * 1024;

/// The command, and where it runs.
#[derive(Debug, Clone)]
pub struct Sf {
    root: PathBuf,
    folder: PathBuf,
    org: String,
}

impl Sf {
    /// For an org, in a project.
    pub fn new(root: &Path, org: &str, _permit: Permit) -> Self {
        Self { root: root.to_owned(), folder: root.to_owned(), org: org.to_owned() }
    }

    /// The same in a project that was made elsewhere.
    pub fn in_folder(&self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self.clone() }
    }

    /// Runs it with these arguments, and reads its result.
    ///
    /// # Errors
    /// When it is not there, takes too long, prints something else, or says that something is wrong.
    pub async fn ask<T: DeserializeOwned>(&self, arguments: &[&str]) -> Result<T, HttpError> {
        let what = format!(
            "sf {}",
            arguments.iter().take_while(|word| !word.starts_with('-')).copied().collect::<Vec<_>>().join(" ")
        );
        let bytes = tokio::time::timeout(PATIENCE, self.output(arguments)).await;
        let bytes = match bytes {
            Err(_) => {
                let why = format!("{what}: no answer within {} s", PATIENCE.as_secs());
                return Err(HttpError { kind: Kind::Timeout, ..failed(&why) });
            }
            Ok(bytes) => bytes.map_err(|why| failed(&format!("{what}: {why}")))?,
        };
        result(&what, &bytes)
    }

    async fn output(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let mut command = Command::new(program::find("sf", &self.root)?);
        command.args(arguments).args(["--target-org", &self.org, "--json"]).current_dir(&self.folder);
        command.envs([("SF_AUTOUPDATE_DISABLE", "true"), ("SF_DISABLE_TELEMETRY", "true"), ("NO_COLOR", "1")]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        let pipe = child.stdout.take().ok_or("it has no output")?;
        pipe.take(LIMIT + 1).read_to_end(&mut bytes).await.map_err(|error| error.to_string())?;
        if bytes.len() as u64 > LIMIT {
            return Err(format!("it prints more than {} MiB", LIMIT / 1024 / 1024));
        }
        // Its exit code says less than what it prints.
        child.wait().await.map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}

/// Nothing was done, and why.
pub(super) fn refuse(what: impl AsRef<str>) -> HttpError {
    HttpError::new(Kind::Refused, clean(what.as_ref()))
}

fn failed(what: &str) -> HttpError {
    HttpError::new(Kind::Refused, clean(what))
        .with_remedy("is the `sf` command installed, and does `sf org display` work?")
}

/// The result in what `sf` prints.
fn result<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, HttpError> {
    let start = bytes.iter().position(|byte| *byte == b'{').unwrap_or(bytes.len());
    if start == bytes.len() {
        return Err(broken(&format!("{what}: it prints no JSON: {}", crate::http::error::excerpt(bytes))));
    }
    let envelope: Envelope = serde_json::from_slice(&bytes[start..])
        .map_err(|error| broken(&format!("{what}: it prints no whole JSON: {error}")))?;
    match (envelope.result, envelope.name) {
        (Some(result), _) if !result.is_null() => serde_json::from_value(result)
            .map_err(|error| broken(&format!("{what}: its result is not what was expected: {error}"))),
        (_, name) => {
            let (name, message) =
                (name.unwrap_or_else(|| "it gives no result".into()), envelope.message.unwrap_or_default());
            let line = message.lines().next().unwrap_or_default();
            let kind = if is_broken(&name, line) { Kind::Broken } else { Kind::Refused };
            Err(HttpError { kind, ..failed(&format!("{what}: {name}: {line}")).with_remedy(remedy(&name)) })
        }
    }
}

/// The same where nobody knows whether the org acted.
fn broken(what: &str) -> HttpError {
    HttpError { kind: Kind::Broken, ..failed(what) }
}

/// Whether an error is about the way to the org, so that the org may have acted all the same.
fn is_broken(name: &str, message: &str) -> bool {
    let words = ["ETIMEDOUT", "ECONNRESET", "EPIPE", "EAI_AGAIN", "ENOTFOUND", "socket hang up", "ERROR_HTTP_5"];
    words.iter().any(|word| name.contains(word) || message.contains(word)) || name == "it gives no result"
}

fn remedy(name: &str) -> &'static str {
    match name {
        "NoDefaultEnvError" | "NamedOrgNotFoundError" | "AuthInfoNotFoundError" => {
            "sf org login web --alias the name in `org`"
        }
        "RefreshTokenAuthError" | "INVALID_SESSION_ID" => "the session has ended: log in again with `sf org login`",
        _ => "try the same command by hand",
    }
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
