//! A role that goes from one person to another.

use serde::{Deserialize, Serialize};

use crate::incident::Role;
use crate::incident::sentence::after;

/// A role went over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// Which one.
    pub role: Role,
    /// Who held it, if anybody did.
    pub from: Option<String>,
    /// Who holds it now.
    pub to: String,
    /// What the next one has to know.
    pub note: Option<String>,
}

impl Handover {
    /// From whom, to whom, and the note.
    pub(in crate::incident) fn words(&self) -> String {
        let (role, to, note) = (self.role.label(), &self.to, after(self.note.as_deref()));
        match &self.from {
            Some(from) => format!("{role} went from {from} to {to}{note}"),
            None => format!("{to} is {role} now{note}"),
        }
    }
}
