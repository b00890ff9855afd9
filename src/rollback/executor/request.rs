//! Sending a step's request.

use std::time::Duration;

use super::{Executor, Ran};
use crate::config::schema;
use crate::evidence::text::{clean, fit};
use crate::http::{self, Body, HttpError, Kind};

/// How much of an address is shown, in cells.
const PAGE_CELLS: usize = 160;

/// Sends a step's request once, and never again by itself. `key` lets a server that knows it tell a repetition.
pub(super) async fn send(executor: &Executor, request: &schema::Request, key: &str, limit: Duration) -> Ran {
    let bearer = match executor.eyes().token(request.token.as_ref()).await {
        Ok(bearer) => bearer,
        Err(why) => return Ran::Failed(format!("{why}: nothing was sent")),
    };
    let mut sent = http::Request {
        body: request.json.clone().map_or(Body::None, Body::Json),
        timeout: Some(limit),
        allow_http: request.allow_http,
        ..http::Request::new(&request.method, &request.url)
    };
    sent.headers.push(("Idempotency-Key".into(), key.to_owned()));
    sent.headers.extend(request.headers.clone());
    sent.authorize(bearer, request.token_header.as_deref());
    match executor.place.http.send(sent).await.and_then(http::Response::success) {
        Ok(response) => {
            let made = page(&response).map_or_else(String::new, |page| format!(": {page}"));
            Ran::Done(format!("{} answered {}{made}", response.place, response.status))
        }
        Err(error) => judge(&error),
    }
}

/// The page for people of what a forge made, where it names one.
fn page(response: &http::Response) -> Option<String> {
    let json = response.json().ok()?;
    let page = ["html_url", "web_url"].iter().find_map(|key| json[*key].as_str())?;
    Some(fit(&clean(page), PAGE_CELLS))
}

/// What a failure says of the effect: a server that was never reached, or that refused, did nothing.
fn judge(error: &HttpError) -> Ran {
    let remedy = error.remedy.as_ref().map_or_else(String::new, |remedy| format!(" ({remedy})"));
    let what = format!("{}{remedy}", error.what);
    match error.kind {
        Kind::Refused | Kind::Unreachable | Kind::Tls => Ran::Failed(what),
        Kind::Status(408) => Ran::Unknown(what),
        Kind::Status(status) if status < 500 => Ran::Failed(what),
        _ => Ran::Unknown(what),
    }
}
