//! Asks an org about the validation that was started last, and starts one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::command::Sf;
use super::model::{Deploy, Since, Terms, instant};
use super::record::{Record, file, manifest_hash};
use crate::config::schema::Salesforce;
use crate::config::trust::Permit;
use crate::evidence::text::clean;
use crate::http::{HttpError, Kind};
use crate::test_results::model::{Ci, Light, RunState};
use crate::test_results::providers::Setup;
use crate::test_results::providers::judge::Settled;
use crate::test_results::providers::remote::{self, Looked};
use crate::test_results::source::checkout;

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

#[derive(Debug, Deserialize)]
struct Org {
    id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Found {
    records: Vec<Later>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Later {
    id: String,
    completed_date: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Started {
    id: String,
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
            HttpError::new(Kind::Malformed, clean(&why)).with_remedy("move the file away, and validate again")
        })?;
        let Some(id) = record.as_ref().map(|record| record.deploy.clone()).or_else(|| self.named.clone()) else {
            return Ok(Looked { report: self.nothing().report(), pause: BUSY });
        };
        let deploy = self.deploy(&id).await?;
        self.terms.manifest = self.manifest.as_deref().and_then(|path| manifest_hash(path).ok());
        let since = match deploy.completed_date {
            Some(at) if deploy.is_final() && deploy.success == Some(true) => {
                if self.terms.org_id.is_none() {
                    self.terms.org_id = Some(self.sf.ask::<Org>(&["org", "display"]).await?.id);
                }
                self.since(at).await
            }
            _ => Since::Nothing,
        };
        let settled = deploy.judge(record.as_ref(), &self.terms, &since);
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

    /// What was deployed after a validation: that voids it.
    async fn since(&self, at: Timestamp) -> Since {
        let query = format!(
            "SELECT Id, CompletedDate FROM DeployRequest WHERE CheckOnly = false AND CompletedDate > {} \
             AND Status IN ('Succeeded', 'SucceededPartial') ORDER BY CompletedDate LIMIT 1",
            at.strftime("%Y-%m-%dT%H:%M:%SZ")
        );
        let found = self.sf.ask::<Found>(&["data", "query", "--use-tooling-api", "--query", &query]).await;
        match found.map(|found| found.records.into_iter().next()) {
            Ok(None) => Since::Nothing,
            Ok(Some(later)) => Since::Deploy { at: later.completed_date.as_deref().and_then(instant), id: later.id },
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

/// Starts a validation of what is checked out, and writes down what it was started with. Brings its record.
///
/// # Errors
/// When it cannot be started, or not be written down: then its id is in the message.
pub async fn validate(
    salesforce: &Salesforce,
    root: &Path,
    record: &Path,
    permit: Permit,
) -> Result<Record, HttpError> {
    let refuse = |what: &str| HttpError::new(Kind::Refused, what.to_owned());
    let sf = Sf::new(root, &salesforce.org, permit);
    let before = checkout(root).head.commit.ok_or_else(|| refuse("there is no commit to validate"))?;
    let was_dirty = is_dirty(root);
    let manifest =
        salesforce.manifest.as_ref().map(|path| manifest_hash(&root.join(path)).map_err(|error| (path, error)));
    let manifest = manifest.transpose().map_err(|(path, error)| refuse(&clean(&format!("{path}: {error}"))))?;
    let org = sf.ask::<Org>(&["org", "display"]).await?.id;
    let started_at = Timestamp::now();
    let started: Started = sf.ask(&arguments(salesforce).iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let dirty = was_dirty || is_dirty(root) || checkout(root).head.commit.as_ref() != Some(&before);
    let written =
        Record { deploy: started.id, commit: before, dirty, manifest, org, level: salesforce.level, started_at };
    match written.write(record) {
        Ok(()) => Ok(written),
        Err(error) => {
            let what = format!("{} was started and cannot be written down: {error}", clean(&written.deploy));
            Err(refuse(&what).with_remedy("free the disk, and validate again"))
        }
    }
}

/// Asks the org to end the validation that was started last. Brings its id.
///
/// # Errors
/// When there is none, or `sf` says that something is wrong.
pub async fn cancel(salesforce: &Salesforce, root: &Path, record: &Path, permit: Permit) -> Result<String, HttpError> {
    let known = Record::read(record).map_err(|why| HttpError::new(Kind::Malformed, clean(&why)))?;
    let Some(known) = known else {
        return Err(HttpError::new(Kind::Refused, "no validation was started from here"));
    };
    let sf = Sf::new(root, &salesforce.org, permit);
    let _answer: serde_json::Value =
        sf.ask(&["project", "deploy", "cancel", "--job-id", &known.deploy, "--async"]).await?;
    Ok(known.deploy)
}

/// The words that start a validation, in the order of the command's own help.
pub fn arguments(salesforce: &Salesforce) -> Vec<String> {
    let mut words: Vec<String> =
        ["project", "deploy", "validate", "--async", "--test-level"].map(str::to_owned).to_vec();
    words.push(salesforce.level.word().to_owned());
    words.extend(salesforce.tests.iter().flat_map(|test| ["--tests".to_owned(), test.clone()]));
    match (&salesforce.manifest, &salesforce.source) {
        (Some(manifest), _) => words.extend(["--manifest".to_owned(), manifest.clone()]),
        (None, Some(source)) => words.extend(["--source-dir".to_owned(), source.clone()]),
        (None, None) => {}
    }
    words
}

/// Whether the work tree differs from the commit. What cannot be told counts as a difference.
fn is_dirty(root: &Path) -> bool {
    let look = || -> Result<bool, git2::Error> {
        let repository = git2::Repository::discover(root)?;
        let mut options = git2::StatusOptions::new();
        options.include_untracked(true).include_ignored(false).exclude_submodules(true);
        Ok(!repository.statuses(Some(&mut options))?.is_empty())
    };
    look().unwrap_or(true)
}
