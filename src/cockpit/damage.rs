//! Which parts of the screen must be drawn again.

use crate::ui::layout::Pane;

/// A set of parts of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Damage(u16);

impl Damage {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The header.
    pub const HEADER: Self = Self(1 << 8);
    /// The bottom line.
    pub const FOOTER: Self = Self(1 << 9);
    /// Every pane.
    pub const PANES: Self = Self(0xff);
    /// Everything, overlays included.
    pub const ALL: Self = Self(u16::MAX);

    /// One pane.
    pub fn pane(pane: Pane) -> Self {
        Self(1 << pane.index())
    }

    /// Adds parts.
    pub fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether any of these parts is in the set.
    pub fn has(self, parts: Self) -> bool {
        self.0 & parts.0 != 0
    }

    /// Whether nothing is to be drawn.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}
