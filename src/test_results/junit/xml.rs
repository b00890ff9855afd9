//! The events of an XML document, for a handler that follows one kind of report.
//!
//! No recursion, no document type, no entity, and a limit for everything, so that no file can harm the reader. An error in the
//! document ends or taints it: what was seen before stays seen.

use std::io::Read;

use memchr::memchr;
use memchr::memmem::Finder;
use quick_xml::Reader;
use quick_xml::errors::{Error, SyntaxError};
use quick_xml::events::Event;

use super::attributes::{self, Attributes};
use super::window::Window;
use crate::test_results::decode::Decoder;

/// Elements that may be open at a time.
pub const DEPTH: usize = 128;
/// Bytes of the longest reference that has a meaning.
const REFERENCE: usize = 16;

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

/// A document.
pub struct Document<R> {
    window: Window<R>,
    section_end: Finder<'static>,
    /// Elements without a parent so far.
    roots: u64,
}

/// The elements that are open, and what is wrong with how they are closed.
struct Open<K> {
    kinds: Vec<K>,
    names: String,
    starts: Vec<usize>,
    wrong: Option<String>,
}

/// What comes after a stretch of the document.
enum Next {
    /// The next one, which begins with the unfinished event at this byte.
    Stretch(usize),
    /// Nothing.
    Nothing(Ending),
}

impl<R: Read> Document<R> {
    /// The document in a stream.
    pub fn new(decoder: Decoder<R>) -> Self {
        Self { window: Window::new(decoder), section_end: Finder::new("]]>"), roots: 0 }
    }

    /// Roots in the document: XML allows one.
    pub fn roots(&self) -> u64 {
        self.roots
    }

    /// A declared encoding that the document could not be read in.
    pub fn unknown_encoding(&self) -> Option<&str> {
        self.window.decoder().unknown_encoding()
    }

    /// Reads to the end.
    pub fn drive<H: Handler>(&mut self, handler: &mut H) -> Ending {
        let mut open = Open { kinds: Vec::new(), names: String::new(), starts: Vec::new(), wrong: None };
        let ending = loop {
            match self.stretch(handler, &mut open) {
                Next::Stretch(from) => {
                    if let Err(error) = self.window.advance(from) {
                        break Ending::Unreadable(error.to_string());
                    }
                }
                Next::Nothing(ending) => break ending,
            }
        };
        open.kinds.into_iter().rev().for_each(|kind| handler.abandon(kind));
        ending
    }

    /// Reads the events of the present stretch.
    fn stretch<H: Handler>(&mut self, handler: &mut H, open: &mut Open<H::Kind>) -> Next {
        let text = self.window.text();
        let mut reader = reader(text);
        loop {
            let is_wanted = open.kinds.last().is_some_and(|kind| handler.wants_text(*kind));
            if !is_wanted {
                skip_text(reader.get_mut(), &self.section_end);
            }
            let at = text.len() - reader.get_ref().len();
            match reader.read_event() {
                Ok(Event::Start(tag)) => {
                    if open.starts.len() == DEPTH {
                        return Next::Nothing(Ending::Refused(format!("more than {DEPTH} elements inside each other")));
                    }
                    self.roots += u64::from(open.kinds.is_empty());
                    open.start(tag.name().0, handler.open(local(tag.name().0), Attributes::new(tag.attributes_raw())));
                }
                Ok(Event::Empty(tag)) => {
                    self.roots += u64::from(open.kinds.is_empty());
                    let kind = handler.open(local(tag.name().0), Attributes::new(tag.attributes_raw()));
                    handler.close(kind);
                }
                Ok(Event::End(tag)) => open.end(tag.name().0, handler),
                Ok(Event::Text(text)) => {
                    let is_half = text.starts_with('&') && text.len() <= REFERENCE && reader.get_ref().is_empty();
                    if is_half && !self.window.is_last() {
                        return Next::Stretch(at);
                    }
                    if is_wanted {
                        handler.text(&text);
                    }
                }
                Ok(Event::CData(text)) if is_wanted => handler.text(&text),
                Ok(Event::GeneralRef(name)) if is_wanted => resolve(&name, handler),
                Ok(Event::Eof) if !self.window.is_last() => return Next::Stretch(text.len()),
                Ok(Event::Eof) => return Next::Nothing(self.ended(open)),
                Ok(_) => {}
                Err(error) => return self.failed(&error, at, open),
            }
        }
    }

