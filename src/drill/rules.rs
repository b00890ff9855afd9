//! The part of a scenario that says what is expected, and what it is worth.

use serde::Deserialize;

use super::moment::Moment;
use crate::incident::{Decision, Role};

/// `[expected]`: what the operator should decide.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The right decision.
    pub decision: Decision,
    /// Decisions that are neither right nor wrong here.
    #[serde(default)]
    pub also_fine: Vec<Decision>,
}

/// `[scoring]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    /// Up to 20 points.
    pub detect: Detect,
    /// Up to 25 points.
    pub decide: Decide,
    /// Up to 20 points.
    pub act: Act,
    /// Up to 20 points.
    pub discipline: Discipline,
    /// Up to 15 points.
    pub comms: Comms,
    /// Points beside the dimensions; the whole is never more than 100.
    #[serde(default)]
    pub bonus: Vec<Bonus>,
}

/// `[scoring.detect]`: the first correct observation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detect {
    /// Words that name the signal; one of them, in any case, in a note, reason or notice.
    pub signals: Vec<String>,
    /// What the moments below count from.
    #[serde(default)]
    pub since: Since,
    /// Nothing that is said before counts.
    pub from: Moment,
    /// All points until then (T1).
    pub full_until: Moment,
    /// No points from then on (T2); fewer and fewer between the two.
    pub zero_from: Moment,
}

/// What the moments of a rule count from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// The start of the drill.
    #[default]
    Start,
    /// The moment at which a rollback came to an end that is not a good one.
    RollbackStuck,
}

/// `[scoring.decide]`: the right decision, with a reason.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// The evidence was not there before: a right decision is premature.
    #[serde(default)]
    pub not_before: Moment,
    /// What a premature one costs.
    #[serde(default)]
    pub premature: u32,
    /// All points until then.
    pub full_until: Moment,
    /// No points from then on; fewer and fewer between the two.
    pub zero_from: Moment,
    /// A promotion before the canary saw this many requests voids the dimension.
    #[serde(default)]
    pub promote_needs_requests: u64,
    /// What its reason has to name: one of these words; one of the signals without them.
    #[serde(default)]
    pub cites: Vec<String>,
    /// What is left of a wrong decision when somebody put the signal into words all the same.
    #[serde(default)]
    pub named_anyway: u32,
    /// A promotion in this time, in which nothing could be seen, voids the dimension.
    pub blind: Option<Window>,
    /// Which failures of the tests may be answered for.
    pub triage: Option<Triage>,
}

/// Which failures of the tests may be answered for: an override that is not by these names voids the dimension.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triage {
    /// The items that it is about.
    pub items: Vec<String>,
    /// The tests that are flaky: all of them have to be named.
    pub flaky: Vec<String>,
    /// The tests that fail for a reason.
    pub real: Vec<String>,
}

/// A stretch of time: from its first moment up to, and without, its last.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// From when.
    pub from: Moment,
    /// Until when.
    pub until: Moment,
}

impl Window {
    /// Whether a moment is in it.
    pub fn holds(&self, at: Moment) -> bool {
        self.from <= at && at < self.until
    }
}

/// `[scoring.act]`: what was done.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// What should be done.
    pub wants: Deed,
    /// What the look has to name, before or after the action: one of these words, in any case. Anything that is said
    /// afterwards does without them.
    #[serde(default)]
    pub look: Vec<String>,
    /// Items that must be ticked or overridden before a promotion.
    #[serde(default)]
    pub gates: Vec<String>,
    /// Items that must be ticked or overridden before the end, for `see-to`.
    #[serde(default)]
    pub items: Vec<String>,
    /// Giving the new version all the traffic in this time voids the dimension.
    pub void: Option<Window>,
}

/// What should be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Roll back, verify, and look again.
    RollBack,
    /// Leave production as it is, and look again.
    StandStill,
    /// See to the items before the incident is closed, after looking at what they take.
    SeeTo,
    /// Mend the cause by a new commit, and have its tests run, after looking at what failed.
    Mend,
}

/// `[scoring.discipline]`: the checklist.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discipline {
    /// The items that a person must see to, in their order.
    pub items: Vec<String>,
    /// When the evidence of an item was stale, so that ticking it was wrong.
    #[serde(default)]
    pub stale: Vec<Stale>,
    /// How often the tests may be run again without a word on what they showed.
    pub reruns: Option<Reruns>,
}

/// How often the tests may be run again without a word on what they showed.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reruns {
    /// So often.
    pub most: u32,
    /// What more than that costs.
    pub costs: u32,
}

/// A time in which the evidence of some items was stale.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stale {
    /// From when.
    pub from: Moment,
    /// Until when.
    pub until: Moment,
    /// Which items.
    pub items: Vec<String>,
    /// What each tick in that time costs.
    #[serde(default = "three")]
    pub costs: u32,
}

fn three() -> u32 {
    3
}

/// `[scoring.comms]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comms {
    /// The first notice is due then.
    pub first_notice: Moment,
    /// The longest silence after it.
    pub silence: Moment,
    /// The roles that must be held before anything is done to production.
    pub roles: Vec<Role>,
}

/// `[[scoring.bonus]]`: points beside the dimensions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bonus {
    /// What earns them.
    pub when: BonusRule,
    /// How many.
    pub points: u32,
    /// What the moments below count from.
    #[serde(default)]
    pub since: Since,
    /// Not before.
    #[serde(default)]
    pub from: Moment,
    /// Not later.
    pub until: Moment,
    /// What for, in a sentence.
    pub why: String,
}

/// What earns a bonus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BonusRule {
    /// A person put the signal into words.
    SignalNamed,
    /// The severity was raised.
    SeverityRaised,
}

/// `[[caps]]`: what limits the whole score.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// When it applies.
    pub when: CapRule,
    /// The score at most.
    pub limit: u32,
    /// Why, in a sentence.
    pub why: String,
}

/// When a cap applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapRule {
    /// The new version got all the traffic.
    PromotedFully,
    /// It was promoted while required tests were red, and nobody overrode that gate (b6).
    PromotedWithRedTests,
    /// At the end the instances of a track ran different versions.
    LeftMixed,
    /// The incident was closed while the back-merge (d4) was open.
    ClosedWithoutBackMerge,
}
