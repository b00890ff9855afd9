//! `hotfix timeline`

use std::fmt::Write;

use color_eyre::eyre::eyre;
use jiff::tz::TimeZone;

use super::{Context, Exit, entry, print};
use crate::evidence::text;
use crate::incident::{list, sentence};
use crate::journal::record::Record;
use crate::journal::{Journal, UNREADABLE};
use crate::project::Project;

/// The journal of the incident, one event a line.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Another incident than the active one; the last one if none is active
    #[arg(long, value_name = "ID")]
    incident: Option<String>,
    /// Print each record as one JSON object a line
    #[arg(long)]
    json: bool,
    /// Go on, and print what comes
    #[arg(long)]
    watch: bool,
}

/// Between two looks at the journal.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let project = Project::open(&context.directory)?;
    let (journal, warnings) = project.journal_read_only()?;
    for warning in warnings {
        eprintln!("hotfix: WARNING: {warning}");
    }
    let incident = chosen(&journal, args.incident)?;
    // Beside the lines and not among them: whoever keeps them learns whether they may be believed.
    eprintln!("hotfix: {}", journal.verify()?.words());
    let mut shown = 0;
    loop {
        let version = journal.changed()?;
        let records = journal.records(&incident)?;
        let new: Vec<_> = records.iter().filter(|record| record.seq > shown).collect();
        shown = records.last().map_or(shown, |record| record.seq);
        if !print(&lines(&new, args.json)?)? || !args.watch {
            return Ok(Exit::Ok);
        }
        while journal.changed()? == version {
            std::thread::sleep(PAUSE);
        }
    }
}

/// The incident that is meant: the given one, else the active one, else the last one.
///
/// # Errors
/// When there is none.
pub fn chosen(journal: &Journal, given: Option<String>) -> color_eyre::Result<String> {
    let known = journal.incidents()?;
    // Also what was recorded without an incident has an id.
    if let Some(id) = given.as_ref().filter(|id| known.iter().any(|known| known.id == **id)) {
        return Ok(id.clone());
    }
    if let Some(text) = given {
        let incidents = list::list(&journal.records_of(&list::KINDS)?, &known);
        return list::find(&incidents, &text).map(|it| it.id.clone()).map_err(|why| eyre!("{why}"));
    }
    let active = journal.active_incident()?;
    active.or_else(|| known.into_iter().next_back().map(|known| known.id)).ok_or_else(entry::none_active)
}

fn lines(records: &[&Record], json: bool) -> color_eyre::Result<String> {
    let zone = TimeZone::system();
    let mut out = String::new();
    for record in records {
        if json {
            out += &entry::document(record)?;
        } else {
            let at = match record.kind.as_str() {
                UNREADABLE => "time unknown       ".to_owned(),
                _ => record.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
            };
            writeln!(out, "{at}  {}  {}", text::clean(&record.actor), sentence::of(record))?;
        }
    }
    Ok(out)
}
