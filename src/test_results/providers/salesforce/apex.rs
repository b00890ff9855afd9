//! Runs of an org's Apex tests: `sf apex run test`, asked about until they end, judged by what they say and never by an exit code.
//!
//! They run what the org holds. That is a commit only if the org's last deployment was made from here, of a clean work tree; and
//! it stays one until something else is deployed.

pub mod model;
mod record;
mod source;
mod start;

pub use record::{Started, file};
pub use source::Source;
pub use start::{arguments, cancel, start};
