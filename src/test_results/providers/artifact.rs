//! Test reports inside a zip file. Its bytes come from outside: everything is counted while it is read, not as the file
//! states it, so that a bomb ends at the limit.

use std::io::{Cursor, Read};

use crate::evidence::text::clean;
use crate::test_results::model::RunState;
use crate::test_results::reader::{self, Parsed};

/// The most entries that are looked at.
const ENTRIES: usize = 5_000;
/// The most reports that are read.
const REPORTS: usize = 1_000;
/// Bytes that all reports of one file may have, unpacked.
const UNPACKED: u64 = 256 * 1024 * 1024;
/// How a report's name ends.
const ENDINGS: [&str; 5] = [".xml", ".trx", ".json", ".tap", ".jsonl"];

/// A report inside of it, and its name.
pub type Member = (String, Parsed);

/// Every test report in the zip file. Files that are none are passed over.
///
/// # Errors
/// When it is no zip file, breaks a limit, or is damaged: then nothing of it counts.
pub fn reports(bytes: &[u8]) -> Result<Vec<Member>, String> {
    reports_within(bytes, UNPACKED)
}

fn reports_within(bytes: &[u8], unpacked: u64) -> Result<Vec<Member>, String> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| format!("no zip file: {error}"))?;
    if zip.len() > ENTRIES {
        return Err(format!("more than {ENTRIES} files are in it"));
    }
    let (mut found, mut left) = (Vec::new(), unpacked);
    for index in 0..zip.len() {
        let file = zip.by_index(index).map_err(|error| format!("damaged: {error}"))?;
        let name = clean(&String::from_utf8_lossy(file.name_raw()));
        if !file.is_file() || !is_report(&name) {
            continue;
        }
        let mut counted = Counted { inner: file, left, fault: None };
        let parsed = reader::read(&mut counted);
        // What follows the report's end is read as well: a checksum is checked at the end alone.
        let rest = std::io::copy(&mut counted, &mut std::io::sink());
        if let Some(what) = counted.fault.take().or_else(|| rest.err().map(|error| error.to_string())) {
            return Err(format!("{name}: {what}"));
        }
        left = counted.left;
        if parsed.state != RunState::NotAReport {
            found.push((name, parsed));
        }
        if found.len() > REPORTS {
            return Err(format!("more than {REPORTS} reports are in it"));
        }
    }
    Ok(found)
}

fn is_report(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Reads until the limit, and remembers what went wrong: the reader of reports only sees an end.
struct Counted<R> {
    inner: R,
    left: u64,
    fault: Option<String>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer).inspect_err(|error| self.fault = Some(format!("damaged: {error}")))?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                self.fault = Some("too large when it is unpacked".to_owned());
                return Err(std::io::Error::other("too large"));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
#[path = "artifact_tests.rs"]
mod tests;
