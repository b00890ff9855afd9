//! `hotfix tests`

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use color_eyre::eyre::{WrapErr, eyre};
use jiff::Timestamp;
use serde::Serialize;

use super::entry::{self, Common, not_empty};
use super::{Context, Exit, servers, validation};
use crate::change;
use crate::config::schema::Config;
use crate::config::trust::{Permit, Trust};
use crate::evidence::{Evidence, Generation, Observation, Oid, Subject};
use crate::incident::entry::Acceptance;
use crate::incident::{Entry, Incident};
use crate::project::Project;
use crate::test_results::live::Progress;
use crate::test_results::model::{Claim, Green, Report, Run, State, TestFailure, Totals};
use crate::test_results::past::Past;
use crate::test_results::providers::{self, Asked, Deploying, Heard};
use crate::test_results::source::here;
use crate::test_results::{baseline, source};
use crate::ui::pane::short;

/// Lines of a failure's message that are printed.
const MESSAGE_LINES: usize = 12;
/// Between two looks at files that were named.
const PAUSE: Duration = Duration::from_millis(500);

const AFTER: &str = "\
Without FILE, the sources of hotfix.toml are read, or the well-known places where test runners leave their reports, and judged
against HEAD. With FILE, no project is needed and no commit is assumed. Formats are told by content: JUnit XML, TRX, NUnit,
xUnit.net, go test -json, libtest JSON, TAP, CTRF, `sf apex run test --json`.

Exit code: 0 when all is well (at least one test ran, none failed, every report was there and whole, none claims more failures
than it shows, no command failed), 1 otherwise, 2 when it could not run. It does not tell for which commit: `hotfix status` does.";

/// Test results, from the configuration or from files.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Report files; `-` is standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Report files of production: failures are told as new, changed or pre-existing against them
    #[arg(long, value_name = "FILE")]
    pub baseline: Vec<PathBuf>,
    /// Runs the tests of every source with a `run` in hotfix.toml first; their output goes to standard error
    #[arg(long, conflicts_with = "files")]
    pub run: bool,
    /// Prints one JSON object, one a line with --watch
    #[arg(long)]
    pub json: bool,
    /// Goes on, and prints again when something changed
    #[arg(long)]
    pub watch: bool,
    /// Accepts for HEAD what keeps the verdict amber: failures of production, flaky, skipped and missing tests
    #[arg(long, value_name = "REASON", value_parser = not_empty, conflicts_with_all = ["files", "watch", "baseline", "run"])]
    pub accept: Option<String>,
    /// Starts a validation of what is checked out, by the Salesforce source of this name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["files", "watch", "baseline"])]
    pub validate: Option<String>,
    /// Deploys what is checked out, with its tests, by the Salesforce source of this name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["files", "watch", "baseline", "validate"])]
    pub deploy: Option<String>,
    /// Deploys what the last validation proved, if it still holds for HEAD
    #[arg(long, value_name = "NAME", conflicts_with_all = ["files", "watch", "baseline", "validate", "deploy"])]
    pub quick: Option<String>,
    /// Starts the tests of what the org holds, by the Salesforce source of this name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["files", "watch", "baseline", "validate", "deploy", "quick"])]
    pub apex: Option<String>,
    /// Asks the org to end what was started last
    #[arg(long, value_name = "NAME", conflicts_with_all = ["files", "watch", "baseline", "validate", "deploy", "quick", "apex"])]
    pub cancel: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    #[serde(flatten)]
    report: &'a Report,
    /// Whether that proves HEAD; `null` where no commit is asked about.
    verdict: Option<&'a Green>,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { files, baseline, run, json, watch, accept, validate, deploy, quick, apex, cancel } = args;
    let starts = [(validate, Deploying::Validation), (deploy, Deploying::Deployment), (quick, Deploying::Quick)];
    if let Some((name, kind)) = starts.into_iter().find_map(|(name, kind)| Some((name?, kind))) {
        return validation::start(kind, &name, json, context);
    }
    if let Some(name) = apex {
        return validation::run_apex(&name, json, context);
    }
    if let Some(name) = cancel {
        return validation::cancel(&name, json, context);
    }
    if let Some(reason) = accept {
        return accepted(reason, json, context);
    }
    let baseline = baseline_of(&baseline, context)?;
    let printer = Printer { json, watch };
    match (files.is_empty(), watch) {
        (false, false) => {
            let mut report = source::read_files(&files, &context.directory, context.now);
            if let Some(baseline) = &baseline {
                baseline::classify_by_files(&mut report, baseline);
            }
            printer.print(&report, None, context.now)
        }
        (false, true) => watch_files(&files, baseline.as_ref(), context, printer),
        (true, false) => {
            let place = Place::of(&context.directory)?;
            let now = if run { place.run_here()? } else { context.now };
            let state = place.look_with(baseline, now);
            let green = state.verdict(state.head(), now);
            state.report.value().map_or(Ok(Exit::Failed), |report| printer.print(report, Some(&green), now))
        }
        (true, true) => {
            let place = Place::of(&context.directory)?;
            if run {
                place.run_here()?;
            }
            watch_project(place, baseline, printer)
        }
    }
}

