//! Report files as UTF-8, whatever they were written in: nothing in a report can make its reading fail.
//!
//! The encoding is taken from a byte order mark, else from the shape of the first bytes, else from the XML declaration.
//! What is not valid becomes U+FFFD. Encodings other than UTF-8, UTF-16, Latin-1 and Windows-1252 are read as UTF-8:
//! markup is ASCII in all of them, so that the counts hold and only accented names suffer.

use std::io::{self, Read};

/// Bytes that are read at a time.
const CHUNK: u64 = 64 * 1024;
/// Bytes that are looked at for the declared encoding.
const DECLARATION: usize = 256;
/// Windows-1252, 0x80 to 0x9f; elsewhere it is Latin-1. Unassigned bytes stay what Latin-1 says.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { big_endian: bool },
    Windows1252,
}

/// A stream of bytes, handed out as chunks of valid UTF-8.
#[derive(Debug)]
pub struct Decoder<R> {
    input: R,
    encoding: Option<Encoding>,
    /// Bytes read and not yet handed out: what was sniffed, or the first half of a character.
    held: Vec<u8>,
    /// A declared encoding that is not known here.
    unknown: Option<String>,
    /// The first half of a UTF-16 surrogate pair.
    surrogate: Option<u16>,
}

impl<R: Read> Decoder<R> {
    /// Nothing is read before the first chunk is asked for.
    pub fn new(input: R) -> Self {
        Self { input, encoding: None, held: Vec::new(), unknown: None, surrogate: None }
    }

    /// The declared encoding, when it is one that is read as UTF-8 for want of better.
    pub fn unknown_encoding(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    /// The first bytes, not yet decoded, without handing them out.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub fn peek(&mut self) -> io::Result<&[u8]> {
        if self.encoding.is_none() {
            self.sniff()?;
        }
        Ok(&self.held)
    }

    /// Replaces `chunk` by the next piece of the stream, at least one character long; empty at its end.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub fn next(&mut self, chunk: &mut Vec<u8>) -> io::Result<()> {
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => self.sniff()?,
        };
        chunk.clear();
        while chunk.is_empty() {
            chunk.append(&mut self.held);
            let at_end = self.read_more(chunk)? == 0;
            if at_end && chunk.is_empty() {
                if self.surrogate.take().is_some() {
                    chunk.extend_from_slice("\u{fffd}".as_bytes());
                }
                return Ok(());
            }
            match encoding {
                Encoding::Utf8 => self.keep_valid(chunk, at_end),
                Encoding::Utf16 { big_endian } => self.decode_utf16(chunk, big_endian, at_end),
                Encoding::Windows1252 => from_windows_1252(chunk),
            }
        }
        Ok(())
    }

    fn read_more(&mut self, chunk: &mut Vec<u8>) -> io::Result<usize> {
        self.input.by_ref().take(CHUNK).read_to_end(chunk)
    }

    fn sniff(&mut self) -> io::Result<Encoding> {
        let mut head = Vec::new();
        self.read_more(&mut head)?;
        let (encoding, mark) = self.recognise(&head);
        self.held = head.split_off(mark);
        self.encoding = Some(encoding);
        Ok(encoding)
    }

    /// The encoding, and the length of the byte order mark.
    fn recognise(&mut self, head: &[u8]) -> (Encoding, usize) {
        match head {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16 { big_endian: false }, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16 { big_endian: true }, 2),
            [b'<' | b'{', 0, ..] => (Encoding::Utf16 { big_endian: false }, 0),
            [0, b'<' | b'{', ..] => (Encoding::Utf16 { big_endian: true }, 0),
            _ => (self.declared(head), 0),
        }
    }

    fn declared(&mut self, head: &[u8]) -> Encoding {
        let Some(name) = declared_encoding(&head[..head.len().min(DECLARATION)]) else { return Encoding::Utf8 };
        match name.as_str() {
            // .NET declares the UTF-16 of the string in memory and writes UTF-8: the bytes have the last word.
            "utf-8" | "utf8" | "us-ascii" | "ascii" | "utf-16" => Encoding::Utf8,
            "iso-8859-1" | "latin1" | "latin-1" | "iso8859-1" | "windows-1252" | "cp1252" => Encoding::Windows1252,
            _ => {
                self.unknown = Some(name);
                Encoding::Utf8
            }
        }
    }

    /// Keeps the half of a character at the end for the next chunk, and replaces what is not UTF-8.
    fn keep_valid(&mut self, chunk: &mut Vec<u8>, at_end: bool) {
        let Err(error) = std::str::from_utf8(chunk) else { return };
        if error.error_len().is_none() && !at_end {
            self.held = chunk.split_off(error.valid_up_to());
            return;
        }
        let mut out = String::with_capacity(chunk.len());
        let mut pieces = chunk.utf8_chunks().peekable();
        while let Some(piece) = pieces.next() {
            out.push_str(piece.valid());
            let is_half = pieces.peek().is_none() && !at_end && is_prefix(piece.invalid());
            if is_half {
                self.held = piece.invalid().to_vec();
            } else if !piece.invalid().is_empty() {
                out.push(char::REPLACEMENT_CHARACTER);
            }
        }
        *chunk = out.into_bytes();
    }

    fn decode_utf16(&mut self, chunk: &mut Vec<u8>, big_endian: bool, at_end: bool) {
        let odd = chunk.len() % 2;
        self.held = chunk.split_off(chunk.len() - odd);
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair[1]];
            if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        };
        let mut units: Vec<u16> = self.surrogate.take().into_iter().chain(chunk.chunks_exact(2).map(unit)).collect();
        if let Some(last) = units.pop_if(|last| !at_end && (0xd800..0xdc00).contains(last)) {
            self.surrogate = Some(last);
        }
        let mut text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        if at_end && !self.held.is_empty() {
            self.held.clear();
            text.push(char::REPLACEMENT_CHARACTER);
        }
        *chunk = text.into_bytes();
    }
}

fn from_windows_1252(chunk: &mut Vec<u8>) {
    if chunk.is_ascii() {
        return;
    }
    let letter = |byte: &u8| match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(*byte),
    };
    *chunk = chunk.iter().map(letter).collect::<String>().into_bytes();
}

/// Whether the bytes may be the beginning of a character.
fn is_prefix(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none())
}

/// The `encoding` of an XML declaration, lower case.
fn declared_encoding(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let declaration = text.trim_start().strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(value[1..].split_once(quote)?.0.trim().to_ascii_lowercase())
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
