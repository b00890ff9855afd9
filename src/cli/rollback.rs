//! `hotfix rollback`: the plan printed, rehearsed, carried out, gone on with or given up.

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use color_eyre::eyre::{Report, bail, eyre};
use jiff::Timestamp;

use super::{Context, Exit, print};
use crate::config::schema::{Policy, SharedLock};
use crate::config::trust::{Permit, Trust};
use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::http::Client;
use crate::incident::{self, Decision, Entry, Incident, RollbackEnd, Severity};
use crate::journal::Writer;
use crate::journal::record::Record;
use crate::project::Project;
use crate::rollback::execution::{Answer, Execution, Next};
use crate::rollback::executor::fallback::{self, NoJournal};
use crate::rollback::executor::{self, Executor, Place};
use crate::rollback::guard;
use crate::rollback::model::Plan;
use crate::rollback::policy::{Word, policy, wants_second};
use crate::rollback::state::{self, Order};

mod live;
mod pick;
mod preview;

use pick::Pick;

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
    /// The plan with this name, of several; the one that fits the present state without it
    #[arg(long, value_name = "NAME", conflicts_with_all = ["resume", "abort"])]
    plan: Option<String>,
    /// The plan that takes back what a failed rollback did
    #[arg(long, conflicts_with_all = ["resume", "abort", "plan", "to", "from"])]
    take_back: bool,
    /// Agree to exactly the plan with this hash, as the second person
    #[arg(long, value_name = "PLAN_HASH", group = "what", value_parser = hash)]
    agree: Option<String>,
    /// Take away the lock with this id, of another machine that no longer rolls back
    #[arg(long, value_name = "LOCK_ID", group = "what", value_parser = hash)]
    take_over: Option<String>,
    /// Put on record that this revision does well in production: a rollback may go back to it
    #[arg(long, value_name = "REV", group = "what", conflicts_with_all = ["plan", "take_back"])]
    healthy: Option<String>,
    /// The revision to go back to; `rollback.to`, else the last version that was seen healthy, without it
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

impl Args {
    /// The plan that is named by its hash, if one is.
    fn named_hash(&self) -> Option<&str> {
        self.yes.as_deref().or(self.agree.as_deref())
    }
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let project = Project::open(&context.directory)?;
    if args.dry_run {
        let pick = Pick::of(&project, &args)?;
        if let Ok(folder) = project.journal_folder() {
            executor::preview::keep(&folder, &pick.plan);
        }
        print(&if args.json { preview::document(&pick)? } else { preview::text(&pick) })?;
        return Ok(Exit::Ok);
    }
    if let Some(revision) = &args.healthy {
        return healthy(&project, &Desk::open(&project, args.by.as_deref())?, revision, context.now);
    }
    if let Some(named) = &args.agree {
        return agree(&project, &args, named, context.now);
    }
    let permit = permit(&project)?;
    if args.resume {
        // Asked before the journal is read: a step that ends in between is seen with its end.
        refuse_while_held(&project)?;
    }
    let desk = Desk::open(&project, args.by.as_deref())?;
    if let Some(id) = &args.take_over {
        return take_over(&project, &desk, id, context.now);
    }
    if args.abort {
        return abort(&desk, context.now);
    }
    let executor = desk.executor(permit, &project);
    if args.rehearse {
        let pick = Pick::of(&project, &args)?;
        return live::rehearse(&executor, &pick.plan, args.json);
    }
    let (as_json, reason) = (args.json, args.reason.clone());
    let order = if args.resume { resumed(&desk, args.answer)? } else { fired(&project, &desk, args, context.now)? };
    let order = Order { reason, ..order };
    live::run(&executor, order, as_json)
}

pub(super) fn permit(project: &Project) -> color_eyre::Result<Permit> {
    project.loaded()?;
    match project.trust() {
        Some(Trust::Trusted(permit)) => Ok(permit),
        Some(Trust::Untrusted { why, .. }) => Err(eyre!("hotfix.toml is not trusted ({why}): see `hotfix trust`")),
        None => Err(eyre!("there is no hotfix.toml: `hotfix init` writes one")),
    }
}

/// Where a rollback is put on record. It may be that no journal can be opened, and a rollback is needed all the same.
pub(super) struct Desk {
    recorder: Arc<dyn crate::journal::Recorder>,
    hide: Arc<dyn Fn(String) + Send + Sync>,
    incident: String,
    by: String,
    /// The folder of the journal, the lock and the file beside the journal.
    pub(super) folder: std::path::PathBuf,
    execution: Option<Execution>,
    severity: Option<Severity>,
    words: Vec<Word>,
}

