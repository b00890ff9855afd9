//! The tail of what the steps print: bounded, clean, and cheap however much comes.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::evidence::text::clean_bytes;

/// How many lines are kept.
pub const LINES_LIMIT: usize = 2_000;
/// How many bytes of them are kept.
pub const BYTES_LIMIT: usize = 1 << 20;
/// How many raw bytes wait for the next [`Splitter::take`].
const WAITING_LIMIT: usize = 64 << 10;

/// The last lines of all steps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    lines: VecDeque<String>,
    bytes: usize,
    dropped: u64,
}

impl Output {
    /// Takes in the lines of a batch, the oldest ones giving way.
    pub fn extend(&mut self, batch: Batch) {
        self.dropped += batch.skipped;
        for line in batch.lines {
            self.bytes += line.len();
            self.lines.push_back(line);
            while self.lines.len() > LINES_LIMIT || self.bytes > BYTES_LIMIT {
                let oldest = self.lines.pop_front().map_or(0, |line| line.len());
                self.bytes -= oldest;
                self.dropped += oldest as u64;
            }
        }
    }

    /// How many lines are kept.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether nothing was printed.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// A line, the oldest one that is kept first.
    pub fn line(&self, index: usize) -> Option<&str> {
        self.lines.get(index).map(String::as_str)
    }

    /// Bytes that were printed and are not kept.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// Some lines, clean, in the order in which they were printed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The lines.
    pub lines: Vec<String>,
    /// Bytes before them that came too fast to be looked at.
    pub skipped: u64,
}

/// Cuts what comes out of a pipe into lines. Only what is left at the next look is cleaned, so that a flood costs a copy.
#[derive(Debug, Default)]
pub struct Splitter {
    waiting: VecDeque<u8>,
    skipped: u64,
}

impl Splitter {
    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none do.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes in some bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let kept = &bytes[bytes.len().saturating_sub(WAITING_LIMIT)..];
        let surplus = (self.waiting.len() + kept.len()).saturating_sub(WAITING_LIMIT);
        self.waiting.drain(..surplus);
        self.waiting.extend(kept);
        self.skipped += (surplus + bytes.len() - kept.len()) as u64;
    }

    /// The complete lines so far.
    pub fn take(&mut self) -> Batch {
        let end = self.waiting.iter().rposition(|byte| is_break(*byte)).map_or(0, |at| at + 1);
        let bytes: Vec<u8> = self.waiting.drain(..end).collect();
        self.batch(&bytes)
    }

    /// Everything that is left, the last line without its end included.
    pub fn finish(&mut self) -> Batch {
        let bytes: Vec<u8> = std::mem::take(&mut self.waiting).into();
        self.batch(&bytes)
    }

    fn batch(&mut self, bytes: &[u8]) -> Batch {
        let parts = || bytes.split(|byte| is_break(*byte)).filter(|part| !part.is_empty());
        // Nobody keeps more lines than that; short ones cost many times their length.
        let surplus = parts().count().saturating_sub(LINES_LIMIT);
        let skipped = parts().take(surplus).map(|part| part.len() as u64 + 1).sum::<u64>();
        let lines = parts().skip(surplus).map(clean_bytes).collect();
        Batch { lines, skipped: std::mem::take(&mut self.skipped) + skipped }
    }
}

impl Batch {
    /// Whether it tells nothing.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.skipped == 0
    }
}

/// A carriage return alone ends a line too: progress bars redraw themselves with it.
fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[cfg(test)]
mod tests;
