//! `hotfix override`

use super::entry::{self, Common, not_empty};
use super::{Context, Exit, item};
use crate::incident::Entry;

/// Passes a gate that is not satisfied. It is on record for good, with the reason and who answers for it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The item, such as b9
    id: String,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    reason: String,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { id, reason, common } = args;
    entry::record(context, &common, |desk, _| {
        item::find(&desk.project, &id)?;
        Ok(Entry::Overridden { item: id, reason, name: desk.by.clone(), head: desk.project.head() })
    })
}
