//! An item, its evidence and what a person said of it, as one gate.

use jiff::SignedDuration;

use super::items::{Item, Otherwise};
use super::model::{By, GateState, GateStatus, Inputs, Said, Strength};
use super::notes::names;
use super::rules::{self, Finding, Outcome, first_of};
use crate::evidence::text::clean;
use crate::incident::Incident;
use crate::incident::model::{Mark, MarkKind};

/// Every item at one moment.
pub fn evaluate(items: &[Item], inputs: &Inputs) -> Vec<GateStatus> {
    items.iter().flat_map(|item| gates(item, inputs)).collect()
}

/// One item at one moment: one gate, or one for each of its rows.
fn gates(item: &Item, inputs: &Inputs) -> Vec<GateStatus> {
    let strength = match strength(item, inputs) {
        Ok(strength) => strength,
        Err(why) => return vec![put_aside(item, why)],
    };
    let rows = item.rows.filter(|_| item.check.is_none()).map_or_else(Vec::new, |rows| rows.findings(inputs));
    if rows.is_empty() {
        return vec![weigh(item, None, inputs, strength, finding(item, inputs))];
    }
    rows.into_iter().map(|(row, finding)| weigh(item, Some(&row), inputs, strength, finding)).collect()
}

/// What evidence says of a whole item. A check of the team's own answers what the rule would ask a person; it does not
/// outweigh what the rule has against it.
fn finding(item: &Item, inputs: &Inputs) -> Finding {
    let told = item.rule.map(|rule| rule.check(inputs, item));
    let Some(expected) = &item.check else {
        return told.unwrap_or_else(|| Finding::asks("no evidence tells this: a person says it"));
    };
    let is_open = |found: &Finding| matches!(found.outcome, Outcome::Holds | Outcome::Asks);
    told.filter(|found| !is_open(found)).unwrap_or_else(|| rules::asked(inputs, item, expected))
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
        ..blank(item, None, Strength::Advised)
    }
}

fn blank(item: &Item, row: Option<&str>, strength: Strength) -> GateStatus {
    GateStatus {
        id: row.map_or_else(|| item.id.clone(), |row| format!("{}/{row}", item.id)),
        text: item.text_of(row),
        stage: item.stage,
        strength,
        state: GateState::Open,
        by: None,
        evidence: None,
        said: None,
        why: String::new(),
        next: item.hint.clone(),
        says: item.says,
        to_name: Vec::new(),
        deferrable: item.deferrable,
        break_glass: item.break_glass,
        awaits_data: false,
    }
}

/// Evidence first: where it holds, nobody needs to say anything; where it speaks against the item or is
/// not enough, only an override passes; where it cannot say, a tick counts.
fn weigh(item: &Item, row: Option<&str>, inputs: &Inputs, strength: Strength, finding: Finding) -> GateStatus {
    let mark = inputs.incident.and_then(|incident| mark_on(incident, item, row));
    let mut gate = GateStatus { said: mark.map(said), ..blank(item, row, strength) };
    let (state, by) = match finding.outcome {
        Outcome::Holds => (GateState::Satisfied, Some(By::Evidence)),
        Outcome::Fails => (GateState::Failed, None),
        Outcome::Stale => (GateState::Stale, None),
        Outcome::Unmet | Outcome::Asks => (GateState::Open, None),
    };
    (gate.state, gate.by, gate.awaits_data) = (state, by, finding.awaits_data);
    gate.why.clone_from(&finding.why);
    if let (Some(mark), None) = (mark, by) {
        hear(&mut gate, item, inputs, mark, &finding);
    }
    if gate.is_passed() {
        "nothing to do".clone_into(&mut gate.next);
        gate.awaits_data = false;
    }
    gate.break_glass |= finding.alone;
    gate.to_name = finding.to_name;
    gate.evidence = finding.seen.map(|seen| *seen);
    gate
}

