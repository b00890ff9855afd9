//! GitLab: gitlab.com and servers of one's own. Pipelines of the commit, their jobs, the pipelines that they start, the
//! test report, and who approved the commit.

mod approvals;
pub mod model;
mod source;

pub use source::{Source, place};

#[cfg(test)]
mod server_tests;
