//! The rooms of a headless run: the same adapters as the cockpit's, on the drill's own world.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::headless::{INCIDENT, Ledger, Rooms};
use super::repository::SetupError;
use super::site::Site;
use crate::canary::{source as prometheus, state as canary};
use crate::change::source as git;
use crate::comms::source::courier::Courier;
use crate::comms::source::{self as comms, Hide};
use crate::config::load;
use crate::config::schema::Config;
use crate::config::trust::Permit;
use crate::evidence::{Oid, Subject};
use crate::http::Client;
use crate::incident::{Entry, NoticeWritten};
use crate::journal::Recorder;
use crate::rollback::execution::Execution;
use crate::rollback::executor::{Executor, Place};
use crate::rollback::model::Plan;
use crate::rollback::plan::{self, Contents};
use crate::rollback::state::{Order, resume};
use crate::test_results::source::Reports;

/// The real adapters.
#[derive(Debug)]
pub struct RealRooms {
    root: PathBuf,
    state: PathBuf,
    config: Config,
    http: Client,
    prometheus: prometheus::Source,
    canary: canary::State,
    reports: Reports,
    tests: Option<Entry>,
    head: Option<Oid>,
}

impl RealRooms {
    /// Opens the rooms on a site, by the `hotfix.toml` that stands there.
    ///
    /// # Errors
    /// When that cannot be read.
    pub async fn open(site: &Site) -> Result<Self, SetupError> {
        let loaded = load::find(site.root()).map_err(|error| SetupError { what: error.to_string() })?;
        let config = loaded.ok_or_else(|| SetupError { what: "the drill has no hotfix.toml".into() })?.config;
        let watched = config.canary.clone().ok_or_else(|| SetupError { what: "the drill has no [canary]".into() })?;
        let http = Client::new();
        Ok(Self {
            root: site.root().to_owned(),
            state: site.state_dir(),
            prometheus: prometheus::Source::new(
                &watched,
                Permit::for_drill(),
                http.clone(),
                prometheus::Keys::default(),
            ),
            canary: canary::State::new(&watched),
            reports: Reports::new(site.root(), &config.tests),
            tests: None,
            head: None,
            http,
            config,
        })
    }

    async fn look_at_canary(&mut self, now: Timestamp) -> Vec<Entry> {
        let seen = self.prometheus.poll(now).await;
        self.canary.update(seen, now);
        self.canary.take_changes().iter().map(canary::Change::entry).collect()
    }

    /// Only a tip that moved is worth a whole look.
    fn look_at_change(&mut self) -> Option<Entry> {
        let tip = git2::Repository::open(&self.root).ok()?.head().ok()?.target()?.to_string();
        if self.head.as_ref().is_some_and(|head| head.as_str() == tip) {
            return None;
        }
        let report = git::read(&self.root, &git::Settings::from(&self.config)).ok()?;
        let to = report.value.head.oid?;
        let from = self.head.replace(to.clone());
        Some(Entry::HeadMoved { from, to })
    }

    /// The end of a run of the tests, or another result of it; a report that still grows is neither.
    fn look_at_tests(&mut self, now: Timestamp) -> Option<Entry> {
        let head = self.head.clone().map(Subject::commit);
        let report = self.reports.look(head.as_ref(), now).value;
        if report.runs.is_empty() || Reports::is_writing(&report) {
            return None;
        }
        let (passed, failed) = (report.totals.passed, report.totals.bad());
        let seen = Some(Entry::TestsSeen { subject: report.subject, passed, failed });
        let is_news = self.tests != seen;
        self.tests.clone_from(&seen);
        seen.filter(|_| is_news)
    }

    fn plan(&self) -> Result<Plan, String> {
        let rollback = self.config.rollback.as_ref().ok_or("the drill has no [rollback]")?;
        let settings = git::Settings::from(&self.config);
        let back = git::rollback_contents(&self.root, &settings, Some("HEAD"), rollback.to.as_deref());
        let back = back.map_err(|failure| failure.what)?;
        let way = rollback.ways().into_iter().next().ok_or("the drill has no plan")?;
        let plan = Contents::of(&back).and_then(|contents| plan::build(&way, contents, &[]));
        plan.map_err(|error| error.to_string())
    }

    fn executor(&self, ledger: &Arc<Ledger>, by: &str) -> Executor {
        let clock = Arc::clone(ledger);
        let recorder: Arc<dyn Recorder> = Arc::<Ledger>::clone(ledger);
        let place = Place {
            recorder,
            incident: INCIDENT.to_owned(),
            actor: by.to_owned(),
            http: self.http.clone(),
            directory: self.root.clone(),
            state: self.state.clone(),
            shared: None,
            now: Arc::new(move || clock.now()),
            hide: Arc::new(|_| {}),
        };
        Executor::new(Permit::for_drill(), place)
    }

    fn courier(&self, ledger: &Arc<Ledger>, by: &str) -> Courier {
        let (records, clock) = (Arc::clone(ledger), Arc::clone(ledger));
        let recorder: Arc<dyn Recorder> = Arc::<Ledger>::clone(ledger);
        let hide: Hide = Arc::new(|_| {});
        Courier {
            place: comms::Place { permit: Permit::for_drill(), http: self.http.clone(), root: self.root.clone(), hide },
            recorder,
            records: Arc::new(move || Ok(records.records())),
            locks: self.state.clone(),
            incident: INCIDENT.to_owned(),
            actor: by.to_owned(),
            now: Arc::new(move || clock.now()),
            real: Arc::new(|_| Duration::ZERO),
            patience: Duration::from_secs(60),
            unknown_too: false,
        }
    }

    /// The order to go on where an unfinished rollback stands, else (or `over`) a new one, which is armed first.
    fn order(&self, ledger: &Ledger, by: &str, over: bool) -> Result<Order, String> {
        let records = ledger.records();
        if let Some(unfinished) = Execution::fold(&records).filter(|it| it.is_unfinished() && !over) {
            return resume(&unfinished, None);
        }
        let plan = self.plan()?;
        let armed = Entry::RollbackArmed { plan: plan.hash(), target: plan.to.reference.clone() };
        ledger.record(armed.draft(INCIDENT, by, ledger.now())).map_err(|error| error.to_string())?;
        Ok(Order::from(plan))
    }
}

impl Rooms for RealRooms {
    async fn look(&mut self, now: Timestamp) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.look_at_change().into_iter().collect();
        entries.extend(self.look_at_tests(now));
        entries.extend(self.look_at_canary(now).await);
        entries
    }

    async fn say(&mut self, ledger: &Arc<Ledger>, by: &str, notice: NoticeWritten) -> Result<(), String> {
        let channels = self.config.comms.clone();
        let (key, names) = (notice.key.clone(), channels.iter().map(|channel| channel.name.clone()).collect());
        let written = Entry::NoticeWritten(Box::new(NoticeWritten { channels: names, ..notice }));
        ledger.record(written.draft(INCIDENT, by, ledger.now())).map_err(|error| error.to_string())?;
        for (name, outcome) in self.courier(ledger, by).deliver(&key, channels).await {
            let state = outcome.map_err(|error| error.to_string())?;
            if !state.has_arrived() {
                return Err(format!("the drill's channel {name} is {}", state.label()));
            }
        }
        Ok(())
    }

    async fn roll_back(&mut self, ledger: &Arc<Ledger>, by: &str, over: bool) -> Result<(), String> {
        let order = self.order(ledger, by, over)?;
        let executor = self.executor(ledger, by);
        executor.run(order, &|_| {}, &CancellationToken::new()).await.map(drop)
    }
}
