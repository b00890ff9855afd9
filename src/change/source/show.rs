//! Reads the text of a diff, piece by piece: however long it is, one piece is kept.

use std::io::{BufReader, Read};
use std::time::Duration;

use jiff::Timestamp;

use super::command::Running;
use super::read::Reader;
use super::size::DIFF;
use super::trouble::Trouble;
use crate::change::diff::{DiffKind, DiffLine, FileDiff, PIECE, Shown};
use crate::change::patch;
use crate::evidence::{Evidence, Subject, text};

/// A diff between commits does not change, but HEAD does.
const TTL: Duration = Duration::from_secs(3600);

/// Reads a piece of a diff.
pub(super) fn read(reader: &Reader, shown: Shown, from: usize) -> Result<Evidence<FileDiff>, Trouble> {
    let running = match &shown {
        Shown::File(path) => file(reader, path)?,
        Shown::Commit(oid) => {
            let flags = &DIFF[1..];
            let mut args = vec!["log", "--max-count=1", "--format=", "--patch", "-m", "--first-parent"];
            args.extend(flags);
            args.extend([oid.as_str(), "--"]);
            reader.repo.git.start(&args)?
        }
    };
    let (lines, more) = piece(running, from)?;
    let subject = reader.compared().map_or_else(Subject::default, |(_, head)| Subject::commit(head.clone()));
    let value = FileDiff { shown, from, lines, more };
    Ok(Evidence { value, subject, source: "git diff".into(), observed_at: Timestamp::now(), ttl: TTL })
}

fn file(reader: &Reader, path: &str) -> Result<Running, Trouble> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let unknown = || Trouble::new(format!("{path} is not among the changed files"));
    let measured = reader.measured().ok_or_else(unknown)?;
    let place = measured.changes.iter().position(|change| change.path == path).ok_or_else(unknown)?;
    let (new, old) = &measured.paths[place];
    let (base, head) = reader.compared().ok_or_else(unknown)?;
    let mut args: Vec<&OsStr> = DIFF.iter().map(OsStr::new).collect();
    args.extend(["--find-renames", "--patch", base.as_str(), head.as_str(), "--"].map(OsStr::new));
    args.extend(old.iter().chain([new]).map(|bytes| OsStr::from_bytes(bytes)));
    reader.repo.git.start(&args)
}

/// The lines from a place on, and whether there are more. A command that has more to say is stopped.
fn piece(running: Running, from: usize) -> Result<(Vec<DiffLine>, bool), Trouble> {
    let mut running = running;
    let mut reader = BufReader::with_capacity(64 * 1024, running.by_ref());
    let mut lines = Vec::new();
    let mut line = Vec::new();
    let mut left = (0, 0);
    for place in 0.. {
        let length = patch::next_line(&mut reader, &mut line).map_err(|error| Trouble::new(error.to_string()))?;
        if length == 0 {
            running.end()?;
            return Ok((lines, false));
        }
        if lines.len() == PIECE {
            break;
        }
        let kind = kind(&line, &mut left);
        if place >= from {
            lines.push(DiffLine { kind, text: shown(kind, &line) });
        }
    }
    Ok((lines, true))
}

fn shown(kind: DiffKind, line: &[u8]) -> String {
    let has_sign = matches!(kind, DiffKind::Context | DiffKind::Added | DiffKind::Removed);
    let bytes = if has_sign { line.get(1..).unwrap_or_default() } else { line };
    let cut = &bytes[..bytes.len().min(text::FIELD_LIMIT)];
    text::clean(&String::from_utf8_lossy(cut).trim_end_matches('\r').replace('\t', "    "))
}

/// What a line is; `left` are the lines that the present hunk still has on either side.
fn kind(line: &[u8], left: &mut (u64, u64)) -> DiffKind {
    if line.starts_with(b"\\") {
        return DiffKind::Note;
    }
    if *left == (0, 0) {
        let hunk = line.starts_with(b"@@ ").then(|| patch::hunk(line)).flatten();
        *left = hunk.unwrap_or_default();
        return if hunk.is_some() { DiffKind::Hunk } else { DiffKind::Header };
    }
    match line.first() {
        Some(b'+') => {
            left.1 = left.1.saturating_sub(1);
            DiffKind::Added
        }
        Some(b'-') => {
            left.0 = left.0.saturating_sub(1);
            DiffKind::Removed
        }
        _ => {
            *left = (left.0.saturating_sub(1), left.1.saturating_sub(1));
            DiffKind::Context
        }
    }
}
