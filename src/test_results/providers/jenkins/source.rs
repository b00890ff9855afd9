//! Asks Jenkins about a commit. It sets no limits and has no useful tags for what is unchanged: `tree` keeps answers small.

use std::time::Duration;

use super::model::{Build, Job, TestReport, judge};
use crate::config::schema::Jenkins;
use crate::evidence::text::clean;
use crate::http::{HttpError, Kind};
use crate::test_results::model::RunState;
use crate::test_results::providers::ask::{Asker, Credential, Manner, segment};
use crate::test_results::providers::remote::Looked;
use crate::test_results::providers::{Setup, Target, head_of, together};

/// Between two looks while something runs.
const BUSY: Duration = Duration::from_secs(10);
/// Between two looks when everything has come to its end.
const REST: Duration = Duration::from_secs(30);
/// What is asked of a job: its newest builds, and the branches of a multibranch one.
const BUILDS: &str = "/api/json?tree=builds[number,url,result,building,timestamp,duration,\
                      actions[lastBuiltRevision[SHA1],remoteUrls]]{0,50},jobs[name]";
/// What is asked of a test report.
const TESTS: &str = "/testReport/api/json?tree=empty,passCount,failCount,skipCount,duration,suites[name,\
                     cases[className,name,status,duration,failedSince,errorDetails,errorStackTrace,flakyFailures[*]]]";

/// Asks about the builds of one job.
#[derive(Debug)]
pub struct Source {
    asker: Asker,
    name: String,
    place: String,
    remote: Option<String>,
}

/// Where a job is, for people.
pub fn place(jenkins: &Jenkins) -> String {
    let job = jenkins.job.trim_end_matches('/');
    job.split_once("://").map_or(job, |(_, rest)| rest).to_owned()
}

impl Source {
    /// Nothing was asked yet.
    pub fn new(name: &str, jenkins: &Jenkins, setup: &Setup) -> Self {
        let manner = Manner {
            base: jenkins.job.trim_end_matches('/').to_owned(),
            headers: Vec::new(),
            user: jenkins.user.clone(),
            allow_http: jenkins.allow_http,
            credential: jenkins.token.clone().map_or(Credential::First(Vec::new()), Credential::Named),
        };
        let remote = jenkins.remote.clone();
        Self { asker: Asker::new(manner, setup), name: clean(name), place: clean(&place(jenkins)), remote }
    }

    /// Asks about the commit that is checked out.
    ///
    /// # Errors
    /// When the job's builds cannot be read.
    pub async fn look(&mut self, target: &Target) -> Result<Looked, HttpError> {
        let head = head_of(target)?;
        self.asker.begin(target.now).await?;
        let mut job: Job = self.asker.get(BUILDS).await?;
        let mut at = String::new();
        if job.builds.is_empty() && !job.jobs.is_empty() {
            at = self.branch_job(&job, target)?;
            job = self.asker.get(&format!("{at}{BUILDS}")).await?;
        }
        let remote = self.remote.as_deref();
        let mut builds: Vec<Build> = job.builds.into_iter().filter(|build| build.built(&head, remote)).collect();
        builds.sort_by_key(|build| std::cmp::Reverse(build.number));
        let tests = match builds.first() {
            Some(build) => self.tests(&format!("{at}/{}", build.number)).await?,
            None => None,
        };
        let settled = judge(&builds, tests.as_ref(), &self.name, &self.place, &head);
        let is_done = !builds.is_empty() && settled.iter().all(|it| it.run.state != RunState::Running);
        let mut report = together(settled);
        report.flaky = tests.map(|tests| tests.flaky(&self.name)).unwrap_or_default();
        Ok(Looked { report, pause: if is_done { REST } else { BUSY } })
    }

    /// The job of the branch that is checked out. Jenkins names it by the branch with `/` as `%2F`.
    fn branch_job(&self, job: &Job, target: &Target) -> Result<String, HttpError> {
        let Some(branch) = &target.checkout.branch else {
            let what = format!("{}: no branch is checked out, so that its job is not known", self.place);
            return Err(
                HttpError::new(Kind::Refused, what).with_remedy("check the branch out, or name its job in `job`")
            );
        };
        let encoded = segment(branch);
        match job.jobs.iter().find(|inner| inner.name == encoded || inner.name == *branch) {
            Some(inner) => Ok(format!("/job/{}", segment(&inner.name))),
            None => {
                let what = format!("{}: it has no job for the branch {}", self.place, clean(branch));
                Err(HttpError::new(Kind::Refused, what)
                    .with_remedy("push the branch, and let Jenkins scan the repository"))
            }
        }
    }

    /// The test report of a build; none if it has none.
    async fn tests(&mut self, at: &str) -> Result<Option<TestReport>, HttpError> {
        match self.asker.get::<TestReport>(&format!("{at}{TESTS}")).await {
            Ok(report) => Ok(Some(report)),
            Err(error) if error.kind == Kind::Status(404) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
