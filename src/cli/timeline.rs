//! `hotfix timeline`

use std::path::{Path, PathBuf};

use color_eyre::eyre::{WrapErr, eyre};
use jiff::tz::TimeZone;

use self::filter::Filter;
use super::entry::{self, Common, Desk};
use super::{Context, Exit, print};
use crate::incident::Entry;
use crate::incident::entry::Export;
use crate::incident::export::Form;
use crate::incident::list;
use crate::journal::Journal;
use crate::project::Project;

mod filter;

/// The journal of the incident, one event a line.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Another incident than the active one; the last one if none is active
    #[arg(long, value_name = "ID")]
    incident: Option<String>,
    /// Print each record as one JSON object a line
    #[arg(long, conflicts_with_all = ["md", "csv"])]
    json: bool,
    /// Print a table in Markdown
    #[arg(long, conflicts_with = "csv")]
    md: bool,
    /// Print fields for a spreadsheet
    #[arg(long)]
    csv: bool,
    /// Write it to this file instead, and put that on record
    #[arg(long, short, value_name = "FILE", conflicts_with = "watch")]
    output: Option<PathBuf>,
    #[command(flatten)]
    filter: Filter,
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
    let (form, wanted) = (args.form(), args.filter.read(context.now)?);
    let (incident, zone) = (chosen(&journal, args.incident)?, TimeZone::system());
    // Beside the lines and not among them: whoever keeps them learns whether they may be believed.
    eprintln!("hotfix: {}", journal.verify()?.words());
    if let Some(path) = args.output {
        let records = journal.records(&incident)?;
        let chosen: Vec<_> = records.iter().filter(|record| wanted.has(record)).collect();
        let text = form.head().to_owned() + &form.lines(&chosen, &zone);
        std::fs::write(&path, text).wrap_err_with(|| format!("{} cannot be written", path.display()))?;
        return exported(context, &incident, &path);
    }
    print(form.head())?;
    let mut shown = 0;
    loop {
        let version = journal.changed()?;
        let records = journal.records(&incident)?;
        let new: Vec<_> = records.iter().filter(|record| record.seq > shown && wanted.has(record)).collect();
        shown = records.last().map_or(shown, |record| record.seq);
        if !print(&form.lines(&new, &zone))? || !args.watch {
            return Ok(Exit::Ok);
        }
        while journal.changed()? == version {
            std::thread::sleep(PAUSE);
        }
    }
}

impl Args {
    fn form(&self) -> Form {
        match (self.json, self.md, self.csv) {
            (true, ..) => Form::Json,
            (_, true, _) => Form::Markdown,
            (.., true) => Form::Csv,
            _ => Form::Plain,
        }
    }
}

/// Puts on record where the timeline was written to.
fn exported(context: &Context, incident: &str, path: &Path) -> color_eyre::Result<Exit> {
    let path = std::path::absolute(path)?.display().to_string();
    let entry = Entry::Exported(Export { what: "timeline".to_owned(), path });
    Desk::open(context, &Common::default())?.record(context, incident, &entry, false)
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
