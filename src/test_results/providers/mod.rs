//! Remote providers of test results, one folder each: `model` decodes and judges (pure), `source` asks.
//!
//! Whatever they report is about the commit that is checked out when they are asked, carries the time of the answer and
//! how long that holds, and names what is in the way of green. A server that does not answer leaves its last answer with
//! its age, and says why; that answer then runs out and is no longer green.

mod artifact;
mod ask;
mod github;
mod gitlab;
mod jenkins;
mod judge;
mod members;
mod past;
mod remote;
mod salesforce;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

#[cfg(test)]
mod damage;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod pane_tests;

pub use salesforce::command::Sf;
pub use salesforce::model::{Deploy, VALID};
pub use salesforce::{
    ApexRun, Kind as Deploying, Record as Validation, cancel, cancel_all, quick, record_file, start, start_all,
    start_apex,
};
pub use watch::{Asked, Heard, Production, Servers, join};

use judge::Settled;
use remote::Provider;

use super::model::{Report, Wanted};
use super::source::Checkout;
use crate::config::schema::{Config, TestSource};
use crate::config::trust::Permit;
use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::http::{Client, HttpError, Kind};

/// Takes a secret that was fetched, so that it can be taken out of whatever is recorded.
pub type Hide = Arc<dyn Fn(&str) + Send + Sync>;

/// What a provider is asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The commit.
    pub checkout: Checkout,
    /// The time.
    pub now: Timestamp,
}

/// What providers work with.
#[derive(Clone)]
pub struct Setup {
    /// Proof that the configuration is trusted.
    pub permit: Permit,
    /// The HTTP client.
    pub client: Client,
    /// The root of the work tree.
    pub root: PathBuf,
    /// The project's folder of state, if it has one.
    pub state: Option<PathBuf>,
    /// Told of secrets.
    pub hide: Hide,
}

/// What the screen calls a source, and where it is.
fn wanted(source: &TestSource) -> Option<Wanted> {
    let github = source.github.as_ref().map(github::place);
    let gitlab = || source.gitlab.as_ref().map(gitlab::place);
    let jenkins = || source.jenkins.as_ref().map(jenkins::place);
    let salesforce = || source.salesforce.as_ref().map(salesforce::place);
    let place = github.or_else(gitlab).or_else(jenkins).or_else(salesforce)?;
    let required = source.required.unwrap_or(true);
    Some(Wanted { name: clean(&source.name), required, patterns: vec![clean(&place)], policy: source.into() })
}

fn provider(source: &TestSource, config: &Config, setup: &Setup) -> Option<Provider> {
    let name = &source.name;
    if let Some(github) = &source.github {
        return Some(Provider::GitHub(Box::new(github::Source::new(name, github, &config.git, setup))));
    }
    if let Some(gitlab) = &source.gitlab {
        return Some(Provider::GitLab(Box::new(gitlab::Source::new(name, gitlab, setup))));
    }
    if let Some(jenkins) = &source.jenkins {
        return Some(Provider::Jenkins(Box::new(jenkins::Source::new(name, jenkins, setup))));
    }
    let salesforce = source.salesforce.as_ref()?;
    if let Some(apex) = &salesforce.apex {
        return Some(Provider::Apex(Box::new(salesforce::ApexSource::new(name, salesforce, apex, setup))));
    }
    Some(Provider::Salesforce(Box::new(salesforce::Source::new(name, salesforce, setup))))
}

/// The commit to ask about.
fn head_of(target: &Target) -> Result<Oid, HttpError> {
    target.checkout.head.commit.clone().ok_or_else(|| {
        let what = "there is no commit to ask about";
        HttpError::new(Kind::Refused, what).with_remedy("run it inside the service's repository")
    })
}

/// Several runs as the report of one source.
fn together(settled: Vec<Settled>) -> Report {
    let mut report = Report::default();
    for one in settled.into_iter().map(Settled::report) {
        report.totals.add(&one.totals);
        report.runs.extend(one.runs);
        report.failures.extend(one.failures);
        report.warnings.extend(one.warnings);
    }
    report
}
