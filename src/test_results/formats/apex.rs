//! What `sf apex run test --json` prints: one JSON object, counted from its `tests`, never from its `summary`. Its JUnit loses
//! skipped tests, and is not well-formed where a stack holds `]]>`: this is what is to be read.

use std::io::Read;

use serde::Deserialize;

use super::Outcome as Found;
use crate::test_results::decode::Decoder;
use crate::test_results::junit::xml::Ending;
use crate::test_results::model::FailureKind;
use crate::test_results::tally::{Circumstances, Named, Outcome, Tally};

/// The most that is read, in bytes: coverage is told line by line.
const LIMIT: usize = 64 * 1024 * 1024;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Envelope {
    status: Option<i32>,
    result: Option<Run>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Run {
    summary: Summary,
    tests: Vec<Test>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Summary {
    outcome: Option<String>,
    tests_ran: Option<u64>,
    failing: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Test {
    full_name: Option<String>,
    method_name: Option<String>,
    outcome: Option<String>,
    message: Option<String>,
    stack_trace: Option<String>,
    run_time: Option<f64>,
}

/// Whether a JSON object that begins like this is one.
pub fn is_sign(head: &str) -> bool {
    head.contains("\"result\"") && (head.contains("\"failRate\"") || head.contains("\"testsRan\""))
}

/// Reads a report to its end.
pub fn read(mut decoder: Decoder<impl Read>) -> Found {
    let (mut bytes, mut chunk) = (Vec::new(), Vec::new());
    loop {
        match decoder.next(&mut chunk) {
            Ok(()) if chunk.is_empty() => break,
            Ok(()) if bytes.len() + chunk.len() > LIMIT => {
                return found(Tally::default(), Ending::Refused("larger than 64 MiB".into()));
            }
            Ok(()) => bytes.extend_from_slice(&chunk),
            Err(error) => return found(Tally::default(), Ending::Unreadable(error.to_string())),
        }
    }
    match serde_json::from_slice::<Envelope>(&bytes) {
        Ok(Envelope { status, result: Some(run) }) => run.found(status),
        Ok(_) => found(Tally::default(), Ending::Malformed("it holds no result".into())),
        Err(error) if error.is_eof() => found(Tally::default(), Ending::Cut),
        Err(error) => found(Tally::default(), Ending::Malformed(error.to_string())),
    }
}

/// Counts a result without its envelope.
///
/// # Errors
/// When it is something else.
pub fn of_result(result: &serde_json::Value) -> Result<Found, serde_json::Error> {
    Ok(Run::deserialize(result)?.found(None))
}

fn found(tally: Tally, ending: Ending) -> Found {
    Found { tally, ending, said: Circumstances::default(), claims_more: false }
}

impl Run {
    fn found(&self, status: Option<i32>) -> Found {
        let mut tally = Tally::default();
        self.tests.iter().for_each(|test| test.count(&mut tally));
        let times = self.tests.iter().filter_map(|test| test.run_time).filter(|time| time.is_finite() && *time >= 0.0);
        tally.totals.duration_s = Some(times.sum::<f64>() / 1_000.0);
        let bad = tally.totals.bad();
        let says_bad = self.summary.failing.unwrap_or(u64::from(self.summary.outcome.as_deref() == Some("Failed")));
        let ending = match self.summary.tests_ran {
            Some(ran) if ran == self.tests.len() as u64 => Ending::Closed,
            Some(ran) => Ending::Malformed(format!("{} of {ran} tests are listed", self.tests.len())),
            None => Ending::Malformed("how many tests ran is not told".into()),
        };
        let said = Circumstances { exit_code: status, ..Circumstances::default() };
        Found { claims_more: says_bad > bad, said, ..found(tally, ending) }
    }
}

impl Test {
    fn count(&self, tally: &mut Tally) {
        let full = self.full_name.as_deref().unwrap_or("(no name)");
        let (class, name) = full.rsplit_once('.').unwrap_or(("", full));
        let named = Named {
            class,
            name: self.method_name.as_deref().unwrap_or(name),
            seconds: self.run_time.map(|t| t / 1_000.0),
            ..Named::default()
        };
        let text = [self.message.as_deref(), self.stack_trace.as_deref()];
        let text = text.into_iter().flatten().collect::<Vec<_>>().join("\n");
        match self.outcome.as_deref() {
            Some("Pass") => tally.case(Outcome::Passed, named),
            Some("Skip") => tally.case(Outcome::Skipped, named),
            Some("Fail") => tally.fail(FailureKind::Failure, named, &text),
            Some("CompileFail") => tally.fail(FailureKind::Error, named, &text),
            // A word that is not known is no success.
            _ => tally.fail(FailureKind::Error, named, "its outcome is no word that is known"),
        }
    }
}
