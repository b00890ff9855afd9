//! The rollback: a plan of steps, one guarded key, and a record that outlives the cockpit.
//!
//! - [`model`]: plan, guard and execution as values (pure).
//! - `plan`: from configuration and git to a plan.
//! - `executor`: runs the steps, each announced in the journal before it has any effect.
//! - `pane`: the pane and the overlay.

pub mod model;
