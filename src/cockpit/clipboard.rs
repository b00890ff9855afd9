//! Copying through the terminal itself, which works over SSH: OSC 52.

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

/// Terminals refuse more than this, in bytes.
const LIMIT: usize = 74_000;

/// The bytes that put a text on the clipboard. The text is one that the cockpit shows: it is clean.
pub fn copy(text: &str) -> Vec<u8> {
    let end = text.floor_char_boundary(LIMIT);
    let mut bytes = String::new();
    let _infallible = CopyToClipboard::to_clipboard_from(&text[..end]).write_ansi(&mut bytes);
    bytes.into_bytes()
}
