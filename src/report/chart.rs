//! Pictures as SVG: the story on a line of time, the verdicts as bands, the canary beside its baseline. Colours come from
//! the page's style, and no colour stands alone: bands hold their word, curves differ in their stroke.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};

use super::escape::html;
use super::model::Report;
use super::moments::Id;
use super::pieces::Verdict;
use crate::incident::entry::{CurveSeen, Sample};

/// Every picture of a report; an empty one where there is nothing to draw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Charts {
    /// The incident on a line of time.
    pub story: String,
    /// The verdict of each metric over time.
    pub verdicts: String,
    /// One for each curve.
    pub curves: Vec<String>,
}

/// The width of every picture, in its own units.
const WIDTH: f64 = 960.0;
/// Where the time begins and ends in it.
const LEFT: f64 = 12.0;
const RIGHT: f64 = 948.0;
/// A character of a label is about so wide.
const LETTER: f64 = 6.6;

/// Draws all of them.
pub fn all(report: &Report) -> Charts {
    let axis = Axis::over(report.span(), LEFT, RIGHT);
    Charts {
        story: story(report, &axis),
        verdicts: verdicts(&report.canary.verdicts, report),
        curves: report.canary.curves.iter().flatten().map(curve).collect(),
    }
}

/// Time from left to right.
struct Axis {
    from: f64,
    to: f64,
    left: f64,
    right: f64,
}

impl Axis {
    fn over((from, to): (Timestamp, Timestamp), left: f64, right: f64) -> Self {
        let (from, to) = (seconds(from), seconds(to));
        Self { from, to: to.max(from + 1.0), left, right }
    }

