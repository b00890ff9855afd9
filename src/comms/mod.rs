//! Who is told, through what, and whether it reached them.
//!
//! - [`model`]: a notice, its way to each channel, and all of them as the journal tells it (pure).
//! - [`markup`]: a text in the markup of each receiver, escaped and cut (pure).
//! - [`preview`]: what each receiver gets (pure).
//! - [`facts`], [`template`], [`situation`]: what is known, in words for people who do not see the cockpit (pure).
//! - [`source`]: the channels themselves, and the courier that never tells anybody twice.
//! - [`state`], [`pane`]: the pane.

pub mod facts;
pub mod markup;
pub mod model;
pub mod pane;
pub mod preview;
pub mod situation;
pub mod source;
pub mod state;
pub mod template;