impl Desk {
    /// What it takes to fire in this incident.
    fn policy(&self, project: &Project) -> Policy {
        let config = project.config().unwrap_or_default();
        config.rollback.map_or_else(Policy::default, |rollback| policy(rollback.key, self.severity))
    }

    fn wants_second(&self, project: &Project, plan: &Plan) -> Option<String> {
        wants_second(self.policy(project), &self.words, &self.by, plan)
    }

    pub(super) fn open(project: &Project, by: Option<&str>) -> color_eyre::Result<Self> {
        let by = project.who(by)?;
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
                records.retain(|record| record.incident == incident);
                let (mut execution, severity, words) = told(&records);
                take_unjournaled(&mut execution, &folder, &incident);
                let hiding = writer.clone();
                let hide = Arc::new(move |value| hiding.hide(vec![value]));
                Ok(Self { recorder: Arc::new(writer), hide, incident, by, folder, execution, severity, words })
            }
            Err(error) => {
                eprintln!("hotfix: WARNING: going on without a journal: {error}");
                // What is on record may still be read: a full disk takes nothing away.
                let (incident, records) = read(project).unwrap_or_else(|| (incident::NONE.to_owned(), Vec::new()));
                let (mut execution, severity, words) = told(&records);
                take_unjournaled(&mut execution, &folder, &incident);
                let (recorder, hide) = (Arc::new(NoJournal(error)), Arc::new(|_| {}));
                Ok(Self { recorder, hide, incident, by, folder, execution, severity, words })
            }
        }
    }

    pub(super) fn executor(&self, permit: Permit, project: &Project) -> Executor {
        let place = Place {
            recorder: Arc::clone(&self.recorder),
            incident: self.incident.clone(),
            actor: self.by.clone(),
            http: Client::new(),
            directory: project.root.clone(),
            state: self.folder.clone(),
            shared: shared_lock(project),
            hide: Arc::clone(&self.hide),
            now: Arc::new(Timestamp::now),
        };
        Executor::new(permit, place)
    }

    pub(super) fn record(&self, entry: &Entry, at: Timestamp) -> color_eyre::Result<()> {
        self.recorder.record(entry.draft(&self.incident, &self.by, at))?;
        Ok(())
    }
}

/// The active incident and its records, from a journal that cannot be written.
fn read(project: &Project) -> Option<(String, Vec<Record>)> {
    let (journal, _) = project.journal_read_only().ok()?;
    let incident = journal.active_incident().ok()??;
    let records = journal.records(&incident).ok()?;
    Some((incident, records))
}

/// How far a rollback came, how severe the incident is, and who gave their word.
fn told(records: &[Record]) -> (Option<Execution>, Option<Severity>, Vec<Word>) {
    let mut known = None;
    records.iter().for_each(|record| Incident::apply(&mut known, record));
    let words = records.iter().filter_map(Word::of).collect();
    (Execution::fold(records), known.and_then(|known| known.severity), words)
}

/// What an earlier run had to leave beside the journal counts as well, also when it could not tell of which incident.
fn take_unjournaled(execution: &mut Option<Execution>, folder: &Path, incident: &str) {
    let lines = fallback::read(&executor::fallback_file(folder));
    for line in lines.iter().filter(|line| line.incident == incident || line.incident == incident::NONE) {
        Execution::apply(execution, &line.entry, &line.actor, line.at);
    }
}

/// The order to run the plan, once a person confirmed exactly this one.
fn fired(project: &Project, desk: &Desk, args: Args, now: Timestamp) -> color_eyre::Result<Order> {
    let pick = Pick::of(project, &args)?;
    let hash = pick.plan.hash();
    match &args.yes {
        Some(named) if hash.starts_with(named) => {}
        Some(named) => bail!(another(&desk.folder, named, &pick.plan)),
        None => confirm(&pick, desk.policy(project))?,
    }
    let objection = pick.objection().or_else(|| desk.wants_second(project, &pick.plan));
    let plan = pick.plan;
    if let Some(objection) = objection {
        let Some(reason) = args.reason else {
            bail!("not ready: {objection}; to run it all the same say why with --reason")
        };
        let reason = format!("break-glass: {reason}");
        let decided =
            Entry::Decided { decision: Decision::RollBack, reason, readiness: Some(objection), snapshot: None };
        if let Err(error) = desk.record(&decided, now) {
            eprintln!("hotfix: WARNING: the reason is not on record: {error}");
        }
    }
    Ok(Order::from(plan))
}

