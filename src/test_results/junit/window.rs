//! The text of a document, a stretch at a time, so that the reader's memory does not depend on the file.
//!
//! quick-xml hands an event out when all of it is in memory: one CDATA section of 500 MB would be 500 MB. The window holds what
//! one chunk brought, and before it the event that reached over the end of the last one. Of an event that is too long it keeps
//! the first [`CAP`] bytes, drops the rest, and writes the end that the event needs; of a tag also what it says of an outcome.

use std::io::{self, Read};

use memchr::{memchr, memchr2, memchr3, memmem};

use crate::test_results::decode::Decoder;

/// Bytes of one event that are kept at least; at most a chunk (64 KiB, thrice that for UTF-16) more.
pub const CAP: usize = 64 * 1024;

/// A stretch of decoded text: valid UTF-8.
#[derive(Debug)]
pub struct Window<R> {
    decoder: Decoder<R>,
    text: Vec<u8>,
    chunk: Vec<u8>,
    /// Where `text` begins in the decoded document, in bytes.
    offset: u64,
    is_last: bool,
    refused: bool,
}

impl<R: Read> Window<R> {
    /// Before the first stretch of a stream.
    pub fn new(decoder: Decoder<R>) -> Self {
        Self { decoder, text: Vec::new(), chunk: Vec::new(), offset: 0, is_last: false, refused: false }
    }

    /// The present stretch.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where it begins in the decoded document, in bytes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing follows it.
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    /// Whether the stream was cut because of a document type declaration that is too long.
    pub fn refused(&self) -> bool {
        self.refused
    }

    /// What the stream is decoded with.
    pub fn decoder(&self) -> &Decoder<R> {
        &self.decoder
    }

    /// Whether the event that begins at `from` reaches over the end of the stretch.
    pub fn is_open(&self, from: usize) -> bool {
        Scan::default().follow(&self.text[from..]).is_none()
    }

    /// Goes on to the next stretch, which begins with the unfinished event at `from`.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub fn advance(&mut self, from: usize) -> io::Result<()> {
        self.text.drain(..from);
        self.offset += from as u64;
        if self.text.len() >= CAP {
            return self.shorten();
        }
        self.decoder.next(&mut self.chunk)?;
        self.is_last = self.chunk.is_empty();
        self.text.extend_from_slice(&self.chunk);
        Ok(())
    }

    /// Drops the rest of the event that the stretch begins with.
    fn shorten(&mut self) -> io::Result<()> {
        let kept = (0..=CAP).rev().find(|i| !is_inside_character(self.text[*i])).unwrap_or_default();
        let mut scan = Scan::default();
        scan.follow(&self.text[..kept]);
        let cut_in = scan.place;
        scan.outcomes.said.clear();
        if cut_in == Place::DocType {
            (self.refused, self.is_last) = (true, true);
            self.text.clear();
            return Ok(());
        }
        self.chunk.clear();
        self.chunk.extend_from_slice(&self.text[kept..]);
        self.text.truncate(kept);
        while !self.chunk.is_empty() {
            let end = scan.follow(&self.chunk);
            self.offset += end.unwrap_or(self.chunk.len()) as u64;
            if let Some(end) = end {
                self.close(cut_in, &scan);
                self.text.extend_from_slice(&self.chunk[end..]);
                return Ok(());
            }
            self.decoder.next(&mut self.chunk)?;
        }
        self.is_last = true;
        Ok(())
    }

    /// Writes the end that an event needs which was cut there.
    fn close(&mut self, cut_in: Place, scan: &Scan) {
        match cut_in {
            Place::Tag { quote } => {
                self.text.extend(quote);
                self.text.extend_from_slice(&scan.outcomes.said);
                self.text.extend_from_slice(if scan.is_empty_tag { b"/>" } else { b">" });
            }
            Place::Until(pattern) => self.text.extend_from_slice(pattern),
            _ => {}
        }
    }
}

