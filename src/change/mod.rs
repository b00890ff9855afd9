//! The change: what git knows about the hotfix.
//!
//! - [`model`]: the facts as values, and the room's `update` (pure); beside it what they are worked out by:
//!   [`version`], [`classes`], [`core`], [`patch`], [`contents`], [`facts`], [`risk`], [`ladder`], [`strategy`].
//! - [`source`]: git2 on a thread of its own, and the watching of the repository.
//! - [`pane`]: how it is drawn.

pub mod classes;
pub mod contents;
pub mod continuity;
pub mod core;
pub mod deployed;
pub mod diff;
pub mod facts;
pub mod kept;
pub mod ladder;
pub mod model;
pub mod pane;
pub mod patch;
pub mod releases;
pub mod risk;
pub mod source;
mod state;
pub mod strategy;
pub mod text;
pub mod version;
