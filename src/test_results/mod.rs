//! Test results: do the tests of *this* commit pass?
//!
//! - [`model`]: results as values, and the room's `update` (pure).
//! - [`state`], [`green`]: what the room knows, and whether that proves the commit (pure).
//! - [`ci`]: what a server says of a commit beside the counts (pure).
//! - [`proof`]: how a run's commit is known, and what a source demands (pure).
//! - [`cases`], [`past`], [`baseline`]: every case of a run, and how they differ from those of production (pure).
//! - [`live`]: tests that were started from here (pure).
//! - [`reader`]: a report as values, whatever its format.
//! - [`junit`]: the streaming reader of JUnit XML.
//! - [`formats`]: the readers of all other formats.
//! - [`source`]: report files by glob, watched.
//! - [`providers`]: GitHub and other servers, polled.
//! - [`pane`]: how it is drawn.

pub mod baseline;
pub mod cases;
pub mod ci;
pub mod decode;
pub mod formats;
pub mod green;
pub mod junit;
pub mod live;
pub mod location;
pub mod model;
pub mod pane;
pub mod past;
pub mod proof;
pub mod providers;
pub mod quarantine;
pub mod reader;
pub mod source;
pub mod state;
pub mod tally;

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod dialects_tests;
