//! What the note of a tick has to say before the tick counts (pure).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What a note must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// Anything at all.
    Words,
    /// A day: `2026-12-03`.
    Date,
    /// An address, or a key of the tracker.
    Link,
}

impl Says {
    /// Whether a note does.
    pub fn is_in(self, note: &str) -> bool {
        match self {
            Self::Words => !note.trim().is_empty(),
            Self::Date => date(note).is_some(),
            Self::Link => has_link(note),
        }
    }

    /// What is asked for.
    pub fn label(self) -> &'static str {
        match self {
            Self::Words => "what was seen",
            Self::Date => "the day, such as 2026-12-03",
            Self::Link => "an address or a ticket, such as SHOP-17",
        }
    }
}

/// The first day in a text, as `2026-12-03`.
pub fn date(text: &str) -> Option<Date> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|word| word.contains('-')).find_map(|word| word.parse().ok())
}

/// Whether a text holds an address, `#17`, or a key such as `SHOP-17`.
fn has_link(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let is_link = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '#' | '/'));
        let is_key = word.split_once('-').is_some_and(|(project, number)| {
            project.starts_with(|c: char| c.is_ascii_uppercase())
                && project.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
                && is_number(number)
        });
        let is_issue = word.rsplit_once('#').is_some_and(|(_, number)| is_number(number));
        is_key
            || is_issue
            || ["https://", "http://"].iter().any(|scheme| word.len() > scheme.len() && word.starts_with(scheme))
    };
    text.split_whitespace().any(is_link)
}

/// Whether a text names something: in full, and not as a part of a longer word.
pub fn names(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let is_inside = |c: char| c.is_alphanumeric() || c == '_';
    !name.is_empty()
        && text.match_indices(&name).any(|(at, found)| {
            let (before, after) = (text[..at].chars().next_back(), text[at + found.len()..].chars().next());
            !before.is_some_and(is_inside) && !after.is_some_and(is_inside)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_found_among_words() {
        assert_eq!(date("on 2026-12-03, room 4"), Some(Date::constant(2026, 12, 3)));
        for none in ["", "soon", "2026-13-03", "12-03", "20261203x"] {
            assert_eq!(date(none), None, "{none}");
        }
    }

    #[test]
    fn a_link_is_an_address_or_a_key() {
        for link in ["https://tracker.example/17", "see SHOP-17.", "(#17)", "acme/shop#17"] {
            assert!(Says::Link.is_in(link), "{link}");
        }
        for none in ["", "filed", "https://", "shop-17", "A-", "#", "UTF-8x"] {
            assert!(!Says::Link.is_in(none), "{none}");
        }
    }

    #[test]
    fn a_name_is_a_whole_word() {
        assert!(names("looked at migration and auth", "auth"));
        assert!(names("sf-flow: fine", "sf-flow"));
        assert!(names("pool::tests::limit is flaky", "limit"));
        assert!(!names("specific", "ci"));
        assert!(!names("anything", ""));
    }
}
