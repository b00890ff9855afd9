//! Colours by meaning and glyphs by state, for every kind of terminal.

use ratatui::style::{Color, Modifier, Style};

/// What a piece of text means. Panes never name a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Of less weight: ages, hints, stale values.
    Muted,
    /// Titles and frames.
    Frame,
    /// The title of the focused pane.
    Focus,
    /// The selected row.
    Selected,
    /// As it should be.
    Good,
    /// Look at it.
    Warn,
    /// Do not go on.
    Bad,
    /// Cannot be told.
    Unknown,
    /// Added lines.
    Added,
    /// Removed lines.
    Removed,
    /// The baseline's population.
    Baseline,
    /// The canary's population.
    Canary,
    /// A key that can be pressed.
    Key,
    /// The drill's banner.
    Banner,
}

/// The state of something, as a glyph beside its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Good,
    /// Look at it.
    Warn,
    /// Do not go on.
    Bad,
    /// Cannot be told.
    Unknown,
    /// Not yet done.
    Open,
    /// Under way.
    Running,
    /// Old.
    Stale,
    /// Passed by an override.
    Overridden,
}

/// Colours and glyphs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Theme {
    /// No colour at all: bold, dim and reverse remain.
    pub monochrome: bool,
    /// ASCII alone.
    pub ascii: bool,
    /// Orange and blue in place of red and green.
    pub colour_blind: bool,
}

impl Theme {
    /// The style for a meaning.
    pub fn style(&self, role: Role) -> Style {
        let plain = Style::new();
        let modified = match role {
            Role::Muted => plain.add_modifier(Modifier::DIM),
            Role::Focus | Role::Bad | Role::Key => plain.add_modifier(Modifier::BOLD),
            Role::Selected | Role::Banner => plain.add_modifier(Modifier::REVERSED),
            _ => plain,
        };
        match self.colour(role) {
            Some(colour) if !self.monochrome => modified.fg(colour),
            _ => modified,
        }
    }

    fn colour(&self, role: Role) -> Option<Color> {
        let (good, bad) =
            if self.colour_blind { (Color::Blue, Color::LightYellow) } else { (Color::Green, Color::Red) };
        Some(match role {
            Role::Text | Role::Selected | Role::Muted => return None,
            Role::Frame => Color::DarkGray,
            Role::Focus | Role::Key => Color::Cyan,
            Role::Good | Role::Added => good,
            Role::Warn => Color::Yellow,
            Role::Bad | Role::Removed => bad,
            Role::Unknown => Color::Magenta,
            Role::Baseline => Color::LightBlue,
            Role::Canary => Color::LightYellow,
            Role::Banner => Color::Yellow,
        })
    }

    /// The glyph for a state, one cell wide.
    pub fn mark(&self, mark: Mark) -> &'static str {
        let (unicode, ascii) = match mark {
            Mark::Good => ("✓", "+"),
            Mark::Warn => ("▲", "!"),
            Mark::Bad => ("✗", "x"),
            Mark::Unknown => ("?", "?"),
            Mark::Open => ("○", "o"),
            Mark::Running => ("▶", ">"),
            Mark::Stale => ("◌", "~"),
            Mark::Overridden => ("◆", "#"),
        };
        if self.ascii { ascii } else { unicode }
    }

    /// One of two texts: the second for terminals without Unicode.
    pub fn pick<'a>(&self, unicode: &'a str, ascii: &'a str) -> &'a str {
        if self.ascii { ascii } else { unicode }
    }
}
