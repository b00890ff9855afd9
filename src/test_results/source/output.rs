//! What a run that was started from here comes to where it wrote no report of its own.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use jiff::Timestamp;

use super::here::{Record, Runs};
use super::run_of;
use crate::test_results::live::called;
use crate::test_results::model::{FailureKind, Run, RunState, Wanted};
use crate::test_results::reader::{self, Parsed};
use crate::test_results::tally::{Named, Tally};

/// Bytes of the end of the output that are told of a command that failed.
const TAIL: u64 = 16 << 10;

/// The run, if it has to be told: it wrote no report, or nobody saw its end.
pub fn read(record: &Record, runs: &Runs, wanted: &Wanted, now: Timestamp) -> Option<(Run, Parsed)> {
    let shown = called(&wanted.name);
    if record.finished.is_none() {
        return Some(unfinished(record, runs, wanted, &shown));
    }
    if !record.reports.is_empty() {
        return None;
    }
    let path = runs.output(&wanted.name);
    let mut parsed = File::open(&path).map_or_else(|error| Parsed::unreadable(&error.to_string()), reader::read);
    let is_report = !matches!(parsed.state, RunState::NotAReport | RunState::Empty | RunState::Unreadable);
    if !is_report {
        parsed = match record.exit_code {
            Some(0) => Parsed { trouble: Some("its command wrote no report, and printed none".into()), ..parsed },
            Some(_) => broken(record, &path),
            None => Parsed { state: RunState::Truncated, trouble: Some(record.how.clone()), ..parsed },
        };
    }
    let mut run = run_of(&parsed, &wanted.name, &shown, None, now);
    run.observed_at = record.finished.map(|at| at.min(now));
    run.required = wanted.required;
    parsed.warnings.extend(record.vouch(&mut run));
    Some((run, parsed))
}

/// A command that failed without a report is a failure of its own, with the end of what it printed.
fn broken(record: &Record, output: &Path) -> Parsed {
    let mut tally = Tally::default();
    let text = format!("the command {}, and wrote no report\n{}", record.how, tail(output));
    tally.fail(FailureKind::Error, Named { name: "(command)", ..Named::default() }, &text);
    Parsed::of_tally(tally)
}

fn tail(path: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_or_else(|_| String::new(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn unfinished(record: &Record, runs: &Runs, wanted: &Wanted, shown: &str) -> (Run, Parsed) {
    let busy = runs.is_busy();
    let state = if busy { RunState::Running } else { RunState::Truncated };
    let trouble = (!busy).then(|| "its tests were started, and nobody saw their end".to_owned());
    let run = Run {
        complete: false,
        state,
        trouble,
        attempt: Some(record.attempt),
        subject: record.commit().cloned(),
        observed_at: Some(record.started),
        required: wanted.required,
        ..Run::new(wanted.name.as_str(), shown)
    };
    (run, Parsed::of_tally(Tally::default()))
}
