//! Secrets: named in `hotfix.toml`, fetched when they are needed, and never shown.

use std::fmt;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer, Serialize};

use super::program;
use super::trust::Permit;

/// How long a command may take to print a secret.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest secret, in bytes.
const LIMIT: u64 = 64 * 1024;

/// Where a secret is found. It is fetched when it is needed, and never printed, logged or journaled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Secret {
    /// In an environment variable.
    Env(String),
    /// In a file that others cannot read.
    File(String),
    /// In the first line that a command prints.
    Command(Vec<String>),
}

/// A secret's value. Whatever prints it prints `[hidden]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that sends it, and for taking it out of what is recorded.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// Why a secret could not be had: names where it was looked for, never what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(String);

impl Secret {
    /// Where it is found, for the screen: never the value.
    pub fn name(&self) -> String {
        match self {
            Self::Env(name) => format!("${name}"),
            Self::File(path) => path.clone(),
            Self::Command(argv) => format!("output of {}", program::quoted(argv)),
        }
    }

    /// Fetches the value. Blocks, for ten seconds at most; never call it where something is drawn. A relative path
    /// counts from `root`.
    ///
    /// # Errors
    /// When it is not there, empty, or its command fails.
    pub fn resolve(&self, permit: Permit, root: &Path) -> Result<Hidden, SecretError> {
        let value = match self {
            Self::Env(name) => from_environment(name),
            Self::File(path) => from_file(&located(path, root)),
            Self::Command(argv) => from_command(argv, permit, root, PATIENCE),
        };
        let value = value.map_err(|why| SecretError(format!("secret {}: {why}", self.name())))?;
        let line = value.lines().next().unwrap_or_default().trim();
        if line.is_empty() {
            return Err(SecretError(format!("secret {} is empty", self.name())));
        }
        Ok(Hidden::new(line))
    }

    /// What a careful person would change about it.
    pub fn concern(&self, root: &Path) -> Option<String> {
        let Self::File(path) = self else { return None };
        let path = located(path, root);
        let mode = fs::metadata(&path).ok()?.permissions().mode();
        (mode & 0o077 != 0)
            .then(|| format!("others can read {} (mode {:o}): chmod 600 it", path.display(), mode & 0o777))
    }
}

fn from_environment(name: &str) -> Result<String, String> {
    match std::env::var(name) {
        Ok(value) => Ok(value),
        Err(std::env::VarError::NotPresent) => Err("the variable is not set".into()),
        Err(std::env::VarError::NotUnicode(_)) => Err("the variable is not UTF-8".into()),
    }
}

/// The path of a secret's file: `~/` is the home folder, and a relative path counts from `root`.
fn located(path: &str, root: &Path) -> PathBuf {
    match path.strip_prefix("~/").and_then(|rest| etcetera::home_dir().ok().map(|home| home.join(rest))) {
        Some(path) => path,
        None => root.join(path),
    }
}

fn from_file(path: &Path) -> Result<String, String> {
    let mut value = String::new();
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(LIMIT).read_to_string(&mut value).map_err(|error| error.to_string())?;
    Ok(value)
}

fn from_command(argv: &[String], _permit: Permit, root: &Path, patience: Duration) -> Result<String, String> {
    let (name, arguments) = argv.split_first().ok_or("no program is named")?;
    let mut command = Command::new(program::find(name, root)?);
    command.args(arguments).current_dir(root).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let deadline = Instant::now() + patience;
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let output = first_output(&mut child, patience);
    let status = ended_by(&mut child, deadline);
    match (output, status) {
        (Some(value), Some(status)) if status.success() => Ok(value),
        (_, Some(status)) => Err(format!("the command failed ({status})")),
        (_, None) => Err(format!("the command did not end within {} s", patience.as_secs())),
    }
}

/// How a child ended; `None`, and the end of it, when it has not by then.
fn ended_by(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) | Err(_) => break,
        }
    }
    end(child);
    let _ = child.wait();
    None
}

/// Everything that a child prints; `None` when that takes too long.
fn first_output(child: &mut Child, patience: Duration) -> Option<String> {
    let pipe = child.stdout.take()?;
    let (done, waiting) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.take(LIMIT).read_to_end(&mut bytes);
        let _ = done.send(read.ok().and_then(|_| String::from_utf8(bytes).ok()).unwrap_or_default());
    });
    waiting.recv_timeout(patience).ok()
}

/// Ends a child and whatever it started.
fn end(child: &Child) {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

impl<'de> Deserialize<'de> for Secret {
    /// By hand, because a derived error would print the secret that somebody wrote into the file.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretTable {
    env: Option<String>,
    file: Option<String>,
    command: Option<Vec<String>>,
}

const SECRET: &str = "a secret never stands in the file: write { env = \"NAME\" }, { file = \"PATH\" } or \
                      { command = [\"PROGRAM\", \"ARGUMENT\"] }";

impl<'de> serde::de::Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("where a secret is found")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Secret, E> {
        Err(E::custom(SECRET))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Secret, A::Error> {
        let table = SecretTable::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        match (table.env, table.file, table.command) {
            (Some(name), None, None) => Ok(Secret::Env(name)),
            (None, Some(path), None) => Ok(Secret::File(path)),
            (None, None, Some(argv)) => Ok(Secret::Command(argv)),
            _ => Err(serde::de::Error::custom(SECRET)),
        }
    }
}

#[cfg(test)]
mod tests;
