//! A release of Helm: `helm rollback` to an explicit healthy revision. Without one it goes to the revision before,
//! even if that failed.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{Native, Question, Right, Wanted, prints, step};
use crate::config::schema::{Helm, Verify};
use crate::evidence::text::clean;
use crate::rollback::model::Step;
use crate::rollback::plan::{Contents, Problem};

/// What `helm` may take longer than it was told to wait.
const SLACK: Duration = Duration::from_secs(10);
/// Revisions that are looked at; Helm keeps ten unless told otherwise.
const HISTORY: &str = "--max=256";

/// A line of a release's history.
#[derive(Debug, Clone, Deserialize)]
struct Revision {
    revision: u64,
    #[serde(default)]
    status: String,
    #[serde(default)]
    chart: String,
    #[serde(default)]
    app_version: String,
}

pub(super) fn questions(it: &Helm) -> Vec<Question> {
    vec![Question::Run(helm(it, &["history", &it.release, HISTORY, "--output=json"]))]
}

/// A revision is kept in a Secret: whoever may make none cannot roll back. What the chart's own objects want is told
/// by the rehearsal alone.
pub(super) fn rights(it: &Helm) -> Vec<Right> {
    let context = it.context.iter().map(|context| format!("--context={context}"));
    let words = ["auth", "can-i", "create", "secrets"].map(str::to_owned);
    let namespace = [format!("--namespace={}", it.namespace)];
    let argv = std::iter::once("kubectl".to_owned()).chain(context).chain(namespace).chain(words).collect();
    vec![Right { name: "the right to create the release's secret".into(), argv }]
}

pub(super) fn native(it: &Helm, contents: &Contents, answers: &[Value]) -> Result<Native, Problem> {
    let what = "the history of the release";
    let answer = answers.first().ok_or_else(|| Problem::Answer(what, "nobody was asked".into()))?;
    let history: Vec<Revision> =
        Vec::deserialize(answer).map_err(|error| Problem::Answer(what, clean(&error.to_string())))?;
    let wanted = Wanted::of(contents, None)?;
    let last = history.iter().max_by_key(|it| it.revision);
    let last = last.ok_or_else(|| Problem::Answer(what, "it is empty".into()))?;
    if last.is_healthy() && last.is_of(&wanted) {
        return Err(Problem::Already(last.label()));
    }
    let target = history.iter().filter(|it| it.is_healthy() && it.is_of(&wanted)).max_by_key(|it| it.revision);
    let target = target.ok_or_else(|| Problem::NoRevision {
        wanted: wanted.reference.clone(),
        kept: history.iter().map(|it| format!("{} ({})", it.revision, it.label())).collect::<Vec<_>>().join(", "),
    })?;
    let verify = is_back(it, target, &wanted);
    let step = rollback(it, target, verify.clone());
    Ok(Native { steps: vec![step], verify, warnings: warnings(it, last), flag: None })
}

impl Revision {
    /// A revision that was once live. What failed, or hangs, is none to go back to.
    fn is_healthy(&self) -> bool {
        matches!(self.status.as_str(), "deployed" | "superseded")
    }

    fn is_of(&self, wanted: &Wanted) -> bool {
        wanted.is_version(&self.app_version) || wanted.is_chart(&self.chart)
    }

    fn label(&self) -> String {
        clean(&format!("{} {} {}", self.chart, self.app_version, self.status))
    }
}

fn helm(it: &Helm, args: &[&str]) -> Vec<String> {
    let context = it.context.iter().map(|context| format!("--kube-context={context}"));
    let namespace = format!("--namespace={}", it.namespace);
    let args = args.iter().map(|&arg| arg.to_owned());
    std::iter::once("helm".to_owned()).chain(args).chain([namespace]).chain(context).collect()
}

fn rollback(it: &Helm, target: &Revision, verify: Verify) -> Step {
    let (number, timeout) = (target.revision.to_string(), format!("--timeout={}s", it.timeout.as_secs()));
    let args = ["rollback", &it.release, &number, "--wait", &timeout];
    let rehearse = helm(it, &["rollback", &it.release, &number, "--dry-run"]);
    let name = format!("roll back to revision {number}");
    Step { rehearse: Some(rehearse), ..step(name, helm(it, &args), it.timeout + SLACK, Some(verify)) }
}

/// A rollback is a new revision with the old chart. One that hangs has the old chart too, and is not back.
fn is_back(it: &Helm, target: &Revision, wanted: &Wanted) -> Verify {
    let by_app = wanted.is_version(&target.app_version);
    let (key, value) = if by_app { ("app_version", &target.app_version) } else { ("chart", &target.chart) };
    Verify {
        json: Some(format!("$[0]['status','{key}']")),
        ..prints(helm(it, &["history", &it.release, "--max=1", "--output=json"]), format!("deployed {value}"))
    }
}

fn warnings(it: &Helm, last: &Revision) -> Vec<String> {
    let mut warnings = Vec::new();
    if last.status.starts_with("pending") {
        let status = clean(&last.status);
        warnings.push(format!("the last operation never ended ({status}): a rollback to a revision heals that"));
    }
    warnings.push("Helm takes back neither CRDs nor data; hooks of the old chart run".into());
    if it.context.is_none() {
        warnings.push("whatever cluster helm has as its current context is used: name one as `context`".into());
    }
    warnings
}