/// That the plan is not the one that was named, and in what.
fn another(folder: &Path, named: &str, plan: &Plan) -> String {
    let hash = plan.hash();
    let differences = executor::preview::kept(folder, named).map(|old| old.differences(plan)).unwrap_or_default();
    let changed: String = differences.iter().map(|line| format!("\n  {line}")).collect();
    format!("the plan is another one now, {hash}: look at it with --dry-run, then name it{changed}")
}

/// Asks for the letter of the moment.
fn confirm(pick: &Pick, policy: Policy) -> color_eyre::Result<()> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        bail!(
            "nobody can be asked here: name the plan that --dry-run prints with --yes {}",
            Plan::short_hash(&pick.plan.hash())
        );
    }
    let letter = guard::letter(&[], chance()).ok_or_else(|| eyre!("no letter is free"))?;
    let asked = match policy {
        Policy::TypeName => pick.plan.to.reference.clone(),
        Policy::Letter | Policy::TwoPerson => letter.to_string(),
    };
    print(&format!("{}\ntype {asked} and Enter to fire; anything else cancels: ", preview::text(pick)))?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    if typed.trim_end_matches(['\r', '\n']) == asked { Ok(()) } else { Err(eyre!("cancelled: nothing was done")) }
}

/// A number that nobody can foresee: the standard library seeds its hash maps with one.
pub(super) fn chance() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}

/// Puts on record that a second person agreed to a plan.
fn agree(project: &Project, args: &Args, named: &str, now: Timestamp) -> color_eyre::Result<Exit> {
    let (desk, pick) = (Desk::open(project, args.by.as_deref())?, Pick::of(project, args)?);
    let plan = pick.plan.hash();
    if !plan.starts_with(named) {
        bail!(another(&desk.folder, named, &pick.plan));
    }
    desk.record(&Entry::RollbackAgreed { plan: plan.clone() }, now)?;
    print(&format!("{} agreed to the plan {}: {}\n", desk.by, Plan::short_hash(&plan), pick.plan.label()))?;
    Ok(Exit::Ok)
}

/// Puts a person's word on record that a version does well.
fn healthy(project: &Project, desk: &Desk, revision: &str, now: Timestamp) -> color_eyre::Result<Exit> {
    let repository = git2::Repository::open(&project.root)?;
    let commit = repository.revparse_single(&format!("{revision}^{{commit}}"));
    let commit = commit.ok().and_then(|found| Oid::parse(&found.id().to_string()));
    let commit = commit.ok_or_else(|| eyre!("there is no revision {}", clean(revision)))?;
    let (version, how) = (clean(revision), format!("{} says so", desk.by));
    desk.record(&Entry::SeenHealthy { version: version.clone(), commit, how }, now)?;
    print(&format!("on record: {version} does well, and a rollback may go back to it\n"))?;
    Ok(Exit::Ok)
}

fn shared_lock(project: &Project) -> Option<SharedLock> {
    project.config().ok()?.rollback?.lock
}

/// Takes another machine's lock away: a person knows that nothing runs there any more.
fn take_over(project: &Project, desk: &Desk, id: &str, now: Timestamp) -> color_eyre::Result<Exit> {
    let lock = shared_lock(project).ok_or_else(|| eyre!("hotfix.toml has no [rollback.lock]"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let words = runtime.block_on(executor::take_over(&project.root, &lock, id, now)).map_err(|why| eyre!(why))?;
    desk.record(&Entry::Noted { text: format!("took the rollback lock over: {words}") }, now)?;
    print(&format!("the lock is free now; it was: {words}\n"))?;
    Ok(Exit::Ok)
}

fn refuse_while_held(project: &Project) -> color_eyre::Result<()> {
    match executor::holder(&project.journal_folder()?) {
        Some(holder) => bail!("it still runs: {holder}"),
        None => Ok(()),
    }
}

fn resumed(desk: &Desk, answer: Option<Answer>) -> color_eyre::Result<Order> {
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

pub(super) fn hash(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    let fits = (12..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if fits { Ok(text) } else { Err("a plan's hash has 64 hexadecimal digits; at least the first twelve".into()) }
}

fn answer(text: &str) -> Result<Answer, String> {
    Answer::parse(text).ok_or_else(|| "write done, not-done or skip".into())
}
