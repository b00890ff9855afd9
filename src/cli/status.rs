//! `hotfix status`

use super::{Context, Exit};

/// Readiness and every gate: 0 go, 3 no-go, 4 roll back, 5 not enough data.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(_args: Args, _context: &Context) -> color_eyre::Result<Exit> {
    Err(color_eyre::eyre::eyre!("not built yet"))
}
