//! Deploys the old version to an org: as it was validated while there was time, or with its tests. What `sf` says counts,
//! and never its exit code; what became of a deployment is asked by the id that the org gave it.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::look::{Eyes, Seen};
use super::scribe::blocking;
use super::{Executor, Ran, Tell};
use crate::config::schema::SalesforceOrg;
use crate::evidence::Oid;
use crate::evidence::text::{clean, fit};
use crate::http::{HttpError, Kind};
use crate::rollback::choice::Held;
use crate::rollback::engine::Prepared;
use crate::rollback::execution::{Progress, StepStatus};
use crate::rollback::model::OrgDeploy;
use crate::rollback::plan::Contents;
use crate::rollback::salesforce::package::Package;
use crate::test_results::providers::{Deploy, Sf, VALID};

mod folder;
mod validation;

use folder::{DELETES, MANIFEST, Project};
use validation::Validation;

/// In what a rehearsal says of a validation.
pub(super) const VALIDATED: &str = "was validated as";
/// Before the id of a deployment in the record of its step.
const ISSUED: &str = "deployment ";
/// The wait before the second look at a deployment; doubled after each further one, for each look costs two seconds.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How far the clocks of this machine and of the org may be apart.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// How much of what is wrong with a component is shown, in cells.
const SHOWN: usize = 120;

