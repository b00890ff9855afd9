//! `hotfix assess`: the three questions, and what their answers come to.

use std::io::IsTerminal as _;

use color_eyre::eyre::{bail, eyre};
use serde::Serialize;

use super::entry::{Common, Desk, not_empty, told};
use super::{Context, Exit, cockpit, print, refused, severity};
use crate::canary::source::Once;
use crate::cockpit::assessment::Asks;
use crate::config::schema::{Impact, Users, Workaround};
use crate::http::Client;
use crate::incident::assessment::Said;
use crate::incident::entry::Counted;
use crate::incident::{Entry, Incident, Severity};
use crate::journal::record::Record;
use crate::project::Project;

/// Answers the assessment questions, all or some of them. Without any, opens the cockpit on the form.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    answers: Answers,
    /// Its key or address in the tracker
    #[arg(long, value_name = "TICKET", value_parser = not_empty)]
    ticket: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// The answers, for the command line.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Answers {
    /// What the business loses: critical, major or minor, words, or "critical: orders are lost"
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    impact: Option<String>,
    /// How many users are affected: most, many or few, 4200, or "12 %"
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    users: Option<String>,
    /// Ask whoever [incident.users] of hotfix.toml names how many users are affected
    #[arg(long, conflicts_with = "users")]
    count: bool,
    /// What users can do meanwhile: none, partial or good, and words
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    workaround: Option<String>,
    /// How bad it is, sev1, sev2 or sev3: confirms what the answers come to, or changes it with a reason
    #[arg(long, value_parser = severity)]
    severity: Option<Severity>,
    /// Why it is another severity than the answers come to
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    reason: Option<String>,
    /// Confirm the severity that the answers come to
    #[arg(long, conflicts_with = "severity")]
    confirm: bool,
}

impl Answers {
    /// What is said by them. Asks who counts the users, where that is wanted.
    ///
    /// # Errors
    /// When nobody can be asked, or there is no answer.
    pub fn said(self, context: &Context) -> color_eyre::Result<Said> {
        let Self { impact, users, count, workaround, severity, reason, confirm } = self;
        let counted = if count { Some(counted(context)?) } else { None };
        Ok(Said { impact, users, workaround, counted, severity, reason, confirms: confirm })
    }
}

/// How many users are affected, by whoever the configuration names.
fn counted(context: &Context) -> color_eyre::Result<Counted> {
    let project = Project::open(&context.directory)?;
    let permit = project.trust().and_then(|trust| trust.permit());
    let permit = permit.ok_or_else(|| eyre!("hotfix.toml is not trusted, so nobody is asked: see `hotfix trust`"))?;
    let once = Once::users(&project.config()?, permit, Client::new(), &project.root)?;
    let mut once = once.ok_or_else(|| eyre!("hotfix.toml has no [incident.users], which says who counts the users"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(once.ask(context.now)).map_err(|failure| refused(&failure))?;
    Ok(Counted { users: answer.value, source: answer.source, observed_at: answer.observed_at })
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { answers, ticket, common } = args;
    let said = answers.said(context)?;
    if said.is_empty() && ticket.is_none() {
        if common.json || !is_interactive() {
            bail!("say what is known: --impact, --users, --count, --workaround, --severity, --confirm or --ticket");
        }
        return cockpit::ask(context, Asks::Assess);
    }
    let mut desk = Desk::open(context, &common)?;
    let incident = desk.incident(common.incident.as_deref())?;
    let mut entries = if said.is_empty() { Vec::new() } else { entries(&desk, said, Some(&incident))? };
    entries.extend(ticket.map(|ticket| Entry::Bound { ticket }));
    let records = entries.iter().map(|entry| desk.append(context.now, &incident.id, entry));
    let records = records.collect::<color_eyre::Result<Vec<_>>>()?;
    tell(&desk, &records, common.json)
}

/// Whether a person sits at both ends.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// What is said as entries.
///
/// # Errors
/// When a reason is missing.
pub fn entries(desk: &Desk, said: Said, before: Option<&Incident>) -> color_eyre::Result<Vec<Entry>> {
    let matrix = desk.project.config().unwrap_or_default().incident.matrix();
    said.entries(&matrix, before).map_err(|why| eyre!("{why} (--reason TEXT)"))
}

/// Tells what was recorded: each as a sentence, or the first one as a document with the assessment in it.
///
/// # Errors
/// When the journal cannot be read.
pub fn tell(desk: &Desk, records: &[Record], json: bool) -> color_eyre::Result<Exit> {
    let Some(first) = records.first() else { return Ok(Exit::Ok) };
    if !json {
        print(&records.iter().map(told).collect::<String>())?;
        return Ok(Exit::Ok);
    }
    let incident = desk.incident(Some(&first.incident))?;
    let document = Recorded { schema: 1, record: first, assessment: Assessment::of(&incident) };
    print(&(serde_json::to_string(&document)? + "\n"))?;
    Ok(Exit::Ok)
}

#[derive(Serialize)]
struct Recorded<'a> {
    schema: u32,
    #[serde(flatten)]
    record: &'a Record,
    assessment: Assessment<'a>,
}

/// The assessment of an incident, in documents.
#[derive(Debug, Serialize)]
pub struct Assessment<'a> {
    impact: Answer<'a, Impact>,
    users: Answer<'a, Users>,
    counted: Option<&'a Counted>,
    workaround: Answer<'a, Workaround>,
    computed: Option<Severity>,
    because: Option<&'a str>,
    severity: Option<Severity>,
    confirmed: bool,
    reason: Option<&'a str>,
}

/// An answer: its level, `null` where somebody is unsure, and its words.
#[derive(Debug, Serialize)]
struct Answer<'a, L> {
    level: Option<L>,
    text: Option<&'a str>,
}

impl<'a> Assessment<'a> {
    /// What is known of an incident.
    pub fn of(incident: &'a Incident) -> Self {
        let (answers, classified) = (incident.answers(), incident.classified.as_ref());
        Self {
            impact: Answer { level: answers.impact, text: incident.impact.as_deref() },
            users: Answer { level: answers.users, text: incident.users.as_deref() },
            counted: classified.and_then(|it| it.counted.as_ref()),
            workaround: Answer { level: answers.workaround, text: incident.workaround.as_deref() },
            computed: classified.map(|it| it.computed),
            because: classified.map(|it| it.because.as_str()),
            severity: incident.severity,
            confirmed: incident.is_confirmed(),
            reason: classified.and_then(|it| it.reason.as_deref()),
        }
    }
}

/// What an incident that was just declared lacks, for people.
pub fn next(records: &[Record]) -> Option<&'static str> {
    let classified = records.iter().find_map(|record| match Entry::of(record) {
        Some(Entry::Classified(it)) => Some(it.confirmed),
        Some(Entry::Declared { severity: Some(_), .. }) => Some(true),
        _ => None,
    });
    match classified {
        Some(true) => None,
        Some(false) => Some("nobody has confirmed the severity: `hotfix assess --confirm`"),
        None => Some("three questions are open: `hotfix assess --impact … --users … --workaround …`"),
    }
}
