//! `hotfix doctor`

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use jiff::Timestamp;
use rustix::fs::Access;
use serde::Serialize;

use super::{Context, Exit, print};
use crate::change::deployed::{Said, Track};
use crate::change::source::{self, Kind};
use crate::config::trust::{Permit, Trust};
use crate::config::uses::Uses;
use crate::config::{Loaded, program, user};
use crate::evidence::{Evidence, Failure, text};
use crate::journal::JournalError;
use crate::project::Project;

mod endpoints;
mod metrics;

/// Checks the configuration and reaches every endpoint.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    state: State,
    /// What was found.
    what: String,
    /// What to do about it.
    remedy: Option<String>,
}

impl Check {
    fn ok(what: impl Into<String>) -> Self {
        Self { state: State::Ok, what: what.into(), remedy: None }
    }

    fn warn(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Warn, what: what.into(), remedy: Some(remedy.into()) }
    }

    fn fail(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Fail, what: what.into(), remedy: Some(remedy.into()) }
    }
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let project = Project::open(&context.directory)?;
    let checks = all(&project, context.now);
    let failed = checks.iter().any(|check| check.state == State::Fail);
    let told = if args.json { document(&checks, !failed)? } else { plain(&checks) };
    print(&told)?;
    Ok(if failed { Exit::Failed } else { Exit::Ok })
}

fn document(checks: &[Check], ok: bool) -> color_eyre::Result<String> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: u32,
        ok: bool,
        checks: &'a [Check],
    }
    Ok(serde_json::to_string(&Document { schema: 1, ok, checks })? + "\n")
}

