//! `hotfix finish`

use jiff::Timestamp;
use serde::Serialize;

use super::entry::{Common, Desk};
use super::{Context, Exit, print, production, refused};
use crate::change::source::{self, FinishOrder, Journaling, Turn};
use crate::change::strategy::{Finished, Reached, ReachedState};
use crate::incident::{Entry, Manner, NONE};

/// Brings the fix to every branch that must have it, one after the other.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The hotfix branch; the one that is checked out, or the only one, without it
    branch: Option<String>,
    /// Go on: the conflict is resolved and added
    #[arg(long = "continue", group = "turn")]
    go_on: bool,
    /// Take the unfinished step back
    #[arg(long, group = "turn")]
    abort: bool,
    /// Show what would be done, and do nothing
    #[arg(long, group = "turn")]
    dry_run: bool,
    /// Push each target once it has the fix, if nobody moved it at the remote
    #[arg(long, conflicts_with_all = ["abort", "dry_run"])]
    push: bool,
    /// Tag the release, once every target has the fix
    #[arg(long, value_name = "NAME", conflicts_with_all = ["abort", "dry_run"])]
    tag: Option<String>,
    /// How the fix gets to every target, whatever hotfix.toml says
    #[arg(long, value_name = "HOW", conflicts_with_all = ["go_on", "abort"])]
    how: Option<By>,
    /// Where the fix begins, where that cannot be told: it is what came after this revision
    #[arg(long, value_name = "REV", conflicts_with = "abort")]
    since: Option<String>,
    /// Although another hotfix branch is open
    #[arg(long)]
    despite_rival: bool,
    #[command(flatten)]
    common: Common,
}

/// The two ways, for the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum By {
    /// A merge commit
    Merge,
    /// Copies of the commits
    CherryPick,
}

/// Runs the command.
///
/// # Errors
/// When nothing could be done, or not all: why, and what to do.
pub fn run(args: &Args, context: &Context) -> color_eyre::Result<Exit> {
    let mut desk = Desk::open(context, &args.common)?;
    let settings = production::settings(&desk.project, &desk.project.config()?, context.now);
    let incident = match &args.common.incident {
        Some(id) => desk.incident(Some(id))?.id,
        None => desk.journal.active_incident()?.unwrap_or_else(|| NONE.to_owned()),
    };
    let past = desk.journal.records_after(0)?;
    let (root, by, redact) = (desk.project.root.clone(), desk.by.clone(), desk.project.redact());
    let mut record = |entry: Entry| {
        let draft = redact.draft(entry.draft(&incident, &by, Timestamp::now()));
        desk.journal.append(draft).map(drop).map_err(|error| error.to_string())
    };
    let order = order(args);
    let finished = source::finish(&root, &settings, &order, &mut Journaling { past: &past, record: &mut record });
    let finished = finished.map_err(|failure| refused(&failure))?;
    print(&if args.common.json { document(&finished, &order)? } else { text(&finished, &order) })?;
    Ok(if finished.is_stopped() && !order.dry_run { Exit::Failed } else { Exit::Ok })
}

fn order(args: &Args) -> FinishOrder {
    FinishOrder {
        branch: args.branch.clone(),
        since: args.since.clone(),
        by: args.how.map(|how| match how {
            By::Merge => Manner::Merge,
            By::CherryPick => Manner::CherryPick,
        }),
        turn: match (args.go_on, args.abort) {
            (true, _) => Turn::Continue,
            (_, true) => Turn::Abort,
            _ => Turn::Go,
        },
        push: args.push,
        tag: args.tag.clone(),
        dry_run: args.dry_run,
        despite_rival: args.despite_rival,
    }
}

fn text(finished: &Finished, order: &FinishOrder) -> String {
    let mut out = String::new();
    let width = finished.targets.iter().map(|it| it.target.len()).max().unwrap_or(0).min(40);
    for it in &finished.targets {
        let pushed = if it.pushed && order.push { ", pushed" } else { "" };
        out += &format!("{:<width$}  {:<8}  {}{pushed}\n", it.target, word(it.state), it.why);
    }
    if let Some(tag) = &finished.tag {
        let pushed = if tag.pushed { ", pushed" } else { "" };
        out += &format!("tagged {} as {}{pushed}\n", tag.oid.short(), tag.name);
    }
    for note in &finished.notes {
        out += &format!("note: {note}\n");
    }
    out + &next(finished, order)
}

fn word(state: ReachedState) -> &'static str {
    match state {
        ReachedState::Already => "has it",
        ReachedState::Done => "done",
        ReachedState::Clean => "clean",
        ReachedState::Conflict => "CONFLICT",
        ReachedState::Waiting => "waits",
    }
}

/// What is to be done now.
fn next(finished: &Finished, order: &FinishOrder) -> String {
    let is_done = |it: &Reached| matches!(it.state, ReachedState::Already | ReachedState::Done);
    let conflict = finished.targets.iter().find(|it| it.state == ReachedState::Conflict);
    match conflict.and_then(|it| it.worktree.as_ref()) {
        Some(folder) => format!(
            "resolve the conflict in {folder} and `git add` it, then: hotfix finish --continue\n\
             or take the step back: hotfix finish --abort\n"
        ),
        None if order.dry_run || order.turn == Turn::Abort => String::new(),
        None if finished.targets.iter().all(is_done) && finished.targets.iter().any(|it| !it.pushed) && !order.push => {
            "nothing was pushed: hotfix finish --push does\n".into()
        }
        None => String::new(),
    }
}

fn document(finished: &Finished, order: &FinishOrder) -> color_eyre::Result<String> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: u32,
        outcome: &'static str,
        #[serde(flatten)]
        finished: &'a Finished,
    }
    let outcome = match (order.turn, order.dry_run, finished.is_stopped()) {
        (Turn::Abort, ..) => "taken-back",
        (_, true, _) => "dry-run",
        (.., true) => "conflict",
        _ => "done",
    };
    Ok(serde_json::to_string(&Document { schema: 1, outcome, finished })? + "\n")
}
