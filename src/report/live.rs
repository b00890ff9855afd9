//! What live sources add to the journal: the change and its risk, the canary's curves, the gates. It is taken in only
//! while it is about this incident: a closed one, or another tip, has left the repository behind.

use jiff::Timestamp;
use serde::Serialize;

use crate::checklist::model::{GateStatus, Inputs, Strength};
use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::incident::entry::{ChangeSeen, CurveSeen, Left, LeftOpen};
use crate::{canary, change};

/// What git alone knows, in the words of what is unknown.
pub const CHANGE: &str = "the change";
/// What the metric server alone knows.
pub const CURVES: &str = "the canary's curves";

/// What the sources said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Live {
    /// The change, and when git told it.
    pub change: Option<(Timestamp, ChangeSeen)>,
    /// The curves of the canary's metrics, the worst first, and when they were seen.
    pub curves: Option<(Timestamp, Vec<CurveSeen>)>,
    /// The gates that are not passed.
    pub open: Option<Vec<Open>>,
    /// What did not answer, in sentences.
    pub unknown: Vec<String>,
}

/// A gate that is not passed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Open {
    id: String,
    text: Option<String>,
    /// Whether it holds its stage; `None` where the journal alone speaks.
    required: Option<bool>,
    why: String,
}

impl Open {
    /// An item that was named when the incident was closed.
    pub fn named(id: &str) -> Self {
        Self { id: id.to_owned(), text: None, required: None, why: "named when the incident was closed".to_owned() }
    }

    /// What was left open with an owner.
    pub fn left(left: &LeftOpen) -> Vec<Self> {
        let why = clean(&format!("{} sees to it: {}", left.owner, left.reason));
        let item =
            |it: &Left| Self { id: clean(&it.id), text: Some(clean(&it.what)), required: None, why: why.clone() };
        left.items.iter().map(item).collect()
    }

    fn gate(gate: &GateStatus) -> Self {
        let required = Some(gate.strength == Strength::Required);
        Self { id: gate.id.clone(), text: Some(gate.text.clone()), required, why: gate.why.clone() }
    }
}

impl Live {
    /// What the sources said of the incident whose tip was last at `tip`.
    pub fn of(inputs: &Inputs, gates: &[GateStatus], tip: Option<&Oid>) -> Self {
        let mut live = Self::default();
        match inputs.change.evidence().map(|evidence| (evidence.observed_at, &evidence.value)) {
            Some((_, report)) if tip.is_some() && report.head.oid.as_ref() != tip => {
                live.unknown.push(format!("{CHANGE}: the repository is at another commit than the incident's tip"));
            }
            Some((at, report)) => live.change = Some((at, change::kept::seen(report))),
            None => live.unknown.push(format!("{CHANGE}: git did not answer{}", because(inputs.change.failure()))),
        }
        match inputs.canary.map(|canary| (canary.evidence(), canary.failure())) {
            Some((Some(seen), _)) => live.curves = Some((seen.observed_at, canary::kept::curves(&seen.value))),
            Some((None, failure)) => live.unknown.push(format!("{CURVES}: no answer{}", because(failure))),
            None => live.unknown.push(format!("{CURVES}: no canary is configured")),
        }
        live.open = Some(gates.iter().filter(|gate| !gate.is_passed()).map(Open::gate).collect());
        live
    }

    /// Nothing was asked: the journal alone speaks.
    pub fn unasked(why: &str) -> Self {
        let what = [CHANGE, CURVES, "the gates that are open"];
        Self { unknown: what.iter().map(|what| format!("{what}: {why}")).collect(), ..Self::default() }
    }
}

fn because(failure: Option<&crate::evidence::Failure>) -> String {
    failure.map_or_else(String::new, |failure| format!(" ({})", failure.what))
}
