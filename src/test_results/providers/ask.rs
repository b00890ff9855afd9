//! Asking an API: credentials, unchanged answers by ETag, pages, and the limits that servers set.
//!
//! One request at a time. A token goes to the configured host alone: neither a page's link nor a redirect carries it
//! elsewhere.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use serde::de::DeserializeOwned;

use super::{Hide, Setup};
use crate::config::schema::Secret;
use crate::config::trust::Permit;
use crate::evidence::text::clean;
use crate::http::{Bearer, Client, HttpError, Kind, Request, Response};

/// The most pages that are read of one list.
const PAGES: usize = 30;
/// How long a server is left alone that sets a limit and does not say for how long.
const UNSAID: Duration = Duration::from_secs(60);
/// The longest wait for a limit to be lifted: they are counted by the hour.
const LONGEST: Duration = Duration::from_secs(3_660);
/// For a whole file of test results.
const DOWNLOAD: Duration = Duration::from_secs(30);

/// Where a token may be found.
#[derive(Debug, Clone)]
pub enum Credential {
    /// There, and nowhere else.
    Named(Secret),
    /// In the first of these places that has one; without any, the server is asked without.
    First(Vec<Secret>),
}

/// How a server is asked.
#[derive(Debug, Clone)]
pub struct Manner {
    /// What comes before every path, without a slash at its end.
    pub base: String,
    /// Sent with every request.
    pub headers: Vec<(String, String)>,
    /// With it the token is that user's password.
    pub user: Option<String>,
    /// Plain http to another machine.
    pub allow_http: bool,
    /// Where the token is found.
    pub credential: Credential,
}

/// Asks one server.
pub struct Asker {
    manner: Manner,
    client: Client,
    permit: Permit,
    root: PathBuf,
    hide: Hide,
    token: Option<Bearer>,
    has_looked_for_token: bool,
    cache: HashMap<String, Cached>,
    now: Timestamp,
    round: u64,
    requests: u64,
    quota: Option<Quota>,
}

struct Cached {
    etag: String,
    answer: Response,
    round: u64,
}

/// What is left of what the server allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Quota {
    remaining: u64,
    resets_at: Timestamp,
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asker").field("base", &self.manner.base).field("quota", &self.quota).finish_non_exhaustive()
    }
}

impl Asker {
    /// Nothing was asked yet.
    pub fn new(manner: Manner, setup: &Setup) -> Self {
        Self {
            manner,
            client: setup.client.clone(),
            permit: setup.permit,
            root: setup.root.clone(),
            hide: setup.hide.clone(),
            token: None,
            has_looked_for_token: false,
            cache: HashMap::new(),
            now: Timestamp::UNIX_EPOCH,
            round: 0,
            requests: 0,
            quota: None,
        }
    }

    /// A look begins. Answers that the last one did not need are forgotten.
    ///
    /// # Errors
    /// When the token that the configuration names cannot be had.
    pub async fn begin(&mut self, now: Timestamp) -> Result<(), HttpError> {
        let last = self.round;
        self.cache.retain(|_, cached| cached.round == last);
        (self.now, self.round, self.requests) = (now, last + 1, 0);
        if !self.has_looked_for_token {
            self.token = self.find_token().await?;
            self.has_looked_for_token = true;
        }
        Ok(())
    }

    /// Whether there is a token.
    pub fn is_authenticated(&self) -> bool {
        self.token.is_some()
    }

    async fn find_token(&self) -> Result<Option<Bearer>, HttpError> {
        let (credential, permit, root) = (self.manner.credential.clone(), self.permit, self.root.clone());
        let found = tokio::task::spawn_blocking(move || match credential {
            Credential::Named(secret) => secret.resolve(permit, &root).map(Some).map_err(|error| error.to_string()),
            Credential::First(places) => Ok(places.iter().find_map(|place| place.resolve(permit, &root).ok())),
        });
        let found = found.await.unwrap_or_else(|error| Err(error.to_string()));
        let hidden = found.map_err(|what| {
            HttpError::new(Kind::Refused, clean(&what)).with_remedy("provide it, and ask again with `r`")
        })?;
        Ok(hidden.map(|hidden| {
            (self.hide)(hidden.reveal());
            Bearer::from(hidden.reveal().to_owned())
        }))
    }

