//! An item, its evidence and what a person said of it, as one gate.

use jiff::SignedDuration;

use super::items::{Item, Otherwise};
use super::model::{By, GateState, GateStatus, Inputs, Said, Strength};
use super::rules::{Finding, Outcome};
use crate::evidence::text::clean;
use crate::incident::model::{Mark, MarkKind};

/// Every item at one moment.
pub fn evaluate(items: &[Item], inputs: &Inputs) -> Vec<GateStatus> {
    items.iter().map(|item| gate(item, inputs)).collect()
}

/// One item at one moment.
pub fn gate(item: &Item, inputs: &Inputs) -> GateStatus {
    match strength(item, inputs) {
        Ok(strength) => weigh(item, inputs, strength),
        Err(why) => put_aside(item, why),
    }
}

/// How strong the item is now; `Err` with the reason where it does not apply.
fn strength(item: &Item, inputs: &Inputs) -> Result<Strength, String> {
    let by_severity = if item.is_required_at(inputs.severity()) { Strength::Required } else { Strength::Advised };
    let Some(when) = item.when else { return Ok(by_severity) };
    match (when.condition.holds(inputs), when.otherwise) {
        (Ok(()), _) => Ok(by_severity),
        (Err(_), Otherwise::Advised) => Ok(Strength::Advised),
        (Err(why), Otherwise::NotApplicable) => Err(why),
    }
}

fn put_aside(item: &Item, why: String) -> GateStatus {
    GateStatus {
        state: GateState::NotApplicable,
        why,
        next: "nothing to do".to_owned(),
        ..blank(item, Strength::Advised)
    }
}

fn blank(item: &Item, strength: Strength) -> GateStatus {
    GateStatus {
        id: item.id.clone(),
        text: item.text.clone(),
        stage: item.stage,
        strength,
        state: GateState::Open,
        by: None,
        evidence: None,
        said: None,
        why: String::new(),
        next: item.hint.clone(),
        awaits_data: false,
    }
}

/// Evidence first: where it holds, nobody needs to say anything; where it speaks against the item or is
/// not enough, only an override passes; where it cannot say, a tick counts.
fn weigh(item: &Item, inputs: &Inputs, strength: Strength) -> GateStatus {
    let finding = match item.rule {
        Some(rule) => rule.check(inputs, item),
        None => Finding::asks("no evidence tells this: a person says it"),
    };
    let mark = inputs.incident.and_then(|incident| incident.marks.get(&item.id));
    let mut gate = GateStatus { said: mark.map(said), ..blank(item, strength) };
    let (state, by) = match finding.outcome {
        Outcome::Holds => (GateState::Satisfied, Some(By::Evidence)),
        Outcome::Fails => (GateState::Failed, None),
        Outcome::Stale => (GateState::Stale, None),
        Outcome::Unmet | Outcome::Asks => (GateState::Open, None),
    };
    (gate.state, gate.by, gate.awaits_data) = (state, by, finding.awaits_data);
    gate.why.clone_from(&finding.why);
    if let (Some(mark), None) = (mark, by) {
        hear(&mut gate, item, inputs, mark, finding.outcome);
    }
    if gate.is_passed() {
        "nothing to do".clone_into(&mut gate.next);
        gate.awaits_data = false;
    }
    gate.evidence = finding.seen.map(|seen| *seen);
    gate
}

/// Lets a person's mark count where it may.
fn hear(gate: &mut GateStatus, item: &Item, inputs: &Inputs, mark: &Mark, outcome: Outcome) {
    let by = clean(&mark.by);
    let (state, words) = match &mark.kind {
        MarkKind::Overridden { reason } if reason.trim().is_empty() || by.trim().is_empty() => {
            gate.why = format!("{} (an override without a reason and a name does not count)", gate.why);
            return;
        }
        MarkKind::Overridden { reason } => (GateState::Overridden, format!("overridden by {by}: {}", clean(reason))),
        MarkKind::Ticked { .. } if outcome != Outcome::Asks => {
            gate.why = format!("{} (the tick of {by} does not outweigh it)", gate.why);
            return;
        }
        MarkKind::Ticked { note: Some(note) } => (GateState::Satisfied, format!("{by}: {}", clean(note))),
        MarkKind::Ticked { note: None } => (GateState::Satisfied, format!("ticked by {by}")),
    };
    match outlived(item, inputs, mark) {
        // That evidence speaks against it is the worse news.
        Some(why) if gate.state == GateState::Failed => gate.why = format!("{} ({words}; {why})", gate.why),
        Some(why) => (gate.state, gate.why, gate.awaits_data) = (GateState::Stale, format!("{words}; {why}"), false),
        None => (gate.state, gate.by, gate.why) = (state, Some(By::Person), words),
    }
}

/// Why a mark no longer counts: the tip moved, or its time is over while its stage lasts.
fn outlived(item: &Item, inputs: &Inputs, mark: &Mark) -> Option<String> {
    if item.tip_bound {
        let head = inputs.head().and_then(|head| head.commit);
        match (&mark.head, head) {
            (Some(then), Some(now)) if *then == now => {}
            (Some(then), Some(now)) => {
                return Some(format!("that was {}, and the tip is {} now", then.short(), now.short()));
            }
            (None, _) => return Some("it names no commit".to_owned()),
            (_, None) => return Some("git does not tell whether the tip moved since".to_owned()),
        }
    }
    let lasts = inputs.stage() <= item.stage;
    let ttl = item.ttl.filter(|_| lasts).and_then(|ttl| SignedDuration::try_from(ttl).ok())?;
    let is_over = inputs.now.duration_since(mark.at) > ttl;
    is_over.then(|| "that was too long ago".to_owned())
}

fn said(mark: &Mark) -> Said {
    let text = match &mark.kind {
        MarkKind::Ticked { note } => note.as_deref().map(clean),
        MarkKind::Overridden { reason } => Some(clean(reason)),
    };
    Said { by: clean(&mark.by), at: mark.at, text, head: mark.head.clone() }
}

#[cfg(test)]
#[path = "gates_tests.rs"]
mod tests;
