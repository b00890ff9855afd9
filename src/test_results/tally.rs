//! What a reader counts while it goes through a report: all counts, and as much text as the memory allows.

use crate::evidence::Oid;
use crate::evidence::text;

use super::cases::Cases;
use super::location;
use super::model::{FailureKind, FlakyTest, TestFailure, Totals};

/// Bytes kept of one failure's text, at most.
pub const TEXT_CAP: usize = 64 * 1024;
/// Bytes kept of all texts of a report.
const TEXT_BUDGET: usize = 512 * 1024;
/// Bytes kept of a failure's text when the budget is spent.
const TEXT_FLOOR: usize = 160;
/// Bytes kept of the names of a report.
const NAME_BUDGET: usize = 1024 * 1024;
/// Bytes kept of one name.
const NAME_CAP: usize = 4 * 1024;
/// Warnings kept of a report.
const WARNINGS: usize = 20;

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// At the first attempt.
    Passed,
    /// At a later attempt.
    Flaky,
    /// An assertion did not hold.
    Failed,
    /// Something else broke.
    Errored,
    /// It did not run.
    Skipped,
    /// It is switched off: it did not run, and the report does not count it as skipped.
    Disabled,
}

/// A case, as its report names it; not yet clean.
#[derive(Debug, Clone, Copy, Default)]
pub struct Named<'a> {
    /// The suites around it, outermost first, joined by ` > `.
    pub suite: &'a str,
    /// Its class.
    pub class: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The file that the report gives.
    pub file: Option<&'a str>,
    /// The line that the report gives.
    pub line: Option<&'a str>,
    /// How long it took, in seconds.
    pub seconds: Option<f64>,
}

/// What a report says of the circumstances it was made in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The commit that it names.
    pub commit: Option<Oid>,
    /// The exit code of the command that made it.
    pub exit_code: Option<i32>,
    /// Whether the work tree differed from the commit.
    pub dirty: Option<bool>,
}

/// The counts and the texts so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// All counts. `duration_s` is the business of the reader.
    pub totals: Totals,
    /// What failed.
    pub failures: Vec<TestFailure>,
    /// What passed at a later attempt only.
    pub flaky: Vec<FlakyTest>,
    /// Failures that are counted, and not listed because there are too many.
    pub unlisted: u64,
    /// What is wrong with the report.
    pub warnings: Vec<String>,
    /// Every case, for comparisons.
    pub cases: Cases,
    text: usize,
    names: usize,
}

impl Tally {
    /// Counts a case that did not fail.
    pub fn case(&mut self, outcome: Outcome, case: Named<'_>) {
        self.count(outcome);
        self.cases.keep(case, outcome);
    }

    /// Counts a case that needs no more than that: there is no room for its name.
    pub fn count_nameless(&mut self, outcome: Outcome) {
        self.count(outcome);
        self.cases.leave_out(1);
    }

    fn count(&mut self, outcome: Outcome) {
        let totals = &mut self.totals;
        totals.tests += 1;
        match outcome {
            Outcome::Passed => totals.passed += 1,
            Outcome::Flaky => {
                totals.passed += 1;
                totals.flaky += 1;
            }
            Outcome::Failed => totals.failed += 1,
            Outcome::Errored => totals.errored += 1,
            Outcome::Skipped => totals.skipped += 1,
            Outcome::Disabled => totals.disabled += 1,
        }
    }

    /// Counts a failed case and keeps its text.
    pub fn fail(&mut self, kind: FailureKind, case: Named<'_>, message: &str) {
        let outcome = match kind {
            FailureKind::Failure => Outcome::Failed,
            FailureKind::Error => Outcome::Errored,
        };
        self.case(outcome, case);
        let size = case.suite.len() + case.class.len() + case.name.len();
        if !self.has_room_for(size) {
            self.unlisted += 1;
            return;
        }
        let allowed = (TEXT_BUDGET.saturating_sub(self.text) / 8).clamp(TEXT_FLOOR, TEXT_CAP);
        let message = clean_message(message, allowed);
        self.text += message.len();
        self.failures.push(TestFailure {
            run: String::new(),
            suite: clean_name(case.suite),
            class: clean_name(case.class),
            name: clean_name(case.name),
            kind,
            location: location::find(&message, case),
            message,
            ..TestFailure::default()
        });
    }

    /// Counts a case that passed at a later attempt.
    pub fn flake(&mut self, case: Named<'_>) {
        self.case(Outcome::Flaky, case);
        if self.has_room_for(case.suite.len() + case.class.len() + case.name.len()) {
            let (suite, class, name) = (clean_name(case.suite), clean_name(case.class), clean_name(case.name));
            self.flaky.push(FlakyTest { run: String::new(), suite, class, name, rerun: false });
        }
    }

    /// Keeps a warning. After the twentieth there is one that says so.
    pub fn warn(&mut self, what: impl AsRef<str>) {
        match self.warnings.len() {
            0..WARNINGS => self.warnings.push(text::clean(what.as_ref())),
            WARNINGS => self.warnings.push("more is wrong with this report than is listed here".into()),
            _ => {}
        }
    }

    fn has_room_for(&mut self, size: usize) -> bool {
        self.names += size.min(3 * NAME_CAP);
        self.names <= NAME_BUDGET
    }
}

/// A name, clean and cut.
pub fn clean_name(name: &str) -> String {
    text::clean(&without_ansi(cut(name.trim(), NAME_CAP)))
}

fn clean_message(message: &str, limit: usize) -> String {
    text::clean_block(without_ansi(message.trim_matches(['\n', '\r'])).trim_end(), limit)
}

/// At most `limit` bytes.
pub fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// Without colours and the like: `ESC [ … letter`, as test runners put them into messages.
pub fn without_ansi(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split("\u{1b}[");
    out.extend(parts.next());
    for part in parts {
        let end = part.find(|c: char| !matches!(c, '0'..='9' | ';' | ':' | '?'));
        match end {
            Some(end) if part.as_bytes()[end].is_ascii_alphabetic() => out.push_str(&part[end + 1..]),
            _ => {
                out.push_str("\u{1b}[");
                out.push_str(part);
            }
        }
    }
    out
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
