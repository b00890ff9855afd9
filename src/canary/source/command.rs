//! A command: its first number, or a number in its JSON, is the value of the moment.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::super::counters::Range;
use super::backend::{Found, Query};
use super::numbers;
use super::series::of_moment;
use crate::config::program::{self, Group};
use crate::config::schema;
use crate::evidence::text::{clean_bytes, fit_end};
use crate::http::{HttpError, Kind};

/// The most that is read of what it prints, in bytes.
const OUTPUT: u64 = 64 * 1024;
/// How much of what it complained of is shown, in cells.
const COMPLAINT: usize = 200;

/// A command.
#[derive(Debug)]
pub struct Command {
    config: schema::CommandSource,
    /// Where it is run.
    pub(super) root: PathBuf,
}

impl Command {
    /// The command of a configuration.
    pub fn new(config: &schema::CommandSource) -> Self {
        Self { config: config.clone(), root: PathBuf::from(".") }
    }

    /// Runs it.
    ///
    /// # Errors
    /// When it cannot start, takes too long, fails, or prints no number.
    pub async fn ask(&self, query: &Query, range: Range) -> Result<Found, HttpError> {
        let argv: Vec<String> = self.config.run.iter().map(|word| word.replace("$query", &query.text)).collect();
        let shown = argv.first().map_or_else(String::new, |name| crate::evidence::text::clean(name));
        let refuse = |kind, what: String| HttpError::new(kind, format!("command {shown}: {what}"));
        let path = argv.first().ok_or_else(|| refuse(Kind::Refused, "no program".into()))?;
        let path = program::find(path, &self.root).map_err(|what| refuse(Kind::Refused, what))?;
        let printed = tokio::time::timeout(self.config.timeout, self.run(&path, &argv[1..])).await;
        let printed = match printed {
            Err(_) => {
                let what = format!("no answer within {} s", self.config.timeout.as_secs_f64());
                return Err(refuse(Kind::Timeout, what).with_remedy("allow more by `timeout`, or ask for less"));
            }
            Ok(printed) => printed.map_err(|what| refuse(Kind::Malformed, what))?,
        };
        let values = self.values(&printed).map_err(|what| refuse(Kind::Malformed, what))?;
        let series = of_moment(&values, range).map_err(|what| refuse(Kind::Malformed, what))?;
        Ok(Found { series, increments: self.config.values == schema::Values::Increment, ..Found::default() })
    }

    fn values(&self, printed: &[u8]) -> Result<Vec<Option<f64>>, String> {
        match &self.config.value {
            Some(path) => {
                let answer = serde_json::from_slice(printed).map_err(|error| format!("prints no JSON: {error}"))?;
                numbers::at(&answer, path)
            }
            None => {
                let text = String::from_utf8_lossy(printed);
                let number = text.split_whitespace().find_map(|word| word.parse::<f64>().ok());
                number.map(|number| vec![Some(number)]).ok_or_else(|| "prints no number".to_owned())
            }
        }
    }

    /// What it prints. It has a process group of its own, which is gone when this is given up.
    async fn run(&self, path: &std::path::Path, arguments: &[String]) -> Result<Vec<u8>, String> {
        let mut command = tokio::process::Command::new(path);
        command.args(arguments).current_dir(&self.root).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cannot start: {error}"))?;
        let _group = Group::of(&child);
        let (out, complaint) = tokio::join!(limited(child.stdout.take()), limited(child.stderr.take()));
        if out.len() as u64 > OUTPUT {
            return Err("prints more than 64 KiB".into());
        }
        let status = child.wait().await.map_err(|error| format!("is lost: {error}"))?;
        if !status.success() {
            let complaint = fit_end(clean_bytes(&complaint).trim(), COMPLAINT);
            return Err(format!("ended with {status}: {complaint}"));
        }
        Ok(out)
    }
}

/// The beginning of what is printed; the pipe is closed after it.
async fn limited(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut read = Vec::new();
    if let Some(pipe) = pipe {
        let _ = pipe.take(OUTPUT + 1).read_to_end(&mut read).await;
    }
    read
}
