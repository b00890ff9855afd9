//! Keeps the rollback plan ready: built again when the change moved, and before it is too old to fire.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::clock::Clock;
use super::event::What;
use super::inlet::told;
use super::letter::Letter;
use super::mailbox::Sending;
use crate::change;
use crate::change::deployed::Said;
use crate::change::source::{Settings, rollback_contents};
use crate::config::schema;
use crate::config::trust::Permit;
use crate::evidence::{Failure, Generation, Observation};
use crate::rollback::executor::survey;
use crate::rollback::model::Plan;
use crate::rollback::plan::{self, Contents};
use crate::rollback::state::Event;

/// Between two builds when nothing moves: half of what makes a plan too old.
const EVERY: Duration = Duration::from_secs(30);

/// What a plan is built from.
#[derive(Debug, Clone)]
pub struct Planner {
    /// The repository.
    pub root: PathBuf,
    /// What git is asked.
    pub settings: Settings,
    /// `[rollback]`.
    pub rollback: schema::Rollback,
    /// Proof that it was trusted.
    pub permit: Permit,
    /// What production says that it runs.
    pub deployed: watch::Receiver<Option<Said>>,
}

impl Planner {
    /// Reads git, asks the world what the engine needs to know, and builds the plan.
    ///
    /// # Errors
    /// When git cannot tell what to go back to, the world does not answer, or the configuration makes no sense.
    pub async fn plan(self: Arc<Self>, clock: Clock) -> Result<Plan, Failure> {
        let failure = |what: String| Failure { what, remedy: None, at: clock.now(), retry_at: None };
        let work = self.clone();
        let found = tokio::task::spawn_blocking(move || work.contents()).await;
        let found = found.map_err(|error| failure(format!("the plan cannot be built: {error}")))??;
        let contents = Contents::of(&found).map_err(|error| failure(error.to_string()))?;
        let answers = survey::answers(self.permit, &self.root, &self.rollback, &contents, clock.now()).await?;
        let plan = plan::build(&self.rollback, contents, &answers);
        plan.map_err(|error| failure(error.to_string()))
    }

    fn contents(&self) -> Result<change::contents::Contents, Failure> {
        let settings = Settings { deployed: self.deployed.borrow().clone(), ..self.settings.clone() };
        rollback_contents(&self.root, &settings, None, self.rollback.to.as_deref())
    }
}

/// Builds the plan now, whenever asked, and every half minute.
pub async fn keep(planner: Planner, clock: Clock, asked: Arc<Notify>, letters: Sending<Letter>) {
    let planner = Arc::new(planner);
    for generation in (1..).map(Generation) {
        let observation = match planner.clone().plan(clock).await {
            Ok(plan) => Observation::Seen(generation, Box::new(plan.seen("git and hotfix.toml", clock.now()))),
            Err(failure) => Observation::Failed(generation, failure),
        };
        letters.send(Letter::Happened(What::Rollback(Event::Plan(told(observation, clock)))));
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = asked.notified() => {}
        }
    }
}