#[derive(Debug, Deserialize)]
struct Started {
    id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Found {
    records: Vec<Earlier>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Earlier {
    id: String,
    status: String,
    completed_date: Option<String>,
}

/// What git says of the way back.
///
/// # Errors
/// When a part of it cannot be told, in words.
pub(super) async fn prepare(root: &Path, it: &SalesforceOrg, contents: &Contents) -> Result<Value, String> {
    let known = |oid: &Option<Oid>| oid.clone().ok_or_else(|| "git does not know what runs".to_owned());
    let (from, to) = (known(&contents.from.oid)?, known(&contents.to.oid)?);
    let (root, project) = (root.to_owned(), it.project.clone());
    let (old, new) = (to.clone(), from.clone());
    let package = blocking(move || package(&root, &project, &new, &old)).await?;
    let deploy = OrgDeploy {
        org: it.org.clone(),
        project: it.project.clone(),
        level: it.level.word().to_owned(),
        tests: it.tests.clone(),
        from,
        to,
        digest: package.digest(),
        restores: package.restores,
        removes: package.removes,
    };
    serde_json::to_value(Prepared { deploy, warnings: package.warnings }).map_err(|error| error.to_string())
}

fn package(root: &Path, project: &str, from: &Oid, to: &Oid) -> Result<Package, String> {
    let project = Project::open(root, project)?;
    Package::between(&project.files(from)?, &project.files(to)?)
}

/// Whether this very package was validated, and that still holds.
pub(super) async fn is_validated(eyes: Option<&Eyes>, deploy: &OrgDeploy, now: Timestamp) -> Held {
    let Some(Eyes { permit, directory, state: Some(state), .. }) = eyes else {
        return Held::Unknown("there is no journal here that could tell".into());
    };
    let validation = match Validation::read(state, deploy) {
        Ok(validation) => validation,
        Err(why) => return Held::Unknown(why),
    };
    if let Err(why) = validation.holds(now) {
        return Held::Unknown(why);
    }
    let sf = Sf::new(directory, &deploy.org, *permit);
    match since(&sf, "Status IN ('Succeeded', 'SucceededPartial') AND CompletedDate", validation.completed_at).await {
        Ok(None) => Held::Yes(validation.words()),
        Ok(Some(later)) => {
            let at = later.completed_date.unwrap_or_default();
            Held::Unknown(clean(&format!("{} is void since deployment {} at {at}", validation.deploy, later.id)))
        }
        Err(error) => Held::Unknown(format!("whether a later deployment voids it: {}", error.what)),
    }
}

/// The first deployment, no validation, whose time is after this one.
async fn since(sf: &Sf, column: &str, at: Timestamp) -> Result<Option<Earlier>, HttpError> {
    let query = format!(
        "SELECT Id, Status, CompletedDate FROM DeployRequest WHERE CheckOnly = false AND {column} > {} \
         ORDER BY CreatedDate DESC LIMIT 1",
        at.strftime("%Y-%m-%dT%H:%M:%SZ")
    );
    let found: Found = sf.ask(&["data", "query", "--use-tooling-api", "--query", &query]).await?;
    Ok(found.records.into_iter().next())
}

/// Validates the package at the org, and waits for the end: what it proves is written down beside the journal.
///
/// # Errors
/// When it proves nothing, in words.
pub(super) async fn validate(
    executor: &Executor,
    deploy: &OrgDeploy,
    limit: Duration,
    tell: &Tell,
) -> Result<String, String> {
    let id = start(executor, deploy, "validate").await.map_err(|error| told(&error))?;
    let done = wait(executor, deploy, &id, limit, tell).await.map_err(|(_, why)| why)?;
    let tests = done.number_tests_completed;
    if !is_good(&done) || done.check_only != Some(true) || tests != done.number_tests_total {
        return Err(format!("the validation {}", words(&done)));
    }
    let completed_at = done.completed_date.ok_or("when the validation ended is not told")?;
    let validation = Validation::of(deploy, id, completed_at);
    validation
        .write(&executor.place.state)
        .map_err(|error| format!("{} is good, and cannot be written down: {error}", validation.deploy))?;
    Ok(format!("package {} {VALIDATED} {}, {tests} tests", deploy.short_digest(), validation.words()))
}

/// Asks the org to deploy: what was validated, else the package with its tests. Brings the id.
pub(super) async fn begin(executor: &Executor, deploy: &OrgDeploy, tell: &Tell) -> Result<String, Ran> {
    let validated = Validation::read(&executor.place.state, deploy);
    let now = (executor.place.now)();
    let why = match validated.and_then(|validation| validation.holds(now).map(|()| validation)) {
        Ok(validation) => match quick(executor, deploy, &validation).await {
            Ok(id) => return Ok(id),
            Err(error) if error.kind == Kind::Refused => format!("no quick deployment: {}", error.what),
            Err(error) => return Err(ran(&error)),
        },
        Err(why) => format!("no quick deployment: {why}"),
    };
    tell(Progress::Said(format!("{why}; it is deployed with its tests")));
    start(executor, deploy, "start").await.map_err(|error| ran(&error))
}

async fn quick(executor: &Executor, deploy: &OrgDeploy, validation: &Validation) -> Result<String, HttpError> {
    let words = ["project", "deploy", "quick", "--async", "--job-id", &validation.deploy];
    let started: Started = sf(executor, deploy).ask(&words).await?;
    Ok(started.id)
}

/// Makes the package again, and starts what `verb` says with it.
async fn start(executor: &Executor, deploy: &OrgDeploy, verb: &str) -> Result<String, HttpError> {
    let (root, wanted) = (executor.place.directory.clone(), deploy.clone());
    let built = blocking(move || folder::build(&root, &wanted)).await;
    let built = built.map_err(|why| HttpError::new(Kind::Refused, why))?;
    let mut words = vec!["project", "deploy", verb, "--async", "--manifest", MANIFEST];
    if !deploy.removes.is_empty() {
        words.extend(["--post-destructive-changes", DELETES]);
    }
    words.extend(["--test-level", &deploy.level]);
    words.extend(deploy.tests.iter().flat_map(|test| ["--tests", test]));
    let started: Started = sf(executor, deploy).in_folder(built.path()).ask(&words).await?;
    Ok(started.id)
}

fn sf(executor: &Executor, deploy: &OrgDeploy) -> Sf {
    Sf::new(&executor.place.directory, &deploy.org, executor.permit)
}

/// What is put on record of a deployment that was begun.
pub(super) fn issued(id: &str) -> String {
    format!("{ISSUED}{}", clean(id))
}

/// Follows a deployment to its end.
pub(super) async fn follow(executor: &Executor, deploy: &OrgDeploy, id: &str, limit: Duration, tell: &Tell) -> Ran {
    match wait(executor, deploy, id, limit, tell).await {
        Ok(done) if is_good(&done) => Ran::Done(words(&done)),
        Ok(done) => Ran::Failed(words(&done)),
        Err((_, why)) => Ran::Unknown(why),
    }
}

/// Looks what became of a deployment: by its id where that is on record, else by what the org deployed since.
pub(super) async fn look(
    executor: &Executor,
    deploy: &OrgDeploy,
    status: &StepStatus,
    limit: Duration,
    tell: &Tell,
) -> Seen {
    if let Some(id) = status.issued.as_deref().and_then(|words| words.strip_prefix(ISSUED)) {
        return match wait(executor, deploy, id, limit, tell).await {
            Ok(done) if is_good(&done) => Seen::Holds(words(&done)),
            // The org takes everything of a failed deployment back by itself.
            Ok(done) => Seen::Differs(words(&done)),
            Err((_, why)) => Seen::Cannot(why),
        };
    }
    let begun = status.begun_at.unwrap_or_default();
    match since(&sf(executor, deploy), "CreatedDate", begun.checked_sub(SKEW).unwrap_or(begun)).await {
        Ok(None) => Seen::Differs("the org was asked for no deployment since".into()),
        Ok(Some(other)) => {
            Seen::Cannot(clean(&format!("{} was begun since, says {}, and may be this one", other.id, other.status)))
        }
        Err(error) => Seen::Cannot(told(&error)),
    }
}

/// Asks until a deployment has come to its end. An error says how it stood last.
async fn wait(
    executor: &Executor,
    deploy: &OrgDeploy,
    id: &str,
    limit: Duration,
    tell: &Tell,
) -> Result<Deploy, (Option<Deploy>, String)> {
    let (sf, end) = (sf(executor, deploy), Instant::now() + limit);
    let (mut pause, mut last) = (FIRST_WAIT, None);
    loop {
        let why = match sf.ask::<Deploy>(&["project", "deploy", "report", "--job-id", id]).await {
            Ok(now) if now.id != id => format!("the org tells of {} where {} was asked for", clean(&now.id), clean(id)),
            Ok(now) if now.is_final() => return Ok(now),
            Ok(now) => {
                let why = words(&now);
                last = Some(now);
                why
            }
            Err(error) => told(&error),
        };
        if Instant::now() + pause > end {
            return Err((last, format!("after {} s: {why}", limit.as_secs())));
        }
        tell(Progress::Looking(why));
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_WAIT);
    }
}

/// By all three of its words.
fn is_good(done: &Deploy) -> bool {
    done.status == "Succeeded" && done.done == Some(true) && done.success == Some(true)
}

/// How it stands, with the first thing that is wrong.
fn words(it: &Deploy) -> String {
    let part = |what: &str, done: u64, all: u64| format!("{done} of {all} {what}");
    let components = part("components", it.number_components_deployed, it.number_components_total);
    let tests = part("tests", it.number_tests_completed, it.number_tests_total);
    let details = it.details.as_ref();
    let component = details.and_then(|it| it.component_failures.first());
    let component = component.map(|it| format!("{}: {}", it.full_name, it.problem.as_deref().unwrap_or("failed")));
    let test = || details?.run_test_result.as_ref()?.failures.first();
    let test = || test().map(|it| format!("{}: {}", it.name, it.message.as_deref().unwrap_or("failed")));
    let wrong = it.error_message.clone().or(component).or_else(test);
    let wrong = wrong.map_or_else(String::new, |text| format!("; {}", fit(&clean(&text), SHOWN)));
    format!("{} says {}: {components}, {tests}{wrong}", clean(&it.id), clean(&it.status))
}

fn told(error: &HttpError) -> String {
    let remedy = error.remedy.as_ref().map_or_else(String::new, |remedy| format!(" ({remedy})"));
    format!("{}{remedy}", error.what)
}

/// What a failure says of the effect.
fn ran(error: &HttpError) -> Ran {
    match error.kind {
        Kind::Refused => Ran::Failed(format!("{}: nothing was deployed", told(error))),
        _ => Ran::Unknown(told(error)),
    }
}

impl Validation {
    /// Whether it still holds by its age.
    fn holds(&self, now: Timestamp) -> Result<(), String> {
        match self.until() {
            Some(until) if now < until => Ok(()),
            _ => Err(format!("{} of {:.0} has run out: rehearse again", clean(&self.deploy), self.completed_at)),
        }
    }

    fn until(&self) -> Option<Timestamp> {
        self.completed_at.checked_add(VALID).ok()
    }

    fn words(&self) -> String {
        let until = self.until().map_or_else(|| "?".to_owned(), |it| it.strftime("%Y-%m-%d %H:%M UTC").to_string());
        format!("{}, which holds until {until}, or until anything else is deployed", clean(&self.deploy))
    }
}
