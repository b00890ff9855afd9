//! What a server answered.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::HttpError;

/// Headers of an answer that callers look at.
pub const KEPT: [&str; 9] = [
    "etag",
    "link",
    "location",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-github-sso",
    "x-ms-workflow-run-id",
];

/// What a server answered, whatever its status. A redirect is an error, unless [`super::Request::wants_location`].
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// 200 and so on.
    pub status: u16,
    /// The server's clock.
    pub date: Option<Timestamp>,
    /// How long the server wants to be left alone, five minutes at most.
    pub retry_after: Option<Duration>,
    /// `Content-Type`, without its parameters, lower case.
    pub content_type: Option<String>,
    /// Those of [`KEPT`] that were there, as they came: never shown without cleaning.
    pub headers: Vec<(&'static str, String)>,
    /// The body, decompressed; at most [`super::BODY_LIMIT`].
    pub body: Vec<u8>,
    /// Method, host and path of the request, for messages.
    pub place: String,
}

impl Response {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header of the answer, if it is one of [`KEPT`] and was there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(kept, _)| *kept == name).map(|(_, value)| value.as_str())
    }

    /// This response if its status is 2xx.
    ///
    /// # Errors
    /// Says the status and the beginning of the body, and what to do about it.
    pub fn success(self) -> Result<Self, HttpError> {
        if self.is_success() { Ok(self) } else { Err(HttpError::status(&self)) }
    }

    /// Whether the body is a page for people: where JSON was asked for, that is a login page.
    pub fn is_html(&self) -> bool {
        self.content_type.as_deref() == Some("text/html") || self.starts_like_html()
    }

    fn starts_like_html(&self) -> bool {
        let start = self.body.trim_ascii_start();
        [&b"<!doctype"[..], b"<html"]
            .iter()
            .any(|tag| start.get(..tag.len()).is_some_and(|s| s.eq_ignore_ascii_case(tag)))
    }

    /// The body as JSON. The status is not looked at.
    ///
    /// # Errors
    /// When it is HTML, empty, or no JSON: with the beginning of what it is.
    pub fn json(&self) -> Result<Value, HttpError> {
        self.decode()
    }

    /// The body as a value of JSON. The status is not looked at.
    ///
    /// # Errors
    /// When it is HTML, empty, no JSON, or other JSON: with the beginning of what it is.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        if self.is_html() {
            return Err(HttpError::html(self));
        }
        serde_json::from_slice(&self.body).map_err(|error| HttpError::no_json(self, &error))
    }
}

/// The headers that are kept.
pub(super) fn kept(headers: &HeaderMap) -> Vec<(&'static str, String)> {
    let value = |name: &'static str| Some((name, headers.get(name)?.to_str().ok()?.to_owned()));
    KEPT.into_iter().filter_map(value).collect()
}
