//! Core lines: which changed lines count, and which are whitespace or version numbers alone.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Lines of one block that are compared with each other; in a larger block every line counts.
pub const COMPARED: usize = 1_000;

/// What a block of changed lines comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Lines that count.
    pub core: u64,
    /// Lines that differ in whitespace alone, blank ones included.
    pub whitespace: u64,
    /// Lines that differ in a version number alone.
    pub version: u64,
}

impl Counted {
    /// The sum of two.
    pub fn add(&mut self, other: Self) {
        self.core += other.core;
        self.whitespace += other.whitespace;
        self.version += other.version;
    }
}

/// A changed line, reduced to what makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    key: u64,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Version,
    Text,
}

impl Line {
    /// Reduces a line; `version_file` when its file's name says that it holds the version.
    pub fn of(text: &[u8], version_file: bool) -> Self {
        let bare = || text.iter().copied().filter(|b| !b.is_ascii_whitespace());
        if bare().next().is_none() {
            return Self { key: 0, kind: Kind::Blank };
        }
        if text.len() < 400 && (version_file || is_version_line(text)) && text.iter().any(u8::is_ascii_digit) {
            let mut hasher = DefaultHasher::new();
            without_numbers(bare(), &mut hasher);
            return Self { key: hasher.finish(), kind: Kind::Version };
        }
        let mut hasher = DefaultHasher::new();
        bare().for_each(|b| b.hash(&mut hasher));
        Self { key: hasher.finish(), kind: Kind::Text }
    }
}

/// Whether the first number is what something called a version is set to: `version = "1.2.3"`, `<version>1.2`,
/// `VERSION: 1`, `const VERSION: &str = "1"`; no comparison, and no entry of a list of dependencies.
fn is_version_line(text: &[u8]) -> bool {
    let Some(digit) = text.iter().position(u8::is_ascii_digit) else { return false };
    let before = text[..digit].to_ascii_lowercase();
    let Some(at) = before.windows(7).rposition(|window| window == b"version") else { return false };
    let (name, rest) = before.split_at(at + 7);
    let is_word = |b: &u8| b.is_ascii_alphanumeric();
    let words: Vec<&[u8]> = rest.split(|b| !is_word(b)).filter(|word| !word.is_empty()).collect();
    let compares = rest.contains(&b'<') || rest.windows(2).any(|two| two == b"==" || two == b"!=" || two == b">=");
    let opens_tag = !rest.contains(&b'>') || name.contains(&b'<');
    let is_type = |word: &&[u8]| matches!(*word, b"v" | b"str" | b"string" | b"static");
    words.iter().all(is_type) && !rest.first().is_some_and(is_word) && !compares && opens_tag && !before.contains(&b'{')
}

/// Every number, with dots and what is glued to it (`1.2.3-rc.1`), becomes one sign.
fn without_numbers(bytes: impl Iterator<Item = u8>, hasher: &mut DefaultHasher) {
    let mut inside = false;
    for b in bytes {
        let goes_on = b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+');
        let begins = !inside && b.is_ascii_digit();
        inside = begins || inside && goes_on;
        if begins || !inside {
            (if begins { b'#' } else { b }).hash(hasher);
        }
    }
}

/// Counts a block: removed lines and the added ones that take their place, without context between them.
pub fn count(removed: &[Line], added: &[Line]) -> Counted {
    let lines = || removed.iter().chain(added);
    let blank = lines().filter(|line| line.kind == Kind::Blank).count() as u64;
    let of = |side: &[Line]| side.iter().copied().filter(|line| line.kind != Kind::Blank).collect::<Vec<_>>();
    let (old, new) = (of(removed), of(added));
    let (text, version) = if old.len().max(new.len()) > COMPARED { (0, 0) } else { common(&old, &new) };
    let all = (old.len() + new.len()) as u64;
    Counted { core: all - 2 * (text + version), whitespace: blank + 2 * text, version: 2 * version }
}

/// The longest common subsequence by key: how many of its lines are text, and how many versions.
fn common(old: &[Line], new: &[Line]) -> (u64, u64) {
    let width = new.len() + 1;
    let mut best = vec![(0u32, 0u32); width];
    for a in old {
        let mut diagonal = best[0];
        for (place, b) in new.iter().enumerate() {
            let up = best[place + 1];
            best[place + 1] = if a == b {
                let version = u32::from(a.kind == Kind::Version);
                (diagonal.0 + 1 - version, diagonal.1 + version)
            } else {
                [up, best[place]].into_iter().max_by_key(|(t, v)| t + v).unwrap_or(up)
            };
            diagonal = up;
        }
    }
    let (text, version) = best[width - 1];
    (u64::from(text), u64::from(version))
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
