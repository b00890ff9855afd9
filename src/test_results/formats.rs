//! Reports that are not JUnit XML, and how they are told apart: by their first bytes, never by name.

pub mod apex;
pub mod ctrf;
pub mod dotnet;
pub mod json_lines;
mod lines;
pub mod tap;

use super::junit::xml::Ending;
use super::tally::{Circumstances, Tally};

/// What the reader of a format found.
#[derive(Debug)]
pub struct Outcome {
    /// Counts and texts.
    pub tally: Tally,
    /// How the report ended.
    pub ending: Ending,
    /// The circumstances that it tells.
    pub said: Circumstances,
    /// Whether its summary claims more failures than its cases show.
    pub claims_more: bool,
}

/// A kind of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JUnit, TRX, NUnit or xUnit.net: told apart by the root.
    Xml,
    /// `go test -json`, or the JSON of cargo's libtest: told apart line by line.
    JsonLines,
    /// Common Test Report Format.
    Ctrf,
    /// What `sf apex run test --json` prints.
    Apex,
    /// Test Anything Protocol.
    Tap,
}

/// The format of a report that begins with these bytes.
pub fn recognise(head: &[u8]) -> Format {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') || text.contains("<testsuite") || head.contains(&0) {
        return Format::Xml;
    }
    let is_json_line = |line: &str| {
        let line = line.trim_start();
        let is_go = line.contains("\"Action\":");
        let is_libtest = line.contains("\"type\":") && line.contains("\"event\":");
        line.starts_with('{') && (is_go || is_libtest)
    };
    if text.lines().any(is_json_line) {
        return Format::JsonLines;
    }
    if text.starts_with('{') && apex::is_sign(text) {
        return Format::Apex;
    }
    if text.starts_with('{') && text.contains("\"results\"") {
        return Format::Ctrf;
    }
    if text.lines().any(|line| tap::is_sign(line.trim_start())) { Format::Tap } else { Format::Xml }
}

#[cfg(test)]
mod tests;
