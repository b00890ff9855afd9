//! The picture of one metric: the canary as columns, one a scrape, the newest at the right; the
//! baseline in a row of its own with its own scale; a missed scrape as a gap with `?` below it.

use jiff::Timestamp;
use ratatui::text::{Line, Span};

use super::judge::words::{self, percent};
use super::model::{Arm, MetricReport, Scrape, Unit};
use crate::ui::Ctx;
use crate::ui::theme::Role;

/// Cells of the scale at the left.
const SCALE: usize = 7;
/// Cells of the note after the baseline's row.
const NOTE: usize = 13;
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Draws a metric into `width` x `height` cells: `height - 2` rows of columns, the axis and the
/// baseline. Empty where there is no room for it.
pub fn chart(metric: &MetricReport, ctx: &Ctx, width: u16, height: u16) -> Vec<Line<'static>> {
    let (width, height) = (usize::from(width), usize::from(height));
    if width < SCALE + 16 || height < 4 {
        return Vec::new();
    }
    let scrapes = newest(&metric.scrapes, width - SCALE - NOTE);
    let picture = Picture { metric, ctx, scrapes, rows: height - 2, top: top(metric, scrapes) };
    let mut lines: Vec<Line<'static>> = (0..picture.rows).map(|row| picture.row(row)).collect();
    lines.push(picture.axis());
    lines.push(picture.baseline());
    lines
}

/// The canary's rates as one row of at most `cells` cells.
pub fn sparkline(metric: &MetricReport, ctx: &Ctx, cells: usize) -> Span<'static> {
    let scrapes = newest(&metric.scrapes, cells);
    Span::styled(spark(scrapes, |s| s.canary, ctx), ctx.theme.style(Role::Canary))
}

fn newest(scrapes: &[Scrape], count: usize) -> &[Scrape] {
    &scrapes[scrapes.len().saturating_sub(count)..]
}

/// The top of the scale: twice the limit, or the largest rate, rounded up so that it holds still.
fn top(metric: &MetricReport, scrapes: &[Scrape]) -> f64 {
    let largest = scrapes.iter().filter_map(|s| s.canary.rate()).fold(0.0, f64::max);
    let least = if metric.unit == Unit::Value { f64::MIN_POSITIVE } else { 0.001 };
    let wanted = largest.max(metric.slo.map_or(0.0, |slo| 2.0 * slo)).max(least);
    let decade = 10_f64.powf(wanted.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
    let top = steps.into_iter().find(|step| *step >= wanted * 0.999).unwrap_or(wanted);
    if metric.unit == Unit::Value { top } else { top.min(1.0) }
}

struct Picture<'a> {
    metric: &'a MetricReport,
    ctx: &'a Ctx<'a>,
    scrapes: &'a [Scrape],
    rows: usize,
    top: f64,
}

