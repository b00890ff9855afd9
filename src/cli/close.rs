//! `hotfix close`

use color_eyre::eyre::bail;

use super::entry::{Common, Desk, item, not_empty};
use super::gather::{self, Gathered};
use super::{Context, Exit};
use crate::checklist::closing::left_open;
use crate::checklist::model::State;
use crate::incident::Entry;
use crate::incident::entry::{Left, LeftOpen};
use crate::incident::export::document;
use crate::report::moments::PROGRAM;

/// Closes the incident. What is still open is named, and stays open only with a reason and an owner.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Another item that stays open; may be given several times
    #[arg(long, value_name = "ID", value_parser = item)]
    open: Vec<String>,
    /// Why the incident ends although something is open
    #[arg(long, value_name = "TEXT", value_parser = not_empty, requires = "owner")]
    reason: Option<String>,
    /// Who sees to what stays open
    #[arg(long, value_name = "NAME", value_parser = not_empty, requires = "reason")]
    owner: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all, or something is open that nobody answers for.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { open, reason, owner, common } = args;
    let mut desk = Desk::open(context, &common)?;
    let incident = desk.incident(common.incident.as_deref())?;
    if let Some(at) = incident.closed_at {
        bail!("{} was closed at {at}", incident.id);
    }
    let gathered = gather::of(context, Some(&incident.id))?;
    let left = left(&gathered, &open);
    let entries = match (reason, owner) {
        (Some(reason), Some(owner)) if !left.is_empty() => {
            let ids = left.iter().map(|left| left.id.clone()).collect();
            let left = LeftOpen { items: left, reason, owner };
            vec![Entry::LeftOpen(Box::new(left)), Entry::Closed { open: ids }]
        }
        _ if left.is_empty() => vec![Entry::Closed { open: Vec::new() }],
        _ => bail!("{}", refusal(&left)),
    };
    if let Some(change) = gathered.news_of_the_change() {
        desk.append_as(PROGRAM, context.now, &incident.id, &change)?;
    }
    let mut records = Vec::new();
    for entry in &entries {
        records.push(desk.append(context.now, &incident.id, entry)?);
    }
    let told = match records.last() {
        Some(last) if common.json => document(last),
        _ => records.iter().map(super::entry::told).collect(),
    };
    super::print(&told)?;
    Ok(Exit::Ok)
}

/// What would stay open: what the sources and the journal say, and what the person names beyond that.
fn left(gathered: &Gathered, named: &[String]) -> Vec<Left> {
    let inputs = gathered.inputs();
    let gates = State::new(&inputs);
    let mut left = left_open(&inputs, gates.gates());
    for id in named {
        if left.iter().all(|left| left.id != *id) {
            left.push(Left { id: id.clone(), what: "named by whoever closes it".to_owned() });
        }
    }
    left
}

fn refusal(left: &[Left]) -> String {
    let lines: Vec<_> = left.iter().map(|left| format!("  {}  {}", left.id, left.what)).collect();
    let n = left.len();
    let what = if n == 1 { "1 thing is".to_owned() } else { format!("{n} things are") };
    format!("{what} still open:\n{}\nsee to it, or close with --reason TEXT --owner NAME", lines.join("\n"))
}
