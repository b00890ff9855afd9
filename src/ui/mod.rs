//! What the panes share: theme, the shape of a pane, and how the screen is divided.

pub mod layout;
pub mod line;
pub mod pane;
pub mod theme;

use jiff::Timestamp;
use theme::Theme;

/// What drawing may know besides the state: the time of the last event, and the look.
#[derive(Debug, Clone, Copy)]
pub struct Ctx<'a> {
    /// The time of the event that led to this frame.
    pub now: Timestamp,
    /// Colours and glyphs.
    pub theme: &'a Theme,
}
