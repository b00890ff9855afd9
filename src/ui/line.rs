//! One line into one row of the screen.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use crate::evidence::text;

/// Puts a line into one row of a rectangle, cut to its width.
pub fn put(line: Line<'static>, x: u16, y: u16, width: u16, canvas: &mut Buffer) {
    if !put_plain(&line, x, y, width, canvas) {
        let line = cut(line, width);
        canvas.set_line(x, y, &line, width);
    }
}

/// The same for a line that fits, each character of which is one cell: a screen of charts has thousands, and each is
/// spared the question how wide it is and whether it belongs to its neighbour. Puts nothing where that is not so.
fn put_plain(line: &Line<'static>, x: u16, y: u16, width: u16, canvas: &mut Buffer) -> bool {
    let is_plain = |c: char| matches!(c, ' '..='~' | '\u{2500}'..='\u{259f}');
    if !line.spans.iter().all(|span| span.content.chars().all(is_plain)) {
        return false;
    }
    let cells: usize = line.spans.iter().map(|span| span.content.chars().count()).sum();
    if cells == 0 || cells > usize::from(width.min(canvas.area.right().saturating_sub(x))) {
        return cells == 0;
    }
    let start = canvas.index_of(x, y);
    let mut row = canvas.content[start..start + cells].iter_mut();
    for span in &line.spans {
        let style = line.style.patch(span.style);
        // The cells come last: a span that ends must not take one with it.
        for (c, cell) in span.content.chars().zip(row.by_ref()) {
            cell.set_char(c).set_style(style);
        }
    }
    true
}

/// A line cut to `width` cells, so that a pane cannot reach beyond its frame.
pub fn cut(line: Line<'static>, width: u16) -> Line<'static> {
    if line.width() <= usize::from(width) {
        return line;
    }
    let mut left = usize::from(width);
    let mut spans = Vec::with_capacity(line.spans.len());
    for span in line.spans {
        let cells = span.width();
        if cells > left || (cells == left && spans.is_empty()) {
            spans.push(Span::styled(text::fit(&span.content, left), span.style));
            break;
        }
        left -= cells;
        spans.push(span);
    }
    Line::from(spans).style(line.style)
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};

    use super::*;

    #[test]
    fn a_plain_line_lies_as_ratatui_would_lay_it() {
        let styled = |text: &'static str, colour| Span::styled(text, Style::new().fg(colour));
        let lines = [
            vec![],
            vec![styled("", Color::Red)],
            vec![styled("  12 %┤", Color::Red), styled("▁▂█", Color::Blue), styled("  ", Color::Red)],
            vec![styled("a", Color::Red), styled("", Color::Blue), styled("b", Color::Green)],
            vec![styled("wide 漢字 and e\u{301}", Color::Red), styled("x", Color::Blue)],
            vec![styled("longer than the row is wide", Color::Red)],
        ];
        for spans in lines {
            let line = Line::from(spans).style(Style::new().bg(Color::Black));
            let area = Rect::new(0, 0, 20, 2);
            let (mut ours, mut theirs) = (Buffer::empty(area), Buffer::empty(area));
            put(line.clone(), 1, 1, 18, &mut ours);
            theirs.set_line(1, 1, &cut(line.clone(), 18), 18);
            assert_eq!(ours, theirs, "{line}");
        }
    }
}
