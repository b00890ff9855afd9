//! The supervisor: a small process between the cockpit and a step, which outlives the cockpit.
//!
//! It is this program once more, told by [`ARGUMENT`] to be nothing else. It runs one step in a process group of its own,
//! drinks its output however much that is, ends it when its time is over, and writes down what became of it before it
//! tells. The lock is its standard input, and the step's too: a step whose cockpit died is not unknown for that, and
//! nothing begins while it runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::executor::Ran;
use super::executor::fallback::{self, Unjournaled};
use super::output::Batch;
use crate::incident::{Entry, StepState};

mod memory;
mod reports;
mod step;

use reports::Reports;
use step::{Ended, Running};

/// The word on the command line that makes the program a supervisor.
pub const ARGUMENT: &str = "supervise-step";
/// The variable with its [`Task`]; the step does not see it.
pub const TASK: &str = "HOTFIX_STEP";

/// Between TERM and KILL.
pub const GRACE: Duration = Duration::from_secs(5);
/// How often output is passed on.
const PASS_ON: Duration = Duration::from_millis(100);

/// What a supervisor is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The program, found already.
    pub program: PathBuf,
    /// Its arguments, without its name.
    pub arguments: Vec<String>,
    /// Where it runs.
    pub directory: PathBuf,
    /// How long it may take.
    pub limit: Duration,
    /// Whether standard input is the lock.
    pub holds_lock: bool,
    /// The file for what became of it.
    pub outcome: PathBuf,
    /// Whose step it is, for that file.
    pub of: Step,
}

/// Which step of which rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The incident's key.
    pub incident: String,
    /// Who fired.
    pub actor: String,
    /// The plan's hash.
    pub plan: String,
    /// Its place in the plan.
    pub index: usize,
    /// Its name.
    pub name: String,
}

/// What a supervisor tells its cockpit: one JSON object a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// The step runs, as this process.
    Started(u32),
    /// It printed something.
    Output(Batch),
    /// It is over, and the outcome file says the same.
    Ended(Ran),
}

/// Whether this process is to be a supervisor.
pub fn is_wanted(mut arguments: impl Iterator<Item = OsString>) -> bool {
    arguments.next().is_some_and(|first| first == ARGUMENT)
}

/// A command that starts a supervisor, whatever became of the file of this program since it was started.
pub fn command(task: &Task) -> std::io::Result<Command> {
    let me = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    let mut command = Command::new(me);
    command.args(ARGUMENTS).env(TASK, serde_json::to_string(task)?);
    Ok(command)
}

#[cfg(not(test))]
const ARGUMENTS: [&str; 1] = [ARGUMENT];
/// The tests are a program of their own, of which one test is a supervisor.
#[cfg(test)]
const ARGUMENTS: [&str; 4] = ["--exact", "rollback::supervisor::tests::is_one_itself", "--ignored", "--nocapture"];

/// Is a supervisor until its step is over.
pub fn run() -> ExitCode {
    let Some(task) = std::env::var(TASK).ok().and_then(|text| serde_json::from_str::<Task>(&text).ok()) else {
        eprintln!("hotfix: `{ARGUMENT}` is for hotfix itself");
        return ExitCode::from(2);
    };
    // Neither the terminal's end nor its keys reach it from here on.
    let _leads_already = rustix::process::setsid();
    step::adopt_orphans();
    let mut reports = Reports::to_cockpit();
    let ran = match Running::start(&task) {
        Ok(running) => supervise(running, &task, &mut reports),
        Err(why) => Ran::Failed(why),
    };
    let _told_all_the_same = write_down(&task, &ran);
    reports.last(&Report::Ended(ran));
    if task.holds_lock && reports.is_gone() {
        // What the step left behind has copies of the lock: nobody else is there to open it.
        let _closed_soon = rustix::fs::flock(rustix::stdio::stdin(), rustix::fs::FlockOperation::Unlock);
    }
    ExitCode::SUCCESS
}

fn supervise(mut running: Running, task: &Task, reports: &mut Reports) -> Ran {
    reports.send(&Report::Started(running.id()));
    memory::give_back();
    let ended = running.watch(task.limit, reports);
    let ended = match ended {
        Ended::TooLate => running.kill(reports),
        ended => ended,
    };
    let left = running.left_behind(matches!(ended, Ended::TooLate));
    running.drain(reports);
    running.judge(&ended, task.limit, &left)
}

/// Writes down what became of a step, as a line that the journal takes over. When this returns it is durable.
fn write_down(task: &Task, ran: &Ran) -> std::io::Result<()> {
    let Step { incident, actor, plan, index, name } = task.of.clone();
    let (state, detail) = match ran {
        Ran::Done(what) => (StepState::Observed, what),
        Ran::Failed(why) => (StepState::Failed, why),
        Ran::Unknown(why) => (StepState::Unknown, why),
    };
    let entry = Entry::Step { plan, index, name, state, detail: Some(detail.clone()) };
    let part = task.outcome.with_extension("part");
    let _none_there = std::fs::remove_file(&part);
    fallback::append(&part, &Unjournaled { at: Timestamp::now(), incident, actor, entry })?;
    std::fs::rename(&part, &task.outcome)?;
    sync_folder(&task.outcome)
}

fn sync_folder(file: &Path) -> std::io::Result<()> {
    file.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests;
