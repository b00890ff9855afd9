//! `hotfix defer`

use color_eyre::eyre::eyre;
use jiff::tz::TimeZone;

use super::entry::{self, Common, not_empty};
use super::{Context, Exit, item};
use crate::incident::{Deferral, Entry, due};

/// Hands an item to somebody who does it by a time: a back-merge that waits, a flag that stays for a day.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The item, such as d4/main
    id: String,
    /// Who does it
    #[arg(long, value_name = "NAME", value_parser = not_empty)]
    owner: String,
    /// By when: 2h, 15:00 or 2026-12-03
    #[arg(long, value_name = "WHEN")]
    due: String,
    /// How, or where it is followed up
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    note: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all, or the item cannot wait.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { id, owner, due, note, common } = args;
    let due_at = due::parse(&due, &context.now.to_zoned(TimeZone::system())).map_err(|why| eyre!(why))?;
    entry::record(context, &common, |desk, _| {
        if !item::find(&desk.project, &id)?.deferrable {
            return Err(eyre!("{id} cannot be handed over: do it, or `hotfix override {id} --reason …`"));
        }
        let head = desk.project.head();
        Ok(Entry::Deferred(Box::new(Deferral { item: id, owner, due_at, note, head })))
    })
}
