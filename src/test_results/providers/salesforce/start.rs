//! Starts validations and deployments in an org, and writes down what they were started with.

use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use super::apex;
use super::command::{Sf, refuse};
use super::record::{Kind, Record, file, manifest_hash, quick_file};
use super::source::{Org, Source};
use crate::config::schema::{Salesforce, TestSource};
use crate::config::trust::Permit;
use crate::evidence::text::clean;
use crate::http::HttpError;
use crate::test_results::live::Progress;
use crate::test_results::providers::{Setup, Target};
use crate::test_results::source::checkout;

#[derive(Debug, Deserialize)]
struct Started {
    id: String,
}

/// Starts a validation or a deployment of what is checked out, and writes down what it was started with. Brings its record.
///
/// # Errors
/// When it cannot be started, or not be written down: then its id is in the message.
pub async fn start(
    kind: Kind,
    salesforce: &Salesforce,
    root: &Path,
    record: &Path,
    permit: Permit,
) -> Result<Record, HttpError> {
    let sf = Sf::new(root, &salesforce.org, permit);
    let before =
        checkout(root).head.commit.ok_or_else(|| refuse(format!("there is no commit for a {}", kind.label())))?;
    let was_dirty = is_dirty(root);
    if was_dirty && kind != Kind::Validation {
        return Err(refuse("the work tree has changes: what is deployed would be no commit")
            .with_remedy("commit or stash them"));
    }
    let manifest =
        salesforce.manifest.as_ref().map(|path| manifest_hash(&root.join(path)).map_err(|error| (path, error)));
    let manifest = manifest.transpose().map_err(|(path, error)| refuse(format!("{path}: {error}")))?;
    let org = sf.ask::<Org>(&["org", "display"]).await?.id;
    let started_at = Timestamp::now();
    let words = arguments(kind, salesforce);
    let started: Started = sf.ask(&words.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let dirty = was_dirty || is_dirty(root) || checkout(root).head.commit.as_ref() != Some(&before);
    let (deploy, level) = (started.id, salesforce.level);
    let written = Record { kind, deploy, validation: None, commit: before, dirty, manifest, org, level, started_at };
    write(&written, record)?;
    Ok(written)
}

fn write(written: &Record, record: &Path) -> Result<(), HttpError> {
    written.write(record).map_err(|error| {
        let what =
            format!("{} {} was started and cannot be written down: {error}", written.kind.label(), written.deploy);
        refuse(what).with_remedy("free the disk, and look for it in the org")
    })
}

/// Starts a validation, or a run of tests, for every source that is an org, one after the other, and tells what happens.
pub async fn start_all(setup: &Setup, sources: &[TestSource], tell: &(dyn Fn(Progress) + Send + Sync)) {
    let Some(state) = &setup.state else { return };
    for source in sources {
        let Some(salesforce) = &source.salesforce else { continue };
        let name = clean(&source.name);
        let words = salesforce.apex.as_ref().map_or_else(|| arguments(Kind::Validation, salesforce), apex::arguments);
        let command = format!("sf {}", clean(&words.join(" ")));
        tell(Progress::Started { source: name.clone(), command, at: Timestamp::now() });
        let how = match &salesforce.apex {
            Some(tests) => apex::start(&source.name, salesforce, tests, setup).await.map(|started| {
                let commit = started.commit.as_ref().map_or("no known commit", |commit| commit.short());
                format!("{} runs the tests of {commit}", clean(&started.run))
            }),
            None => {
                let record = file(state, &source.name);
                let started = start(Kind::Validation, salesforce, &setup.root, &record, setup.permit).await;
                started.map(|started| format!("{} validates {}", clean(&started.deploy), started.commit.short()))
            }
        };
        let is_good = how.is_ok();
        tell(Progress::Ended { source: name, how: how.unwrap_or_else(|error| error.what), is_good });
    }
}

/// Asks every org to end the validation or the tests that were started last, and tells what came of it. A deployment changes the
/// org: it is left alone.
pub async fn cancel_all(setup: &Setup, sources: &[TestSource], tell: &(dyn Fn(Result<String, String>) + Send + Sync)) {
    let Some(state) = &setup.state else { return };
    for source in sources {
        let Some(salesforce) = &source.salesforce else { continue };
        let name = clean(&source.name);
        let known = Record::read(&file(state, &source.name)).ok().flatten();
        if salesforce.apex.is_none() && known.is_some_and(|known| known.kind != Kind::Validation) {
            tell(Err(format!("{name}: a deployment runs: `hotfix tests --cancel {name}` ends it")));
            continue;
        }
        tell(match cancel(&source.name, salesforce, setup).await {
            Ok(id) => Ok(format!("{name}: {} was asked to end", clean(&id))),
            Err(error) => Err(format!("{name}: {}", error.what)),
        });
    }
}

/// Deploys what the last validation proved, if that still holds for the commit that is checked out. That it is asked for is
/// written down before the org is asked.
///
/// # Errors
/// When the validation does not hold, a quick deployment of it was asked for before, or it cannot be started.
pub async fn quick(
    name: &str,
    salesforce: &Salesforce,
    setup: &Setup,
    record: &Path,
    now: Timestamp,
) -> Result<Record, HttpError> {
    let target = Target { checkout: checkout(&setup.root), now };
    let validation = holding(name, salesforce, setup, record, &target).await?;
    let file = quick_file(record);
    let earlier = Record::read(&file).map_err(refuse)?;
    if let Some(earlier) = earlier.filter(|it| it.validation.as_deref() == Some(validation.deploy.as_str())) {
        let id = if earlier.deploy.is_empty() { "its answer is not known" } else { earlier.deploy.as_str() };
        let what =
            format!("{} was asked for its quick deployment at {} already: {id}", validation.deploy, earlier.started_at);
        return Err(refuse(what).with_remedy("look at it in the org, or validate again"));
    }
    let of = Some(validation.deploy.clone());
    let mut written =
        Record { kind: Kind::Quick, deploy: String::new(), validation: of, started_at: now, ..validation.clone() };
    write(&written, &file)?;
    let sf = Sf::new(&setup.root, &salesforce.org, setup.permit);
    let started: Started = sf.ask(&["project", "deploy", "quick", "--async", "--job-id", &validation.deploy]).await?;
    written.deploy = started.id;
    write(&written, &file)?;
    Ok(written)
}

/// The validation that was started last, if nothing is in the way of deploying it.
async fn holding(
    name: &str,
    salesforce: &Salesforce,
    setup: &Setup,
    record: &Path,
    target: &Target,
) -> Result<Record, HttpError> {
    let known = Record::read(record).map_err(refuse)?.filter(|known| known.kind == Kind::Validation);
    let known = known.ok_or_else(|| refuse("no validation was started from here"))?;
    if target.checkout.head.commit.as_ref() != Some(&known.commit) {
        let head = target.checkout.head.commit.as_ref().map_or("no commit", |oid| oid.short());
        return Err(refuse(format!("{} validated {}, and {head} is checked out", known.deploy, known.commit.short()))
            .with_remedy("validate again"));
    }
    let looked = Source::new(name, salesforce, setup).look().await?;
    let missing =
        looked.report.runs.iter().filter_map(|run| run.ci.as_ref()).find_map(|ci| ci.missing.first().cloned());
    match missing {
        Some(missing) => {
            Err(refuse(format!("{} does not hold: {}", known.deploy, missing.what)).with_remedy("validate again"))
        }
        None => Ok(known),
    }
}

/// Asks the org to end the validation, deployment or run of tests that was started last. Brings its id.
///
/// # Errors
/// When there is none, or `sf` says that something is wrong.
pub async fn cancel(name: &str, salesforce: &Salesforce, setup: &Setup) -> Result<String, HttpError> {
    let state = setup.state.as_deref().ok_or_else(|| refuse("nothing was started from here"))?;
    if salesforce.apex.is_some() {
        return apex::cancel(salesforce, &setup.root, &apex::file(state, name), setup.permit).await;
    }
    let known = Record::read(&file(state, name)).map_err(refuse)?;
    let known = known.ok_or_else(|| refuse("no validation was started from here"))?;
    let sf = Sf::new(&setup.root, &salesforce.org, setup.permit);
    let _answer: serde_json::Value =
        sf.ask(&["project", "deploy", "cancel", "--job-id", &known.deploy, "--async"]).await?;
    Ok(known.deploy)
}

/// The words that start it, in the order of the command's own help.
fn arguments(kind: Kind, salesforce: &Salesforce) -> Vec<String> {
    let verb = if kind == Kind::Deployment { "start" } else { "validate" };
    let mut words: Vec<String> = ["project", "deploy", verb, "--async", "--test-level"].map(str::to_owned).to_vec();
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
