//! The canary's pane: the worst metric first, its picture, its numbers, and what they mean.

use jiff::Timestamp;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::chart;
use super::judge::band::Ends;
use super::judge::{Peak, words};
use super::model::{MetricReport, Report, State, Unit, Verdict};
use crate::evidence::Picture;
use crate::evidence::text::{fit, width as cells, wrap};
use crate::ui::Ctx;
use crate::ui::pane::{self, Title};
use crate::ui::theme::{Mark, Role};

const NEVER: &str = "no [canary] in hotfix.toml: `hotfix init` writes one to fill in";
const NOT_ASKED: &str = "not asked yet";
const EMPTY: &str = "the server answered, and no series matched: check the queries and the labels";
/// Cells of a metric's name in the list.
const NAME: usize = 16;
/// Cells of its ratio.
const RATIO: usize = 17;
/// The fewest cells that are worth a row of columns.
const SPARK: usize = 12;
/// The tallest picture in rows, and the one below which there is none.
const PICTURE: (u16, u16) = (14, 6);
/// The rows that one more metric needs to have a card of its own.
const CARD: u16 = 9;
/// Cells of the line above such a card: without its sparkline.
const CARD_TITLE: u16 = 76;

/// What the frame says: the canary's share, how long it is watched, what it has seen.
pub fn title(state: &State, ctx: &Ctx) -> Title {
    let dot = ctx.theme.pick(" · ", " | ");
    let subject = state.report.value().map_or_else(String::new, |report| {
        let share = report.share.map(|share| format!("{:.0} %", share * 100.0));
        let watched = report.since.map(|since| minutes(pane::until(since, ctx.now).as_secs()));
        let requests = (report.requests > 0.0).then(|| format!("{} requests", words::thousands(report.requests)));
        [share, watched, requests].into_iter().flatten().collect::<Vec<_>>().join(dot)
    });
    Title { subject, note: pane::note(&state.report, ctx) }
}

/// One line, where the pane itself has no room.
pub fn summary(state: &State, ctx: &Ctx) -> Line<'static> {
    let picture = picture(state, ctx);
    let worst = state.report.value().and_then(|report| Some((report, report.worst()?)));
    match (picture, worst) {
        (Picture::Fresh, Some((report, worst))) => {
            let mut spans = vec![verdict_span(report.verdict, ctx), Span::raw(format!(" {}", worst.name))];
            if worst.ratio.is_some() {
                spans.push(Span::raw(format!(" {}", words::ratio_of(worst.ratio, worst.low, worst.high))));
            }
            spans.push(Span::raw(" "));
            spans.push(chart::sparkline(worst, ctx, 12));
            Line::from(spans)
        }
        _ => lead(state, ctx).into_iter().next().unwrap_or_default(),
    }
}

/// The top of the pane: how far it can be relied on, then the worst metrics in words and as pictures, as many as there
/// is room for.
pub fn head(state: &State, ctx: &Ctx, width: u16, height: u16) -> Vec<Line<'static>> {
    let mut lines = lead(state, ctx);
    let Some(report) = state.report.value().filter(|report| !report.is_empty()) else { return lines };
    let Some(worst) = report.worst() else { return lines };
    let fresh = picture(state, ctx) == Picture::Fresh;
    lines.extend(verdict_lines(report, worst, ctx, usize::from(width), fresh));
    let taken = u16::try_from(lines.len() + len(state)).unwrap_or(u16::MAX);
    let free = height.saturating_sub(taken);
    let cards = usize::from(free / CARD).min(report.metrics.len()).max(1);
    let each = (free / cards as u16).min(PICTURE.0);
    for (index, metric) in report.metrics.iter().take(cards).enumerate() {
        let heading = u16::from(index > 0);
        if heading > 0 {
            lines.push(item(state, ctx, index, width.min(CARD_TITLE)));
        }
        if each >= PICTURE.1 + heading {
            lines.extend(chart::chart(metric, &state.view, report.interval, ctx, width, each - heading));
        }
    }
    lines
}

/// How many metrics there are.
pub fn len(state: &State) -> usize {
    state.report.value().map_or(0, |report| report.metrics.len())
}

