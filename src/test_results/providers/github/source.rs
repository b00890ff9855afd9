//! Asks GitHub about a commit: a handful of requests, one after the other, most of them answered with "unchanged".

use std::collections::HashMap;
use std::time::Duration;

use super::model::{
    Annotation, Artifact, ArtifactPage, Branch, CheckPage, CheckRun, Explanation, Job, Repository, Required, Rule,
    RunPage, Seen, StatusPage, WorkflowRun, required_by_protection, required_by_rules,
};
use crate::config::schema::{Git, GitHub};
use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::http::{HttpError, Kind};
use crate::test_results::model::{Light, Report};
use crate::test_results::providers::artifact::{self, Member};
use crate::test_results::providers::ask::{Asker, Credential, Manner, segment};
use crate::test_results::providers::judge::{Settled, named, page};
use crate::test_results::providers::members::{Origin, add};
use crate::test_results::providers::remote::Looked;
use crate::test_results::providers::{Setup, Target, head_of};

/// Between two looks while something runs.
const BUSY: Duration = Duration::from_secs(10);
/// Between two looks when everything has come to its end.
const REST: Duration = Duration::from_secs(30);
/// The names of artifacts that probably hold test reports, where the configuration names none.
const LIKELY: [&str; 6] = ["*junit*", "*test-result*", "*test_result*", "*test-report*", "*test_report*", "*surefire*"];
/// The largest artifact that is downloaded: the limit of a body.
const LARGEST: u64 = crate::http::BODY_LIMIT as u64;
/// Failed checks whose steps and annotations are asked for.
const EXPLAINED: usize = 5;
/// The most artifacts that are downloaded for a commit.
const ARTIFACTS: usize = 50;

/// Asks about the commits of one repository.
#[derive(Debug)]
pub struct Source {
    pub(super) asker: Asker,
    name: String,
    place: String,
    pub(super) repository: String,
    branch: Option<String>,
    checks: Vec<String>,
    artifacts: Option<Vec<String>>,
    /// Reports of artifacts, by the artifact's number; an artifact never changes.
    unpacked: HashMap<u64, Result<Vec<Member>, String>>,
    explained: HashMap<u64, Explanation>,
}

/// Where a repository is, for people: `github.com/acme/checkout`.
pub fn place(github: &GitHub) -> String {
    format!("{}/{}", github.web_host(), github.repository)
}

fn credential(github: &GitHub) -> Credential {
    match &github.token {
        Some(secret) => Credential::Named(secret.clone()),
        None => Credential::First(github.usual_tokens()),
    }
}

impl Source {
    /// Nothing was asked yet.
    pub fn new(name: &str, github: &GitHub, git: &Git, setup: &Setup) -> Self {
        let headers = [("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")];
        let manner = Manner {
            base: github.api().to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            user: None,
            allow_http: github.allow_http,
            credential: credential(github),
        };
        let plain = git.targets.iter().find(|target| !target.contains(['*', '?', '[', '{']));
        Self {
            asker: Asker::new(manner, setup),
            name: clean(name),
            place: clean(&place(github)),
            repository: github.repository.clone(),
            branch: github.branch.clone().or_else(|| plain.cloned()),
            checks: github.checks.clone(),
            artifacts: github.artifacts.clone(),
            unpacked: HashMap::new(),
            explained: HashMap::new(),
        }
    }

    /// Asks about the commit that is checked out.
    ///
    /// # Errors
    /// When the checks of the commit cannot be read. What else cannot be read is in the way of green, and no error.
    pub async fn look(&mut self, target: &Target) -> Result<Looked, HttpError> {
        let head = head_of(target)?;
        self.asker.begin(target.now).await?;
        let mut seen = Seen::default();
        let commit = format!("/repos/{}/commits/{head}", self.repository);
        match self.asker.pages::<CheckPage>(&format!("{commit}/check-runs?filter=latest&per_page=100")).await {
            Ok(pages) => seen.checks = pages,
            Err(error) if error.kind == Kind::Status(422) => return Ok(self.unpushed(&head, target)),
            Err(error) => return Err(error),
        }
        seen.statuses = self.asker.pages::<StatusPage>(&format!("{commit}/status?per_page=100")).await?;
        self.find_required(&mut seen).await?;
        let runs = self.find_runs(&mut seen, &head).await?;
        self.explain(&mut seen).await;
        let mut settled = self.judged(&seen, &head, runs.err());
        self.find_approvals(&mut settled, &head).await;
        let is_busy = settled.run.ci.as_ref().is_some_and(|ci| ci.progress.is_none_or(|at| at.done < at.total));
        let report = self.with_artifacts(settled, &seen, &head).await?;
        let pause = self.asker.pace(if is_busy { BUSY } else { REST });
        Ok(Looked { report, pause })
    }

