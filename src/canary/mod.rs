//! The canary: is it worse than the baseline, however often one looks?
//!
//! - [`model`], [`state`], [`view`], `watch`: scrapes, verdicts and the room's `update` (pure).
//! - [`judge`]: the e-processes (pure).
//! - [`feedback`]: what people report, as a count against what is usual (pure).
//! - [`kayenta`], [`second`]: the second opinion of Kayenta's judge (pure).
//! - [`document`], [`judged`], [`shown`], [`export`]: series in, verdict and series out, for programs (pure).
//! - [`prometheus`], [`counters`], [`source`]: where the numbers come from.
//! - [`pane`], [`chart`]: how they are drawn.

pub mod chart;
pub mod counters;
pub mod document;
pub mod export;
pub mod feedback;
pub mod judge;
pub mod judged;
pub mod kayenta;
pub mod kept;
pub mod model;
pub mod pane;
pub mod prometheus;
pub mod promql;
pub mod second;
pub mod shown;
pub mod source;
pub mod state;
pub mod view;
mod watch;
