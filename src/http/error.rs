//! What went wrong with a request, in words for the operator.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::Url;

use super::Response;
use crate::evidence::text::{clean, clean_block};

/// How much of a body an error shows, in bytes before cleaning.
const EXCERPT: usize = 200;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request itself is not allowed: plain http, a bad address, a bad header. Nothing was sent.
    Refused,
    /// No connection: refused, no route, no such host, or too slow. Nothing was sent.
    Unreachable,
    /// TLS failed before the request was sent.
    Tls,
    /// The time was up. The server may have acted on the request.
    Timeout,
    /// The connection broke. The server may have acted on the request.
    Broken,
    /// A redirect, which is never followed.
    Redirect,
    /// The answer is larger than the limits.
    TooLarge,
    /// The status is not 2xx.
    Status(u16),
    /// The answer is not what was asked for.
    Malformed,
}

/// Why a request brought nothing. Both texts are clean and hold no secret and no query string.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct HttpError {
    /// What kind of failure.
    pub kind: Kind,
    /// What failed and where.
    pub what: String,
    /// What the operator can do.
    pub remedy: Option<String>,
    /// How long the server wants to be left alone, five minutes at most.
    pub retry_after: Option<Duration>,
}

/// Where a request went: `GET host:port/path`. A query may hold anything, and is left out.
pub(super) fn place(method: &str, url: &Url) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    clean(&format!("{method} {}{port}{}", url.host_str().unwrap_or("?"), url.path()))
}

/// The beginning of a body, on one line.
pub fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(EXCERPT)]);
    let line = clean_block(text.trim(), EXCERPT).replace('\n', " ");
    line.chars().take(EXCERPT).collect()
}

