//! Values that have the right type and cannot be right all the same (pure).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Component, Path};
use std::time::Duration;

use super::schema::{Config, Deployed, PathClass, Request, Secret, Verify, default_classes};
use super::shape::hint;
use crate::evidence::text;

pub mod comms;
mod engines;
mod rollback;
mod rollout;
mod test_sources;
mod tracker;

/// What may stand between braces in a step.
pub const PLACEHOLDERS: [&str; 7] =
    ["to.version", "to.sha", "to.short", "from.version", "from.sha", "from.short", "plan"];
/// What stands before the name of something that is looked up.
pub const ASKED: &str = "ask.";
/// The longest name.
const NAME: usize = 60;
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 3_600);

/// Headers that carry a secret.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "x-api-key"];

/// Something that cannot be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: keys with dots between them, numbers in lists.
    pub path: String,
    /// What.
    pub what: String,
}

mod canary;
mod checklist;
mod incident;
mod local;

/// Everything that cannot be right.
pub fn check(config: &Config) -> Vec<Fault> {
    let mut faults = Faults::default();
    if config.version.is_some_and(|version| version != 1) {
        faults.add("version", "this hotfix reads version 1 alone");
    }
    if let Some(deployed) = &config.production.deployed {
        faults.deployed("production.deployed", deployed);
    }
    if let Some(deployed) = config.canary.as_ref().and_then(|canary| canary.deployed.as_ref()) {
        faults.deployed("canary.deployed", deployed);
    }
    if let Some(reference) = config.production.reference.as_deref().filter(|it| it.contains(['*', '?', '['])) {
        faults.glob("production.ref", reference);
    }
    if let Some(Err(what)) = config.git.ticket.as_deref().map(pattern) {
        faults.add("git.ticket", what);
    }
    for (index, target) in config.git.targets.iter().enumerate() {
        faults.glob(&format!("git.targets.{index}"), target);
    }
    for (index, target) in config.git.cherry_pick.iter().enumerate() {
        faults.glob(&format!("git.cherry_pick.{index}"), target);
    }
    for (index, glob) in config.git.scope.iter().enumerate() {
        faults.glob(&format!("git.scope.{index}"), glob);
    }
    faults.classes(&config.change.classes);
    if !config.git.branch.contains("{slug}") {
        faults.add("git.branch", "must contain `{slug}`, where the incident's short name goes");
    }
    faults.tests(config);
    if let Some(canary) = &config.canary {
        faults.canary(canary);
    }
    faults.incident(config);
    if let Some(rollback) = &config.rollback {
        faults.rollback(rollback);
    }
    faults.checklist(&config.checklist);
    if let Some(rollout) = &config.rollout {
        faults.rollout("rollout", rollout);
    }
    faults.all_comms(config);
    faults.notices(&config.notices);
    if let Some(tracker) = &config.tracker {
        faults.tracker(tracker);
    }
    if let Some(template) = config.report.template.as_deref().filter(|template| leaves(template)) {
        faults.add("report.template", format!("`{}` is no path within the repository", text::clean(template)));
    }
    faults.0
}

/// Whether a path is empty, or leads out of the folder that it belongs to.
fn leaves(path: &str) -> bool {
    let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    path.is_empty() || !Path::new(path).components().all(is_plain)
}

