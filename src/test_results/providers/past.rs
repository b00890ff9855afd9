//! The baseline of a server's results: what the same server says of the commit that production runs.

use jiff::{SignedDuration, Timestamp};

use super::Target;
use super::remote::Provider;
use crate::evidence::{Oid, Subject};
use crate::test_results::model::Report;
use crate::test_results::source::{Checkout, Memory};

/// How long a server that brought no results of production is left alone.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// What is known of production's results, and who is asked for them.
#[derive(Debug)]
pub struct Past {
    source: String,
    memory: Memory,
    /// Another one than for the commit at hand, whose cache it would empty.
    provider: Provider,
    /// The commit whose results are known.
    known: Option<Oid>,
    again_at: Option<Timestamp>,
}

impl Past {
    /// Nothing was asked yet.
    pub fn new(source: &str, memory: Memory, provider: Provider) -> Self {
        Self { source: source.to_owned(), memory, provider, known: None, again_at: None }
    }

    /// Compares the report with the results of production. These are asked for if they are not known yet.
    pub async fn compare(&mut self, report: Report, target: &Target, production: Option<&Oid>) -> Report {
        if self.memory.production.as_ref() != production {
            self.again_at = None;
        }
        self.memory.production = production.cloned();
        let head = target.checkout.head.commit.clone();
        if head.as_ref() != production {
            self.ask(target.now).await;
        }
        self.remember(report, move |memory, report| memory.compare(report, head.as_ref(), true)).await
    }

    /// A server that does not answer, or has no results, costs the comparison and nothing else.
    async fn ask(&mut self, now: Timestamp) {
        let is_known = self.known.is_some() && self.known == self.memory.production;
        if is_known || self.again_at.is_some_and(|at| now < at) {
            return;
        }
        let Some(production) = self.memory.lacks(&self.source).cloned() else {
            self.known.clone_from(&self.memory.production);
            return;
        };
        self.again_at = now.checked_add(AGAIN).ok();
        let checkout = Checkout { head: Subject::commit(production), ..Checkout::default() };
        match self.provider.look(&Target { checkout, now }).await {
            Ok(looked) => {
                self.remember(looked.report, |memory, report| memory.keep(report)).await;
            }
            Err(error) => tracing::warn!("{}: no results of production: {}", self.source, error.what),
        }
    }

    /// Reads and writes files, hence elsewhere.
    async fn remember(&self, report: Report, work: impl FnOnce(&Memory, &mut Report) + Send + 'static) -> Report {
        let (memory, mut compared) = (self.memory.clone(), report.clone());
        let done = tokio::task::spawn_blocking(move || {
            work(&memory, &mut compared);
            compared
        });
        done.await.unwrap_or(report)
    }
}

#[cfg(test)]
#[path = "past_tests.rs"]
mod tests;
