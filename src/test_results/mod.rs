//! Test results: do the tests of *this* commit pass?
//!
//! - [`model`]: results as values, and the room's `update` (pure).
//! - [`state`], [`green`]: what the room knows, and whether that proves the commit (pure).
//! - [`ci`]: what a server says of a commit beside the counts (pure).
//! - [`baseline`]: which failures production has as well (pure).
//! - [`reader`]: a report as values, whatever its format.
//! - [`junit`]: the streaming reader of JUnit XML.
//! - [`formats`]: the readers of all other formats.
//! - [`source`]: report files by glob, watched.
//! - [`providers`]: GitHub and other servers, polled.
//! - [`pane`]: how it is drawn.

pub mod baseline;
pub mod ci;
pub mod decode;
pub mod formats;
pub mod green;
pub mod junit;
pub mod location;
pub mod model;
pub mod pane;
pub mod providers;
pub mod reader;
pub mod source;
pub mod state;
pub mod tally;

#[cfg(test)]
mod corpus_tests;