    fn x(&self, at: Timestamp) -> f64 {
        let share = ((seconds(at) - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        self.left + share * (self.right - self.left)
    }

    /// Round times, six at most.
    fn ticks(&self) -> Vec<(f64, String)> {
        const STEPS: [f64; 14] = [
            5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0, 43_200.0, 86_400.0,
        ];
        let length = self.to - self.from;
        let step = STEPS.into_iter().find(|step| length / step <= 6.0).unwrap_or((length / 6.0).ceil());
        let format = if step < 60.0 { "%H:%M:%S" } else { "%H:%M" };
        let first = (self.from / step).ceil() * step;
        let at = (0..8).map(|n| first + f64::from(n) * step).take_while(|at| *at <= self.to);
        let tick = |at: f64| {
            let time = Timestamp::from_second(at as i64).ok()?;
            Some((self.x(time), time.strftime(format).to_string()))
        };
        at.filter_map(tick).collect()
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1e3
}

/// A drawing that grows. Writing to a String cannot fail.
struct Svg(String);

impl Svg {
    fn new(height: f64, label: &str) -> Self {
        let label = html(label);
        Self(format!(
            r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}" preserveAspectRatio="xMidYMid meet">"#
        ))
    }

    fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let _ = write!(self.0, r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#);
    }

    fn bar(&mut self, class: &str, (x, y): (f64, f64), (width, height): (f64, f64), title: &str) {
        let (title, width) = (html(title), width.max(1.0));
        let _ = write!(
            self.0,
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="4"><title>{title}</title></rect>"#
        );
    }

    fn dot(&mut self, class: &str, (x, y): (f64, f64), title: &str) {
        let title = html(title);
        let _ = write!(
            self.0,
            r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="4.5"><title>{title}</title></circle>"#
        );
    }

    fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: &str, text: &str) {
        let text = html(text);
        let _ = write!(self.0, r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#);
    }

    /// The axis: a rule with its times below, and their lines up to `top`.
    fn axis(&mut self, axis: &Axis, top: f64, y: f64) {
        for (x, text) in axis.ticks() {
            self.line("grid", (x, top), (x, y));
            let anchor = anchor(x, text.chars().count());
            self.text("tick", (x, y + 16.0), anchor, &text);
        }
        self.line("rule", (axis.left, y), (axis.right, y));
    }

    fn end(mut self) -> String {
        self.0.push_str("</svg>");
        self.0
    }
}

/// Which end of a label its place is, so that it stays within the picture.
fn anchor(x: f64, letters: usize) -> &'static str {
    let half = letters as f64 * LETTER / 2.0;
    if x - half < 0.0 {
        "start"
    } else if x + half > WIDTH {
        "end"
    } else {
        "middle"
    }
}

/// The stages as bands; above them the moments with their names, below them notices and everything else.
fn story(report: &Report, axis: &Axis) -> String {
    let named: Vec<_> = report.moments.iter().filter_map(|moment| Some((moment, moment.at?))).collect();
    let labels = places(&named.iter().map(|(moment, at)| (axis.x(*at), moment.name.len())).collect::<Vec<_>>());
    let rows = labels.iter().map(|label| label.row).max().unwrap_or(0) as f64 + 1.0;
    let (band, top) = (rows * 16.0 + 14.0, 4.0);
    let mut svg = Svg::new(band + 96.0, "The incident on a line of time");
    svg.axis(axis, band, band + 72.0);
    stages(&mut svg, report, axis, band);
    for ((moment, at), label) in named.iter().zip(&labels) {
        let (x, y) = (axis.x(*at), top + label.row as f64 * 16.0 + 9.0);
        svg.line("stem", (x, y + 4.0), (x, band));
        svg.text(class_of(moment.id), (label.x, y), label.anchor, moment.name);
        svg.dot(class_of(moment.id), (x, band), &format!("{} {}", moment.name, clock(*at)));
    }
    for line in &report.timeline {
        let Some(at) = line.at else { continue };
        let title = format!("{} {}", clock(at), line.text);
        match line.kind.as_str() {
            "notice_sent" => svg.dot("notice", (axis.x(at), band + 44.0), &title),
            _ => svg.line("event", (axis.x(at), band + 56.0), (axis.x(at), band + 70.0)),
        }
    }
    svg.end()
}

fn stages(svg: &mut Svg, report: &Report, axis: &Axis, y: f64) {
    let stage = |line: &super::timeline::Line| match line.kind.as_str() {
        "declared" => Some("assess".to_owned()),
        "stage_entered" => Some(line.text.trim_start_matches("entered stage ").to_owned()),
        _ => None,
    };
    let entered: Vec<_> = report.timeline.iter().filter_map(|line| Some((line.at?, stage(line)?))).collect();
    let end = report.incident.closed_at.unwrap_or(report.span().1);
    for (index, (from, name)) in entered.iter().enumerate() {
        let to = entered.get(index + 1).map_or(end, |(at, _)| *at);
        let (left, width) = (axis.x(*from), axis.x(to) - axis.x(*from));
        svg.bar(&format!("stage s-{}", html(name)), (left, y + 8.0), (width, 22.0), &format!("stage {name}"));
        if width > name.len() as f64 * LETTER + 10.0 {
            svg.text("band", (left + 8.0, y + 23.5), "start", name);
        }
    }
}

fn class_of(id: Id) -> &'static str {
    match id {
        Id::ImpactStart | Id::RollbackStart => "bad",
        Id::Mitigated | Id::Resolved | Id::RollbackEnd | Id::TestsGreen => "good",
        _ => "plain",
    }
}

fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// Where a label stands.
struct Place {
    x: f64,
    anchor: &'static str,
    row: usize,
}

/// Finds a row for each label in which it covers no other.
fn places(labels: &[(f64, usize)]) -> Vec<Place> {
    let mut taken: Vec<Vec<(f64, f64)>> = Vec::new();
    let place = |(x, letters): &(f64, usize)| {
        let (anchor, width) = (anchor(*x, *letters), *letters as f64 * LETTER + 8.0);
        let left = match anchor {
            "start" => *x,
            "end" => x - width,
            _ => x - width / 2.0,
        };
        let is_free = |row: &Vec<(f64, f64)>| row.iter().all(|(from, to)| left + width < *from || *to < left);
        let row = taken.iter().position(is_free).unwrap_or_else(|| {
            taken.push(Vec::new());
            taken.len() - 1
        });
        taken[row].push((left, left + width));
        Place { x: *x, anchor, row }
    };
    labels.iter().map(place).collect()
}

