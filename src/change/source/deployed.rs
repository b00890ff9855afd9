//! What production, or the canary, says of itself: the commit that runs there, asked over HTTP or told by a command.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::change::deployed::{Said, Track, parse};
use crate::config::schema;
use crate::config::trust::Permit;
use crate::evidence::{Evidence, Failure, Observation, Subject};
use crate::http::Client;
use crate::probe::{Pace, Probe, Question, Trouble};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(15);
/// How long an answer may be believed: three looks may fail.
const TTL: Duration = Duration::from_secs(60);

/// Asks one of them.
#[derive(Debug)]
pub struct Deployed {
    track: Track,
    question: Question,
    probe: Probe,
    pace: Pace,
}

impl Deployed {
    /// A source that has asked nothing yet. Commands and relative paths of secrets count from `root`.
    pub fn new(track: Track, asked: &schema::Deployed, permit: Permit, client: Client, root: &Path) -> Self {
        let seed = asked.url.clone().unwrap_or_else(|| track.key().into());
        let (question, probe) = (Question::from(asked), Probe::new(root, permit, client));
        Self { track, question, probe, pace: Pace::new(&seed, EVERY) }
    }

    /// Which of them it asks.
    pub fn track(&self) -> Track {
        self.track
    }

    /// Announces the look that [`Deployed::poll`] is about to make.
    pub fn begin(&self) -> Observation<Said> {
        Observation::Started(self.pace.next())
    }

    /// How long to wait after a look at `now`.
    pub fn pause(&self, now: Timestamp) -> Duration {
        self.pace.pause(now)
    }

    /// Asks once.
    pub async fn poll(&mut self, now: Timestamp) -> Observation<Said> {
        let generation = self.pace.begin();
        match self.look().await {
            Ok((value, source)) => {
                self.pace.succeeded();
                let subject = Subject { commit: value.commit(), tree: None };
                let evidence = Evidence { value, subject, source, observed_at: now, ttl: TTL };
                Observation::Seen(generation, Box::new(evidence))
            }
            Err(Trouble { what, remedy, retry_after }) => {
                let retry_at = self.pace.failed(retry_after, now);
                let what = format!("{} did not tell what runs there: {what}", self.track.label());
                Observation::Failed(generation, Failure { what, remedy, at: now, retry_at })
            }
        }
    }

    async fn look(&self) -> Result<(Said, String), Trouble> {
        let answer = self.probe.ask(&self.question).await?;
        if let Some(refusal) = answer.refusal {
            return Err(refusal.into());
        }
        let said = parse(&answer.text).map_err(|why| Trouble {
            what: format!("{}: {why}", answer.source),
            remedy: Some(format!(
                "point {} at a commit or a tag, with `json = \"$.commit\"` for one in JSON",
                self.track.key()
            )),
            retry_after: None,
        })?;
        Ok((said, answer.source))
    }
}

impl From<&schema::Deployed> for Question {
    fn from(asked: &schema::Deployed) -> Self {
        let schema::Deployed { url, run, json, token, allow_http } = asked.clone();
        Self { url, run, json, token, allow_http, ..Self::default() }
    }
}

#[cfg(test)]
#[path = "deployed_tests.rs"]
mod tests;
