//! `hotfix metrics`

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Context, Exit, entry, print, report};
use crate::evidence::text::clean;
use crate::project::Project;
use crate::report::past::{Past, Spread};
use crate::report::render::span;

/// The delivery metrics over all incidents: medians and every point, never a mean, never per person.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Incidents that were declared since then: a day (2026-03-01), an instant, or how long ago (90d)
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<Since>,
    /// Drills instead of incidents
    #[arg(long)]
    drills: bool,
    /// The folder of a journal whose repository is not here
    #[arg(long, value_name = "FOLDER")]
    journal: Option<PathBuf>,
}

/// The earliest declaration that counts.
#[derive(Debug, Clone, Copy)]
enum Since {
    At(Timestamp),
    Ago(SignedDuration),
}

/// The contract of `hotfix metrics --json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: u32,
    since: Option<Timestamp>,
    drills: bool,
    verified: bool,
    #[serde(flatten)]
    past: &'a Past,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: &Args, context: &Context) -> color_eyre::Result<Exit> {
    let project = Project::open(&context.directory)?;
    let journal = entry::read(&project, args.journal.as_deref())?;
    let since = match args.since {
        None => None,
        Some(Since::At(at)) => Some(at),
        Some(Since::Ago(long)) => Some(context.now.checked_sub(long)?),
    };
    let mut cases = report::cases(&journal, context.now)?;
    cases.retain(|case| case.drill.is_some() == args.drills && since.is_none_or(|since| case.declared_at >= since));
    let deploys = match args.journal {
        Some(_) => Err("the journal alone was asked".to_owned()),
        None => report::deploys(&project, &cases, since, context.now),
    };
    let past = Past::of(cases, deploys);
    let verified = journal.verify()?.holds();
    let document = Document { schema: 1, since, drills: args.drills, verified, past: &past };
    print(&if args.json { serde_json::to_string(&document)? + "\n" } else { plain(&document) })?;
    Ok(Exit::Ok)
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Since::At(at));
    }
    if let Ok(day) = text.parse::<jiff::civil::Date>() {
        let start = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
        return Ok(Since::At(start.timestamp()));
    }
    let ago = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
    let long = ago.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
    long.map(Since::Ago).ok_or_else(|| "write a day (2026-03-01), an instant (2026-03-01T12:00:00Z) or 90d".to_owned())
}

fn plain(document: &Document) -> String {
    let past = document.past;
    let what = if document.drills { "drill" } else { "incident" };
    let mut out = match past.incidents.len() {
        0 => return format!("no {what} is on record\n"),
        1 => format!("1 {what}\n"),
        n => format!("{n} {what}s\n"),
    };
    // Writing to a String cannot fail.
    for spread in &past.measures {
        let _ = writeln!(out, "{}", row(spread));
    }
    let percent = |share: Option<f64>| share.map_or_else(|| "unknown".to_owned(), |it| format!("{:.0} %", it * 100.0));
    let _ = writeln!(out, "updates on time: {}; overrides: {}", percent(past.updates_on_time), past.overrides);
    let lag = past.back_merge_lag_s.map_or_else(|| "unknown".to_owned(), span);
    let _ = writeln!(out, "back-merge lag, median: {lag}");
    let (rework, failed) = (past.rework.hotfix_deploys, percent(past.rework.hotfix_fail_rate));
    let _ = writeln!(out, "hotfix deploys, each of them rework: {rework}; had to be taken back: {failed}");
    let all = match (past.rework.deploys, &past.rework.why) {
        (Some(all), _) => format!("{} of {all} deploys", percent(past.rework.rate)),
        (None, why) => format!("unknown: {}", why.as_deref().unwrap_or("nobody told the deploys")),
    };
    let _ = writeln!(out, "rework rate: {all}");
    out
}

fn row(spread: &Spread) -> String {
    let Some(median) = spread.median_s else { return format!("{:<32} unknown", spread.name) };
    let points: Vec<_> =
        spread.points.iter().map(|point| format!("{} {}", clean(&point.incident), span(point.seconds))).collect();
    format!("{:<32} {:<12} {}", spread.name, span(median), points.join(", "))
}
