//! Reads the journal aside, beside the thread that writes it.

use std::path::PathBuf;

use super::event::What;
use super::letter::Letter;
use super::mailbox::Sending;
use crate::incident::list;
use crate::journal::{Journal, JournalError};

/// What is looked for.
pub enum Wanted {
    /// Which incidents there are.
    List,
    /// The records of this one.
    Records(String),
}

/// Reads once, and leaves the answer in the mailbox.
pub async fn read(folder: PathBuf, wanted: Wanted, letters: Sending<Letter>) {
    let looked = tokio::task::spawn_blocking(move || look(&folder, &wanted)).await;
    letters.send(Letter::Happened(looked.unwrap_or_else(|error| What::Loaded(Err(error.to_string())))));
}

fn look(folder: &std::path::Path, wanted: &Wanted) -> What {
    let journal = Journal::open_read_only(folder).map(|(journal, _)| journal);
    let told = |error: JournalError| error.to_string();
    match wanted {
        Wanted::List => What::Incidents(journal.and_then(|it| list_of(&it)).map_err(told)),
        Wanted::Records(incident) => What::Loaded(journal.and_then(|it| it.records(incident)).map_err(told)),
    }
}

fn list_of(journal: &Journal) -> Result<Vec<list::Summary>, JournalError> {
    Ok(list::list(&journal.records_of(&list::KINDS)?, &journal.incidents()?))
}
