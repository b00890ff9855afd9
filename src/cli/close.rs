//! `hotfix close`

use color_eyre::eyre::eyre;

use super::entry::{self, Common};
use super::{Context, Exit};
use crate::incident::Entry;

/// Closes the incident.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An item that stays open; may be given several times
    #[arg(long, value_name = "ID", value_parser = entry::item)]
    open: Vec<String>,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { open, common } = args;
    entry::record(context, &common, |_, incident| match incident.closed_at {
        Some(at) => Err(eyre!("{} was closed at {at}", incident.id)),
        None => Ok(Entry::Closed { open }),
    })
}
