//! GitHub: github.com, GHE.com and servers of one's own. Check runs, commit statuses, the checks that the branch requires,
//! Actions runs, the test reports in their artifacts, and who approved the commit.

pub mod model;
mod payload;
mod reviews;
mod source;

pub use source::{Source, place};

#[cfg(test)]
pub mod fixture;
#[cfg(test)]
mod server_tests;
#[cfg(test)]
mod workflow_tests;
