//! Where the quantile of a latency lies, of the canary and of the baseline, among the edges of the buckets: a band that
//! holds at every look at once. It is drawn, and decides nothing.

use ratatui::text::{Line, Span};

use crate::canary::judge::band::Ends;
use crate::canary::judge::words;
use crate::canary::model::MetricReport;
use crate::ui::Ctx;
use crate::ui::theme::Role;

/// The rows that it takes.
pub const ROWS: usize = 2;

/// The rows: `label` cells for what they are, then `cells` for the edges. Empty where there is nothing to draw.
pub fn rows(metric: &MetricReport, ctx: &Ctx, label: usize, cells: usize) -> Vec<Line<'static>> {
    let edges = edges(&metric.boundaries);
    let Some(band) = metric.band.filter(|_| !edges.is_empty() && cells >= 6 * (edges.len() + 1)) else {
        return Vec::new();
    };
    let name = format!("p{}", words::short(band.q * 100.0));
    let row = |name: &str, ends: &Ends, role: Role, note: &str| {
        let mut spans = vec![Span::styled(format!("{name:>width$} ", width = label - 1), ctx.theme.style(Role::Muted))];
        spans.extend(scale(&edges, ends, role, ctx, cells));
        spans.push(Span::styled(format!(" {note}"), ctx.theme.style(role)));
        Line::from(spans)
    };
    vec![
        row(&name, &band.canary, Role::Canary, if is_known(&band.canary) { "canary" } else { "canary ?" }),
        row("", &band.baseline, Role::Baseline, if is_known(&band.baseline) { "base" } else { "base ?" }),
    ]
}

fn is_known(ends: &Ends) -> bool {
    ends.low.is_some() || ends.high.is_some()
}

/// The edges in their order, each once.
fn edges(boundaries: &[f64]) -> Vec<f64> {
    let mut edges: Vec<f64> = boundaries.iter().copied().filter(|edge| edge.is_finite()).collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges
}

/// A part for each bucket, which ends with its edge; those in which the quantile may lie are filled.
fn scale(edges: &[f64], ends: &Ends, role: Role, ctx: &Ctx, cells: usize) -> Vec<Span<'static>> {
    let parts = edges.len() + 1;
    let part = |index: usize| {
        let edge = edges.get(index);
        let reaches = ends.low.is_none_or(|low| edge.is_none_or(|edge| *edge > low));
        let begins = ends.high.is_none_or(|high| index == 0 || edges[index - 1] < high);
        let is_inside = is_known(ends) && reaches && begins;
        let (fill, style) = match is_inside {
            true => (ctx.theme.pick("━", "="), ctx.theme.style(role)),
            false => (ctx.theme.pick("·", "."), ctx.theme.style(Role::Muted)),
        };
        let width = (index + 1) * cells / parts - index * cells / parts;
        let label = edge.map_or_else(String::new, |edge| words::short(*edge) + ctx.theme.pick("│", "|"));
        let filled = fill.repeat(width.saturating_sub(label.chars().count()));
        [Span::styled(filled, style), Span::styled(label, ctx.theme.style(Role::Muted))]
    };
    (0..parts).flat_map(part).collect()
}
