//! What the commands have in common that put one entry on record.

use std::path::Path;

use color_eyre::eyre::eyre;
use jiff::Timestamp;

use super::{Context, Exit, print};
use crate::incident::export::document;
use crate::incident::list::{self, Summary};
use crate::incident::{Entry, Incident, Role, recall, sentence};
use crate::journal::record::Record;
use crate::journal::{DATABASE, Journal};
use crate::project::Project;

/// Who records, for which incident, and how it is told.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Common {
    /// Who does it, by name or by the role that they hold; your configured name, git's user.name or the login without it
    #[arg(long, visible_alias = "as", value_name = "NAME")]
    pub by: Option<String>,
    /// Another incident than the active one
    #[arg(long, value_name = "ID")]
    pub incident: Option<String>,
    /// Print the record as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A journal that is open for appending, and who appends.
pub struct Desk {
    /// The project.
    pub project: Project,
    /// Its journal.
    pub journal: Journal,
    /// The person.
    pub by: String,
}

impl Desk {
    /// Opens the journal of the repository that the command runs in. What is wrong with it is told at once.
    ///
    /// # Errors
    /// When it cannot be opened, or nobody knows who is recording.
    pub fn open(context: &Context, common: &Common) -> color_eyre::Result<Self> {
        let project = Project::open(&context.directory)?;
        let (journal, warnings) = project.journal()?;
        let by = project.who(common.by.as_deref())?;
        for warning in warnings {
            eprintln!("hotfix: WARNING: {warning}");
        }
        Ok(Self { project, journal, by })
    }

    /// The incident that is meant: the given one, else the active one.
    ///
    /// # Errors
    /// When there is none.
    pub fn incident(&self, given: Option<&str>) -> color_eyre::Result<Incident> {
        let id = match given {
            Some(text) => list::find(&self.incidents()?, text).map_err(|why| eyre!("{why}"))?.id.clone(),
            None => self.journal.active_incident()?.ok_or_else(none_active)?,
        };
        let incident = recall::incident(&self.journal, &id)?;
        incident.ok_or_else(|| eyre!("there is no incident `{id}` in this repository's journal"))
    }

    /// All incidents of the journal.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn incidents(&self) -> color_eyre::Result<Vec<Summary>> {
        Ok(list::list(&self.journal.records_of(&list::KINDS)?, &self.journal.incidents()?))
    }

    /// Puts an entry on record and tells it.
    ///
    /// # Errors
    /// When it is not certain that it was recorded.
    pub fn record(&mut self, context: &Context, incident: &str, entry: &Entry, json: bool) -> color_eyre::Result<Exit> {
        self.record_at(context.now, incident, entry, json)
    }

    /// The same at a given time.
    ///
    /// # Errors
    /// When it is not certain that it was recorded.
    pub fn record_at(&mut self, at: Timestamp, incident: &str, entry: &Entry, json: bool) -> color_eyre::Result<Exit> {
        let record = self.append(at, incident, entry)?;
        let told = if json { document(&record) } else { told(&record) };
        print(&told)?;
        Ok(Exit::Ok)
    }

    /// Puts an entry on record.
    ///
    /// # Errors
    /// When it is not certain that it was recorded.
    pub fn append(&mut self, at: Timestamp, incident: &str, entry: &Entry) -> color_eyre::Result<Record> {
        let by = self.by.clone();
        self.append_as(&by, at, incident, entry)
    }

    /// The same by somebody else, such as the program itself.
    ///
    /// # Errors
    /// When it is not certain that it was recorded.
    pub fn append_as(&mut self, by: &str, at: Timestamp, incident: &str, entry: &Entry) -> color_eyre::Result<Record> {
        let draft = self.project.redact().draft(entry.draft(incident, by, at));
        Ok(self.journal.append(draft)?)
    }
}

/// The journal to be read: the one in a folder, which needs no repository, else that of the repository. What is wrong with
/// it is told at once.
///
/// # Errors
/// When it cannot be read, or the folder holds none.
pub fn read(project: &Project, folder: Option<&Path>) -> color_eyre::Result<Journal> {
    let (journal, warnings) = match folder {
        Some(folder) if !folder.join(DATABASE).is_file() => {
            return Err(eyre!("{} holds no journal: there is no {DATABASE} in it", folder.display()));
        }
        Some(folder) => Journal::open_read_only(folder)?,
        None => project.journal_read_only()?,
    };
    for warning in warnings {
        eprintln!("hotfix: WARNING: {warning}");
    }
    Ok(journal)
}

/// The sentence for whoever has no incident.
pub fn none_active() -> color_eyre::Report {
    eyre!("no incident is open in this repository: `hotfix declare TITLE` opens one")
}

/// Puts what `entry` makes of the incident on record.
///
/// # Errors
/// When there is no incident, `entry` refuses, or it could not be recorded.
pub fn record(
    context: &Context,
    common: &Common,
    entry: impl FnOnce(&Desk, &Incident) -> color_eyre::Result<Entry>,
) -> color_eyre::Result<Exit> {
    let mut desk = Desk::open(context, common)?;
    let incident = desk.incident(common.incident.as_deref())?;
    desk.by = holder(&incident, &desk.by);
    let entry = entry(&desk, &incident)?;
    desk.record(context, &incident.id, &entry, common.json)
}

/// That a record is on disk, for people.
pub fn told(record: &Record) -> String {
    format!("recorded: {}\n", sentence::of(record))
}

/// Whoever holds the role of that name; the name itself where it is none, or nobody holds it.
fn holder(incident: &Incident, name: &str) -> String {
    let role = Role::ALL.into_iter().find(|role| role.label().eq_ignore_ascii_case(name));
    role.and_then(|role| incident.roles.get(&role)).map_or_else(|| name.to_owned(), Clone::clone)
}

/// A text that says something.
///
/// # Errors
/// When it is empty: for clap.
pub fn not_empty(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// The id of a checklist item: `b6`, or `d4/main` for one of its rows.
///
/// # Errors
/// When it is none: for clap.
pub fn item(text: &str) -> Result<String, String> {
    let (id, row) = text.split_once('/').map_or((text, None), |(id, row)| (id, Some(row)));
    let mut chars = id.chars();
    let is_stage = chars.next().is_some_and(|c| ('a'..='d').contains(&c));
    let is_number = !chars.as_str().is_empty() && chars.all(|c| c.is_ascii_digit());
    if is_stage && is_number && row != Some("") {
        return Ok(text.to_owned());
    }
    Err("an item is called a1 to d9, such as `b6`, or `d4/main` for a row; `hotfix checklist` lists them".to_owned())
}
