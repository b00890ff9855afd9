//! `hotfix verify`

use std::path::PathBuf;

use color_eyre::eyre::eyre;
use serde::Serialize;

use super::{Context, Exit, entry, print};
use crate::evidence::text::clean;
use crate::incident::sentence;
use crate::journal::record::Record;
use crate::journal::{Journal, Verification};
use crate::project::Project;

/// Walks the journal's hash chain: 1 when a record is missing or is not what was written.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// The folder of a journal whose repository is not here
    #[arg(long, value_name = "FOLDER")]
    journal: Option<PathBuf>,
}

/// The contract of `hotfix verify --json`.
#[derive(Debug, Serialize)]
struct Document {
    schema: u32,
    folder: String,
    records: u64,
    holds: bool,
    /// The first place where the chain does not hold.
    first_bad: Option<Broken>,
    /// Why the end of the chain does not fit what was kept of it beside the database.
    head: Option<String>,
    /// The hash of the last record: whoever wrote it down elsewhere can compare.
    last_hash: Option<String>,
    /// Damaged databases that were kept.
    aside: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Broken {
    seq: u64,
    what: String,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: &Args, context: &Context) -> color_eyre::Result<Exit> {
    let project = Project::open(&context.directory)?;
    let journal = entry::read(&project, args.journal.as_deref())?;
    let found = journal.verify()?;
    let document = document(&journal, &found)?;
    print(&if args.json { serde_json::to_string(&document)? + "\n" } else { plain(&document, &found) })?;
    Ok(if found.holds() { Exit::Ok } else { Exit::Failed })
}

fn document(journal: &Journal, found: &Verification) -> color_eyre::Result<Document> {
    let last = journal.records_after(journal.last_seq()?.saturating_sub(1))?.pop();
    let first_bad = found.first_bad.map(|seq| broken(journal, seq)).transpose()?;
    Ok(Document {
        schema: 1,
        folder: clean(&journal.folder().display().to_string()),
        records: found.records,
        holds: found.holds(),
        first_bad,
        head: found.head.clone(),
        last_hash: last.map(|record| record.hash),
        aside: journal.kept_aside().iter().map(|path| clean(&path.display().to_string())).collect(),
    })
}

/// What can still be said of the first record that does not hold.
fn broken(journal: &Journal, seq: u64) -> color_eyre::Result<Broken> {
    let before = seq.checked_sub(1).ok_or_else(|| eyre!("records are counted from 1"))?;
    let next = journal.records_after(before)?.into_iter().next();
    let what = match next {
        Some(record) if record.seq == seq => changed(&record),
        Some(record) => format!("it is missing: the next one is record {}", record.seq),
        None => "it is missing, and so is everything after it".to_owned(),
    };
    Ok(Broken { seq, what })
}

fn changed(record: &Record) -> String {
    if record.kind == crate::journal::UNREADABLE {
        return "it is not what was written".to_owned();
    }
    format!("it does not stand behind the record before it: {}, {}", record.at, sentence::of(record))
}

fn plain(document: &Document, found: &Verification) -> String {
    let mut lines = vec![found.words()];
    lines.extend(document.first_bad.iter().map(|bad| format!("  record {}: {}", bad.seq, bad.what)));
    lines.extend(document.last_hash.iter().map(|hash| format!("  last hash {hash}")));
    lines.push(format!("  journal {}", document.folder));
    lines.extend(document.aside.iter().map(|path| format!("  kept aside, damaged: {path}")));
    lines.join("\n") + "\n"
}
