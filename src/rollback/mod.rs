//! The rollback: a plan of steps, one guarded key, and a record that outlives the cockpit.
//!
//! - [`model`]: the plan as a value, and the names that other rooms use (pure).
//! - [`plan`], [`placeholder`]: from configuration and git to a plan (pure).
//! - `lookup`: what steps name that only the world knows, put in its place (pure).
//! - [`target`]: what it goes back to; [`choice`]: which of several ways (pure).
//! - [`guard`]: the key that arms, and the letter that fires (pure).
//! - [`policy`]: what it takes to fire (pure).
//! - [`execution`]: a running or ended rollback, folded from the journal; where it may go on (pure).
//! - [`output`]: the tail of what the steps print (pure).
//! - [`state`]: the room's state and its `update` (pure).
//! - [`rollout`]: how far a release is that goes out step by step, and what steers it (pure).
//! - [`salesforce`]: the package that takes a release out of an org (pure).
//! - [`executor`]: runs the steps, each announced in the journal before it has any effect.
//! - [`supervisor`]: the process between the cockpit and a step, which outlives the cockpit.
//! - [`pane`], [`overlay`]: how it is drawn.

pub mod choice;
pub mod engine;
pub mod execution;
pub mod executor;
pub mod guard;
mod lookup;
pub mod model;
pub mod output;
pub mod overlay;
pub mod pane;
pub mod placeholder;
pub mod plan;
pub mod policy;
pub mod rollout;
pub mod salesforce;
pub mod state;
pub mod supervisor;
pub mod target;

#[cfg(test)]
pub(crate) mod fixtures;
