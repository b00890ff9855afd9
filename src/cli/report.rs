//! `hotfix report`

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{WrapErr, bail, eyre};
use jiff::Timestamp;

use super::{Context, Exit, entry, gather, print, timeline};
use crate::change::source;
use crate::checklist::model::State;
use crate::evidence::{Oid, text};
use crate::incident::entry::Export;
use crate::incident::{Entry, sentence};
use crate::journal::Journal;
use crate::journal::record::Record;
use crate::project::Project;
use crate::report::moments::Event;
use crate::report::past::{Case, Past};
use crate::report::render::{self, Format, Template};
use crate::report::{Live, Origin, Report};

/// The post-mortem so far: what the journal tells, and what git, the canary and the gates add to it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What it is written as; without it what the name of FILE or of the template says, else Markdown
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Another incident than the active one; the last one if none is active
    #[arg(long, value_name = "ID")]
    incident: Option<String>,
    /// Write it to this file, and put on record that it was exported
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite the file if there is one
    #[arg(long, requires = "output")]
    force: bool,
    /// A template of your own for Markdown or HTML; `[report] template` names one for the whole team
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Ask nothing but the journal
    #[arg(long)]
    journal_only: bool,
    /// The folder of a journal whose repository is not here
    #[arg(long, value_name = "FOLDER")]
    journal: Option<PathBuf>,
    /// Who exports it; your configured name, git's user.name or the login without it
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// A longer template is none.
const LONGEST_TEMPLATE: u64 = 1 << 20;

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: &Args, context: &Context) -> color_eyre::Result<Exit> {
    let project = Project::open(&context.directory)?;
    let journal = entry::read(&project, args.journal.as_deref())?;
    let id = timeline::chosen(&journal, args.incident.clone())?;
    let template = template(args, &project)?;
    let format = format(args, template.as_ref())?;
    let report = write(args, context, &journal, &id)?;
    let used = template.as_ref().filter(|it| Format::of_template(&it.0) == format);
    let template = used.map(|(name, text)| Template { name, text });
    let told = render::render(&report, format, template)?;
    let Some(path) = &args.output else {
        print(&told)?;
        return Ok(Exit::Ok);
    };
    export(args, context, &project, (&journal, &id), &context.directory.join(path), &told)
}

/// Writes the file, then puts it on record.
fn export(
    args: &Args,
    context: &Context,
    project: &Project,
    (journal, id): (&Journal, &str),
    path: &Path,
    told: &str,
) -> color_eyre::Result<Exit> {
    save(path, told, args.force)?;
    println!("written: {}", text::clean(&path.display().to_string()));
    let exported = Export { what: "report".to_owned(), path: path.display().to_string() };
    let drafted = |by: &str| Entry::Exported(exported.clone()).draft(id, by, context.now);
    let recorded = project
        .who(args.by.as_deref())
        .and_then(|by| Ok(Journal::open(journal.folder())?.0.append(project.redact().draft(drafted(&by)))?));
    // A report that is there and not on record is half an export: that is said, and the end is not 0.
    Ok(match recorded {
        Ok(record) => {
            println!("recorded: {}", sentence::of(&record));
            Exit::Ok
        }
        Err(error) => {
            eprintln!("hotfix: {error:#}; the file is there all the same");
            Exit::Failed
        }
    })
}

/// The report as values.
fn write(args: &Args, context: &Context, journal: &Journal, id: &str) -> color_eyre::Result<Report> {
    let records = journal.records(id)?;
    let chain = journal.verify()?;
    let is_active = journal.active_incident()?.as_deref() == Some(id);
    let live = match (args.journal_only || args.journal.is_some(), is_active) {
        (true, _) => Live::unasked("the journal alone was asked"),
        (_, false) => Live::unasked("the incident is over, and the repository has gone on"),
        _ => live(context, &records),
    };
    let now = context.now;
    let cases = cases_before(journal, id, now)?;
    let counted = if args.journal_only || args.journal.is_some() {
        Err("the journal alone was asked".to_owned())
    } else {
        deploys(&Project::open(&context.directory)?, &cases, None, now)
    };
    let past = Past::of(cases, counted);
    let origin = Origin { records: &records, chain: &chain, live: &live, past: &past, now };
    Report::of(&origin).ok_or_else(|| eyre!("the journal holds no declaration of {id}"))
}

/// What git, the canary and the gates say now; a project that cannot be asked is no reason to have no report.
fn live(context: &Context, records: &[Record]) -> Live {
    let gathered = match gather::gather(context) {
        Ok(gathered) => gathered,
        Err(error) => return Live::unasked(&format!("{error:#}")),
    };
    let inputs = gathered.inputs();
    let gates = State::new(&inputs);
    Live::of(&inputs, gates.gates(), tip(records).as_ref())
}

/// Where the tip was last, as far as the journal knows.
fn tip(records: &[Record]) -> Option<Oid> {
    Event::read(records).into_iter().rev().find_map(|event| match event.entry {
        Some(Entry::HeadMoved { to, .. }) => Some(to),
        _ => None,
    })
}

