//! Text from outside, made fit for a terminal where it comes in.
//!
//! Commit messages, paths, labels, error bodies and the output of commands may hold escape
//! sequences, and characters that reorder or hide what follows. A room's source passes each such
//! text through [`clean`] (one line) or [`clean_block`] (several) before it becomes a value.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The longest text that is kept of one field, in bytes.
pub const FIELD_LIMIT: usize = 4 * 1024;
/// The longest run of combining marks that is kept on one character.
const MARKS_LIMIT: usize = 2;

/// One line: control characters, line breaks included, become `\u{..}` escapes or a blank.
pub fn clean(text: &str) -> String {
    clean_to(text, FIELD_LIMIT, false)
}

/// Several lines: as [`clean`], but line breaks stay and tabs become blanks. `limit` is in bytes.
pub fn clean_block(text: &str, limit: usize) -> String {
    clean_to(text, limit, true)
}

/// Bytes that may not be UTF-8: what is not becomes U+FFFD, then as [`clean`].
pub fn clean_bytes(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(FIELD_LIMIT + 4)];
    clean(&String::from_utf8_lossy(cut))
}

fn clean_to(text: &str, limit: usize, multiline: bool) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    let mut marks = 0;
    for c in text.chars() {
        if out.len() >= limit {
            out.push('…');
            break;
        }
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match c {
            '\n' if multiline => out.push('\n'),
            '\r' if multiline => {}
            '\t' | '\n' => out.push(' '),
            _ if is_dangerous(c) => out.extend(c.escape_unicode()),
            _ if marks > MARKS_LIMIT => {}
            _ => out.push(c),
        }
    }
    out
}

/// Whether a character can move the cursor, reorder the line or hide itself.
pub fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Combining marks and variation selectors: characters without a cell of their own.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}')
}

/// Cells that a text takes on the screen.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text cut to `cells`, the last one `…` where something was cut off.
pub fn fit(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut out = head(text, cells.saturating_sub(1));
    if cells > 0 {
        out.push('…');
    }
    out
}

/// The text cut to `cells` at its front, the first one `…`: for paths, whose end tells more.
pub fn fit_end(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut kept = Vec::new();
    let mut used = 1;
    for grapheme in text.graphemes(true).rev() {
        used += width(grapheme);
        if used > cells {
            break;
        }
        kept.push(grapheme);
    }
    let tail: String = kept.into_iter().rev().collect();
    if cells > 0 { format!("…{tail}") } else { String::new() }
}

fn head(text: &str, cells: usize) -> String {
    let mut used = 0;
    text.graphemes(true)
        .take_while(|g| {
            used += width(g);
            used <= cells
        })
        .collect()
}

/// Lines of at most `cells`, broken at blanks where there are any near the end; what is indented stays so.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(4);
    let mut lines = Vec::new();
    let mut rest = text;
    while width(rest) > cells {
        let end = head(rest, cells).len().max(rest.graphemes(true).next().map_or(1, str::len));
        let cut = match rest[end..].starts_with(' ') {
            true => end,
            false => rest[..end].rfind(' ').filter(|at| *at > end / 2).unwrap_or(end),
        };
        lines.push(rest[..cut].to_owned());
        rest = rest[cut..].strip_prefix(' ').unwrap_or(&rest[cut..]);
    }
    lines.push(rest.to_owned());
    lines
}
