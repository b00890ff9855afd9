//! Writes the timeline of an incident to a file, with what the chain says of it, and puts that on record.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::event::Toast;
use crate::evidence::text::clean;
use crate::incident::Entry;
use crate::incident::entry::Export;
use crate::incident::export::Form;
use crate::journal::writer::Writer;
use crate::journal::{Journal, Recorder};

/// The folder beside the journal that exports are written to: the work tree stays as it is.
const FOLDER: &str = "exports";

/// What is to be written.
#[derive(Debug)]
pub struct Wanted {
    /// The folder of the journal.
    pub journal: PathBuf,
    /// The incident.
    pub incident: String,
    /// Who asks for it.
    pub by: String,
    /// The journal's thread, or why nothing can be recorded.
    pub writer: Result<Writer, String>,
    /// For the times.
    pub zone: TimeZone,
    /// When.
    pub at: Timestamp,
}

/// Writes it. Returns what the operator is told: where it is, and whether it may be believed.
pub fn write(wanted: &Wanted) -> Toast {
    let (path, words, holds) = match file(wanted) {
        Ok(written) => written,
        Err(why) => return Toast::error(format!("the timeline was not written: {why}")),
    };
    let shown = clean(&path.display().to_string());
    let exported = Export { what: "timeline".to_owned(), path: path.display().to_string() };
    let draft = Entry::Exported(exported).draft(&wanted.incident, &wanted.by, wanted.at);
    let recorded = wanted.writer.clone().and_then(|writer| writer.record(draft).map_err(|error| error.to_string()));
    match recorded {
        Ok(_) if holds => Toast::info(format!("written: {shown}")),
        Ok(_) => Toast::error(format!("written: {shown}; {words}")),
        Err(why) => Toast::error(format!("written: {shown}; {why}")),
    }
}

fn file(wanted: &Wanted) -> Result<(PathBuf, String, bool), String> {
    let journal = Journal::open_read_only(&wanted.journal).map_err(|error| error.to_string())?.0;
    let records = journal.records(&wanted.incident).map_err(|error| error.to_string())?;
    let found = journal.verify().map_err(|error| error.to_string())?;
    let records: Vec<_> = records.iter().collect();
    let head = format!("# Timeline of {}\n\n{}.\n\n", clean(&wanted.incident), found.words());
    let text = head + Form::Markdown.head() + &Form::Markdown.lines(&records, &wanted.zone);
    let path = place(wanted);
    put(&path, &text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok((path, found.words(), found.holds()))
}

/// An id is text from the journal: what is no plain letter or digit is no part of a name.
fn place(wanted: &Wanted) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let id: String = wanted.incident.chars().take(80).map(plain).collect();
    let time = wanted.at.strftime("%Y%m%dT%H%M%SZ");
    wanted.journal.join(FOLDER).join(format!("timeline-{id}-{time}.md"))
}

/// At once or not at all.
fn put(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Redact;

    fn wanted(folder: &Path) -> Wanted {
        let mut journal = Journal::open(folder).unwrap().0;
        let note = Entry::Noted { text: "it is | the cache".into() };
        journal.append(note.draft("../i1", "ana", Timestamp::UNIX_EPOCH)).unwrap();
        let writer = Writer::start(journal, Redact::default(), |_| {}).map_err(|error| error.to_string());
        let (journal, incident, by) = (folder.to_owned(), "../i1".into(), "ana".into());
        Wanted { journal, incident, by, writer, zone: TimeZone::UTC, at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn the_file_says_what_the_chain_says_and_is_on_record() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = wanted(folder.path());
        let toast = write(&wanted);
        let path = folder.path().join("exports/timeline-___i1-19700101T000000Z.md");
        assert_eq!((toast.text, toast.is_error), (format!("written: {}", path.display()), false));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("verified: the one record is what was written."), "{text}");
        assert!(text.contains("| 1 | 1970-01-01 00:00:00 | ana | noted: it is \\| the cache |"), "{text}");
        let records = Journal::open_read_only(folder.path()).unwrap().0.records("../i1").unwrap();
        assert!(matches!(Entry::of(&records[1]), Some(Entry::Exported(it)) if it.what == "timeline"));
    }

    #[test]
    fn what_cannot_be_written_or_believed_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = wanted(folder.path());
        let db = rusqlite::Connection::open(folder.path().join("journal.db")).unwrap();
        db.execute("UPDATE record SET body = replace(body, 'cache', 'disk')", []).unwrap();
        let toast = write(&wanted);
        assert!(toast.is_error && toast.text.contains("NOT verified: record 1"), "{toast:?}");
        fs::remove_dir_all(folder.path().join(FOLDER)).unwrap();
        fs::write(folder.path().join(FOLDER), "in the way").unwrap();
        let toast = write(&wanted);
        assert!(toast.is_error && toast.text.starts_with("the timeline was not written: cannot write"), "{toast:?}");
    }
}
