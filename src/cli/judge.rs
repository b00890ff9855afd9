//! `hotfix judge`

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use color_eyre::eyre::{WrapErr, eyre};

use super::{Context, Exit, print};
use crate::canary::document;
use crate::canary::judged::{self, Judged, JudgedMetric};
use crate::canary::kayenta;
use crate::canary::model::Verdict;

/// The largest document that is read, in bytes.
const LIMIT: u64 = 256 * 1024 * 1024;

/// Judges canary series from a file or standard input.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The series as JSON; standard input without it, or for `-`
    file: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Keep the evidence after each scrape (with --json)
    #[arg(long)]
    path: bool,
    /// Without the start-time mixture: the change is taken to be there from the first scrape
    #[arg(long)]
    plain: bool,
    /// How to judge
    #[arg(long, value_enum, default_value = "sequential")]
    method: Method,
}

/// How to judge.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Method {
    /// E-processes: may be looked at after every scrape
    Sequential,
    /// A second opinion by Kayenta's judge: one look, at 50 points a side or more
    Kayenta,
}

/// Runs the command.
///
/// # Errors
/// When the series cannot be read.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { file, json, path, plain, method } = args;
    let text = read(file.as_deref(), &context.directory)?;
    match method {
        Method::Sequential => sequential(&text, json, path, plain),
        Method::Kayenta => second_opinion(&text, json),
    }
}

fn sequential(text: &str, json: bool, path: bool, plain: bool) -> color_eyre::Result<Exit> {
    let mut series = document::read(text).map_err(|what| eyre!(what))?;
    series.settings.plain = plain;
    let judged = judged::judge(&series, path);
    print(&if json { serde_json::to_string(&judged)? + "\n" } else { plain_text(&judged) })?;
    Ok(exit(judged.verdict))
}

fn second_opinion(text: &str, json: bool) -> color_eyre::Result<Exit> {
    // What `hotfix canary --export` wrote is of the other kind, and its scrapes are what the pane shows them.
    let exported = |refused: String| document::read(text).map(|series| judged::analysis(&series)).map_err(|_| refused);
    let analysis = kayenta::read(text).or_else(exported).map_err(|what| eyre!(what))?;
    let judged = kayenta::judge(&analysis);
    print(&if json { serde_json::to_string(&judged)? + "\n" } else { opinion_text(&judged) })?;
    Ok(exit(judged.verdict))
}

/// How a command that shows a verdict ends.
pub(super) fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Healthy => Exit::Ok,
        Verdict::Regressed => Exit::RollBack,
        _ => Exit::NotEnoughData,
    }
}

fn read(file: Option<&Path>, directory: &Path) -> color_eyre::Result<String> {
    let mut text = String::new();
    let (mut source, name): (Box<dyn Read>, String) = match file {
        Some(path) if path != Path::new("-") => {
            let shown = path.display().to_string();
            let opened = std::fs::File::open(directory.join(path)).wrap_err_with(|| format!("cannot open {shown}"))?;
            (Box::new(opened), shown)
        }
        _ => (Box::new(io::stdin().lock()), "standard input".to_owned()),
    };
    let read = source.by_ref().take(LIMIT + 1).read_to_string(&mut text);
    let read = read.wrap_err_with(|| format!("cannot read {name}"))?;
    if read as u64 > LIMIT { Err(eyre!("{name} is larger than 256 MiB")) } else { Ok(text) }
}

fn plain_text(judged: &Judged) -> String {
    let since = judged.regressed_at.map_or_else(String::new, |t| format!(" since t = {t}"));
    let mut text = format!("{}{since}\n", judged.verdict.label().to_uppercase());
    judged.metrics.iter().for_each(|metric| text.push_str(&paragraph(metric)));
    text
}

fn paragraph(metric: &JudgedMetric) -> String {
    let aside = if metric.decides { "" } else { " (advisory)" };
    let mut text = format!("\n{}{aside}: {}\n  {}\n", metric.name, metric.verdict.label(), metric.why);
    if let Some(needs) = &metric.needs {
        text.push_str(&format!("  needs: {needs}\n"));
    }
    text.push_str(&format!("  weakest: {}\n", metric.weakest));
    text
}

fn opinion_text(judged: &kayenta::Judged) -> String {
    let classification = judged.classification.map_or_else(|| "no threshold".to_owned(), str::to_uppercase);
    let mut text = format!("{classification}: {} of 100, by Kayenta's judge\n", judged.score);
    let mut line = |indent: &str, what: &str| text.push_str(&format!("{indent}{what}\n"));
    judged.reason.iter().for_each(|reason| line("  ", reason));
    for metric in &judged.metrics {
        let opinion = metric.opinion();
        line("\n", &format!("{}: {:?}", metric.name, opinion.label));
        opinion.reason.iter().for_each(|reason| line("  ", reason));
        if let (Some(lower), Some(upper), Some(estimate)) = (opinion.lower, opinion.upper, opinion.estimate) {
            line("  ", &format!("shift {estimate:.6} (between {lower:.6} and {upper:.6})"));
        }
    }
    judged.warnings.iter().for_each(|warning| line("\nwarning: ", warning));
    text
}
