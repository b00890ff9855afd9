//! Asks an org about the validation or the deployment that was started last.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::command::Sf;
use super::deployments::{self, Deployed, is_same};
use super::model::{Deploy, Since, Terms};
use super::record::{Kind, Record, file, manifest_hash, quick_file};
use crate::config::schema::Salesforce;
use crate::evidence::text::clean;
use crate::http::{HttpError, Kind as Trouble};
use crate::test_results::model::{Ci, Light, RunState};
use crate::test_results::providers::Setup;
use crate::test_results::providers::judge::Settled;
use crate::test_results::providers::remote::{self, Looked};

/// Between two looks while it runs: every call costs two seconds of a processor.
const BUSY: Duration = Duration::from_secs(10);
/// Between two looks when it has come to its end: whether something else was deployed since.
const REST: Duration = Duration::from_secs(60);

/// Asks about the validations in one org.
#[derive(Debug)]
pub struct Source {
    sf: Sf,
    terms: Terms,
    manifest: Option<PathBuf>,
    /// One that was started elsewhere.
    named: Option<String>,
    record: Option<PathBuf>,
    /// One that came to its end never changes.
    ended: Option<Deploy>,
}

/// Where, for people.
pub fn place(salesforce: &Salesforce) -> String {
    format!("salesforce {}", salesforce.org)
}

/// What is read of an org.
#[derive(Debug, Deserialize)]
pub struct Org {
    /// Its id.
    pub id: String,
}

impl Source {
    /// Nothing was asked yet.
    pub fn new(name: &str, salesforce: &Salesforce, setup: &Setup) -> Self {
        let terms = Terms {
            name: clean(name),
            place: clean(&place(salesforce)),
            org: salesforce.org.clone(),
            level: salesforce.level,
            manifest: None,
            org_id: None,
        };
        Self {
            sf: Sf::new(&setup.root, &salesforce.org, setup.permit),
            terms,
            manifest: salesforce.manifest.as_ref().map(|path| setup.root.join(path)),
            named: salesforce.deploy.clone(),
            record: setup.state.as_ref().map(|state| file(state, name)),
            ended: None,
        }
    }

    /// Asks about the validation that was started last.
    ///
    /// # Errors
    /// When `sf` cannot be run, or says that something is wrong.
    pub async fn look(&mut self) -> Result<Looked, HttpError> {
        let record = self.record.as_deref().map_or(Ok(None), Record::read);
        let record = record.map_err(|why| {
            HttpError::new(Trouble::Malformed, clean(&why)).with_remedy("move the file away, and validate again")
        })?;
        let Some(id) = record.as_ref().map(|record| record.deploy.clone()).or_else(|| self.named.clone()) else {
            return Ok(Looked { report: self.nothing().report(), pause: BUSY });
        };
        let deploy = self.deploy(&id).await?;
        self.terms.manifest = self.manifest.as_deref().and_then(|path| manifest_hash(path).ok());
        let quick = self.quick(&id)?;
        let is_deployed = record.as_ref().is_some_and(|record| record.kind == Kind::Deployment);
        let since = match deploy.completed_date {
            Some(at) if deploy.is_final() && deploy.success == Some(true) => {
                if self.terms.org_id.is_none() {
                    self.terms.org_id = Some(self.sf.ask::<Org>(&["org", "display"]).await?.id);
                }
                // Nothing voids what is deployed; what is deployed of a validation does not void it.
                if is_deployed { Since::Nothing } else { self.since(at, quick.as_ref()).await }
            }
            _ => Since::Nothing,
        };
        let mut settled = deploy.judge(record.as_ref(), &self.terms, &since);
        if let Some(quick) = quick {
            let ci = settled.run.ci.get_or_insert_default();
            ci.next = Some(self.told_of(&quick).await);
        }
        let pause = if settled.run.state == RunState::Running { BUSY } else { REST };
        Ok(Looked { report: settled.report(), pause })
    }

    async fn deploy(&mut self, id: &str) -> Result<Deploy, HttpError> {
        if let Some(ended) = self.ended.as_ref().filter(|ended| ended.id == id) {
            return Ok(ended.clone());
        }
        let deploy: Deploy = self.sf.ask(&["project", "deploy", "report", "--job-id", id]).await?;
        self.ended = deploy.is_final().then(|| deploy.clone());
        Ok(deploy)
    }

    /// The quick deployment of this validation, if one was started from here.
    fn quick(&self, validation: &str) -> Result<Option<Record>, HttpError> {
        let quick = self.record.as_deref().map_or(Ok(None), |record| Record::read(&quick_file(record)));
        let quick = quick.map_err(|why| HttpError::new(Trouble::Malformed, clean(&why)))?;
        Ok(quick.filter(|quick| quick.validation.as_deref() == Some(validation)))
    }

    /// How a quick deployment stands, in words.
    async fn told_of(&self, quick: &Record) -> String {
        if quick.deploy.is_empty() {
            return format!("a quick deployment was asked for at {} and its answer is not known", quick.started_at);
        }
        let id = clean(&quick.deploy);
        match self.sf.ask::<Deploy>(&["project", "deploy", "report", "--job-id", &quick.deploy]).await {
            Ok(deploy) => format!("quick deployment {id}: {}", clean(&deploy.status)),
            Err(error) => format!("quick deployment {id}: {}", error.what),
        }
    }

    /// What was deployed after a validation: that voids it.
    async fn since(&self, at: Timestamp, quick: Option<&Record>) -> Since {
        let is_other = |later: &Deployed| quick.is_none_or(|quick| !is_same(&quick.deploy, &later.id));
        match deployments::after(&self.sf, at).await.map(|found| found.into_iter().find(is_other)) {
            Ok(None) => Since::Nothing,
            Ok(Some(later)) => Since::Deploy { at: later.at, id: later.id },
            Err(error) => Since::Unknown(error.what),
        }
    }

    fn nothing(&self) -> Settled {
        let mut run = remote::run(&self.terms.name, &self.terms.place);
        run.state = RunState::Empty;
        let mut ci = Ci::default();
        let what = format!("no validation was started from here: `hotfix tests --validate {}`", self.terms.name);
        ci.lack(2, Light::Unknown, what);
        run.ci = Some(Box::new(ci));
        Settled { run, failures: Vec::new() }
    }
}
