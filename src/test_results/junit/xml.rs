//! The events of an XML document, for a handler that follows one kind of report.
//!
//! No recursion, no document type, no entity, and a limit for everything, so that no file can harm the reader. An error in the
//! document ends or taints it: what was seen before stays seen.

use std::io::Read;

use quick_xml::Reader;
use quick_xml::errors::{Error, SyntaxError};
use quick_xml::events::Event;

use super::attributes::{self, Attributes};
use super::sieve::Sieve;

/// Elements that may be open at a time.
pub const DEPTH: usize = 128;

/// Follows the elements of a document.
pub trait Handler {
    /// What the handler needs to know of an element while it is open.
    type Kind: Copy;

    /// An element begins. `name` is its local name.
    fn open(&mut self, name: &str, attributes: Attributes<'_>) -> Self::Kind;

    /// Whether the text directly inside this element is wanted.
    fn wants_text(&self, kind: Self::Kind) -> bool;

    /// A piece of text inside the innermost element, references resolved.
    fn text(&mut self, text: &str);

    /// An element ends.
    fn close(&mut self, kind: Self::Kind);

    /// The document ends inside this element: whatever it would have said is unknown.
    fn abandon(&mut self, kind: Self::Kind);
}

/// How a document ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Every element was closed.
    Closed,
    /// In the middle: the file is still being written, or was cut off.
    Cut,
    /// It is not well-formed; what is wrong first, and where.
    Malformed(String),
    /// It broke a limit.
    Refused(String),
    /// It could not be read to its end.
    Unreadable(String),
}

/// A document, and the elements that are open.
pub struct Document<R> {
    reader: Reader<Sieve<R>>,
    buffer: Vec<u8>,
    names: String,
    starts: Vec<usize>,
    wrong: Option<String>,
    /// Elements without a parent so far.
    roots: u64,
}

impl<R: Read> Document<R> {
    /// The document in a stream.
    pub fn new(input: Sieve<R>) -> Self {
        let mut reader = Reader::from_reader(input);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        Self { reader, buffer: Vec::new(), names: String::new(), starts: Vec::new(), wrong: None, roots: 0 }
    }

    /// Roots in the document so far: XML allows one.
    pub fn roots(&self) -> u64 {
        self.roots
    }

    /// A declared encoding that the document could not be read in.
    pub fn unknown_encoding(&self) -> Option<&str> {
        self.reader.get_ref().decoder().unknown_encoding()
    }

    /// Reads to the end.
    pub fn drive<H: Handler>(&mut self, handler: &mut H) -> Ending {
        let mut kinds: Vec<H::Kind> = Vec::new();
        let ending = loop {
            self.buffer.clear();
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(error) => break self.failed(&error),
            };
            match event {
                Event::Start(tag) => {
                    if self.starts.len() == DEPTH {
                        break Ending::Refused(format!("more than {DEPTH} elements inside each other"));
                    }
                    self.roots += u64::from(kinds.is_empty());
                    self.starts.push(self.names.len());
                    self.names.push_str(tag.name().0);
                    kinds.push(handler.open(local(tag.name().0), Attributes::new(tag.attributes_raw())));
                }
                Event::Empty(tag) => {
                    self.roots += u64::from(kinds.is_empty());
                    let kind = handler.open(local(tag.name().0), Attributes::new(tag.attributes_raw()));
                    handler.close(kind);
                }
                Event::End(tag) => close(&mut self.names, &mut self.starts, &mut self.wrong, tag.name().0, |n| {
                    kinds.drain(n..).rev().for_each(|kind| handler.close(kind));
                }),
                Event::Text(text) => {
                    if kinds.last().is_some_and(|kind| handler.wants_text(*kind)) {
                        handler.text(&text);
                    }
                }
                Event::CData(text) => {
                    if kinds.last().is_some_and(|kind| handler.wants_text(*kind)) {
                        handler.text(&text);
                    }
                }
                Event::GeneralRef(name) => {
                    if kinds.last().is_some_and(|kind| handler.wants_text(*kind)) {
                        resolve(&name, handler);
                    }
                }
                Event::Eof => break self.ended(),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
            self.reader.get_mut().event_ended();
        };
        for kind in kinds.into_iter().rev() {
            handler.abandon(kind);
        }
        ending
    }

    fn ended(&mut self) -> Ending {
        if self.reader.get_ref().refused() {
            return Ending::Refused("a document type declaration of more than 64 KiB".into());
        }
        match self.wrong.take() {
            Some(what) => Ending::Malformed(what),
            None if self.starts.is_empty() => Ending::Closed,
            None => Ending::Cut,
        }
    }

    fn failed(&mut self, error: &Error) -> Ending {
        match error {
            Error::Io(error) => Ending::Unreadable(error.to_string()),
            _ if self.reader.get_ref().refused() => self.ended(),
            // Every syntax error of quick-xml is something that the end of the file left open, but for an unknown `<!`.
            Error::Syntax(SyntaxError::InvalidBangMarkup) | Error::IllFormed(_) => {
                let at = self.reader.error_position();
                Ending::Malformed(format!("{error}, at byte {at}"))
            }
            Error::Syntax(_) => Ending::Cut,
            _ => Ending::Malformed(error.to_string()),
        }
    }
}

/// Closes the innermost element of this name and everything in it; an end without a beginning is left out. Either is an error in
/// the document unless it is the innermost one of all.
fn close(
    names: &mut String,
    starts: &mut Vec<usize>,
    wrong: &mut Option<String>,
    name: &str,
    mut down_to: impl FnMut(usize),
) {
    let mut end = names.len();
    for (depth, start) in starts.iter().copied().enumerate().rev() {
        if &names[start..end] == name {
            if end != names.len() {
                wrong.get_or_insert_with(|| format!("</{}> is missing before </{name}>", &names[end..]));
            }
            names.truncate(start);
            starts.truncate(depth);
            return down_to(depth);
        }
        end = start;
    }
    wrong.get_or_insert_with(|| format!("</{name}> ends nothing"));
}

fn resolve<H: Handler>(name: &str, handler: &mut H) {
    match attributes::resolve(name) {
        Some(c) => handler.text(c.encode_utf8(&mut [0; 4])),
        None => {
            handler.text("&");
            handler.text(name);
            handler.text(";");
        }
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}
