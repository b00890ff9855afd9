//! Lines of a decoded stream, cut where they are too long.

use std::io::{self, Read};

use memchr::memchr;

use crate::test_results::decode::Decoder;

/// Bytes kept of one line.
const CAP: usize = 256 * 1024;

/// Hands out one line after the other.
pub struct Lines<R> {
    decoder: Decoder<R>,
    chunk: Vec<u8>,
    at: usize,
}

impl<R: Read> Lines<R> {
    /// The lines of a stream.
    pub fn new(decoder: Decoder<R>) -> Self {
        Self { decoder, chunk: Vec::new(), at: 0 }
    }

    /// Replaces `line` by the next one, without its end. Returns whether it had an end; `None` after the last.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
        line.clear();
        let mut any = false;
        loop {
            if self.at == self.chunk.len() {
                self.decoder.next(&mut self.chunk)?;
                self.at = 0;
            }
            let rest = &self.chunk[self.at..];
            if rest.is_empty() {
                return Ok(any.then_some(false));
            }
            any = true;
            let end = memchr(b'\n', rest);
            let part = &rest[..end.unwrap_or(rest.len())];
            line.extend_from_slice(&part[..part.len().min(CAP.saturating_sub(line.len()))]);
            self.at += part.len() + usize::from(end.is_some());
            if end.is_some() {
                line.pop_if(|last| *last == b'\r');
                return Ok(Some(true));
            }
        }
    }
}