/// One metric in one line.
pub fn item(state: &State, ctx: &Ctx, index: usize, width: u16) -> Line<'static> {
    let Some(metric) = state.report.value().and_then(|report| report.metrics.get(index)) else {
        return Line::default();
    };
    let fresh = picture(state, ctx) == Picture::Fresh;
    let style = |role: Role| ctx.theme.style(if fresh { role } else { Role::Muted });
    let verdict = format!(
        "{} {:<NAME$} {:<11} ",
        mark(metric.verdict, ctx),
        cut(&named(metric), NAME, ctx),
        word(metric.verdict)
    );
    let rates = format!(
        "{:>7} {} {:>7}  ",
        rate(metric.canary, metric.unit),
        ctx.theme.pick("←", "<"),
        rate(metric.baseline, metric.unit)
    );
    let ratio = format!("{:<RATIO$} ", words::ratio_of(metric.ratio, metric.low, metric.high));
    let evidence = format!("{:>16}  ", format!("{}:1", words::odds(metric.log_evidence)));
    let advisory = if metric.critical { "" } else { "advisory  " };
    let mut row = Row { spans: Vec::new(), left: usize::from(width) };
    row.push(verdict, style(role(metric.verdict)));
    if row.left >= rates.len() + ratio.len() {
        row.push(rates, style(Role::Text));
    }
    row.push(ratio, style(Role::Text));
    row.push(evidence, style(Role::Text));
    row.push(advisory.to_owned(), style(Role::Muted));
    if row.left >= SPARK {
        row.spans.push(chart::sparkline(metric, ctx, row.left.min(60)));
    }
    Line::from(row.spans)
}

/// A metric's name; that of a latency with the boundary that is drawn, where both fit.
fn named(metric: &MetricReport) -> String {
    let with_boundary = metric.boundary.map(|boundary| format!("{} >{}", metric.name, words::short(boundary)));
    with_boundary.filter(|text| cells(text) <= NAME).unwrap_or_else(|| metric.name.clone())
}

/// A line that takes parts as long as they fit whole.
struct Row {
    spans: Vec<Span<'static>>,
    left: usize,
}

impl Row {
    fn push(&mut self, text: String, style: Style) {
        let wanted = cells(text.trim_end());
        if wanted <= self.left {
            self.left = self.left.saturating_sub(cells(&text));
            self.spans.push(Span::styled(text, style));
        } else if self.spans.is_empty() {
            self.spans.push(Span::styled(fit(&text, self.left), style));
            self.left = 0;
        }
    }
}

/// The text cut to `cells`, in the characters of the theme.
fn cut(text: &str, cells: usize, ctx: &Ctx) -> String {
    let cut = fit(text, cells);
    if ctx.theme.ascii { cut.replace('…', "~") } else { cut }
}

/// What `/` looks at.
pub fn text(state: &State, index: usize) -> String {
    let metric = state.report.value().and_then(|report| report.metrics.get(index));
    metric.map_or_else(String::new, |m| format!("{} {} {}", m.name, m.verdict.label(), m.why))
}

/// The verdict of one metric, explained.
pub fn detail(state: &State, ctx: &Ctx, index: usize, width: u16) -> Vec<Line<'static>> {
    let mut lines = lead(state, ctx);
    let Some(report) = state.report.value() else { return lines };
    let Some(metric) = report.metrics.get(index) else { return lines };
    lines.push(Line::from(vec![verdict_span(metric.verdict, ctx), Span::raw(format!("  {}", metric.name))]));
    for (title, text) in paragraphs(report, metric) {
        lines.push(Line::default());
        lines.push(Line::styled(title, ctx.theme.style(Role::Focus)));
        lines.extend(wrapped(&text, width, Style::default()));
    }
    lines.push(Line::default());
    lines.extend(chart::chart(metric, &state.view, report.interval, ctx, width, PICTURE.0));
    lines
}

