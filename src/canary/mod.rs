//! The canary: is it worse than the baseline, however often one looks?
//!
//! - [`model`]: scrapes, verdicts and the room's `update` (pure).
//! - [`judge`]: the e-processes (pure).
//! - [`document`], [`judged`]: series in, verdict out, for programs (pure).
//! - [`prometheus`], [`source`]: where the numbers come from.
//! - `pane`, `chart`: how they are drawn.

pub mod document;
pub mod judge;
pub mod judged;
pub mod model;
pub mod prometheus;
