//! When what happened: the timestamps of an incident, each with who says so and whether a person had to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::evidence::text::clean;
use crate::incident::model::Clock;
use crate::incident::{Decision, Entry, Incident, PromotionState, RollbackEnd, Stage};
use crate::journal::record::Record;

/// Under which name the program itself is on record.
pub const PROGRAM: &str = "hotfix";
/// The item that a reviewer ticks, and the one that says that the symptom is gone.
const REVIEW: &str = "b9";
const SYMPTOM: &str = "d2";

/// A record with what it says.
#[derive(Debug, Clone)]
pub struct Event<'r> {
    /// As it stands in the journal.
    pub record: &'r Record,
    /// What it says; `None` for what this version cannot read.
    pub entry: Option<Entry>,
}

impl<'r> Event<'r> {
    /// Reads the records, in their order.
    pub fn read(records: &'r [Record]) -> Vec<Self> {
        records.iter().map(|record| Self { record, entry: Entry::of(record) }).collect()
    }

    /// Whether a person did it.
    pub fn is_by_person(&self) -> bool {
        self.record.actor != PROGRAM && !matches!(self.entry, Some(Entry::DrillEvent { .. }) | None)
    }
}

/// Which moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Id {
    /// Users began to notice.
    ImpactStart,
    /// The first sign was seen.
    Detected,
    /// It was put on record.
    Declared,
    /// The first person did something about it.
    Acknowledged,
    /// The first decision.
    Decided,
    /// The first commit of the fix was written.
    FixFirstCommit,
    /// The fix was first pushed.
    Pushed,
    /// The tests of the tip that was shipped were green.
    TestsGreen,
    /// A reviewer vouched for it.
    Approved,
    /// The deploy stage began.
    DeployStart,
    /// The canary was first judged.
    CanaryStart,
    /// The fix was everywhere.
    PromotedFull,
    /// The last rollback was fired.
    RollbackStart,
    /// It came to its end.
    RollbackEnd,
    /// Users were no longer harmed.
    Mitigated,
    /// The symptom was gone for good.
    Resolved,
    /// The incident was closed.
    Closed,
}

/// Whether a person had to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The program saw it by itself.
    Auto,
    /// A person said it.
    Manual,
}

/// A moment; unknown ones say why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// Which.
    pub id: Id,
    /// In words.
    pub name: &'static str,
    /// When; `None` while nobody knows.
    pub at: Option<Timestamp>,
    /// Who says so; for an unknown one, what would have said it.
    pub source: String,
    /// Whether a person had to; `None` for an unknown one.
    pub how: Option<How>,
}

impl Id {
    /// All of them, in the order of an incident where all goes well.
    pub const ALL: [Self; 17] = [
        Self::ImpactStart,
        Self::Detected,
        Self::Declared,
        Self::Acknowledged,
        Self::Decided,
        Self::FixFirstCommit,
        Self::Pushed,
        Self::TestsGreen,
        Self::Approved,
        Self::DeployStart,
        Self::CanaryStart,
        Self::PromotedFull,
        Self::RollbackStart,
        Self::RollbackEnd,
        Self::Mitigated,
        Self::Resolved,
        Self::Closed,
    ];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::ImpactStart => "impact began",
            Self::Detected => "detected",
            Self::Declared => "declared",
            Self::Acknowledged => "acknowledged",
            Self::Decided => "first decision",
            Self::FixFirstCommit => "first commit of the fix",
            Self::Pushed => "pushed",
            Self::TestsGreen => "tests green",
            Self::Approved => "approved",
            Self::DeployStart => "deploy began",
            Self::CanaryStart => "canary first judged",
            Self::PromotedFull => "fully promoted",
            Self::RollbackStart => "rollback fired",
            Self::RollbackEnd => "rollback ended",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// What would have told it.
    fn teller(self) -> &'static str {
        match self {
            Self::ImpactStart => "nobody said when it began: `hotfix declare --since`",
            Self::FixFirstCommit => "the commits of the fix are not in the journal: git knows them",
            Self::Pushed => "no push of the hotfix branch is on record",
            Self::TestsGreen => "no green result of the last tip is on record",
            Self::Approved => "nobody ticked b9",
            Self::DeployStart => "the deploy stage was not entered",
            Self::CanaryStart => "no verdict is on record",
            Self::PromotedFull => "the monitor stage was not entered, or it was rolled back",
            Self::RollbackStart | Self::RollbackEnd => "no rollback was fired",
            Self::Mitigated => "neither a verified rollback nor the monitor stage is on record",
            Self::Resolved => "nobody ticked d2, and it is not closed",
            Self::Decided => "no decision is on record",
            Self::Detected | Self::Declared | Self::Acknowledged | Self::Closed => "not on record",
        }
    }
}

