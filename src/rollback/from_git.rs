//! What git tells of the way back, in the words of a plan.

use super::model::{Class, Undone, Version};
use super::plan::Contents;
use crate::change::classes::Reversal;
use crate::change::contents::{self as git, Point};

impl TryFrom<git::Contents> for Contents {
    type Error = String;

    /// # Errors
    /// When git knows nothing to go back to.
    fn try_from(contents: git::Contents) -> Result<Self, String> {
        let from = &contents.from.reference;
        let to =
            contents.to.ok_or_else(|| format!("git knows no version before {from}: say which in [rollback] to"))?;
        let class = contents.class.map_or(Class::Unsafe, Class::from);
        let warnings = contents.reasons.into_iter().chain(contents.unknown).collect();
        let undoes = contents.undoes.into_iter().map(Undone::from).collect();
        Ok(Self { from: contents.from.into(), to: to.into(), class, undoes, warnings })
    }
}

impl From<Reversal> for Class {
    fn from(reversal: Reversal) -> Self {
        match reversal {
            Reversal::Clean => Self::Clean,
            Reversal::Compensating => Self::Compensating,
            Reversal::Unsafe => Self::Unsafe,
        }
    }
}

impl From<Point> for Version {
    fn from(point: Point) -> Self {
        Self { reference: point.reference, oid: point.oid }
    }
}

impl From<git::Undone> for Undone {
    fn from(undone: git::Undone) -> Self {
        Self { oid: undone.oid, summary: undone.summary, flags: undone.flags }
    }
}
