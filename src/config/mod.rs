//! `hotfix.toml`: what it may say, how it is read, and whether it may be acted upon.
//!
//! - [`schema`]: the file as values (pure).
//! - [`load`]: reading it with line, column and the nearest right answer.
//! - [`check`]: values that cannot be right (pure).
//! - [`uses`]: everything that it would run, contact or authenticate with (pure).
//! - [`program`]: which file a command means.
//! - [`user`]: the user's own defaults.
//! - [`secret`]: values that are fetched when needed and never shown.
//! - [`trust`]: nothing that the file names is run or contacted before a person trusted that content.

pub mod check;
pub mod duration;
pub mod load;
pub mod problem;
pub mod program;
pub mod recipe;
pub mod schema;
pub mod secret;
pub mod shape;
pub mod trust;
pub mod user;
pub mod uses;

pub use load::Loaded;
pub use problem::ConfigError;
