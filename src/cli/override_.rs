//! `hotfix override`

use color_eyre::eyre::eyre;

use super::entry::{self, Common, not_empty};
use super::{Context, Exit, item};
use crate::checklist::rules::Rule;
use crate::incident::roles::Holders;
use crate::incident::{BrokenGlass, Entry};

/// Passes a gate that is not satisfied. It is on record for good, with the reason and who answers for it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The item, such as b9
    id: String,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    reason: String,
    /// Pass a gate that wants a second person, because nobody else is there: everybody will see it
    #[arg(long)]
    break_glass: bool,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { id, reason, break_glass, common } = args;
    entry::record(context, &common, |desk, incident| {
        let (name, head) = (desk.by.clone(), desk.project.head());
        let item = item::find(&desk.project, &id)?;
        let is_alone = item.rule == Some(Rule::Roles) && Holders::of(incident).are_too_few();
        match (item.break_glass || is_alone, break_glass) {
            (true, false) if is_alone => Err(eyre!(
                "{id} wants another person for each role: `hotfix role NAME PERSON`; alone, add --break-glass"
            )),
            (true, false) => Err(eyre!(
                "{id} wants a second person: let one look and `hotfix tick {id} --as NAME`; alone, add --break-glass"
            )),
            (false, true) => Err(eyre!("{id} wants no second person: override it without --break-glass")),
            (true, true) => Ok(Entry::GlassBroken(Box::new(BrokenGlass { item: id, reason, name, head }))),
            (false, false) => Ok(Entry::Overridden { item: id, reason, name, head }),
        }
    })
}