type Told = (Timestamp, String, How);

/// Every moment of an incident, known or not, and when each target had the fix.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    told: BTreeMap<Id, Told>,
    /// When each target had the fix.
    pub targets: Vec<(String, Timestamp)>,
    clock: Clock,
}

impl Moments {
    /// Reads them off the events. `first_commit` is when the first commit of the fix was written, where git told it.
    pub fn of(events: &[Event], incident: &Incident, first_commit: Option<Timestamp>) -> Self {
        let mut moments = Self { told: BTreeMap::new(), targets: Vec::new(), clock: incident.clock.clone() };
        moments.tell(Id::ImpactStart, incident.impact_at.map(|at| (at, "said by who declared it".into(), How::Manual)));
        moments.tell(Id::FixFirstCommit, first_commit.map(|at| (at, "git".into(), How::Auto)));
        moments.detect(events);
        moments.decide(events);
        moments.tell(Id::Pushed, pushed(events));
        moments.tell(Id::TestsGreen, tests_green(events));
        moments.deploy(events, incident);
        moments.end(events, incident);
        moments.targets = targets(events);
        moments
    }

    /// Whether nothing makes the time between two moments doubtful.
    pub fn is_sure(&self, start: Timestamp, end: Timestamp) -> bool {
        self.clock.is_sure(start, end)
    }

    /// When it was; `None` while nobody knows.
    pub fn at(&self, id: Id) -> Option<Timestamp> {
        self.told.get(&id).map(|told| told.0)
    }

    /// All of them, in the order of the process.
    pub fn all(&self) -> Vec<Moment> {
        Id::ALL.into_iter().map(|id| self.moment(id)).collect()
    }

    fn moment(&self, id: Id) -> Moment {
        match self.told.get(&id).cloned() {
            Some((at, source, how)) => Moment { id, name: id.name(), at: Some(at), source, how: Some(how) },
            None => Moment { id, name: id.name(), at: None, source: id.teller().to_owned(), how: None },
        }
    }

    fn tell(&mut self, id: Id, told: Option<Told>) {
        if let Some(told) = told {
            self.told.entry(id).or_insert(told);
        }
    }

    fn detect(&mut self, events: &[Event]) {
        let declared = first(events, |event| matches!(event.entry, Some(Entry::Declared { .. })));
        let declared = declared.map(|event| (event.record.at, "journal".to_owned(), how(event)));
        let alarm = events.iter().find_map(|event| match &event.entry {
            Some(Entry::VerdictChanged { metric, to, .. }) if is_alarm(to) => {
                Some((event.record.at, format!("canary: {} {}", clean(metric), clean(to)), How::Auto))
            }
            _ => None,
        });
        let earlier = declared.iter().chain(&alarm).min_by_key(|told| told.0).cloned();
        let since = earlier.as_ref().map(|told| told.0);
        self.tell(Id::Declared, declared);
        self.tell(Id::Detected, earlier);
        let by_person = first(events, |event| event.is_by_person() && Some(event.record.at) >= since);
        self.tell(Id::Acknowledged, by_person.map(|event| (event.record.at, what(event), How::Manual)));
    }

    fn decide(&mut self, events: &[Event]) {
        let decided = first(events, |event| matches!(event.entry, Some(Entry::Decided { .. })));
        self.tell(Id::Decided, decided.map(|event| (event.record.at, "journal".into(), how(event))));
        let review = |event: &Event| matches!(&event.entry, Some(Entry::Ticked { item, .. }) if item == REVIEW);
        let approved = events.iter().rfind(|event| review(event));
        self.tell(Id::Approved, approved.map(|event| (event.record.at, format!("tick of {REVIEW}"), How::Manual)));
    }

