//! Asking the tracker for the incident's issue.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::model::{Issue, escaped};
use super::ticket;
use crate::config::schema::{Secret, Tracker};
use crate::config::trust::Permit;
use crate::evidence::text::{clean, fit};
use crate::evidence::{Evidence, Failure, Generation, Observation, Subject};
use crate::http::{Backoff, Bearer, Client, HttpError, Kind, Request, Response};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(60);
/// How long an answer may be believed.
const TTL: Duration = Duration::from_secs(10 * 60);
/// The longest text that is kept of a field, in cells, and how many labels are.
const FIELD: usize = 200;
const LABELS: usize = 12;

/// Takes a secret out of whatever is recorded from then on.
pub type Hide = Arc<dyn Fn(String) + Send + Sync>;

/// Where the tracker is asked from.
#[derive(Clone)]
pub struct Place {
    /// Proof that the configuration was trusted.
    pub permit: Permit,
    /// The client.
    pub client: Client,
    /// The root of the repository: relative paths of secrets count from it.
    pub root: PathBuf,
    /// Takes a fetched secret out of the journal.
    pub hide: Hide,
}

/// Asks one tracker for one ticket.
pub struct Source {
    tracker: Tracker,
    ticket: String,
    place: Place,
    backoff: Backoff,
    generation: Generation,
    retry_at: Option<Timestamp>,
}

/// Why there is no answer.
struct Trouble {
    what: String,
    remedy: Option<String>,
    retry_after: Option<Duration>,
}

impl Source {
    /// A source that has asked nothing yet. Generations go on after `last`, that of an earlier ticket.
    pub fn new(tracker: &Tracker, ticket: &str, place: Place, last: Generation) -> Self {
        Self {
            tracker: tracker.clone(),
            ticket: ticket.to_owned(),
            place,
            backoff: Backoff::new(ticket),
            generation: last,
            retry_at: None,
        }
    }

    /// The generation of the last look.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Announces the look that [`Source::poll`] is about to make.
    pub fn begin(&self) -> Observation<Issue> {
        Observation::Started(Generation(self.generation.0 + 1))
    }

    /// How long to wait after a look at `now`.
    pub fn pause(&self, now: Timestamp) -> Duration {
        let retry = self.retry_at.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        retry.unwrap_or(EVERY)
    }

    /// Asks once.
    pub async fn poll(&mut self, now: Timestamp) -> Observation<Issue> {
        self.generation.0 += 1;
        match self.look().await {
            Ok((value, source)) => {
                self.backoff.succeeded();
                self.retry_at = None;
                let evidence = Evidence { value, subject: Subject::default(), source, observed_at: now, ttl: TTL };
                Observation::Seen(self.generation, Box::new(evidence))
            }
            Err(trouble) => {
                let wait = SignedDuration::try_from(self.backoff.failed(trouble.retry_after));
                self.retry_at = wait.ok().and_then(|wait| now.checked_add(wait).ok());
                let what = format!("the tracker did not tell of {}: {}", clean(&self.ticket), trouble.what);
                let failure = Failure { what, remedy: trouble.remedy, at: now, retry_at: self.retry_at };
                Observation::Failed(self.generation, failure)
            }
        }
    }

    async fn look(&self) -> Result<(Issue, String), Trouble> {
        let (url, id) = self.address()?;
        let (_, token, user) = self.tracker.place().ok_or_else(|| said("[tracker] names none"))?;
        let bearer = match token {
            Some(token) => Some(Bearer::from(self.secret(token).await?)),
            None => None,
        };
        let request = Request { bearer, user: user.cloned(), allow_http: self.tracker.allow_http, ..Request::get(url) };
        let response = self.place.client.send(request).await.map_err(|error| told(error, &id))?;
        let response = limited(response)?.success().map_err(|error| told(error, &id))?;
        let source = response.place.clone();
        Ok((self.issue(&response, id)?, source))
    }