impl HttpError {
    /// A failure in words; the words have to be clean.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), remedy: None, retry_after: None }
    }

    /// The same with what the operator can do.
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    pub(super) fn timeout(at: &str, limit: Duration) -> Self {
        Self::new(Kind::Timeout, format!("{at}: no complete answer within {} s", limit.as_secs_f64()))
            .with_remedy("the server is slow or hangs; look at it, or try a cheaper query")
    }

    pub(super) fn too_large(at: &str, why: &str) -> Self {
        Self::new(Kind::TooLarge, format!("{at}: the answer is refused: {why}"))
            .with_remedy("ask for less: fewer series, a shorter range, a larger step")
    }

    pub(super) fn redirect(at: &str, status: u16, location: Option<&str>) -> Self {
        let to = location.map_or_else(|| "nowhere".to_owned(), location_host);
        Self::new(Kind::Redirect, format!("{at}: redirected ({status}) to {to}, not followed"))
            .with_remedy("a login page? else configure the address that it redirects to")
    }

    pub(super) fn status(response: &Response) -> Self {
        let Response { status, place, body, .. } = response;
        let shown = if response.is_html() { "an HTML page".to_owned() } else { excerpt(body) };
        let colon = if shown.is_empty() { "" } else { ": " };
        let error = Self::new(Kind::Status(*status), format!("{place}: {}{colon}{shown}", status_words(*status)));
        Self { retry_after: response.retry_after, remedy: status_remedy(*status).map(str::to_owned), ..error }
    }

    /// A page for people came where data was asked for.
    pub fn html(response: &Response) -> Self {
        Self::new(Kind::Malformed, format!("{}: got HTML: a login page?", response.place))
            .with_remedy("check the address and the token; a proxy or single sign-on may stand before the server")
    }

    pub(super) fn no_json(response: &Response, error: &serde_json::Error) -> Self {
        let place = &response.place;
        let what = match excerpt(&response.body) {
            empty if empty.is_empty() => format!("{place}: the answer is empty"),
            text => format!("{place}: the answer is no JSON ({}): {text}", clean(&error.to_string())),
        };
        Self::new(Kind::Malformed, what)
            .with_remedy("check the address: does this server speak the API that is asked for?")
    }

    /// An error of the transport, with its cause found in the chain of sources.
    pub(super) fn transport(at: &str, error: &reqwest::Error) -> Self {
        let causes = || std::iter::successors(Some(error as &dyn Error), |e| (*e).source());
        if let Some(tls) = causes().find_map(rustls_cause) {
            return Self::tls(at, &tls);
        }
        let last = causes().last().map_or_else(String::new, |e| clean(&e.to_string()));
        if error.is_connect() {
            return Self::unreachable(at, error, &last);
        }
        let what = match causes().find_map(|e| e.downcast_ref::<io::Error>()).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionReset) => "the connection was reset".to_owned(),
            Some(io::ErrorKind::UnexpectedEof) => "the answer ended in the middle".to_owned(),
            _ if last.contains("connection closed") || last.contains("end of file") => {
                "the answer ended in the middle".to_owned()
            }
            _ => last,
        };
        Self::new(Kind::Broken, format!("{at}: {what}"))
    }

    fn unreachable(at: &str, error: &reqwest::Error, last: &str) -> Self {
        let causes = || std::iter::successors(Some(error as &dyn Error), |e| (*e).source());
        let kind = causes().find_map(|e| e.downcast_ref::<io::Error>()).map(io::Error::kind);
        let is_dns = causes().any(|e| e.to_string().contains("dns error"));
        let (what, remedy) = match kind {
            _ if is_dns => ("no such host".to_owned(), "check the address, the VPN and the name server"),
            _ if error.is_timeout() => {
                ("no connection within 2 s".to_owned(), "check the network, the VPN and the firewall")
            }
            Some(io::ErrorKind::ConnectionRefused) => {
                ("connection refused".to_owned(), "is the server running, and is the port right?")
            }
            _ => (format!("no connection: {last}"), "check the network, the VPN and the firewall"),
        };
        Self::new(Kind::Unreachable, format!("{at}: {what}")).with_remedy(remedy)
    }

    fn tls(at: &str, error: &rustls::Error) -> Self {
        use rustls::{AlertDescription, CertificateError, Error as Tls};
        let (what, remedy) = match error {
            Tls::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
                ("the server's certificate has expired", "renew it; also check this machine's clock")
            }
            Tls::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => ("the server's certificate is for another host", "use the host name that the certificate names"),
            Tls::InvalidCertificate(CertificateError::UnknownIssuer) => {
                ("nobody whom this machine trusts signed the server's certificate", "install its root certificate")
            }
            Tls::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure) => {
                ("the server wants a client certificate", "put a proxy that has one in front of it")
            }
            Tls::InvalidMessage(_) => ("no TLS on this port", "is it plain http, or another port?"),
            _ => return Self::new(Kind::Tls, format!("{at}: TLS failed: {}", clean(&error.to_string()))),
        };
        Self::new(Kind::Tls, format!("{at}: {what}")).with_remedy(remedy)
    }
}

/// A rustls error, or the one inside an I/O error: that wraps it without naming it as its source.
fn rustls_cause(error: &(dyn Error + 'static)) -> Option<rustls::Error> {
    if let Some(found) = error.downcast_ref::<rustls::Error>() {
        return Some(found.clone());
    }
    rustls_cause(error.downcast_ref::<io::Error>()?.get_ref()?)
}

fn location_host(location: &str) -> String {
    match Url::parse(location).ok().and_then(|url| url.host_str().map(str::to_owned)) {
        Some(host) => clean(&host),
        None => "another path of the same host".to_owned(),
    }
}

fn status_words(status: u16) -> String {
    let word = match status {
        401 => "not authenticated",
        403 => "not allowed",
        404 => "not found",
        405 => "method not allowed",
        429 => "too many requests",
        500..=599 => "server error",
        _ => "refused",
    };
    format!("{word} ({status})")
}

fn status_remedy(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("check the token: is it set, and is it still valid?"),
        403 => Some("the token is known, but may not do this"),
        404 | 405 => Some("check the address: does this server speak the API that is asked for?"),
        503 => Some("the server is starting, overloaded or down"),
        _ => None,
    }
}
