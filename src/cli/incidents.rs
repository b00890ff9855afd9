//! `hotfix incidents`: all incidents of this repository; which one the cockpit and the commands are about.

use std::fmt::Write as _;

use color_eyre::eyre::{bail, eyre};
use jiff::tz::TimeZone;
use serde::Serialize;

use super::entry::{Common, Desk, not_empty};
use super::{Context, Exit, print};
use crate::evidence::text::fit;
use crate::incident::Entry;
use crate::incident::list::{self, Summary};
use crate::project::Project;

/// Lists the incidents of this repository: open, past and drills.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Action>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Makes an open incident the one that the cockpit and the commands are about
    Resume {
        /// Its id, or a piece of its id or title that no other one has
        id: String,
        #[command(flatten)]
        common: Recording,
    },
    /// Opens a closed incident again
    Reopen {
        /// Its id, or a piece of its id or title that no other one has
        id: String,
        /// Why
        #[arg(long, value_name = "TEXT", value_parser = not_empty)]
        reason: String,
        #[command(flatten)]
        common: Recording,
    },
}

/// Who records, and how it is told.
#[derive(Debug, Clone, clap::Args)]
struct Recording {
    /// Who does it; your configured name, git's user.name or the login without it
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Print the record as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    match args.command {
        None => show(args.json, context),
        Some(Action::Resume { id, common }) => resume(&id, &common, context),
        Some(Action::Reopen { id, reason, common }) => reopen(&id, reason, &common, context),
    }
}

fn show(json: bool, context: &Context) -> color_eyre::Result<Exit> {
    let project = Project::open(&context.directory)?;
    let (journal, warnings) = project.journal_read_only()?;
    for warning in warnings {
        eprintln!("hotfix: WARNING: {warning}");
    }
    let incidents = list::list(&journal.records_of(&list::KINDS)?, &journal.incidents()?);
    print(&if json {
        serde_json::to_string(&Document { schema: 1, incidents: &incidents })? + "\n"
    } else {
        plain(&incidents, &TimeZone::system())
    })?;
    Ok(Exit::Ok)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    incidents: &'a [Summary],
}

fn plain(incidents: &[Summary], zone: &TimeZone) -> String {
    if incidents.is_empty() {
        return "no incident is on record in this repository: `hotfix declare TITLE` opens one\n".to_owned();
    }
    let width = incidents.iter().map(|it| it.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    for it in incidents {
        let declared = it.declared_at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M");
        let drill = it.drill.as_ref().map_or("", |_| "DRILL ");
        let (state, severity, stage) = (it.state(), it.severity_label(), it.stage.label());
        let title = fit(&it.title, 60);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{state:<7} {:<width$}  {severity} {stage:<7} {declared}  {drill}{title}", it.id);
    }
    out
}

fn desk(common: &Recording, context: &Context) -> color_eyre::Result<(Desk, Vec<Summary>)> {
    let Recording { by, json } = common.clone();
    let desk = Desk::open(context, &Common { by, incident: None, json })?;
    let incidents = desk.incidents()?;
    Ok((desk, incidents))
}

fn resume(id: &str, common: &Recording, context: &Context) -> color_eyre::Result<Exit> {
    let (mut desk, incidents) = desk(common, context)?;
    let meant = list::find(&incidents, id).map_err(|why| eyre!("{why}"))?;
    if let Some(at) = meant.closed_at {
        bail!("{} was closed at {at}: `hotfix incidents reopen {} --reason TEXT` opens it again", meant.id, meant.id);
    }
    if meant.active {
        eprintln!("hotfix: note: {} is the active one already", meant.id);
    }
    desk.record(context, &meant.id, &Entry::Resumed {}, common.json)
}

fn reopen(id: &str, reason: String, common: &Recording, context: &Context) -> color_eyre::Result<Exit> {
    let (mut desk, incidents) = desk(common, context)?;
    let meant = list::find(&incidents, id).map_err(|why| eyre!("{why}"))?;
    if meant.closed_at.is_none() {
        bail!("{} is open: `hotfix incidents resume {}` makes it the active one", meant.id, meant.id);
    }
    desk.record(context, &meant.id, &Entry::Reopened { reason }, common.json)
}
