//! Asks every source once, for the commands that look at the whole: one function for each room.
//!
//! A source that fails is evidence that is missing, and no error: the gates say what that means.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use jiff::Timestamp;

use super::{Context, production, servers};

use crate::canary::model::{Report as CanaryReport, State as CanaryState};
use crate::canary::source::{Keys, Source as CanarySource};
use crate::change;
use crate::change::continuity::Continuity;
use crate::change::model::{Report as ChangeReport, Worktree};
use crate::change::source::{self, Settings};
use crate::checklist::check::Checks;
use crate::checklist::continuity;
use crate::checklist::model::Inputs;
use crate::checklist::source as item_source;
use crate::comms::model::Book;
use crate::config::schema::{self, Config};
use crate::config::trust::Permit;
use crate::evidence::{Evidence, Failure, Generation, Observation, Observed, Subject};
use crate::http::Client;
use crate::incident::rehearsals::{self, Rehearsals};
use crate::incident::{Entry, Incident, recall};
use crate::journal::{Journal, Warning};
use crate::probe::Probe;
use crate::project::Project;
use crate::rollback::choice::Choice;
use crate::rollback::executor::{Eyes, survey};
use crate::rollback::model::Plan;
use crate::rollback::target::{self, Named};
use crate::test_results::model::{Branch, Report as TestReport, State as TestResults};
use crate::test_results::providers;
use crate::test_results::source as test_source;
use crate::tracker::model::Issue;
use crate::tracker::source as tracker;

/// What every source answered.
#[derive(Debug, Clone)]
pub struct Gathered {
    now: Timestamp,
    /// The open incident.
    pub incident: Option<Incident>,
    change: Observed<ChangeReport>,
    worktree: Observed<Worktree>,
    tests: TestResults,
    canary: Option<Observed<CanaryReport>>,
    plan: Option<Observed<Plan>>,
    tracker: Option<Observed<Issue>>,
    checks: Checks,
    rehearsals: Rehearsals,
    config: Config,
    warnings: Vec<Warning>,
}

impl Gathered {
    /// Tells on standard error what is wrong with the journal.
    pub fn warn(&self) {
        self.warnings.iter().for_each(|warning| eprintln!("hotfix: WARNING: {warning}"));
    }

    /// What the checklist looks at.
    pub fn inputs(&self) -> Inputs<'_> {
        Inputs {
            now: self.now,
            incident: self.incident.as_ref(),
            change: &self.change,
            worktree: &self.worktree,
            tests: &self.tests,
            canary: self.canary.as_ref(),
            plan: self.plan.as_ref(),
            tracker: self.tracker.as_ref(),
            checks: &self.checks,
            rehearsals: &self.rehearsals,
            config: &self.config.checklist,
            limits: self.config.limits,
        }
    }
}

impl Gathered {
    /// The change, where the incident's journal does not hold it yet.
    pub fn news_of_the_change(&self) -> Option<Entry> {
        let report = &self.change.fresh(self.now)?.value;
        change::kept::news(report, self.incident.as_ref()?.change_kept.as_ref())
    }

    /// The notices of the incident, as far as the journal can be read.
    pub fn book(&self, directory: &Path) -> Book {
        let read = || {
            let incident = self.incident.as_ref()?;
            let (journal, _) = Project::open(directory).ok()?.journal_read_only().ok()?;
            recall::recalled(&journal, &incident.id).ok()
        };
        read().map(|recalled| Book::fold(&recalled.beside)).unwrap_or_default()
    }
}

/// What the other rooms know, for the chain from the tip to production.
#[derive(Debug, Clone, Default)]
pub struct Around {
    incident: Option<Incident>,
    tests: TestResults,
    canary: Option<Observed<CanaryReport>>,
    config: Config,
}

