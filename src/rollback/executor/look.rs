//! Looking at the world: is it as it should be after a step?

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serde_json_path::JsonPath;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::scribe::blocking;
use super::{flagd, once};
use crate::config::program;
use crate::config::schema::{Secret, Verify};
use crate::config::trust::Permit;
use crate::evidence::text::{clean, clean_bytes, fit};
use crate::http::{self, Bearer, Client, Response};

/// The wait before the second look; doubled after each further one.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait between two looks.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How long one look by command may take.
const LOOK_LIMIT: Duration = Duration::from_secs(10);
/// How much a command that looks may print, in bytes.
pub(super) const PRINT_LIMIT: u64 = 64 << 10;
/// How much of a value a message shows, in cells.
const VALUE_CELLS: usize = 80;
/// How many values other than the expected one a message names.
const OTHERS_NAMED: usize = 3;

/// What looks at the world. To have it is to have been trusted.
#[derive(Clone)]
pub struct Eyes {
    /// Proof of that.
    pub permit: Permit,
    /// Requests go through here.
    pub http: Client,
    /// The root of the repository: commands run there, and files of secrets count from there.
    pub directory: PathBuf,
    /// The folder of the journal, where it is told what was validated; none where there is no journal.
    pub state: Option<PathBuf>,
    /// Takes a secret that was fetched, so that it can be taken out of whatever is recorded from now on.
    pub hide: Arc<dyn Fn(String) + Send + Sync>,
}

impl fmt::Debug for Eyes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Eyes").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Eyes {
    /// The value of a secret, for one request.
    pub(super) async fn token(&self, secret: Option<&Secret>) -> Result<Option<Bearer>, String> {
        let Some(secret) = secret.cloned() else { return Ok(None) };
        let (permit, directory) = (self.permit, self.directory.clone());
        let found = blocking(move || secret.resolve(permit, &directory)).await;
        let value = found.map_err(|error| error.to_string())?.reveal().to_owned();
        (self.hide)(value.clone());
        Ok(Some(Bearer::from(value)))
    }
}

/// What was seen. Each in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The world is as expected.
    Holds(String),
    /// The world answered, and is not as expected.
    Differs(String),
    /// The world answered, is not as expected, and will not be any more.
    Failed(String),
    /// The world did not answer, or not to the question.
    Cannot(String),
}

impl Seen {
    pub(super) fn words(&self) -> &str {
        match self {
            Self::Holds(text) | Self::Differs(text) | Self::Failed(text) | Self::Cannot(text) => text,
        }
    }
}