    fn deploy(&mut self, events: &[Event], incident: &Incident) {
        let stage = |stage: Stage| {
            let entered =
                first(events, |event| matches!(event.entry, Some(Entry::StageEntered { stage: it }) if it == stage));
            entered.map(|event| (event.record.at, format!("entered stage {}", stage.label()), how(event)))
        };
        let deploy = stage(Stage::Deploy);
        let since = deploy.as_ref().map(|told| told.0);
        self.tell(Id::DeployStart, deploy);
        let is_verdict = |event: &Event| matches!(event.entry, Some(Entry::VerdictChanged { .. }));
        let canary = first(events, |event| is_verdict(event) && since.is_none_or(|since| event.record.at >= since));
        self.tell(Id::CanaryStart, canary.map(|event| (event.record.at, "canary".into(), How::Auto)));
        if incident.rollback.is_none_or(|rollback| rollback.end != RollbackEnd::Verified) {
            self.tell(Id::PromotedFull, stage(Stage::Monitor));
        }
        let fired = events.iter().rfind(|event| matches!(event.entry, Some(Entry::RollbackFired { .. })));
        self.tell(Id::RollbackStart, fired.map(|event| (event.record.at, "journal".into(), how(event))));
        let ended = events.iter().rev().find_map(|event| match &event.entry {
            Some(Entry::RollbackEnded { end, .. }) => Some((event.record.at, end.label().to_owned(), How::Auto)),
            _ => None,
        });
        self.tell(Id::RollbackEnd, ended);
    }

    fn end(&mut self, events: &[Event], incident: &Incident) {
        let verified =
            |event: &&Event| matches!(event.entry, Some(Entry::RollbackEnded { end: RollbackEnd::Verified, .. }));
        let back = events.iter().find(verified);
        self.tell(Id::Mitigated, back.map(|event| (event.record.at, "rollback verified".into(), How::Auto)));
        self.tell(Id::Mitigated, self.told.get(&Id::PromotedFull).cloned());
        let is_gone = |event: &&Event| matches!(&event.entry, Some(Entry::Ticked { item, .. }) if item == SYMPTOM);
        let gone = events.iter().rfind(is_gone);
        self.tell(Id::Resolved, gone.map(|event| (event.record.at, format!("tick of {SYMPTOM}"), How::Manual)));
        let closed = incident.closed_at.map(|at| (at, "closed".to_owned(), How::Manual));
        self.tell(Id::Resolved, closed.clone());
        self.tell(Id::Closed, closed);
    }
}

fn first<'e, 'r>(events: &'e [Event<'r>], is_it: impl Fn(&Event) -> bool) -> Option<&'e Event<'r>> {
    events.iter().find(|event| is_it(event))
}

fn how(event: &Event) -> How {
    if event.record.actor == PROGRAM { How::Auto } else { How::Manual }
}

/// A few words for what a person did.
fn what(event: &Event) -> String {
    event.record.kind.replace('_', " ")
}

/// A verdict that means harm.
pub fn is_alarm(verdict: &str) -> bool {
    matches!(verdict, "suspect" | "regressed")
}

/// When the tests of the last tip were first green, if nothing red came after it.
fn tests_green(events: &[Event]) -> Option<Told> {
    events.iter().fold(None, |green, event| match &event.entry {
        Some(Entry::HeadMoved { .. }) => None,
        Some(Entry::TestsSeen { failed, .. }) if *failed > 0 => None,
        Some(Entry::TestsSeen { passed, .. }) if *passed > 0 => {
            green.or_else(|| Some((event.record.at, "test reports".to_owned(), How::Auto)))
        }
        _ => green,
    })
}

/// When the fix first left this machine: the branch on the remote was seen to move, or a target was pushed.
fn pushed(events: &[Event]) -> Option<Told> {
    events.iter().find_map(|event| match &event.entry {
        Some(Entry::Pushed(push)) => Some((event.record.at, format!("git: {}", clean(&push.branch)), How::Auto)),
        Some(Entry::Promotion(step)) if step.state == PromotionState::Pushed => {
            Some((event.record.at, format!("git: {}", clean(&step.target)), how(event)))
        }
        _ => None,
    })
}

/// When each target had the fix: pushed where that is on record, else done here.
fn targets(events: &[Event]) -> Vec<(String, Timestamp)> {
    let mut reached = BTreeMap::new();
    for event in events {
        let Some(Entry::Promotion(step)) = &event.entry else { continue };
        match step.state {
            PromotionState::Done | PromotionState::Pushed => {
                reached.insert(clean(&step.target), event.record.at);
            }
            PromotionState::TakenBack => drop(reached.remove(&clean(&step.target))),
            PromotionState::Intent | PromotionState::Conflict | PromotionState::Pushing => {}
        }
    }
    reached.into_iter().collect()
}

/// Whether what was deployed had to be taken back: it was rolled back, or that was decided.
pub fn failed_deploy(events: &[Event]) -> bool {
    events.iter().any(|event| match &event.entry {
        Some(Entry::RollbackFired { .. }) => true,
        Some(Entry::Decided { decision, .. }) => *decision == Decision::RollBack,
        _ => false,
    })
}