impl Around {
    /// Asks the journal, the test reports and the canary once.
    pub fn ask(project: &Project, config: &Config, now: Timestamp) -> Self {
        let permit = project.trust().and_then(|trust| trust.permit());
        let head = project.head().map(Subject::commit);
        let servers = servers::ask(project, config, permit, servers::known(None), now);
        let incident = incident(project).ok().flatten();
        let mut tests = tests(project, config, head, None, &servers, now);
        tests.set_accepted(incident.as_ref().and_then(|incident| incident.accepted.clone()));
        Self { incident, tests, canary: canary(project, config, permit, now), config: config.clone() }
    }

    /// The chain for what git just told.
    pub fn continuity(&self, change: Evidence<ChangeReport>, now: Timestamp) -> Option<Continuity> {
        let mut tests = self.tests.clone();
        tests.set_head(change.value.subject());
        continuity::of(&Inputs {
            now,
            incident: self.incident.as_ref(),
            change: &Observed::seen(change),
            worktree: &Observed::default(),
            tests: &tests,
            canary: self.canary.as_ref(),
            plan: None,
            tracker: None,
            checks: &Checks::new(),
            rehearsals: &Rehearsals::default(),
            config: &self.config.checklist,
            limits: self.config.limits,
        })
    }
}

/// Asks every source once.
///
/// # Errors
/// When the configuration or the journal cannot be read.
pub fn gather(context: &Context) -> color_eyre::Result<Gathered> {
    of(context, None)
}

/// The same about another incident than the active one.
///
/// # Errors
/// As [`gather`].
pub fn of(context: &Context, incident: Option<&str>) -> color_eyre::Result<Gathered> {
    let project = Project::open(&context.directory)?;
    let config = project.config()?;
    let permit = project.trust().and_then(|trust| trust.permit());
    let (incident, warnings) = named(&project, incident)?;
    // The canary waits for the network and git for the disk: neither waits for the other.
    let (git, plan, canary, servers, tracker, checks) = thread::scope(|scope| {
        let checks = scope.spawn(|| checks(&project, &config, permit, context.now));
        let canary = scope.spawn(|| canary(&project, &config, permit, context.now));
        let (tell, production) = tokio::sync::watch::channel(None);
        let servers = scope.spawn(|| servers::ask(&project, &config, permit, production, context.now));
        let issue = scope.spawn(|| tracker(&project, &config, incident.as_ref(), permit, context.now));
        let declared = production::ask(&project.root, &config, permit, context.now).declared();
        let settings = Settings { declared, ..Settings::from(&config) };
        let plan = plan(&project, &config, &settings, permit, context.now);
        let git = Git::look(&project, &settings);
        tell.send_replace(git.change.value().and_then(|report| report.production.oid.clone()));
        // With nobody left to tell, the servers do not wait for what git could not find out.
        drop(tell);
        (git, plan, canary.join(), servers.join(), issue.join(), checks.join())
    });
    let servers = servers.unwrap_or_else(|_| servers::of(&project, &config, None).unasked());
    let told = git.change.value();
    let mut tests = tests(&project, &config, told.map(ChangeReport::subject), told, &servers, context.now);
    tests.set_accepted(incident.as_ref().and_then(|incident| incident.accepted.clone()));
    Ok(Gathered {
        now: context.now,
        incident,
        tests,
        plan,
        tracker: tracker.unwrap_or_else(|_| Some(failed("the tracker's source broke down", None, context.now))),
        canary: canary.unwrap_or_else(|_| Some(failed("the canary's source broke down", None, context.now))),
        checks: checks.unwrap_or_default(),
        rehearsals: rehearsals(&project),
        change: git.change,
        worktree: git.worktree,
        config,
        warnings,
    })
}

fn incident(project: &Project) -> color_eyre::Result<Option<Incident>> {
    named(project, None).map(|(incident, _)| incident)
}

/// The rehearsals of the rollback, as far as the journal can be read.
fn rehearsals(project: &Project) -> Rehearsals {
    let read = || {
        let (journal, _) = project.journal_read_only().ok()?;
        Some(Rehearsals::of(&journal.records_of(&[rehearsals::KIND]).ok()?))
    };
    read().unwrap_or_default()
}

