//! `hotfix change`

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use color_eyre::eyre::WrapErr;
use jiff::Timestamp;
use serde::Serialize;

use super::gather::Around;
use super::{Context, Exit, production, refused};
use crate::change::continuity::Continuity;
use crate::change::facts;
use crate::change::model::{Observation, Report, Worktree};
use crate::change::source::{self, Settings};
use crate::change::text;
use crate::config::load;
use crate::config::schema::Config;
use crate::evidence::{self, Evidence, Failure};
use crate::project::Project;

/// How long what the other rooms said is used, while git is watched.
const AROUND: Duration = Duration::from_secs(15);

/// What git knows about the hotfix.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Args {
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Goes on, and prints again whenever something changed
    #[arg(long)]
    watch: bool,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let settings = settings(&context.directory)?;
    // Without a hotfix.toml no test, canary or approval is waited for: git alone is asked, and as fast as can be.
    let project = Project::open(&context.directory).ok();
    let configured = project.as_ref().and_then(|it| Some((it, it.loaded().ok()??.config.clone())));
    if args.watch {
        let beside = configured.map(|(project, config)| Beside { project, config, asked: None });
        return watch(args, context, settings, beside);
    }
    let settings = match &configured {
        Some((project, config)) => production::settings(project, config, context.now),
        None => settings,
    };
    // The reads share nothing, so that none waits for another.
    let ((report, worktree), around) = std::thread::scope(|scope| {
        let around =
            configured.as_ref().map(|(project, config)| scope.spawn(|| Around::ask(project, config, context.now)));
        let read = source::read_all(&context.directory, &settings);
        (read, around.and_then(|it| it.join().ok()))
    });
    let report = report.map_err(|failure| refused(&failure))?;
    let worktree = worktree.map(|it| it.value);
    let around = around.unwrap_or_default();
    let chain = around.continuity(report.clone(), report.observed_at);
    done(print(args, &report.value, worktree.as_ref().map_err(Clone::clone), chain.as_ref()))
}

/// The other rooms, asked now and then.
struct Beside<'p> {
    project: &'p Project,
    config: Config,
    asked: Option<(Instant, Around)>,
}

impl Beside<'_> {
    /// The chain for what git just told.
    fn continuity(&mut self, change: &Evidence<Report>) -> Option<Continuity> {
        let now = Timestamp::now();
        if self.asked.as_ref().is_none_or(|(at, _)| at.elapsed() > AROUND) {
            self.asked = Some((Instant::now(), Around::ask(self.project, &self.config, now)));
        }
        self.asked.as_ref()?.1.continuity(change.clone(), now)
    }
}

fn watch(args: Args, context: &Context, settings: Settings, mut beside: Option<Beside>) -> color_eyre::Result<Exit> {
    let (send, receive) = mpsc::channel();
    let handle = source::start(&context.directory, settings, move |observation| {
        send.send(observation).ok();
    });
    let mut state = crate::change::model::State::default();
    for observation in receive {
        let is_settled = !matches!(
            observation,
            Observation::Report(evidence::Observation::Started(_))
                | Observation::Worktree(evidence::Observation::Started(_))
        );
        if !state.update(observation) || !is_settled {
            continue;
        }
        let known = state.worktree.value();
        let Some(report) = state.report.evidence() else {
            // What cannot be read at all is no use to wait for.
            match state.report.failure() {
                Some(failure) => return Err(refused(failure)),
                None => continue,
            }
        };
        let Some(worktree) = known.map(Ok).or_else(|| state.worktree.failure().cloned().map(Err)) else { continue };
        let chain = beside.as_mut().and_then(|beside| beside.continuity(report));
        if !print(args, &report.value, worktree, chain.as_ref()).wrap_err("standard output")? {
            break;
        }
    }
    drop(handle);
    Ok(Exit::Ok)
}

fn done(printed: io::Result<bool>) -> color_eyre::Result<Exit> {
    printed.wrap_err("standard output").map(|_| Exit::Ok)
}

/// Prints once; `false` when nobody reads any more.
fn print(
    args: Args,
    report: &Report,
    worktree: Result<&Worktree, Failure>,
    chain: Option<&Continuity>,
) -> io::Result<bool> {
    let report = &whole(report.clone(), worktree.as_ref().ok().copied(), chain);
    let text = if args.json {
        let document = Document { schema: 1, report, worktree: worktree.ok(), continuity: chain };
        serde_json::to_string(&document).map_err(io::Error::other)? + "\n"
    } else {
        text::page(report, worktree, chain)
    };
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true),
    }
}

/// The facts about the work tree and the chain take their places among those about commits.
fn whole(mut report: Report, worktree: Option<&Worktree>, chain: Option<&Continuity>) -> Report {
    for told in chain.iter().flat_map(|chain| [chain.fact(), chain.evidence()]) {
        report.facts.retain(|fact| fact.id != told.id);
        report.facts.push(told);
    }
    report.facts.push(facts::work_tree(worktree));
    report.facts.sort_by_key(|fact| fact.id);
    report
}

/// The contract of `hotfix change --json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    #[serde(flatten)]
    report: &'a Report,
    worktree: Option<&'a Worktree>,
    continuity: Option<&'a Continuity>,
}

/// The settings of the repository's `hotfix.toml`; defaults without one.
fn settings(directory: &Path) -> color_eyre::Result<Settings> {
    let Ok(start) = directory.canonicalize() else { return Ok(Settings::default()) };
    let loaded = load::find(&start)?;
    Ok(loaded.map_or_else(Settings::default, |loaded| Settings::from(&loaded.config)))
}
