//! `hotfix rollout`: how far a release is that goes out step by step, and what steers it, with the guards of the pane.

use std::io::{self, BufRead, IsTerminal};

use color_eyre::eyre::{bail, eyre};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::rollback::{Desk, chance};
use super::{Context, Exit, gather, print};
use crate::config::schema::{Config, RolloutSource};
use crate::config::trust::Permit;
use crate::evidence::text::clean;
use crate::evidence::{Generation, Observation};
use crate::http::Client;
use crate::incident::{Decision, Entry};
use crate::project::Project;
use crate::rollback::executor::{self, Executor, Eyes, survey};
use crate::rollback::guard;
use crate::rollback::model::Plan;
use crate::rollback::rollout::model::{Act, Analysis, Phase, Rollout, Side};
use crate::rollback::rollout::state::{Asked, Order, State, caution};
use crate::rollback::rollout::{questions, read};

const ACTS: [Act; 5] = [Act::Promote, Act::PromoteFully, Act::Pause, Act::Resume, Act::Abort];

/// How far the rollout is, and what steers it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do with it; without it nothing is done
    #[arg(value_name = "ACT")]
    act: Option<Word>,
    /// Do just what `hotfix rollout --json` names by this hash; the first twelve digits are enough
    #[arg(long, value_name = "HASH", requires = "act", value_parser = super::rollback::hash)]
    yes: Option<String>,
    /// Why more users get it although the canary does not speak for it
    #[arg(long, value_name = "TEXT", requires = "act", value_parser = super::entry::not_empty)]
    reason: Option<String>,
    /// Who does it; your configured name, git's user.name or the login without it
    #[arg(long, value_name = "NAME", requires = "act")]
    by: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What can be asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Word {
    /// The next step
    Promote,
    /// Past all steps: asks for a letter, or for --yes
    Full,
    /// Stay where it is
    Pause,
    /// Go on
    Resume,
    /// All traffic back to the stable version: asks for a letter, or for --yes
    Abort,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: &Args, context: &Context) -> color_eyre::Result<Exit> {
    let project = Project::open(&context.directory)?;
    let config = project.config()?;
    let source = RolloutSource::of(&config)
        .ok_or_else(|| eyre!("no rollout is known: hotfix.toml has no [rollout], nor an engine that has one"))?;
    let permit = super::rollback::permit(&project)?;
    let (directory, state) = (project.root.clone(), project.journal_folder().ok());
    let eyes = Eyes { permit, http: Client::new(), directory, state, hide: std::sync::Arc::new(|_| {}) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = runtime.block_on(look(&eyes, &source)).map_err(|why| eyre!("the rollout cannot be seen: {why}"))?;
    let mut state = State::default();
    let (now, name) = (context.now, format!("rollout {}", seen.name));
    let evidence = seen.clone().seen(&name, now, source.interval);
    state.seen.observe(Observation::Seen(Generation(1), Box::new(evidence)));
    let Some(word) = args.act else {
        print(&if args.json { serde_json::to_string(&document(&seen, now))? + "\n" } else { text(&seen) })?;
        return Ok(exit(seen.phase));
    };
    let desk = Desk::open(&project, args.by.as_deref())?;
    if let Some(holder) = executor::holder(&desk.folder) {
        bail!("a rollback runs, and has the last word: {holder}");
    }
    let against = || against(&project, &config, permit, now);
    let order = ordered(&mut state, act(word), args, against, now)?;
    steer(&desk, &desk.executor(permit, &project), order, args.json, now)
}

/// Has the order carried out, and tells what came of it.
fn steer(
    desk: &Desk,
    executor: &Executor,
    (order, against): Ordered,
    as_json: bool,
    now: Timestamp,
) -> color_eyre::Result<Exit> {
    if let Some((why, reason)) = against {
        let reason = format!("break-glass: {reason}");
        desk.record(
            &Entry::Decided { decision: Decision::Promote, reason, readiness: Some(why), snapshot: None },
            now,
        )?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tell: &executor::Tell = &|_| {};
    let steered = runtime.block_on(executor.steer(&order, tell));
    print(&if as_json {
        let (act, detail) = (&order.step.name, &steered.detail);
        let done = json!({ "schema": 1, "rollout": order.rollout, "act": act, "followed": steered.followed,
            "detail": detail });
        serde_json::to_string(&done)? + "\n"
    } else {
        steered.words(&order) + "\n"
    })?;
    Ok(match steered.followed {
        Some(true) => Exit::Ok,
        Some(false) => Exit::Failed,
        None => Exit::NotEnoughData,
    })
}

fn act(word: Word) -> Act {
    match word {
        Word::Promote => Act::Promote,
        Word::Full => Act::PromoteFully,
        Word::Pause => Act::Pause,
        Word::Resume => Act::Resume,
        Word::Abort => Act::Abort,
    }
}

async fn look(eyes: &Eyes, source: &RolloutSource) -> Result<Rollout, String> {
    let answers = survey::ask_all(eyes, questions(source)).await?;
    read(source, &answers, Timestamp::now())
}

/// What speaks against giving the canary more users. Nobody else waits for its metrics.
fn against(project: &Project, config: &Config, permit: Permit, now: Timestamp) -> Option<String> {
    let seen = gather::canary(project, config, Some(permit), now);
    let verdict = seen.as_ref().and_then(|seen| seen.fresh(now)).map(|it| it.value.verdict);
    caution(config.canary.is_some(), verdict)
}

/// The order, and what speaks against it with the reason for it all the same.
type Ordered = (Order, Option<(String, String)>);

/// The order, and why it is given although something speaks against it; an error where it must not be.
fn ordered(
    state: &mut State,
    act: Act,
    args: &Args,
    caution: impl FnOnce() -> Option<String>,
    now: Timestamp,
) -> color_eyre::Result<Ordered> {
    let caution = if act.widens() { caution() } else { None };
    let against = match (caution, &args.reason) {
        (None, _) => None,
        (Some(why), Some(reason)) => Some((why, reason.clone())),
        (Some(why), None) => bail!("{why}: say it with --reason"),
    };
    match state.ask(act, None, now, now) {
        Asked::Refused(why) => Err(eyre!("it cannot {}: {why}", act.label())),
        Asked::TakenBack => Err(eyre!("nothing was done")),
        Asked::Now(order) => Ok((*order, against)),
        Asked::Soon => {
            let order = state.pending.take().map(|pending| pending.order).ok_or_else(|| eyre!("nothing was done"))?;
            Ok((order, against))
        }
        Asked::Guarded(order, _) => {
            confirm(&order, args)?;
            Ok((*order, against))
        }
    }
}

/// What cannot be taken back wants the letter of the moment, or the hash of just this order.
fn confirm(order: &Order, args: &Args) -> color_eyre::Result<()> {
    let hash = hash(order)?;
    match &args.yes {
        Some(named) if hash.starts_with(named) => return Ok(()),
        Some(_) => bail!("the rollout is not where it was shown: look again, it is {} now", Plan::short_hash(&hash)),
        None if io::stdin().is_terminal() && io::stdout().is_terminal() => {}
        None => bail!("nobody can be asked here: name what `hotfix rollout --json` shows with --yes HASH"),
    }
    let letter = guard::letter(&[], chance()).ok_or_else(|| eyre!("no letter is free"))?;
    print(&format!(
        "{}: {}\n  {}\ntype {letter} and Enter to do it; anything else cancels: ",
        order.rollout,
        order.step.name,
        order.step.action.detail()
    ))?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    if typed.trim_end_matches(['\r', '\n']) == letter.to_string() { Ok(()) } else { Err(eyre!("nothing was done")) }
}

/// SHA-256 over what would be done, in hexadecimal: another place of the rollout is another order.
fn hash(order: &Order) -> serde_json::Result<String> {
    let text = serde_json::to_string(&(&order.rollout, &order.step))?;
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// As the gate of a pipeline needs it: 0 while it goes well, 1 when it does not, 5 when nobody says.
fn exit(phase: Phase) -> Exit {
    match phase {
        Phase::Progressing | Phase::Paused | Phase::Healthy => Exit::Ok,
        Phase::Aborted | Phase::Failed => Exit::Failed,
        Phase::Unknown => Exit::NotEnoughData,
    }
}

fn text(it: &Rollout) -> String {
    let weight = match (it.desired, it.actual) {
        (Some(desired), Some(actual)) if desired != actual => format!(", {actual}% of {desired}%"),
        (_, Some(weight)) | (Some(weight), None) => format!(", {weight}%"),
        (None, None) => String::new(),
    };
    let mut lines = vec![format!("{} {}{weight}", it.name, it.phase.label())];
    let current = it.current.unwrap_or(it.steps.len());
    let word = |(index, step): (usize, &String)| if index == current { format!("[{step}]") } else { step.clone() };
    if !it.steps.is_empty() {
        lines.push(it.steps.iter().enumerate().map(word).collect::<Vec<_>>().join(" - "));
    }
    lines.extend(it.pause.as_ref().map(|pause| match (&pause.why, pause.lasts) {
        (Some(why), _) => format!("waits: {why}"),
        (None, Some(lasts)) => format!("waits for {} s", lasts.as_secs()),
        (None, None) => "waits for a person".into(),
    }));
    lines.extend([("stable", &it.stable), ("canary", &it.canary)].iter().filter_map(|(name, side)| {
        let words: Vec<&str> = [side.revision.as_deref(), side.image.as_deref()].into_iter().flatten().collect();
        (!words.is_empty()).then(|| format!("{name}: {}", words.join(" ")))
    }));
    lines.extend(it.analysis.iter().map(|it| {
        let [ok, failed, inconclusive, errors] = it.counts;
        format!("{} {}: {ok} ok, {failed} failed, {inconclusive} inconclusive, {errors} errors", it.name, it.phase)
    }));
    lines.extend((!it.message.is_empty()).then(|| it.message.clone()));
    lines.extend(ACTS.iter().map(|act| match it.controls.of(*act) {
        Ok(step) => format!("can {}: {}", act.label(), step.name),
        Err(why) => format!("cannot {}: {why}", act.label()),
    }));
    clean_lines(&lines)
}

fn clean_lines(lines: &[String]) -> String {
    lines.iter().map(|line| clean(line) + "\n").collect()
}

fn document(it: &Rollout, now: Timestamp) -> Value {
    let side = |side: &Side| json!({ "revision": side.revision, "image": side.image });
    let analysis = |it: &Analysis| {
        let [ok, failed, inconclusive, errors] = it.counts;
        json!({ "name": it.name, "phase": it.phase, "value": it.value, "ok": ok, "failed": failed,
            "inconclusive": inconclusive, "errors": errors, "limit": it.limit })
    };
    let control = |act: &Act| {
        let order = it.controls.of(*act).clone().map(|step| Order { act: *act, step: *step, rollout: it.name.clone() });
        let (can, why) = match order {
            Ok(order) => (
                json!({ "name": order.step.name, "detail": order.step.action.detail(),
                "hash": hash(&order).ok() }),
                Value::Null,
            ),
            Err(why) => (Value::Null, Value::String(why)),
        };
        json!({ "act": word(*act), "order": can, "refused": why })
    };
    json!({
        "schema": 1,
        "name": it.name,
        "phase": it.phase.label().to_lowercase(),
        "message": it.message,
        "steps": it.steps,
        "current": it.current,
        "desired_percent": it.desired,
        "actual_percent": it.actual,
        "pause": it.pause.as_ref().map(|it| {
            json!({ "since": it.since, "lasts_s": it.lasts.map(|it| it.as_secs_f64()), "why": it.why })
        }),
        "analysis": it.analysis.iter().map(analysis).collect::<Vec<_>>(),
        "pods": it.pods.map(|it| {
            json!({ "desired": it.desired, "updated": it.updated, "ready": it.ready, "available": it.available })
        }),
        "stable": side(&it.stable),
        "canary": side(&it.canary),
        "owner": it.owner,
        "acts": ACTS.iter().map(control).collect::<Vec<_>>(),
        "observed_at": now,
    })
}

fn word(act: Act) -> &'static str {
    match act {
        Act::Promote => "promote",
        Act::PromoteFully => "full",
        Act::Pause => "pause",
        Act::Resume => "resume",
        Act::Abort => "abort",
    }
}
