//! What GitHub says of a commit, decoded with lenience and judged without (pure).
//!
//! Whatever is not plainly a success is none. A check that was skipped or is neutral
//! satisfies GitHub and proves nothing: it did not run.

pub use super::payload::*;
use crate::evidence::Oid;
use crate::evidence::text::{clean, clean_block};
use crate::test_results::model::{Check, FailureKind, Outcome, TestFailure};
use crate::test_results::providers::judge::{Checks, Needed, Settled, named, page};

/// The longest text of a check that is shown, in bytes.
const TEXT: usize = 8 * 1024;

/// A check that has to succeed, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Required {
    /// Its name; `*` stands for anything, where a person wrote it.
    pub context: String,
    /// The app that has to make it; any without it.
    pub app: Option<i64>,
}

/// What classic protection requires.
pub fn required_by_protection(branch: &Branch) -> Vec<Required> {
    let Some(checks) = branch.protection.as_ref().and_then(|it| it.required_status_checks.as_ref()) else {
        return Vec::new();
    };
    let with_app = checks.checks.iter().map(|check| Required::new(&check.context, check.app_id));
    let by_name = checks.contexts.iter().filter(|name| !checks.checks.iter().any(|check| check.context == **name));
    with_app.chain(by_name.map(|name| Required::new(name, None))).collect()
}

/// What rules require.
pub fn required_by_rules(rules: &[Rule]) -> Vec<Required> {
    let checks = rules.iter().filter(|rule| rule.r#type == "required_status_checks");
    let checks = checks.filter_map(|rule| rule.parameters.as_ref()).flat_map(|it| &it.required_status_checks);
    checks.map(|check| Required::new(&check.context, check.integration_id)).collect()
}

impl Required {
    /// A negative app is any.
    pub fn new(context: &str, app: Option<i64>) -> Self {
        Self { context: context.to_owned(), app: app.filter(|app| *app >= 0) }
    }
}

/// All that was read of a commit.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The checks, and how many there should be.
    pub checks: Vec<CheckPage>,
    /// The statuses, and how many there should be.
    pub statuses: Vec<StatusPage>,
    /// Which checks have to succeed; empty when nothing says so.
    pub required: Vec<Required>,
    /// Why it is not known which checks have to succeed.
    pub required_unknown: Option<String>,
    /// Whether there are more runs of workflows than were listed.
    pub more_runs: bool,
    /// The runs of workflows.
    pub runs: Vec<WorkflowRun>,
    /// Runs that passed after an attempt that failed.
    pub retried: Vec<WorkflowRun>,
    /// What is known of failed checks beside their own words, by their numbers.
    pub explained: Vec<(u64, Explanation)>,
}

/// Why a check failed.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// The steps that failed.
    pub steps: Vec<String>,
    /// Where.
    pub annotations: Vec<Annotation>,
}

/// How a check run stands, and in GitHub's words.
pub fn outcome(status: Option<&str>, conclusion: Option<&str>) -> (Outcome, String) {
    let outcome = match (status, conclusion) {
        (Some("completed"), Some("success")) => Outcome::Success,
        (Some("completed"), Some("failure" | "timed_out" | "startup_failure")) => Outcome::Failed,
        (Some("completed"), Some("skipped" | "neutral")) => Outcome::NotRun,
        (Some("queued" | "in_progress" | "waiting" | "requested" | "pending"), None) => Outcome::Running,
        _ => Outcome::Unknown,
    };
    let word = if status == Some("completed") { conclusion } else { status };
    (outcome, clean(word.unwrap_or("no word")))
}

fn status_outcome(state: &str) -> Outcome {
    match state {
        "success" => Outcome::Success,
        "failure" | "error" => Outcome::Failed,
        "pending" => Outcome::Running,
        _ => Outcome::Unknown,
    }
}