/// A band for each metric, coloured and named by its verdict.
fn verdicts(verdicts: &[Verdict], report: &Report) -> String {
    let mut metrics: Vec<&str> = Vec::new();
    for verdict in verdicts {
        if !metrics.contains(&verdict.metric.as_str()) {
            metrics.push(&verdict.metric);
        }
    }
    let (Some(first), Some(last)) = (verdicts.first(), verdicts.last()) else { return String::new() };
    // What came last stays for as long as anybody looks: a part of it is enough.
    let more = last.at.duration_since(first.at) / 2 + SignedDuration::from_secs(60);
    let end = last.at.checked_add(more).map_or(last.at, |end| end.min(report.span().1));
    let axis = Axis::over((first.at, end), 170.0, RIGHT);
    let bottom = metrics.len() as f64 * 30.0 + 6.0;
    let mut svg = Svg::new(bottom + 24.0, "The verdict of each metric over time");
    svg.axis(&axis, 0.0, bottom);
    for (row, metric) in metrics.iter().enumerate() {
        let y = row as f64 * 30.0 + 4.0;
        let name: String = metric.chars().take(22).collect();
        svg.text("lane", (160.0, y + 15.0), "end", &name);
        let changes: Vec<_> = verdicts.iter().filter(|verdict| verdict.metric == *metric).collect();
        for (index, change) in changes.iter().enumerate() {
            let to = changes.get(index + 1).map_or(end, |next| next.at);
            let (left, width) = (axis.x(change.at), axis.x(to) - axis.x(change.at));
            let title = format!("{} {}: {}", clock(change.at), change.to, change.why);
            svg.bar(&format!("verdict {}", known(&change.to)), (left, y), (width, 22.0), &title);
            if width > change.to.len() as f64 * LETTER + 8.0 {
                svg.text("band", (left + 8.0, y + 15.5), "start", &change.to);
            }
        }
    }
    svg.end()
}

/// The class of a verdict; one of another version has none of its own.
fn known(verdict: &str) -> &'static str {
    match verdict {
        "healthy" => "v-healthy",
        "collecting" => "v-collecting",
        "suspect" => "v-suspect",
        "regressed" => "v-regressed",
        "environment" => "v-environment",
        _ => "v-blind",
    }
}

/// The canary beside its baseline.
fn curve(curve: &CurveSeen) -> String {
    let (Some(first), Some(last)) = (curve.points.first(), curve.points.last()) else { return String::new() };
    let top = if curve.top > 0.0 { curve.top * 1.1 } else { 1.0 };
    let axis = Axis::over((first.at, last.at), 66.0, RIGHT);
    let (up, down) = (34.0, 192.0);
    let height = |value: f64| down - (value / top) * (down - up);
    let mut svg = Svg::new(218.0, &format!("{}: canary and baseline", curve.name));
    svg.axis(&axis, up, down);
    for share in [0.0, 0.5, 1.0] {
        let value = top / 1.1 * share;
        svg.line("grid", (axis.left, height(value)), (axis.right, height(value)));
        svg.text("tick", (axis.left - 8.0, height(value) + 4.0), "end", &number(value, &curve.unit));
    }
    for (at, word) in [(curve.suspect_at, "suspect"), (curve.regressed_at, "regressed")] {
        let Some(at) = at.filter(|at| *at >= first.at && *at <= last.at) else { continue };
        let (x, top) = (axis.x(at), if word == "suspect" { 12.0 } else { 27.0 });
        svg.line("mark", (x, top + 3.0), (x, down));
        svg.text("marked", (x, top), anchor(x, word.len()), word);
    }
    svg.path("baseline", &curve.points, |point| Some((axis.x(point.at), height(point.baseline?))));
    svg.path("canary", &curve.points, |point| Some((axis.x(point.at), height(point.canary?))));
    svg.end()
}

impl Svg {
    /// A curve; where nothing was seen it has a gap, and a point alone is a dot.
    fn path(&mut self, class: &str, points: &[Sample], place: impl Fn(&Sample) -> Option<(f64, f64)>) {
        let mut path = String::new();
        let mut pen_is_up = true;
        for point in points {
            match place(point) {
                Some((x, y)) => {
                    let _ = write!(path, "{}{x:.1} {y:.1}", if pen_is_up { "M" } else { "L" });
                    pen_is_up = false;
                }
                None => pen_is_up = true,
            }
        }
        let _ = write!(self.0, r#"<path class="curve {class}" d="{path}"/>"#);
    }
}

fn number(value: f64, unit: &str) -> String {
    match unit {
        "share" if value > 0.0 && value < 0.01 => format!("{:.2} %", value * 100.0),
        "share" => format!("{:.1} %", value * 100.0),
        _ if value.abs() >= 1e6 => format!("{value:.2e}"),
        _ => format!("{value:.4}").trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}
