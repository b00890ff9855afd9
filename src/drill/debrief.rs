//! A kept run beside its ideal path and an earlier run, as a document (pure): for reports, and for whoever reads on paper.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::ideal::{IdealMove, Step};
use super::kept::Kept;
use super::moment::Moment;
use super::points::Dimensions;
use crate::evidence::text::clean;

/// A step of the ideal path, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared<'a> {
    /// The step.
    pub step: &'a Step,
    /// What first did it in the ideal run, where there is one.
    pub ideal: Option<&'a IdealMove>,
    /// When this run did it, and the points of its dimension.
    pub now: (Option<u64>, u32),
    /// The same of the earlier run, if there is one.
    pub before: Option<(Option<u64>, u32)>,
}

/// Every step of the ideal path beside a run, and beside an earlier one.
pub fn compared<'a>(run: &'a Kept, earlier: Option<&Kept>) -> Vec<Compared<'a>> {
    let of = |step: &'a Step| Compared {
        step,
        ideal: run.ideal_run.as_ref().and_then(|ideal| ideal.first(&step.dimension)),
        now: run.met(step),
        before: earlier.map(|it| it.met(step)),
    };
    run.ideal.iter().map(of).collect()
}

impl Step {
    /// When it should be done: `4:00 to 7:00`, `by 5:00`, `from 4:00`, `any time`.
    pub fn window(&self) -> String {
        match (self.from_s, self.until_s) {
            (0, None) => "any time".into(),
            (from, None) => format!("from {}", Moment::from_secs(from)),
            (0, Some(until)) => format!("by {}", Moment::from_secs(until)),
            (from, Some(until)) => format!("{} to {}", Moment::from_secs(from), Moment::from_secs(until)),
        }
    }
}

/// When something was done, or that it was not.
pub fn when(at_s: Option<u64>) -> String {
    at_s.map_or_else(|| "never".into(), |at| Moment::from_secs(at).to_string())
}

/// The comparison for people, as lines of plain text.
pub fn text(run: &Kept, earlier: Option<&Kept>) -> String {
    let mut out = String::from("the ideal path, and this run\n");
    for it in compared(run, earlier) {
        let (at, points) = it.now;
        let before = it.before.map_or_else(String::new, |(at, points)| format!("   earlier {} ({points})", when(at)));
        let Step { dimension, most, what, .. } = it.step;
        let _ = writeln!(out, "  {:<14} {dimension:<10} {what}", it.step.window());
        let _ = writeln!(out, "  {:>14} {points:>2} of {most}{before}", when(at));
    }
    if let Some(ideal) = &run.ideal_run {
        let _ = writeln!(out, "\nthe ideal run: {} of 100", ideal.score);
        for it in &ideal.moves {
            let worth = Some(it.worth()).filter(|it| !it.is_empty()).map_or_else(String::new, |it| format!("  ({it})"));
            let _ = writeln!(out, "  {:>5}  {:<9} {}{worth}", when(Some(it.at_s)), clean(&it.actor), clean(&it.event));
        }
    }
    out
}

/// The run as one JSON object: everything but its journal, which is in its file.
pub fn document(run: &Kept, earlier: Option<&Kept>) -> Value {
    let met = |(at_s, points): (Option<u64>, u32)| json!({"at_s": at_s, "points": points});
    let path: Vec<Value> = compared(run, earlier)
        .into_iter()
        .map(|it| json!({"step": it.step, "ideal": it.ideal, "run": met(it.now), "earlier": it.before.map(met)}))
        .collect();
    json!({
        "schema": 1, "id": run.id, "kept_at": run.kept_at, "team": run.team, "name": run.name,
        "scenario_sha256": run.scenario_sha256, "speed": run.speed, "length_s": run.length_s, "ended_s": run.ended_s,
        "debrief": run.debrief, "score": run.score, "path": path, "ideal_run": run.ideal_run, "happenings": run.happenings,
        "earlier": earlier.map(|it| json!({"id": it.id, "kept_at": it.kept_at, "score": it.score.score})),
    })
}

/// The run as a section of a report: headings of the second level and below.
pub fn markdown(run: &Kept, earlier: Option<&Kept>) -> String {
    let score = &run.score;
    let end = if score.passed { "passed" } else { "not passed" };
    let mut out = format!("## Drill: {}\n\n{} of 100, {end}. ", escaped(&run.name), score.score);
    let team = run.team.as_deref().map_or_else(String::new, |team| format!(", team {}", escaped(team)));
    let _ = writeln!(out, "Run `{}`, seed {}{team}, {}.\n", run.id, score.seed, run.kept_at.strftime("%Y-%m-%d"));
    for cap in &score.caps {
        let at = Moment::from_secs(cap.at_s);
        let _ = writeln!(out, "Capped at {} from {at} on: {}\n", cap.limit, escaped(&cap.why));
    }
    for it in &score.steering {
        let (at, who) = (Moment::from_secs(it.at_s), escaped(&it.actor));
        let _ = writeln!(out, "Steered by {who} at {at}: {}\n", escaped(&it.event));
    }
    let _ = writeln!(out, "{}\n", escaped(&run.debrief));
    markdown_path(run, earlier, &mut out);
    markdown_points(run, &mut out);
    out.push_str("### Timeline\n\n| at | who | what |\n|---:|---|---|\n");
    for moved in &score.timeline {
        let (at, who) = (Moment::from_secs(moved.at_s), escaped(&moved.actor));
        let _ = writeln!(out, "| {at} | {who} | {} |", escaped(&moved.event));
    }
    out
}

fn markdown_path(run: &Kept, earlier: Option<&Kept>, out: &mut String) {
    let (head, rule) = earlier.map_or_else(|| (String::new(), ""), |it| (format!(" {} |", escaped(&it.id)), "---|"));
    let _ = writeln!(out, "### The ideal path\n\n| when | what | this run |{head}\n|---|---|---|{rule}");
    for it in compared(run, earlier) {
        let told = |(at, points): (Option<u64>, u32)| format!("{}, {points} of {}", when(at), it.step.most);
        let before = it.before.map_or_else(String::new, |met| format!(" {} |", told(met)));
        let _ = writeln!(out, "| {} | {} | {} |{before}", it.step.window(), escaped(&it.step.what), told(it.now));
    }
    out.push('\n');
    if let Some(ideal) = &run.ideal_run {
        let _ = writeln!(out, "### The ideal run\n\n{} of 100, by a script in the same world.\n", ideal.score);
        out.push_str("| at | who | what | points |\n|---:|---|---|---|\n");
        for it in &ideal.moves {
            let (at, who, what) = (Moment::from_secs(it.at_s), escaped(&it.actor), escaped(&it.event));
            let _ = writeln!(out, "| {at} | {who} | {what} | {} |", escaped(&it.worth()));
        }
        out.push('\n');
    }
}

fn markdown_points(run: &Kept, out: &mut String) {
    out.push_str("### Where the points come from\n\n");
    for ((name, most), sum) in Dimensions::ALL.into_iter().zip(run.score.dimensions.list()) {
        let _ = writeln!(out, "- {name}: {sum} of {most}");
        for point in run.score.points.iter().filter(|point| point.dimension == name) {
            let at = point.at_s.map_or_else(|| "-".into(), |at| Moment::from_secs(at).to_string());
            let _ = writeln!(out, "  - {at}, {:+}: {}", point.points, escaped(&point.why));
        }
    }
    out.push('\n');
}

/// A text as Markdown that means just that text, in a cell of a table too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' => out.extend(['\\', c]),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "debrief_tests.rs"]
mod tests;
