//! Reads the journal aside, beside the thread that writes it.

use std::path::PathBuf;

use super::event::{Toast, What};
use super::letter::Letter;
use super::mailbox::Sending;
use crate::incident::list;
use crate::incident::recall::recalled;
use crate::journal::{Journal, JournalError};

/// What is looked for.
pub enum Wanted {
    /// Which incidents there are.
    List,
    /// This one.
    Incident(String),
    /// So many of its records before one of them.
    Earlier {
        /// The incident.
        incident: String,
        /// That record.
        before: u64,
        /// How many.
        count: usize,
    },
    /// Whether all of the chain holds: an opening looks at its end alone.
    Chain,
}

/// Reads once, and leaves the answer in the mailbox.
pub async fn read(folder: PathBuf, wanted: Wanted, letters: Sending<Letter>) {
    let looked = tokio::task::spawn_blocking(move || look(&folder, &wanted)).await;
    let what = looked.unwrap_or_else(|error| Some(What::Loaded(Err(error.to_string()))));
    what.into_iter().for_each(|what| letters.send(Letter::Happened(what)));
}

fn look(folder: &std::path::Path, wanted: &Wanted) -> Option<What> {
    let journal = Journal::open_read_only(folder).map(|(journal, _)| journal);
    let told = |error: JournalError| error.to_string();
    Some(match wanted {
        Wanted::List => What::Incidents(journal.and_then(|it| list_of(&it)).map_err(told)),
        Wanted::Incident(id) => What::Loaded(journal.and_then(|it| recalled(&it, id)).map(Box::new).map_err(told)),
        Wanted::Earlier { incident, before, count } => {
            What::Earlier(journal.and_then(|it| it.newest(incident, *before, *count)).map_err(told))
        }
        Wanted::Chain => return journal.map_or_else(|error| Some(damage(&told(error))), |it| broken(&it)),
    })
}

/// What an opening could not see: the chain is damaged before its end. What is wrong at its end was told.
fn broken(journal: &Journal) -> Option<What> {
    let found = journal.verify().map_err(|error| damage(&error.to_string()));
    let found = found.map(|found| (journal.is_sound() && !found.holds()).then(|| damage(&found.words())));
    found.unwrap_or_else(Some)
}

fn damage(why: &str) -> What {
    What::Told(Toast::error(format!("the journal: {why}; `hotfix verify` tells more")))
}

fn list_of(journal: &Journal) -> Result<Vec<list::Summary>, JournalError> {
    Ok(list::list(&journal.records_of(&list::KINDS)?, &journal.incidents()?))
}
