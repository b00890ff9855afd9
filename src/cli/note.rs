//! `hotfix note`

use super::entry::{self, Common, not_empty};
use super::{Context, Exit};
use crate::incident::Entry;

/// Records a note.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to note; several words need no quotes
    #[arg(required = true, value_name = "TEXT")]
    words: Vec<String>,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { words, common } = args;
    let text = not_empty(&words.join(" ")).map_err(|why| color_eyre::eyre::eyre!("the note {why}"))?;
    entry::record(context, &common, |_, _| Ok(Entry::Noted { text }))
}
