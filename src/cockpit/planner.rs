//! Keeps the rollback plan ready: built again when the change moved, and before it is too old to fire.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::clock::Clock;
use super::event::What;
use super::inlet::told;
use super::letter::Letter;
use super::mailbox::Sending;
use crate::change::source::{Settings, rollback_contents};
use crate::config::schema;
use crate::evidence::{Failure, Generation, Observation};
use crate::rollback::model::Plan;
use crate::rollback::plan::{self, Contents};
use crate::rollback::state::Event;

/// Between two builds when nothing moves: half of what makes a plan too old.
const EVERY: Duration = Duration::from_secs(30);

/// What the rollback goes back from: the commit that the hotfix ships.
const TIP: &str = "HEAD";

/// What a plan is built from.
#[derive(Debug, Clone)]
pub struct Planner {
    /// The repository.
    pub root: PathBuf,
    /// What git is asked.
    pub settings: Settings,
    /// `[rollback]`.
    pub rollback: schema::Rollback,
}

impl Planner {
    /// Reads git, and builds the plan. Blocks.
    ///
    /// # Errors
    /// When git cannot tell what to go back to, or the configuration makes no sense.
    pub fn plan(&self, clock: Clock) -> Result<Plan, Failure> {
        let failure = |what: String| Failure { what, remedy: None, at: clock.now(), retry_at: None };
        let found = rollback_contents(&self.root, &self.settings, Some(TIP), self.rollback.to.as_deref())?;
        let plan = Contents::of(&found).and_then(|contents| plan::build(&self.rollback, contents));
        plan.map_err(|error| failure(error.to_string()))
    }
}

/// Builds the plan now, whenever asked, and every half minute.
pub async fn keep(planner: Planner, clock: Clock, asked: Arc<Notify>, letters: Sending<Letter>) {
    let planner = Arc::new(planner);
    for generation in (1..).map(Generation) {
        let work = planner.clone();
        let built = tokio::task::spawn_blocking(move || work.plan(clock)).await;
        let observation = match built {
            Ok(Ok(plan)) => Observation::Seen(generation, Box::new(plan.seen("git and hotfix.toml", clock.now()))),
            Ok(Err(failure)) => Observation::Failed(generation, failure),
            Err(_) => return,
        };
        letters.send(Letter::Happened(What::Rollback(Event::Plan(told(observation, clock)))));
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = asked.notified() => {}
        }
    }
}
