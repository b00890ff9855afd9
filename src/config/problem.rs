//! What is wrong with a file: where, what was found, what is allowed, with the line and a caret under it.

use std::fmt;
use std::ops::Range;

use crate::evidence::text;

/// The longest piece of a line that is shown.
const SHOWN: usize = 100;
/// Values of keys that contain one of these, or nearly do, are not shown.
const SECRETIVE: [&str; 8] = ["token", "secret", "password", "webhook", "authorization", "cookie", "api", "key"];

/// Something wrong at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What was found, and what is allowed.
    pub what: String,
    /// The line itself, values that may be secret left out.
    pub source: String,
    /// How many characters the caret marks.
    pub length: usize,
}

impl Problem {
    /// At the bytes `span` of `file`.
    pub fn at(file: &str, span: Range<usize>, what: &str) -> Self {
        let start = floor(file, span.start);
        let line_start = file[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = file[start..].find('\n').map_or(file.len(), |at| start + at);
        let end = floor(file, span.end).clamp(start, line_end);
        Self {
            line: file[..line_start].matches('\n').count() + 1,
            column: file[line_start..start].chars().count() + 1,
            what: text::clean(what),
            source: masked(&file[line_start..line_end]),
            length: file[start..end].chars().count().max(1),
        }
    }
}

fn floor(file: &str, mut at: usize) -> usize {
    at = at.min(file.len());
    while !file.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where an address with a user or a password in it begins.
fn userinfo(line: &str) -> Option<usize> {
    let at = line.find("://")?;
    let is_part = line[at + 3..].find(['@', '/', '"', '\'']).is_some_and(|end| line[at + 3 + end..].starts_with('@'));
    is_part.then(|| line[..at].rfind(['"', '\'']).unwrap_or(0))
}

/// The line with every string after a key that may hold a secret left out, its length kept.
fn masked(line: &str) -> String {
    let Some(from) = secretive(line).into_iter().chain(userinfo(line)).min() else { return text::clean(line) };
    let mut quote = None;
    let hide = |c: char| match (quote, c) {
        (None, '"' | '\'') => {
            quote = Some(c);
            c
        }
        (Some(open), c) if c == open => {
            quote = None;
            c
        }
        (Some(_), _) => '*',
        (None, c) => c,
    };
    let tail: String = line[from..].chars().map(hide).collect();
    text::clean(&format!("{}{tail}", &line[..from]))
}

/// Where the first key that may lead to a secret begins.
fn secretive(line: &str) -> Option<usize> {
    let is_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    line.match_indices('=').find_map(|(at, _)| {
        let key = line[..at].trim_end().trim_end_matches(['"', '\'']);
        let start = key
            .rfind(|c| !is_key(c))
            .map_or(0, |before| before + key[before..].chars().next().map_or(1, char::len_utf8));
        let word = key[start..].to_lowercase();
        let is_near =
            |secret: &str| word.contains(secret) || strsim::damerau_levenshtein(&word, secret) <= secret.len() / 4;
        SECRETIVE.into_iter().any(is_near).then_some(start)
    })
}

/// A file that cannot be used, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// What the file is called.
    pub file: String,
    /// What is wrong, in the order of the lines.
    pub problems: Vec<Problem>,
    /// What is wrong with the file as a whole.
    pub whole: Option<String>,
}

impl ConfigError {
    /// The file as a whole cannot be used.
    pub fn whole(file: &str, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), problems: Vec::new(), whole: Some(what.into()) }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = &self.file;
        if let Some(whole) = &self.whole {
            write!(f, "{file}: {whole}")?;
        }
        for (index, problem) in self.problems.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            writeln!(f, "{gap}{file}:{}:{}: {}", problem.line, problem.column, problem.what)?;
            write_source(f, problem)?;
        }
        Ok(())
    }
}

fn write_source(f: &mut fmt::Formatter<'_>, problem: &Problem) -> fmt::Result {
    let number = problem.line.to_string();
    let margin = " ".repeat(number.len());
    // A long line is shown from shortly before the caret.
    let skipped = (problem.column - 1).saturating_sub(SHOWN / 2);
    let shown: String = problem.source.chars().skip(skipped).take(SHOWN).collect();
    let indent = " ".repeat(problem.column - 1 - skipped);
    let carets = "^".repeat(problem.length.min(SHOWN.saturating_sub(indent.len()).max(1)));
    writeln!(f, "{margin} |")?;
    writeln!(f, "{number} | {shown}")?;
    write!(f, "{margin} | {indent}{carets}")
}