fn judged(
    evidence: Evidence<Report>,
    baseline: Option<Past>,
    head: Option<Subject>,
    accepted: Option<Acceptance>,
    now: Timestamp,
) -> State {
    let mut state = State::default();
    state.set_baseline(baseline);
    state.set_accepted(accepted);
    state.set_head(head.unwrap_or_default());
    state.update(Observation::Seen(Generation::default(), Box::new(evidence)), now);
    state
}

/// Puts on record that what keeps the tests of HEAD amber is accepted.
fn accepted(reason: String, json: bool, context: &Context) -> color_eyre::Result<Exit> {
    let claim = Place::of(&context.directory)?.look(context.now).claim(context.now);
    let Some(Claim { head, what, hash }) = claim else {
        return Err(eyre!("nothing is to accept: only known failures, flaky, skipped and missing tests are"));
    };
    let common = Common { json, ..Common::default() };
    entry::record(context, &common, |desk, _| {
        let name = desk.by.clone();
        Ok(Entry::TestsAccepted(Box::new(Acceptance { head, what, hash, reason, name })))
    })
}

/// The results of production. One file each for a source of the same name as the file.
fn baseline_of(files: &[PathBuf], context: &Context) -> color_eyre::Result<Option<Past>> {
    if files.is_empty() {
        return Ok(None);
    }
    let report = source::read_files(files, &context.directory, context.now);
    match report.runs.iter().find(|run| !run.complete) {
        Some(run) => Err(eyre!("the baseline {} is {}", run.source, run.state.label())),
        None => Ok(Some(Past::of(&report, None))),
    }
}

/// A project, what its configuration says, and whether that is trusted.
struct Place {
    project: Project,
    config: Config,
    permit: Option<Permit>,
}

impl Place {
    fn of(directory: &Path) -> color_eyre::Result<Self> {
        let project = Project::open(directory)?;
        let permit = project.trust().and_then(|trust| trust.permit());
        Ok(Self { config: project.config()?, project, permit })
    }

    fn setup(&self) -> source::Setup {
        let state = self.project.journal_folder().ok();
        let has_results = state.as_deref().is_some_and(|state| !source::Archive::at(state).is_empty());
        source::Setup {
            root: self.project.root.clone(),
            sources: self.config.tests.clone(),
            production: (has_results || self.has_servers()).then(|| self.production()).flatten(),
            state,
        }
    }

    /// What files and servers say, judged against HEAD.
    fn look(&self, now: Timestamp) -> State {
        self.look_with(None, now)
    }

    fn look_with(&self, baseline: Option<Past>, now: Timestamp) -> State {
        let setup = self.setup();
        let production = servers::known(setup.production.clone());
        let servers = servers::ask(&self.project, &self.config, self.permit, production, now);
        let evidence = providers::join(setup.open().look(None, now), &servers);
        judged(evidence, baseline, source::head(&self.project.root), self.accepted(), now)
    }

    /// What the incident's journal says was last accepted.
    fn accepted(&self) -> Option<Acceptance> {
        let (journal, _) = self.project.journal_read_only().ok()?;
        let id = journal.active_incident().ok()??;
        Incident::fold(&journal.records(&id).ok()?)?.accepted
    }

    /// Whether a server could be asked what it says of production.
    fn has_servers(&self) -> bool {
        self.permit.is_some() && !servers::of(&self.project, &self.config, self.permit).is_empty()
    }

    /// The commit that production runs. Git is asked only when there is something to compare with.
    fn production(&self) -> Option<Oid> {
        let settings = change::source::Settings::from(&self.config);
        change::source::read(&self.project.root, &settings).ok()?.value.production.oid
    }

