//! GitHub: github.com, GHE.com and servers of one's own. Check runs, commit statuses, the checks that the branch requires,
//! Actions runs, and the test reports in their artifacts.

pub mod model;
mod payload;
mod source;

pub use source::{Source, place};

#[cfg(test)]
pub mod fixture;
#[cfg(test)]
mod server_tests;
