//! The picture of one metric: the canary as columns, the newest at the right; the baseline in a row of its
//! own with its own scale; a missed scrape as a gap with `?` below it; what happened as marks on the axis. Where there is
//! room, a latency shows the band in which its quantile lies.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use marks::Mark;

use super::judge::words::{self, percent};
use super::model::{Arm, MetricReport, Scrape, Unit};
use super::view::View;
use crate::ui::Ctx;
use crate::ui::theme::Role;

mod marks;
mod quantile;

/// Cells of the scale at the left.
const SCALE: usize = 7;
/// Cells of the note after the baseline's row.
const NOTE: usize = 13;
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// The rows below the columns: the axis, its marks and the baseline.
const BELOW: usize = 3;
/// The rows of columns that have to be left beside a band.
const BESIDE_BAND: usize = 4;

/// Draws a metric into `width` x `height` cells: columns, the axis, its marks, the baseline. Empty where there is no
/// room for it. A scrape is `interval` long.
pub fn chart(
    metric: &MetricReport,
    view: &View,
    interval: Duration,
    ctx: &Ctx,
    width: u16,
    height: u16,
) -> Vec<Line<'static>> {
    let (width, height) = (usize::from(width), usize::from(height));
    if width < SCALE + 16 || height < BELOW + 2 {
        return Vec::new();
    }
    let columns = view.columns(&metric.scrapes, interval, width - SCALE - NOTE);
    let mut band = quantile::rows(metric, ctx, SCALE, width - SCALE - NOTE);
    if height < BELOW + quantile::ROWS + BESIDE_BAND {
        band.clear();
    }
    let picture = Picture::new(metric, ctx, &columns, view, height - BELOW - band.len());
    let mut lines: Vec<Line<'static>> = (0..picture.rows).map(|row| picture.row(row)).collect();
    lines.push(picture.axis());
    lines.push(picture.words(width, view, interval));
    lines.push(picture.baseline());
    lines.append(&mut band);
    lines
}

/// The canary's rates as one row of at most `cells` cells.
pub fn sparkline(metric: &MetricReport, ctx: &Ctx, cells: usize) -> Span<'static> {
    let scrapes = &metric.scrapes[metric.scrapes.len().saturating_sub(cells)..];
    Span::styled(spark(scrapes, |s| s.canary, ctx), ctx.theme.style(Role::Canary))
}

/// The top of the scale: twice the limit, or the largest rate, rounded up so that it holds still.
fn top(metric: &MetricReport, columns: &[Scrape]) -> f64 {
    let largest = columns.iter().filter_map(|s| s.canary.rate()).fold(0.0, f64::max);
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
    columns: &'a [Scrape],
    /// How high each column stands, in eighths of a row.
    heights: Vec<usize>,
    rows: usize,
    top: f64,
    cursor: Option<usize>,
    marks: Vec<Mark>,
}

/// Cells of one row, neighbours of one look in one span.
#[derive(Default)]
struct Cells {
    spans: Vec<Span<'static>>,
    text: String,
    role: Option<Role>,
}

impl Cells {
    fn push(&mut self, glyph: &str, role: Option<Role>, ctx: &Ctx) {
        if role != self.role {
            self.flush(ctx);
            self.role = role;
        }
        self.text.push_str(glyph);
    }

    fn flush(&mut self, ctx: &Ctx) {
        if !self.text.is_empty() {
            let style = self.role.map_or_else(Style::default, |role| ctx.theme.style(role));
            self.spans.push(Span::styled(std::mem::take(&mut self.text), style));
        }
    }
}

