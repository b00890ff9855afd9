//! The words of the tour, or of an offer, below everything that they speak of.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{clear, put};
use crate::cockpit::state::State;
use crate::evidence::text::wrap;
use crate::ui::theme::{Role, Theme};

/// Draws the strip, if there is one. Returns where it is.
pub fn draw(state: &State, theme: &Theme, canvas: &mut Buffer) -> Option<Rect> {
    let (title, says) = words(state)?;
    let area = state.areas().strip.intersection(canvas.area);
    if area.height == 0 {
        return None;
    }
    clear(area, canvas);
    let rule = theme.pick("━", "=").repeat(usize::from(area.width));
    put(Line::styled(rule, theme.style(Role::Key)), area.x, area.y, area.width, canvas);
    put(Line::styled(format!(" {title} "), theme.style(Role::Key)), area.x + 2, area.y, area.width - 4, canvas);
    let lines = wrap(&says, usize::from(area.width) - 2);
    for (line, y) in lines.into_iter().zip(area.y + 1..area.bottom()) {
        put(Line::styled(line, theme.style(Role::Text)), area.x + 1, y, area.width - 2, canvas);
    }
    Some(area)
}

/// What it is called, and what it says.
fn words(state: &State) -> Option<(String, String)> {
    if let Some(tour) = state.ui.tour {
        return Some((tour.title(), tour.says(state)));
    }
    let says = "enter answers the three questions · any other key does what it always does";
    state.ui.overlay.is_offer().then(|| ("No incident: declare one?".to_owned(), says.to_owned()))
}
