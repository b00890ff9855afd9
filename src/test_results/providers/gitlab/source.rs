//! Asks GitLab about a commit.

use std::time::Duration;

use super::model::{Bridge, Job, Pipeline, TestReport, Whole, judge, newest, retried};
use crate::config::schema::GitLab;
use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::http::{HttpError, Kind};
use crate::test_results::model::{Light, Report};
use crate::test_results::providers::ask::{Asker, Credential, Manner, segment};
use crate::test_results::providers::judge::Settled;
use crate::test_results::providers::remote::Looked;
use crate::test_results::providers::{Setup, Target, head_of, together};

/// Between two looks while something runs.
const BUSY: Duration = Duration::from_secs(10);
/// Between two looks when everything has come to its end.
const REST: Duration = Duration::from_secs(30);
/// The most pipelines of a commit that are looked into.
const PIPELINES: usize = 5;

/// Asks about the commits of one project.
#[derive(Debug)]
pub struct Source {
    pub(super) asker: Asker,
    name: String,
    place: String,
    pub(super) project: String,
}

/// Where a project is, for people: `gitlab.com/acme/checkout`.
pub fn place(gitlab: &GitLab) -> String {
    let url = gitlab.url();
    format!("{}/{}", url.split_once("://").map_or(url, |(_, host)| host), gitlab.project)
}

impl Source {
    /// Nothing was asked yet.
    pub fn new(name: &str, gitlab: &GitLab, setup: &Setup) -> Self {
        let manner = Manner {
            base: format!("{}/api/v4", gitlab.url()),
            headers: Vec::new(),
            user: None,
            allow_http: gitlab.allow_http,
            credential: gitlab.token.clone().map_or(Credential::First(Vec::new()), Credential::Named),
        };
        let project = format!("/projects/{}", segment(&gitlab.project));
        Self { asker: Asker::new(manner, setup), name: clean(name), place: clean(&place(gitlab)), project }
    }

    /// Asks about the commit that is checked out.
    ///
    /// # Errors
    /// When its pipelines cannot be read.
    pub async fn look(&mut self, target: &Target) -> Result<Looked, HttpError> {
        let head = head_of(target)?;
        self.asker.begin(target.now).await?;
        let list = format!("{}/pipelines?sha={head}&order_by=id&per_page=100", self.project);
        let pipelines = newest(self.asker.pages::<Vec<Pipeline>>(&list).await?.concat());
        if pipelines.is_empty() {
            return self.without_pipeline(&head, target).await;
        }
        let mut wholes = Vec::new();
        for pipeline in pipelines.iter().take(PIPELINES) {
            wholes.push(self.whole(pipeline).await?);
        }
        let mut settled = judge(&wholes, &self.name, &self.place, &head);
        self.find_approvals(&mut settled, &head).await;
        let is_busy = settled.iter().any(|it| it.run.state == crate::test_results::model::RunState::Running);
        Ok(Looked { report: together(settled), pause: self.asker.pace(if is_busy { BUSY } else { REST }) })
    }

    async fn whole(&mut self, listed: &Pipeline) -> Result<Whole, HttpError> {
        let at = format!("{}/pipelines/{}", self.project, listed.id);
        let pipeline: Pipeline = self.asker.get(&at).await?;
        let all = self.asker.pages::<Vec<Job>>(&format!("{at}/jobs?include_retried=true&per_page=100")).await?.concat();
        let mut jobs: Vec<Job> = Vec::new();
        let mut newest_first = all.clone();
        newest_first.sort_by_key(|job| std::cmp::Reverse(job.id));
        for job in newest_first {
            if !jobs.iter().any(|known| known.name == job.name) {
                jobs.push(job);
            }
        }
        let bridges = self.asker.pages::<Vec<Bridge>>(&format!("{at}/bridges?per_page=100")).await?.concat();
        let tests = match self.asker.get::<TestReport>(&format!("{at}/test_report")).await {
            // Without the permission or the feature there is no report, which is not the same as an empty one.
            Err(error) if matches!(error.kind, Kind::Status(403 | 404)) && error.retry_after.is_none() => {
                TestReport::default()
            }
            answer => answer?,
        };
        Ok(Whole { pipeline, retried: retried(&all, &jobs), jobs, bridges, tests })
    }

    /// No pipeline: the commit may not be there at all.
    async fn without_pipeline(&mut self, head: &Oid, target: &Target) -> Result<Looked, HttpError> {
        let is_there =
            match self.asker.get::<serde_json::Value>(&format!("{}/repository/commits/{head}", self.project)).await {
                Ok(_) => true,
                Err(error) if error.kind == Kind::Status(404) => false,
                Err(error) => return Err(error),
            };
        let mut settled = judge(&[], &self.name, &self.place, head);
        for Settled { run, .. } in settled.iter_mut().filter(|_| !is_there) {
            let ci = run.ci.get_or_insert_default();
            let branch = target.checkout.branch.as_ref().map_or_else(String::new, |it| format!(" of {}", clean(it)));
            ci.missing.clear();
            ci.lack(8, Light::Unknown, format!("{}{branch} is not on {}: push it", head.short(), self.place));
        }
        if is_there {
            self.find_approvals(&mut settled, head).await;
        }
        let report: Report = together(settled);
        Ok(Looked { report, pause: self.asker.pace(BUSY) })
    }
}
