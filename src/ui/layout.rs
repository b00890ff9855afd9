//! How the screen is divided. One pure function, used by drawing and by the mouse alike.
//!
//! ```text
//! 160x48  header                 120x40  header               80x24  header
//!         checklist change tests         checklist change            the focused pane
//!         canary      rollback           tests     canary            one line for each other pane
//!         timeline and hints             rollback                    timeline and hints
//!                                        timeline and hints
//! ```

use ratatui::layout::{Position, Rect};

/// The panes, by the number of their key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// `1`
    Checklist,
    /// `2`
    Change,
    /// `3`
    Tests,
    /// `4`
    Canary,
    /// `5`
    Rollback,
    /// `6`, zoomed alone.
    Timeline,
    /// `7`, zoomed alone.
    Comms,
}

impl Pane {
    /// In the order of their keys.
    pub const ALL: [Self; 7] =
        [Self::Checklist, Self::Change, Self::Tests, Self::Canary, Self::Rollback, Self::Timeline, Self::Comms];
    /// Those that share the screen.
    pub const TILED: [Self; 5] = [Self::Checklist, Self::Change, Self::Tests, Self::Canary, Self::Rollback];

    /// Its place in [`Pane::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Its name in the frame.
    pub fn name(self) -> &'static str {
        match self {
            Self::Checklist => "Checklist",
            Self::Change => "Change",
            Self::Tests => "Tests",
            Self::Canary => "Canary",
            Self::Rollback => "Rollback",
            Self::Timeline => "Timeline",
            Self::Comms => "Comms",
        }
    }
}

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Areas {
    /// The whole screen.
    pub screen: Rect,
    /// The header; empty on the card.
    pub header: Rect,
    /// The drawn panes, frame included.
    pub panes: Vec<(Pane, Rect)>,
    /// One line for each pane that is not drawn.
    pub summaries: Vec<(Pane, Rect)>,
    /// The bottom line.
    pub footer: Rect,
    /// A strip below all of that, which belongs to nobody here: the words of a tour. Empty without one.
    pub strip: Rect,
    /// Whether there is room for a card alone.
    pub is_card: bool,
}

/// The smallest screen that holds more than a card: columns and rows.
pub const SMALLEST: (u16, u16) = (60, 15);

/// Divides a screen of `width` by `height` cells.
pub fn layout(width: u16, height: u16, focus: Pane, zoomed: bool) -> Areas {
    let screen = Rect::new(0, 0, width, height);
    let mut areas = Areas {
        screen,
        header: Rect::default(),
        panes: Vec::new(),
        summaries: Vec::new(),
        footer: Rect::default(),
        strip: Rect::new(0, height, width, 0),
        is_card: width < SMALLEST.0 || height < SMALLEST.1,
    };
    if areas.is_card {
        return areas;
    }
    areas.header = Rect::new(0, 0, width, if height < 20 { 1 } else { 2 });
    areas.footer = Rect::new(0, height - 1, width, 1);
    let body = Rect::new(0, areas.header.height, width, height - areas.header.height - 1);
    if zoomed || !Pane::TILED.contains(&focus) || width < 110 || height < 32 {
        one_pane(body, focus, &mut areas);
    } else if width < 140 {
        areas.panes = three_rows(body);
    } else {
        areas.panes = two_rows(body);
    }
    areas
}

fn one_pane(body: Rect, focus: Pane, areas: &mut Areas) {
    let others = Pane::TILED.into_iter().filter(|pane| *pane != focus);
    let lines = if body.height >= 16 { others.clone().count() as u16 } else { 0 };
    areas.panes = vec![(focus, Rect { height: body.height - lines, ..body })];
    let top = body.bottom() - lines;
    areas.summaries =
        others.take(lines.into()).zip(top..).map(|(pane, y)| (pane, Rect::new(0, y, body.width, 1))).collect();
}

fn two_rows(body: Rect) -> Vec<(Pane, Rect)> {
    let [upper, lower] = rows(body, [55, 45]);
    let [left, middle, right] = columns(upper, [32, 36, 32]);
    let [wide, narrow] = columns(lower, [56, 44]);
    Pane::TILED.into_iter().zip([left, middle, right, wide, narrow]).collect()
}

