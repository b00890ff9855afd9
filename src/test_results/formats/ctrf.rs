//! Common Test Report Format: one JSON object, counted from its `tests`, never from its `summary`.

use std::fmt;
use std::io::{self, Read};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Outcome as Found;
use crate::evidence::Oid;
use crate::test_results::decode::Decoder;
use crate::test_results::junit::xml::Ending;
use crate::test_results::model::FailureKind;
use crate::test_results::tally::{Circumstances, Named, Outcome, Tally};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Test {
    name: Option<String>,
    status: Option<String>,
    duration: Option<f64>,
    message: Option<String>,
    trace: Option<String>,
    suite: Option<serde_json::Value>,
    file_path: Option<String>,
    line: Option<u64>,
    flaky: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Summary {
    tests: Option<u64>,
    failed: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Environment {
    commit: Option<String>,
}

#[derive(Debug, Default)]
struct Reader {
    tally: Tally,
    said: Circumstances,
    /// Failures and tests of the summary.
    claimed: u64,
    stated: u64,
    environments: u64,
}

/// Reads a report to its end.
pub fn read(decoder: Decoder<impl Read>) -> Found {
    let mut reader = Reader::default();
    let input = io::BufReader::new(Stream { decoder, chunk: Vec::new(), at: 0 });
    let mut json = serde_json::Deserializer::from_reader(input);
    let ending = match Level::Top.of(&mut reader).deserialize(&mut json).and_then(|()| json.end()) {
        Ok(()) => Ending::Closed,
        Err(error) if error.is_eof() => Ending::Cut,
        Err(error) if error.is_io() => Ending::Unreadable(error.to_string()),
        Err(error) => Ending::Malformed(error.to_string()),
    };
    let bad = reader.tally.totals.bad();
    let claims_more = reader.claimed > bad;
    if claims_more {
        reader.tally.warn(format!("the summary claims {} failures, the tests show {bad}", reader.claimed));
    }
    let listed = reader.tally.totals.tests;
    let ending = match ending {
        Ending::Closed if reader.stated > listed => {
            Ending::Malformed(format!("{listed} of {} tests are listed", reader.stated))
        }
        ending => ending,
    };
    Found { tally: reader.tally, ending, said: reader.said, claims_more }
}

impl Reader {
    fn take(&mut self, test: &Test) {
        if let Some(time) = test.duration.filter(|t| t.is_finite() && *t >= 0.0) {
            let sum = self.tally.totals.duration_s.unwrap_or(0.0);
            self.tally.totals.duration_s = Some(sum + time / 1000.0);
        }
        let suite = test.suite.as_ref().map_or_else(String::new, suite);
        let line = test.line.map(|line| line.to_string());
        let named = Named {
            suite: &suite,
            class: "",
            name: test.name.as_deref().unwrap_or("(no name)"),
            file: test.file_path.as_deref(),
            line: line.as_deref(),
            seconds: test.duration.map(|millis| millis / 1000.0),
        };
        match test.status.as_deref() {
            Some("passed") if test.flaky == Some(true) => self.tally.flake(named),
            Some("passed") => self.tally.case(Outcome::Passed, named),
            Some("skipped" | "pending") => self.tally.case(Outcome::Skipped, named),
            Some("other") => self.tally.case(Outcome::Disabled, named),
            Some("failed") => self.tally.fail(FailureKind::Failure, named, &text(test)),
            // A word that is not known is no success.
            _ => self.tally.fail(FailureKind::Error, named, "its status is no word that is known"),
        }
    }
}

fn text(test: &Test) -> String {
    let parts = [test.message.as_deref(), test.trace.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// One name, or a list of them from the outermost on.
fn suite(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Array(names) => names.iter().filter_map(|n| n.as_str()).collect::<Vec<_>>().join(" > "),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

/// Where in the object: tests are taken one by one, so that a large report needs no more memory than a small one.
#[derive(Debug, Clone, Copy)]
enum Level {
    Top,
    Results,
    Tests,
}

impl Level {
    fn of(self, reader: &mut Reader) -> At<'_> {
        At { level: self, reader }
    }
}

struct At<'a> {
    level: Level,
    reader: &'a mut Reader,
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.level {
            Level::Tests => deserializer.deserialize_seq(self),
            _ => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CTRF report")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match (self.level, key.as_str()) {
                (Level::Top, "results") => map.next_value_seed(Level::Results.of(self.reader))?,
                (Level::Results, "tests") => map.next_value_seed(Level::Tests.of(self.reader))?,
                (Level::Results, "summary") => {
                    let summary: Summary = map.next_value()?;
                    self.reader.claimed = self.reader.claimed.max(summary.failed.unwrap_or(0));
                    self.reader.stated = self.reader.stated.max(summary.tests.unwrap_or(0));
                }
                (Level::Results, "environment") => {
                    let commit = map.next_value::<Environment>()?.commit;
                    let commit = commit.as_deref().and_then(Oid::parse);
                    // A second one that says something else: nothing is known.
                    let is_first = self.reader.environments == 0;
                    self.reader.environments += 1;
                    self.reader.said.commit =
                        commit.filter(|it| is_first || self.reader.said.commit.as_ref() == Some(it));
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut tests: A) -> Result<(), A::Error> {
        while let Some(test) = tests.next_element::<Test>()? {
            self.reader.take(&test);
        }
        Ok(())
    }
}

/// The decoded bytes as a stream.
struct Stream<R> {
    decoder: Decoder<R>,
    chunk: Vec<u8>,
    at: usize,
}

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len() {
            self.decoder.next(&mut self.chunk)?;
            self.at = 0;
        }
        let rest = &self.chunk[self.at..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}
