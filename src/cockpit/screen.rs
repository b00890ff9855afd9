//! The screen as two buffers: what the terminal shows, and what it is to show next.
//!
//! Only damaged rectangles are redrawn and compared, and a frame leaves in one write inside a
//! synchronized update, so that a key costs what it changed and nothing tears.

use std::io::{self, Write};

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

const BEGIN_UPDATE: &[u8] = b"\x1b[?2026h";
const END_UPDATE: &[u8] = b"\x1b[?2026l";

/// Two buffers and the bytes of the next frame.
pub struct Screen {
    shown: Buffer,
    next: Buffer,
    bytes: Vec<u8>,
}

impl Screen {
    /// A screen of this size on a cleared terminal.
    pub fn new(size: Rect) -> Self {
        Self { shown: Buffer::empty(size), next: Buffer::empty(size), bytes: Vec::new() }
    }

    /// What is to be shown: draw into it, then [`Screen::flush`] the damaged rectangles.
    pub fn canvas(&mut self) -> &mut Buffer {
        &mut self.next
    }

    /// What the terminal shows.
    pub fn shown(&self) -> &Buffer {
        &self.shown
    }

    /// Forgets what the terminal shows: the next flush repaints everything.
    pub fn reset(&mut self, size: Rect) {
        self.shown = Buffer::empty(size);
        self.next = Buffer::empty(size);
    }

    /// Writes what differs within `damaged` to `out` as one synchronized update. `lead` goes before it,
    /// inside the same write. Nothing is written when nothing differs and there is no lead.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn flush(&mut self, damaged: &[Rect], lead: &[u8], out: &mut impl Write) -> io::Result<usize> {
        let changes = damaged.iter().flat_map(|area| differences(&self.shown, &self.next, *area)).collect::<Vec<_>>();
        if changes.is_empty() && lead.is_empty() {
            return Ok(0);
        }
        self.bytes.clear();
        self.bytes.extend_from_slice(BEGIN_UPDATE);
        self.bytes.extend_from_slice(lead);
        CrosstermBackend::new(&mut self.bytes).draw(changes.into_iter())?;
        self.bytes.extend_from_slice(END_UPDATE);
        out.write_all(&self.bytes)?;
        out.flush()?;
        for area in damaged {
            copy(&self.next, &mut self.shown, *area);
        }
        Ok(self.bytes.len())
    }
}

/// The cells of `area` that differ. A wide character covers the cell behind it; a cell that one
/// uncovered is written again, although both buffers agree on it.
fn differences<'a>(shown: &Buffer, next: &'a Buffer, area: Rect) -> Vec<(u16, u16, &'a Cell)> {
    let area = area.intersection(next.area);
    let mut changes = Vec::new();
    for y in area.rows() {
        let (mut covered, mut uncovered) = (0, 0);
        for x in y.left()..y.right() {
            let (old, new) = (&shown[(x, y.y)], &next[(x, y.y)]);
            let (old_width, new_width) = (width(old), width(new));
            if covered == 0 && (old != new || uncovered > 0) {
                changes.push((x, y.y, new));
            }
            let wider = old_width.max(new_width).max(uncovered);
            uncovered = wider.saturating_sub(1);
            covered = if covered > 0 { covered - 1 } else { new_width.saturating_sub(1) };
        }
    }
    changes
}

fn width(cell: &Cell) -> usize {
    let symbol = cell.symbol();
    if symbol.len() == 1 { 1 } else { crate::evidence::text::width(symbol).max(1) }
}

fn copy(from: &Buffer, to: &mut Buffer, area: Rect) {
    let area = area.intersection(from.area);
    for y in area.top()..area.bottom() {
        let (start, end) = (from.index_of(area.left(), y), from.index_of(area.left(), y) + usize::from(area.width));
        to.content[start..end].clone_from_slice(&from.content[start..end]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn frame(screen: &mut Screen, lines: &[&str]) -> Vec<u8> {
        let area = screen.next.area;
        screen.next.reset();
        for (y, line) in lines.iter().enumerate() {
            screen.next.set_string(0, y as u16, line, Style::new());
        }
        let mut out = Vec::new();
        screen.flush(&[area], b"", &mut out).unwrap();
        out
    }

    fn terminal(bytes: &[u8]) -> Vec<String> {
        let [rows, columns] = [3, 10].map(|n| std::num::NonZeroU16::new(n).unwrap());
        let mut parser = vt100::Parser::new(rows, columns, 0);
        parser.process(bytes);
        parser.screen().rows(0, 10).map(|row| row.trim_end().to_owned()).collect()
    }

    #[test]
    fn the_terminal_shows_what_was_drawn_frame_after_frame() {
        let mut screen = Screen::new(Rect::new(0, 0, 10, 3));
        let frames = [["abc", "", "漢字"], ["漢字x", "abc", "abcd"], ["a漢b", "", "漢"], ["", "", ""]];
        let mut bytes = Vec::new();
        for lines in frames {
            bytes.extend(frame(&mut screen, &lines));
            assert_eq!(terminal(&bytes), lines);
        }
    }

    #[test]
    fn an_unchanged_frame_writes_nothing() {
        let mut screen = Screen::new(Rect::new(0, 0, 10, 3));
        frame(&mut screen, &["abc"]);
        assert!(frame(&mut screen, &["abc"]).is_empty());
    }

    #[test]
    fn only_damaged_rectangles_are_compared() {
        let mut screen = Screen::new(Rect::new(0, 0, 10, 3));
        screen.next.set_string(0, 0, "aa", Style::new());
        screen.next.set_string(0, 1, "bb", Style::new());
        let mut out = Vec::new();
        screen.flush(&[Rect::new(0, 1, 10, 1)], b"", &mut out).unwrap();
        assert_eq!(terminal(&out), ["", "bb", ""]);
    }
}
