//! The plan, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Pick;
use crate::config::schema::Verify;
use crate::rollback::choice::{Fit, Held, Way};
use crate::rollback::model::{Plan, Step, Undone, describe};

/// The plan on some lines: everything that a person must know before firing.
pub fn text(pick: &Pick) -> String {
    let plan = &pick.plan;
    let mut out = format!("roll back {} -> {}: {}\n", plan.from.label(), plan.to.label(), plan.class.label());
    if let Some(objection) = pick.objection() {
        let _ = writeln!(out, "NOT READY: {objection}");
    }
    if !plan.chosen.is_empty() && !plan.warnings.contains(&plan.chosen) {
        let _ = writeln!(out, "why {}: {}", plan.to.reference, plan.chosen);
    }
    if pick.choice.ways.len() > 1 {
        out.push_str("plans\n");
        for (index, way) in pick.choice.ways.iter().enumerate() {
            let mark = if index == pick.at { ">" } else { " " };
            let _ = writeln!(out, "{mark} {}: {}", way.name, pick.choice.why(index));
        }
    }
    out.push_str(&conditions(pick));
    for warning in &plan.warnings {
        let _ = writeln!(out, "warning: {warning}");
    }
    let plural = if plan.undoes.len() == 1 { "" } else { "s" };
    let _ = writeln!(out, "undoes {} commit{plural}, {} flagged", plan.undoes.len(), plan.flagged().count());
    for Undone { oid, summary, flags } in &plan.undoes {
        let flags = if flags.is_empty() { String::new() } else { format!("[{}] ", flags.join(", ")) };
        let _ = writeln!(out, "  {} {flags}{summary}", oid.short());
    }
    out.push_str("will NOT bring back\n");
    for kept in plan.stays() {
        let _ = writeln!(out, "  {kept}");
    }
    out.push_str("steps\n");
    for (index, step) in plan.steps.iter().enumerate() {
        out.push_str(&step_text(index, step));
    }
    let look = plan.end_look();
    let hash = plan.hash();
    let _ = writeln!(
        out,
        "then looks: {look}\nplan {hash}\nrun it with: hotfix rollback{} --yes {}",
        pick.arguments,
        Plan::short_hash(&hash)
    );
    out
}

/// What must hold in the world, as it was seen for this preview.
fn conditions(pick: &Pick) -> String {
    let needs = pick.choice.ways.get(pick.at).map_or(&[][..], |way| &way.needs);
    let mut out = if needs.is_empty() { String::new() } else { "must hold\n".to_owned() };
    for need in needs {
        let (word, what) = match &need.held {
            Held::Yes(what) => ("yes", what),
            Held::No(what) => ("NO", what),
            Held::Unknown(what) => ("UNKNOWN", what),
            Held::Unasked(what) => ("not asked", what),
        };
        let _ = writeln!(out, "  {word:<9} {}: {what}", need.name);
    }
    out
}

fn step_text(index: usize, step: &Step) -> String {
    let mut out = format!("  {} {}: {}, within {}s", index + 1, step.name, step.action.detail(), step.timeout_s);
    if step.irreversible {
        out.push_str(", IRREVERSIBLE");
    }
    if let Some(look) = step.look() {
        let _ = write!(out, "\n    looks at {look}");
    }
    out.push('\n');
    out
}

/// The plan as one JSON object.
///
/// # Errors
/// Never, for a plan that was built.
pub fn document(pick: &Pick) -> serde_json::Result<String> {
    let plan = &pick.plan;
    let steps: Vec<Value> = plan.steps.iter().map(step_document).collect();
    let document = json!({
        "schema": 1,
        "hash": plan.hash(),
        "from": plan.from,
        "to": plan.to,
        "class": plan.class,
        "undoes": plan.undoes,
        "steps": steps,
        "verify": plan.verify.as_ref().map(look_document),
        "warnings": plan.warnings,
        "stays": plan.stays(),
        "objection": pick.objection(),
        "name": plan.name,
        "keeps_code": plan.keeps_code,
        "chosen": plan.chosen,
        "observed_at": pick.observed_at,
        "plans": pick.choice.ways.iter().enumerate().map(|(at, way)| way_document(pick, at, way)).collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string(&document)? + "\n")
}

fn way_document(pick: &Pick, at: usize, way: &Way) -> Value {
    let needs = way.needs.iter().map(|need| {
        let (holds, what) = match &need.held {
            Held::Yes(what) => (Some(true), what),
            Held::No(what) => (Some(false), what),
            Held::Unknown(what) | Held::Unasked(what) => (None, what),
        };
        let is_asked = !matches!(need.held, Held::Unasked(_));
        json!({ "name": need.name, "holds": holds, "asked": is_asked, "what": what })
    });
    let fits = match way.fit() {
        Fit::Fits => Some(true),
        Fit::Unfit(_) => Some(false),
        Fit::Doubtful(_) => None,
    };
    json!({
        "name": way.name,
        "hash": way.plan.as_ref().ok().map(Plan::hash),
        "proposed": at == pick.choice.proposed(),
        "fits": fits,
        "why": pick.choice.why(at),
        "needs": needs.collect::<Vec<_>>(),
    })
}

fn step_document(step: &Step) -> Value {
    json!({
        "name": step.name,
        "kind": step.action.kind(),
        "detail": step.action.detail(),
        "timeout_s": step.timeout_s,
        "verify": step.look().map(|detail| {
            let within = step.verify.as_ref().map_or(step.timeout_s, |verify| verify.within.as_secs_f64());
            json!({ "detail": detail, "within_s": within })
        }),
        "idempotent": step.idempotent,
        "irreversible": step.irreversible,
        "rehearsal": step.can_rehearse(),
        "compensates": step.compensate.is_some(),
        "retries": step.retries,
    })
}

fn look_document(verify: &Verify) -> Value {
    json!({ "detail": describe(verify), "within_s": verify.within.as_secs_f64() })
}
