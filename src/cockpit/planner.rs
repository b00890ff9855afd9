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
use crate::change::deployed::Declared;
use crate::change::source::{Settings, rollback_contents};
use crate::config::schema;
use crate::evidence::{Failure, Generation, Observation};
use crate::journal::Journal;
use crate::rollback::choice::Choice;
use crate::rollback::executor::{Eyes, survey};
use crate::rollback::plan::{Contents, PlanError};
use crate::rollback::state::Event;
use crate::rollback::target::{self, Named};

/// Between two builds when nothing moves: half of what makes a plan too old.
const EVERY: Duration = Duration::from_secs(30);

/// What the plans are built from.
#[derive(Debug, Clone)]
pub struct Planner {
    /// The repository.
    pub root: PathBuf,
    /// What git is asked.
    pub settings: Settings,
    /// `[rollback]`.
    pub rollback: schema::Rollback,
    /// What looks at the world.
    pub eyes: Eyes,
    /// The folder of the journal, which knows the versions that were healthy.
    pub journal: PathBuf,
    /// What production and the canary say that they run.
    pub declared: watch::Receiver<Declared>,
}

impl Planner {
    /// Reads git and the journal, asks the world what the engines need to know, and builds the plans.
    ///
    /// # Errors
    /// When git cannot tell what to go back to.
    pub async fn choice(self: Arc<Self>, clock: &Clock) -> Result<Choice, Failure> {
        let failure = |what: String| Failure { what, remedy: None, at: clock.now(), retry_at: None };
        let work = self.clone();
        let found = tokio::task::spawn_blocking(move || work.contents()).await;
        let found = found.map_err(|error| failure(format!("the plan cannot be built: {error}")))??;
        let contents = found.map_err(|error| failure(error.to_string()))?;
        Ok(survey::choice(Some(&self.eyes), &self.root, &self.rollback, &contents, clock.now()).await)
    }

    fn contents(&self) -> Result<Result<Contents, PlanError>, Failure> {
        let settings = Settings { declared: self.declared.borrow().clone(), ..self.settings.clone() };
        // A journal that cannot be read saw nothing healthy, and the plan says so.
        let journal =
            Journal::open_read_only(&self.journal).and_then(|(journal, _)| journal.records_of(&target::KINDS));
        let find = |to: Option<&str>| rollback_contents(&self.root, &settings, None, to);
        target::contents(Named::in_configuration(self.rollback.to.as_deref()), &journal.unwrap_or_default(), find)
    }
}

/// Builds the plan now, whenever asked, and every half minute.
pub async fn keep(planner: Planner, clock: Clock, asked: Arc<Notify>, letters: Sending<Letter>) {
    let planner = Arc::new(planner);
    for generation in (1..).map(Generation) {
        let observation = match planner.clone().choice(&clock).await {
            Ok(choice) => Observation::Seen(generation, Box::new(choice.seen("git and hotfix.toml", clock.now()))),
            Err(failure) => Observation::Failed(generation, failure),
        };
        letters.send(Letter::Happened(What::Rollback(Event::Plan(told(observation, &clock)))));
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = asked.notified() => {}
        }
    }
}