    /// Where the issue is asked for, and what it is called.
    fn address(&self) -> Result<(String, String), Trouble> {
        let (base, ..) = self.tracker.place().ok_or_else(|| said("[tracker] names none"))?;
        if self.tracker.url.is_some() {
            return Ok((base.replace("{ticket}", &escaped(&self.ticket)), clean(&self.ticket)));
        }
        if self.tracker.jira.is_some() {
            let key = ticket::key(&self.ticket).ok_or_else(|| said("it holds no key such as SHOP-17"))?;
            return Ok((format!("{base}/{key}?fields=summary,status,labels,assignee"), key));
        }
        let number = ticket::number(&self.ticket).ok_or_else(|| said("it holds no number such as #17"))?;
        Ok((format!("{base}/{number}"), format!("#{number}")))
    }

    async fn secret(&self, secret: &Secret) -> Result<String, Trouble> {
        let (secret, permit, root) = (secret.clone(), self.place.permit, self.place.root.clone());
        let found = tokio::task::spawn_blocking(move || secret.resolve(permit, &root)).await;
        let value = found.map_err(|_| said("the token's reader broke down"))?.map_err(|why| said(&why.to_string()))?;
        (self.place.hide)(value.reveal().to_owned());
        Ok(value.reveal().to_owned())
    }

    fn issue(&self, response: &Response, id: String) -> Result<Issue, Trouble> {
        if self.tracker.url.is_some() {
            return Ok(Issue { id, ..Issue::default() });
        }
        let answer = response.json().map_err(|error| told(error, &id))?;
        if self.tracker.jira.is_some() {
            let fields = &answer["fields"];
            let category = fields["status"]["statusCategory"]["key"].as_str();
            return Ok(Issue {
                id,
                title: word(&fields["summary"]),
                state: word(&fields["status"]["name"]),
                is_open: category.map(|key| key != "done"),
                labels: labels(&fields["labels"]),
                assignee: word(&fields["assignee"]["displayName"]),
                page: None,
            });
        }
        let state = word(&answer["state"]);
        let is_open = state.as_deref().map(|state| matches!(state, "open" | "opened" | "reopened"));
        let assignee = ["login", "username"].iter().find_map(|name| word(&answer["assignee"][name]));
        let page = ["html_url", "web_url"].iter().find_map(|name| word(&answer[name]));
        Ok(Issue {
            id,
            title: word(&answer["title"]),
            state,
            is_open,
            labels: labels(&answer["labels"]),
            assignee,
            page,
        })
    }
}

/// GitHub says 403 where others say 429.
fn limited(response: Response) -> Result<Response, Trouble> {
    let is_limit = response.status == 403 && response.header("x-ratelimit-remaining") == Some("0");
    if !is_limit {
        return Ok(response);
    }
    let retry_after = response.retry_after.or(Some(Duration::from_secs(60)));
    let what = format!("{}: the rate limit is used up", response.place);
    Err(Trouble { what, remedy: Some("a token of its own has a limit of its own".into()), retry_after })
}

fn word(value: &Value) -> Option<String> {
    value.as_str().map(|text| fit(&clean(text), FIELD)).filter(|text| !text.is_empty())
}

/// Labels are words, or objects with a name.
fn labels(value: &Value) -> Vec<String> {
    let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|label| word(label).or_else(|| word(&label["name"]))).take(LABELS).collect()
}

fn said(what: &str) -> Trouble {
    Trouble { what: what.to_owned(), remedy: None, retry_after: None }
}

fn told(error: HttpError, id: &str) -> Trouble {
    let HttpError { kind, what, remedy, retry_after } = error;
    let (what, remedy) = match kind {
        Kind::Status(404 | 410) => (
            format!("{what}: there is no {id}, or the token may not see it"),
            Some("check the ticket, the project and the token".to_owned()),
        ),
        _ => (what, remedy),
    };
    Trouble { what, remedy, retry_after }
}

#[cfg(test)]
mod tests;
