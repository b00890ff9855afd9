//! Asks the world for the items that say how: again and again, each at its own pace.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::check::Answer;
use crate::config::schema::{CheckAddress, Checklist, ChecklistItem};
use crate::evidence::text::{clean, fit};
use crate::evidence::{Evidence, Failure, Observation, Oid, Subject};
use crate::probe::{Pace, Probe, Question, Trouble};

/// Between two looks where the item does not say.
const EVERY: Duration = Duration::from_secs(30);
/// How much of an answer is shown and compared, in cells.
const SHOWN: usize = 200;

/// Tells the commit that is checked out. It may block.
pub type Head = Arc<dyn Fn() -> Option<Oid> + Send + Sync>;

/// Asks for one item.
pub struct Source {
    id: String,
    question: Question,
    probe: Probe,
    head: Head,
    every: Duration,
    pace: Pace,
}

impl Source {
    /// One for each item that asks the world.
    pub fn all(checklist: &Checklist, probe: &Probe, head: &Head) -> Vec<Self> {
        let asking = checklist.item.iter().filter(|item| item.is_asking());
        asking.map(|item| Self::new(item, probe.clone(), head.clone())).collect()
    }

    fn new(item: &ChecklistItem, probe: Probe, head: Head) -> Self {
        let every = item.every.unwrap_or(EVERY);
        let CheckAddress { url, json, token, allow_http } = item.http.clone().unwrap_or_default();
        let (run, patience) = (item.run.clone(), item.timeout);
        let url = item.http.is_some().then_some(url);
        let question = Question { url, run, json, token, allow_http, patience, variables: Vec::new() };
        Self { id: item.id.clone(), question, probe, head, every, pace: Pace::new(&item.id, every) }
    }

    /// The item.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Announces the look that [`Source::poll`] is about to make.
    pub fn begin(&self) -> Observation<Answer> {
        Observation::Started(self.pace.next())
    }

    /// How long to wait after a look at `now`.
    pub fn pause(&self, now: Timestamp) -> Duration {
        self.pace.pause(now)
    }

    /// Asks once. The answer is about the commit that was checked out before and after.
    pub async fn poll(&mut self, now: Timestamp) -> Observation<Answer> {
        let generation = self.pace.begin();
        let before = self.tip().await;
        let variables = before.iter().map(|oid| ("HOTFIX_HEAD", oid.to_string())).collect();
        let answer = self.probe.ask(&Question { variables, ..self.question.clone() }).await;
        let after = self.tip().await;
        match answer {
            Ok(answer) => {
                self.pace.succeeded();
                let stood_still = before.filter(|oid| after.as_ref() == Some(oid));
                let subject = stood_still.map(Subject::commit).unwrap_or_default();
                let text = fit(&clean(answer.text.trim()), SHOWN);
                let value = Answer { text, refusal: answer.refusal };
                // Two looks may fail before the last answer is too old.
                let ttl = self.every * 3;
                let evidence = Evidence { value, subject, source: answer.source, observed_at: now, ttl };
                Observation::Seen(generation, Box::new(evidence))
            }
            Err(Trouble { what, remedy, retry_after }) => {
                let retry_at = self.pace.failed(retry_after, now);
                Observation::Failed(generation, Failure { what, remedy, at: now, retry_at })
            }
        }
    }

    async fn tip(&self) -> Option<Oid> {
        let head = self.head.clone();
        tokio::task::spawn_blocking(move || head()).await.ok().flatten()
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