/// The incident with this id, else the active one; and what is wrong with the journal.
fn named(project: &Project, id: Option<&str>) -> color_eyre::Result<(Option<Incident>, Vec<Warning>)> {
    // Outside of a repository there is no journal, hence no incident.
    let Ok(folder) = project.journal_folder() else { return Ok((None, Vec::new())) };
    let (journal, warnings) = Journal::open_read_only(&folder)?;
    let id = id.map(str::to_owned);
    let Some(id) = id.map_or_else(|| journal.active_incident(), |id| Ok(Some(id)))? else {
        return Ok((None, warnings));
    };
    Ok((recall::incident(&journal, &id)?, warnings))
}

/// `None` when no tracker is configured, or the incident has no ticket.
fn tracker(
    project: &Project,
    config: &Config,
    incident: Option<&Incident>,
    permit: Option<Permit>,
    now: Timestamp,
) -> Option<Observed<Issue>> {
    let (tracker, ticket) = (config.tracker.as_ref()?, incident?.ticket.as_ref()?);
    let Some(permit) = permit else {
        let remedy = Some("hotfix trust".to_owned());
        return Some(failed("the tracker was not asked: hotfix.toml is not trusted", remedy, now));
    };
    let place = tracker::Place { permit, client: Client::new(), root: project.root.clone(), hide: Arc::new(|_| {}) };
    let mut source = tracker::Source::new(tracker, ticket, place, Generation(0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Some(match runtime {
        Ok(runtime) => {
            let mut observed = Observed::default();
            observed.observe(runtime.block_on(source.poll(now)));
            observed
        }
        Err(error) => failed(&format!("the tracker was not asked: {error}"), None, now),
    })
}

/// What git answered.
struct Git {
    change: Observed<ChangeReport>,
    worktree: Observed<Worktree>,
}

impl Git {
    fn look(project: &Project, settings: &Settings) -> Self {
        let (change, worktree) = thread::scope(|scope| {
            let worktree = scope.spawn(|| source::read_worktree(&project.root));
            (source::read(&project.root, settings), worktree.join())
        });
        let broken = |_| Err(failure("the work tree's reader broke down", None, Timestamp::now()));
        Self { change: observed(change), worktree: observed(worktree.unwrap_or_else(broken)) }
    }
}

fn tests(
    project: &Project,
    config: &Config,
    head: Option<Subject>,
    change: Option<&ChangeReport>,
    servers: &[TestReport],
    now: Timestamp,
) -> TestResults {
    let setup = test_source::Setup {
        root: project.root.clone(),
        sources: config.tests.clone(),
        state: project.journal_folder().ok(),
        production: change.and_then(|report| report.production.oid.clone()),
    };
    let evidence = providers::join(setup.open().look(head.as_ref(), now), servers);
    let mut results = TestResults::default();
    results.set_head(head.unwrap_or_default());
    results.set_branch(change.and_then(branch));
    results.update(Observation::Seen(Generation(1), Box::new(evidence)), now);
    results
}

/// How HEAD stands beside its branch on the remote; what the reports' own look at git says counts where nothing is tracked.
fn branch(report: &ChangeReport) -> Option<Branch> {
    let upstream = report.upstream.clone()?;
    Some(Branch { upstream: Some(upstream), ahead: report.ahead, behind: report.behind })
}

/// `None` when no canary is configured; one that may not be asked is a failure.
/// The canary, asked once; `None` when none is configured.
pub(super) fn canary(
    project: &Project,
    config: &Config,
    permit: Option<Permit>,
    now: Timestamp,
) -> Option<Observed<CanaryReport>> {
    let canary = config.canary.as_ref()?;
    let Some(permit) = permit else {
        let remedy = Some("hotfix trust".to_owned());
        return Some(failed("the metric server was not asked: hotfix.toml is not trusted", remedy, now));
    };
    Some(match poll(project, canary, permit, now) {
        Ok(report) => report,
        Err(error) => failed(&format!("the metric server was not asked: {error}"), None, now),
    })
}

fn poll(
    project: &Project,
    canary: &schema::Canary,
    permit: Permit,
    now: Timestamp,
) -> color_eyre::Result<Observed<CanaryReport>> {
    let keys = Keys::resolve(canary, permit, &project.root)?;
    let mut source = CanarySource::new(canary, permit, Client::new(), keys).in_folder(&project.root);
    let mut state = CanaryState::new(canary);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(source.poll(now));
    state.update(answer, now);
    Ok(state.report)
}

/// What the items answer that ask the world, each asked once; none without trust.
fn checks(project: &Project, config: &Config, permit: Option<Permit>, now: Timestamp) -> Checks {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (Some(permit), Ok(runtime)) = (permit, runtime) else { return Checks::new() };
    let root = project.root.clone();
    let probe = Probe::new(&root, permit, Client::new());
    let head: item_source::Head = Arc::new(move || source::head(&root));
    runtime.block_on(async {
        let mut asking = tokio::task::JoinSet::new();
        for mut source in item_source::Source::all(&config.checklist, &probe, &head) {
            asking.spawn(async move { (source.id().to_owned(), source.poll(now).await) });
        }
        let mut checks = Checks::new();
        while let Some(answered) = asking.join_next().await {
            if let Ok((id, answer)) = answered {
                checks.entry(id).or_default().observe(answer);
            }
        }
        checks
    })
}

/// `None` when no rollback is configured. The same plan as `hotfix rollback` proposes, down to its hash.
fn plan(
    project: &Project,
    config: &Config,
    settings: &Settings,
    permit: Option<Permit>,
    now: Timestamp,
) -> Option<Observed<Plan>> {
    let rollback = config.rollback.as_ref()?;
    let found = ways_back(project, rollback, settings, permit, (None, None), now);
    Some(observed(found.and_then(|choice| {
        let source = "hotfix.toml and git";
        let proposed = choice.proposed();
        let proposed = choice.ways.into_iter().nth(proposed).map(|way| way.plan);
        match proposed {
            Some(Ok(plan)) => Ok(plan.seen(source, now)),
            Some(Err(why)) => Err(failure(&why, None, now)),
            None => Err(failure("there is no way back", None, now)),
        }
    })))
}

/// The ways back, as git, the journal, `hotfix.toml` and the world make them now; from and to these revisions, if given.
///
/// # Errors
/// When git cannot tell what to go back to.
pub fn ways_back(
    project: &Project,
    rollback: &schema::Rollback,
    settings: &Settings,
    permit: Option<Permit>,
    (from, to): (Option<&str>, Option<&str>),
    now: Timestamp,
) -> Result<Choice, Failure> {
    let records = project.journal_read_only().and_then(|(journal, _)| journal.records_of(&target::KINDS));
    let find = |to: Option<&str>| source::rollback_contents(&project.root, settings, from, to);
    let named = Named::on_the_command_line(to).or(Named::in_configuration(rollback.to.as_deref()));
    let contents = target::contents(named, &records.unwrap_or_default(), find)?;
    let contents = contents.map_err(|error| failure(&error.to_string(), None, now))?;
    let (directory, state) = (project.root.clone(), project.journal_folder().ok());
    let eyes = permit.map(|permit| Eyes { permit, http: Client::new(), directory, state, hide: Arc::new(|_| {}) });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failure(&error.to_string(), None, now))?;
    Ok(runtime.block_on(survey::choice(eyes.as_ref(), &project.root, rollback, &contents, now)))
}

fn observed<T: PartialEq>(answer: Result<Evidence<T>, Failure>) -> Observed<T> {
    let mut observed = Observed::default();
    let generation = Generation(1);
    observed.observe(match answer {
        Ok(evidence) => Observation::Seen(generation, Box::new(evidence)),
        Err(failure) => Observation::Failed(generation, failure),
    });
    observed
}

fn failed<T: PartialEq>(what: &str, remedy: Option<String>, at: Timestamp) -> Observed<T> {
    observed(Err(failure(what, remedy, at)))
}

fn failure(what: &str, remedy: Option<String>, at: Timestamp) -> Failure {
    Failure { what: what.to_owned(), remedy, at, retry_at: None }
}
