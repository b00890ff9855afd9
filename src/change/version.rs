//! The order of versions in tag names: semantic versioning, and what people write instead of it.

use std::cmp::Ordering;

/// A version as it can be compared. Formula of precedence: semver.org 2.0.0, section 11, for any number of parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    numbers: Vec<u64>,
    stage: Stage,
    rest: Vec<Part>,
}

/// Before, at or after the release that the numbers name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Before,
    Release,
    After,
}

/// A part between two dots of what comes after the numbers: numbers are lower than words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Word(String),
}

impl Version {
    /// Reads the version in a tag's name: `v1.10.0-rc.1`, `release-2.4`, `app/v3.0.0+build5`.
    /// `None` when there is no number in it.
    pub fn of_tag(name: &str) -> Option<Self> {
        let name = name.rsplit('/').find(|part| part.contains(|c: char| c.is_ascii_digit()))?;
        let start = name.find(|c: char| c.is_ascii_digit())?;
        let text = name[start..].split('+').next().unwrap_or_default();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (numbers, rest) = text.split_at(end);
        let numbers = numbers.split('.').filter(|n| !n.is_empty()).map(number).collect();
        let rest = rest.trim_start_matches(['-', '_', '.', '~']);
        Some(Self { numbers, stage: stage(rest), rest: parts(rest) })
    }

    /// Whether it comes before the release that its numbers name.
    pub fn is_prerelease(&self) -> bool {
        self.stage == Stage::Before
    }

    /// Whether `self` is `older` with a higher last number and nothing else changed: `2.4.1` after `2.4.0`.
    pub fn is_patch_of(&self, older: &Self) -> bool {
        let at = |version: &Self, place: usize| version.numbers.get(place).copied().unwrap_or(0);
        (0..2).all(|place| at(self, place) == at(older, place)) && self > older
    }

    fn key(&self) -> (&[u64], Stage, &[Part]) {
        let significant = self.numbers.iter().rposition(|n| *n != 0).map_or(0, |last| last + 1);
        (&self.numbers[..significant], self.stage, &self.rest)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key()).then_with(|| self.numbers.len().cmp(&other.numbers.len()))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Saturates: a version of twenty digits is still a high one.
fn number(digits: &str) -> u64 {
    digits.parse().unwrap_or(u64::MAX)
}

/// `1.1.1k` and `1.2-hotfix.1` come after, every other word before the release.
fn stage(rest: &str) -> Stage {
    const AFTER: [&str; 6] = ["hotfix", "hf", "patch", "post", "sp", "p"];
    let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    match word.as_str() {
        _ if rest.is_empty() => Stage::Release,
        word if AFTER.contains(&word) => Stage::After,
        letter if letter.len() == 1 && rest.len() == 1 => Stage::After,
        _ => Stage::Before,
    }
}

fn parts(rest: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for piece in rest.split(['.', '-', '_']).filter(|piece| !piece.is_empty()) {
        let split =
            piece.find(|c: char| c.is_ascii_digit()).filter(|at| piece[*at..].bytes().all(|b| b.is_ascii_digit()));
        let (word, digits) = piece.split_at(split.unwrap_or(piece.len()));
        parts.extend((!word.is_empty()).then(|| Part::Word(word.to_ascii_lowercase())));
        parts.extend((!digits.is_empty()).then(|| Part::Number(number(digits))));
    }
    parts
}

#[cfg(test)]
#[path = "version_tests.rs"]
mod tests;
