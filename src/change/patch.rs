//! Reads what `git diff --raw --numstat --patch -z` prints, as a stream: first the list of the changed files with
//! their counts, which is exact, then the lines, which may be cut off.

use std::io::{self, BufRead};

use super::core::{self, Counted, Line};

/// The longest line that is looked at, in bytes; the rest of it is skipped.
const LINE: usize = 64 * 1024;

/// A changed file as git lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `A`, `C`, `D`, `M`, `R` or `T`.
    pub status: u8,
    /// Before, as in a tree; 0 for none.
    pub old_mode: u32,
    /// After.
    pub new_mode: u32,
    /// Blob after the change, in hexadecimal.
    pub new_oid: String,
    /// Blob before the change, in hexadecimal.
    pub old_oid: String,
    /// Bytes of the path.
    pub path: Vec<u8>,
    /// Where it was, of a rename or copy.
    pub old_path: Option<Vec<u8>>,
    /// Added and removed lines; `None` for binary content.
    pub lines: Option<(u64, u64)>,
}

/// A submodule's mode.
pub const GITLINK: u32 = 0o160_000;

impl Entry {
    /// The change that takes this one back. For a list without renames.
    pub fn taken_back(&self) -> Self {
        Self {
            status: match self.status {
                b'A' => b'D',
                b'D' => b'A',
                other => other,
            },
            old_mode: self.new_mode,
            new_mode: self.old_mode,
            new_oid: self.old_oid.clone(),
            old_oid: self.new_oid.clone(),
            ..self.clone()
        }
    }

    /// Whether it is a rename without an edit.
    pub fn is_pure_move(&self) -> bool {
        self.status == b'R' && self.old_oid == self.new_oid && self.old_mode == self.new_mode
    }

    /// Whether either side is a submodule.
    pub fn is_submodule(&self) -> bool {
        self.old_mode == GITLINK || self.new_mode == GITLINK
    }
}

/// Reads the list, up to the empty field that leads the patch, or to the end.
///
/// # Errors
/// When the stream ends early, or is no such list.
pub fn entries(reader: &mut impl BufRead) -> io::Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut counted = 0;
    while let Some(field) = field(reader)? {
        match field.first() {
            None => break,
            Some(b':') => {
                let entry = raw(reader, &field)?;
                entries.push(entry);
            }
            Some(_) => {
                let lines = numstat(reader, &field)?;
                let entry = entries.get_mut(counted).ok_or_else(|| broken("a count without a file"))?;
                entry.lines = lines;
                counted += 1;
            }
        }
    }
    if counted == entries.len() { Ok(entries) } else { Err(broken("a file without a count")) }
}

/// Reads a list without counts, to its end, and keeps the entries whose path is wanted.
///
/// # Errors
/// When the stream ends early, or is no such list.
pub fn listed(reader: &mut impl BufRead, wanted: impl Fn(&[u8]) -> bool) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while let Some(field) = field(reader)? {
        if field.first() != Some(&b':') {
            return Err(broken("an unreadable entry"));
        }
        let entry = raw(reader, &field)?;
        if wanted(&entry.path) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("git diff printed {what}"))
}

/// The next field without its NUL; `None` at the end.
fn field(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut field = Vec::new();
    if reader.read_until(0, &mut field)? == 0 {
        return Ok(None);
    }
    if field.pop() != Some(0) {
        return Err(broken("half a field"));
    }
    Ok(Some(field))
}

fn path(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    field(reader)?.ok_or_else(|| broken("no path"))
}

/// `:100644 100755 <oid> <oid> R086`, then one path or two.
fn raw(reader: &mut impl BufRead, head: &[u8]) -> io::Result<Entry> {
    let text = str::from_utf8(&head[1..]).map_err(|_| broken("an unreadable entry"))?;
    let parts: Vec<&str> = text.split(' ').collect();
    let [old_mode, new_mode, old_oid, new_oid, status] = parts[..] else { return Err(broken("a short entry")) };
    let mode = |text| u32::from_str_radix(text, 8).map_err(|_| broken("a mode that is none"));
    let status = status.bytes().next().ok_or_else(|| broken("no status"))?;
    let first = path(reader)?;
    let (path, old_path) = match status {
        b'R' | b'C' => (path(reader)?, Some(first)),
        _ => (first, None),
    };
    Ok(Entry {
        status,
        old_mode: mode(old_mode)?,
        new_mode: mode(new_mode)?,
        new_oid: new_oid.to_owned(),
        old_oid: old_oid.to_owned(),
        path,
        old_path,
        lines: None,
    })
}

/// `1\t2\tpath`, or `1\t2\t` and two paths. The order is that of the raw entries.
fn numstat(reader: &mut impl BufRead, head: &[u8]) -> io::Result<Option<(u64, u64)>> {
    let mut parts = head.splitn(3, |b| *b == b'\t');
    let mut next = || parts.next().ok_or_else(|| broken("a short count"));
    let (added, removed, name) = (next()?, next()?, next()?);
    if name.is_empty() {
        path(reader)?;
        path(reader)?;
    }
    let number = |bytes| str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
    Ok(number(added).zip(number(removed)))
}

/// What the lines of one file say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Content {
    /// Lines by what they count for.
    pub counted: Counted,
    /// Added lines that look like left-over conflict markers.
    pub markers: u64,
}

/// What the lines of a diff say of each file, as far as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// One for each entry that was read to its end.
    pub files: Vec<Content>,
    /// Whether that is all of them.
    pub complete: bool,
}