/// A regular expression for ticket keys, of bounded size.
///
/// # Errors
/// Why it is none, in one line.
pub fn pattern(text: &str) -> Result<regex::Regex, String> {
    let built = regex::RegexBuilder::new(text).size_limit(1 << 20).build();
    built.map_err(|error| {
        let said = error.to_string();
        format!("no regular expression: {}", said.lines().last().unwrap_or_default().trim_start_matches("error: "))
    })
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: &str, what: impl Into<String>) {
        self.0.push(Fault { path: path.to_owned(), what: what.into() });
    }

    /// Names must be there, be different, and show.
    fn names<'n>(&mut self, list: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = BTreeSet::new();
        for (index, name) in names.enumerate() {
            let path = format!("{list}.{index}.name");
            if name.trim().is_empty() {
                self.add(&path, "a name is missing");
            } else if name.len() > NAME || name.chars().any(text::is_dangerous) {
                self.add(&path, format!("a name has at most {NAME} bytes, and no characters that do not show"));
            } else if !seen.insert(name) {
                self.add(&path, format!("`{name}` is there twice: names must differ"));
            }
        }
    }

    fn argv(&mut self, path: &str, argv: &[String]) {
        if argv.first().is_none_or(|program| program.trim().is_empty()) {
            self.add(path, "a command needs a program: [\"program\", \"argument\"]");
        }
        for (index, argument) in argv.iter().enumerate() {
            let at = format!("{path}.{index}");
            if argument.contains('\0') {
                self.add(&at, "an argument cannot hold a NUL character");
            }
            self.placeholders(&at, argument);
        }
        if argv.first().is_some_and(|program| placeholders(program).next().is_some()) {
            self.add(&format!("{path}.0"), "the program itself cannot be a placeholder");
        }
    }

    fn placeholders(&mut self, path: &str, argument: &str) {
        for name in placeholders(argument) {
            if !PLACEHOLDERS.contains(&name) && !name.starts_with(ASKED) {
                self.add(path, format!("unknown placeholder `{{{name}}}`; {}", hint(name, &PLACEHOLDERS)));
            }
        }
    }

    /// An address with placeholders: the host must be the one that is trusted.
    fn template(&mut self, path: &str, url: &str, allow_http: bool) {
        if placeholders(authority(url)).next().is_some() {
            return self.add(path, "a placeholder cannot choose the host");
        }
        self.url(path, url, allow_http);
        self.placeholders(path, url);
    }

    fn json(&mut self, path: &str, value: &serde_json::Value) {
        match value {
            serde_json::Value::String(text) => self.placeholders(path, text),
            serde_json::Value::Array(items) => items.iter().for_each(|item| self.json(path, item)),
            serde_json::Value::Object(fields) => fields.values().for_each(|field| self.json(path, field)),
            _ => {}
        }
    }

    fn request(&mut self, path: &str, request: &Request) {
        self.template(&format!("{path}.url"), &request.url, request.allow_http);
        if let Some(json) = &request.json {
            self.json(&format!("{path}.json"), json);
        }
        self.token(path, request.token.as_ref());
        self.headers(path, &request.headers, request.token_header.as_deref());
        let known = ["POST", "PUT", "PATCH", "DELETE", "GET"];
        if !known.contains(&request.method.as_str()) {
            let what = format!("`{}` is no method; {}", request.method, hint(&request.method.to_uppercase(), &known));
            self.add(&format!("{path}.method"), what);
        }
    }

    fn verify(&mut self, path: &str, verify: &Verify) {
        match (&verify.run, &verify.url, &verify.file) {
            (Some(argv), None, None) => self.argv(&format!("{path}.run"), argv),
            (None, Some(url), None) => self.template(&format!("{path}.url"), url, verify.allow_http),
            (None, None, Some(file)) => self.placeholders(&format!("{path}.file"), file),
            (None, None, None) => self.add(path, "needs `run = [\"program\", …]`, `url = \"…\"` or `file = \"…\"`"),
            _ => self.add(path, "has one of `run`, `url` and `file`, not more"),
        }
        for (key, json) in [("json", &verify.json), ("follow", &verify.follow)] {
            if let Some(Err(what)) = json.as_ref().map(|json| check_json_path(json)) {
                self.add(&format!("{path}.{key}"), what);
            }
        }
        if verify.follow.is_some() && verify.url.is_none() {
            self.add(&format!("{path}.follow"), "goes with `url` alone");
        }
        for (key, is_given) in [("json", verify.json.is_some()), ("fails", !verify.fails.is_empty())] {
            if is_given && verify.equals.is_none() {
                self.add(&format!("{path}.{key}"), "needs `equals` beside it: what is right");
            }
        }
        self.headers(path, &verify.headers, verify.token_header.as_deref());
        if let Some(equals) = &verify.equals {
            self.placeholders(&format!("{path}.equals"), equals);
        }
        self.token(path, verify.token.as_ref());
        self.between(&format!("{path}.within"), verify.within, Duration::ZERO, LONGEST_TIMEOUT);
    }

    fn deployed(&mut self, path: &str, deployed: &Deployed) {
        match (&deployed.url, &deployed.run) {
            (Some(url), None) => self.url(&format!("{path}.url"), url, deployed.allow_http),
            (None, Some(argv)) => self.argv(&format!("{path}.run"), argv),
            _ => self.add(path, "needs exactly one of `url` and `run`"),
        }
        if deployed.run.is_some() && deployed.token.is_some() {
            self.add(&format!("{path}.token"), "goes with `url` alone");
        }
        if let Some(json) = &deployed.json {
            self.json_path(&format!("{path}.json"), json, true);
        }
        self.token(path, deployed.token.as_ref());
    }

    fn json_path(&mut self, path: &str, json: &str, has_url: bool) {
        if !has_url {
            self.add(path, "goes with `url` alone");
        } else if !json.starts_with('$') {
            self.add(path, "a path begins with `$`, such as `$.commit`");
        }
    }

    /// Headers stand in the file as they are: no place for a secret.
    fn headers(&mut self, path: &str, headers: &BTreeMap<String, String>, token_header: Option<&str>) {
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        for (name, value) in headers {
            let at = format!("{path}.headers.{name}");
            if !is_name(name) || value.chars().any(char::is_control) {
                self.add(&at, "is no header");
            } else if SECRET_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                self.add(&at, "a secret never stands in the file: use `token`, and `token_header` for its header");
            }
        }
        if token_header.is_some_and(|name| !is_name(name)) {
            self.add(&format!("{path}.token_header"), "is no name of a header");
        }
    }

    fn token(&mut self, path: &str, token: Option<&Secret>) {
        if let Some(secret) = token {
            self.secret(&format!("{path}.token"), secret);
        }
    }

    fn secret(&mut self, path: &str, secret: &Secret) {
        match secret {
            Secret::Env(name) if !is_variable(name) => self.add(path, "that is no name of an environment variable"),
            Secret::File(name) if name.is_empty() => self.add(path, "a path is missing"),
            Secret::Command(argv) => self.argv(&format!("{path}.command"), argv),
            Secret::Env(_) | Secret::File(_) => {}
        }
    }

    fn between(&mut self, path: &str, value: Duration, least: Duration, most: Duration) {
        if value < least || value > most {
            let (least, most) = (least.as_secs_f64(), most.as_secs_f64());
            self.add(path, format!("must lie between {least} and {most} seconds"));
        }
    }

    fn classes(&mut self, classes: &[PathClass]) {
        if classes.is_empty() {
            return;
        }
        self.names("change.classes", classes.iter().map(|class| class.name.as_str()));
        let defaults = default_classes();
        let known: Vec<&str> = defaults.iter().map(|class| class.name.as_str()).collect();
        for (index, class) in classes.iter().enumerate() {
            let path = format!("change.classes.{index}");
            if class.globs.is_none() && !known.contains(&class.name.as_str()) {
                let hint = hint(&class.name, &known);
                self.add(
                    &format!("{path}.name"),
                    format!("no class is called that, and a new one needs `globs`; {hint}"),
                );
            }
            for (list, globs) in [("globs", &class.globs), ("not", &class.not)] {
                for (place, glob) in globs.iter().flatten().enumerate() {
                    self.glob(&format!("{path}.{list}.{place}"), glob);
                }
            }
        }
    }

    fn glob(&mut self, path: &str, glob: &str) {
        if let Err(error) = globset::Glob::new(glob) {
            self.add(path, format!("no glob: {}", error.kind()));
        }
    }

    fn url(&mut self, path: &str, url: &str, allow_http: bool) {
        if let Err(what) = check_url(url, allow_http) {
            self.add(path, what);
        }
    }
}

