//! Who is told, through what, and whether it reached them.
//!
//! - [`model`]: a notice, its way to each channel, and all of them as the journal tells it (pure).
//! - [`markup`]: a text in the markup of each receiver, escaped and cut (pure).
//! - [`ticket`]: the number or key of an issue, however it was written (pure).
//! - [`source`]: the channels themselves, and the courier that never tells anybody twice.

pub mod markup;
pub mod model;
pub mod source;
pub mod ticket;
