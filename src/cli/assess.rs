//! `hotfix assess`

use super::entry::{self, Common, not_empty};
use super::{Context, Exit, severity};
use crate::incident::{Entry, Severity};

/// Answers the assessment questions, all or some of them.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("answer").required(true).multiple(true))]
pub struct Args {
    /// What the business loses
    #[arg(long, value_name = "TEXT", value_parser = not_empty, group = "answer")]
    impact: Option<String>,
    /// How many users are affected
    #[arg(long, value_name = "TEXT", value_parser = not_empty, group = "answer")]
    users: Option<String>,
    /// What users can do meanwhile, or "none"
    #[arg(long, value_name = "TEXT", value_parser = not_empty, group = "answer")]
    workaround: Option<String>,
    /// How bad it is: sev1, sev2 or sev3; the higher one when unsure
    #[arg(long, value_parser = severity, group = "answer")]
    severity: Option<Severity>,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { impact, users, workaround, severity, common } = args;
    entry::record(context, &common, |_, _| Ok(Entry::Assessed { impact, users, workaround, severity }))
}
