//! A drill that a script operates: as fast as the machine goes, through the same adapters as a person's.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::deeds::PROGRAM;
use super::kept::Played;
use super::moment::Moment;
use super::pushes;
use super::repository::SetupError;
use super::rollout::Order;
use super::scenario::Scenario;
use super::score::{Score, score};
use super::script::{Action, Script, Timed};
use super::server::Desk;
use super::site::{Report, Site};
use crate::comms::model;
use crate::incident::{Decision, Entry, Incident, NoticeWritten, Stage};
use crate::journal::record::{Draft, Record};
use crate::journal::{JournalError, Memory, Recorder};

/// The key of the incident in the drill's own journal.
pub const INCIDENT: &str = "drill";
/// When every headless drill starts: a Tuesday in the afternoon.
pub const EPOCH: Timestamp = Timestamp::constant(1_741_096_800, 0);

/// How long after a scrape it is asked for, in seconds: sources wait until a sample is surely in.
const SETTLING_S: u64 = 1;
/// Between two looks at whether somebody waits for an answer of the world, in real time.
const GLANCE: Duration = Duration::from_millis(5);

/// What a run asks of the rooms.
pub trait Rooms {
    /// Looks at everything once. Returns what the program itself puts on record: verdicts, tests, a moved tip.
    fn look(&mut self, now: Timestamp) -> impl Future<Output = Vec<Entry>> + Send;

    /// Tells the stakeholders, and puts each step of that on record in `ledger`, in the name of `by`.
    fn say(
        &mut self,
        ledger: &Arc<Ledger>,
        by: &str,
        notice: NoticeWritten,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Arms the rollback and fires it, and puts each state of it on record in `ledger`, in the name of `by`. One that
    /// was fired before goes on where it stands, unless it is to begin `over`.
    fn roll_back(
        &mut self,
        ledger: &Arc<Ledger>,
        by: &str,
        over: bool,
    ) -> impl Future<Output = Result<(), String>> + Send;
}

/// A run that came to its end.
#[derive(Debug, Clone)]
pub struct Run {
    /// What it comes to.
    pub score: Score,
    /// What happened, for whoever keeps it.
    pub played: Played,
}

/// Why a run could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The place could not be set up.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// An action could not be carried out.
    #[error("at {at}: {what}")]
    Action {
        /// When.
        at: Moment,
        /// What.
        what: String,
    },
}

/// Sets a site up, opens the rooms on it, and plays the script.
///
/// # Errors
/// When the site cannot be set up, or an action cannot be carried out.
pub async fn run<R: Rooms>(
    scenario: Scenario,
    seed: u64,
    script: &Script,
    open: impl AsyncFnOnce(&Site) -> Result<R, SetupError>,
) -> Result<Run, RunError> {
    let ledger = Arc::new(Ledger::new(EPOCH));
    let clock = Arc::clone(&ledger);
    let site = Site::set_up(scenario, seed, EPOCH, Arc::new(move || clock.moment())).await?;
    let rooms = open(&site).await?;
    let mut player = Player { report: site.report(), site, rooms, ledger };
    player.declare();
    player.play(script).await?;
    let outcome = player.site.desk().with(|world| world.outcome()).await.unwrap_or_default();
    let (scenario, records) = (player.site.scenario().clone(), player.ledger.records());
    let score = score(&scenario, seed, &records, &outcome);
    Ok(Run { score, played: Played { scenario, seed, speed: None, ended: player.ledger.moment(), records, outcome } })
}

struct Player<R> {
    site: Site,
    report: Report,
    rooms: R,
    ledger: Arc<Ledger>,
}

impl<R: Rooms> Player<R> {
    fn declare(&self) {
        let scenario = self.site.scenario();
        let before = SignedDuration::try_from(scenario.incident.impact_before.duration()).ok();
        self.enter(&Entry::Declared {
            title: scenario.incident.title.clone(),
            severity: None,
            impact_at: before.and_then(|before| EPOCH.checked_sub(before).ok()),
            ticket: scenario.incident.ticket.clone(),
            drill: Some(scenario.id.clone()),
        });
    }

