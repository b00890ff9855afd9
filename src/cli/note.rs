//! `hotfix note`

use color_eyre::eyre::eyre;

use super::entry::{self, Common, not_empty};
use super::{Context, Exit};
use crate::incident::Entry;
use crate::incident::entry::Correction;

/// Records a note.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to note; several words need no quotes
    #[arg(required = true, value_name = "TEXT")]
    words: Vec<String>,
    /// The number of an earlier entry that this one puts right; `hotfix timeline` shows them
    #[arg(long, value_name = "SEQ")]
    corrects: Option<u64>,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all, or there is nothing of that number to correct.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { words, corrects, common } = args;
    let text = not_empty(&words.join(" ")).map_err(|why| eyre!("the note {why}"))?;
    entry::record(context, &common, |desk, incident| {
        let Some(corrects) = corrects else { return Ok(Entry::Noted { text }) };
        if !desk.journal.records_at(&[corrects])?.iter().any(|record| record.incident == incident.id) {
            return Err(eyre!("{} has no entry #{corrects}: `hotfix timeline` shows them", incident.id));
        }
        Ok(Entry::Corrected(Correction { corrects, text }))
    })
}