fn plain(checks: &[Check]) -> String {
    let mut out = String::new();
    for check in checks {
        let word = match check.state {
            State::Ok => "ok  ",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        let remedy = check.remedy.as_ref().map_or_else(String::new, |remedy| format!(" — {remedy}"));
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{word}  {}", text::clean_block(&format!("{}{remedy}", check.what), 8 * 1024));
    }
    out
}

fn all(project: &Project, now: Timestamp) -> Vec<Check> {
    let mut checks = vec![git(project)];
    checks.extend(journal(project));
    checks.push(user_defaults());
    match &project.config {
        Err(error) => checks.push(Check::fail(error.to_string(), "mend it")),
        Ok(None) => checks.push(Check::warn("there is no hotfix.toml", "`hotfix init` writes one")),
        Ok(Some(loaded)) => configured(project, loaded, now, &mut checks),
    }
    checks
}

fn git(project: &Project) -> Check {
    let version = git2::Version::get().libgit2_version();
    let library = format!("libgit2 {}.{}.{}", version.0, version.1, version.2);
    let kind = match source::kind(&project.root) {
        Ok(kind) => kind,
        Err(failure) => {
            let remedy = failure.remedy.unwrap_or_else(|| "run hotfix inside the service's repository".into());
            return Check::fail(format!("git: {}", failure.what), remedy);
        }
    };
    if kind.repository.bare {
        return Check::warn("git: the repository is bare", "a clone with a work tree shows more");
    }
    if kind.repository.shallow {
        let what = "git: the clone is shallow, so that older commits are missing";
        return Check::warn(what, "git fetch --unshallow --tags");
    }
    if kind.repository.partial {
        let what = "git: the clone is partial, so that objects may be missing, and hotfix never fetches one";
        return Check::warn(what, "git fetch --refetch --filter=blob:limit=1g");
    }
    match project.head() {
        Some(head) => {
            let (root, readers) = (project.root.display(), readers(&kind, &library));
            Check::ok(format!("git: {root} at {}; {readers}", head.short()))
        }
        None => Check::warn("git: there is no commit yet", "commit something"),
    }
}

/// Who reads what, and why not libgit2.
fn readers(kind: &Kind, library: &str) -> String {
    let history = if kind.repository.backend == "libgit2" { library } else { &kind.repository.backend };
    let because = kind.caution.map_or_else(String::new, |caution| format!(" (there is {caution})"));
    format!("history is read by {history}, diffs by {}, the work tree by git{because}", kind.trees)
}

fn journal(project: &Project) -> Vec<Check> {
    let look = || -> Result<Vec<Check>, JournalError> {
        let folder = project.journal_folder()?;
        let (journal, _) = project.journal_read_only()?;
        let found = journal.verify()?;
        let mut checks = vec![writable(&folder)];
        if let Some(seq) = found.first_bad {
            let what = format!("journal: record {seq} is missing or is not what was written");
            checks.push(Check::fail(what, format!("keep a copy of {}; the records before it hold", folder.display())));
        }
        if let Some(what) = found.head {
            checks.push(Check::fail(what, "the next opening puts the loss on record; look for a backup"));
        }
        if checks.len() == 1 {
            checks.push(Check::ok(format!("journal: {} records, every one as it was written", found.records)));
        }
        Ok(checks)
    };
    look().unwrap_or_else(|error| vec![Check::fail(format!("journal: {error}"), "nothing can be recorded until then")])
}

/// Whether the folder can be written to, or made.
fn writable(folder: &Path) -> Check {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(folder);
    match rustix::fs::access(existing, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Check::ok(format!("journal: kept in {}", folder.display())),
        Err(error) => {
            let what = format!("journal: {} cannot be written to: {error}", existing.display());
            Check::fail(what, "mend its permissions, or set HOTFIX_STATE_DIR")
        }
    }
}

fn user_defaults() -> Check {
    let place = user::path().map_or_else(String::new, |path| path.display().to_string());
    match user::load() {
        Ok(_) => Check::ok(format!("your defaults: {place}")),
        Err(error) => Check::fail(error.to_string(), format!("mend {place}")),
    }
}

fn configured(project: &Project, loaded: &Loaded, now: Timestamp, checks: &mut Vec<Check>) {
    checks.push(Check::ok(format!("configuration: {}", loaded.path.display())));
    let uses = Uses::of(&loaded.config);
    checks.extend(programs(&uses, &loaded.root));
    match project.trust() {
        Some(Trust::Trusted(permit)) => {
            checks.push(Check::ok("trust: exactly this content is trusted"));
            checks.extend(secrets(&uses, &loaded.root, permit));
            checks.extend(endpoints::reach(loaded, permit));
            checks.extend(metrics::look(loaded, permit, now));
            checks.extend(deployed(loaded, permit, now));
        }
        Some(Trust::Untrusted { why, .. }) if !uses.is_empty() => {
            let what = format!("trust: {why}; secrets and endpoints were not touched");
            checks.push(Check::fail(what, "`hotfix trust` shows what it would do, and asks"));
        }
        Some(Trust::Untrusted { .. }) | None => {
            checks.push(Check::ok("trust: not needed, it runs and contacts nothing"));
        }
    }
}

/// Production and the canary are asked in earnest: whether the answer names a version is what one must know before it
/// is needed.
fn deployed(loaded: &Loaded, permit: Permit, now: Timestamp) -> Vec<Check> {
    let answers = super::production::ask(&loaded.root, &loaded.config, Some(permit), now);
    let checks = [(Track::Production, answers.production), (Track::Canary, answers.canary)];
    checks.into_iter().filter_map(|(track, answer)| Some(running(track, answer?))).collect()
}

fn running(track: Track, answer: Result<Evidence<Said>, Failure>) -> Check {
    match answer {
        Ok(seen) => Check::ok(format!("{}: runs {}, says {}", track.label(), seen.value.word(), seen.source)),
        Err(failure) => {
            let remedy =
                failure.remedy.unwrap_or_else(|| "see whether it runs, and whether this machine may reach it".into());
            Check::fail(failure.what, remedy)
        }
    }
}

/// Every program is looked for once; none is run.
fn programs(uses: &Uses, root: &Path) -> Vec<Check> {
    let names: BTreeSet<_> = uses.runs.iter().filter_map(|run| run.argv.first()).collect();
    let is_needed = |name: &String| uses.runs.iter().any(|run| !run.optional && run.argv.first() == Some(name));
    let look = |name: &String| match program::find(name, root) {
        Ok(path) => Check::ok(format!("program {name}: {}", path.display())),
        Err(why) if is_needed(name) => Check::fail(format!("program {name}: {why}"), "install it, or correct the name"),
        Err(why) => Check::warn(format!("program {name}: {why}"), "it is only asked for a token that is not named"),
    };
    names.into_iter().map(look).collect()
}

fn secrets(uses: &Uses, root: &Path, permit: Permit) -> Vec<Check> {
    let mut seen = Vec::new();
    let mut checks = Vec::new();
    for needs in uses.secrets.iter().filter(|needs| !needs.optional) {
        if seen.contains(&&needs.secret) {
            continue;
        }
        seen.push(&needs.secret);
        let name = needs.secret.name();
        checks.push(match needs.secret.resolve(permit, root) {
            Ok(_) => Check::ok(format!("secret {name}: there")),
            Err(error) => Check::fail(error.to_string(), format!("{} needs it", needs.purpose)),
        });
        if let Some(concern) = needs.secret.concern(root) {
            checks.push(Check::warn(format!("secret {name}"), concern));
        }
    }
    checks
}
