//! `hotfix`: be a supervisor if told so, split off the guardian, parse, install error reports, dispatch.

use std::process::ExitCode;

use clap::Parser;
use color_eyre::config::{HookBuilder, Theme};
use hotfix_cockpit::cli::{self, Cli, Context, Exit};
use hotfix_cockpit::cockpit::guardian::{self, LastWords, Side};
use hotfix_cockpit::rollback::supervisor;

fn main() -> ExitCode {
    if supervisor::is_wanted(std::env::args_os().skip(1)) {
        return supervisor::run();
    }
    let words = match guardian::is_wanted(std::env::args_os().skip(1)).then(guardian::split) {
        Some(Ok(Side::Guardian(code))) => return code.into(),
        Some(Ok(Side::Cockpit(words))) => words,
        None | Some(Err(_)) => LastWords::default(),
    };
    // Without colours of its own: a report may go into a file, and NO_COLOR holds.
    let _already_installed = HookBuilder::default().theme(Theme::new()).display_env_section(false).install();
    // The cockpit alone needs no reading of the command line, which costs a third of the time to its first frame.
    let args = if std::env::args_os().len() == 1 { Cli::default() } else { Cli::parse() };
    let directory = args.directory.unwrap_or_else(|| ".".into());
    let context = Context { directory, now: jiff::Timestamp::now(), words };
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
