//! The hands of the cockpit: they carry out effects, and keep the sources running.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::assessment::Asks;
use super::clock::Clock;
use super::effect::{Actor, Effect};
use super::event::{Toast, What};
use super::guardian::LastWords;
use super::inlet::Inlet;
use super::letter::Letter;
use super::mailbox::Sending;
use super::opening::{Found, Opened};
use super::outgoing;
use super::reading::{self, Wanted};
use super::state::{Standing, State};
use super::{planner, polling, watched};
use crate::change::deployed::{Declared, Track};
use crate::config::schema::RolloutSource;
use crate::config::trust::Permit;
use crate::drill::clock::Changes;
use crate::drill::headless::INCIDENT;
use crate::drill::kept::Played;
use crate::drill::live::{Live, News};
use crate::drill::replay::FACILITATOR;
use crate::incident::Entry;
use crate::journal::record::Record;
use crate::probe::Probe;
use crate::rollback::executor::{self, Eyes};
use crate::rollback::state as rollback;
use crate::test_results::live::Progress as Ran;
use crate::test_results::providers::{Asked, Heard, Servers};
use crate::{canary, change, checklist, http, test_results};

mod orders;

/// What carries out effects.
pub struct Hands {
    letters: Sending<Letter>,
    clock: Clock,
    words: LastWords,
    change: Option<change::source::Handle>,
    engaged: Option<Engaged>,
    stop: CancellationToken,
    tests_stop: CancellationToken,
    live: Option<Live>,
    news: Option<News>,
    asks: Asks,
    // Last: everything above may have tasks on it.
    runtime: Option<Runtime>,
}

/// What runs once the project is open.
struct Engaged {
    opened: Opened,
    tests: Option<test_results::source::Handle>,
    /// For the servers of test results.
    asked: Asked,
    canary: Arc<Notify>,
    running: watch::Sender<()>,
    plan: Arc<Notify>,
    /// For the items of the checklist that ask the world.
    checks: watch::Sender<()>,
    rollout: Arc<Notify>,
    /// What production and the canary say that they run, for the planner.
    declared: watch::Sender<Declared>,
    http: http::Client,
    /// The incident's ticket, for the tracker.
    ticket: watch::Sender<Option<String>>,
    /// Length and time of the journal's log at the last look.
    journal_written: Option<(u64, SystemTime)>,
}

impl Hands {
    /// Hands without anything to do yet; with a drill's world and its news, if this is one.
    pub fn new(
        letters: Sending<Letter>,
        clock: Clock,
        words: LastWords,
        drill: Option<(Live, News)>,
        runtime: Option<Runtime>,
    ) -> Self {
        let (live, news) = drill.unzip();
        let (stop, tests_stop) = (CancellationToken::new(), CancellationToken::new());
        let asks = Asks::WithoutIncident;
        Self { letters, clock, words, change: None, engaged: None, stop, tests_stop, live, news, asks, runtime }
    }

    /// The same, with another moment at which the assessment is asked for.
    #[must_use]
    pub fn asking(self, asks: Asks) -> Self {
        Self { asks, ..self }
    }

    /// The root of the work tree, once the project is open.
    pub fn root(&self) -> Option<PathBuf> {
        self.engaged.as_ref().map(|engaged| engaged.opened.root.clone())
    }

    /// The folder of a drill's journal.
    pub fn drill_folder(&self) -> Option<PathBuf> {
        self.live.as_ref().map(Live::state_dir)
    }

    /// The drill that was played, by what is on record.
    pub fn played(&self, records: &[Record]) -> Option<Played> {
        let live = self.live.as_ref()?;
        Some(self.runtime.as_ref()?.block_on(live.played(records)))
    }

    /// A drill begins with its incident declared, and its world speaks to the operator.
    fn begin_drill(&mut self, opened: &Opened) {
        let (Some(live), Some(mut news), Ok(writer)) = (&self.live, self.news.take(), &opened.writer) else { return };
        let (scenario, epoch, clock) = (live.scenario(), live.epoch(), live.clock().clone());
        let before = jiff::SignedDuration::try_from(scenario.incident.impact_before.duration()).unwrap_or_default();
        let declared = Entry::Declared {
            title: scenario.incident.title.clone(),
            severity: None,
            impact_at: epoch.checked_sub(before).ok(),
            ticket: scenario.incident.ticket.clone(),
            drill: Some(scenario.id.clone()),
        };
        writer.submit(declared.draft(INCIDENT, "drill", epoch));
        let briefing = Entry::DrillEvent { text: scenario.briefing.split_whitespace().collect::<Vec<_>>().join(" ") };
        writer.submit(briefing.draft(INCIDENT, "drill", epoch));
        self.tell(Toast::info("a drill: 6 and enter show the briefing, ? the keys"));
        let (writer, letters) = (writer.clone(), self.letters.clone());
        self.spawn(async move {
            while let Some(happening) = news.recv().await {
                if happening.actor == FACILITATOR {
                    letters.send(Letter::Happened(What::Told(Toast::info(happening.text.clone()))));
                }
                let entry = Entry::DrillEvent { text: happening.text };
                writer.submit(entry.draft(INCIDENT, &happening.actor, clock.time_of(happening.at)));
            }
        });
    }

