//! Starts a run of an org's tests, and ends it.

use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use super::super::command::{Sf, refuse};
use super::super::deployments;
use super::super::record::{read, write};
use super::super::source::Org;
use super::record::{Started, file, held, is_id};
use crate::config::schema::{Apex, Salesforce};
use crate::config::trust::Permit;
use crate::http::HttpError;
use crate::test_results::providers::Setup;

/// The id of a run, as `sf apex run test` gives it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Answer {
    test_run_id: Option<String>,
}

/// A class that waits for its turn, or is at it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Queued {
    id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Queue {
    records: Vec<Queued>,
}

/// Starts a run of the tests of what the org holds, and writes down which commit that is, if it is known.
///
/// # Errors
/// When it cannot be started, or not be written down: then its id is in the message.
pub async fn start(name: &str, salesforce: &Salesforce, apex: &Apex, setup: &Setup) -> Result<Started, HttpError> {
    let state = setup.state.as_deref().ok_or_else(|| refuse("there is no place to write down what is started"))?;
    let sf = Sf::new(&setup.root, &salesforce.org, setup.permit);
    let org = sf.ask::<Org>(&["org", "display"]).await?.id;
    let last = deployments::last(&sf).await?;
    let (commit, deploy) = (held(state, &org, last.as_ref()), last.map(|last| last.id));
    let started_at = Timestamp::now();
    let words = arguments(apex);
    let answer: Answer = sf.ask(&words.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let run =
        answer.test_run_id.filter(|id| is_id(id)).ok_or_else(|| refuse("sf apex run test: it gives no id of a run"))?;
    let started = Started { run, commit, deploy, org, tests: apex.clone(), started_at };
    write(&started, &file(state, name)).map_err(|error| {
        refuse(format!("the run {} was started and cannot be written down: {error}", started.run))
            .with_remedy("free the disk, and run the tests again")
    })?;
    Ok(started)
}

/// Asks the org to end the run that was started last, class by class as `sf` itself does. Brings its id.
///
/// # Errors
/// When there is none that goes on, or `sf` says that something is wrong.
pub async fn cancel(salesforce: &Salesforce, root: &Path, record: &Path, permit: Permit) -> Result<String, HttpError> {
    let started = read::<Started>(record).map_err(refuse)?;
    let started = started.filter(|it| is_id(&it.run)).ok_or_else(|| refuse("no tests were started from here"))?;
    let sf = Sf::new(root, &salesforce.org, permit);
    let query = format!(
        "SELECT Id FROM ApexTestQueueItem WHERE ParentJobId = '{}' \
         AND Status IN ('Holding', 'Queued', 'Preparing', 'Processing')",
        started.run
    );
    let queue = sf.ask::<Queue>(&["data", "query", "--use-tooling-api", "--query", &query]).await?;
    if queue.records.is_empty() {
        return Err(refuse(format!("the run {} has come to its end", started.run)));
    }
    for item in queue.records {
        let words = ["data", "update", "record", "--use-tooling-api", "--sobject", "ApexTestQueueItem", "--record-id"];
        let _answer: serde_json::Value =
            sf.ask(&[words.as_slice(), &[item.id.as_str(), "--values", "Status=Aborted"]].concat()).await?;
    }
    Ok(started.run)
}

/// The words that start it, in the order of the command's own help. Without `--wait` it ends at once.
pub fn arguments(apex: &Apex) -> Vec<String> {
    let mut words: Vec<String> = ["apex", "run", "test", "--code-coverage", "--test-level"].map(str::to_owned).to_vec();
    words.push(apex.level().word().to_owned());
    let named = [("--class-names", &apex.classes), ("--suite-names", &apex.suites), ("--tests", &apex.tests)];
    for (flag, names) in named {
        words.extend(names.iter().flat_map(|name| [flag.to_owned(), name.clone()]));
    }
    words
}
