//! Steering a rollout: one quick command or request, on record before it has an effect, and a look whether the world
//! follows. What is said of it is what was seen, never what was asked for.

use super::look::{self, Seen};
use super::scribe::Scribe;
use super::{Executor, Ran, Tell, request};
use crate::evidence::text::{clean_bytes, fit};
use crate::incident::Entry;
use crate::rollback::model::{Step, StepAction};
use crate::rollback::rollout::state::Order;
use tokio::time::timeout;

/// How much of a complaint is told, in cells.
const SHOWN: usize = 160;

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steered {
    /// Whether the world followed, if that is known.
    pub followed: Option<bool>,
    /// What was seen.
    pub detail: String,
}

impl Steered {
    /// On one line.
    pub fn words(&self, order: &Order) -> String {
        let word = match self.followed {
            Some(true) => "seen to follow",
            Some(false) => "NOT done",
            None => "asked for, and not seen to follow",
        };
        format!("{}: {word}: {}", order.step.name, self.detail)
    }
}

impl Executor {
    /// Carries an order out, and returns what came of it.
    pub async fn steer(&self, order: &Order, tell: &Tell) -> Steered {
        let mut scribe = Scribe::new(self, tell, None);
        let (act, rollout) = (order.step.name.clone(), order.rollout.clone());
        scribe.record(Entry::RolloutSteered { rollout: rollout.clone(), act: act.clone() }).await;
        let (followed, detail) = self.act(&order.step).await;
        scribe.record(Entry::RolloutFollowed { rollout, act, followed, detail: detail.clone() }).await;
        Steered { followed, detail }
    }

    /// Whether the world followed, if that is known; and what was seen.
    async fn act(&self, step: &Step) -> (Option<bool>, String) {
        let ran = match &step.action {
            StepAction::Run(argv) => self.run_quickly(step, argv).await,
            StepAction::Http(sent) => {
                let key = format!("{}-{}", step.name, (self.place.now)().as_millisecond());
                request::send(self, sent, &key, step.timeout()).await
            }
            _ => Ran::Failed("this is no command and no request".into()),
        };
        if let Ran::Failed(why) = ran {
            return (Some(false), why);
        }
        let Some(verify) = &step.verify else { return (None, "nothing tells".into()) };
        match look::look(&self.eyes(), verify, &|_| {}).await {
            Seen::Holds(what) => (Some(true), what),
            Seen::Failed(what) => (Some(false), what),
            Seen::Differs(what) | Seen::Cannot(what) => (None, what),
        }
    }

    async fn run_quickly(&self, step: &Step, argv: &[String]) -> Ran {
        match timeout(step.timeout(), look::run(&self.place.directory, argv, look::PRINT_LIMIT)).await {
            Ok(Ok((Some(0), _))) => Ran::Done("it ended with 0".into()),
            Ok(Ok((code, printed))) => {
                let code = code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
                Ran::Failed(format!("it ended with {code}: {}", fit(clean_bytes(printed.trim_ascii()).trim(), SHOWN)))
            }
            Ok(Err(why)) => Ran::Failed(why),
            Err(_) => Ran::Unknown("it took too long".into()),
        }
    }
}