fn is_inside_character(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Where in an event the scan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// Before its first byte.
    #[default]
    Start,
    /// After `<`.
    Open,
    /// After `<!`.
    Bang,
    /// In character data.
    Text,
    /// In a tag, in a quoted value or not.
    Tag { quote: Option<u8> },
    /// In something that ends with these bytes.
    Until(&'static [u8]),
    /// In a document type declaration.
    DocType,
}

/// Looks for the end of one event, and for nothing else.
#[derive(Debug, Default)]
struct Scan {
    place: Place,
    /// The last two bytes of the pieces before.
    last: [u8; 2],
    /// Whether the tag that ended is its own end.
    is_empty_tag: bool,
    outcomes: Outcomes,
}

/// The attributes of a tag that tell an outcome: those that must not be dropped.
#[derive(Debug, Default)]
struct Outcomes {
    /// What stands before the next value, its last bytes.
    name: Vec<u8>,
    /// The value that is being read, if it tells an outcome.
    value: Option<Vec<u8>>,
    /// All of them, as attributes.
    said: Vec<u8>,
}

impl Outcomes {
    /// Bytes kept of a name or a value, and of all of them.
    const LENGTHS: (usize, usize) = (32, 4096);

    /// A piece of the tag, outside of a value or in one.
    fn hear(&mut self, quote: Option<u8>, piece: &[u8]) {
        let (length, _) = Self::LENGTHS;
        match (quote, &mut self.value) {
            (None, _) => {
                self.name.extend_from_slice(&piece[piece.len().saturating_sub(length)..]);
                self.name.drain(..self.name.len().saturating_sub(length));
            }
            (Some(_), Some(value)) => {
                let room = length.saturating_sub(value.len());
                value.extend(piece.iter().take(room).filter(|byte| byte.is_ascii()));
            }
            (Some(_), None) => {}
        }
    }

    /// A value begins.
    fn open(&mut self) {
        let name = self.name.trim_ascii_end().strip_suffix(b"=").map(<[u8]>::trim_ascii_end);
        let is_outcome = name.is_some_and(|name| name.ends_with(b"status") || name.ends_with(b"result"));
        self.value = is_outcome.then(Vec::new);
        self.name.clear();
    }

    /// A value ends.
    fn close(&mut self, quote: u8) {
        let (_, all) = Self::LENGTHS;
        if let Some(value) = self.value.take().filter(|_| self.said.len() < all) {
            self.said.extend_from_slice(b" status=");
            self.said.push(quote);
            self.said.extend_from_slice(&value);
            self.said.push(quote);
        }
    }
}

impl Scan {
    /// Follows the event through its next piece. Returns where it ends in it, if it does.
    fn follow(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            match self.place {
                Place::Start | Place::Open | Place::Bang => at += self.begin(bytes[at]),
                Place::Text => return memchr2(b'<', b'&', &bytes[at..]).map(|i| at + i),
                Place::DocType => return None,
                Place::Tag { quote } => {
                    let found = in_tag(quote, &bytes[at..]);
                    self.outcomes.hear(quote, &bytes[at..][..found.unwrap_or(bytes.len() - at)]);
                    let Some(found) = found else { break };
                    at += found + 1;
                    match (quote, bytes[at - 1]) {
                        (None, b'>') => {
                            let before = if at == 1 { self.last[1] } else { bytes[at - 2] };
                            self.is_empty_tag = before == b'/';
                            return Some(at);
                        }
                        (None, opening) => {
                            self.outcomes.open();
                            self.place = Place::Tag { quote: Some(opening) };
                        }
                        (Some(quote), _) => {
                            self.outcomes.close(quote);
                            self.place = Place::Tag { quote: None };
                        }
                    }
                }
                Place::Until(pattern) => match self.find(pattern, bytes, at) {
                    Some(end) => return Some(end),
                    None => break,
                },
            }
        }
        self.remember(bytes);
        None
    }

    /// Takes one of the first bytes, which tell what it is. Returns how many were taken.
    fn begin(&mut self, byte: u8) -> usize {
        self.place = match (self.place, byte) {
            (Place::Start, b'<') => Place::Open,
            (Place::Start, _) => Place::Text,
            (Place::Open, b'!') => Place::Bang,
            (Place::Open, b'?') => Place::Until(b"?>"),
            (Place::Open, _) => {
                self.place = Place::Tag { quote: None };
                return 0;
            }
            (_, b'[') => Place::Until(b"]]>"),
            (_, b'-') => Place::Until(b"-->"),
            _ => Place::DocType,
        };
        1
    }

    /// Where the pattern ends that ends the event, looked for from `at` on; it may have begun in the piece before.
    fn find(&self, pattern: &[u8], bytes: &[u8], at: usize) -> Option<usize> {
        let ends_at = |end: usize| {
            let tail = |back: usize| bytes[..end].get(end.wrapping_sub(back)).copied();
            let before = |back: usize| tail(back).unwrap_or_else(|| self.last[(2 + end) - back]);
            pattern.iter().rev().zip(1..).all(|(byte, back)| before(back) == *byte)
        };
        let over_the_edge = (1..pattern.len().min(bytes.len() + 1)).find(|end| at == 0 && ends_at(*end));
        over_the_edge.or_else(|| Some(at + memmem::find(&bytes[at..], pattern)? + pattern.len()))
    }

    fn remember(&mut self, bytes: &[u8]) {
        match bytes {
            [.., a, b] => self.last = [*a, *b],
            [a] => self.last = [self.last[1], *a],
            [] => {}
        }
    }
}

/// Where a quoted value begins or ends, or the tag does.
fn in_tag(quote: Option<u8>, bytes: &[u8]) -> Option<usize> {
    match quote {
        Some(quote) => memchr(quote, bytes),
        None => memchr3(b'"', b'\'', b'>', bytes),
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
