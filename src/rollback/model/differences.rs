//! What makes one plan another: for whoever confirmed the one and would get the other.

use super::{Plan, Step, describe};
use crate::config::schema::Verify;

impl Plan {
    /// What is different in `now`, one line each; empty when nothing is.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, was: String, is: String| {
            if was != is {
                found.push(format!("{what}: was {was}, is {is}"));
            }
        };
        compare("plan", self.label().into(), now.label().into());
        compare("from", self.from.label(), now.from.label());
        compare("to", self.to.label(), now.to.label());
        compare("class", self.class.label().into(), now.class.label().into());
        compare("because", self.chosen.clone(), now.chosen.clone());
        compare("commits undone", self.undoes.len().to_string(), now.undoes.len().to_string());
        compare("warnings", self.warnings.join("; "), now.warnings.join("; "));
        compare("looks at", looks_at(self.verify.as_ref()), looks_at(now.verify.as_ref()));
        let all = self.steps.len().max(now.steps.len());
        for index in 0..all {
            compare(&format!("step {}", index + 1), told(self.steps.get(index)), told(now.steps.get(index)));
        }
        if found.is_empty() && self != now {
            found.push("something that no line shows: a secret's place, a timeout or a rehearsal".into());
        }
        found
    }
}

fn told(step: Option<&Step>) -> String {
    step.map_or_else(
        || "not there".into(),
        |step| format!("`{}: {}`, {}", step.name, step.action.detail(), looks_at(step.verify.as_ref())),
    )
}

fn looks_at(verify: Option<&Verify>) -> String {
    verify.map_or_else(|| "looks at nothing".into(), |verify| format!("looks at {}", describe(verify)))
}