    fn ended<K>(&self, open: &mut Open<K>) -> Ending {
        if self.window.refused() {
            return Ending::Refused("a document type declaration of more than 64 KiB".into());
        }
        match open.wrong.take() {
            Some(what) => Ending::Malformed(what),
            None if open.starts.is_empty() => Ending::Closed,
            None => Ending::Cut,
        }
    }

    /// The event at this byte could not be read: because it is not here to its end, or because it is none.
    fn failed<K>(&self, error: &Error, at: usize, open: &mut Open<K>) -> Next {
        let rest = self.window.text().len() - at;
        let is_none = match error {
            Error::Syntax(SyntaxError::InvalidBangMarkup) => self.window.is_last() || rest > "<!".len(),
            Error::Syntax(_) => !self.window.is_open(at),
            _ => true,
        };
        Next::Nothing(match error {
            _ if !is_none && !self.window.is_last() => return Next::Stretch(at),
            _ if self.window.refused() => self.ended(open),
            _ if is_none => Ending::Malformed(format!("{error}, at byte {}", self.window.offset() + at as u64)),
            _ => Ending::Cut,
        })
    }
}

fn reader(text: &[u8]) -> Reader<&[u8]> {
    let mut reader = Reader::from_reader(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    reader
}

/// Passes over text, without an event for each piece of it.
fn skip_text(rest: &mut &[u8], section_end: &Finder<'_>) {
    while let Some(start) = memchr(b'<', rest) {
        *rest = &rest[start..];
        if rest.get(1) != Some(&b'!') {
            return;
        }
        let Some(section) = rest.strip_prefix(b"<![CDATA[") else { return };
        let Some(end) = section_end.find(section) else { return };
        *rest = &section[end + section_end.needle().len()..];
    }
    *rest = &[];
}

impl<K: Copy> Open<K> {
    fn start(&mut self, name: &str, kind: K) {
        self.starts.push(self.names.len());
        self.names.push_str(name);
        self.kinds.push(kind);
    }

    /// Closes the innermost element of this name and everything in it; an end without a beginning is left out. Either is an
    /// error in the document unless it is the innermost one of all.
    fn end<H: Handler<Kind = K>>(&mut self, name: &str, handler: &mut H) {
        if let Some(&start) = self.starts.last().filter(|start| self.names.as_bytes()[**start..] == *name.as_bytes()) {
            self.names.truncate(start);
            self.starts.pop();
            if let Some(kind) = self.kinds.pop() {
                handler.close(kind);
            }
            return;
        }
        self.end_outer(name, handler);
    }

    #[cold]
    fn end_outer<H: Handler<Kind = K>>(&mut self, name: &str, handler: &mut H) {
        let mut end = self.names.len();
        for (depth, start) in self.starts.iter().copied().enumerate().rev() {
            if &self.names[start..end] == name {
                let missing = &self.names[end..];
                self.wrong.get_or_insert_with(|| format!("</{missing}> is missing before </{name}>"));
                self.names.truncate(start);
                self.starts.truncate(depth);
                self.kinds.drain(depth..).rev().for_each(|kind| handler.close(kind));
                return;
            }
            end = start;
        }
        self.wrong.get_or_insert_with(|| format!("</{name}> ends nothing"));
    }
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
    // Names are short: a loop over their bytes is faster than a search.
    name.bytes().rposition(|byte| byte == b':').map_or(name, |at| &name[at + 1..])
}
