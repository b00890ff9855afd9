//! The program as a script uses it: what it prints, records and refuses, and how it ends.

#![expect(clippy::unwrap_used, reason = "whatever fails here fails a test")]

mod acceptance;
mod canary;
mod canary_faults;
mod checklist;
mod cluster;
mod engine;
mod hostile;
mod incident;
mod journal;
mod journal_faults;
mod place;
mod real_sf;
mod recipes;
mod report;
mod rollback;
mod rollout;
mod salesforce;
mod say;
mod servers;
mod setup;
mod sshd;
mod strategy;
mod traps;
