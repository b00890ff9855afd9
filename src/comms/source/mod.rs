//! The channels: one file for each kind, and what they have in common.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::model::Message;
use crate::config::check::is_loopback_url;
use crate::config::schema::{Comms, Secret};
use crate::config::trust::Permit;
use crate::http::{Client, HttpError, Kind, Request, Response};

mod chat;
mod command;
pub mod courier;
mod email;
mod issue;
mod jira;
mod pagerduty;
mod slack;
mod statuspage;
mod webhook;

/// Takes a secret out of whatever is recorded from then on.
pub type Hide = Arc<dyn Fn(String) + Send + Sync>;

/// Where channels are reached from.
#[derive(Clone)]
pub struct Place {
    /// Proof that the configuration was trusted.
    pub permit: Permit,
    /// The client.
    pub http: Client,
    /// The root of the repository, for secrets and commands.
    pub root: PathBuf,
    /// Takes a fetched secret out of the journal.
    pub hide: Hide,
}

/// A message that has arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrived {
    /// The receiver's own name for it.
    pub receipt: Option<String>,
    /// Whom it did not reach all the same, and why.
    pub missed: Option<String>,
}

/// Whether the receiver can have got a message that did not surely arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// It has not got it, and may take it later: not before this time, if it said so.
    Later(Option<Duration>),
    /// It has not got it, and will not take it.
    Refused,
    /// Nobody can say.
    Unknown,
}

/// Why a message did not surely arrive. Both texts are clean and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Whether the receiver can have got it.
    pub sort: Sort,
    /// What went wrong and where.
    pub what: String,
    /// What the operator can do.
    pub remedy: Option<String>,
}

impl Trouble {
    fn new(sort: Sort, what: impl Into<String>, remedy: Option<&str>) -> Self {
        Self { sort, what: what.into(), remedy: remedy.map(str::to_owned) }
    }

    fn refused(what: impl Into<String>, remedy: &str) -> Self {
        Self::new(Sort::Refused, what, Some(remedy))
    }

    /// All of it in one line.
    pub fn words(&self) -> String {
        match &self.remedy {
            Some(remedy) => format!("{} ({remedy})", self.what),
            None => self.what.clone(),
        }
    }
}

impl From<HttpError> for Trouble {
    /// What a failure says of the effect: a server that was never reached, or that refused, has done nothing.
    fn from(error: HttpError) -> Self {
        let sort = match error.kind {
            Kind::Unreachable => Sort::Later(None),
            Kind::Status(429 | 503) => Sort::Later(error.retry_after),
            Kind::Refused | Kind::Tls | Kind::Redirect => Sort::Refused,
            Kind::Status(408) => Sort::Unknown,
            Kind::Status(status) if status < 500 => Sort::Refused,
            _ => Sort::Unknown,
        };
        Self { sort, what: error.what, remedy: error.remedy }
    }
}

/// Sends a message through a channel, once.
///
/// # Errors
/// When it did not surely arrive: with what that means for another attempt.
pub async fn send(channel: &Comms, message: &Message, place: &Place) -> Result<Arrived, Trouble> {
    if message.drill.is_some() && !stays_here(channel) {
        let what = format!("a drill tells nobody outside of this machine: `{}` is not asked", channel.name);
        return Err(Trouble::new(Sort::Refused, what, None));
    }
    let post = Post { place, timeout: channel.timeout, key: &message.key };
    if let Some(slack) = &channel.slack {
        slack::send(slack, message, &post).await
    } else if let Some(teams) = &channel.teams {
        chat::teams(teams, message, &post).await
    } else if let Some(discord) = &channel.discord {
        chat::discord(discord, message, &post).await
    } else if let Some(mattermost) = &channel.mattermost {
        chat::mattermost(mattermost, message, &post).await
    } else if let Some(webhook) = &channel.webhook {
        webhook::send(webhook, message, &post).await
    } else if let Some(email) = &channel.email {
        email::send(email, message, &post).await
    } else {
        send_to_service(channel, message, &post).await
    }
}