impl<'a> Picture<'a> {
    fn new(metric: &'a MetricReport, ctx: &'a Ctx<'a>, columns: &'a [Scrape], view: &View, rows: usize) -> Self {
        let top = top(metric, columns);
        let height = |column: &Scrape| column.canary.rate().map_or(0, |rate| eighths(rate, top, rows));
        let newest = columns.len().checked_sub(1);
        Self {
            cursor: view.cursor.zip(newest).map(|(back, newest)| newest.saturating_sub(back)),
            heights: columns.iter().map(height).collect(),
            marks: marks::of(metric, columns),
            metric,
            ctx,
            columns,
            rows,
            top,
        }
    }

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
        let mut cells = Cells::default();
        cells.push(&format!("{label:>6}{edge}"), Some(role), self.ctx);
        for height in &self.heights {
            let (glyph, role) = self.cell(*height, row, limit_here);
            cells.push(glyph, role, self.ctx);
        }
        cells.flush(self.ctx);
        Line::from(cells.spans)
    }

    /// A number of the scale in at most six cells.
    fn short(&self, value: f64) -> String {
        match self.metric.unit {
            Unit::Value => words::short(value),
            Unit::Share if value == 0.0 => "0 %".to_owned(),
            Unit::Share => short_percent(value),
        }
    }

    fn row_of(&self, value: f64) -> usize {
        let from_below = (value / self.top * self.rows as f64).floor() as usize;
        (self.rows - 1).saturating_sub(from_below)
    }

    fn cell(&self, height: usize, row: usize, limit_here: bool) -> (&'static str, Option<Role>) {
        match height.saturating_sub((self.rows - 1 - row) * 8).min(8) {
            0 if limit_here => (self.ctx.theme.pick("╌", "-"), Some(Role::Bad)),
            0 => (" ", None),
            n => (self.glyph(n), Some(Role::Canary)),
        }
    }

    fn glyph(&self, eighths: usize) -> &'static str {
        match eighths {
            8 if self.ctx.theme.ascii => "X",
            4.. if self.ctx.theme.ascii => "x",
            _ if self.ctx.theme.ascii => ".",
            8 if self.ctx.theme.monochrome => "▓",
            n => EIGHTHS[n],
        }
    }

    fn axis(&self) -> Line<'static> {
        let theme = self.ctx.theme;
        let mut marks = self.marks.iter().peekable();
        let mut cells = Cells::default();
        let zero = format!("{:>6}{}", self.short(0.0), theme.pick("┼", "+"));
        cells.push(&zero, Some(Role::Muted), self.ctx);
        for (index, column) in self.columns.iter().enumerate() {
            let mark = marks.next_if(|mark| mark.at == index);
            while marks.next_if(|mark| mark.at == index).is_some() {}
            let (text, role) = match mark {
                _ if self.cursor == Some(index) => (theme.pick("┃", "|"), Role::Key),
                Some(mark) if mark.is_crossing => ("!", Role::Bad),
                Some(_) => (theme.pick("▲", "^"), Role::Warn),
                None if column.canary.total.is_none() => ("?", Role::Unknown),
                None => (theme.pick("─", "-"), Role::Muted),
            };
            cells.push(text, Some(role), self.ctx);
        }
        cells.flush(self.ctx);
        Line::from(cells.spans)
    }

    /// What the marks mean; where there is a cursor, what is in its column.
    fn words(&self, width: usize, view: &View, interval: Duration) -> Line<'static> {
        if let Some(column) = self.cursor.and_then(|index| self.columns.get(index)) {
            let values = format!("{:>SCALE$}{}", "", self.values(column));
            let values = crate::evidence::text::fit(&values, width);
            return Line::styled(values, self.ctx.theme.style(Role::Key));
        }
        let mut text = " ".repeat(SCALE);
        for mark in &self.marks {
            let gap = (SCALE + mark.at).saturating_sub(words_width(&text));
            if gap > 0 && words_width(&text) + gap + mark.what.len() <= width {
                text.push_str(&" ".repeat(gap));
                text.push_str(&mark.what);
            }
        }
        let per_column = interval * u32::try_from(view.per_column()).unwrap_or(1);
        let note = match view.held {
            Some(held) => format!("held at {}", held.strftime("%H:%M:%SZ")),
            None if view.per_column() > 1 => format!("{} a column", words::span(per_column.as_secs_f64())),
            None => String::new(),
        };
        let gap = width.saturating_sub(words_width(&text) + note.len());
        if gap > 0 {
            text.push_str(&" ".repeat(gap));
            text.push_str(&note);
        }
        Line::styled(text.trim_end().to_owned(), self.ctx.theme.style(Role::Muted))
    }

    fn values(&self, column: &Scrape) -> String {
        let time = column.at.strftime("%H:%M:%SZ");
        format!("{time}  canary {}  baseline {}", self.arm(column.canary), self.arm(column.baseline))
    }

    fn arm(&self, arm: Arm) -> String {
        match (arm.bad, arm.total, arm.rate()) {
            (_, None, _) | (None, _, _) => "missed".to_owned(),
            (_, Some(_), None) => "no requests".to_owned(),
            (Some(_), Some(_), Some(rate)) if self.metric.unit == Unit::Value => words::short(rate),
            (Some(bad), Some(total), Some(rate)) => {
                format!("{} of {} ({})", words::thousands(bad), words::thousands(total), percent(rate))
            }
        }
    }

    fn baseline(&self) -> Line<'static> {
        let theme = self.ctx.theme;
        let largest = self.columns.iter().filter_map(|s| s.baseline.rate()).reduce(f64::max);
        let note = largest.map_or_else(|| " not seen".to_owned(), |largest| format!(" max {}", self.short(largest)));
        Line::from(vec![
            Span::styled(format!("{:>6} ", "base"), theme.style(Role::Baseline)),
            Span::styled(spark(self.columns, |s| s.baseline, self.ctx), theme.style(Role::Baseline)),
            Span::styled(note, theme.style(Role::Muted)),
        ])
    }
}

/// How high a rate stands; a rate above zero never looks like none.
fn eighths(rate: f64, top: f64, rows: usize) -> usize {
    let exact = (rate / top * rows as f64 * 8.0).round() as usize;
    if rate > 0.0 { exact.max(1) } else { 0 }
}

fn words_width(text: &str) -> usize {
    text.chars().count()
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
