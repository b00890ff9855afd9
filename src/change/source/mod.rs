//! Reads the repository: history by libgit2 on a thread of its own, diffs and the work tree by `git` as a child.
//!
//! [`start`] watches and reports until its [`Handle`] is dropped; [`read`] and [`read_worktree`] look once.

mod attributes;
mod backmerge;
mod bell;
mod by_command;
mod by_library;
mod command;
mod deployed;
mod deploys;
mod drivers;
mod familiar;
mod foreign;
mod history;
mod merge;
mod once;
mod people;
mod production;
mod read;
mod releases;
mod repository;
mod run;
mod show;
mod size;
mod small;
mod strategy;
mod survey;
mod trees;
mod trouble;
mod undoing;
mod watch;
mod worktree;

pub use deployed::Deployed;
pub use deploys::deploys;
pub use once::{Kind, head, kind, read, read_all, read_worktree, rollback_contents};
pub use read::Settings;
pub use run::{Handle, start};
pub use strategy::{FinishOrder, Journaling, StartOrder, Turn, finish, start_branch};

#[cfg(test)]
mod drift_tests;
#[cfg(test)]
mod facts_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod real_tests;
#[cfg(test)]
mod rows_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod totals_tests;
