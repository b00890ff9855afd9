//! Looks at the rollout again and again, and sooner where somebody asks.

use std::sync::Arc;

use tokio::sync::Notify;

use super::clock::Clock;
use super::event::What;
use super::inlet::told;
use super::letter::Letter;
use super::mailbox::Sending;
use crate::config::schema::RolloutSource;
use crate::evidence::{Failure, Generation, Observation};
use crate::http::Backoff;
use crate::rollback::executor::{Eyes, survey};
use crate::rollback::rollout;
use crate::rollback::rollout::model::Rollout as Seen;
use crate::rollback::state::Event;

/// A rollout that is watched.
#[derive(Debug, Clone)]
pub struct Rollout {
    /// `[rollout]`, or what the rollback engine works on.
    pub source: RolloutSource,
    /// What looks at it.
    pub eyes: Eyes,
}

impl Rollout {
    async fn look(&self, clock: &Clock) -> Result<Seen, Failure> {
        let answers = survey::ask_all(&self.eyes, rollout::questions(&self.source)).await;
        let seen = answers.and_then(|answers| rollout::read(&self.source, &answers, clock.now()));
        seen.map_err(|what| Failure { what, remedy: None, at: clock.now(), retry_at: None })
    }

    /// Looks for as long as the cockpit lives.
    pub async fn watch(self, clock: Clock, asked: Arc<Notify>, letters: Sending<Letter>) {
        let mut backoff = Backoff::new("rollout");
        for generation in (1..).map(Generation) {
            let (observation, wait) = match self.look(&clock).await {
                Ok(seen) => {
                    backoff.succeeded();
                    let evidence = seen.seen("the rollout", clock.now(), self.source.interval);
                    (Observation::Seen(generation, Box::new(evidence)), self.source.interval)
                }
                Err(failure) => {
                    (Observation::Failed(generation, failure), backoff.failed(None).max(self.source.interval))
                }
            };
            let event = rollout::state::Event::Seen(told(observation, &clock));
            letters.send(Letter::Happened(What::Rollback(Event::Rollout(event))));
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = asked.notified() => {}
            }
        }
    }
}