    /// Runs the tests and returns the time at which they are done.
    fn run_here(&self) -> color_eyre::Result<Timestamp> {
        let permit = self.permit.map_or_else(|| Err(self.why_untrusted()), Ok)?;
        let sources: Vec<_> = self.config.tests.iter().filter(|source| source.run.is_some()).cloned().collect();
        if sources.is_empty() {
            return Err(eyre!("no [[tests]] in hotfix.toml says how to `run` them"));
        }
        let place = here::Place { root: self.project.root.clone(), state: self.project.journal_folder()? };
        let stop = tokio_util::sync::CancellationToken::new();
        let (told, refusal) = mpsc::channel();
        let tell = move |progress| print_progress(progress, &told);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let run = here::run_all(permit, &place, &sources, &tell, &stop);
            tokio::pin!(run);
            tokio::select! {
                () = &mut run => {}
                _ = tokio::signal::ctrl_c() => {
                    stop.cancel();
                    run.await;
                }
            }
        });
        drop(tell);
        match refusal.into_iter().next() {
            Some(why) => Err(eyre!("{why}")),
            None => Ok(Timestamp::now()),
        }
    }

    fn why_untrusted(&self) -> color_eyre::Report {
        match self.project.trust() {
            Some(Trust::Untrusted { why, .. }) => eyre!("hotfix.toml is not trusted ({why}): see `hotfix trust`"),
            _ => eyre!("there is no hotfix.toml: `hotfix init` writes one"),
        }
    }
}

/// Standard output is for the results: what the tests print goes to standard error. A reader that is gone is no reason to stop.
fn print_progress(progress: Progress, refused: &mpsc::Sender<String>) {
    let mut err = io::stderr().lock();
    let _ = match progress {
        Progress::Started { source, command, .. } => writeln!(err, "{source}: runs {command}"),
        Progress::Printed { lines, .. } => lines.iter().try_for_each(|line| writeln!(err, "  {line}")),
        Progress::Ended { source, how, .. } => writeln!(err, "{source}: {how}"),
        Progress::Refused(why) => {
            drop(refused.send(why));
            Ok(())
        }
        Progress::Idle => Ok(()),
    };
}

fn watch_files(
    files: &[PathBuf],
    baseline: Option<&Past>,
    context: &Context,
    printer: Printer,
) -> color_eyre::Result<Exit> {
    let mut before = None;
    loop {
        let now = Timestamp::now();
        let mut report = source::read_files(files, &context.directory, now);
        if let Some(baseline) = baseline {
            baseline::classify(&mut report, baseline);
        }
        if before.as_ref() != Some(&report) {
            printer.print(&report, None, now)?;
            before = Some(report);
        }
        std::thread::sleep(PAUSE);
    }
}

fn watch_project(place: Place, baseline: Option<Past>, printer: Printer) -> color_eyre::Result<Exit> {
    let (root, accepted) = (place.project.root.clone(), place.accepted());
    let (tell, told) = mpsc::channel();
    let _sources = watch_sources(place, tell)?;
    let mut state = State::default();
    state.set_baseline(baseline);
    state.set_accepted(accepted);
    let mut before = None;
    let mut exit = Exit::Failed;
    for observation in told {
        let now = Timestamp::now();
        let head = source::head(&root).unwrap_or_default();
        state.set_head(head.clone());
        state.update(observation, now);
        let Some(report) = state.report.value() else { continue };
        let green = state.verdict(&head, now);
        let picture = (report.clone(), green);
        if before.as_ref() != Some(&picture) {
            exit = printer.print(&picture.0, Some(&picture.1), now)?;
            before = Some(picture);
        }
    }
    Ok(exit)
}

/// What has to live as long as sources are watched.
type Sources = (source::Handle, Option<tokio::runtime::Runtime>);

