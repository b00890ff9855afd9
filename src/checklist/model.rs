//! What the checklist looks at, what it says, and the room's state.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::check::Checks;
use super::gates;
use super::items::{self, Item};
use super::notes::Says;
use super::readiness::{self, Standing};
use super::snapshot;
use crate::canary::model::Report as CanaryReport;
use crate::change::model::{Report as ChangeReport, Worktree};
use crate::config::schema::{Checklist, Limits};
use crate::evidence::{Observed, Oid, Subject};
use crate::incident::entry::Snapshot;
use crate::incident::rehearsals::Rehearsals;
use crate::incident::{Incident, Severity, Stage};
use crate::rollback::model::Plan;
use crate::test_results::model::State as TestResults;
use crate::tracker::model::Issue;

/// Everything that a gate may look at, at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The moment.
    pub now: Timestamp,
    /// The incident, if one is open.
    pub incident: Option<&'a Incident>,
    /// What git knows of P..H.
    pub change: &'a Observed<ChangeReport>,
    /// How the work tree differs from HEAD.
    pub worktree: &'a Observed<Worktree>,
    /// The test results, with what the room remembers of them.
    pub tests: &'a TestResults,
    /// The canary; `None` when none is configured.
    pub canary: Option<&'a Observed<CanaryReport>>,
    /// The rollback plan; `None` when none is configured.
    pub plan: Option<&'a Observed<Plan>>,
    /// The incident's issue; `None` when no tracker is configured.
    pub tracker: Option<&'a Observed<Issue>>,
    /// What the items got for an answer that ask the world.
    pub checks: &'a Checks,
    /// The rehearsals of the rollback, of whatever incident.
    pub rehearsals: &'a Rehearsals,
    /// The team's changes to the checklist.
    pub config: &'a Checklist,
    /// What counts as small.
    pub limits: Limits,
}

impl Inputs<'_> {
    /// The hotfix tip; `None` while git's answer is not fresh, for then nobody knows whether it moved.
    pub fn head(&self) -> Option<Subject> {
        let head = &self.change.fresh(self.now)?.value.head;
        head.oid.as_ref()?;
        Some(Subject { commit: head.oid.clone(), tree: head.tree.clone() })
    }

    /// The stage that the incident is in; the first one without an incident.
    pub fn stage(&self) -> Stage {
        self.incident.map_or(Stage::Assess, |incident| incident.stage)
    }

    /// How bad it is, once somebody has said so.
    pub fn severity(&self) -> Option<Severity> {
        self.incident?.severity
    }
}

/// Whether a gate holds its stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// It does, until it is satisfied or overridden.
    Required,
    /// It is counted, and holds nothing.
    Advised,
}

/// Where a gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateState {
    /// Fresh evidence or a person satisfies it.
    Satisfied,
    /// Nothing satisfies it yet.
    Open,
    /// Something did: it is too old, or about another commit.
    Stale,
    /// Fresh evidence speaks against it.
    Failed,
    /// A person passed it with a reason and a name.
    Overridden,
    /// Its condition does not hold.
    NotApplicable,
}

/// Who satisfies a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Evidence, by itself.
    Evidence,
    /// A person, by a tick or an override.
    Person,
}

/// The evidence that a gate looked at, whichever way it spoke.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Seen {
    /// Who saw it.
    pub source: String,
    /// The commit, or else the tree, that it was seen on.
    pub subject: Option<Oid>,
    /// When; `None` where the journal does not say.
    pub observed_at: Option<Timestamp>,
    /// How long it may be believed, in seconds; `None` for what does not age.
    pub ttl_s: Option<u64>,
    /// The value, for the screen.
    pub value: Option<String>,
}

/// What a person said of a gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// The person.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The note of a tick, or the reason of an override.
    pub text: Option<String>,
    /// Who does it, where it was handed over.
    pub owner: Option<String>,
    /// By when.
    pub due_at: Option<Timestamp>,
    /// The hotfix tip then.
    pub head: Option<Oid>,
}

/// A gate at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateStatus {
    /// The item's id.
    pub id: String,
    /// What has to be so.
    pub text: String,
    /// Where it belongs.
    pub stage: Stage,
    /// Whether it holds the stage.
    pub strength: Strength,
    /// Where it stands.
    pub state: GateState,
    /// Who satisfies it; `None` while it is not satisfied.
    pub by: Option<By>,
    /// The evidence that was looked at.
    pub evidence: Option<Seen>,
    /// What a person said, whether it counts or not.
    pub said: Option<Said>,
    /// One sentence: why it stands there.
    pub why: String,
    /// What would satisfy it.
    pub next: String,
    /// What the note of a tick has to hold before the tick counts.
    pub says: Option<Says>,
    /// What the note of a tick has to name before the tick counts.
    pub to_name: Vec<String>,
    /// Whether somebody may answer for it by a time, instead of doing it now.
    pub deferrable: bool,
    /// Whether it wants a second person, so that one who is alone can only break the glass.
    pub break_glass: bool,
    /// Whether it is open for want of data alone, which comes by itself.
    pub awaits_data: bool,
}

impl GateStatus {
    /// Whether it lets the stage go on.
    pub fn is_passed(&self) -> bool {
        matches!(self.state, GateState::Satisfied | GateState::Overridden | GateState::NotApplicable)
    }

    /// Whether it holds its stage now.
    pub fn is_blocking(&self) -> bool {
        self.strength == Strength::Required && !self.is_passed()
    }
}

