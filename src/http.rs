//! The one HTTP client: whatever asks or tells something over HTTP goes through here.
//!
//! Its limits are promises of the README: connecting takes at most 2 s, a whole request 3 s (30 s
//! where a caller asks for more), a body at most 8 MiB after decompression, headers 64 KiB. No
//! redirect is followed. Plain http is refused unless the host is this machine or `allow_http` says
//! so. A proxy from the environment (`HTTPS_PROXY`, `NO_PROXY`) is used for https alone, where it
//! sees no secret.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use serde_json::Value;

pub mod backoff;
pub mod clock;
pub mod error;
pub mod path;
pub mod response;

pub use backoff::Backoff;
pub use clock::Offset;
pub use error::{HttpError, Kind};
pub use path::json_at;
pub use response::Response;

use clock::Clocks;
use error::place;

/// How long connecting may take, name resolution and TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// How long a whole request takes unless the caller says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest time that a caller can ask for.
const TIMEOUT_LIMIT: Duration = Duration::from_secs(30);
/// The longest body that is read, after decompression, in bytes.
pub const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// The largest set of response headers, in bytes.
const HEADER_LIMIT: usize = 64 * 1024;
/// The longest wait that a server can ask for.
const RETRY_AFTER_LIMIT: Duration = Duration::from_secs(5 * 60);

/// A secret for the `Authorization` header. It is never shown: not by `Debug`, not in an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Bearer(String);

impl From<String> for Bearer {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(hidden)")
    }
}

/// What a request carries.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// JSON.
    Json(Value),
    /// `application/x-www-form-urlencoded` pairs.
    Form(Vec<(String, String)>),
}

/// One request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// An absolute address, without user name or password.
    pub url: String,
    /// More headers.
    pub headers: Vec<(String, String)>,
    /// What it carries.
    pub body: Body,
    /// A token, sent to the host of `url` and to no other.
    pub bearer: Option<Bearer>,
    /// With it the token goes as the password of this user: basic authentication.
    pub user: Option<String>,
    /// Whether a redirect is an answer, whose `location` the caller looks at. It is never followed here.
    pub wants_location: bool,
    /// For the whole request; 3 s without it, 30 s at most.
    pub timeout: Option<Duration>,
    /// Plain http to a host that is not this machine.
    pub allow_http: bool,
    /// Whether it may be sent twice without harm though it is no GET: a query by POST.
    pub repeatable: bool,
}

impl Request {
    /// A request without body.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), ..Self::default() }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A POST with a form.
    pub fn form(url: impl Into<String>, pairs: Vec<(String, String)>) -> Self {
        Self { body: Body::Form(pairs), ..Self::new("POST", url) }
    }

    /// Sends a token along: in this header, as it is; else as a bearer.
    pub fn authorize(&mut self, token: Option<Bearer>, header: Option<&str>) {
        match (token, header) {
            (Some(Bearer(secret)), Some(name)) => self.headers.push((name.to_owned(), secret)),
            (token, _) => self.bearer = token,
        }
    }

    fn is_repeatable(&self) -> bool {
        self.repeatable || self.method == "GET"
    }

    fn limit(&self) -> Duration {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT).min(TIMEOUT_LIMIT)
    }
}

/// The client. Cloning is cheap; a clone shares the connections.
#[derive(Debug, Clone, Default)]
pub struct Client {
    clients: Arc<Clients>,
}

/// Built when first used: root certificates cost memory, and most drills and tests need none.
#[derive(Debug, Default)]
struct Clients {
    plain: OnceLock<Result<reqwest::Client, String>>,
    tls: OnceLock<Result<reqwest::Client, String>>,
    clocks: Clocks,
}

impl Client {
    /// A client that has loaded nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends one request and reads the whole answer. A GET, or a repeatable request, whose connection
    /// broke is sent once more within the same time: a kept connection may have been closed meanwhile.
    ///
    /// # Errors
    /// When the request is not allowed, could not be sent, took too long, was redirected, or its
    /// answer is too large. Any other status than a redirect is a [`Response`].
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let url = checked_url(&request)?;
        let at = place(&request.method, &url);
        let limit = request.limit();
        match tokio::time::timeout(limit, self.attempts(&request, &url, &at)).await {
            Ok(result) => result,
            Err(_) => Err(HttpError::timeout(&at, limit)),
        }
    }

    async fn attempts(&self, request: &Request, url: &Url, at: &str) -> Result<Response, HttpError> {
        match self.attempt(request, url, at).await {
            Err(error) if error.kind == Kind::Broken && request.is_repeatable() => self.attempt(request, url, at).await,
            result => result,
        }
    }

    async fn attempt(&self, request: &Request, url: &Url, at: &str) -> Result<Response, HttpError> {
        let client = self.client_for(url).map_err(|what| HttpError::new(Kind::Tls, what))?;
        let built = build(client, request, url)?;
        let response = client.execute(built).await.map_err(|e| HttpError::transport(at, &e))?;
        let heard = text_of(response.headers(), &DATE).and_then(http_date);
        // A server on this machine has this machine's clock to tell, and that of a drill one of its own.
        if let Some(date) = heard.filter(|_| !is_loopback(url)) {
            self.clients.clocks.hear(host(url), date, Timestamp::now());
        }
        read(response, at, request.wants_location).await
    }

    /// How far the clock of this machine is from that of the nearest server which answered lately.
    pub fn clock(&self) -> Option<Offset> {
        self.clients.clocks.nearest(Timestamp::now())
    }

    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, String> {
        let built = match url.scheme() {
            "https" => self.clients.tls.get_or_init(tls_client),
            _ => self.clients.plain.get_or_init(plain_client),
        };
        built.as_ref().map_err(Clone::clone)
    }
}

