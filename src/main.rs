//! `hotfix`: parse, dispatch.

use std::process::ExitCode;

use clap::Parser;
use hotfix_cockpit::cli::{self, Cli, Context};

fn main() -> ExitCode {
    let args = Cli::parse();
    let directory = args.directory.unwrap_or_else(|| ".".into());
    let context = Context { directory, now: jiff::Timestamp::now() };
    let Some(command) = args.command else { return ExitCode::from(2) };
    match cli::run(command, &context) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("hotfix: {error:#}");
            ExitCode::from(2)
        }
    }
}