impl GateState {
    /// In the words of the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::Open => "open",
            Self::Stale => "stale",
            Self::Failed => "failed",
            Self::Overridden => "overridden",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// A row of the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// A stage; its gates follow if it is unfolded.
    Stage(Stage),
    /// A gate, by its place in [`State::gates`].
    Gate(usize),
}

/// The room's state: the gates as they stood at the last update.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    team: Checklist,
    items: Vec<Item>,
    gates: Vec<GateStatus>,
    standing: Standing,
    stage: Stage,
    has_incident: bool,
    flipped: BTreeSet<Stage>,
    rows: Vec<Row>,
}

/// The gates at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The team's checklist and its items, where these changed.
    team: Option<(Checklist, Vec<Item>)>,
    gates: Vec<GateStatus>,
    standing: Standing,
    stage: Stage,
    has_incident: bool,
}

impl State {
    /// The team's items, looked at for the first time.
    pub fn new(inputs: &Inputs) -> Self {
        let items = items::of(inputs.config);
        let gates = gates::evaluate(&items, inputs);
        let standing = readiness::assess(inputs, &gates);
        let mut state = Self {
            team: inputs.config.clone(),
            items,
            gates,
            standing,
            stage: inputs.stage(),
            has_incident: inputs.incident.is_some(),
            flipped: BTreeSet::new(),
            rows: Vec::new(),
        };
        state.lay_rows();
        state
    }

    /// Looks at everything again. Returns whether the picture changed.
    pub fn update(&mut self, inputs: &Inputs) -> bool {
        let picture = self.look(inputs);
        let is_news = picture.is_some();
        picture.into_iter().for_each(|picture| self.show(picture));
        is_news
    }

    /// Looks at everything again; `None` where nothing changed.
    pub fn look(&self, inputs: &Inputs) -> Option<Picture> {
        let team = (self.team != *inputs.config).then(|| (inputs.config.clone(), items::of(inputs.config)));
        let gates = gates::evaluate(team.as_ref().map_or(&self.items, |(_, items)| items), inputs);
        let standing = readiness::assess(inputs, &gates);
        let (stage, has_incident) = (inputs.stage(), inputs.incident.is_some());
        let is_same = self.gates == gates && self.standing == standing;
        if is_same && team.is_none() && self.stage == stage && self.has_incident == has_incident {
            return None;
        }
        Some(Picture { team, gates, standing, stage, has_incident })
    }

    /// Takes a picture over. Entering another stage folds and unfolds the stages afresh.
    pub fn show(&mut self, picture: Picture) {
        let Picture { team, gates, standing, stage, has_incident } = picture;
        if let Some((team, items)) = team {
            (self.team, self.items) = (team, items);
        }
        if self.stage != stage {
            self.flipped.clear();
        }
        (self.gates, self.standing, self.stage, self.has_incident) = (gates, standing, stage, has_incident);
        self.lay_rows();
    }

    /// What every room shows at the moment, beside a decision.
    pub fn snapshot(&self, inputs: &Inputs) -> Snapshot {
        snapshot::of(inputs, &self.gates, &self.standing)
    }

    /// Every gate, in the order of the process.
    pub fn gates(&self) -> &[GateStatus] {
        &self.gates
    }

    /// What the gates come to.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The stage that the incident is in.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether an incident is open.
    pub fn has_incident(&self) -> bool {
        self.has_incident
    }

    /// The rows of the pane: the present stage, then those behind it, then those ahead.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The gate in a row, if it holds one: what Space ticks and `O` overrides.
    pub fn gate_at(&self, row: usize) -> Option<&GateStatus> {
        match self.rows.get(row)? {
            Row::Gate(index) => self.gates.get(*index),
            Row::Stage(_) => None,
        }
    }

    /// Whether a stage's gates are shown.
    pub fn is_unfolded(&self, stage: Stage) -> bool {
        self.opens_by_itself(stage) != self.flipped.contains(&stage)
    }

    /// Folds or unfolds the stage in a row; `false` when the row is none.
    pub fn toggle(&mut self, row: usize) -> bool {
        let Some(Row::Stage(stage)) = self.rows.get(row).copied() else { return false };
        if !self.flipped.remove(&stage) {
            self.flipped.insert(stage);
        }
        self.lay_rows();
        true
    }

    /// The present stage is open, and so is an earlier one that still holds it.
    fn opens_by_itself(&self, stage: Stage) -> bool {
        let holds = || self.gates.iter().any(|gate| gate.stage == stage && gate.is_blocking());
        stage == self.stage || stage < self.stage && holds()
    }

    fn lay_rows(&mut self) {
        let (behind, ahead): (Vec<_>, Vec<_>) =
            Stage::ALL.into_iter().filter(|stage| *stage != self.stage).partition(|stage| *stage < self.stage);
        let order = [self.stage].into_iter().chain(behind).chain(ahead);
        self.rows = order.flat_map(|stage| self.rows_of(stage)).collect();
    }

    fn rows_of(&self, stage: Stage) -> Vec<Row> {
        let mut rows = vec![Row::Stage(stage)];
        if self.is_unfolded(stage) {
            let gates = self.gates.iter().enumerate();
            rows.extend(gates.filter(|(_, gate)| gate.stage == stage).map(|(index, _)| Row::Gate(index)));
        }
        rows
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