impl Picture<'_> {
    /// A row of columns; row 0 is the topmost.
    fn row(&self, row: usize) -> Line<'static> {
        let theme = self.ctx.theme;
        let limit_here = self.metric.slo.is_some_and(|slo| self.row_of(slo) == row);
        let label = match () {
            () if limit_here => format!("!{}", short_percent(self.metric.slo.unwrap_or_default())),
            () if row == 0 => self.short(self.top),
            () if row == self.rows / 2 && self.rows > 3 => {
                self.short(self.top * (self.rows - row) as f64 / self.rows as f64)
            }
            () => String::new(),
        };
        let role = if limit_here { Role::Bad } else { Role::Muted };
        let edge = theme.pick("┤", "|");
        let mut spans = vec![Span::styled(format!("{label:>6}{edge}"), theme.style(role))];
        for scrape in self.scrapes {
            spans.push(self.cell(scrape, row, limit_here));
        }
        Line::from(spans)
    }

    /// A number of the scale in at most six cells.
    fn short(&self, value: f64) -> String {
        if self.metric.unit == Unit::Value { words::short(value) } else { short_percent(value) }
    }

    fn row_of(&self, value: f64) -> usize {
        let from_below = (value / self.top * self.rows as f64).floor() as usize;
        (self.rows - 1).saturating_sub(from_below)
    }

    fn cell(&self, scrape: &Scrape, row: usize, limit_here: bool) -> Span<'static> {
        let theme = self.ctx.theme;
        let eighths = scrape.canary.rate().map_or(0, |rate| self.eighths(rate));
        let here = eighths.saturating_sub((self.rows - 1 - row) * 8).min(8);
        match here {
            0 if limit_here => Span::styled(theme.pick("╌", "-").to_owned(), theme.style(Role::Bad)),
            0 => Span::raw(" "),
            n => Span::styled(self.glyph(n), theme.style(Role::Canary)),
        }
    }

    /// How high a rate stands; a rate above zero never looks like none.
    fn eighths(&self, rate: f64) -> usize {
        let exact = (rate / self.top * self.rows as f64 * 8.0).round() as usize;
        if rate > 0.0 { exact.max(1) } else { 0 }
    }

    fn glyph(&self, eighths: usize) -> String {
        let glyph = match eighths {
            8 if self.ctx.theme.ascii => "X",
            4.. if self.ctx.theme.ascii => "x",
            _ if self.ctx.theme.ascii => ".",
            8 if self.ctx.theme.monochrome => "▓",
            n => EIGHTHS[n],
        };
        glyph.to_owned()
    }

    fn axis(&self) -> Line<'static> {
        let theme = self.ctx.theme;
        let mut spans = vec![Span::styled(
            format!("{:>6}{}", self.short(0.0).replace("0.0 %", "0 %"), theme.pick("┼", "+")),
            theme.style(Role::Muted),
        )];
        for scrape in self.scrapes {
            let (text, role) = match () {
                () if self.crossed_at(scrape.at) => ("!", Role::Bad),
                () if scrape.canary.total.is_none() => ("?", Role::Unknown),
                () => (theme.pick("─", "-"), Role::Muted),
            };
            spans.push(Span::styled(text.to_owned(), theme.style(role)));
        }
        Line::from(spans)
    }

    fn crossed_at(&self, at: Timestamp) -> bool {
        self.metric.regressed_at == Some(at)
    }

    fn baseline(&self) -> Line<'static> {
        let theme = self.ctx.theme;
        let largest = self.scrapes.iter().filter_map(|s| s.baseline.rate()).fold(0.0, f64::max);
        let note = format!(" max {}", self.short(largest));
        Line::from(vec![
            Span::styled(format!("{:>6} ", "base"), theme.style(Role::Baseline)),
            Span::styled(spark(self.scrapes, |s| s.baseline, self.ctx), theme.style(Role::Baseline)),
            Span::styled(note, theme.style(Role::Muted)),
        ])
    }
}

/// Rates as one row, scaled to their largest; a missed scrape is a blank.
fn spark(scrapes: &[Scrape], arm: fn(&Scrape) -> Arm, ctx: &Ctx) -> String {
    let largest = scrapes.iter().filter_map(|s| arm(s).rate()).fold(0.0, f64::max);
    let glyph = |scrape: &Scrape| match arm(scrape).rate() {
        None => " ",
        Some(rate) if ctx.theme.ascii => {
            ["_", ".", "-", "=", "#"][if largest > 0.0 { (rate / largest * 4.0).ceil() as usize } else { 0 }.min(4)]
        }
        Some(rate) => EIGHTHS[if largest > 0.0 { (rate / largest * 7.0).ceil() as usize + 1 } else { 1 }.min(8)],
    };
    scrapes.iter().map(glyph).collect()
}

/// A share in at most six cells: `20 %`, `0.5 %`.
fn short_percent(share: f64) -> String {
    let value = share * 100.0;
    let text = if value >= 10.0 { format!("{value:.0} %") } else { format!("{value:.1} %") };
    if share > 0.0 && value < 0.1 { percent(share) } else { text }
}
