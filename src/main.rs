//! `hotfix`: parse, install error reports, dispatch.

use std::process::ExitCode;

use clap::Parser;
use color_eyre::config::{HookBuilder, Theme};
use hotfix_cockpit::cli::{self, Cli, Context, Exit};

fn main() -> ExitCode {
    // Without colours of its own: a report may go into a file, and NO_COLOR holds.
    let _already_installed = HookBuilder::default().theme(Theme::new()).display_env_section(false).install();
    let args = Cli::parse();
    let context = Context { directory: args.directory.unwrap_or_else(|| ".".into()), now: jiff::Timestamp::now() };
    let result = match args.command {
        Some(command) => cli::run(command, &context),
        None => cli::cockpit::open(&context, args.read_only, None).map(|ended| Exit::Cockpit(ended.code)),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("hotfix: {error:#}");
            ExitCode::from(2)
        }
    }
}
