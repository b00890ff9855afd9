//! `hotfix rollback`: the plan printed, rehearsed, carried out, gone on with or given up.

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use color_eyre::eyre::{Report, bail, eyre};
use jiff::Timestamp;

use super::{Context, Exit, gather, print};
use crate::change;
use crate::config::trust::{Permit, Trust};
use crate::http::Client;
use crate::incident::{Decision, Entry, RollbackEnd};
use crate::journal::Writer;
use crate::project::Project;
use crate::rollback::execution::{Answer, Execution, Next};
use crate::rollback::executor::fallback::{self, NoJournal};
use crate::rollback::executor::{self, Executor, Place};
use crate::rollback::guard;
use crate::rollback::model::Plan;
use crate::rollback::plan::{self, Contents};
use crate::rollback::state::{self, Order};

mod live;
mod preview;

/// Prints or runs the rollback plan.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the plan, and do nothing
    #[arg(long, group = "what")]
    dry_run: bool,
    /// Run the harmless form of each step, and look at what the run would look at
    #[arg(long, group = "what")]
    rehearse: bool,
    /// Go on with a rollback that was interrupted, stopped or failed
    #[arg(long, group = "what")]
    resume: bool,
    /// Stop a running rollback after the step at hand, or give up one that was interrupted
    #[arg(long, group = "what")]
    abort: bool,
    /// Run exactly the plan with this hash, which --dry-run prints; the first twelve digits are enough
    #[arg(long, value_name = "PLAN_HASH", conflicts_with = "what", value_parser = hash)]
    yes: Option<String>,
    /// What became of the step that nobody can tell of: done, not-done or skip
    #[arg(long, value_name = "ANSWER", requires = "resume", value_parser = answer)]
    answer: Option<Answer>,
    /// Why it is to be run although it is not ready
    #[arg(long, value_name = "TEXT", value_parser = super::entry::not_empty)]
    reason: Option<String>,
    /// The revision to go back to; `rollback.to`, else the newest version before the present one, without it
    #[arg(long, value_name = "REV", conflicts_with_all = ["resume", "abort"])]
    to: Option<String>,
    /// The revision that runs now; what production says, else the hotfix tip, without it
    #[arg(long, value_name = "REV", conflicts_with_all = ["resume", "abort"])]
    from: Option<String>,
    /// Who does it; your configured name, git's user.name or the login without it
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let project = Project::open(&context.directory)?;
    if args.dry_run {
        let plan = the_plan(&project, &args)?;
        print(&if args.json { preview::document(&plan)? } else { preview::text(&plan) })?;
        return Ok(Exit::Ok);
    }
    let permit = permit(&project)?;
    let desk = Desk::open(&project, &args)?;
    if args.abort {
        return abort(&desk, context.now);
    }
    let executor = desk.executor(permit, &project);
    if args.rehearse {
        let plan = the_plan(&project, &args)?;
        return live::rehearse(&executor, &plan, args.json);
    }
    let as_json = args.json;
    let order = if args.resume { resumed(&desk, args.answer)? } else { fired(&project, &desk, args, context.now)? };
    live::run(&executor, order, as_json)
}

/// The plan as git and `hotfix.toml` make it now.
fn the_plan(project: &Project, args: &Args) -> color_eyre::Result<Plan> {
    let config = project.config()?;
    let Some(rollback) = &config.rollback else {
        bail!("hotfix.toml has no [rollback]: add one, or see `hotfix init`")
    };
    let to = args.to.as_deref().or(rollback.to.as_deref());
    let settings = match args.from {
        Some(_) => change::source::Settings::from(&config),
        None => super::production::settings(project, &config, Timestamp::now()),
    };
    let contents = contents(&project.root, &settings, args.from.as_deref(), to)?;
    let permit = project.trust().and_then(|trust| trust.permit());
    let answers = gather::answers(&project.root, rollback, &contents, permit)?;
    Ok(plan::build(rollback, contents, &answers)?)
}

fn contents(
    root: &Path,
    settings: &change::source::Settings,
    from: Option<&str>,
    to: Option<&str>,
) -> color_eyre::Result<Contents> {
    let found = change::source::rollback_contents(root, settings, from, to).map_err(|failure| {
        let remedy = failure.remedy.map_or_else(String::new, |remedy| format!(" ({remedy})"));
        eyre!("{}{remedy}", failure.what)
    })?;
    Ok(Contents::of(&found)?)
}

fn permit(project: &Project) -> color_eyre::Result<Permit> {
    project.loaded()?;
    match project.trust() {
        Some(Trust::Trusted(permit)) => Ok(permit),
        Some(Trust::Untrusted { why, .. }) => Err(eyre!("hotfix.toml is not trusted ({why}): see `hotfix trust`")),
        None => Err(eyre!("there is no hotfix.toml: `hotfix init` writes one")),
    }
}

/// Where a rollback is put on record. It may be that no journal can be opened, and a rollback is needed all the same.
struct Desk {
    recorder: Arc<dyn crate::journal::Recorder>,
    hide: Arc<dyn Fn(String) + Send + Sync>,
    incident: String,
    by: String,
    /// The folder of the journal, the lock and the file beside the journal.
    folder: std::path::PathBuf,
    execution: Option<Execution>,
}