/// The incidents that were declared before this one and are over; drills compare with drills.
fn cases_before(journal: &Journal, id: &str, now: Timestamp) -> color_eyre::Result<Vec<Case>> {
    let cases = cases(journal, now)?;
    let Some(this) = cases.iter().find(|case| case.id == id) else { return Ok(Vec::new()) };
    let (declared_at, is_drill) = (this.declared_at, this.drill.is_some());
    let is_before = |case: &Case| {
        case.id != id && case.declared_at <= declared_at && case.closed_at.is_some() && case.drill.is_some() == is_drill
    };
    Ok(cases.into_iter().filter(is_before).collect())
}

/// Every incident of the journal with its metrics, in the order of their declaration.
///
/// # Errors
/// When the journal cannot be read.
pub fn cases(journal: &Journal, now: Timestamp) -> color_eyre::Result<Vec<Case>> {
    let mut groups: Vec<(String, Vec<Record>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for record in journal.records_after(0)? {
        let place = *places.entry(record.incident.clone()).or_insert_with(|| {
            groups.push((record.incident.clone(), Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(record);
    }
    let mut cases: Vec<_> = groups.iter().filter_map(|(_, records)| Case::of(records, now)).collect();
    cases.sort_by_key(|case| case.declared_at);
    Ok(cases)
}

/// All deploys since a moment, or since the first of these incidents was declared.
///
/// # Errors
/// In words, where nobody can tell.
pub fn deploys(project: &Project, cases: &[Case], since: Option<Timestamp>, now: Timestamp) -> Result<u64, String> {
    let first = cases.first().map(|case| case.declared_at);
    let since = since.or(first).ok_or("there is no incident")?;
    if cases.iter().any(|case| case.drill.is_some()) {
        return Err("a drill deploys nothing".to_owned());
    }
    let config = project.config().map_err(|error| error.to_string())?;
    source::deploys(&project.root, &(&config).into(), (since, now))
}

/// The template's name and text: the one given, else the team's if this `hotfix.toml` is trusted.
fn template(args: &Args, project: &Project) -> color_eyre::Result<Option<(String, String)>> {
    if let Some(path) = &args.template {
        return read(path).map(Some);
    }
    let Some(name) = project.config().unwrap_or_default().report.template else { return Ok(None) };
    if project.trust().and_then(|trust| trust.permit()).is_none() {
        eprintln!("hotfix: WARNING: {name} was not used: hotfix.toml is not trusted, see `hotfix trust`");
        return Ok(None);
    }
    let root = project.root.canonicalize()?;
    let path = root.join(&name).canonicalize().wrap_err_with(|| format!("[report] template: {name}"))?;
    if !path.starts_with(&root) {
        bail!("[report] template: {name} leads out of the repository");
    }
    read(&path).map(Some)
}

fn read(path: &Path) -> color_eyre::Result<(String, String)> {
    let told = || path.display().to_string();
    let size = fs::metadata(path).wrap_err_with(told)?.len();
    if size > LONGEST_TEMPLATE {
        bail!("{} has {size} bytes: a template has at most {LONGEST_TEMPLATE}", told());
    }
    Ok((told(), fs::read_to_string(path).wrap_err_with(told)?))
}

fn format(args: &Args, template: Option<&(String, String)>) -> color_eyre::Result<Format> {
    let promised = template.filter(|_| args.template.is_some()).map(|(name, _)| Format::of_template(name));
    let named = args.output.as_deref().and_then(of_name);
    let format = args.format.or(named).or(promised);
    match (format, promised) {
        (Some(format), Some(promised)) if format != promised => {
            let (wanted, is) = (word(format), word(promised));
            bail!(
                "{wanted} was asked for, and the template is one for {is} by its name (name.html.jinja, name.md.jinja)"
            )
        }
        (format, _) => Ok(format.unwrap_or(Format::Md)),
    }
}

fn of_name(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "md" | "markdown" => Some(Format::Md),
        "html" | "htm" => Some(Format::Html),
        "json" => Some(Format::Json),
        _ => None,
    }
}

fn word(format: Format) -> &'static str {
    match format {
        Format::Md => "Markdown",
        Format::Html => "HTML",
        Format::Json => "JSON",
    }
}

/// Writes the file at once or not at all. What a person has written into an earlier one is not thrown away.
fn save(path: &Path, text: &str, force: bool) -> color_eyre::Result<()> {
    if path.exists() && !force {
        bail!("{} is there already: --force overwrites it", path.display());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let told = || format!("cannot write {}", path.display());
    let mut file = tempfile::Builder::new().permissions(readable()).tempfile_in(folder).wrap_err_with(told)?;
    file.write_all(text.as_bytes()).wrap_err_with(told)?;
    file.as_file().sync_all().wrap_err_with(told)?;
    file.persist(path).wrap_err_with(told)?;
    Ok(())
}

/// A report is there to be passed around, as far as the umask allows.
fn readable() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o666)
}
