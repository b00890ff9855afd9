//! Markdown and HTML by templates. A team's own is as safe as ours: whatever it prints of the report is escaped for the
//! format, it reads no file and calls nothing, and it ends.

use jiff::Timestamp;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, context};

use super::chart;
use super::escape;
use super::model::Report;
use crate::evidence::text::clean;

/// What a report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Markdown
    Md,
    /// One self-contained HTML page
    Html,
    /// JSON
    Json,
}

/// A template and what it is called.
#[derive(Debug, Clone, Copy)]
pub struct Template<'t> {
    /// Its name, for errors.
    pub name: &'t str,
    /// Its text.
    pub text: &'t str,
}

/// Why a template made no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}, line {line}: {what}")]
pub struct TemplateError {
    /// The template.
    pub name: String,
    /// Where in it.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

const MARKDOWN: Template<'static> =
    Template { name: "report.md.jinja", text: include_str!("../../assets/report/report.md.jinja") };
const HTML: Template<'static> =
    Template { name: "report.html.jinja", text: include_str!("../../assets/report/report.html.jinja") };
const STYLE: &str = include_str!("../../assets/report/report.css");
/// A template that does more than so many steps runs in circles. Ours needs some fifty for each line of the timeline.
const FUEL: u64 = 200_000_000;
/// What stands for what nobody knows.
const UNKNOWN: &str = "unknown";

impl Format {
    /// The format that a template's name promises: `postmortem.html.jinja` is one for HTML.
    pub fn of_template(name: &str) -> Self {
        if name.to_ascii_lowercase().contains(".htm") { Self::Html } else { Self::Md }
    }
}

/// The report in a format; by a team's template if there is one.
///
/// # Errors
/// When the template is wrong: its name, the line, and what.
pub fn render(report: &Report, format: Format, template: Option<Template>) -> Result<String, TemplateError> {
    let template = match format {
        // It is plain data, so that this cannot fail.
        Format::Json => return Ok(serde_json::to_string(report).unwrap_or_default() + "\n"),
        Format::Md => template.unwrap_or(MARKDOWN),
        Format::Html => template.unwrap_or(HTML),
    };
    let environment = environment(format);
    let told = environment.template_from_named_str(template.name, template.text);
    let page = told.and_then(|page| page.render(values(report, format))).map_err(|error| explain(template, &error))?;
    Ok(if page.ends_with('\n') { page } else { page + "\n" })
}

fn values(report: &Report, format: Format) -> Value {
    let charts = if format == Format::Html { chart::all(report) } else { chart::Charts::default() };
    let safe = |text: String| Value::from_safe_string(text);
    context! {
        report => Value::from(Serde(report)),
        style => safe(STYLE.to_owned()),
        charts => context! {
            story => safe(charts.story),
            verdicts => safe(charts.verdicts),
            curves => charts.curves.into_iter().map(safe).collect::<Vec<_>>(),
        },
    }
}

fn explain(template: Template, error: &Error) -> TemplateError {
    let kind = error.kind().to_string();
    let what = error.detail().map_or(kind.clone(), |detail| format!("{kind}: {detail}"));
    TemplateError { name: clean(template.name), line: error.line().unwrap_or(1), what: clean(&what) }
}

fn environment(format: Format) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(move |_| match format {
        Format::Html => AutoEscape::Html,
        Format::Md | Format::Json => AutoEscape::Custom("markdown".into()),
    });
    environment.set_formatter(|out, state, value| {
        let is_html = matches!(state.auto_escape(), AutoEscape::Html);
        let written = match value.as_str() {
            _ if value.is_none() => out.write_str(UNKNOWN),
            Some(text) if value.is_safe() => out.write_str(text),
            Some(text) if is_html => out.write_str(&escape::html(text)),
            Some(text) => out.write_str(&escape::markdown(text)),
            None if is_html => out.write_str(&escape::html(&value.to_string())),
            None => out.write_str(&escape::markdown(&value.to_string())),
        };
        written.map_err(Error::from)
    });
    environment.add_filter("time", |value: Value| told(&value, "%Y-%m-%d %H:%M:%S UTC"));
    environment.add_filter("clock", |value: Value| told(&value, "%H:%M:%S"));
    environment.add_filter("day", |value: Value| told(&value, "%Y-%m-%d"));
    environment.add_filter("span", |value: Value| {
        let seconds = (!value.is_none()).then(|| i64::try_from(value.clone()).ok()).flatten();
        seconds.map_or_else(|| UNKNOWN.to_owned(), span)
    });
    environment.add_filter("short", |value: Value| match value.as_str() {
        Some(oid) => oid.chars().take(7).collect(),
        None => UNKNOWN.to_owned(),
    });
    environment.add_filter("bars", |values: Vec<Value>, top: f64| bars(&values, top));
    environment
}

/// An instant in UTC, for whoever reads it wherever.
fn told(value: &Value, format: &str) -> String {
    let at = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    at.map_or_else(|| UNKNOWN.to_owned(), |at| at.strftime(format).to_string())
}

/// Seconds in words: `1 h 02 min`, `4 min 10 s`.
pub fn span(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let all = seconds.unsigned_abs();
    let (days, hours, minutes, rest) = (all / 86_400, all / 3_600 % 24, all / 60 % 60, all % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{rest} s"),
        (0, 0, _) => format!("{sign}{minutes} min {rest:02} s"),
        (0, _, _) => format!("{sign}{hours} h {minutes:02} min"),
        _ => format!("{sign}{days} d {hours:02} h"),
    }
}

/// Numbers as a row of bars, the highest at `top`: what a picture is where there is none.
fn bars(values: &[Value], top: f64) -> String {
    let numbers = values.iter().map(|value| f64::try_from(value.clone()).ok());
    let bar = |number: Option<f64>| match number {
        None => ' ',
        Some(number) if top > 0.0 => {
            let eighths = (number / top * 7.0).round().clamp(0.0, 7.0) as usize;
            ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][eighths]
        }
        Some(_) => '▁',
    };
    numbers.map(bar).collect()
}