/// Reads the patch of these entries: `limit` bytes at most.
///
/// # Errors
/// When reading fails; a patch that ends early is not an error, but incomplete.
pub fn contents(reader: &mut impl BufRead, entries: &[Entry], limit: u64) -> io::Result<Contents> {
    let mut reading = Reading::new(entries);
    let mut line = Vec::new();
    let mut used = 0;
    loop {
        let length = next_line(reader, &mut line)?;
        used += length;
        if length == 0 {
            return Ok(reading.finish(true));
        }
        if used > limit {
            return Ok(reading.finish(false));
        }
        reading.take(&line);
    }
}

/// The next line without its end, cut to [`LINE`]; returns how many bytes it took, 0 at the end.
pub fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let mut length = 0;
    loop {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|b| *b == b'\n');
        let taken = end.map_or(buffer.len(), |at| at + 1);
        let text = &buffer[..end.unwrap_or(taken)];
        line.extend_from_slice(&text[..text.len().min(LINE - line.len())]);
        let is_last = end.is_some() || taken == 0;
        reader.consume(taken);
        length += taken as u64;
        if is_last {
            return Ok(length);
        }
    }
}

/// A block of changes is counted when the context goes on.
struct Reading<'a> {
    entries: &'a [Entry],
    files: Vec<Content>,
    /// Headers that the present file still has: a change of type has two.
    headers: u8,
    left: (u64, u64),
    removed: Vec<Line>,
    added: Vec<Line>,
    version_file: bool,
}

impl<'a> Reading<'a> {
    fn new(entries: &'a [Entry]) -> Self {
        let files = Vec::with_capacity(entries.len());
        Self { entries, files, headers: 0, left: (0, 0), removed: Vec::new(), added: Vec::new(), version_file: false }
    }

    fn take(&mut self, line: &[u8]) {
        if self.left == (0, 0) {
            self.outside(line);
        } else {
            self.inside(line);
        }
    }

    fn outside(&mut self, line: &[u8]) {
        if line.starts_with(b"diff --git ") {
            self.close();
            self.open();
        } else if line.starts_with(b"@@ ") {
            self.close();
            self.left = hunk(line).unwrap_or_default();
        }
    }

    fn open(&mut self) {
        if self.headers > 0 {
            self.headers -= 1;
            return;
        }
        let Some(entry) = self.entries.get(self.files.len()) else { return };
        self.headers = u8::from(entry.status == b'T');
        self.version_file = is_version_file(&entry.path);
        self.files.push(Content::default());
    }

    fn inside(&mut self, line: &[u8]) {
        let text = line.get(1..).unwrap_or_default();
        match line.first() {
            Some(b'-') => {
                self.left.0 = self.left.0.saturating_sub(1);
                self.make_room();
                self.removed.push(Line::of(text, self.version_file));
            }
            Some(b'+') => {
                self.left.1 = self.left.1.saturating_sub(1);
                self.make_room();
                self.added.push(Line::of(text, self.version_file));
                if let Some(file) = self.files.last_mut() {
                    file.markers += u64::from(is_marker(text));
                }
            }
            Some(b'\\') => {}
            _ => {
                self.close();
                self.left = (self.left.0.saturating_sub(1), self.left.1.saturating_sub(1));
            }
        }
    }

    /// A block of any length takes bounded memory: past the limit its parts are counted by themselves.
    fn make_room(&mut self) {
        if self.removed.len().max(self.added.len()) >= core::COMPARED {
            self.close();
        }
    }

    fn close(&mut self) {
        if self.removed.is_empty() && self.added.is_empty() {
            return;
        }
        let counted = core::count(&self.removed, &self.added);
        if let Some(file) = self.files.last_mut() {
            file.counted.add(counted);
        }
        self.removed.clear();
        self.added.clear();
    }

    fn finish(mut self, at_end: bool) -> Contents {
        self.close();
        let complete = at_end && self.files.len() == self.entries.len();
        if !at_end {
            self.files.pop();
        }
        Contents { files: self.files, complete }
    }
}

/// How many lines a hunk has on either side: `@@ -1,2 +3,4 @@`.
pub fn hunk(line: &[u8]) -> Option<(u64, u64)> {
    let text = str::from_utf8(line.get(..60).unwrap_or(line)).ok().or_else(|| ascii_start(line))?;
    let mut parts = text.split(' ').skip(1);
    let mut count = |sign| {
        let range = parts.next()?.strip_prefix(sign)?;
        range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok())
    };
    Some((count('-')?, count('+')?))
}

/// A hunk's line may go on with any bytes after the second `@@`.
fn ascii_start(line: &[u8]) -> Option<&str> {
    let end = line.iter().position(|b| !b.is_ascii()).unwrap_or(line.len());
    str::from_utf8(&line[..end]).ok()
}

fn is_version_file(path: &[u8]) -> bool {
    let name = path.rsplit(|b| *b == b'/').next().unwrap_or(path);
    let name = name.to_ascii_lowercase();
    let stem = name.split(|b| *b == b'.').next().unwrap_or(&name);
    matches!(stem, b"version" | b"_version" | b"__version__" | b"gem_version" | b"rails_version")
}

/// What git leaves in a file for a conflict to be solved.
fn is_marker(text: &[u8]) -> bool {
    text.starts_with(b"<<<<<<< ") || text.starts_with(b">>>>>>> ") || text == b"======="
}

#[cfg(test)]
#[path = "patch_tests.rs"]
mod tests;
