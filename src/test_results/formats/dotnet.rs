//! The XML reports of .NET: TRX, NUnit (2 and 3) and xUnit.net.

use crate::test_results::junit::xml::Handler;
use crate::test_results::junit::{Attributes, seconds};
use crate::test_results::model::FailureKind;
use crate::test_results::tally::{self, Named, Outcome, TEXT_CAP, Tally};

/// Whether an element of this local name is the root of one of these reports.
pub fn is_root(name: &str) -> bool {
    matches!(name, "TestRun" | "test-run" | "test-results" | "assemblies" | "assembly")
}

/// What an element means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A result of one test.
    Case,
    /// A failure outside of any test.
    Stray,
    /// The same, which failed cases would explain.
    Doubtful,
    /// A suite of NUnit.
    Suite,
    /// Text of a failure.
    Text,
    /// Anything else.
    Other,
}

#[derive(Debug, Default)]
struct Case {
    outcome: Option<Outcome>,
    name: String,
    class: String,
    text: String,
    seconds: Option<f64>,
}

/// Follows one of these documents.
#[derive(Debug, Default)]
pub struct Dotnet {
    /// Counts and texts so far.
    pub tally: Tally,
    cases: Vec<Case>,
    stray: Option<Case>,
    duration: Option<f64>,
    /// Failures that the summary claims.
    claimed: u64,
    /// What may have another reason than the failed cases: counted only where there is none.
    doubtful: Vec<Case>,
    /// Whether a suite, or the run as a whole, says that it failed.
    says_failed: bool,
    /// Of the open suites of NUnit, whether one broke by itself: its name, and whether its cases tell as well.
    suites: Vec<Option<(String, bool)>>,
}

impl Handler for Dotnet {
    type Kind = Kind;

    fn open(&mut self, name: &str, attributes: Attributes<'_>) -> Kind {
        self.hear(name, &attributes);
        match name {
            "test-suite" => {
                self.suites.push(own_trouble(&attributes));
                Kind::Suite
            }
            // TRX: the run as a whole broke.
            "RunInfo" if attributes.get("outcome").is_some_and(|word| word == "Error") => {
                self.stray("(run)");
                Kind::Doubtful
            }
            "UnitTestResult" | "test-case" | "test" => {
                self.begin(name, &attributes);
                Kind::Case
            }
            // xUnit.net: a fixture that broke has no test.
            "error" if self.cases.is_empty() => {
                let name = attributes.get("name").or_else(|| attributes.get("type")).unwrap_or_default();
                self.stray(&name);
                Kind::Stray
            }
            "failure" => self.open_failure(),
            "Message" | "StackTrace" | "message" | "stack-trace" | "Text" => Kind::Text,
            _ => Kind::Other,
        }
    }

    fn wants_text(&self, kind: Kind) -> bool {
        kind == Kind::Text
    }

    fn text(&mut self, text: &str) {
        if let Some(case) = self.cases.last_mut().or(self.stray.as_mut()) {
            case.text.push_str(tally::cut(text, TEXT_CAP.saturating_sub(case.text.len())));
        }
    }

    fn close(&mut self, kind: Kind) {
        match kind {
            Kind::Case => {
                if let Some(case) = self.cases.pop() {
                    self.conclude(&case);
                }
            }
            Kind::Stray => {
                if let Some(case) = self.stray.take() {
                    self.conclude(&case);
                }
            }
            Kind::Doubtful => self.doubtful.extend(self.stray.take()),
            Kind::Text => self.text("\n"),
            Kind::Suite => drop(self.suites.pop()),
            Kind::Other => {}
        }
    }

    fn abandon(&mut self, kind: Kind) {
        let is_bad = |case: &Case| matches!(case.outcome, Some(Outcome::Failed | Outcome::Errored));
        match kind {
            Kind::Case if self.cases.last().is_some_and(is_bad) => self.close(kind),
            Kind::Case => drop(self.cases.pop()),
            _ => self.close(kind),
        }
    }
}

impl Dotnet {
    /// To be called at the end of the document. Returns whether its summary claims more failures than its cases show.
    pub fn finish(&mut self) -> bool {
        self.tally.totals.duration_s = self.duration;
        let doubtful = std::mem::take(&mut self.doubtful);
        if self.tally.totals.bad() == 0 {
            doubtful.iter().take(1).for_each(|case| self.conclude(case));
        }
        let bad = self.tally.totals.bad();
        if self.says_failed && bad == 0 {
            self.tally.warn("the run says that it failed, and no case shows it");
            return true;
        }
        let claims_more = self.claimed > bad;
        if claims_more {
            self.tally.warn(format!("the summary claims {} failures, the cases show {bad}", self.claimed));
        }
        claims_more
    }

    /// What a suite, or the run as a whole, says of itself.
    fn hear(&mut self, name: &str, attributes: &Attributes<'_>) {
        match name {
            "Counters" => self.claim(attributes, &["failed", "error", "timeout", "aborted"]),
            "test-run" => self.claim(attributes, &["failed"]),
            "test-results" => self.claim(attributes, &["failures", "errors"]),
            "assembly" => self.claim(attributes, &["failed", "errors"]),
            _ => {}
        }
        let key = match name {
            "ResultSummary" => "outcome",
            "test-run" | "test-suite" => "result",
            _ => return,
        };
        let word = attributes.get(key).unwrap_or_default();
        let is_bad =
            matches!(&*word, "Failed" | "Failure" | "Error" | "Aborted" | "Timeout" | "Disconnected" | "Cancelled");
        self.says_failed |=
            is_bad || (name == "test-suite" && attributes.get("success").is_some_and(|it| it == "False"));
    }