    /// One answer as a value.
    ///
    /// # Errors
    /// When the server does not answer, refuses, or answers something else.
    pub async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, HttpError> {
        let url = self.url(path);
        self.fetch(url).await?.decode()
    }

    /// The pages of a list, by their links, as far as there are and no further than [`PAGES`].
    ///
    /// # Errors
    /// As [`Asker::get`], for any of them.
    pub async fn pages<T: DeserializeOwned>(&mut self, path: &str) -> Result<Vec<T>, HttpError> {
        let (mut pages, mut next) = (Vec::new(), Some(self.url(path)));
        while let Some(url) = next.take() {
            let answer = self.fetch(url).await?;
            pages.push(answer.decode()?);
            if pages.len() == PAGES {
                break;
            }
            next = self.next_page(&answer)?;
        }
        Ok(pages)
    }

    /// A file that the server redirects to, or hands out itself. The token goes to the server alone.
    ///
    /// # Errors
    /// When it is not there, too large, or anywhere that may not be contacted.
    pub async fn download(&mut self, path: &str) -> Result<Vec<u8>, HttpError> {
        let request = Request { wants_location: true, timeout: Some(DOWNLOAD), ..self.request(self.url(path)) };
        let answer = self.send(request).await?;
        let Some(location) = answer.header("location").filter(|_| (300..400).contains(&answer.status)) else {
            return Ok(self.checked(answer)?.body);
        };
        let base = Url::parse(&self.manner.base).map_err(|_| elsewhere(&answer.place))?;
        let target = base.join(location).map_err(|_| elsewhere(&answer.place))?;
        if base.scheme() == "https" && target.scheme() != "https" {
            return Err(elsewhere(&answer.place));
        }
        let allow_http = self.manner.allow_http;
        let request = Request { timeout: Some(DOWNLOAD), allow_http, ..Request::get(target) };
        Ok(self.client.send(request).await?.success()?.body)
    }

    /// How long to wait until the next look, so that what the server allows lasts; `pause` at least.
    pub fn pace(&self, pause: Duration) -> Duration {
        let Some(quota) = self.quota else { return pause };
        let left = Duration::try_from(quota.resets_at.duration_since(self.now)).unwrap_or_default();
        let looks = quota.remaining / self.requests.max(1);
        let spread = u32::try_from(looks).ok().filter(|looks| *looks > 0).map_or(left, |looks| left / looks);
        spread.clamp(pause, LONGEST)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.manner.base)
    }

    fn request(&self, url: String) -> Request {
        Request {
            headers: self.manner.headers.clone(),
            bearer: self.token.clone(),
            user: self.manner.user.clone(),
            allow_http: self.manner.allow_http,
            ..Request::get(url)
        }
    }

    async fn fetch(&mut self, url: String) -> Result<Response, HttpError> {
        let mut request = self.request(url.clone());
        if let Some(cached) = self.cache.get(&url) {
            request.headers.push(("if-none-match".into(), cached.etag.clone()));
        }
        let answer = self.send(request).await?;
        if answer.status == 304 {
            let Some(cached) = self.cache.get_mut(&url) else {
                return Err(HttpError::new(Kind::Malformed, format!("{}: unchanged, and never seen", answer.place)));
            };
            cached.round = self.round;
            return Ok(cached.answer.clone());
        }
        let answer = self.checked(answer)?;
        if let Some(etag) = answer.header("etag").map(str::to_owned) {
            self.cache.insert(url, Cached { etag, answer: answer.clone(), round: self.round });
        }
        Ok(answer)
    }

    async fn send(&mut self, request: Request) -> Result<Response, HttpError> {
        self.requests += 1;
        let answer = self.client.send(request).await?;
        if let Some(quota) = quota(&answer) {
            self.quota = Some(quota);
        }
        Ok(answer)
    }

    /// The answer if it is a success.
    fn checked(&mut self, answer: Response) -> Result<Response, HttpError> {
        if let Some(wait) = limit(&answer, self.now) {
            return Err(self.limited(&answer, wait));
        }
        if answer.status == 401 {
            // It may have been renewed meanwhile.
            self.has_looked_for_token = false;
        }
        let is_html = answer.is_html();
        if is_html && answer.is_success() {
            return Err(answer.json().err().unwrap_or_else(|| elsewhere(&answer.place)));
        }
        let (sign_on, status) = (answer.header("x-github-sso").map(clean), answer.status);
        answer.success().map_err(|error| self.explained(error, status, sign_on))
    }

    fn explained(&self, error: HttpError, status: u16, sign_on: Option<String>) -> HttpError {
        match (status, sign_on) {
            (403, Some(page)) => error.with_remedy(format!("authorise the token for single sign-on: {page}")),
            (401 | 403 | 404, None) if !self.is_authenticated() => {
                error.with_remedy("no token was sent: name one with `token`, or `gh auth login`")
            }
            (404, None) => error.with_remedy("check the name; a token that may not see it gets the same answer"),
            _ => error,
        }
    }

    fn limited(&self, answer: &Response, wait: Duration) -> HttpError {
        let what = format!("{}: rate limited ({})", answer.place, answer.status);
        let remedy = match self.is_authenticated() {
            true => "wait; others use the same token",
            false => "wait; a token raises the limit: name one with `token`",
        };
        HttpError { retry_after: Some(wait), ..HttpError::new(Kind::Status(answer.status), what).with_remedy(remedy) }
    }

    /// The address of the next page: on the same server, or it is not asked.
    fn next_page(&self, answer: &Response) -> Result<Option<String>, HttpError> {
        let Some(next) = answer.header("link").and_then(next_link) else { return Ok(None) };
        let base = Url::parse(&self.manner.base).map_err(|_| elsewhere(&answer.place))?;
        let next = base.join(next).map_err(|_| elsewhere(&answer.place))?;
        if next.origin() == base.origin() { Ok(Some(next.into())) } else { Err(elsewhere(&answer.place)) }
    }
}

