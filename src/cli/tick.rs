//! `hotfix tick`

use super::entry::{self, Common, not_empty};
use super::{Context, Exit};
use crate::incident::Entry;

/// Ticks a checklist item: you vouch for it, for the commit that is checked out.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The item, such as b6
    #[arg(value_parser = entry::item)]
    id: String,
    /// What you saw
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    note: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { id: item, note, common } = args;
    entry::record(context, &common, |desk, _| Ok(Entry::Ticked { item, note, head: desk.project.head() }))
}
