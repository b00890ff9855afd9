//! How the pictures are looked at: how much time a column holds, up to when, and where the cursor is (pure).

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use super::model::{Arm, Scrape, seconds};

/// Scrapes of a column that can be chosen.
const SPANS: [usize; 4] = [1, 2, 4, 10];

/// How the pictures are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct View {
    span: usize,
    /// Columns that the cursor is back from the newest.
    pub cursor: Option<usize>,
    /// Up to when it is drawn: it is held there.
    pub held: Option<Timestamp>,
}

/// What a person can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Look {
    /// The cursor goes to the column before.
    Earlier,
    /// The cursor goes to the column after, and away from the newest.
    Later,
    /// More time in a column.
    Wider,
    /// Less.
    Closer,
    /// Hold the picture, or let it go on.
    Hold,
}

impl View {
    /// Does it. `newest` is the newest scrape.
    pub fn look(&mut self, look: Look, newest: Option<Timestamp>) {
        match look {
            Look::Earlier => self.cursor = Some(self.cursor.map_or(0, |back| back + 1)),
            Look::Later => self.cursor = self.cursor.and_then(|back| back.checked_sub(1)),
            Look::Wider => self.span = (self.span + 1).min(SPANS.len() - 1),
            Look::Closer => self.span = self.span.saturating_sub(1),
            Look::Hold => self.held = if self.held.is_some() { None } else { newest },
        }
    }

    /// Scrapes of a column.
    pub fn per_column(&self) -> usize {
        SPANS[self.span]
    }

    /// The newest columns, `count` at most, each the sum of its scrapes.
    pub fn columns<'s>(&self, scrapes: &'s [Scrape], interval: Duration, count: usize) -> Cow<'s, [Scrape]> {
        let shown = match self.held {
            Some(held) => &scrapes[..scrapes.partition_point(|scrape| scrape.at <= held)],
            None => scrapes,
        };
        if self.per_column() == 1 {
            return Cow::Borrowed(&shown[shown.len().saturating_sub(count)..]);
        }
        // Columns begin at whole multiples of their length, so that the picture does not shimmer.
        let length = (interval.as_secs_f64() * self.per_column() as f64).max(f64::MIN_POSITIVE);
        let place = |scrape: &Scrape| (seconds(scrape.at) / length).ceil();
        let from = shown.len().saturating_sub(count * self.per_column() + self.per_column());
        let mut columns: Vec<Scrape> = shown[from..].chunk_by(|a, b| place(a) == place(b)).map(sum).collect();
        columns.drain(..columns.len().saturating_sub(count));
        Cow::Owned(columns)
    }
}

fn sum(scrapes: &[Scrape]) -> Scrape {
    let add = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (one, other) => one.or(other),
    };
    let arm = |of: fn(&Scrape) -> Arm| {
        let missed = Arm { bad: None, total: None };
        scrapes.iter().map(of).fold(missed, |s, a| Arm { bad: add(s.bad, a.bad), total: add(s.total, a.total) })
    };
    Scrape { at: scrapes[scrapes.len() - 1].at, baseline: arm(|s| s.baseline), canary: arm(|s| s.canary) }
}
