//! Colours by meaning and glyphs by state, for every kind of terminal.

use std::collections::BTreeMap;
use std::sync::LazyLock;

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
    /// The colour of each role.
    pub colours: Colours,
}

/// The colour of each role; `None` leaves the terminal's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colours([Option<Color>; Role::ALL.len()]);

impl Default for Colours {
    fn default() -> Self {
        BUILT_IN_COLOURS.clone()
    }
}

const DEFAULT: &str = include_str!("../../assets/themes/default.toml");
const COLOUR_BLIND: &str = include_str!("../../assets/themes/colour-blind.toml");

/// The default theme's colours, read once: a theme is made for every key.
static BUILT_IN_COLOURS: LazyLock<Colours> =
    LazyLock::new(|| Colours::parse(DEFAULT).expect("the built-in theme is whole: a test holds it"));

/// The built-in themes: name and file.
pub const BUILT_IN: [(&str, &str); 2] = [("default", DEFAULT), ("colour-blind", COLOUR_BLIND)];

impl Colours {
    fn parse(text: &str) -> Result<Self, String> {
        let table: BTreeMap<String, String> = toml::from_str(text).map_err(|error| error.to_string())?;
        if let Some(unknown) = table.keys().find(|name| !Role::ALL.iter().any(|role| role.name() == *name)) {
            return Err(format!("`{unknown}` is no role; the roles are {}", Role::ALL.map(Role::name).join(", ")));
        }
        let mut colours = [None; Role::ALL.len()];
        for (place, role) in Role::ALL.into_iter().enumerate() {
            let value = table.get(role.name()).ok_or_else(|| format!("`{}` is missing", role.name()))?;
            colours[place] = match value.as_str() {
                "none" => None,
                name => Some(name.parse().map_err(|_| format!("{}: `{name}` is no colour", role.name()))?),
            };
        }
        Ok(Self(colours))
    }
}

impl Role {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 15] = [
        Self::Text,
        Self::Muted,
        Self::Frame,
        Self::Focus,
        Self::Selected,
        Self::Good,
        Self::Warn,
        Self::Bad,
        Self::Unknown,
        Self::Added,
        Self::Removed,
        Self::Baseline,
        Self::Canary,
        Self::Key,
        Self::Banner,
    ];

    /// Its name in a theme file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Muted => "muted",
            Self::Frame => "frame",
            Self::Focus => "focus",
            Self::Selected => "selected",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Baseline => "baseline",
            Self::Canary => "canary",
            Self::Key => "key",
            Self::Banner => "banner",
        }
    }
}

impl Theme {
    /// A theme from the text of its file.
    ///
    /// # Errors
    /// What is wrong with the file, in one sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { colours: Colours::parse(text)?, ..Self::default() })
    }

    /// The style for a meaning.
    pub fn style(&self, role: Role) -> Style {
        let plain = Style::new();
        let modified = match role {
            Role::Muted => plain.add_modifier(Modifier::DIM),
            Role::Focus | Role::Bad | Role::Key => plain.add_modifier(Modifier::BOLD),
            Role::Selected | Role::Banner => plain.add_modifier(Modifier::REVERSED),
            _ => plain,
        };
        match self.colours.0[role as usize] {
            Some(colour) if !self.monochrome => modified.fg(colour),
            _ => modified,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_is_whole() {
        for (name, text) in BUILT_IN {
            Theme::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        for (place, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, place);
        }
    }

    #[test]
    fn a_wrong_theme_says_what_is_wrong() {
        assert!(Theme::parse("god = \"red\"").unwrap_err().contains("`god` is no role"));
        let wrong = DEFAULT.replace("cyan", "cyaan");
        assert_eq!(Theme::parse(&wrong).unwrap_err(), "focus: `cyaan` is no colour");
    }

    #[test]
    fn without_colour_nothing_has_a_colour() {
        let theme = Theme { monochrome: true, ..Theme::default() };
        assert!(Role::ALL.into_iter().all(|role| theme.style(role).fg.is_none()));
    }
}
