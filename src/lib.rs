//! `hotfix`: a terminal cockpit for release managers who drive a live hotfix.
//!
//! One pane, one folder, from the data to the drawing. In each the same floors: the model (pure), the
//! sources (I/O), the pane (draws). Arrows run downward only; `tests/walls.rs` holds them.
//!
//! | room | is for |
//! |---|---|
//! | [`evidence`] | a value, its subject, its age: the ground floor |
//! | [`http`] | the one HTTP client, with its limits |
//! | [`config`] | `hotfix.toml`, secrets, trust |
//! | [`journal`] | the durable record |
//! | [`probe`] | one question to an address or a command of the team's own |
//! | [`incident`] | the incident as its journal tells it |
//! | [`change`] | git: how big, from where, what else is in it |
//! | [`test_results`] | do the tests of this commit pass |
//! | [`canary`] | is the canary worse than the baseline |
//! | [`tracker`] | the issue that the incident is bound to |
//! | [`checklist`] | gates and readiness: may it go on |
//! | [`comms`] | who is told, through what, and whether it reached them |
//! | [`rollback`] | the plan, the guarded key, the execution |
//! | [`report`] | the post-mortem and the delivery metrics, from the journal |
//! | [`drill`] | simulated incidents: scenarios, their world, the score |
//! | [`project`] | what every command and the cockpit begin with |
//! | [`cockpit`] | one state, one loop, the terminal |
//! | [`cli`] | one file for each subcommand |
//! | [`ui`] | what the panes share |

pub mod canary;
pub mod change;
pub mod checklist;
pub mod cli;
pub mod cockpit;
pub mod comms;
pub mod config;
pub mod drill;
pub mod evidence;
pub mod http;
pub mod incident;
pub mod journal;
pub mod probe;
pub mod project;
pub mod report;
pub mod rollback;
pub mod test_results;
pub mod tracker;
pub mod ui;
