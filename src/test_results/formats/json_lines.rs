//! One JSON object a line: `go test -json`, and the JSON of cargo's libtest and of nextest.
//!
//! Lines that are no such object are output of builds and tests, and passed over.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use serde::Deserialize;

use super::Outcome as Found;
use super::lines::Lines;
use crate::test_results::decode::Decoder;
use crate::test_results::junit::xml::Ending;
use crate::test_results::model::FailureKind;
use crate::test_results::tally::{self, Circumstances, Named, Outcome, Tally};

/// Bytes kept of the output of a test that is running.
const OUTPUT: usize = 16 * 1024;
/// Tests that may run at a time.
const RUNNING: usize = 20_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event {
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Package")]
    package: String,
    #[serde(rename = "Test")]
    test: String,
    #[serde(rename = "Output")]
    output: String,
    #[serde(rename = "Elapsed")]
    elapsed: Option<f64>,
    #[serde(rename = "type")]
    kind: String,
    event: String,
    name: String,
    stdout: String,
    message: String,
    exec_time: Option<f64>,
    test_count: Option<u64>,
}

#[derive(Debug, Default)]
struct Package {
    ended: bool,
    bad: u64,
    output: String,
}

#[derive(Debug, Default)]
struct Reader {
    tally: Tally,
    /// Output of the tests that began and did not end, by package and test.
    running: HashMap<(String, String), String>,
    packages: BTreeMap<String, Package>,
    /// Suites of libtest that are open, the tests that they still owe, and those of the present one that failed.
    suites: u64,
    owed: u64,
    bad: u64,
    is_libtest: bool,
    /// What was printed while tests were built, and whether that failed.
    build: String,
    is_unbuilt: bool,
    /// Failures that suites of libtest state, and have no test.
    unshown: u64,
    /// Lines that look like an event and are none.
    broken: u64,
    time: Option<f64>,
}

/// Whether a line that is no JSON was to be an event.
fn looks_like_event(line: &[u8]) -> bool {
    let has = |key: &str| memchr::memmem::find(line, key.as_bytes()).is_some();
    has("\"Action\":") || (has("\"type\":") && has("\"event\":"))
}

/// Reads a report to its end.
pub fn read(decoder: Decoder<impl Read>) -> Found {
    let mut reader = Reader::default();
    let mut lines = Lines::new(decoder);
    let mut line = Vec::new();
    let unreadable = loop {
        match lines.next(&mut line) {
            Ok(Some(_)) => reader.take(&line),
            Ok(None) => break None,
            Err(error) => break Some(Ending::Unreadable(error.to_string())),
        }
    };
    let ending = reader.end();
    reader.tally.totals.duration_s = reader.time;
    Found {
        tally: reader.tally,
        ending: unreadable.unwrap_or(ending),
        said: Circumstances::default(),
        claims_more: false,
    }
}

impl Reader {
    fn take(&mut self, line: &[u8]) {
        let start = line.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(line.len());
        if line.get(start) != Some(&b'{') {
            return;
        }
        let Ok(event) = serde_json::from_slice::<Event>(&line[start..]) else {
            self.broken += u64::from(looks_like_event(&line[start..]));
            return;
        };
        if !event.kind.is_empty() {
            self.is_libtest = true;
            self.libtest(&event);
        } else if !event.action.is_empty() {
            self.go(event);
        }
    }

    fn libtest(&mut self, event: &Event) {
        match (event.kind.as_str(), event.event.as_str()) {
            ("suite", "started") => {
                self.suites += 1;
                self.owed += event.test_count.unwrap_or(0);
            }
            ("suite", "ok") => self.suites = self.suites.saturating_sub(1),
            ("suite", "failed") => {
                self.suites = self.suites.saturating_sub(1);
                self.unshown += u64::from(std::mem::take(&mut self.bad) == 0);
            }
            ("test" | "bench", "started" | "timeout") => {}
            ("test" | "bench", result) => {
                self.owed = self.owed.saturating_sub(1);
                self.add_time(event.exec_time);
                let (class, name) = event.name.rsplit_once("::").unwrap_or(("", &event.name));
                let named = Named { class, name, seconds: event.exec_time, ..Named::default() };
                match result {
                    "ok" => self.tally.case(Outcome::Passed, named),
                    // A benchmark that was measured tells no event.
                    "" if event.kind == "bench" => self.tally.case(Outcome::Passed, named),
                    "ignored" => self.tally.case(Outcome::Skipped, named),
                    _ => {
                        self.bad += 1;
                        self.tally.fail(FailureKind::Failure, named, &format!("{}\n{}", event.message, event.stdout));
                    }
                }
            }
            _ => {}
        }
    }