impl Seen {
    /// What it comes to for `head`, as the source named `name`.
    pub fn judge(&self, name: &str, head: &Oid) -> Settled {
        let mut checks = Checks::new(name, head);
        let listed: u64 = self.checks.iter().map(|page| page.check_runs.len() as u64).sum();
        checks.all_read("checks", listed, self.checks.first().map(|page| page.total_count));
        let listed: u64 = self.statuses.iter().map(|page| page.statuses.len() as u64).sum();
        checks.all_read("statuses", listed, self.statuses.first().map(|page| page.total_count));
        if self.statuses.iter().any(|page| page.sha != head.as_str()) {
            checks.lack_subject("the commit statuses are of another commit");
        }
        let runs: Vec<&CheckRun> = self.checks.iter().flat_map(|page| &page.check_runs).collect();
        let statuses: Vec<&Status> = self.statuses.iter().flat_map(|page| &page.statuses).collect();
        for run in runs.iter().filter(|run| run.head_sha != head.as_str()) {
            checks.lack_subject(format!("the check {} is about another commit", clean(&run.name)));
        }
        let needs_all = self.required.is_empty();
        for run in &runs {
            let is_named = self.required.iter().any(|required| run.is(required));
            checks.add(self.check(run), Needed::of(is_named, needs_all), self.failure(name, run));
        }
        for status in &statuses {
            let is_named = self.required.iter().any(|required| named(&required.context, &status.context));
            checks.add(status.check(), Needed::of(is_named, needs_all), status.failure(name));
        }
        for required in &self.required {
            self.look_for(required, &runs, &statuses, &mut checks);
        }
        if let Some(why) = &self.required_unknown {
            checks.lack(2, format!("which checks are required is not known: {why}"));
        }
        if self.more_runs {
            checks.lack(2, "not all runs of workflows were listed");
        }
        if needs_all {
            self.judge_runs(&runs, &mut checks);
        }
        self.retried.iter().for_each(|run| checks.retried(&run.title(), run.run_attempt.unwrap_or(2)));
        let mut settled = checks.settle();
        settled.run.ci.get_or_insert_default().attempt = self.runs.iter().filter_map(|run| run.run_attempt).max();
        settled.note(self.tested_as_merge());
        settled
    }

    /// Where nobody names what has to succeed, every workflow has to: one that waits has no check yet, and one that cannot start
    /// never has any.
    fn judge_runs(&self, checks_of_runs: &[&CheckRun], checks: &mut Checks) {
        let has_failed =
            |run: &&CheckRun| outcome(run.status.as_deref(), run.conclusion.as_deref()).0 == Outcome::Failed;
        let is_told = checks_of_runs.iter().any(has_failed);
        for run in self.newest_runs() {
            let (outcome, word) = outcome(run.status.as_deref(), run.conclusion.as_deref());
            let what = format!("{} says {word}", run.title());
            match outcome {
                // What was skipped is told by its checks.
                Outcome::Success | Outcome::NotRun => {}
                Outcome::Running => checks.waits(what),
                Outcome::Failed if is_told => {}
                Outcome::Failed => checks.failed(what),
                Outcome::Unknown => checks.lack(3, format!("{what}: that is no success")),
            }
        }
    }

    /// Of each workflow, for each event, the newest run: it takes the place of those before it.
    fn newest_runs(&self) -> impl Iterator<Item = &WorkflowRun> {
        let is_newer = |run: &WorkflowRun, other: &WorkflowRun| {
            run.workflow() == other.workflow()
                && run.event == other.event
                && (run.run_number, run.id) > (other.run_number, other.id)
        };
        self.runs.iter().filter(move |run| !self.runs.iter().any(|other| is_newer(other, run)))
    }

    fn look_for(&self, required: &Required, runs: &[&CheckRun], statuses: &[&Status], checks: &mut Checks) {
        let of_run = runs.iter().any(|run| run.is(required));
        let of_status = statuses.iter().any(|status| named(&required.context, &status.context));
        let name = clean(&required.context);
        match (of_run, of_status, required.app) {
            (true, ..) | (_, true, None) => {}
            (false, true, Some(_)) => checks.lack_word(format!("{name}: a status does not tell which app made it")),
            (false, false, Some(_)) if runs.iter().any(|run| named(&required.context, &run.name)) => {
                checks.lack(2, format!("the required check {name} was made by another app"));
            }
            (false, false, _) => checks.lack(2, format!("the required check {name} has not reported")),
        }
    }

