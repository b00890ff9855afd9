//! The checklist: may this hotfix go on to its next stage?
//!
//! - [`check`], [`source`]: items that ask an address or a command of the team's own.
//! - [`items`]: the items as data, read from `assets/checklist.toml`.
//! - [`rules`]: what the other rooms' evidence says of an item.
//! - [`gates`]: an item, its evidence and what a person said of it, as one [`model::GateStatus`].
//! - [`notes`]: what a person's note has to say.
//! - [`readiness`]: what all gates come to.
//! - [`closing`]: what an end now would leave open.
//! - [`snapshot`]: what every room shows at one second.
//! - [`model`]: what goes in, what comes out, and the room's state.
//! - [`pane`]: how it is drawn.
//!
//! All of it is pure, but for [`source`].

pub mod check;
pub mod closing;
pub mod continuity;
pub mod gates;
pub mod items;
pub mod model;
pub mod notes;
pub mod pane;
pub mod readiness;
pub mod rules;
pub mod snapshot;
pub mod source;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod properties;
