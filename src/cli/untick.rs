//! `hotfix untick`

use color_eyre::eyre::eyre;

use super::entry::{self, Common, not_empty};
use super::{Context, Exit};
use crate::incident::Entry;

/// Takes a tick or an override back.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The item, such as b6
    id: String,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    note: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all, or nothing is there to take back.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { id, note, common } = args;
    entry::record(context, &common, |_, incident| {
        if !incident.marks.contains_key(&id) {
            return Err(eyre!("{id} is neither ticked nor overridden"));
        }
        Ok(Entry::Unticked { item: id, note })
    })
}
