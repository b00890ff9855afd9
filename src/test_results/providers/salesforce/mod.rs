//! Salesforce: validations of the package in an org, by the `sf` command and its `--json`, judged by what that says and never
//! by its exit code: `report` on a failed deployment ends with 0, and `validate` with failed tests says nothing of them.
//!
//! A validation proves a package and no commit. So which commit, manifest, org and test level it was started with is written
//! down when it is started from here; one that was started elsewhere is about no known commit.

mod apex;
pub mod command;
mod deployments;
pub mod model;
mod payload;
mod record;
mod source;
mod start;

pub use apex::{Source as ApexSource, Started as ApexRun, start as start_apex};
pub use record::{Kind, Record, file as record_file};
pub use source::{Source, place};
pub use start::{cancel, cancel_all, quick, start, start_all};