fn paragraphs(report: &Report, metric: &MetricReport) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("Why", metric.why.clone()),
        (
            "Counts",
            format!("canary {}, baseline {}", counts(metric.canary, metric.unit), counts(metric.baseline, metric.unit)),
        ),
        ("Ratio of the rates", words::ratio_of(metric.ratio, metric.low, metric.high)),
        ("Evidence", evidence(metric)),
    ];
    if let Some(needs) = needs(metric) {
        all.push(("Needs", needs));
    }
    if !metric.peaks.is_empty() {
        all.push(("The scrapes that spoke loudest", metric.peaks.iter().map(peak).collect::<Vec<_>>().join("; ")));
    }
    if let Some((pod, log_e)) = &metric.placebo {
        all.push(("Placebo", format!("{pod} looks worst among the baseline's pods, at {}:1", words::odds(*log_e))));
    }
    if let Some(band) = &metric.band {
        let ends = |ends: &Ends| format!("{} to {}", edge(ends.low, "0"), edge(ends.high, "more"));
        let (canary, baseline) = (ends(&band.canary), ends(&band.baseline));
        all.push(("Quantile", format!("{} of the canary {canary}, of the baseline {baseline}", band.q)));
    }
    if let Some(seconds) = metric.shows_in {
        all.push(("Delay", format!("a 10 % fault would show here in about {}", words::span(seconds))));
    }
    all.push(("Weakest assumption", metric.weakest.clone()));
    let role = if metric.critical { "decides the verdict of the canary" } else { "advisory: it decides nothing" };
    all.push(("Part", role.to_owned()));
    if let Some(feedback) = &report.feedback {
        let titles = feedback.titles.iter().map(|title| format!("; {title}")).collect::<String>();
        all.push(("Feedback", feedback.words() + &titles));
    }
    if !report.warnings.is_empty() {
        all.push(("The server warns", report.warnings.join("; ")));
    }
    all
}

fn peak(peak: &Peak) -> String {
    let at = super::model::instant(peak.at).map_or_else(String::new, time);
    let odds = words::times(peak.gain.exp().min(1e6));
    format!("{at} ({} bad, evidence {odds})", words::thousands(peak.bad))
}

fn edge(end: Option<f64>, open: &str) -> String {
    end.map_or_else(|| open.to_owned(), |value| value.to_string())
}

fn evidence(metric: &MetricReport) -> String {
    let odds = words::odds;
    format!(
        "that it is worse {}:1 (the bar is {}:1), early warning {}:1, that it is not worse than the margin {}:1",
        odds(metric.log_e.robust),
        odds(metric.bar),
        odds(metric.log_e.fast),
        odds(metric.log_e.noninferiority)
    )
}

fn picture(state: &State, ctx: &Ctx) -> Picture {
    state.report.picture(ctx.now, Report::is_empty)
}

/// The lines that say how far the rest can be relied on; none for a fresh report.
fn lead(state: &State, ctx: &Ctx) -> Vec<Line<'static>> {
    let never = if state.is_configured() { NOT_ASKED } else { NEVER };
    pane::notice(picture(state, ctx), state.report.failure(), never, EMPTY, ctx)
}

