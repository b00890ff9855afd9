//! A step's command, as its cockpit sees it: through a supervisor, which outlives the cockpit.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::time::{Instant, timeout_at};

use super::lock::Lock;
use super::{Ran, fallback};
use crate::config::program;
use crate::evidence::text::clean;
use crate::incident::{Entry, StepState};
use crate::rollback::output::Batch;
use crate::rollback::supervisor::{self, Report, Task};

/// How much longer than its step a supervisor is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A command that runs.
#[derive(Debug)]
pub struct Running {
    /// Reaped when it ends; it goes on without us.
    _supervisor: Child,
    reports: Lines<BufReader<ChildStdout>>,
    task: Task,
    begun: Instant,
}

/// How a command came out, and whether anybody watched it to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// How it came out.
    pub ran: Ran,
    /// Whether its supervisor is gone, so that the command itself may still run.
    pub is_lost: bool,
}

/// Splits a command into the file of its program and its arguments.
///
/// # Errors
/// When there is no such program. In words.
pub fn resolve(argv: &[String], directory: &Path) -> Result<(std::path::PathBuf, Vec<String>), String> {
    let name = argv.first().map_or("", String::as_str);
    let program = program::find(name, directory).map_err(|why| format!("{}: nothing was run", clean(&why)))?;
    Ok((program, argv.iter().skip(1).cloned().collect()))
}

impl Running {
    /// Starts a supervisor for a command.
    ///
    /// # Errors
    /// When nothing was started. In words.
    pub fn start(task: Task, lock: Option<&Lock>) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("its supervisor did not start: {error}: nothing was run");
        let stdin = lock.map(Lock::lend).transpose().map_err(failed)?.map_or_else(Stdio::null, Stdio::from);
        let mut command = supervisor::command(&task).map_err(failed)?;
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut supervisor = tokio::process::Command::from(command).spawn().map_err(failed)?;
        let pipe = supervisor.stdout.take().ok_or("its supervisor has no voice: nothing was run")?;
        let reports = BufReader::new(pipe).lines();
        Ok(Self { _supervisor: supervisor, reports, task, begun: Instant::now() })
    }

    /// Waits until the command runs: its process id, or how it came out at once.
    pub async fn started(&mut self) -> Result<u32, End> {
        match self.report().await {
            Some(Report::Started(id)) => Ok(id),
            Some(Report::Ended(ran)) => Err(End { ran, is_lost: false }),
            _ => Err(self.lost()),
        }
    }

    /// Waits for the end, passing output on. The supervisor sees to it that it comes.
    pub async fn wait(mut self, pass_on: &(dyn Fn(Batch) + Sync)) -> End {
        loop {
            match self.report().await {
                Some(Report::Output(batch)) => pass_on(batch),
                Some(Report::Ended(ran)) => return End { ran, is_lost: false },
                Some(Report::Started(_)) => {}
                None => return self.lost(),
            }
        }
    }

    /// The next report; `None` when none comes any more. What is no report is passed over.
    async fn report(&mut self) -> Option<Report> {
        let end = self.begun + self.task.limit + 2 * supervisor::GRACE + PATIENCE;
        loop {
            let line = timeout_at(end, self.reports.next_line()).await.ok()?.ok()??;
            if let Ok(report) = serde_json::from_str(&line) {
                return Some(report);
            }
        }
    }

    /// A supervisor that is gone may have written down what became of its step before it went.
    fn lost(&self) -> End {
        let ran = fallback::read(&self.task.outcome).pop().and_then(|line| ran(&line.entry));
        let is_lost = ran.is_none();
        let unknown = || Ran::Unknown("its supervisor is gone, and nobody saw its end".into());
        End { ran: ran.unwrap_or_else(unknown), is_lost }
    }
}

fn ran(entry: &Entry) -> Option<Ran> {
    let Entry::Step { state, detail, .. } = entry else { return None };
    let detail = detail.clone().unwrap_or_default();
    match state {
        StepState::Observed => Some(Ran::Done(detail)),
        StepState::Failed => Some(Ran::Failed(detail)),
        StepState::Unknown => Some(Ran::Unknown(detail)),
        _ => None,
    }
}
