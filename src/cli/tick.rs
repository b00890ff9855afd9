//! `hotfix tick`

use super::{Context, Exit};

/// Ticks a checklist item.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(_args: Args, _context: &Context) -> color_eyre::Result<Exit> {
    Err(color_eyre::eyre::eyre!("not built yet"))
}
