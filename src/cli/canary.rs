//! `hotfix canary`

use std::path::PathBuf;

use color_eyre::eyre::eyre;
use jiff::Timestamp;

use super::{Context, Exit, judge, print};
use crate::canary::export::Export;
use crate::canary::model::State;
use crate::canary::shown::Shown;
use crate::canary::source::{Keys, Source};
use crate::config::Loaded;
use crate::config::schema::Canary;
use crate::config::trust::{Permit, Trust};
use crate::evidence::Observation;
use crate::http::Client;
use crate::project::Project;

/// The canary against the baseline: 0 healthy, 4 regressed, 5 any other.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Args {
    /// Print one JSON object; with --watch one a line
    #[arg(long)]
    json: bool,
    /// Go on looking until it is interrupted
    #[arg(long)]
    watch: bool,
    /// Print the scrapes as a document for `hotfix judge` instead, which comes to the same verdict
    #[arg(long, conflicts_with_all = ["json", "watch"])]
    export: bool,
}

/// Runs the command.
///
/// # Errors
/// When there is nothing to ask, or it is not trusted. A server that fails is no error: exit 5.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { json, watch, export } = args;
    let (canary, source) = source(context)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if export {
        return runtime.block_on(exported(&canary, source, context.now));
    }
    runtime.block_on(look(State::new(&canary), source, context.now, json, watch))
}

/// What is watched, and who is asked: from a `hotfix.toml` that is trusted.
fn source(context: &Context) -> color_eyre::Result<(Canary, Source)> {
    let (loaded, root, permit) = trusted(context)?;
    let canary = loaded.config.canary.ok_or_else(|| eyre!("hotfix.toml has no [canary]"))?;
    let keys = Keys::resolve(&canary, permit, &root)?;
    let source = Source::new(&canary, permit, Client::new(), keys).in_folder(&root);
    Ok((canary, source))
}

/// The configuration of this folder, with its root and the permit to act upon it.
fn trusted(context: &Context) -> color_eyre::Result<(Loaded, PathBuf, Permit)> {
    let project = Project::open(&context.directory)?;
    let loaded = project.loaded()?.ok_or_else(|| eyre!("no hotfix.toml here: `hotfix init` writes one"))?;
    match project.trust() {
        Some(Trust::Trusted(permit)) => Ok((loaded.clone(), project.root.clone(), permit)),
        Some(Trust::Untrusted { why, .. }) => Err(eyre!("this hotfix.toml is not trusted ({why}): see `hotfix trust`")),
        None => Err(eyre!("no hotfix.toml here: `hotfix init` writes one")),
    }
}

/// What is seen now, as a document. It exits as `hotfix judge` would on it.
async fn exported(canary: &Canary, mut source: Source, mut now: Timestamp) -> color_eyre::Result<Exit> {
    let (mut export, mut state) = (Export::new(canary), State::new(canary));
    for look in 0..looks(&source) {
        if look > 0 {
            now = wait(&source, now).await;
        }
        let seen = source.poll(now).await;
        match &seen {
            Observation::Seen(_, evidence) => export.take(&evidence.value),
            Observation::Failed(_, failure) => return Err(eyre!(failure.what.clone())),
            Observation::Started(_) => {}
        }
        state.update(seen, now);
    }
    print(&(serde_json::to_string(&export.document())? + "\n"))?;
    Ok(state.report.value().map_or(Exit::NotEnoughData, |report| judge::exit(report.verdict)))
}

/// A source that knows the present alone has to be asked twice, an interval apart, to tell anything.
fn looks(source: &Source) -> usize {
    if source.is_of_the_moment() { 2 } else { 1 }
}

/// Waits until the next look is due.
async fn wait(source: &Source, now: Timestamp) -> Timestamp {
    let wait = source.next_at(now).duration_since(now);
    tokio::time::sleep(wait.try_into().unwrap_or_default()).await;
    Timestamp::now()
}

async fn look(
    mut state: State,
    mut source: Source,
    mut now: Timestamp,
    json: bool,
    watch: bool,
) -> color_eyre::Result<Exit> {
    let mut left = looks(&source);
    loop {
        let seen = source.poll(now).await;
        state.update(seen, now);
        left = left.saturating_sub(1);
        if left > 0 && !watch {
            now = wait(&source, now).await;
            continue;
        }
        let shown = Shown::of(&state, now);
        let text = if json { serde_json::to_string(&shown)? + "\n" } else { shown.text(state.report.value()) };
        let is_read = print(&text)?;
        if !watch || !is_read {
            return Ok(shown.believed().map_or(Exit::NotEnoughData, judge::exit));
        }
        now = wait(&source, now).await;
    }
}
