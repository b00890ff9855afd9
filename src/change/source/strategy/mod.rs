//! `hotfix start` and `hotfix finish`: the branch strategy carried out.
//!
//! Nothing that the repository names is run: no hook, filter, merge driver or helper. What is made is made in a
//! workshop of our own; a branch moves only from where it was seen, and only after the journal holds the intent.

mod checkout;
mod finish;
mod fix;
mod resume;
mod start;
mod steps;
#[cfg(test)]
mod tests;
mod workshop;

use jiff::Timestamp;

use super::command::Git;
use super::production::is_glob;
use super::repository::Repo;
use super::trouble::Trouble;
use crate::evidence::{Failure, Oid};

pub use finish::{FinishOrder, Journaling, Turn, finish};
pub use start::{StartOrder, start as start_branch};

/// Opens a repository whose history is whole.
fn open(root: &std::path::Path) -> Result<Repo, Trouble> {
    let repo = Repo::open(root)?;
    if repo.kind().shallow {
        let what = "this clone is shallow: where branches parted cannot be told";
        return Err(Trouble::new(what).remedy("git fetch --unshallow"));
    }
    Ok(repo)
}

/// The same, in which nobody is in the middle of something.
fn open_at_rest(root: &std::path::Path) -> Result<Repo, Trouble> {
    let repo = open(root)?;
    if let Some(operation) = repo.kind().operation {
        let what = format!("a {operation} is under way here");
        return Err(Trouble::new(what).remedy(format!("finish it, or git {operation} --abort")));
    }
    Ok(repo)
}

/// Lets a reference name another commit, if it still names the one that was seen; `None` for one that is not there.
fn move_ref(git: &Git, reference: &str, to: &Oid, from: Option<&Oid>, why: &str) -> Result<(), Trouble> {
    let nothing = "0".repeat(to.as_str().len());
    let from = from.map_or(nothing.as_str(), Oid::as_str);
    git.output(&["update-ref", "--create-reflog", "-m", why, reference, to.as_str(), from]).map(drop)
}

/// Other hotfix branches that production does not have.
fn rivals(repo: &Repo, settings: &super::Settings, own: &str, holders: &[Oid]) -> Result<Vec<String>, Trouble> {
    let pattern = settings.git.branch.replace("{slug}", "*");
    let mut names = Vec::new();
    for rival in super::backmerge::matching(repo, &[&pattern], &settings.git.remote)? {
        let mut is_held = false;
        for holder in holders {
            is_held = is_held || repo.reaches(holder, &rival.tip)?;
        }
        if rival.name != own && !is_held {
            names.push(rival.name);
        }
    }
    Ok(names)
}

fn refuse_rivals(names: &[String]) -> Result<(), Trouble> {
    if names.is_empty() {
        return Ok(());
    }
    let what = format!("another hotfix is open: {}", names.join(", "));
    Err(Trouble::new(what)
        .remedy("finish or delete it first (git branch -d), or say --despite-rival if both are meant to be open"))
}

/// Whether production is named by a branch, and by which one.
fn production_branch(repo: &Repo, settings: &super::Settings) -> Result<Option<String>, Trouble> {
    let Some(name) = settings.production.reference.as_deref().filter(|name| !is_glob(name)) else { return Ok(None) };
    let target = super::foreign::target(repo, name, &settings.git.remote)?;
    Ok(target.map(|_| name.to_owned()))
}

fn failure(trouble: Trouble) -> Failure {
    trouble.at(Timestamp::now())
}