    /// The runtime of sources and effects: one thread, beside the one that draws.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn runtime() -> std::io::Result<Runtime> {
        Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(8)
            .thread_name("sources")
            .thread_keep_alive(Duration::from_secs(2))
            .enable_all()
            .build()
    }

    /// Starts the runtime, if it was not needed before the first frame.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(&mut self) -> std::io::Result<()> {
        if self.runtime.is_none() {
            self.runtime = Some(Self::runtime()?);
        }
        if let Some(changes) = self.clock.changes() {
            self.spawn(watch_tempo(changes, self.letters.clone()));
        }
        Ok(())
    }

    /// Lets a task run until the cockpit ends.
    pub fn spawn(&self, task: impl Future<Output: Send> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(task);
        }
    }

    /// The project was found, and git is being asked.
    pub fn found(&mut self, state: &mut State, found: Found) {
        self.words.set(&found.last_words);
        state.comms.set_channels(&found.config.comms);
        state.project.config = found.config;
        self.change = Some(found.change);
    }

    /// The way in for sources.
    pub fn inlet(&self) -> Inlet {
        Inlet::new(self.letters.clone(), self.clock.clone())
    }

    /// The project is open: tells the state, and starts the other sources.
    pub fn opened(&mut self, state: &mut State, opened: Opened) -> Vec<What> {
        opened.hide_secrets();
        let mut whats = opened.tell(state);
        if self.live.is_none() && opened.writer.is_ok() {
            whats.push(What::Ask(self.asks));
        }
        self.begin_drill(&opened);
        if opened.writer.is_ok() && opened.has_long_journal {
            self.spawn(reading::read(opened.journal_folder.clone(), Wanted::Chain, self.letters.clone()));
        }
        let reads_tests = matches!(opened.standing, Standing::Trusted | Standing::Missing);
        let (canary, plan, http) = (Arc::new(Notify::new()), Arc::new(Notify::new()), http::Client::new());
        let asked = Asked::default();
        let tests = if reads_tests { self.start_tests(state, &opened, &http, asked.clone()) } else { None };
        let (running, declared) = (watch::Sender::new(()), watch::Sender::new(Declared::default()));
        if let (Some(permit), Some(watched)) = (opened.permit, &opened.config.canary) {
            state.canary = canary::state::State::new(watched);
            let source = canary::source::Source::new(watched, permit, http.clone(), opened.canary_keys.clone())
                .in_folder(&opened.root);
            self.spawn(polling::watch_canary(source, self.clock.clone(), canary.clone(), self.letters.clone()));
        }
        if let (Some(permit), Some(plan_config)) = (opened.permit, opened.config.rollback.clone()) {
            let planner = planner::Planner {
                root: opened.root.clone(),
                settings: (&opened.config).into(),
                rollback: plan_config,
                eyes: eyes(&opened, permit, &http),
                journal: opened.journal_folder.clone(),
                declared: declared.subscribe(),
            };
            self.spawn(planner::keep(planner, self.clock.clone(), plan.clone(), self.letters.clone()));
        }
        let rollout = Arc::new(Notify::new());
        if let (Some(permit), Some(source)) = (opened.permit, RolloutSource::of(&opened.config)) {
            let watched = watched::Rollout { source, eyes: eyes(&opened, permit, &http) };
            self.spawn(watched.watch(self.clock.clone(), rollout.clone(), self.letters.clone()));
        }
        let asked_running = [
            (Track::Production, opened.config.production.deployed.as_ref()),
            (Track::Canary, opened.config.canary.as_ref().and_then(|canary| canary.deployed.as_ref())),
        ];
        for (track, told) in asked_running {
            if let (Some(permit), Some(told)) = (opened.permit, told) {
                let source = change::source::Deployed::new(track, told, permit, http.clone(), &opened.root);
                let watched =
                    polling::watch_deployed(source, self.clock.clone(), running.subscribe(), self.letters.clone());
                self.spawn(watched);
            }
        }
        let checks = watch::Sender::new(());
        self.start_checks(&opened, &http, &checks);
        let ticket = watch::Sender::new(None);
        if let (Some(permit), Some(tracker)) = (opened.permit, opened.config.tracker.clone()) {
            let place = outgoing::tracker_place(&opened, permit, http.clone());
            let watched =
                outgoing::watch_tracker(tracker, place, ticket.subscribe(), self.clock.clone(), self.letters.clone());
            self.spawn(watched);
        }
        self.engaged = Some(Engaged {
            opened,
            tests,
            asked,
            canary,
            plan,
            checks,
            rollout,
            running,
            declared,
            http,
            ticket,
            journal_written: None,
        });
        whats
    }

    /// Reads report files on a thread of their own, and asks servers of test results, where the configuration names any.
    fn start_tests(
        &self,
        state: &State,
        opened: &Opened,
        http: &http::Client,
        asked: Asked,
    ) -> Option<test_results::source::Handle> {
        let files = test_results::source::Setup {
            root: opened.root.clone(),
            sources: opened.config.tests.clone(),
            state: opened.writer.is_ok().then(|| opened.journal_folder.clone()),
            production: state.tests.production().cloned(),
        };
        let send = self.inlet().of(What::Tests);
        let setup = opened.permit.map(|permit| opened.servers(http, permit));
        let servers = Servers::new(&opened.config, setup.as_ref());
        let started = if servers.is_empty() {
            test_results::source::start(files, send)
        } else {
            let (say, heard) = mpsc::unbounded_channel();
            self.spawn(servers.watch(opened.root.clone(), asked, (say.downgrade(), heard), send));
            let hear = move |it| drop(say.send(Heard::Local(it)));
            test_results::source::start(files, hear)
        };
        started.map_err(|error| self.tell(Toast::error(format!("tests: {error}")))).ok()
    }

    /// Asks the world for the items of the checklist that say how.
    fn start_checks(&self, opened: &Opened, http: &http::Client, asked: &watch::Sender<()>) {
        let Some(permit) = opened.permit else { return };
        let root = opened.root.clone();
        let probe = Probe::new(&root, permit, http.clone());
        let head: checklist::source::Head = Arc::new(move || change::source::head(&root));
        for source in checklist::source::Source::all(&opened.config.checklist, &probe, &head) {
            self.spawn(polling::watch_item(source, self.clock.clone(), asked.subscribe(), self.letters.clone()));
        }
    }

    /// Carries out an effect that is not the loop's own.
    pub fn carry_out(&mut self, effect: Effect, now: Timestamp) {
        let Some(engaged) = &self.engaged else {
            // What the cockpit asks of itself comes again; what the operator asks must not get lost in silence.
            if matches!(
                effect,
                Effect::Record { .. } | Effect::Export(_) | Effect::Rollback { .. } | Effect::Deliver { .. }
            ) {
                self.tell(Toast::error("the project is still being opened: try again in a moment"));
            }
            if effect == Effect::RunTests {
                self.ran(Ran::Refused("the project is still being opened: try again in a moment".into()));
            }
            return;
        };
        match effect {
            Effect::Record { incident, entry, actor } => self.record(engaged, &incident, &entry, actor, now),
            Effect::CountUsers => self.count_users(engaged),
            Effect::ListIncidents => self.read(engaged, Wanted::List),
            Effect::Export(incident) => self.export(engaged, incident, now),
            Effect::Load(incident) => self.read(engaged, Wanted::Incident(incident)),
            Effect::LoadEarlier { incident, before, count } => {
                self.read(engaged, Wanted::Earlier { incident, before, count });
            }
            Effect::Refresh => {
                self.change.iter().for_each(change::source::Handle::refresh);
                engaged.refresh();
            }
            Effect::ShowFile(shown, from) => self.change.iter().for_each(|source| source.show(shown.clone(), from)),
            Effect::Replan => {
                engaged.plan.notify_one();
                engaged.checks.send_replace(());
                engaged.asked.moved();
            }
            Effect::Deployed(declared) => {
                self.change.iter().for_each(|source| source.declared(declared.clone()));
                engaged.declared.send_replace(declared);
                engaged.plan.notify_one();
            }
            Effect::Rollback { effect, incident } => self.rollback(effect, &incident),
            Effect::Deliver { incident, notice, channels } => self.deliver(engaged, &incident, notice, &channels),
            Effect::Track(ticket) => drop(engaged.ticket.send_replace(ticket)),
            Effect::RunTests => self.run_tests(),
            Effect::StopTests(orgs) => self.stop_tests(&orgs),
            Effect::Steer(order) => self.steer(order, engaged.opened.operator.clone()),
            Effect::Baseline(production) => {
                engaged.tests.iter().for_each(|tests| tests.set_production(production.clone()));
                engaged.asked.set_production(production);
            }
            Effect::Edit(_) | Effect::OpenPage(_) | Effect::Copy(_) => {}
            Effect::ToggleMouse | Effect::Suspend | Effect::Quit | Effect::Notify(_) => {}
        }
    }

    fn read(&self, engaged: &Engaged, wanted: Wanted) {
        self.spawn(reading::read(engaged.opened.journal_folder.clone(), wanted, self.letters.clone()));
    }

    fn ran(&self, progress: Ran) {
        self.letters.send(Letter::Happened(What::TestRun(progress)));
    }

    fn record(&self, engaged: &Engaged, incident: &str, entry: &Entry, actor: Actor, now: Timestamp) {
        let actor = match actor {
            Actor::Operator => &engaged.opened.operator,
            Actor::Cockpit => "hotfix",
        };
        match &engaged.opened.writer {
            Ok(writer) => writer.submit(entry.draft(incident, actor, now)),
            Err(why) => self.tell(Toast::error(format!("NOT recorded: {why}"))),
        }
    }

    fn tell(&self, toast: Toast) {
        self.letters.send(Letter::Happened(What::Told(toast)));
    }

    /// Looks whether another process appended to the journal: only when its file has changed, for the writer's thread
    /// should sleep.
    pub fn look(&mut self) {
        let Some(engaged) = &mut self.engaged else { return };
        let log = engaged.opened.journal_folder.join("journal.db-wal");
        let written = std::fs::metadata(log).and_then(|data| Ok((data.len(), data.modified()?))).ok();
        if engaged.journal_written != written {
            engaged.journal_written = written;
            if let Ok(writer) = &engaged.opened.writer {
                writer.look();
            }
        }
    }

    /// Looks who holds the lock of a rollback that this cockpit does not run.
    pub fn look_at_lock(&self) {
        if let Some(engaged) = &self.engaged {
            let held = rollback::Event::Held(executor::holder(&engaged.opened.journal_folder));
            self.letters.send(Letter::Happened(What::Rollback(held)));
            self.settle(engaged);
        }
    }

    /// What a supervisor wrote down of a step whose cockpit is gone comes on record by the first who sees it.
    fn settle(&self, engaged: &Engaged) {
        let folder = engaged.opened.journal_folder.clone();
        if let (Ok(writer), Some(_)) = (&engaged.opened.writer, &engaged.opened.pen)
            && executor::outcome_file(&folder).exists()
        {
            let writer = writer.clone();
            self.spawn(async move {
                let settled = tokio::task::spawn_blocking(move || executor::settle(&folder, &writer)).await;
                if let Ok(Err(error)) = settled {
                    tracing::error!("the outcome of a rollback's step is not on record: {error}");
                }
            });
        }
    }

    /// Waits until everything that was recorded is durable.
    pub fn finish(&self) {
        if let Some(Ok(writer)) = self.engaged.as_ref().map(|it| &it.opened.writer) {
            writer.flush();
        }
    }
}

impl Engaged {
    fn refresh(&self) {
        if let Some(tests) = &self.tests {
            tests.refresh();
        }
        self.asked.refresh();
        self.canary.notify_one();
        self.running.send_replace(());
        self.checks.send_replace(());
        self.plan.notify_one();
        self.rollout.notify_one();
    }
}

/// What looks at the world for the plans of a rollback.
fn eyes(opened: &Opened, permit: Permit, http: &http::Client) -> Eyes {
    let hide = opened.hide();
    let hide = Arc::new(move |secret: String| hide(&secret));
    let state = Some(opened.journal_folder.clone());
    Eyes { permit, http: http.clone(), directory: opened.root.clone(), state, hide }
}

/// Tells how a drill's clock goes: the banner shows it, and whoever steers may be at another terminal.
async fn watch_tempo(mut changes: Changes, letters: Sending<Letter>) {
    let mut jumps = 0;
    while let Some(going) = changes.next().await {
        letters.send(Letter::Happened(What::Tempo(going.tempo)));
        if std::mem::replace(&mut jumps, going.jumps) != going.jumps {
            letters.send(Letter::Happened(What::Skipped));
        }
    }
}