    /// A server that does not tell of reviews is no trouble: then a person says who looked at it.
    async fn find_approvals(&mut self, settled: &mut Settled, head: &Oid) {
        let found = self.approvals(head).await;
        let ci = settled.run.ci.get_or_insert_default();
        match found {
            Ok(approvals) => ci.approvals = approvals,
            Err(error) if matches!(error.kind, Kind::Status(403 | 404)) => {}
            Err(error) => ci.notes.push(format!("its reviews cannot be read: {}", error.what)),
        }
    }

    fn judged(&self, seen: &Seen, head: &Oid, no_runs: Option<HttpError>) -> Settled {
        let mut settled = seen.judge(&self.name, head);
        settled.run.source.clone_from(&self.place);
        let ci = settled.run.ci.get_or_insert_default();
        if let Some(error) = no_runs {
            match self.artifacts {
                Some(_) => ci.lack(2, Light::Unknown, format!("its artifacts cannot be read: {}", error.what)),
                None => ci.notes.push(format!("Actions cannot be read, hence no artifacts: {}", error.what)),
            }
        }
        if !self.asker.is_authenticated() && self.place.starts_with("github.com/") {
            ci.notes.push("asked without a token: 60 requests an hour".to_owned());
        }
        settled
    }

    /// GitHub does not know the commit.
    fn unpushed(&self, head: &Oid, target: &Target) -> Looked {
        let mut settled = Seen::default().judge(&self.name, head);
        settled.run.source.clone_from(&self.place);
        let ci = settled.run.ci.get_or_insert_default();
        let branch =
            target.checkout.branch.as_ref().map_or_else(String::new, |branch| format!(" of {}", clean(branch)));
        ci.missing.clear();
        ci.lack(8, Light::Unknown, format!("{}{branch} is not on {}: push it", head.short(), self.place));
        Looked { report: settled.report(), pause: self.asker.pace(BUSY) }
    }

    /// Which checks have to succeed: those that the configuration names, those that the branch's rules name, and those of
    /// its classic protection.
    async fn find_required(&mut self, seen: &mut Seen) -> Result<(), HttpError> {
        seen.required = self.checks.iter().map(|name| Required::new(name, None)).collect();
        let branch = match &self.branch {
            Some(branch) => branch.clone(),
            None => match self.asker.get::<Repository>(&format!("/repos/{}", self.repository)).await?.default_branch {
                Some(branch) => branch,
                None => return Ok(()),
            },
        };
        let (repository, segment) = (self.repository.clone(), segment(&branch));
        let rules = format!("/repos/{repository}/rules/branches/{segment}?per_page=100");
        let mut unknown = Vec::new();
        match self.asker.pages::<Vec<Rule>>(&rules).await {
            Ok(pages) => seen.required.extend(required_by_rules(&pages.concat())),
            Err(error) => unknown.push(self.tolerated(error)?),
        }
        match self.asker.get::<Branch>(&format!("/repos/{repository}/branches/{segment}")).await {
            Ok(branch) => seen.required.extend(required_by_protection(&branch)),
            Err(error) => unknown.push(self.tolerated(error)?),
        }
        seen.required.dedup();
        // Names in the configuration are an answer of their own.
        seen.required_unknown = unknown.into_iter().next().filter(|_| self.checks.is_empty());
        Ok(())
    }

    /// A refusal is an answer; anything else ends the look.
    fn tolerated(&self, error: HttpError) -> Result<String, HttpError> {
        match error.kind {
            Kind::Status(403 | 404) if error.retry_after.is_none() => {
                Ok(format!("{}; name them in `checks`, or another branch in `branch`", error.what))
            }
            _ => Err(error),
        }
    }