fn three_rows(body: Rect) -> Vec<(Pane, Rect)> {
    let [upper, middle, lower] = rows(body, [38, 37, 25]);
    let [checklist, change] = columns(upper, [50, 50]);
    let [tests, canary] = columns(middle, [44, 56]);
    Pane::TILED.into_iter().zip([checklist, change, tests, canary, lower]).collect()
}

fn rows<const N: usize>(area: Rect, shares: [u16; N]) -> [Rect; N] {
    let mut top = area.y;
    parts(area.height, shares).map(|height| {
        top += height;
        Rect { y: top - height, height, ..area }
    })
}

fn columns<const N: usize>(area: Rect, shares: [u16; N]) -> [Rect; N] {
    let mut left = area.x;
    parts(area.width, shares).map(|width| {
        left += width;
        Rect { x: left - width, width, ..area }
    })
}

/// Cuts a length by percentages; the last part takes what rounding left over.
fn parts<const N: usize>(length: u16, shares: [u16; N]) -> [u16; N] {
    let mut cut = shares.map(|share| (u32::from(length) * u32::from(share) / 100) as u16);
    let used: u16 = cut.iter().sum();
    cut[N - 1] += length - used;
    cut
}

impl Areas {
    /// Where a pane is drawn, if it is.
    pub fn pane(&self, pane: Pane) -> Option<Rect> {
        self.panes.iter().find(|(it, _)| *it == pane).map(|(_, area)| *area)
    }

    /// Which pane, drawn or summed up in a line, is under a cell.
    pub fn pane_at(&self, column: u16, row: u16) -> Option<Pane> {
        let position = Position::new(column, row);
        let both = self.panes.iter().chain(&self.summaries);
        both.clone().find(|(_, area)| area.contains(position)).map(|(pane, _)| *pane)
    }
}

/// The inside of a frame.
pub fn inner(area: Rect) -> Rect {
    Rect::new(area.x + 1, area.y + 1, area.width.saturating_sub(2), area.height.saturating_sub(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_size_is_divided_without_overlap(width in 0u16..600, height in 0u16..250, focus in 0usize..7, zoomed: bool) {
            let areas = layout(width, height, Pane::ALL[focus], zoomed);
            let mut all: Vec<Rect> = areas.panes.iter().chain(&areas.summaries).map(|(_, area)| *area).collect();
            all.extend([areas.header, areas.footer]);
            for (i, a) in all.iter().enumerate() {
                prop_assert!(a.right() <= width && a.bottom() <= height);
                for b in &all[i + 1..] {
                    prop_assert!(a.intersection(*b).is_empty());
                }
            }
            if !areas.is_card {
                let cells: u32 = all.iter().map(|area| area.area()).sum();
                prop_assert_eq!(cells, u32::from(width) * u32::from(height));
                prop_assert!(areas.pane(Pane::ALL[focus]).is_some());
            }
        }
    }

    #[test]
    fn the_sizes_of_the_design_have_their_layouts() {
        let shown = |w, h| layout(w, h, Pane::Canary, false).panes.len();
        assert_eq!(shown(160, 48), 5);
        assert_eq!(shown(120, 40), 5);
        assert_eq!(shown(80, 24), 1);
        assert_eq!(layout(80, 24, Pane::Canary, false).summaries.len(), 4);
        assert!(layout(59, 15, Pane::Canary, false).is_card);
        assert!(!layout(60, 15, Pane::Canary, false).is_card);
        assert_eq!(layout(160, 48, Pane::Canary, true).panes.len(), 1);
    }

    #[test]
    fn the_mouse_finds_what_is_drawn() {
        let areas = layout(160, 48, Pane::Checklist, false);
        assert_eq!(areas.pane_at(0, 2), Some(Pane::Checklist));
        assert_eq!(areas.pane_at(159, 2), Some(Pane::Tests));
        assert_eq!(areas.pane_at(159, 46), Some(Pane::Rollback));
        assert_eq!(areas.pane_at(0, 0), None);
    }
}
