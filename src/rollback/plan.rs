//! From the configuration and git to a plan: pure, so that the preview and the run come from the same words.

use std::convert::Infallible;
use std::time::Duration;

use serde_json::Value;

use super::engine;
use super::lookup;
use super::model::{Class, Plan, Step, StepAction, Undone, Version};
use super::placeholder::{self, FillError, Place, Values};
use crate::change::classes::Reversal;
use crate::change::contents as change;
use crate::config::schema::{self, Engine, Request, Verify};
use crate::evidence::text::clean;

/// The methods that a step may use.
const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

/// How long the HTTP client waits at most, whatever is asked for.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// What git tells of the way back.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// What runs now.
    pub from: Version,
    /// What it goes back to.
    pub to: Version,
    /// Whether git knows of anything that a rollback cannot take back.
    pub class: Class,
    /// The commits in between, newest first.
    pub undoes: Vec<Undone>,
    /// What the operator must know before firing.
    pub warnings: Vec<String>,
    /// Why it goes back to just that version.
    pub chosen: String,
}

impl Contents {
    /// What git tells of the way back, as a plan needs it. What git cannot tell is never clean.
    ///
    /// # Errors
    /// When git knows no version to go back to.
    pub fn of(change: &change::Contents) -> Result<Self, PlanError> {
        let to = change.to.as_ref().ok_or_else(|| {
            let why = change.unknown.first().cloned().unwrap_or_default();
            PlanError { part: "to".into(), problem: Problem::NoTarget(why) }
        })?;
        let class = change.class.map_or(Class::Unsafe, |class| match class {
            Reversal::Clean => Class::Clean,
            Reversal::Compensating => Class::Compensating,
            Reversal::Unsafe => Class::Unsafe,
        });
        let undone =
            |it: &change::Undone| Undone { oid: it.oid.clone(), summary: it.summary.clone(), flags: it.flags.clone() };
        Ok(Self {
            from: version(&change.from),
            to: version(to),
            class,
            undoes: change.undoes.iter().map(undone).collect(),
            warnings: change.unknown.iter().chain(&change.reasons).cloned().collect(),
            chosen: String::new(),
        })
    }
}

/// `HEAD` names another commit tomorrow: the short id stands for it.
fn version(point: &change::Point) -> Version {
    let reference = match &point.oid {
        Some(oid) if point.reference == "HEAD" => oid.short().to_owned(),
        _ => point.reference.clone(),
    };
    Version { reference, oid: point.oid.clone() }
}

