//! `hotfix completions`

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Context, Exit, print};

/// Completions for a shell.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Args {
    /// Which shell
    shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: Args, _context: &Context) -> color_eyre::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hotfix", &mut script);
    print(&String::from_utf8(script)?)?;
    Ok(Exit::Ok)
}