/// What is wrong with a path into JSON: neither the short form nor JSONPath.
fn check_json_path(path: &str) -> Result<(), String> {
    if crate::http::path::check(path).is_ok() {
        return Ok(());
    }
    // What is filled in is a number or a text within quotes.
    let filled = placeholders(path).fold(path.to_owned(), |path, name| path.replace(&format!("{{{name}}}"), "0"));
    let parsed = serde_json_path::JsonPath::parse(&filled);
    parsed.map(drop).map_err(|error| format!("no path into JSON: write `$.name`, `$.list[0]` or JSONPath: {error}"))
}

/// What is wrong with an address: no http(s), a password in it, or http to another machine.
///
/// # Errors
/// In words for the file's author.
pub fn check_url(url: &str, allow_http: bool) -> Result<(), String> {
    let parsed = reqwest::Url::parse(url).map_err(|error| format!("no address: {error}"))?;
    let host = parsed.host_str().unwrap_or_default();
    if !matches!(parsed.scheme(), "https" | "http") || host.is_empty() {
        return Err("an address begins with https://host".to_owned());
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("an address never holds a user or a password: use `token = { env = \"NAME\" }`".to_owned());
    }
    if parsed.scheme() == "http" && !allow_http && !is_loopback(host) {
        return Err(format!("http to `{host}` can be read on the way: use https, or say `allow_http = true`"));
    }
    Ok(())
}

/// Whether an address leads to this machine, and nowhere else.
pub fn is_loopback_url(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(is_loopback))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The names of the placeholders in a text: lower-case letters and dots between braces, but not behind `$` or
/// another brace, and behind `@` only when the name is known, so that `${name}`, `{{.Name}}`, `HEAD@{upstream}` and
/// JSON stay what they are.
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('{').filter_map(|(at, _)| {
        let (name, _) = text[at + 1..].split_once('}')?;
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '.' | '_'));
        let before = &text[..at];
        let is_ours = !before.ends_with(['$', '{']) && (!before.ends_with('@') || PLACEHOLDERS.contains(&name));
        (is_name && is_ours).then_some(name)
    })
}

/// Scheme, host and port of an address, without a parser: what comes before its path.
fn authority(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    &url[..end]
}
