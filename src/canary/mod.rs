//! The canary: is it worse than the baseline, however often one looks?
//!
//! - [`model`]: scrapes, verdicts and the room's `update` (pure).
//! - [`judge`]: the e-processes (pure).
//! - `prometheus`, `source`: where the numbers come from.
//! - `pane`, `chart`: how they are drawn.

pub mod judge;
pub mod model;
