//! Carrying a plan out, told line by line as it goes.

use std::sync::mpsc::{self, Sender};
use std::thread;

use color_eyre::eyre::eyre;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::cli::{Exit, print};
use crate::incident::{Entry, RollbackEnd};
use crate::rollback::execution::{Execution, Progress, step_word};
use crate::rollback::executor::{Executor, Rehearsed, Tell, Tried};
use crate::rollback::model::Plan;
use crate::rollback::state::Order;

/// Carries an order out. The first Ctrl-C stops it after the step at hand, the second one leaves.
///
/// # Errors
/// When it did not begin, because somebody else holds the lock, or when nobody waited for its end.
pub fn run(executor: &Executor, order: Order, as_json: bool) -> color_eyre::Result<Exit> {
    let begun = order.resumed.clone();
    let (tell, told) = mpsc::channel();
    // Printing may block for as long as it likes, the rollback does not wait for it.
    let printer = thread::spawn(move || {
        let mut execution = begun;
        for progress in told {
            if !as_json {
                let _ = print(&sentence(&progress));
            }
            take(&mut execution, &progress);
        }
        execution
    });
    let end = Runtime::new()?.block_on(watched(executor, order, tell));
    let execution = printer.join().map_err(|_| eyre!("the printing broke down"))?;
    let end = end.map_err(|why| eyre!(why))?;
    if as_json {
        print(&document(end, execution.as_ref())?)?;
    }
    Ok(if end == RollbackEnd::Verified { Exit::Ok } else { Exit::Failed })
}

async fn watched(executor: &Executor, order: Order, tell: Sender<Progress>) -> Result<RollbackEnd, String> {
    let stop = CancellationToken::new();
    let tell = move |progress| drop(tell.send(progress));
    let run = executor.run(order, &tell, &stop);
    tokio::select! {
        end = run => end,
        () = interrupted_twice(&stop) => {
            Err("left while a step runs: it goes on by itself; `hotfix rollback --resume` picks it up".into())
        }
    }
}

async fn interrupted_twice(stop: &CancellationToken) {
    for _ in 0..2 {
        if tokio::signal::ctrl_c().await.is_err() {
            return std::future::pending().await;
        }
        if !stop.is_cancelled() {
            eprintln!("hotfix: stops after the step at hand; once more leaves at once");
        }
        stop.cancel();
    }
}

fn take(execution: &mut Option<Execution>, progress: &Progress) {
    match progress {
        Progress::Recorded(record) => {
            if let Some(entry) = Entry::of(record) {
                Execution::apply(execution, &entry, &record.actor, record.at);
            }
        }
        Progress::Unjournaled { entry, by, at, .. } => {
            Execution::apply(execution, entry, by, *at);
            execution.iter_mut().for_each(|it| it.unjournaled = true);
        }
        _ => {}
    }
}

/// What is printed of a progress: some whole lines.
fn sentence(progress: &Progress) -> String {
    match progress {
        Progress::Recorded(record) => Entry::of(record).map_or_else(String::new, |entry| of_entry(&entry)),
        Progress::Unjournaled { entry, why, .. } => format!("{}  WARNING: {why}\n", of_entry(entry)),
        Progress::Output(batch) => batch.lines.iter().map(|line| format!("  | {line}\n")).collect(),
        Progress::Looking(seen) => format!("  looking: {seen}\n"),
        Progress::Said(what) => format!("  {what}\n"),
        Progress::Refused(_) | Progress::Ended(_) => String::new(),
    }
}

fn of_entry(entry: &Entry) -> String {
    match entry {
        Entry::RollbackFired { target, .. } => format!("rolling back to {target}\n"),
        Entry::Step { index, name, state, detail, .. } => {
            let why = detail.as_ref().map_or_else(String::new, |detail| format!(": {detail}"));
            format!("step {} `{name}` {}{why}\n", index + 1, step_word(*state))
        }
        Entry::RollbackEnded { end, detail, .. } => format!("{}: {detail}\n", end.label()),
        _ => String::new(),
    }
}

/// How a rollback came out, as one JSON object.
fn document(end: RollbackEnd, execution: Option<&Execution>) -> serde_json::Result<String> {
    let steps: Vec<Value> = execution
        .iter()
        .flat_map(|execution| &execution.steps)
        .map(|step| json!({ "name": step.name, "state": step.state, "detail": step.detail, "at": step.at }))
        .collect();
    let document = json!({
        "schema": 1,
        "hash": execution.map(|it| &it.hash),
        "target": execution.map(|it| &it.target),
        "end": end,
        "detail": execution.and_then(|it| it.end.as_ref()).map(|ended| &ended.detail),
        "steps": steps,
        "unjournaled": execution.is_some_and(|it| it.unjournaled),
    });
    Ok(serde_json::to_string(&document)? + "\n")
}

/// Rehearses a plan and tells how each part went.
///
/// # Errors
/// When nothing can be printed.
pub fn rehearse(executor: &Executor, plan: &Plan, as_json: bool) -> color_eyre::Result<Exit> {
    let tell: &Tell = &move |progress| match progress {
        Progress::Unjournaled { why, .. } => eprintln!("hotfix: WARNING: {why}"),
        // A validation may take half an hour.
        Progress::Looking(what) | Progress::Said(what) if !as_json => eprintln!("{what}"),
        _ => {}
    };
    let rehearsed = Runtime::new()?.block_on(executor.rehearse(plan, tell));
    print(&if as_json { rehearsal_document(plan, &rehearsed)? } else { rehearsal_text(&rehearsed) })?;
    Ok(if rehearsed.passed { Exit::Ok } else { Exit::Failed })
}

fn rehearsal_text(rehearsed: &Rehearsed) -> String {
    let line = |(tried, what): &(Tried, String)| {
        let word = match tried {
            Tried::Well => "well",
            Tried::Badly => "BADLY",
            Tried::Nothing => "nothing",
        };
        format!("{word:<8} {what}\n")
    };
    // What was not tried went neither well nor badly: that it is untried is what one must know.
    let untried = rehearsed.lines.iter().filter(|(tried, _)| *tried == Tried::Nothing).count();
    let end = match (rehearsed.passed, untried) {
        (false, _) => "rehearsed: NOT all went well\n".to_owned(),
        (true, 0) => "rehearsed: all went well\n".to_owned(),
        (true, _) => format!("rehearsed: nothing failed, and {untried} without a rehearsal were not tried\n"),
    };
    rehearsed.lines.iter().map(line).collect::<String>() + &end
}

fn rehearsal_document(plan: &Plan, rehearsed: &Rehearsed) -> serde_json::Result<String> {
    let word = |tried: &Tried| match tried {
        Tried::Well => "well",
        Tried::Badly => "badly",
        Tried::Nothing => "nothing",
    };
    let parts: Vec<Value> =
        rehearsed.lines.iter().map(|(tried, what)| json!({ "state": word(tried), "what": what })).collect();
    let document = json!({ "schema": 1, "hash": plan.hash(), "passed": rehearsed.passed, "parts": parts });
    Ok(serde_json::to_string(&document)? + "\n")
}
