//! Asks an org about the run of its tests that was started last.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::super::command::Sf;
use super::super::deployments;
use super::super::record::read;
use super::super::source::{Org, place};
use super::model::{Results, Standing, Status, Terms, judge};
use super::record::{Started, file, is_id};
use crate::config::schema::{Apex, Salesforce};
use crate::evidence::text::clean;
use crate::http::{HttpError, Kind as Trouble};
use crate::test_results::model::{Ci, Light, RunState};
use crate::test_results::providers::Setup;
use crate::test_results::providers::judge::Settled;
use crate::test_results::providers::remote::{self, Looked};

/// Between two looks while it runs: every call costs two seconds of a processor.
const BUSY: Duration = Duration::from_secs(10);
/// Between two looks when it has come to its end: whether something was deployed since.
const REST: Duration = Duration::from_secs(60);

/// Asks about the runs in one org.
#[derive(Debug)]
pub struct Source {
    sf: Sf,
    terms: Terms,
    record: Option<PathBuf>,
    /// One that came to its end never changes.
    ended: Option<(String, Status, Results)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Found {
    records: Vec<Status>,
}

impl Source {
    /// Nothing was asked yet.
    pub fn new(name: &str, salesforce: &Salesforce, apex: &Apex, setup: &Setup) -> Self {
        let terms = Terms {
            name: clean(name),
            place: clean(&place(salesforce)),
            org: salesforce.org.clone(),
            tests: apex.clone(),
            org_id: None,
        };
        let record = setup.state.as_ref().map(|state| file(state, name));
        Self { sf: Sf::new(&setup.root, &salesforce.org, setup.permit), terms, record, ended: None }
    }

    /// Asks about the run that was started last.
    ///
    /// # Errors
    /// When `sf` cannot be run, or says that something is wrong.
    pub async fn look(&mut self) -> Result<Looked, HttpError> {
        let started = self.record.as_deref().map_or(Ok(None), read::<Started>);
        let sound = |it: Option<Started>| match it {
            Some(it) if !is_id(&it.run) => Err(format!("{} is damaged: it holds no id of a run", self.terms.name)),
            it => Ok(it),
        };
        let started = started.and_then(sound).map_err(|why| {
            HttpError::new(Trouble::Malformed, clean(&why)).with_remedy("move the file away, and run the tests again")
        })?;
        let Some(started) = started else { return Ok(Looked { report: self.nothing().report(), pause: BUSY }) };
        let (status, results) = self.run(&started.run).await?;
        let last = match status.standing() {
            Standing::Ended => {
                if self.terms.org_id.is_none() {
                    self.terms.org_id = Some(self.sf.ask::<Org>(&["org", "display"]).await?.id);
                }
                deployments::last(&self.sf).await.map_err(|error| error.what)
            }
            _ => Ok(None),
        };
        let settled = judge(&status, results.as_ref(), &started, &self.terms, &last);
        let pause = if settled.run.state == RunState::Running { BUSY } else { REST };
        Ok(Looked { report: settled.report(), pause })
    }

    /// How it stands and, at its end, what it came to: until then `sf apex get test` would wait for it.
    async fn run(&mut self, id: &str) -> Result<(Status, Option<Results>), HttpError> {
        if let Some((_, status, results)) = self.ended.as_ref().filter(|(ended, ..)| ended == id) {
            return Ok((status.clone(), Some(results.clone())));
        }
        let status = self.status(id).await?;
        if status.standing() != Standing::Ended {
            return Ok((status, None));
        }
        let result: Value = self.sf.ask(&["apex", "get", "test", "--test-run-id", id, "--code-coverage"]).await?;
        let results = Results::read(&result).map_err(|error| {
            HttpError::new(Trouble::Malformed, clean(&format!("sf apex get test: no result of tests: {error}")))
        })?;
        self.ended = Some((id.to_owned(), status.clone(), results.clone()));
        Ok((status, Some(results)))
    }

    async fn status(&self, id: &str) -> Result<Status, HttpError> {
        let query = format!(
            "SELECT Status, EndTime, MethodsEnqueued, MethodsCompleted, MethodsFailed FROM ApexTestRunResult \
             WHERE AsyncApexJobId = '{id}'"
        );
        let found = self.sf.ask::<Found>(&["data", "query", "--use-tooling-api", "--query", &query]).await?;
        found.records.into_iter().next().ok_or_else(|| {
            HttpError::new(Trouble::Malformed, format!("the org does not know the run {}", clean(id)))
                .with_remedy("run the tests again")
        })
    }

    fn nothing(&self) -> Settled {
        let mut run = remote::run(&self.terms.name, &self.terms.place);
        run.state = RunState::Empty;
        let mut ci = Ci::default();
        ci.lack(
            2,
            Light::Unknown,
            format!("no tests were started from here: `hotfix tests --apex {}`", self.terms.name),
        );
        run.ci = Some(Box::new(ci));
        Settled { run, failures: Vec::new() }
    }
}