/// Looks until the world is as expected, `within` at most. The first look is at once; the last one counts.
pub(super) async fn look(eyes: &Eyes, verify: &Verify, tell: &(dyn Fn(String) + Sync)) -> Seen {
    let end = Instant::now() + verify.within;
    let mut wait = FIRST_WAIT;
    loop {
        let seen = look_once(eyes, verify).await;
        if matches!(seen, Seen::Holds(_) | Seen::Failed(_)) || Instant::now() + wait > end {
            return seen;
        }
        tell(seen.words().to_owned());
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// One look, at once.
pub(super) async fn look_once(eyes: &Eyes, verify: &Verify) -> Seen {
    match (&verify.run, &verify.url, &verify.file) {
        (Some(argv), ..) => look_by_command(eyes, argv, verify).await,
        (_, Some(url), _) => look_at(eyes, url, verify).await.unwrap_or_else(Seen::Cannot),
        (.., Some(file)) => look_into(&eyes.directory.join(file), verify),
        (None, None, None) => Seen::Cannot("nothing to look at is configured".into()),
    }
}

async fn look_at(eyes: &Eyes, url: &str, verify: &Verify) -> Result<Seen, String> {
    let response = fetch(eyes, url, verify).await?;
    let Some(path) = &verify.follow else { return Ok(read(&response, verify)) };
    let json = response.json().map_err(|error| error.what)?;
    let next = values_at(&json, path)?.first().map_or_else(String::new, |value| plain(value));
    if !is_same_server(url, &next) {
        return Err(format!("{} leads to another server, which is not asked", fit(&clean(&next), VALUE_CELLS)));
    }
    Ok(read(&fetch(eyes, &next, verify).await?, verify))
}

/// Whether two addresses have scheme, host and port in common.
fn is_same_server(one: &str, other: &str) -> bool {
    let origin = |url: &str| reqwest::Url::parse(url).ok().map(|url| url.origin());
    origin(one).is_some_and(|one| Some(one) == origin(other))
}

fn look_into(path: &Path, verify: &Verify) -> Seen {
    if verify.equals.is_none() {
        return if path.exists() { Seen::Holds("it is there".into()) } else { Seen::Differs("it is not there".into()) };
    }
    let text = flagd::read(path);
    match text {
        Ok(text) => judge_printed(text.as_bytes(), verify),
        Err(why) => Seen::Cannot(format!("{}: {why}", clean(&path.display().to_string()))),
    }
}

/// Asks an address that a look needs.
pub(super) async fn fetch(eyes: &Eyes, url: &str, verify: &Verify) -> Result<Response, String> {
    let bearer = eyes.token(verify.token.as_ref()).await?;
    let mut request = http::Request { allow_http: verify.allow_http, ..http::Request::get(url) };
    request.headers.extend(verify.headers.clone());
    request.authorize(bearer, verify.token_header.as_deref());
    eyes.http.send(request).await.and_then(Response::success).map_err(|error| error.what)
}

fn read(response: &Response, verify: &Verify) -> Seen {
    if verify.equals.is_none() {
        return Seen::Holds(format!("{} answers {}", response.place, response.status));
    }
    match &verify.json {
        Some(path) => match response.json() {
            Ok(json) => judge_json(&json, path, verify),
            Err(error) => Seen::Cannot(error.what),
        },
        None => judge_text(&response.body, verify),
    }
}

fn judge_json(json: &Value, path: &str, verify: &Verify) -> Seen {
    match values_at(json, path) {
        Err(why) => Seen::Cannot(why),
        Ok(values) if verify.each => match &values[..] {
            [Value::Array(items)] => compare_each(items.iter().map(plain), verify),
            [_] => Seen::Cannot(format!("{} is no list of instances", clean(path))),
            values => compare_each(values.iter().map(|value| plain(value)), verify),
        },
        Ok(values) => compare(&values.into_iter().map(plain).collect::<Vec<_>>().join(" "), verify),
    }
}

fn judge_text(text: &[u8], verify: &Verify) -> Seen {
    let text = String::from_utf8_lossy(text);
    match verify.each {
        true => compare_each(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()), verify),
        false => compare(text.trim(), verify),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a path leads to: the short form of [`http::json_at`], or JSONPath, which may lead to several values.
fn values_at<'v>(json: &'v Value, path: &str) -> Result<Vec<&'v Value>, String> {
    if http::path::check(path).is_ok() {
        return http::json_at(json, path).map(|value| vec![value]);
    }
    let parsed = JsonPath::parse(path).map_err(|error| format!("`{}` is no path: {error}", clean(path)))?;
    let values = parsed.query(json).all();
    if values.is_empty() { Err(format!("the answer has nothing at `{}`", clean(path))) } else { Ok(values) }
}

fn compare(value: &str, verify: &Verify) -> Seen {
    let expected = verify.equals.as_deref().unwrap_or_default();
    if value == expected {
        return Seen::Holds(format!("the world says {}", shown(value)));
    }
    let said = format!("the world says {}, not {}", shown(value), shown(expected));
    if verify.fails.iter().any(|it| it == value) { Seen::Failed(said) } else { Seen::Differs(said) }
}

/// One value for each instance: how many are where they should be, and where the others are.
fn compare_each(values: impl Iterator<Item = String>, verify: &Verify) -> Seen {
    let expected = verify.equals.as_deref().unwrap_or_default();
    let mut others = BTreeMap::<String, usize>::new();
    let (mut all, mut there) = (0, 0);
    for value in values {
        all += 1;
        if value == expected { there += 1 } else { *others.entry(value).or_default() += 1 }
    }
    let words = format!("{there} of {all} instances on {}", shown(expected));
    match (all, others.is_empty()) {
        (0, _) => Seen::Cannot("the world names no instance".into()),
        (_, true) => Seen::Holds(words),
        (_, false) => {
            let named = others.iter().take(OTHERS_NAMED).map(|(value, count)| format!(", {count} on {}", shown(value)));
            Seen::Differs(words + &named.collect::<String>())
        }
    }
}

fn shown(text: &str) -> String {
    fit(&clean(text), VALUE_CELLS)
}

/// As `test`, `grep` and `diff` do: 0 is yes, 1 is no, anything else is no answer.
async fn look_by_command(eyes: &Eyes, argv: &[String], verify: &Verify) -> Seen {
    let directory = &eyes.directory;
    let (code, printed) = match timeout(LOOK_LIMIT, run(directory, argv, PRINT_LIMIT)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(why)) => return Seen::Cannot(why),
        Err(_) => return Seen::Cannot(format!("the look took longer than {} s", LOOK_LIMIT.as_secs())),
    };
    let last = fit(&clean_bytes(printed.trim_ascii().rsplit(|b| *b == b'\n').next().unwrap_or_default()), VALUE_CELLS);
    match (code, &verify.equals) {
        (Some(0), Some(_)) => judge_printed(&printed, verify),
        (Some(0), None) => Seen::Holds("the look ended with 0".into()),
        (Some(1), _) => Seen::Differs(format!("the look ended with 1 {last}").trim_end().to_owned()),
        (Some(code), _) => Seen::Cannot(format!("the look ended with {code} {last}").trim_end().to_owned()),
        (None, _) => Seen::Cannot("the look was killed".into()),
    }
}

fn judge_printed(printed: &[u8], verify: &Verify) -> Seen {
    let Some(path) = &verify.json else { return judge_text(printed, verify) };
    match once::parse(printed) {
        Ok(json) => judge_json(&json, path, verify),
        Err(error) => Seen::Cannot(format!("the look printed no JSON: {error}")),
    }
}

/// Runs a command that only looks; it dies with whoever waits for it. Returns its exit code and the first `limit`
/// bytes of what it printed.
pub(super) async fn run(directory: &Path, argv: &[String], limit: u64) -> Result<(Option<i32>, Vec<u8>), String> {
    let name = argv.first().map_or("", String::as_str);
    let program = program::find(name, directory)?;
    let mut command = Command::new(program);
    command.args(argv.iter().skip(1)).current_dir(directory).kill_on_drop(true).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("`{}` did not start: {error}", clean(name)))?;
    collect(&mut child, limit).await.map_err(|error| format!("`{}`: {error}", clean(name)))
}

async fn collect(child: &mut Child, limit: u64) -> std::io::Result<(Option<i32>, Vec<u8>)> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (printed, complaint) = tokio::join!(beginning(out, limit), beginning(err, limit));
    let status = child.wait().await?;
    Ok((status.code(), if printed.is_empty() { complaint } else { printed }))
}

/// The first bytes. Whoever prints more is cut off.
async fn beginning(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let _ = pipe.take(limit).read_to_end(&mut bytes).await;
    }
    bytes
}
