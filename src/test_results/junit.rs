//! JUnit XML, in all its dialects.
//!
//! Counts come from the cases. What the suites claim in their attributes is a cross-check that can make things worse, never
//! better: many producers count attempts, subtests or classes there.

mod attributes;
mod names;
mod property;
mod suite;
mod window;
pub mod xml;

pub use attributes::Attributes;
pub use suite::seconds;

use memchr::memmem::Finder;

use super::model::FailureKind;
use super::tally::{self, Circumstances, Named, Outcome, TEXT_CAP, Tally};
use attributes::unescape;
use names::named;
use property::Properties;
use suite::Suites;
use xml::Handler;

/// Bytes kept of a `message` attribute.
const MESSAGE_CAP: usize = 8 * 1024;

/// Whether an element of this local name can be the root of a JUnit report.
pub fn is_root(name: &str) -> bool {
    matches!(name, "testsuites" | "testsuite" | "testcase")
}

/// What an element means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `<testsuites>`
    Root,
    /// `<testsuite>`
    Suite,
    /// `<testcase>`
    Case,
    /// How a case, or a whole suite, ended.
    Result(Sort),
    /// `<property>`
    Property,
    /// Anything else.
    Other,
}

/// The results that a case can have, several at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// `<error>`
    Error,
    /// `<failure>`
    Failure,
    /// `<rerunFailure>`, `<rerunError>`: a later attempt that failed as well
    Rerun,
    /// `<skipped>`
    Skipped,
    /// `<flakyFailure>`, `<flakyError>`
    Flaky,
}

/// What is known of an open case. Kept and filled again, so that a passing case costs no allocation.
#[derive(Debug, Default)]
struct Case {
    raw: String,
    error: bool,
    failure: bool,
    skipped: bool,
    flaky: bool,
    rerun: bool,
    status: Option<Outcome>,
    text: String,
    /// Where in `text` the message of the present result is.
    message: std::ops::Range<usize>,
}

/// Follows a JUnit document.
#[derive(Debug, Default)]
pub struct Junit {
    /// Counts and texts so far.
    pub tally: Tally,
    /// What the properties say.
    pub properties: Properties,
    /// The open suites.
    pub suites: Suites,
    cases: Vec<Case>,
    /// How many of `cases` are open.
    open: usize,
    /// Results outside of a case: a suite that failed to load.
    stray: Case,
    /// Results that are open; text belongs to the innermost.
    results: usize,
    warned: u64,
    skipped_text: bool,
    status: StatusFinder,
}

