//! What it takes to fire, by the severity of the incident (pure).

use super::model::Plan;
use crate::config::schema::{Key, Policy};
use crate::incident::{Entry, Severity};
use crate::journal::record::Record;

/// That a person agreed to a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The plan's hash.
    pub plan: String,
    /// Who.
    pub by: String,
}

impl Word {
    /// What a record says of it.
    pub fn of(record: &Record) -> Option<Self> {
        let Some(Entry::RollbackAgreed { plan }) = Entry::of(record) else { return None };
        Some(Self { plan, by: record.actor.clone() })
    }
}

/// The policy for an incident of this severity.
pub fn policy(key: Key, severity: Option<Severity>) -> Policy {
    let own = match severity {
        Some(Severity::Sev1) => key.sev1,
        Some(Severity::Sev2) => key.sev2,
        Some(Severity::Sev3) => key.sev3,
        None => None,
    };
    own.unwrap_or(key.policy)
}

/// Why a second person is missing, where one is needed: nobody agrees to their own plan, nor to another than this.
pub fn wants_second(policy: Policy, words: &[Word], operator: &str, plan: &Plan) -> Option<String> {
    let hash = plan.hash();
    let has_word = words.iter().any(|word| word.plan == hash && word.by != operator);
    (policy == Policy::TwoPerson && !has_word)
        .then(|| format!("a second person must agree: `hotfix rollback --agree {} --by NAME`", Plan::short_hash(&hash)))
}

#[cfg(test)]
mod tests;