    /// The runs of workflows, and which of them passed after a failed attempt. A token may not be allowed to see them.
    async fn find_runs(&mut self, seen: &mut Seen, head: &Oid) -> Result<Result<(), HttpError>, HttpError> {
        let path = format!("/repos/{}/actions/runs?head_sha={head}&per_page=100", self.repository);
        let pages = match self.asker.pages::<RunPage>(&path).await {
            Ok(pages) => pages,
            Err(error) if matches!(error.kind, Kind::Status(403 | 404)) && error.retry_after.is_none() => {
                return Ok(Err(error));
            }
            Err(error) => return Err(error),
        };
        let ours = |run: &WorkflowRun| run.head_sha == head.as_str();
        let listed: usize = pages.iter().map(|page| page.workflow_runs.len()).sum();
        seen.more_runs = pages.first().and_then(|page| page.total_count) != Some(listed as u64);
        seen.runs = pages.into_iter().flat_map(|page| page.workflow_runs).filter(ours).collect();
        for run in seen.runs.clone() {
            let attempt = run.run_attempt.unwrap_or(1);
            if attempt > 1 && run.conclusion.as_deref() == Some("success") && self.has_failed(&run, attempt - 1).await?
            {
                seen.retried.push(run);
            }
        }
        Ok(Ok(()))
    }