    /// Looks at each scrape once it has settled, and acts when the script says so.
    async fn play(&mut self, script: &Script) -> Result<(), RunError> {
        let (length, scrape) = (self.site.scenario().length, self.site.scenario().service.scrape.secs());
        let mut next_look = SETTLING_S;
        let in_time = script.actions.iter().take_while(|action| action.at <= length);
        for action in in_time.map(Some).chain([None]) {
            let until = action.map_or(length, |action| action.at);
            while next_look <= until.secs() {
                self.look(Moment::from_secs(next_look)).await;
                next_look += scrape;
            }
            let Some(action) = action else { return Ok(()) };
            self.advance(action.at).await;
            self.act(script, action).await.map_err(|what| RunError::Action { at: action.at, what })?;
            if matches!(action.action, Action::Close { .. }) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn advance(&mut self, moment: Moment) {
        self.ledger.advance_to(moment);
        // A report that cannot be written is seen where it is missing: by the look at the tests.
        let _ = self.report.write().await;
    }

    async fn look(&mut self, moment: Moment) {
        self.advance(moment).await;
        for entry in self.rooms.look(self.ledger.now()).await {
            self.enter(&entry);
        }
    }

    fn enter(&self, entry: &Entry) {
        self.enter_by(PROGRAM, entry);
    }

    fn enter_by(&self, by: &str, entry: &Entry) {
        let recorded = self.ledger.record(entry.draft(INCIDENT, by, self.ledger.now()));
        debug_assert!(recorded.is_ok(), "memory takes every record");
    }

    async fn act(&mut self, script: &Script, timed: &Timed) -> Result<(), String> {
        let by = timed.by.as_deref().unwrap_or(&script.operator);
        if let Some(entry) = self.entry(&timed.action, by) {
            self.enter_by(by, &entry);
        }
        match timed.action {
            Action::Rollback { over } => {
                let (desk, ledger) = (self.site.desk().clone(), Arc::clone(&self.ledger));
                tokio::select! {
                    done = self.rooms.roll_back(&self.ledger, by, over) => done,
                    () = pass(desk, ledger) => Ok(()),
                }
            }
            Action::Say { ref text, next } => {
                let notice = self.notice(by, text.clone(), next);
                self.rooms.say(&self.ledger, by, notice).await
            }
            Action::Promote { weight, .. } => {
                self.order(weight).await;
                Ok(())
            }
            Action::Rerun {} => {
                self.site.desk().with(|world| world.rerun_tests()).await;
                Ok(())
            }
            Action::Rebuild {} => self.rebuild(by),
            Action::Mend {} => pushes::mend(self.site.root(), by, self.ledger.now()).map_err(|error| error.to_string()),
            _ => Ok(()),
        }
    }

    /// Makes the branch anew on what runs in production.
    fn rebuild(&self, by: &str) -> Result<(), String> {
        let production = &self.site.scenario().service.stable.version;
        let rebuilt = pushes::rebuild(self.site.repository(), production, by, self.ledger.now());
        rebuilt.map_err(|error| error.to_string())
    }

    /// Gives the canary another weight. A refusal is part of the story, not the end of the run.
    async fn order(&self, weight: u8) {
        let ordered = self.site.desk().with(move |world| world.order(Order::Weight(weight))).await;
        if let Some(Err(refusal)) = ordered {
            self.enter(&Entry::Noted { text: format!("the rollout took no order: {refusal}") });
        }
    }

    /// What an action puts on record. The rollback and the notices do that by themselves; the rest is seen by the next look.
    fn entry(&self, action: &Action, by: &str) -> Option<Entry> {
        let head = Some(self.site.repository().head.clone());
        Some(match action.clone() {
            Action::Assess { impact, users, workaround, severity } => {
                Entry::Assessed { impact, users, workaround, severity }
            }
            Action::Role { role, name } => Entry::RoleTaken { role, name },
            Action::Stage { stage } => Entry::StageEntered { stage },
            Action::Tick { item, note } => Entry::Ticked { item, note, head },
            Action::Override { item, reason } => Entry::Overridden { item, reason, name: by.to_owned(), head },
            Action::Decide { decision, reason } => decided(decision, reason),
            Action::Promote { reason, .. } => decided(Decision::Promote, reason),
            Action::Note { text } => Entry::Noted { text },
            Action::Close { open } => Entry::Closed { open },
            Action::Say { .. } | Action::Rollback { .. } => return None,
            Action::Rerun {} | Action::Mend {} | Action::Rebuild {} => return None,
        })
    }

    /// A notice about the stage that the incident is in; the rooms know to whom it goes.
    fn notice(&self, by: &str, text: String, next: Option<Moment>) -> NoticeWritten {
        let in_seconds = |next: Moment| self.ledger.moment().secs() + next.secs();
        let next_update_at = next.map(|next| self.ledger.at(Moment::from_secs(in_seconds(next))));
        let stage = Incident::fold(&self.ledger.records()).map_or(Stage::Assess, |incident| incident.stage);
        let key = model::key(INCIDENT, by, &text, self.ledger.now());
        NoticeWritten { key, about: stage.into(), text, next_update_at, channels: Vec::new() }
    }
}

fn decided(decision: Decision, reason: String) -> Entry {
    Entry::Decided { decision, reason, readiness: None, snapshot: None }
}

/// Lets the time go on while somebody waits for an answer of the world. It ends with the world.
async fn pass(desk: Desk, ledger: Arc<Ledger>) {
    while let Some(held) = desk.with(|world| world.held_until()).await {
        held.into_iter().for_each(|until| ledger.advance_to(until));
        tokio::time::sleep(GLANCE).await;
    }
}

/// The journal of a run, and its clock: virtual seconds since the start.
#[derive(Debug)]
pub struct Ledger {
    memory: Memory,
    epoch: Timestamp,
    seconds: AtomicU64,
}

impl Ledger {
    fn new(epoch: Timestamp) -> Self {
        Self { memory: Memory::default(), epoch, seconds: AtomicU64::new(0) }
    }

    /// Virtual seconds since the start.
    pub fn moment(&self) -> Moment {
        Moment::from_secs(self.seconds.load(Ordering::Relaxed))
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        self.at(self.moment())
    }

    fn at(&self, moment: Moment) -> Timestamp {
        let passed = SignedDuration::from_secs(moment.secs().cast_signed());
        self.epoch.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// Time never goes back: a rollback may have taken it further than the script thought.
    fn advance_to(&self, moment: Moment) {
        self.seconds.fetch_max(moment.secs(), Ordering::Relaxed);
    }

    /// Everything on record.
    pub fn records(&self) -> Vec<Record> {
        self.memory.records()
    }
}

impl Recorder for Ledger {
    /// Each state of a step takes a second, so that the timeline of a rollback reads in its order.
    fn record(&self, draft: Draft) -> Result<Record, JournalError> {
        let takes = u64::from(draft.kind == "step");
        let record = self.memory.record(Draft { at: self.now(), ..draft })?;
        self.seconds.fetch_add(takes, Ordering::Relaxed);
        Ok(record)
    }
}

#[cfg(test)]
#[path = "headless_tests.rs"]
mod tests;