/// What a person said of a gate: of that row, else of the whole item. An override of the whole passes every row;
/// any other word counts for the rows that it names.
fn mark_on<'a>(incident: &'a Incident, item: &Item, row: Option<&str>) -> Option<&'a Mark> {
    let whole = incident.marks.get(&item.id);
    let Some(row) = row else { return whole };
    let own = incident.marks.get(&format!("{}/{row}", item.id));
    own.or_else(|| {
        whole.filter(|mark| match &mark.kind {
            MarkKind::Overridden { .. } => true,
            MarkKind::Ticked { note } | MarkKind::Deferred { note, .. } => {
                note.as_ref().is_some_and(|note| names(note, row))
            }
        })
    })
}

/// Lets a person's mark count where it may.
fn hear(gate: &mut GateStatus, item: &Item, inputs: &Inputs, mark: &Mark, finding: &Finding) {
    let (state, words) = match counts(item, inputs, mark, finding) {
        Ok(counts) => counts,
        Err(why) => {
            gate.why = format!("{} ({why})", gate.why);
            return;
        }
    };
    match outlived(item, inputs, mark) {
        // That evidence speaks against it is the worse news.
        Some(why) if gate.state == GateState::Failed => gate.why = format!("{} ({words}; {why})", gate.why),
        Some(why) => (gate.state, gate.why, gate.awaits_data) = (GateState::Stale, format!("{words}; {why}"), false),
        None => {
            let by = (state != GateState::Stale).then_some(By::Person);
            (gate.state, gate.by, gate.why) = (state, by, words);
        }
    }
}

/// What a mark makes of its gate, in its words; `Err` with the reason where it does not count.
fn counts(item: &Item, inputs: &Inputs, mark: &Mark, finding: &Finding) -> Result<(GateState, String), String> {
    let by = clean(&mark.by);
    match &mark.kind {
        MarkKind::Overridden { reason } if reason.trim().is_empty() || by.trim().is_empty() => {
            Err("an override without a reason and a name does not count".to_owned())
        }
        MarkKind::Overridden { reason } => {
            Ok((GateState::Overridden, format!("overridden by {by}: {}", clean(reason))))
        }
        MarkKind::Deferred { .. } if !item.deferrable => {
            Err("it cannot be handed over: do it, or override it".to_owned())
        }
        MarkKind::Deferred { .. } if finding.outcome == Outcome::Fails => {
            Err(format!("that {by} handed it over does not outweigh it"))
        }
        MarkKind::Deferred { owner, due_at, note } => {
            let note = note.as_ref().map_or_else(String::new, |note| format!(": {}", clean(note)));
            let words = format!("{} does it by {due_at}{note}", clean(owner));
            if *due_at < inputs.now {
                Ok((GateState::Stale, format!("was due, and is not done. {words}")))
            } else {
                Ok((GateState::Satisfied, words))
            }
        }
        MarkKind::Ticked { .. } if finding.outcome != Outcome::Asks => {
            Err(format!("the tick of {by} does not outweigh it"))
        }
        MarkKind::Ticked { note } => {
            let note = note.as_deref().map(clean).unwrap_or_default();
            if let Some(lack) = lack(item, finding, &note) {
                return Err(format!("the tick of {by} does not say {lack}"));
            }
            let words = if note.is_empty() { format!("ticked by {by}") } else { format!("{by}: {note}") };
            Ok((GateState::Satisfied, words))
        }
    }
}

/// What the note of a tick does not say, and has to.
fn lack(item: &Item, finding: &Finding, note: &str) -> Option<String> {
    let unsaid: Vec<_> = finding.to_name.iter().filter(|name| !names(note, name)).map(String::as_str).collect();
    if !unsaid.is_empty() {
        return Some(first_of(&unsaid));
    }
    item.says.filter(|says| !says.is_in(note)).map(|says| says.label().to_owned())
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
    let (text, owner, due_at) = match &mark.kind {
        MarkKind::Ticked { note } => (note.as_deref().map(clean), None, None),
        MarkKind::Deferred { owner, due_at, note } => (note.as_deref().map(clean), Some(clean(owner)), Some(*due_at)),
        MarkKind::Overridden { reason } => (Some(clean(reason)), None, None),
    };
    Said { by: clean(&mark.by), at: mark.at, text, owner, due_at, head: mark.head.clone() }
}

#[cfg(test)]
#[path = "gates_tests.rs"]
mod tests;
