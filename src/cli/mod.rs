//! The command line: one file for each subcommand, the headless face of a pane.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use jiff::Timestamp;

use crate::cockpit::guardian::LastWords;
use crate::evidence::Failure;
use crate::incident::Severity;

pub mod assess;
pub mod canary;
pub mod change;
pub mod checklist;
pub mod close;
pub mod cockpit;
pub mod completions;
pub mod decide;
pub mod declare;
pub mod defer;
pub mod doctor;
pub mod drill;
pub mod entry;
pub mod feedback;
pub mod finish;
pub mod gather;
pub mod incidents;
pub mod init;
pub mod item;
pub mod judge;
pub mod man;
pub mod metrics;
pub mod note;
pub mod override_;
pub mod production;
pub mod report;
pub mod role;
pub mod rollback;
pub mod rollout;
pub mod say;
pub mod servers;
pub mod stage;
pub mod start;
pub mod status;
pub mod tests;
pub mod tick;
pub mod timeline;
pub mod trust;
pub mod untick;
pub mod validation;
pub mod verify;

/// A terminal cockpit for driving a live hotfix.
#[derive(Debug, Default, Parser)]
#[command(name = "hotfix", version, about)]
pub struct Cli {
    /// Run as if started in this folder.
    #[arg(short = 'C', long = "directory", global = true, value_name = "FOLDER")]
    pub directory: Option<PathBuf>,
    /// The cockpit without anything that changes production.
    #[arg(long)]
    pub read_only: bool,
    /// What to do; the cockpit without it.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Writes a commented hotfix.toml from what it detects
    Init(init::Args),
    /// Checks the configuration and reaches every endpoint
    Doctor(doctor::Args),
    /// Shows what this hotfix.toml would run and contact, and trusts exactly that
    Trust(trust::Args),
    /// Readiness and every gate: 0 go, 3 no-go, 4 roll back, 5 not enough data
    Status(status::Args),
    /// What git knows about the hotfix
    Change(change::Args),
    /// Test results, from the configuration or from files
    Tests(tests::Args),
    /// The canary against the baseline
    Canary(canary::Args),
    /// What people report after the deploy, against what is usual
    Feedback(feedback::Args),
    /// Judges canary series from a file or standard input
    Judge(judge::Args),
    /// The checklist and its gates
    Checklist(checklist::Args),
    /// Declares an incident
    Declare(declare::Args),
    /// Answers the assessment questions
    Assess(assess::Args),
    /// Takes or hands over a role
    Role(role::Args),
    /// Goes on, or back, to a stage
    Stage(stage::Args),
    /// Ticks a checklist item
    Tick(tick::Args),
    /// Takes a tick back
    Untick(untick::Args),
    /// Hands an item to somebody, to be done by a time
    Defer(defer::Args),
    /// Passes a gate that is not satisfied, with a reason and a name
    #[command(name = "override")]
    Override(override_::Args),
    /// Records a decision
    Decide(decide::Args),
    /// Records a note
    Note(note::Args),
    /// Tells the stakeholders: 1 when a channel has not got it
    Say(say::Args),
    /// All incidents of this repository, and which one is active
    Incidents(incidents::Args),
    /// Closes the incident, with what is still open
    Close(close::Args),
    /// The journal of the incident, one event a line
    Timeline(timeline::Args),
    /// Begins a hotfix branch from production, in a work tree of its own
    Start(start::Args),
    /// Brings the fix to every branch that must have it: 1 when a conflict waits for you
    Finish(finish::Args),
    /// Prints or runs the rollback plan
    Rollback(rollback::Args),
    /// How far a release is that goes out step by step; with ACT, steers it
    Rollout(rollout::Args),
    /// A simulated incident on the real console
    Drill(drill::Args),
    /// The post-mortem so far
    Report(report::Args),
    /// The delivery metrics over all incidents
    Metrics(metrics::Args),
    /// Walks the journal's hash chain: 1 when it does not hold
    Verify(verify::Args),
    /// Completions for a shell
    Completions(completions::Args),
    /// The manual page
    Man(man::Args),
}

/// Where and when a command runs.
#[derive(Debug, Clone)]
pub struct Context {
    /// The folder that it was started in.
    pub directory: PathBuf,
    /// When it was started.
    pub now: Timestamp,
    /// The way to the guardian, for a command that opens a screen.
    pub words: LastWords,
}

/// How a command ended. 2, "could not run", is an error and none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or go.
    Ok,
    /// Something that was checked failed.
    Failed,
    /// Readiness: no-go.
    NoGo,
    /// Readiness: roll back; or a canary regressed.
    RollBack,
    /// Not enough data, or any other verdict.
    NotEnoughData,
    /// As the cockpit ended: 128 and the number of a signal, for instance.
    Cockpit(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::NoGo => 3,
            Exit::RollBack => 4,
            Exit::NotEnoughData => 5,
            Exit::Cockpit(code) => code,
        })
    }
}

/// Runs a subcommand.
///
/// # Errors
/// When it could not run at all: exit 2.
pub fn run(command: Command, context: &Context) -> color_eyre::Result<Exit> {
    match command {
        Command::Init(args) => init::run(args, context),
        Command::Doctor(args) => doctor::run(args, context),
        Command::Trust(args) => trust::run(args, context),
        Command::Status(args) => status::run(args, context),
        Command::Change(args) => change::run(args, context),
        Command::Tests(args) => tests::run(args, context),
        Command::Canary(args) => canary::run(args, context),
        Command::Feedback(args) => feedback::run(args, context),
        Command::Judge(args) => judge::run(args, context),
        Command::Checklist(args) => checklist::run(args, context),
        Command::Declare(args) => declare::run(args, context),
        Command::Assess(args) => assess::run(args, context),
        Command::Role(args) => role::run(args, context),
        Command::Stage(args) => stage::run(args, context),
        Command::Tick(args) => tick::run(args, context),
        Command::Untick(args) => untick::run(args, context),
        Command::Defer(args) => defer::run(args, context),
        Command::Override(args) => override_::run(args, context),
        Command::Decide(args) => decide::run(args, context),
        Command::Note(args) => note::run(args, context),
        Command::Say(args) => say::run(&args, context),
        Command::Incidents(args) => incidents::run(args, context),
        Command::Close(args) => close::run(args, context),
        Command::Timeline(args) => timeline::run(args, context),
        Command::Start(args) => start::run(args, context),
        Command::Finish(args) => finish::run(&args, context),
        Command::Rollback(args) => rollback::run(args, context),
        Command::Rollout(args) => rollout::run(&args, context),
        Command::Drill(args) => drill::run(args, context),
        Command::Report(args) => report::run(&args, context),
        Command::Metrics(args) => metrics::run(&args, context),
        Command::Verify(args) => verify::run(&args, context),
        Command::Completions(args) => completions::run(args, context),
        Command::Man(args) => man::run(args, context),
    }
}

/// Prints a text as it is. Returns whether somebody still reads: a reader that has gone away is no error.
///
/// # Errors
/// When it cannot be written for any other reason.
pub fn print(text: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a source could not do, with the way out.
fn refused(failure: &Failure) -> color_eyre::Report {
    match &failure.remedy {
        Some(remedy) => color_eyre::eyre::eyre!("{}\n  {remedy}", failure.what),
        None => color_eyre::eyre::eyre!("{}", failure.what),
    }
}

/// A severity on the command line.
fn severity(text: &str) -> Result<Severity, String> {
    Severity::parse(text).ok_or_else(|| "write sev1, sev2 or sev3".to_owned())
}
