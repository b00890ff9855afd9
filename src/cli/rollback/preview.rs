//! The plan, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::config::schema::Verify;
use crate::rollback::model::{Plan, Step, Undone, describe};

/// The plan on some lines: everything that a person must know before firing.
pub fn text(plan: &Plan) -> String {
    let mut out = format!("roll back {} -> {}: {}\n", plan.from.label(), plan.to.label(), plan.class.label());
    if let Some(objection) = plan.objection() {
        let _ = writeln!(out, "NOT READY: {objection}");
    }
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
    let look = plan.verify.as_ref().map_or_else(|| "nothing: its end is yours to judge".to_owned(), describe);
    let hash = plan.hash();
    let _ = writeln!(
        out,
        "then looks at {look}\nplan {hash}\nrun it with: hotfix rollback --yes {}",
        Plan::short_hash(&hash)
    );
    out
}

fn step_text(index: usize, step: &Step) -> String {
    let mut out = format!("  {} {}: {}, within {}s", index + 1, step.name, step.action.detail(), step.timeout_s);
    if step.irreversible {
        out.push_str(", IRREVERSIBLE");
    }
    if let Some(verify) = &step.verify {
        let _ = write!(out, "\n    looks at {}", describe(verify));
    }
    out.push('\n');
    out
}

/// The plan as one JSON object.
///
/// # Errors
/// Never, for a plan that was built.
pub fn document(plan: &Plan) -> serde_json::Result<String> {
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
        "objection": plan.objection(),
    });
    Ok(serde_json::to_string(&document)? + "\n")
}

fn step_document(step: &Step) -> Value {
    json!({
        "name": step.name,
        "kind": step.action.kind(),
        "detail": step.action.detail(),
        "timeout_s": step.timeout_s,
        "verify": step.verify.as_ref().map(look_document),
        "idempotent": step.idempotent,
        "irreversible": step.irreversible,
        "rehearsal": step.rehearse.is_some(),
    })
}

fn look_document(verify: &Verify) -> Value {
    json!({ "detail": describe(verify), "within_s": verify.within.as_secs_f64() })
}
