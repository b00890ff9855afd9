//! Jenkins: the builds of a commit in one job, or in the branch's job of a multibranch one, and their test reports.

pub mod model;
mod source;

pub use source::{Source, place};

#[cfg(test)]
mod server_tests;