    fn go(&mut self, event: Event) {
        let Event { action, package, test, output, elapsed, .. } = event;
        match action.as_str() {
            // Since Go 1.24: of what is built, which is no package of tests.
            "build-output" => {
                self.build.push_str(tally::cut(&output, OUTPUT.saturating_sub(self.build.len())));
                return;
            }
            "build-fail" => {
                self.is_unbuilt = true;
                return;
            }
            _ => {}
        }
        if test.is_empty() {
            self.go_package(&action, &package, &output, elapsed);
            return;
        }
        self.packages.entry(package.clone()).or_default();
        let key = (package, test);
        match action.as_str() {
            "run" if self.running.len() < RUNNING => drop(self.running.insert(key, String::new())),
            "output" => {
                if let Some(kept) = self.running.get_mut(&key) {
                    kept.push_str(tally::cut(&output, OUTPUT.saturating_sub(kept.len())));
                }
            }
            "pass" => self.finish(&key, Outcome::Passed, elapsed),
            "skip" => self.finish(&key, Outcome::Skipped, elapsed),
            "fail" => self.finish(&key, Outcome::Failed, elapsed),
            _ => {}
        }
    }

    fn finish(&mut self, key: &(String, String), outcome: Outcome, seconds: Option<f64>) {
        let named = Named { class: &key.0, name: &key.1, seconds, ..Named::default() };
        let output = self.running.remove(key).unwrap_or_default();
        if matches!(outcome, Outcome::Failed | Outcome::Errored) {
            self.packages.entry(key.0.clone()).or_default().bad += 1;
            let kind = if outcome == Outcome::Failed { FailureKind::Failure } else { FailureKind::Error };
            self.tally.fail(kind, named, &output);
        } else {
            self.tally.case(outcome, named);
        }
    }

    fn go_package(&mut self, action: &str, package: &str, output: &str, elapsed: Option<f64>) {
        let known = self.packages.entry(package.to_owned()).or_default();
        match action {
            "output" => known.output.push_str(tally::cut(output, OUTPUT.saturating_sub(known.output.len()))),
            "pass" | "skip" | "fail" => {
                known.ended = true;
                self.add_time(elapsed);
                self.end_package(package, action);
            }
            _ => {}
        }
    }

    /// The tests that did not tell their end share that of their package. A package that failed without a test that failed did
    /// not build, or broke outside of its tests.
    fn end_package(&mut self, package: &str, action: &str) {
        let mut open: Vec<_> = self.running.keys().filter(|(of, _)| of == package).cloned().collect();
        open.sort();
        for key in open {
            self.finish(&key, if action == "pass" { Outcome::Passed } else { Outcome::Errored }, None);
        }
        let known = self.packages.entry(package.to_owned()).or_default();
        if action == "fail" && known.bad == 0 {
            known.bad += 1;
            let output = [std::mem::take(&mut self.build), std::mem::take(&mut known.output)].concat();
            self.tally.fail(
                FailureKind::Error,
                Named { class: package, name: "(package)", ..Named::default() },
                &output,
            );
        }
    }

    fn end(&mut self) -> Ending {
        if self.is_unbuilt && self.tally.totals.bad() == 0 {
            let named = Named { name: "(build)", ..Named::default() };
            self.tally.fail(FailureKind::Error, named, &self.build);
        }
        if self.unshown > 0 {
            let what = "a suite failed, and none of its tests did";
            self.tally.fail(FailureKind::Error, Named { name: "(suite)", ..Named::default() }, what);
        }
        if self.broken > 0 {
            return Ending::Malformed(format!("{} lines look like events and cannot be read", self.broken));
        }
        if self.is_libtest {
            return if self.suites == 0 && self.owed == 0 { Ending::Closed } else { Ending::Cut };
        }
        if !self.running.is_empty() || self.packages.values().any(|package| !package.ended) {
            return Ending::Cut;
        }
        self.tally.warn("go test -json has no end: only its exit code tells whether a package is missing");
        Ending::Closed
    }

    fn add_time(&mut self, time: Option<f64>) {
        if let Some(time) = time.filter(|t| t.is_finite() && *t >= 0.0) {
            self.time = Some(self.time.unwrap_or(0.0) + time);
        }
    }
}