/// Files on a thread of their own, and servers, where there are any, on a runtime.
fn watch_sources(place: Place, tell: mpsc::Sender<Observation<Report>>) -> color_eyre::Result<Sources> {
    let setup = place.setup();
    let Place { project, config, permit } = place;
    let servers = servers::of(&project, &config, permit);
    let (root, asked) = (project.root, Asked::default());
    asked.set_production(setup.production.clone());
    if servers.is_empty() {
        let handle = source::start(setup, move |observation| drop(tell.send(observation)))?;
        return Ok((handle, None));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (say, heard) = tokio::sync::mpsc::unbounded_channel();
    let ear = (say.downgrade(), heard);
    let send = move |observation| drop(tell.send(observation));
    runtime.spawn(servers.watch(root, asked, ear, send));
    let handle = source::start(setup, move |it| drop(say.send(Heard::Local(it))))?;
    Ok((handle, Some(runtime)))
}

#[derive(Debug, Clone, Copy)]
struct Printer {
    json: bool,
    watch: bool,
}

impl Printer {
    fn print(self, report: &Report, verdict: Option<&Green>, now: Timestamp) -> color_eyre::Result<Exit> {
        let exit = if report.is_clean() { Exit::Ok } else { Exit::Failed };
        let mut out = io::BufWriter::new(io::stdout().lock());
        let written = if self.json {
            write_json(&mut out, &Document { schema: 1, report, verdict }, self.watch)
        } else {
            write_text(&mut out, report, verdict, now)
        };
        match written.and_then(|()| out.flush()) {
            // Whoever read it has enough; with --watch that is the end.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && self.watch => std::process::exit(0),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(exit),
            other => other.map(|()| exit).wrap_err("standard output cannot be written"),
        }
    }
}

fn write_json(out: &mut impl Write, document: &Document<'_>, one_line: bool) -> io::Result<()> {
    if one_line {
        serde_json::to_writer(&mut *out, document)?;
    } else {
        serde_json::to_writer_pretty(&mut *out, document)?;
    }
    writeln!(out)
}

fn write_text(out: &mut impl Write, report: &Report, verdict: Option<&Green>, now: Timestamp) -> io::Result<()> {
    if let Some(green) = verdict {
        writeln!(out, "{} at HEAD: {}", green.light.label(), green.why)?;
        for missing in green.missing.iter().skip(1) {
            let source = if missing.source.is_empty() { "all" } else { &missing.source };
            writeln!(out, "  {}  {source}: {}", missing.light.label(), missing.what)?;
        }
    }
    writeln!(out, "{}", sentence(&report.totals))?;
    report.baseline.iter().try_for_each(|comparison| writeln!(out, "{}", baseline::sentence(comparison)))?;
    for run in &report.runs {
        writeln!(out, "  {}", run_line(run, now))?;
        let lines = run.ci.iter().flat_map(|ci| ci.lines(now));
        lines.into_iter().try_for_each(|line| writeln!(out, "      {line}"))?;
    }
    if !report.failures.is_empty() {
        writeln!(out, "\nfailures")?;
    }
    report.failures.iter().try_for_each(|failure| write_failure(out, failure))?;
    if !report.flaky.is_empty() {
        writeln!(out, "\nflaky: passed at a later attempt only")?;
    }
    for (name, times) in counted(report.flaky.iter().map(|f| [f.class.as_str(), f.name.as_str()])) {
        writeln!(out, "  {name}{}", if times > 1 { format!(" ({times} times)") } else { String::new() })?;
    }
    if !report.warnings.is_empty() {
        writeln!(out, "\nwarnings")?;
    }
    report.warnings.iter().try_for_each(|w| writeln!(out, "  {}: {}", w.source, w.what))
}

/// `12 tests: 10 passed, 1 failed, 1 skipped, in 3.2 s`
fn sentence(totals: &Totals) -> String {
    let counts = [
        (totals.passed, "passed"),
        (totals.failed, "failed"),
        (totals.errored, "errored"),
        (totals.skipped, "skipped"),
        (totals.disabled, "disabled"),
        (totals.flaky, "flaky"),
        (totals.unproven, "passed in incomplete reports"),
    ];
    let told: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let told = if told.is_empty() { "no evidence".to_owned() } else { told.join(", ") };
    let time = totals.duration_s.map_or_else(String::new, |s| format!(", in {s:.1} s"));
    let tests = if totals.tests == 1 { "test" } else { "tests" };
    format!("{} {tests}: {told}{time}", totals.tests)
}

fn run_line(run: &Run, now: Timestamp) -> String {
    let commit = run.subject.as_ref().map_or("unattributed", |oid| oid.short());
    let age = run.observed_at.and_then(|at| Duration::try_from(now.duration_since(at)).ok());
    let age = age.map_or_else(|| "age unknown".to_owned(), |age| format!("{} ago", short(age)));
    format!("{}: {} ({}, {}, {commit}, {age})", run.name, run.source, sentence(&run.totals), run.state.label())
}

fn write_failure(out: &mut impl Write, failure: &TestFailure) -> io::Result<()> {
    let name = joined([&failure.suite, &failure.class, &failure.name]);
    let standing = failure.standing.map_or_else(String::new, |s| format!("{} ", s.label()));
    let location = failure.location.as_ref().map_or_else(String::new, |at| format!(" at {at}"));
    writeln!(out, "  {standing}{name}{location}")?;
    failure.message.lines().take(MESSAGE_LINES).try_for_each(|line| writeln!(out, "      {line}"))?;
    let more = failure.message.lines().count().saturating_sub(MESSAGE_LINES);
    if more > 0 { writeln!(out, "      ({more} more lines)") } else { Ok(()) }
}

/// The parts that say something new, joined.
fn joined<const N: usize>(parts: [&str; N]) -> String {
    let mut said: Vec<&str> = Vec::new();
    for part in parts {
        if !part.is_empty() && said.last() != Some(&part) {
            said.push(part);
        }
    }
    said.join(" > ")
}

fn counted<'a>(names: impl Iterator<Item = [&'a str; 2]>) -> BTreeMap<String, usize> {
    names.fold(BTreeMap::new(), |mut all, name| {
        *all.entry(joined(name)).or_default() += 1;
        all
    })
}

#[cfg(test)]
#[path = "tests_tests.rs"]
mod checks;
