//! What production, and the canary before it, say that runs there: a word that git may know.

use serde::Serialize;

use crate::evidence::{Oid, text};

/// The longest word that may name a version, in bytes.
const WORD: usize = 128;
/// The shortest abbreviation of a commit that is believed, in digits.
const SHORTEST: usize = 7;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    /// Production as a whole: `production.deployed`.
    Production,
    /// The instances that get the new version first: `canary.deployed`.
    Canary,
}

impl Track {
    /// One word, with its article where it needs one.
    pub fn label(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Canary => "the canary",
        }
    }

    /// Behind "what runs".
    pub fn place(self) -> &'static str {
        match self {
            Self::Production => "in production",
            Self::Canary => "on the canary",
        }
    }

    /// The key of the configuration that says who tells.
    pub fn key(self) -> &'static str {
        match self {
            Self::Production => "production.deployed",
            Self::Canary => "canary.deployed",
        }
    }
}

/// What both say, as far as they were heard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// What runs in production.
    pub production: Option<Said>,
    /// What runs on the canary.
    pub canary: Option<Said>,
}

/// What runs there, in one word.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Said(String);

impl Said {
    /// The word, clean and without blanks.
    pub fn word(&self) -> &str {
        &self.0
    }

    /// The commit, where it is a full id.
    pub fn commit(&self) -> Option<Oid> {
        Oid::parse(&self.0)
    }

    /// The digits of a commit, whole or abbreviated: `3f9c1e2`, or the end of `v2.4.1-3-g3f9c1e2`.
    pub fn digits(&self) -> Option<String> {
        let is_hex = |text: &str| (SHORTEST..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        let described = self.0.trim_end_matches("-dirty").rsplit_once("-g").map(|(_, digits)| digits);
        let digits = described.filter(|it| is_hex(it)).or_else(|| Some(self.0.as_str()).filter(|it| is_hex(it)));
        digits.map(str::to_ascii_lowercase)
    }

    /// Names of tags that it may mean: itself, and with the `v` that is often left out.
    pub fn tags(&self) -> Vec<String> {
        vec![self.0.clone(), format!("v{}", self.0)]
    }
}

/// Reads the word that one of them says.
///
/// # Errors
/// When it is empty, more than one word, or could not name a version: in words.
pub fn parse(answer: &str) -> Result<Said, String> {
    let word = answer.trim().trim_matches('"').trim();
    if word.is_empty() {
        return Err("the answer is empty".into());
    }
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '+');
    if word.len() > WORD || !word.chars().all(is_fit) || word.starts_with('-') {
        return Err(format!("no commit and no tag: {}", text::fit(&text::clean(word), 60)));
    }
    Ok(Said(word.to_owned()))
}

/// The same, as far as git knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Running {
    /// The word.
    pub said: String,
    /// The commit that it means; `None` when this clone does not know it.
    pub oid: Option<Oid>,
    /// That commit's tree.
    pub tree: Option<Oid>,
    /// Whether the fix is part of it; `None` when that cannot be told.
    pub has_fix: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_word_is_read_and_a_page_is_not() {
        let word = |text: &str| parse(text).map(|said| said.word().to_owned());
        assert_eq!(word(" 3f9c1e2\n").unwrap(), "3f9c1e2");
        assert_eq!(word("\"v2.4.1\"").unwrap(), "v2.4.1");
        for bad in ["", " \n", "two words", "<html>", "HEAD~1", "main@{u}", "-x", ":/fix", "a\u{1b}[2J", "é"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert!(parse(&"a".repeat(500)).is_err());
    }

    #[test]
    fn digits_are_those_of_a_commit_alone() {
        let digits = |text: &str| parse(text).unwrap().digits();
        assert_eq!(digits("3F9C1E2").as_deref(), Some("3f9c1e2"));
        assert_eq!(digits("v2.4.1-3-g3f9c1e2").as_deref(), Some("3f9c1e2"));
        assert_eq!(digits("v2.4.1-3-g3f9c1e2-dirty").as_deref(), Some("3f9c1e2"));
        assert_eq!(digits("abc123"), None, "too short to be told from a word");
        assert_eq!(digits("v2.4.1"), None);
        assert_eq!(parse("2.4.1").unwrap().tags(), ["2.4.1", "v2.4.1"]);
        assert!(parse(&"a".repeat(40)).unwrap().commit().is_some());
    }
}
