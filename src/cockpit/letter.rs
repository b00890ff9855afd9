//! What comes in through the mailbox.

use super::event::What;
use super::opening::{Found, Opened};

/// A letter to the loop.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all letters tell what happened: a box would cost more than it saves"
)]
pub enum Letter {
    /// Something happened.
    Happened(What),
    /// The project was found, and its configuration read: git can be asked.
    Found(Box<Found>),
    /// The project has been opened: trust and journal.
    Opened(Box<Opened>),
    /// The terminal has another size.
    Resized,
    /// Somebody outside asked the cockpit to stop until the shell calls back.
    Suspend,
    /// End with this exit code.
    Stop(u8),
}
