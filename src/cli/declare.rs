//! `hotfix declare`

use color_eyre::eyre::{bail, eyre};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::assess::{self, Answers, is_interactive};
use super::entry::{Common, Desk, not_empty};
use super::{Context, Exit, cockpit};
use crate::cockpit::assessment::Asks;
use crate::incident::assessment::Said;
use crate::incident::{Entry, moment, naming};

/// Declares an incident. Without a title, opens the cockpit on the form.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A short name, such as "checkout 502"
    #[arg(value_parser = not_empty)]
    title: Option<String>,
    #[command(flatten)]
    answers: Answers,
    /// When users began to notice: 14:02, "2026-08-21 14:02" or RFC 3339
    #[arg(long, value_name = "TIME", conflicts_with = "since")]
    impact_at: Option<String>,
    /// How long users have noticed: 20m, "1h 30m"
    #[arg(long, value_name = "DURATION")]
    since: Option<String>,
    /// Its key or address in the tracker
    #[arg(long)]
    ticket: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { title, answers, impact_at, since, ticket, common } = args;
    let said = answers.said(context)?;
    let Some(title) = title else {
        if common.json || !said.is_empty() || !is_interactive() {
            bail!("say what is broken: `hotfix declare TITLE`");
        }
        return cockpit::ask(context, Asks::Declare);
    };
    let impact_at = impact(impact_at.as_deref(), since.as_deref(), context.now)?;
    let mut desk = Desk::open(context, &common)?;
    if common.incident.is_some() {
        bail!("a new incident gets its id by itself: leave --incident out");
    }
    if let Some(open) = desk.journal.active_incident()? {
        eprintln!("hotfix: note: {open} is still open; the new incident is the active one from now on");
    }
    let known = desk.journal.incidents()?;
    let id = naming::id(&title, context.now, |id| known.iter().any(|known| known.id == id));
    // A severity alone is the word of a person, and no answer.
    let alone = said.severity.filter(|severity| said == Said { severity: Some(*severity), ..Said::default() });
    // What is refused is refused before anything is on record.
    let entries = if alone.is_none() && !said.is_empty() { assess::entries(&desk, said, None)? } else { Vec::new() };
    let declared = Entry::Declared { title, severity: alone, impact_at, ticket, drill: None };
    let entries = std::iter::once(declared).chain(entries);
    let records = entries.map(|entry| desk.append(context.now, &id, &entry)).collect::<color_eyre::Result<Vec<_>>>()?;
    let exit = assess::tell(&desk, &records, common.json)?;
    if let Some(next) = assess::next(&records).filter(|_| !common.json) {
        eprintln!("hotfix: next: {next}");
    }
    Ok(exit)
}

/// When users began to notice, on the command line.
fn impact(at: Option<&str>, since: Option<&str>, now: Timestamp) -> color_eyre::Result<Option<Timestamp>> {
    let zone = TimeZone::system();
    let found = match (at, since) {
        (Some(text), _) => moment::time(text, now, &zone),
        (None, Some(text)) => moment::ago(text, now),
        (None, None) => return Ok(None),
    };
    found.map(Some).map_err(|why| eyre!("{why}"))
}
