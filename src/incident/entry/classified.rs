//! How bad it is: by the answers, and by whoever confirmed it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::schema::{Impact, Severity, Users, Workaround};
use crate::incident::sentence::after;

/// A severity with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classified {
    /// What the business loses; `None` is unsure.
    pub impact: Option<Impact>,
    /// How many users are affected; `None` is unsure.
    pub users: Option<Users>,
    /// What users can do meanwhile; `None` is unsure.
    pub workaround: Option<Workaround>,
    /// The number of users as somebody counted it.
    pub counted: Option<Counted>,
    /// What the answers come to.
    pub computed: Severity,
    /// Why, in one sentence.
    pub because: String,
    /// The severity that is in force from now on.
    pub severity: Severity,
    /// The one that was in force before.
    pub before: Option<Severity>,
    /// Why it is another one than the answers come to.
    pub reason: Option<String>,
    /// Whether a person confirmed it.
    pub confirmed: bool,
}

/// A number of users that a query found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How many.
    pub users: u64,
    /// Who said so.
    pub source: String,
    /// When.
    pub observed_at: Timestamp,
}

impl Classified {
    /// The severity before, where it was another one, the one now, and why.
    pub(in crate::incident) fn words(&self) -> String {
        let now = self.severity.label();
        let what = match self.before.filter(|before| *before != self.severity) {
            Some(before) => format!("changed {} to {now}", before.label()),
            None => format!("classified as {now}"),
        };
        let how = if self.confirmed { "" } else { ", which nobody has confirmed" };
        let counted = self.counted.as_ref();
        let counted = counted.map_or_else(String::new, |it| format!(" ({} users by {})", it.users, it.source));
        let why = if self.computed == self.severity {
            format!(": {}", self.because)
        } else {
            format!(", although the answers come to {} ({})", self.computed.label(), self.because)
        };
        format!("{what}{how}{counted}{why}{}", after(self.reason.as_deref()))
    }
}