fn elsewhere(place: &str) -> HttpError {
    HttpError::new(Kind::Redirect, format!("{place}: points to an address that may not be contacted"))
        .with_remedy("check the address of the API; a proxy may rewrite it")
}

/// The target of `rel="next"` in a `Link` header (RFC 8288).
fn next_link(header: &str) -> Option<&str> {
    header.split(',').find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = |parameter: &str| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            name.trim().eq_ignore_ascii_case("rel")
                && value.trim().trim_matches('"').split(' ').any(|rel| rel == "next")
        };
        parameters.split(';').any(is_next).then_some(target)
    })
}

fn quota(answer: &Response) -> Option<Quota> {
    let number = |names: [&str; 2]| names.iter().find_map(|name| answer.header(name)?.trim().parse::<i64>().ok());
    let remaining = number(["x-ratelimit-remaining", "ratelimit-remaining"])?;
    let resets_at = number(["x-ratelimit-reset", "ratelimit-reset"])?;
    Some(Quota { remaining: u64::try_from(remaining).ok()?, resets_at: Timestamp::from_second(resets_at).ok()? })
}

/// How long the server wants to be left alone, when it sets a limit: as it says, or until the quota is full again, or a
/// minute. GitHub says 403 for both of its limits, and for what a token may not do.
fn limit(answer: &Response, now: Timestamp) -> Option<Duration> {
    let says_so = || {
        let text = String::from_utf8_lossy(&answer.body[..answer.body.len().min(2_000)]).to_lowercase();
        text.contains("rate limit") || text.contains("abuse detection")
    };
    let quota = quota(answer);
    let is_spent = quota.is_some_and(|quota| quota.remaining == 0);
    let is_limit = match answer.status {
        429 => true,
        403 => answer.retry_after.is_some() || is_spent || says_so(),
        _ => false,
    };
    let now = answer.date.unwrap_or(now);
    let reset = quota.filter(|_| is_spent).map(|quota| quota.resets_at.duration_since(now));
    let reset = reset.map(|wait| Duration::try_from(wait).unwrap_or_default().min(LONGEST) + Duration::from_secs(1));
    is_limit.then(|| answer.retry_after.or(reset).unwrap_or(UNSAID))
}

/// A text as one segment of a path.
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
