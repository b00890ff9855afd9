//! The tracker: the issue that the incident is bound to.
//!
//! - [`ticket`]: the number or key of an issue, however a person wrote it (pure).
//! - [`model`]: what the tracker says of it (pure).
//! - [`source`]: asking GitHub, GitLab, Jira, or any address.

pub mod model;
pub mod source;
pub mod ticket;