    async fn has_failed(&mut self, run: &WorkflowRun, attempt: u32) -> Result<bool, HttpError> {
        let path = format!("/repos/{}/actions/runs/{}/attempts/{attempt}", self.repository, run.id);
        match self.asker.get::<WorkflowRun>(&path).await {
            Ok(earlier) => Ok(matches!(earlier.conclusion.as_deref(), Some("failure" | "timed_out"))),
            // What an attempt came to that is not told any more counts as a failure.
            Err(error) if error.kind == Kind::Status(404) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Adds the steps and places of failed checks. What cannot be had is only missing in the text.
    async fn explain(&mut self, seen: &mut Seen) {
        let failed = |run: &&CheckRun| run.conclusion.as_deref() == Some("failure");
        let runs = seen.checks.iter().flat_map(|page| &page.check_runs).filter(failed).take(EXPLAINED);
        for run in runs.cloned().collect::<Vec<_>>() {
            let Some(id) = run.id else { continue };
            if !self.explained.contains_key(&id) {
                let explanation = self.explanation(&run, id).await;
                self.explained.insert(id, explanation);
            }
        }
        seen.explained = self.explained.iter().map(|(id, why)| (*id, why.clone())).collect();
    }

    async fn explanation(&mut self, run: &CheckRun, id: u64) -> Explanation {
        let mut explanation = Explanation::default();
        if run.output.as_ref().and_then(|output| output.annotations_count).unwrap_or(0) > 0 {
            let path = format!("/repos/{}/check-runs/{id}/annotations?per_page=20", self.repository);
            explanation.annotations = self.asker.get::<Vec<Annotation>>(&path).await.unwrap_or_default();
        }
        if run.app.as_ref().and_then(|app| app.slug.as_deref()) == Some("github-actions") {
            let path = format!("/repos/{}/actions/jobs/{id}", self.repository);
            let job = self.asker.get::<Job>(&path).await.unwrap_or_default();
            let failed = job.steps.into_iter().filter(|step| step.conclusion.as_deref() == Some("failure"));
            explanation.steps = failed.map(|step| step.name).collect();
        }
        explanation
    }

    /// Adds the reports in the artifacts of runs that have come to their end.
    async fn with_artifacts(&mut self, mut settled: Settled, seen: &Seen, head: &Oid) -> Result<Report, HttpError> {
        let (mut found, mut listed) = (Vec::new(), Vec::new());
        for run in seen.runs.iter().filter(|run| run.status.as_deref() == Some("completed")) {
            let artifacts = self.list(run, &mut settled).await?;
            listed.extend(artifacts.iter().map(|artifact| artifact.id));
            found.extend(artifacts.into_iter().map(|artifact| (run.clone(), artifact)));
        }
        self.unpacked.retain(|id, _| listed.contains(id));
        let is_busy = settled.run.state == crate::test_results::model::RunState::Running;
        let ci = settled.run.ci.get_or_insert_default();
        for pattern in self.artifacts.iter().flatten().filter(|_| !is_busy) {
            if !found.iter().any(|(_, artifact)| named(pattern, &artifact.name)) {
                ci.lack(2, Light::Unknown, format!("no artifact is called {}", clean(pattern)));
            }
        }
        let mut report = settled.report();
        for (run, artifact) in found.into_iter().take(ARTIFACTS) {
            let origin = Origin {
                source: format!("{}: {}: {}", self.place, run.title(), clean(&artifact.name)),
                page: page(run.html_url.as_deref()),
                ended_at: artifact.created_at.or(run.updated_at),
                attempt: run.run_attempt,
            };
            let members = self.members(&artifact).await?;
            add(&mut report, &self.name, head, &origin, members, self.artifacts.is_some());
        }
        Ok(report)
    }

    /// The artifacts of a run that hold test reports: of one name the newest.
    async fn list(&mut self, run: &WorkflowRun, settled: &mut Settled) -> Result<Vec<Artifact>, HttpError> {
        let path = format!("/repos/{}/actions/runs/{}/artifacts?per_page=100", self.repository, run.id);
        let pages = match self.asker.pages::<ArtifactPage>(&path).await {
            Ok(pages) => pages,
            Err(error) if matches!(error.kind, Kind::Status(403 | 404)) && error.retry_after.is_none() => {
                let what = format!("{}: its artifacts cannot be listed: {}", run.title(), error.what);
                settled.run.ci.get_or_insert_default().lack(2, Light::Unknown, what);
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let total = pages.first().and_then(|page| page.total_count);
        let mut artifacts: Vec<Artifact> = pages.into_iter().flat_map(|page| page.artifacts).collect();
        if total != Some(artifacts.len() as u64) {
            let what = format!("{}: not all of its artifacts were listed", run.title());
            settled.run.ci.get_or_insert_default().lack(2, Light::Unknown, what);
        }
        let likely: Vec<String> = LIKELY.iter().map(|name| (*name).to_owned()).collect();
        let patterns = self.artifacts.as_ref().unwrap_or(&likely);
        let is_meant = |artifact: &Artifact| {
            let name = artifact.name.to_lowercase();
            patterns.iter().any(|pattern| named(pattern, &artifact.name) || named(&pattern.to_lowercase(), &name))
        };
        artifacts.retain(is_meant);
        artifacts.sort_by_key(|artifact| std::cmp::Reverse((artifact.created_at, artifact.id)));
        let mut names = std::collections::HashSet::new();
        artifacts.retain(|artifact| names.insert(artifact.name.clone()));
        Ok(artifacts)
    }

    /// The reports in an artifact, or why there are none.
    async fn members(&mut self, artifact: &Artifact) -> Result<Result<Vec<Member>, String>, HttpError> {
        if artifact.expired {
            return Ok(Err("it has expired".to_owned()));
        }
        if artifact.size_in_bytes > LARGEST {
            return Ok(Err(format!("larger than {} MiB: not downloaded", LARGEST / 1024 / 1024)));
        }
        if let Some(known) = self.unpacked.get(&artifact.id) {
            return Ok(known.clone());
        }
        let path = format!("/repos/{}/actions/artifacts/{}/zip", self.repository, artifact.id);
        let members = match self.asker.download(&path).await {
            Ok(bytes) => {
                let unpacked = tokio::task::spawn_blocking(move || artifact::reports(&bytes)).await;
                unpacked.unwrap_or_else(|_| Err("it cannot be unpacked: a fault of this program".to_owned()))
            }
            Err(error)
                if matches!(error.kind, Kind::Status(403 | 404 | 410) | Kind::TooLarge)
                    && error.retry_after.is_none() =>
            {
                return Ok(Err(error.what));
            }
            Err(error) => return Err(error),
        };
        self.unpacked.insert(artifact.id, members.clone());
        Ok(members)
    }
}
