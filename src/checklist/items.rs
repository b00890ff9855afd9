//! The items of the checklist as data. The default ones are embedded from `assets/checklist.toml`.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::check::Expected;
use super::notes::Says;
use super::rules::{Condition, Rows, Rule};
use crate::config::schema::{Checklist, ChecklistItem, SeverityName, StageName};
use crate::incident::{Severity, Stage};

/// One item, as the file has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Short, kept for good: journals name items by it.
    pub id: String,
    /// Where it belongs.
    pub stage: Stage,
    /// What has to be so.
    pub text: String,
    /// What would satisfy it.
    pub hint: String,
    /// The evidence that satisfies it by itself; without one, a person ticks.
    pub rule: Option<Rule>,
    /// One gate for each of these, with its own evidence and its own tick.
    pub rows: Option<Rows>,
    /// The text of such a gate; `{row}` is what it is about.
    pub row_text: Option<String>,
    /// What the note of a tick has to say before the tick counts.
    pub says: Option<Says>,
    /// Whether it wants a second person, so that one who is alone can only break the glass.
    #[serde(default)]
    pub break_glass: bool,
    /// What the world has to answer, where it is asked.
    #[serde(skip)]
    pub check: Option<Expected>,
    /// Whether somebody may answer for it by a time, instead of doing it now.
    #[serde(default)]
    pub deferrable: bool,
    /// The severities at which it holds the stage; at all others it is advised.
    pub required: BTreeSet<Severity>,
    /// Required only if a condition holds.
    pub when: Option<When>,
    /// Whether it is about the change: a mark turns stale when the hotfix tip moves.
    #[serde(default)]
    pub tip_bound: bool,
    /// How long a tick holds while its stage lasts.
    #[serde(default, deserialize_with = "ttl")]
    pub ttl: Option<Duration>,
}

/// Required only if a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The condition.
    pub condition: Condition,
    /// What the item is where it does not hold.
    pub otherwise: Otherwise,
}

/// What an item is where its condition does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Otherwise {
    /// Shown and counted, but it holds nothing.
    Advised,
    /// Put aside, with the reason.
    NotApplicable,
}

/// Why a checklist file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemsError {
    /// It is no TOML, or not of this shape.
    #[error("{0}")]
    Shape(String),
    /// Two items have one id.
    #[error("two items have the id `{0}`")]
    Twice(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    item: Vec<Item>,
}

/// Reads a checklist file.
///
/// # Errors
/// When it is not of the right shape, names an unknown rule, or uses an id twice.
pub fn parse(text: &str) -> Result<Vec<Item>, ItemsError> {
    let file: File = toml::from_str(text).map_err(|error| ItemsError::Shape(error.to_string()))?;
    let mut ids = BTreeSet::new();
    match file.item.iter().find(|item| !ids.insert(item.id.as_str())) {
        Some(item) => Err(ItemsError::Twice(item.id.clone())),
        None => Ok(file.item),
    }
}

/// The default items.
pub fn defaults() -> Vec<Item> {
    parse(include_str!("../../assets/checklist.toml")).expect("the embedded checklist is tested")
}

/// The items of a team: the default ones less those that it dropped, as it changed them, and its own behind them.
pub fn of(team: &Checklist) -> Vec<Item> {
    let mut items = defaults();
    items.retain(|item| !team.drop.contains(&item.id));
    for given in &team.item {
        match items.iter_mut().find(|item| item.id == given.id) {
            Some(item) => item.change(given),
            None => items.extend(Item::own(given)),
        }
    }
    items.sort_by_key(|item| item.stage);
    items
}

fn stage(name: StageName) -> Stage {
    match name {
        StageName::Assess => Stage::Assess,
        StageName::Develop => Stage::Develop,
        StageName::Deploy => Stage::Deploy,
        StageName::Monitor => Stage::Monitor,
    }
}

fn severity(name: SeverityName) -> Severity {
    match name {
        SeverityName::Sev1 => Severity::Sev1,
        SeverityName::Sev2 => Severity::Sev2,
        SeverityName::Sev3 => Severity::Sev3,
    }
}

impl Item {
    /// An item of the team's own; `None` for one that the check of `hotfix.toml` refuses.
    fn own(given: &ChecklistItem) -> Option<Self> {
        let mut item = Self {
            id: given.id.clone(),
            stage: stage(given.stage?),
            text: given.text.clone()?,
            hint: "look at it, then tick".to_owned(),
            rule: None,
            rows: None,
            row_text: None,
            says: None,
            check: None,
            deferrable: false,
            break_glass: false,
            required: BTreeSet::new(),
            when: None,
            tip_bound: false,
            ttl: None,
        };
        if given.is_asking() {
            "make its check answer as expected".clone_into(&mut item.hint);
        }
        item.change(given);
        Some(item)
    }

    /// Takes over what the team says of it.
    fn change(&mut self, given: &ChecklistItem) {
        self.stage = given.stage.map_or(self.stage, stage);
        for (mine, theirs) in [(&mut self.text, &given.text), (&mut self.hint, &given.hint)] {
            if let Some(theirs) = theirs {
                mine.clone_from(theirs);
            }
        }
        if let Some(required) = &given.required {
            self.required = required.iter().copied().map(severity).collect();
            // Who grades it anew means it whether or not the condition holds.
            self.when = self.when.filter(|when| when.otherwise == Otherwise::NotApplicable);
        }
        self.tip_bound = given.tip_bound.unwrap_or(self.tip_bound);
        self.ttl = given.ttl.or(self.ttl);
        self.check = Expected::of(given);
    }

    /// What has to be so, for the whole or for one row.
    pub fn text_of(&self, row: Option<&str>) -> String {
        match (row, &self.row_text) {
            (Some(row), Some(text)) => text.replace("{row}", row),
            (Some(row), None) => format!("{}: {row}", self.text),
            (None, _) => self.text.clone(),
        }
    }

    /// Whether it holds its stage at this severity; where none is set, as at the highest.
    pub fn is_required_at(&self, severity: Option<Severity>) -> bool {
        self.required.contains(&severity.unwrap_or(Severity::Sev1))
    }
}

fn ttl<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let refuse = || serde::de::Error::custom(format!("`{text}` is no duration: write `30m` or `24h`"));
    let span: jiff::SignedDuration = text.parse().map_err(|_| refuse())?;
    Duration::try_from(span).map(Some).map_err(|_| refuse())
}

#[cfg(test)]
#[path = "items_tests.rs"]
mod tests;