async fn send_to_service(channel: &Comms, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    if let Some(pagerduty) = &channel.pagerduty {
        pagerduty::send(pagerduty, message, post).await
    } else if let Some(statuspage) = &channel.statuspage {
        statuspage::send(statuspage, message, post).await
    } else if let Some(github) = &channel.github {
        issue::github(github, message, post).await
    } else if let Some(gitlab) = &channel.gitlab {
        issue::gitlab(gitlab, message, post).await
    } else if let Some(jira) = &channel.jira {
        jira::send(jira, message, post).await
    } else if let Some(command) = &channel.command {
        command::send(command, message, post).await
    } else {
        Err(Trouble::refused(format!("`{}` has no kind", channel.name), "see `hotfix doctor`"))
    }
}

/// Whether a channel is the inbox of a drill: a webhook on this machine, and nothing else.
pub fn stays_here(channel: &Comms) -> bool {
    let url = channel.webhook.as_ref().and_then(|webhook| webhook.url.as_deref());
    channel.kinds() == ["webhook"] && url.is_some_and(is_loopback_url)
}

/// Whether the receiver tells repetitions, so that an attempt of unknown outcome may be repeated.
pub fn tells_repetitions(channel: &Comms) -> bool {
    channel.pagerduty.is_some()
        || channel.webhook.as_ref().is_some_and(|webhook| webhook.idempotent)
        || channel.command.as_ref().is_some_and(|command| command.idempotent)
}

/// The way out for one attempt.
struct Post<'a> {
    place: &'a Place,
    timeout: Duration,
    key: &'a str,
}

impl Post<'_> {
    /// Fetches a secret. It is taken out of the journal before it can get there.
    async fn secret(&self, secret: &Secret) -> Result<String, Trouble> {
        let (wanted, permit, root) = (secret.clone(), self.place.permit, self.place.root.clone());
        let found = tokio::task::spawn_blocking(move || wanted.resolve(permit, &root)).await;
        let value = match found {
            Ok(Ok(hidden)) => hidden.reveal().to_owned(),
            Ok(Err(error)) => return Err(Trouble::new(Sort::Refused, format!("{error}: nothing was sent"), None)),
            Err(_) => return Err(Trouble::new(Sort::Refused, "a secret's reader broke down: nothing was sent", None)),
        };
        (self.place.hide)(value.clone());
        Ok(value)
    }

    /// Sends a request once. Anything but a success is trouble.
    async fn send(&self, request: Request) -> Result<Response, Trouble> {
        let request = Request { timeout: Some(self.timeout), ..request };
        Ok(self.place.http.send(request).await?.success()?)
    }

    /// The same for an address that is a secret: its path is shown nowhere.
    async fn send_to_secret(&self, address: &Secret, request: Request) -> Result<Response, Trouble> {
        let url = self.secret(address).await?;
        self.send_to_known(&url, request).await
    }

    /// The same for one that was fetched.
    async fn send_to_known(&self, url: &str, request: Request) -> Result<Response, Trouble> {
        let path = reqwest::Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default();
        (self.place.hide)(path.clone());
        let is_telling = |path: &str| path.len() > 1;
        let hidden = |what: String| if is_telling(&path) { what.replace(&path, "/[hidden]") } else { what };
        let sent = self.send(Request { url: url.to_owned(), ..request }).await;
        sent.map_err(|trouble| Trouble { what: hidden(trouble.what), ..trouble })
    }
}

/// A JSON request by POST.
fn json(url: impl Into<String>, body: serde_json::Value) -> Request {
    Request { body: crate::http::Body::Json(body), ..Request::new("POST", url) }
}

/// A field of an answer, as the receiver's name for what it took. An answer that cannot be read does not undo a success.
fn receipt(response: &Response, fields: &[&str]) -> Option<String> {
    let answer = response.json().ok()?;
    let value = fields.iter().find_map(|field| answer.get(field))?;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Some(crate::evidence::text::fit(&crate::evidence::text::clean(&text), 200))
}

#[cfg(test)]
mod tests;
