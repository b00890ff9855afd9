//! The change: what git knows about the hotfix.
//!
//! - [`model`]: the facts as values, and the room's `update` (pure).
//! - `source`: git2 on a thread of its own, and the watching of the repository.
//! - `pane`: how it is drawn.

pub mod model;