/// Finds tags that may have a `status` or `result`, sooner than by reading all attributes: a third of the time of a large report.
#[derive(Debug)]
struct StatusFinder([Finder<'static>; 2]);

impl Default for StatusFinder {
    fn default() -> Self {
        Self([Finder::new("status"), Finder::new("result")])
    }
}

impl StatusFinder {
    fn is_in(&self, raw: &str) -> bool {
        self.0.iter().any(|finder| finder.find(raw.as_bytes()).is_some())
    }
}

impl Handler for Junit {
    type Kind = Kind;

    fn open(&mut self, name: &str, attributes: Attributes<'_>) -> Kind {
        let kind = match name {
            "testcase" => Kind::Case,
            "testsuite" => Kind::Suite,
            "testsuites" => Kind::Root,
            "property" => Kind::Property,
            "error" => Kind::Result(Sort::Error),
            "failure" => Kind::Result(Sort::Failure),
            "rerunFailure" | "rerunError" => Kind::Result(Sort::Rerun),
            "skipped" => Kind::Result(Sort::Skipped),
            "flakyFailure" | "flakyError" => Kind::Result(Sort::Flaky),
            // XML minds the case; a failure that is spelt otherwise is none the less one.
            name if name.eq_ignore_ascii_case("failure") => Kind::Result(Sort::Failure),
            name if name.eq_ignore_ascii_case("error") => Kind::Result(Sort::Error),
            _ => Kind::Other,
        };
        match kind {
            Kind::Case => self.open_case(attributes),
            Kind::Suite => self.suites.open(true, &attributes, &self.tally.totals),
            Kind::Root => self.suites.open(false, &attributes, &self.tally.totals),
            Kind::Result(sort) => {
                if matches!(sort, Sort::Flaky | Sort::Rerun) {
                    self.suites.attempted();
                }
                self.open_result(sort, &attributes);
            }
            Kind::Property if self.open == 0 => self.properties.open(&attributes),
            Kind::Property => {}
            Kind::Other => self.warned += u64::from(name == "warning" && self.open > 0),
        }
        kind
    }

    fn wants_text(&self, kind: Kind) -> bool {
        match kind {
            Kind::Property => self.open == 0,
            _ => self.results > 0 && !self.skipped_text,
        }
    }

    fn text(&mut self, text: &str) {
        if self.results == 0 {
            self.properties.text(text);
            return;
        }
        let kept = &mut self.innermost().text;
        kept.push_str(tally::cut(text, TEXT_CAP.saturating_sub(kept.len())));
    }

    fn close(&mut self, kind: Kind) {
        match kind {
            Kind::Case => self.close_case(true),
            Kind::Suite | Kind::Root => {
                self.close_stray();
                self.suites.close(&mut self.tally, &mut self.properties);
            }
            Kind::Result(_) => self.close_result(),
            Kind::Property if self.open == 0 => {
                if let Some(what) = self.properties.close(self.suites.depth()) {
                    self.tally.warn(what);
                }
            }
            Kind::Property | Kind::Other => {}
        }
    }

    fn abandon(&mut self, kind: Kind) {
        match kind {
            Kind::Case => self.close_case(false),
            Kind::Suite | Kind::Root => {
                self.close_stray();
                self.suites.abandon();
            }
            Kind::Result(_) => self.close_result(),
            Kind::Property | Kind::Other => {}
        }
    }
}

impl Junit {
    /// To be called at the end of the document.
    pub fn finish(&mut self) {
        self.tally.totals.duration_s = self.suites.duration();
        if self.warned > 0 {
            self.tally.warn(format!("<warning> in {} cases, counted as passed", self.warned));
        }
        self.suites.report(&mut self.tally);
    }

    /// What the properties say; a commit only if it covers every case.
    pub fn circumstances(&self, warnings: &mut Vec<String>) -> Circumstances {
        let mut said = self.properties.said.clone();
        if said.commit.is_some() && self.suites.uncovered() > 0 {
            warnings.push(format!("{} cases are in suites that name no commit: unattributed", self.suites.uncovered()));
            said.commit = None;
        }
        if self.properties.contradict {
            said.commit = None;
        }
        said
    }

    fn open_case(&mut self, attributes: Attributes<'_>) {
        if self.open == self.cases.len() {
            self.cases.push(Case::default());
        }
        let case = &mut self.cases[self.open];
        self.open += 1;
        case.begin(attributes.raw());
        if self.suites.state_time() && !self.status.is_in(attributes.raw()) {
            return;
        }
        for (key, value) in attributes {
            match key {
                "time" | "duration" => self.suites.add_time(seconds(value)),
                "status" | "result" => case.status = worse(case.status, by_word(&unescape(value))),
                _ => {}
            }
        }
    }

    fn close_case(&mut self, whole: bool) {
        let Some(last) = self.open.checked_sub(1) else { return };
        self.open = last;
        let case = &self.cases[last];
        match case.outcome() {
            Outcome::Errored => {
                self.tally.fail(FailureKind::Error, named(&case.raw, self.suites.path()).get(), &case.text);
            }
            Outcome::Failed => {
                self.tally.fail(FailureKind::Failure, named(&case.raw, self.suites.path()).get(), &case.text);
            }
            _ if !whole => return,
            Outcome::Flaky => self.tally.flake(named(&case.raw, self.suites.path()).get()),
            outcome if self.tally.cases.has_room() => {
                self.tally.case(outcome, named(&case.raw, self.suites.path()).get());
            }
            outcome => self.tally.count_nameless(outcome),
        }
        self.suites.counted();
    }

    fn innermost(&mut self) -> &mut Case {
        match self.open.checked_sub(1) {
            Some(last) => &mut self.cases[last],
            None => &mut self.stray,
        }
    }

    fn open_result(&mut self, sort: Sort, attributes: &Attributes<'_>) {
        let message =
            if sort == Sort::Skipped { None } else { attributes.get("message").or_else(|| attributes.get("type")) };
        self.results += 1;
        self.skipped_text = sort == Sort::Skipped;
        let case = self.innermost();
        case.set(sort);
        if !case.text.is_empty() && !case.text.ends_with('\n') {
            case.text.push('\n');
        }
        case.message = case.text.len()..case.text.len();
        let Some(message) = message else { return };
        let room = TEXT_CAP.saturating_sub(case.text.len()).min(MESSAGE_CAP);
        case.text.push_str(tally::cut(&message, room));
        case.text.push('\n');
        case.message.end = case.text.len();
    }

    fn close_result(&mut self) {
        self.results = self.results.saturating_sub(1);
        self.skipped_text = false;
        self.innermost().say_once();
    }

    /// A result directly inside a suite: a class that failed to load is a failed case of its own.
    fn close_stray(&mut self) {
        let case = std::mem::take(&mut self.stray);
        let kind = match case.outcome() {
            Outcome::Errored => FailureKind::Error,
            Outcome::Failed => FailureKind::Failure,
            _ => return,
        };
        let path = self.suites.path();
        let name = path.rsplit(suite::SEPARATOR).next().filter(|n| !n.is_empty()).unwrap_or("(suite)");
        self.tally.fail(kind, Named { suite: path, name, ..Named::default() }, &case.text);
        self.suites.counted();
    }
}

impl Case {
    fn begin(&mut self, raw: &str) {
        let (mut old, mut text) = (std::mem::take(&mut self.raw), std::mem::take(&mut self.text));
        old.clear();
        old.push_str(raw);
        text.clear();
        *self = Self { raw: old, text, ..Self::default() };
    }

    /// Many producers repeat the message at the beginning of the text.
    fn say_once(&mut self) {
        let message = std::mem::take(&mut self.message);
        let (Some(said), Some(text)) = (self.text.get(message.clone()), self.text.get(message.end..)) else { return };
        if text.trim_start().starts_with(said.trim()) {
            self.text.drain(message);
        }
    }

    fn set(&mut self, sort: Sort) {
        match sort {
            Sort::Error => self.error = true,
            Sort::Failure => self.failure = true,
            Sort::Skipped => self.skipped = true,
            Sort::Flaky => self.flaky = true,
            Sort::Rerun => self.rerun = true,
        }
    }

    /// Elements before attributes, the worst first; but a failure that an attribute tells is never skipped away.
    fn outcome(&self) -> Outcome {
        match self.status {
            _ if self.error => Outcome::Errored,
            _ if self.failure || self.rerun => Outcome::Failed,
            Some(failed @ (Outcome::Errored | Outcome::Failed)) => failed,
            _ if self.skipped => Outcome::Skipped,
            Some(other) => other,
            None if self.flaky => Outcome::Flaky,
            None => Outcome::Passed,
        }
    }
}

/// What a `status` or `result` attribute says, unless it says that the case passed.
fn by_word(word: &str) -> Option<Outcome> {
    if matches!(word, "run" | "passed" | "completed" | "success") {
        return None;
    }
    match word.trim().to_ascii_lowercase().as_str() {
        "error" | "errored" | "broken" | "crashed" | "aborted" => Some(Outcome::Errored),
        "failed" | "failure" | "fail" | "timedout" | "timeout" => Some(Outcome::Failed),
        "disabled" | "notrun" | "skipped" | "ignored" | "suppressed" | "pending" | "inconclusive" => {
            Some(Outcome::Disabled)
        }
        // A word of its own, such as FAILED_TO_BUILD.
        word if ["fail", "error", "crash", "abort", "timeout"].iter().any(|bad| word.contains(bad)) => {
            Some(Outcome::Errored)
        }
        _ => None,
    }
}

fn worse(a: Option<Outcome>, b: Option<Outcome>) -> Option<Outcome> {
    let rank = |outcome: &Option<Outcome>| match outcome {
        Some(Outcome::Errored) => 3,
        Some(Outcome::Failed) => 2,
        Some(_) => 1,
        None => 0,
    };
    if rank(&b) > rank(&a) { b } else { a }
}

#[cfg(test)]
#[path = "junit_tests.rs"]
mod tests;