fn verdict_lines(report: &Report, worst: &MetricReport, ctx: &Ctx, width: usize, fresh: bool) -> Vec<Line<'static>> {
    let style = |role: Role| ctx.theme.style(if fresh { role } else { Role::Muted });
    let since = report.regressed_at.map_or_else(String::new, |at| format!(" since {}", time(at)));
    let known = if fresh { "" } else { "last known: " };
    let verdict = format!("{known}{} {}{since}", mark(report.verdict, ctx), word(report.verdict));
    let mut lines = vec![Line::from(vec![
        Span::styled(verdict, style(role(report.verdict))),
        Span::styled(format!("  {}", worst.name), style(Role::Text)),
    ])];
    if let Some(second) = &report.second {
        lines[0].push_span(Span::styled(format!("   {}", second.words()), style(Role::Muted)));
    }
    let ratio = words::ratio_of(worst.ratio, worst.low, worst.high);
    let bar = format!("evidence {}:1, bar {}:1", words::odds(worst.log_evidence), words::odds(worst.bar));
    let numbers =
        format!("canary {}  baseline {}", counts(worst.canary, worst.unit), counts(worst.baseline, worst.unit));
    let texts = if worst.canary.1 <= 0.0 && worst.baseline.1 <= 0.0 {
        // There is nothing to compare: why, is what one has to know.
        wrap(&worst.why, width)
    } else if cells(&numbers) + cells(&ratio) + cells(&bar) + 6 <= width {
        vec![format!("{numbers}   {ratio}   {bar}")]
    } else {
        vec![
            format!("canary   {}", counts(worst.canary, worst.unit)),
            format!("baseline {}", counts(worst.baseline, worst.unit)),
            format!("{ratio}  {bar}"),
        ]
    };
    lines.extend(texts.into_iter().map(|text| Line::styled(cut(&text, width, ctx), style(Role::Text))));
    if let Some(needs) = needs(worst) {
        lines.extend(wrapped(&needs, u16::try_from(width).unwrap_or(u16::MAX), style(Role::Muted)));
    }
    if let Some(feedback) = &report.feedback {
        let role = if feedback.is_unusual() { Role::Warn } else { Role::Muted };
        let text = format!("feedback: {}", feedback.words());
        lines.push(Line::styled(cut(&text, width, ctx), style(role)));
    }
    if let Some(warning) = report.warnings.first() {
        let more = if report.warnings.len() > 1 {
            format!(" (and {} more)", report.warnings.len() - 1)
        } else {
            String::new()
        };
        let text = format!("{} {warning}{more}", ctx.theme.mark(Mark::Warn));
        lines.push(Line::styled(cut(&text, width, ctx), style(Role::Warn)));
    }
    lines
}

/// What is missing, and by when it would be there: instants rather than spans, for they stay true.
fn needs(metric: &MetricReport) -> Option<String> {
    if matches!(metric.verdict, Verdict::Blind) {
        return metric.needs.clone();
    }
    metric.needs.as_ref()?;
    let seen = match metric.detectable {
        Some(ratio) => format!("would show {} by now", words::times(ratio)),
        None => "would not even show 20x by now".to_owned(),
    };
    let harm = metric.harm_due.map(|at| format!("2x by {}", time(at)));
    let pass = metric.healthy_due.map(|at| format!("healthy, if it is, about {}", time(at)));
    Some([Some(seen), harm, pass].into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn verdict_span(verdict: Verdict, ctx: &Ctx) -> Span<'static> {
    Span::styled(format!("{} {}", mark(verdict, ctx), word(verdict)), ctx.theme.style(role(verdict)))
}

fn word(verdict: Verdict) -> String {
    verdict.label().to_uppercase()
}

fn mark(verdict: Verdict, ctx: &Ctx) -> &'static str {
    ctx.theme.mark(match verdict {
        Verdict::Healthy => Mark::Good,
        Verdict::Collecting => Mark::Running,
        Verdict::Blind => Mark::Unknown,
        Verdict::Environment | Verdict::Suspect => Mark::Warn,
        Verdict::Regressed => Mark::Bad,
    })
}

fn role(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Healthy => Role::Good,
        Verdict::Collecting => Role::Text,
        Verdict::Blind => Role::Unknown,
        Verdict::Environment | Verdict::Suspect => Role::Warn,
        Verdict::Regressed => Role::Bad,
    }
}

fn rate((bad, all): (f64, f64), unit: Unit) -> String {
    match unit {
        _ if all <= 0.0 => "?".to_owned(),
        Unit::Share => words::percent(bad / all),
        Unit::Value => words::short(bad / all),
    }
}

fn counts(tally: (f64, f64), unit: Unit) -> String {
    match unit {
        Unit::Share => {
            format!("{} of {} ({})", words::thousands(tally.0), words::thousands(tally.1), rate(tally, unit))
        }
        Unit::Value => format!("{} over {} min", rate(tally, unit), words::thousands(tally.1)),
    }
}

/// A time of the day, in UTC.
fn time(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// Minutes and seconds since: `12:40`; with hours from an hour on.
fn minutes(seconds: u64) -> String {
    match seconds / 3_600 {
        0 => format!("{:02}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// A text on as many lines as it needs, broken between words.
fn wrapped(text: &str, width: u16, style: Style) -> Vec<Line<'static>> {
    wrap(text, usize::from(width)).into_iter().map(|line| Line::styled(line, style)).collect()
}

#[cfg(test)]
#[path = "pane_tests.rs"]
mod tests;
