//! `hotfix start`

use std::path::PathBuf;

use serde::Serialize;

use super::entry::{Common, Desk};
use super::{Context, Exit, print, production, refused};
use crate::change::source::{self, StartOrder};
use crate::change::strategy::Started;
use crate::evidence::Oid;
use crate::incident::{Entry, NONE};

/// Begins a hotfix branch from production, in a work tree of its own.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A short name, such as `cart-502`; it fills `{slug}` in `git.branch`
    slug: String,
    /// A revision to begin at, instead of what runs in production
    #[arg(long, value_name = "REV")]
    from: Option<String>,
    /// The folder of the work tree; one beside the repository without it
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
    /// Check the branch out here, instead of in a work tree of its own
    #[arg(long, conflicts_with = "path")]
    no_worktree: bool,
    /// Although another hotfix branch is open
    #[arg(long)]
    despite_rival: bool,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When the branch was not begun: why, and what to do.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { slug, from, path, no_worktree, despite_rival, common } = args;
    // A relative folder counts from where the command runs.
    let path = path.map(|path| context.directory.join(path));
    let mut desk = Desk::open(context, &common)?;
    let settings = production::settings(&desk.project, &desk.project.config()?, context.now);
    let incident = match &common.incident {
        Some(id) => desk.incident(Some(id))?.id,
        None => desk.journal.active_incident()?.unwrap_or_else(|| NONE.to_owned()),
    };
    let order = StartOrder { slug, from, path, here: no_worktree, despite_rival };
    let started = source::start_branch(&desk.project.root, &settings, &order).map_err(|failure| refused(&failure))?;
    let Started { branch, base, from, worktree, .. } = started.clone();
    let draft = Entry::BranchStarted { branch, base, from, worktree }.draft(&incident, &desk.by, context.now);
    let draft = desk.project.redact().draft(draft);
    if let Err(error) = desk.journal.append(draft) {
        eprintln!("hotfix: WARNING: the branch is there, but {error}");
    }
    let incident = Some(incident).filter(|id| id != NONE);
    print(&if common.json { document(&started, incident)? } else { text(&started, no_worktree) })?;
    Ok(Exit::Ok)
}

fn text(started: &Started, is_here: bool) -> String {
    let Started { branch, base, from, worktree, notes, .. } = started;
    let mut out = format!("{branch} begins at {from} ({})\n", base.short());
    for note in notes {
        out += &format!("note: {note}\n");
    }
    match worktree.as_deref() {
        Some(folder) if !is_here => out += &format!("  cd {}\n", quoted(folder)),
        _ => out += "it is checked out here\n",
    }
    out
}

/// A folder as a shell takes it.
fn quoted(folder: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | '@' | ':');
    if folder.chars().all(is_plain) { folder.to_owned() } else { format!("'{}'", folder.replace('\'', r"'\''")) }
}

fn document(started: &Started, incident: Option<String>) -> color_eyre::Result<String> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: u32,
        branch: &'a str,
        base: &'a Oid,
        from: &'a str,
        how: &'a str,
        worktree: Option<&'a str>,
        incident: Option<String>,
        notes: &'a [String],
    }
    let Started { branch, base, from, how, worktree, notes } = started;
    let document = Document { schema: 1, branch, base, from, how, worktree: worktree.as_deref(), incident, notes };
    Ok(serde_json::to_string(&document)? + "\n")
}
