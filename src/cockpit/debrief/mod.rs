//! The debrief of a drill: a full-screen replay along its timeline, beside the ideal path and an earlier run.
//!
//! [`state`] and [`view`] are pure, as those of the cockpit; [`player`] is the loop on the terminal.

mod panels;
pub mod player;
pub mod state;
mod track;
pub mod view;
