//! `hotfix drill history`

use crate::cli::{Exit, print};
use crate::drill::archive::{Archive, ArchiveError};
use crate::drill::history::history;
use crate::journal::StateFolder;

/// The runs that were kept.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this scenario: its id, or its number (`d1`)
    scenario: Option<String>,
    /// Only this team
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// When the folder of the runs cannot be read.
pub fn run(args: &Args) -> color_eyre::Result<Exit> {
    let (runs, damaged) = Archive::of(&StateFolder::find()?).all()?;
    for error in damaged {
        eprintln!("hotfix: {error}");
    }
    let history = history(&runs, args.team.as_deref(), args.scenario.as_deref());
    let text = match (args.json, history.groups.is_empty()) {
        (true, _) => serde_json::to_string(&history)? + "\n",
        (false, true) if runs.is_empty() => format!("{}\n", ArchiveError::Empty),
        (false, true) => "no run of that team and scenario was kept\n".to_owned(),
        (false, false) => history.text(),
    };
    print(&text)?;
    Ok(Exit::Ok)
}
