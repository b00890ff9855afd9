//! Test results: do the tests of *this* commit pass?
//!
//! - [`model`]: results as values, and the room's `update` (pure).
//! - `junit`: the streaming reader of JUnit XML.
//! - `source`: report files by glob, watched.
//! - `pane`: how it is drawn.

pub mod model;