impl Desk {
    fn open(project: &Project, args: &Args) -> color_eyre::Result<Self> {
        let by = project.who(args.by.as_deref())?;
        let folder = project.journal_folder()?;
        match project.journal() {
            Ok((journal, warnings)) => {
                for warning in warnings {
                    eprintln!("hotfix: WARNING: {warning}");
                }
                let incident = journal.active_incident()?.ok_or_else(super::entry::none_active)?;
                let mut records = journal.records(&incident)?;
                let writer = Writer::start(journal, project.redact(), |_| {})?;
                records.extend(executor::settle(&folder, &writer)?);
                let mut execution = Execution::fold(records.iter().filter(|record| record.incident == incident));
                take_unjournaled(&mut execution, &folder, &incident);
                let hiding = writer.clone();
                let hide = Arc::new(move |value| hiding.hide(vec![value]));
                Ok(Self { recorder: Arc::new(writer), hide, incident, by, folder, execution })
            }
            Err(error) => {
                eprintln!("hotfix: WARNING: going on without a journal: {error}");
                let incident = "unknown".to_owned();
                let mut execution = None;
                take_unjournaled(&mut execution, &folder, &incident);
                let (recorder, hide) = (Arc::new(NoJournal(error)), Arc::new(|_| {}));
                Ok(Self { recorder, hide, incident, by, folder, execution })
            }
        }
    }

    fn executor(&self, permit: Permit, project: &Project) -> Executor {
        let place = Place {
            recorder: Arc::clone(&self.recorder),
            incident: self.incident.clone(),
            actor: self.by.clone(),
            http: Client::new(),
            directory: project.root.clone(),
            state: self.folder.clone(),
            hide: Arc::clone(&self.hide),
            now: Arc::new(Timestamp::now),
        };
        Executor::new(permit, place)
    }

    fn record(&self, entry: &Entry, at: Timestamp) -> color_eyre::Result<()> {
        self.recorder.record(entry.draft(&self.incident, &self.by, at))?;
        Ok(())
    }
}

/// What an earlier run had to leave beside the journal counts as well.
fn take_unjournaled(execution: &mut Option<Execution>, folder: &Path, incident: &str) {
    let lines = fallback::read(&executor::fallback_file(folder));
    for line in lines.iter().filter(|line| line.incident == incident) {
        Execution::apply(execution, &line.entry, &line.actor, line.at);
    }
}

/// The order to run the plan, once a person confirmed exactly this one.
fn fired(project: &Project, desk: &Desk, args: Args, now: Timestamp) -> color_eyre::Result<Order> {
    let plan = the_plan(project, &args)?;
    let hash = plan.hash();
    match args.yes {
        Some(named) if hash.starts_with(&named) => {}
        Some(_) => bail!("the plan is another one now, {hash}: look at it with --dry-run, then name it"),
        None => confirm(&plan)?,
    }
    if let Some(objection) = plan.objection() {
        let Some(reason) = args.reason else {
            bail!("not ready: {objection}; to run it all the same say why with --reason")
        };
        let reason = format!("break-glass: {reason}");
        let decided = Entry::Decided { decision: Decision::RollBack, reason, readiness: Some(objection) };
        if let Err(error) = desk.record(&decided, now) {
            eprintln!("hotfix: WARNING: the reason is not on record: {error}");
        }
    }
    Ok(Order::from(plan))
}

/// Asks for the letter of the moment.
fn confirm(plan: &Plan) -> color_eyre::Result<()> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        bail!(
            "nobody can be asked here: name the plan that --dry-run prints with --yes {}",
            Plan::short_hash(&plan.hash())
        );
    }
    let letter = guard::letter(&[], chance()).ok_or_else(|| eyre!("no letter is free"))?;
    print(&format!("{}\ntype {letter} and Enter to fire; anything else cancels: ", preview::text(plan)))?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    if typed.trim_end_matches(['\r', '\n']) == letter.to_string() {
        Ok(())
    } else {
        Err(eyre!("cancelled: nothing was done"))
    }
}

/// A number that nobody can foresee: the standard library seeds its hash maps with one.
fn chance() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}

fn resumed(desk: &Desk, answer: Option<Answer>) -> color_eyre::Result<Order> {
    if let Some(holder) = executor::holder(&desk.folder) {
        bail!("it still runs: {holder}");
    }
    let execution = desk.execution.as_ref().ok_or_else(no_rollback)?;
    let asks = matches!(execution.next(), Next::Ask(_)) && answer.is_none();
    state::resume(execution, answer).map_err(|why| if asks { eyre!("{why} with --answer") } else { eyre!(why) })
}

fn abort(desk: &Desk, now: Timestamp) -> color_eyre::Result<Exit> {
    if let Some(holder) = executor::holder(&desk.folder) {
        std::fs::write(executor::stop_file(&desk.folder), &desk.by)?;
        print(&format!("asked to stop after the step at hand: {holder}\n"))?;
        return Ok(Exit::Ok);
    }
    let execution = desk.execution.as_ref().filter(|it| it.end.is_none()).ok_or_else(no_rollback)?;
    let (done, all) = execution.done();
    let detail = format!("given up by {}; {done} of {all} steps are done", desk.by);
    desk.record(&Entry::RollbackEnded { plan: execution.hash.clone(), end: RollbackEnd::Stopped, detail }, now)?;
    print(&format!("given up: {done} of {all} steps are done\n"))?;
    Ok(Exit::Ok)
}

fn no_rollback() -> Report {
    eyre!("no rollback of this incident was interrupted, stopped or failed")
}

fn hash(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    let fits = (12..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if fits { Ok(text) } else { Err("a plan's hash has 64 hexadecimal digits; at least the first twelve".into()) }
}

fn answer(text: &str) -> Result<Answer, String> {
    Answer::parse(text).ok_or_else(|| "write done, not-done or skip".into())
}
