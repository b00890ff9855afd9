//! `hotfix feedback`

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use color_eyre::eyre::{WrapErr, eyre};
use jiff::{SignedDuration, Timestamp};

use super::entry::{Common, not_empty};
use super::{Context, Exit, print};
use crate::canary::feedback::{Feedback, Item};
use crate::canary::source::{Counter, Keys};
use crate::config::schema;
use crate::http::Client;
use crate::incident::Entry;
use crate::project::Project;

/// What people report after the deploy, against what is usual.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Adds a report: what support hears on the phone, for instance
    Add {
        /// What was reported; several words need no quotes
        #[arg(required = true, value_name = "TEXT")]
        words: Vec<String>,
        /// Through whom or what
        #[arg(long, value_name = "WHO")]
        from: Option<String>,
    },
}

/// Runs the command.
///
/// # Errors
/// When no file is configured, or it cannot be read or written.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let project = Project::open(&context.directory)?;
    let config = project.config()?.canary.and_then(|canary| canary.feedback);
    let config =
        config.ok_or_else(|| eyre!("hotfix.toml has no [canary.feedback]: give it `file = \"feedback.ndjson\"`"))?;
    match args.command {
        Some(Command::Add { words, from }) => {
            let file = config.file.as_ref();
            let file = file.ok_or_else(|| eyre!("[canary.feedback] has no `file` to add to"))?;
            add(&project.root.join(file), &words, from, context)
        }
        None => show(&config, &project, context.now, args.json),
    }
}

fn add(path: &Path, words: &[String], from: Option<String>, context: &Context) -> color_eyre::Result<Exit> {
    let title = not_empty(&words.join(" ")).map_err(|why| eyre!("the report {why}"))?;
    let item = Item { at: context.now, title, from };
    append(path, &item).wrap_err_with(|| format!("cannot write {}", path.display()))?;
    print(&format!("added to {}\n", path.display()))?;
    // It stands on the timeline as well, where there is an incident.
    let by = item.from.as_ref().map_or_else(String::new, |from| format!(" ({from})"));
    let entry = Entry::Noted { text: format!("reported{by}: {}", item.title) };
    let noted = super::entry::record(context, &Common::default(), |_, _| Ok(entry));
    Ok(noted.unwrap_or(Exit::Ok))
}

/// One line, written at once: others may append at the same time.
fn append(path: &Path, item: &Item) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all((serde_json::to_string(item)? + "\n").as_bytes())?;
    file.sync_data()
}

fn show(config: &schema::Feedback, project: &Project, now: Timestamp, json: bool) -> color_eyre::Result<Exit> {
    let since = declared(project).unwrap_or_else(|| now.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(now));
    let canary = project.config()?.canary.ok_or_else(|| eyre!("hotfix.toml has no [canary]"))?;
    let keys = match (&config.source, project.trust().and_then(|trust| trust.permit())) {
        (None, _) => None,
        (Some(_), Some(permit)) => Keys::resolve(&canary, permit, &project.root)?.feedback.map(|keys| *keys),
        (Some(_), None) => {
            return Err(eyre!("hotfix.toml is not trusted: `hotfix trust` shows what it would do, and asks"));
        }
    };
    let mut counter = Counter::new(config, Client::new(), keys);
    counter.set_folder(&project.root);
    let mut warnings = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let reports = runtime.block_on(counter.look(since, now, &mut warnings));
    warnings.iter().for_each(|warning| eprintln!("hotfix: WARNING: {warning}"));
    let reports = reports.ok_or_else(|| eyre!("how many reports there are is not known"))?;
    let told = Feedback::of(&reports, since, now, config.usual);
    if json {
        #[derive(serde::Serialize)]
        struct Document<'a> {
            schema: u32,
            #[serde(flatten)]
            told: &'a Feedback,
        }
        print(&(serde_json::to_string(&Document { schema: 1, told: &told })? + "\n"))?;
    } else {
        let titles = told.titles.iter().map(|title| format!("  {title}\n")).collect::<String>();
        print(&format!("{}\n{titles}", told.words()))?;
    }
    Ok(Exit::Ok)
}

/// When the incident was declared, where there is one.
fn declared(project: &Project) -> Option<Timestamp> {
    let (journal, _) = project.journal_read_only().ok()?;
    let id = journal.active_incident().ok()??;
    let incident = crate::incident::Incident::fold(&journal.records(&id).ok()?)?;
    Some(incident.since())
}