fn builder() -> reqwest::ClientBuilder {
    // The provider is the same for the whole process; the second attempt finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_LIMIT)
        .pool_max_idle_per_host(1)
        .pool_idle_timeout(Duration::from_secs(5))
        .referer(false)
        .user_agent(concat!("hotfix/", env!("CARGO_PKG_VERSION")))
}

/// Without root certificates and without proxy: for plain http only.
fn plain_client() -> Result<reqwest::Client, String> {
    builder().tls_certs_only([]).no_proxy().build().map_err(|e| format!("the HTTP client cannot start: {e}"))
}

fn tls_client() -> Result<reqwest::Client, String> {
    builder().https_only(true).build().map_err(|e| {
        format!("TLS cannot start: {}. Install the system's root certificates (Debian: ca-certificates)", chain(&e))
    })
}

fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |e| e.source()).last().map_or_else(String::new, ToString::to_string)
}

fn checked_url(request: &Request) -> Result<Url, HttpError> {
    let refuse = |what: String| Err(HttpError::new(Kind::Refused, what));
    let shown = crate::evidence::text::clean(&request.url);
    let Ok(url) = Url::parse(&request.url) else { return refuse(format!("no absolute address: {shown}")) };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(format!("the address of {} holds a user name or password: use `token`", host(&url)));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if request.allow_http || is_loopback(&url) => Ok(url),
        "http" => refuse(format!("plain http to {} is refused: use https, or set `allow_http`", host(&url))),
        scheme => refuse(format!("{scheme}: is neither http nor https")),
    }
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or("?")
}

/// Whether the host of an address is this machine: `localhost`, 127.0.0.0/8 or ::1.
fn is_loopback(url: &Url) -> bool {
    let host = host(url).trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn build(client: &reqwest::Client, request: &Request, url: &Url) -> Result<reqwest::Request, HttpError> {
    let refuse = |what: String| HttpError::new(Kind::Refused, what);
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| refuse(format!("no HTTP method: {}", crate::evidence::text::clean(&request.method))))?;
    let headers = headers_of(request).map_err(|name| refuse(format!("the header `{name}` cannot be sent")))?;
    let mut builder = client.request(method, url.clone());
    builder = match &request.body {
        Body::None => builder,
        Body::Json(value) => builder.header(CONTENT_TYPE, "application/json").body(value.to_string()),
        Body::Form(pairs) => {
            builder.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(encoded(url, pairs))
        }
    };
    if let Some(Bearer(secret)) = &request.bearer {
        if HeaderValue::from_str(secret).is_err() {
            return Err(refuse("the token holds characters that no header can carry".into()));
        }
        builder = match &request.user {
            Some(user) => builder.basic_auth(user, Some(secret)),
            None => builder.bearer_auth(secret),
        };
    }
    builder.headers(headers).build().map_err(|e| refuse(format!("no request: {}", chain(&e))))
}

fn headers_of(request: &Request) -> Result<HeaderMap, String> {
    let pair = |(name, value): &(String, String)| {
        let bad = || crate::evidence::text::clean(name);
        let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
        value.set_sensitive(true);
        Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, value))
    };
    request.headers.iter().map(pair).collect()
}

fn encoded(url: &Url, pairs: &[(String, String)]) -> String {
    let mut scratch = url.clone();
    scratch.query_pairs_mut().clear().extend_pairs(pairs);
    scratch.query().unwrap_or_default().to_owned()
}

async fn read(mut response: reqwest::Response, at: &str, wants_location: bool) -> Result<Response, HttpError> {
    let headers = response.headers();
    if headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() > HEADER_LIMIT {
        return Err(HttpError::too_large(at, "its headers are larger than 64 KiB"));
    }
    let status = response.status();
    if status.is_redirection() && status != StatusCode::NOT_MODIFIED && !wants_location {
        return Err(HttpError::redirect(at, status.as_u16(), text_of(headers, &LOCATION)));
    }
    let date = text_of(headers, &DATE).and_then(http_date);
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut answer = Response {
        status: status.as_u16(),
        date,
        retry_after: text_of(headers, &RETRY_AFTER).and_then(|text| wait(text, date)),
        content_type: text_of(headers, &CONTENT_TYPE).map(media_type),
        headers: response::kept(headers),
        body: Vec::with_capacity(announced.min(BODY_LIMIT)),
        place: at.to_owned(),
    };
    while let Some(chunk) = response.chunk().await.map_err(|e| HttpError::transport(at, &e))? {
        if answer.body.len() + chunk.len() > BODY_LIMIT {
            return Err(HttpError::too_large(at, "its body is larger than 8 MiB"));
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn media_type(text: &str) -> String {
    crate::evidence::text::clean(text.split(';').next().unwrap_or_default().trim()).to_ascii_lowercase()
}

/// An HTTP date (RFC 9110, 5.6.7) in its preferred form.
fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// `Retry-After`: seconds, or a date by the server's own clock. Five minutes at most.
fn wait(text: &str, server_now: Option<Timestamp>) -> Option<Duration> {
    let asked = match text.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let now = server_now.unwrap_or_else(Timestamp::now);
            Duration::try_from(http_date(text.trim())?.duration_since(now)).unwrap_or(Duration::ZERO)
        }
    };
    Some(asked.min(RETRY_AFTER_LIMIT))
}

#[cfg(test)]
pub(crate) mod fault;
#[cfg(test)]
mod tests;