    fn check(&self, run: &CheckRun) -> Check {
        let (outcome, word) = outcome(run.status.as_deref(), run.conclusion.as_deref());
        Check {
            name: clean(&run.name),
            outcome,
            word,
            required: false,
            page: page(run.html_url.as_deref()).or_else(|| page(run.details_url.as_deref())),
            ended_at: run.completed_at,
        }
    }

    fn failure(&self, source: &str, run: &CheckRun) -> TestFailure {
        let explained = run.id.and_then(|id| self.explained.iter().find(|(of, _)| *of == id)).map(|(_, why)| why);
        let annotations = explained.map_or(&[][..], |why| &why.annotations);
        let place = annotations.iter().find(|it| it.annotation_level.as_deref() == Some("failure"));
        let output = run.output.as_ref();
        let mut text = vec![format!("conclusion: {}", outcome(run.status.as_deref(), run.conclusion.as_deref()).1)];
        text.extend(explained.iter().flat_map(|why| &why.steps).map(|step| format!("failed at: {step}")));
        text.extend(
            [output.and_then(|it| it.title.clone()), output.and_then(|it| it.summary.clone())].into_iter().flatten(),
        );
        text.extend(annotations.iter().map(Annotation::line));
        text.extend(page(run.html_url.as_deref()));
        TestFailure {
            run: source.to_owned(),
            suite: run.app.as_ref().and_then(|app| app.slug.as_deref()).map(clean).unwrap_or_default(),
            class: String::new(),
            name: clean(&run.name),
            kind: FailureKind::Failure,
            message: clean_block(&text.join("\n"), TEXT),
            location: place.map(Annotation::place),
            ..TestFailure::default()
        }
    }

    fn tested_as_merge(&self) -> Option<String> {
        let of_request = |run: &&WorkflowRun| run.event.starts_with("pull_request");
        let run = self.runs.iter().find(of_request)?;
        Some(format!("{}: tested as merged with its base, not as it is", run.title()))
    }
}

impl CheckRun {
    fn is(&self, required: &Required) -> bool {
        let app = self.app.as_ref().and_then(|app| app.id);
        named(&required.context, &self.name) && (required.app.is_none() || required.app == app)
    }
}

impl Status {
    fn check(&self) -> Check {
        Check {
            name: clean(&self.context),
            outcome: status_outcome(&self.state),
            word: clean(&self.state),
            required: false,
            page: page(self.target_url.as_deref()),
            ended_at: self.updated_at,
        }
    }

    fn failure(&self, source: &str) -> TestFailure {
        let text = [Some(format!("state: {}", self.state)), self.description.clone(), page(self.target_url.as_deref())];
        TestFailure {
            run: source.to_owned(),
            suite: "commit status".to_owned(),
            class: String::new(),
            name: clean(&self.context),
            kind: FailureKind::Failure,
            message: clean_block(&text.into_iter().flatten().collect::<Vec<_>>().join("\n"), TEXT),
            ..TestFailure::default()
        }
    }
}

impl Annotation {
    fn place(&self) -> String {
        let line = self.start_line.map_or_else(String::new, |line| format!(":{line}"));
        clean(&format!("{}{line}", self.path))
    }

    fn line(&self) -> String {
        format!("{}: {}", self.place(), self.message.as_deref().unwrap_or_default())
    }
}

impl WorkflowRun {
    fn workflow(&self) -> Option<&str> {
        self.path.as_deref().or(self.name.as_deref())
    }

    /// `CI #562`
    pub fn title(&self) -> String {
        let number = self.run_number.map_or_else(String::new, |number| format!(" #{number}"));
        clean(&format!("{}{number}", self.name.as_deref().unwrap_or("workflow")))
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