    /// A failure speaks louder than the word of the case, and NUnit 2 has none. Outside of cases, what is around them broke.
    fn open_failure(&mut self) -> Kind {
        if let Some(case) = self.cases.last_mut() {
            if !matches!(case.outcome, Some(Outcome::Failed | Outcome::Errored)) {
                case.outcome = Some(Outcome::Failed);
            }
            return Kind::Other;
        }
        let suite = self.suites.last().cloned().flatten().filter(|_| self.stray.is_none());
        let Some((name, is_doubtful)) = suite else { return Kind::Other };
        self.stray(&name);
        if is_doubtful { Kind::Doubtful } else { Kind::Stray }
    }

    fn stray(&mut self, name: &str) {
        let name = tally::cut(name, 4096).to_owned();
        self.stray = Some(Case { outcome: Some(Outcome::Errored), name, ..Case::default() });
    }

    fn claim(&mut self, attributes: &Attributes<'_>, keys: &[&str]) {
        let numbers = attributes.clone().filter(|(key, _)| keys.contains(key));
        self.claimed += numbers.filter_map(|(_, value)| value.trim().parse::<u64>().ok()).sum::<u64>();
    }

    fn begin(&mut self, element: &str, attributes: &Attributes<'_>) {
        let get = |key: &str| attributes.get(key).unwrap_or_default();
        let outcome = match element {
            "UnitTestResult" => trx(&get("outcome")),
            "test" => xunit(&get("result")),
            _ => nunit(&get("result"), &get("success"), &get("executed")),
        };
        let name = [get("testName"), get("name")].into_iter().find(|n| !n.is_empty()).unwrap_or_default();
        let class = [get("classname"), get("type")].into_iter().find(|n| !n.is_empty()).unwrap_or_default();
        let own = |text: &str| tally::cut(text, 4096).to_owned();
        self.cases.push(Case { outcome, name: own(&name), class: own(&class), text: String::new(), seconds: None });
        let time = ["time", "duration"].into_iter().find_map(|key| attributes.get(key)).and_then(|t| clock(&t));
        if let Some(time) = time {
            self.duration = Some(self.duration.unwrap_or(0.0) + time);
            if let Some(case) = self.cases.last_mut() {
                case.seconds = Some(time);
            }
        }
    }

    fn conclude(&mut self, case: &Case) {
        let named = Named { class: &case.class, name: &case.name, seconds: case.seconds, ..Named::default() };
        match case.outcome {
            Some(Outcome::Failed) => self.tally.fail(FailureKind::Failure, named, &case.text),
            Some(Outcome::Errored) => self.tally.fail(FailureKind::Error, named, &case.text),
            Some(outcome) => self.tally.case(outcome, named),
            // A word that is not known is no success.
            None => self.tally.fail(FailureKind::Error, named, "its result is no word that is known"),
        }
    }
}

/// The name of a suite of NUnit that failed by itself, and not because of a test in it; and whether that fails its tests as well.
fn own_trouble(attributes: &Attributes<'_>) -> Option<(String, bool)> {
    let site = attributes.get("site").filter(|site| matches!(&**site, "SetUp" | "TearDown"))?;
    let name = attributes.get("fullname").or_else(|| attributes.get("name")).unwrap_or_default();
    Some((format!("{} ({site})", tally::cut(&name, 4096)), site == "SetUp"))
}

fn trx(outcome: &str) -> Option<Outcome> {
    Some(match outcome {
        // TRX leaves the attribute out for `Error`.
        "Failed" => Outcome::Failed,
        "" | "Error" | "Timeout" | "Aborted" | "Disconnected" | "PassedButRunAborted" => Outcome::Errored,
        "Passed" | "Warning" | "Completed" => Outcome::Passed,
        "NotExecuted" | "NotRunnable" | "Inconclusive" | "Pending" | "InProgress" => Outcome::Skipped,
        _ => return None,
    })
}

fn xunit(result: &str) -> Option<Outcome> {
    Some(match result {
        "Pass" => Outcome::Passed,
        "Fail" => Outcome::Failed,
        "Skip" => Outcome::Skipped,
        "NotRun" => Outcome::Disabled,
        _ => return None,
    })
}

/// `result` is NUnit 3's word or that of 2.5; before, there are `executed` and `success` alone.
fn nunit(result: &str, success: &str, executed: &str) -> Option<Outcome> {
    let by_result = match result {
        "Failed" | "Failure" => Some(Outcome::Failed),
        "Error" | "Cancelled" => Some(Outcome::Errored),
        "Passed" | "Success" | "Warning" => Some(Outcome::Passed),
        "Skipped" | "Ignored" | "Explicit" | "Inconclusive" | "NotRunnable" => Some(Outcome::Skipped),
        _ => None,
    };
    let is = |value: &str, word: &str| value.eq_ignore_ascii_case(word);
    by_result.or(match () {
        () if !result.is_empty() => None,
        () if is(executed, "false") => Some(Outcome::Skipped),
        () if is(success, "true") => Some(Outcome::Passed),
        () if is(success, "false") => Some(Outcome::Failed),
        () if success.is_empty() && is(executed, "true") => Some(Outcome::Passed),
        () => None,
    })
}

/// Seconds, or TRX's `00:00:01.25`.
fn clock(text: &str) -> Option<f64> {
    match text.split(':').map(|part| part.parse::<f64>().ok()).collect::<Option<Vec<_>>>().as_deref() {
        Some([hours, minutes, rest]) => Some(hours * 3600.0 + minutes * 60.0 + rest),
        _ => seconds(text),
    }
}