/// Why there is no plan: which part of `[rollback]`, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("[rollback] {part}: {problem}")]
pub struct PlanError {
    /// `step "deploy"`, `verify`.
    pub part: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a part of a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nowhere to go.
    #[error("there is no version to go back to: {0}")]
    NoTarget(String),
    /// An engine does not know what to act on.
    #[error("it needs [rollback.{0}], which says what it acts on")]
    NeedsTable(&'static str),
    /// The world did not answer as expected.
    #[error("{0} cannot be read: {1}")]
    Answer(&'static str, String),
    /// Somebody was faster, or production was never there.
    #[error("what it would go back to runs already: {0}")]
    Already(String),
    /// What the world says is in the way of it.
    #[error("{0}")]
    InTheWay(String),
    /// The cluster has forgotten the target.
    #[error("no revision runs {wanted}; there are: {kept}")]
    NoRevision {
        /// The target.
        wanted: String,
        /// The revisions that there are.
        kept: String,
    },
    /// The template is elsewhere.
    #[error("a rollout with a workloadRef has its template elsewhere: list the steps for it")]
    WorkloadRef,
    /// Nothing is done.
    #[error("there are none; write [[rollback.steps]]")]
    NoSteps,
    /// It must be one of two things.
    #[error("must have exactly one of `{0}` and `{1}`")]
    NotOne(&'static str, &'static str),
    /// A command without a program.
    #[error("`{0}` names no program")]
    NoProgram(&'static str),
    /// No argument can hold this.
    #[error("`{0}` holds a NUL character")]
    Nul(&'static str),
    /// Not a method that changes anything. GET is repeated by clients and proxies as they like.
    #[error("the method {0} changes nothing: use POST, PUT, PATCH or DELETE")]
    Method(String),
    /// Nothing to compare.
    #[error("`{0}` needs `{1}` beside it")]
    Needs(&'static str, &'static str),
    /// A placeholder.
    #[error(transparent)]
    Fill(#[from] FillError),
}

/// Builds the plan, every placeholder but `{plan}` filled. `answers` are those to [`engine::questions`].
///
/// # Errors
/// When the configuration makes no sense, a value is not fit for the place that it would fill, or the world has no
/// revision to go back to.
pub fn build(rollback: &schema::Rollback, contents: Contents, answers: &[Value]) -> Result<Plan, PlanError> {
    let looked_up = lookup::filled(rollback, &contents, answers)?;
    let rollback = looked_up.as_ref().unwrap_or(rollback);
    let values = Values { from: &contents.from, to: &contents.to };
    let in_verify = |problem| PlanError { part: "verify".into(), problem };
    let configured = rollback.verify.as_ref().map(|it| build_verify(it, values)).transpose().map_err(in_verify)?;
    let (steps, verify, more) = if rollback.engine == Engine::Steps {
        (listed_steps(rollback, values)?, configured, Vec::new())
    } else if rollback.engine == Engine::GitRevert {
        let (steps, warnings) = engine::git_revert(rollback, answers)?;
        (steps, configured, warnings)
    } else if rollback.engine == Engine::Salesforce {
        let (steps, warnings) = engine::salesforce(rollback, answers)?;
        (steps, configured, warnings)
    } else {
        let native = engine::native(rollback, &contents, answers)?;
        let verify = Some(configured.unwrap_or_else(|| native.verify.clone()));
        if let Some(flag) = native.flag.clone() {
            return Ok(without_flag(rollback.label(), contents.from, native, &flag, verify));
        }
        (native.steps, verify, native.warnings)
    };
    let Contents { from, to, class, undoes, mut warnings, chosen } = contents;
    warnings.extend(more);
    let (name, keeps_code) = (clean(rollback.label()), rollback.keeps_code);
    let (class, undoes) = if keeps_code { (Class::Clean, Vec::new()) } else { (class, undoes) };
    warnings.extend(lost(&undoes));
    warnings.extend(rollback.warnings.iter().map(|warning| clean(warning)));
    Ok(Plan { name, keeps_code, chosen, from, to, class, undoes, steps, verify, warnings })
}

/// A fix of somebody else that would be gone too: the newest commit is the one that goes back.
fn lost(undoes: &[Undone]) -> Option<String> {
    let is_fix = |it: &&Undone| it.flags.iter().any(|flag| flag == "fix" || flag == "security");
    let fixes: Vec<String> =
        undoes.iter().skip(1).filter(is_fix).map(|it| format!("{} {}", it.oid.short(), it.summary)).collect();
    (!fixes.is_empty()).then(|| format!("another fix is lost with it: {}", fixes.join("; ")))
}

/// A plan that leaves the code as it is, so that what git says of going back does not matter.
fn without_flag(name: &str, from: Version, native: engine::Native, flag: &str, verify: Option<Verify>) -> Plan {
    let to = Version { reference: format!("{} without {flag}", from.reference), oid: from.oid.clone() };
    let engine::Native { steps, warnings, .. } = native;
    let (name, chosen, undoes) = (clean(name), String::new(), Vec::new());
    Plan { name, keeps_code: true, chosen, from, to, class: Class::Clean, undoes, steps, verify, warnings }
}

fn listed_steps(rollback: &schema::Rollback, values: Values) -> Result<Vec<Step>, PlanError> {
    if rollback.steps.is_empty() {
        return Err(PlanError { part: "steps".into(), problem: Problem::NoSteps });
    }
    rollback.steps.iter().map(|step| build_step(step, values)).collect()
}

impl Plan {
    /// A step as it is run: with `{plan}` filled too. `None` behind the last one.
    pub fn runnable(&self, index: usize) -> Option<Step> {
        let hash = self.hash();
        let mut step = self.steps.get(index)?.clone();
        match &mut step.action {
            StepAction::Run(argv) => fill_all(argv, &hash),
            StepAction::Http(request) => {
                request.url = placeholder::fill_plan(&request.url, &hash);
                let fill = |text: &str| Ok::<_, Infallible>(placeholder::fill_plan(text, &hash));
                let Ok(()) = request.json.iter_mut().try_for_each(|json| fill_json(json, &fill));
            }
            StepAction::GitRevertPush(_)
            | StepAction::SalesforceDeploy(_)
            | StepAction::Manual(_)
            | StepAction::Flagd(_)
            | StepAction::Wait => {}
        }
        step.rehearse.iter_mut().chain(&mut step.compensate).for_each(|argv| fill_all(argv, &hash));
        step.verify.iter_mut().for_each(|verify| fill_verify(verify, &hash));
        Some(step)
    }

    /// The last look as it is run: with `{plan}` filled too.
    pub fn last_look(&self) -> Option<Verify> {
        let mut verify = self.verify.clone()?;
        fill_verify(&mut verify, &self.hash());
        Some(verify)
    }
}

fn build_step(step: &schema::Step, values: Values) -> Result<Step, PlanError> {
    let problem = |problem| PlanError { part: format!("step {:?}", step.name), problem };
    let action = build_action(step, values).map_err(problem)?;
    let is_wait = action == StepAction::Wait;
    let name = values.fill(&step.name, Place::Plain).unwrap_or_else(|_| step.name.clone());
    let argv = |key, argv: &Option<Vec<String>>| {
        argv.as_ref().map(|it| build_argv(key, it, values)).transpose().map_err(problem)
    };
    let (rehearse, compensate) = (argv("rehearse", &step.rehearse)?, argv("compensate", &step.compensate)?);
    let verify = step.verify.as_ref().map(|it| build_verify(it, values)).transpose().map_err(problem)?;
    let timeout = match (&action, &verify) {
        (StepAction::Http(_), _) => step.timeout.min(REQUEST_LIMIT),
        (StepAction::Wait, Some(verify)) => verify.within,
        _ => step.timeout,
    };
    Ok(Step {
        name: clean(&name),
        action,
        rehearse,
        compensate,
        retries: if step.idempotent { step.retries } else { 0 },
        timeout_s: timeout.as_secs_f64(),
        verify,
        idempotent: step.idempotent || is_wait,
        irreversible: step.irreversible,
    })
}

fn build_action(step: &schema::Step, values: Values) -> Result<StepAction, Problem> {
    match (&step.run, &step.http, &step.manual) {
        (Some(argv), None, None) => Ok(StepAction::Run(build_argv("run", argv, values)?)),
        (None, Some(request), None) => Ok(StepAction::Http(build_request(request, values)?)),
        (None, None, Some(text)) => Ok(StepAction::Manual(clean(&values.fill(text, Place::Plain)?))),
        (None, None, None) if step.verify.is_some() => Ok(StepAction::Wait),
        _ => Err(Problem::NotOne("run", "http")),
    }
}

fn build_argv(key: &'static str, argv: &[String], values: Values) -> Result<Vec<String>, Problem> {
    let program = argv.first().filter(|it| !it.is_empty()).ok_or(Problem::NoProgram(key))?;
    if argv.iter().any(|arg| arg.contains('\0')) {
        return Err(Problem::Nul(key));
    }
    if placeholder::is_used(program) {
        return Err(FillError::Chooses("program").into());
    }
    argv.iter().map(|arg| Ok(values.fill(arg, Place::Plain)?)).collect()
}

fn build_request(request: &Request, values: Values) -> Result<Request, Problem> {
    let method = request.method.to_ascii_uppercase();
    if !METHODS.contains(&method.as_str()) {
        return Err(Problem::Method(clean(&request.method)));
    }
    let url = values.fill(&request.url, Place::Url)?;
    let mut json = request.json.clone();
    json.iter_mut().try_for_each(|json| fill_json(json, &|text| values.fill(text, Place::Plain)))?;
    Ok(Request { method, url, json, ..request.clone() })
}

fn build_verify(verify: &Verify, values: Values) -> Result<Verify, Problem> {
    let places = [verify.run.is_some(), verify.url.is_some(), verify.file.is_some()];
    if places.iter().filter(|is_given| **is_given).count() != 1 {
        return Err(Problem::NotOne("run", "url"));
    }
    if (verify.json.is_some() || !verify.fails.is_empty()) && verify.equals.is_none() {
        return Err(Problem::Needs("json", "equals"));
    }
    let run = verify.run.as_ref().map(|argv| build_argv("verify.run", argv, values)).transpose()?;
    let url = verify.url.as_ref().map(|url| values.fill(url, Place::Url)).transpose()?;
    let plain = |text: &Option<String>| text.as_ref().map(|text| values.fill(text, Place::Plain)).transpose();
    let [file, follow, json, equals] =
        [plain(&verify.file)?, plain(&verify.follow)?, plain(&verify.json)?, plain(&verify.equals)?];
    Ok(Verify { run, url, file, follow, json, equals, ..verify.clone() })
}

/// A look with every placeholder but `{plan}` filled.
///
/// # Errors
/// When it makes no sense, or a value is not fit for its place.
pub fn filled(look: &Verify, contents: &Contents) -> Result<Verify, Problem> {
    build_verify(look, Values { from: &contents.from, to: &contents.to })
}

fn fill_all(argv: &mut [String], hash: &str) {
    argv.iter_mut().for_each(|arg| *arg = placeholder::fill_plan(arg, hash));
}

fn fill_verify(verify: &mut Verify, hash: &str) {
    verify.run.iter_mut().for_each(|argv| fill_all(argv, hash));
    let Verify { url, follow, json, equals, fails, .. } = verify;
    for text in [url, follow, json, equals].into_iter().flatten().chain(fails) {
        *text = placeholder::fill_plan(text, hash);
    }
}

/// Fills the strings of a JSON value; keys stay as they are.
fn fill_json<E>(json: &mut Value, fill: &impl Fn(&str) -> Result<String, E>) -> Result<(), E> {
    match json {
        Value::String(text) => *text = fill(text)?,
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill_json(item, fill))?,
        Value::Object(fields) => fields.values_mut().try_for_each(|item| fill_json(item, fill))?,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
