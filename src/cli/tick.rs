//! `hotfix tick`

use color_eyre::eyre::eyre;

use super::entry::{self, Common, not_empty};
use super::{Context, Exit, item};
use crate::incident::Entry;

/// Ticks a checklist item: you vouch for it, for the commit that is checked out.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The item, such as b6
    id: String,
    /// What you saw
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    note: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all, or the note does not say what it has to.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { id, note, common } = args;
    entry::record(context, &common, |desk, _| {
        let says = item::find(&desk.project, &id)?.says;
        if let Some(says) = says.filter(|says| !says.is_in(note.as_deref().unwrap_or_default())) {
            return Err(eyre!("{id} wants --note with {}", says.label()));
        }
        Ok(Entry::Ticked { item: id, note, head: desk.project.head() })
    })
}
