//! `hotfix feedback`

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{WrapErr, eyre};
use jiff::{SignedDuration, Timestamp};

use super::entry::{Common, not_empty};
use super::{Context, Exit, print};
use crate::canary::feedback::{self, Feedback, Item};
use crate::config::schema;
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
    let path = project.root.join(&config.file);
    match args.command {
        Some(Command::Add { words, from }) => add(&path, &words, from, context),
        None => show(&path, &config, &project, context.now, args.json),
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

fn show(
    path: &PathBuf,
    config: &schema::Feedback,
    project: &Project,
    now: Timestamp,
    json: bool,
) -> color_eyre::Result<Exit> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.wrap_err_with(|| format!("cannot read {}", path.display()))?,
    };
    let (items, odd) = feedback::read(&text);
    let since = declared(project).unwrap_or_else(|| now.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(now));
    let told = Feedback::of(&items, since, now, config.usual);
    if odd > 0 {
        eprintln!("hotfix: WARNING: {odd} lines of {} cannot be read", path.display());
    }
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
