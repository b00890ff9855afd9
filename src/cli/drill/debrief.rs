//! `hotfix drill --debrief`, and what happens to a run when it ends.

use color_eyre::eyre::WrapErr;
use jiff::Timestamp;

use super::told;
use crate::cli::{Context, Exit, cockpit, print};
use crate::config::user;
use crate::drill::archive::Archive;
use crate::drill::debrief::{document, markdown, text};
use crate::drill::headless;
use crate::drill::kept::{Kept, Played};
use crate::drill::rooms::RealRooms;
use crate::drill::scenario::Scenario;
use crate::evidence::text::{clean, fit};
use crate::journal::StateFolder;

/// How a debrief is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object.
    Json,
    /// A section of a report.
    Md,
}

/// The longest name of a team, in cells.
const TEAM_LIMIT: usize = 40;

/// The team that a run counts for: as asked, else as the user's configuration says.
///
/// # Errors
/// When that configuration cannot be used: before the drill, not after it.
pub fn team(asked: Option<String>) -> color_eyre::Result<Option<String>> {
    let team = match asked {
        Some(team) => Some(team),
        None => user::load()?.team,
    };
    Ok(team.map(|team| fit(clean(&team).trim(), TEAM_LIMIT)).filter(|team| !team.is_empty()))
}

/// Keeps a run, beside the ideal run in the same world.
///
/// # Errors
/// When it cannot be written.
pub fn keep(played: &Played, team: Option<String>) -> color_eyre::Result<Kept> {
    let ideal = ideal_run(&played.scenario, played.seed).unwrap_or_else(|why| {
        eprintln!("the ideal run cannot be shown: {why}");
        None
    });
    Ok(Archive::of(&StateFolder::find()?).keep(played.kept(team, Timestamp::now(), ideal.as_ref()))?)
}

/// Plays the ideal run of a scenario, if it has a script for that.
fn ideal_run(scenario: &Scenario, seed: u64) -> color_eyre::Result<Option<Played>> {
    let Some(script) = &scenario.ideal else { return Ok(None) };
    let runtime = headless_runtime()?;
    let run = runtime.block_on(headless::run(scenario.clone(), seed, script, RealRooms::open))?;
    Ok(Some(run.played))
}

/// What a run without a screen works by.
///
/// # Errors
/// When no thread can be started.
pub fn headless_runtime() -> color_eyre::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.wrap_err("no thread can be started")
}

/// Where a run is to be found.
pub fn kept_as(run: &Kept) -> String {
    format!("kept as {0}: `hotfix drill --debrief {0}` shows it again", run.id)
}

/// After a drill that a person operated: keeps it, replays it unless a signal ended it, and prints what it came to.
///
/// # Errors
/// When it can be neither kept nor printed.
pub fn ended(played: &Played, team: Option<String>, replays: bool, context: &Context) -> color_eyre::Result<()> {
    if !played.is_worth_keeping() {
        eprintln!("nothing was done within a minute: this run is not kept");
        return Ok(());
    }
    let run = keep(played, team)?;
    let mut replayed = Ok(0);
    if replays {
        context.words.set(&kept_as(&run));
        let earlier = Archive::of(&StateFolder::find()?).before(&run)?;
        replayed = cockpit::replay(run.clone(), earlier);
    }
    print(&told(&run.score, &run.debrief))?;
    eprintln!("{}", kept_as(&run));
    replayed.map(|_| ())
}

/// Runs the command.
///
/// # Errors
/// When there is no such run, it cannot be read, or there is no terminal to show it on.
pub fn run(name: &str, beside: Option<&str>, export: Option<Format>, context: &Context) -> color_eyre::Result<Exit> {
    let archive = Archive::of(&StateFolder::find()?);
    let run = archive.find(name)?;
    let earlier = match beside {
        Some(name) => Some(archive.find(name)?),
        None => archive.before(&run)?,
    };
    let Some(format) = export else {
        context.words.set(&kept_as(&run));
        return Ok(Exit::Cockpit(cockpit::replay(run, earlier)?));
    };
    print(&exported(&run, earlier.as_ref(), format))?;
    Ok(Exit::Ok)
}

fn exported(run: &Kept, earlier: Option<&Kept>, format: Format) -> String {
    match format {
        Format::Text => format!("{}\n{}", told(&run.score, &run.debrief), text(run, earlier)),
        Format::Json => format!("{}\n", document(run, earlier)),
        Format::Md => markdown(run, earlier),
    }
}
