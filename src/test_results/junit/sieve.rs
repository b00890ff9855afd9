//! A filter in front of the XML reader, so that its memory does not depend on the file.
//!
//! quick-xml gathers a whole event before it hands it out: one CDATA section of 500 MB would be 500 MB in memory. The
//! sieve lets the first [`CAP`] bytes of an event through, drops the rest, and writes the end that the event needs. It
//! looks at nothing but events that reach over the end of a chunk, so that it costs next to nothing.

use std::io::{self, BufRead, Read};

use memchr::{memchr, memchr2, memchr3};

use crate::test_results::decode::Decoder;

/// Bytes of one event that are let through at least; at most a chunk (64 KiB, thrice that for UTF-16) more.
const CAP: u64 = 64 * 1024;

/// Where in an event the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before its first byte.
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

/// A [`BufRead`] over decoded chunks that shortens events which are too long.
#[derive(Debug)]
pub struct Sieve<R> {
    decoder: Decoder<R>,
    chunk: Vec<u8>,
    /// The next byte to hand out.
    at: usize,
    /// Where the present event began in this chunk.
    mark: usize,
    /// Bytes of the present event in earlier chunks.
    passed: u64,
    place: Place,
    /// The last two bytes of the present event in earlier chunks.
    last: [u8; 2],
    /// An end that was written for a shortened event, handed out before the chunk.
    end: Vec<u8>,
    refused: bool,
}

impl<R: Read> Sieve<R> {
    /// A sieve over a stream of bytes in any encoding.
    pub fn new(decoder: Decoder<R>) -> Self {
        Self {
            decoder,
            chunk: Vec::new(),
            at: 0,
            mark: 0,
            passed: 0,
            place: Place::Start,
            last: [0; 2],
            end: Vec::new(),
            refused: false,
        }
    }

    /// To be called after each event.
    #[inline]
    pub fn event_ended(&mut self) {
        self.mark = self.at;
        self.passed = 0;
        self.place = Place::Start;
    }

    /// Whether the stream was cut because of a document type declaration that is too long.
    pub fn refused(&self) -> bool {
        self.refused
    }

    /// What the stream was decoded with.
    pub fn decoder(&self) -> &Decoder<R> {
        &self.decoder
    }

    #[cold]
    fn refill(&mut self) -> io::Result<()> {
        let chunk = std::mem::take(&mut self.chunk);
        let unfinished = &chunk[self.mark.min(chunk.len())..];
        self.advance(unfinished);
        self.passed += unfinished.len() as u64;
        self.chunk = chunk;
        (self.at, self.mark) = (0, 0);
        self.decoder.next(&mut self.chunk)?;
        if self.passed >= CAP { self.shorten() } else { Ok(()) }
    }

    /// Drops what is left of the present event.
    fn shorten(&mut self) -> io::Result<()> {
        let cut_in = self.place;
        if cut_in == Place::DocType {
            self.refused = true;
            self.chunk.clear();
        }
        while !self.chunk.is_empty() {
            let chunk = std::mem::take(&mut self.chunk);
            let end = self.advance(&chunk);
            self.chunk = chunk;
            if let Some(end) = end {
                self.close(cut_in, end);
                break;
            }
            self.decoder.next(&mut self.chunk)?;
        }
        Ok(())
    }

    /// Goes on behind the present event, which ends at `end`, and writes the end that it needs.
    fn close(&mut self, cut_in: Place, end: usize) {
        let before = if end >= 2 { self.chunk[end - 2] } else { self.last[1] };
        match cut_in {
            Place::Tag { quote } => {
                self.end.extend(quote);
                self.end.extend_from_slice(if before == b'/' { b"/>" } else { b">" });
            }
            Place::Until(pattern) => self.end.extend_from_slice(pattern),
            _ => {}
        }
        (self.at, self.mark) = (end, end);
        self.passed = 0;
    }

    /// Follows the present event through `bytes`. Returns where it ends, if it does.
    fn advance(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            match self.place {
                Place::Start => self.place = if bytes[at] == b'<' { Place::Open } else { Place::Text },
                Place::Open => match bytes[at] {
                    b'!' => self.place = Place::Bang,
                    b'?' => self.place = Place::Until(b"?>"),
                    _ => {
                        self.place = Place::Tag { quote: None };
                        continue;
                    }
                },
                Place::Bang => {
                    self.place = match bytes[at] {
                        b'[' => Place::Until(b"]]>"),
                        b'-' => Place::Until(b"-->"),
                        _ => Place::DocType,
                    }
                }
                Place::Text => return memchr2(b'<', b'&', &bytes[at..]).map(|i| at + i),
                Place::DocType => return None,
                Place::Tag { quote: None } => match memchr3(b'"', b'\'', b'>', &bytes[at..]) {
                    Some(i) if bytes[at + i] == b'>' => return Some(at + i + 1),
                    Some(i) => {
                        at += i;
                        self.place = Place::Tag { quote: Some(bytes[at]) };
                    }
                    None => break,
                },
                Place::Tag { quote: Some(quote) } => match memchr(quote, &bytes[at..]) {
                    Some(i) => {
                        at += i;
                        self.place = Place::Tag { quote: None };
                    }
                    None => break,
                },
                Place::Until(pattern) => match memchr(b'>', &bytes[at..]) {
                    Some(i) if self.ends_with(&bytes[..at + i], pattern) => return Some(at + i + 1),
                    Some(i) => at += i,
                    None => break,
                },
            }
            at += 1;
        }
        self.remember(bytes);
        None
    }

    /// Whether `before`, and what came in earlier chunks, ends with the pattern less its `>`.
    fn ends_with(&self, before: &[u8], pattern: &[u8]) -> bool {
        let wanted = &pattern[..pattern.len() - 1];
        let tail = |back: usize| match before.len().checked_sub(back) {
            Some(i) => before[i],
            None => self.last[2 - (back - before.len())],
        };
        wanted.iter().rev().zip(1..).all(|(byte, back)| tail(back) == *byte)
    }

    fn remember(&mut self, bytes: &[u8]) {
        match bytes {
            [.., a, b] => self.last = [*a, *b],
            [a] => self.last = [self.last[1], *a],
            [] => {}
        }
    }
}

impl<R: Read> Read for Sieve<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(buffer.len());
        buffer[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: Read> BufRead for Sieve<R> {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.end.is_empty() && self.at >= self.chunk.len() && !self.refused {
            self.refill()?;
        }
        Ok(if self.end.is_empty() { &self.chunk[self.at..] } else { &self.end })
    }

    #[inline]
    fn consume(&mut self, amount: usize) {
        if self.end.is_empty() {
            self.at += amount;
        } else {
            self.end.drain(..amount.min(self.end.len()));
        }
    }
}

#[cfg(test)]
#[path = "sieve_tests.rs"]
mod tests;
