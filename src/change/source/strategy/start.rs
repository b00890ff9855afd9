//! `hotfix start`: a hotfix branch from production, in a work tree of its own.

use std::path::{Path, PathBuf};

use super::checkout;
use super::{failure, move_ref, open_at_rest, refuse_rivals, rivals};
use crate::change::source::Settings;
use crate::change::source::foreign;
use crate::change::source::history::Tag;
use crate::change::source::production::{self, DEFAULT, is_glob};
use crate::change::source::repository::Repo;
use crate::change::source::trouble::{Trouble, shown};
use crate::change::strategy::{Started, branch_name};
use crate::change::version::Version;
use crate::config::schema::Strategy;
use crate::evidence::{Failure, Oid, text};

/// What `hotfix start` is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartOrder {
    /// Fills `{slug}` in `git.branch`.
    pub slug: String,
    /// A revision to begin at, instead of production.
    pub from: Option<String>,
    /// Where the work tree goes; a sibling of the repository without it.
    pub path: Option<PathBuf>,
    /// Check the branch out here, instead of in a work tree of its own.
    pub here: bool,
    /// Whether other hotfix branches may be open.
    pub despite_rival: bool,
}

/// Where a hotfix branch begins.
struct Beginning {
    oid: Oid,
    from: String,
    how: String,
    notes: Vec<String>,
}

/// Begins a hotfix branch.
///
/// # Errors
/// When it cannot or should not be begun: says why, and what to do.
pub fn start(root: &Path, settings: &Settings, order: &StartOrder) -> Result<Started, Failure> {
    begin(root, settings, order).map_err(failure)
}

fn begin(root: &Path, settings: &Settings, order: &StartOrder) -> Result<Started, Trouble> {
    let repo = open_at_rest(root)?;
    let branch = branch_name(&settings.git.branch, &order.slug).map_err(Trouble::new)?;
    repo.git
        .output(&["check-ref-format", "--branch", &branch])
        .map_err(|_| Trouble::new(format!("git allows no branch called {}", text::clean(&branch))))?;
    refuse_existing(&repo, settings, &branch)?;
    let beginning = beginning(&repo, settings, order)?;
    if !order.despite_rival {
        refuse_rivals(&rivals(&repo, settings, &branch, &holders(&repo, settings, &beginning.oid)?)?)?;
    }
    let place = place(&repo, order)?;
    if place.is_none() {
        refuse_dirt(&repo)?;
    }
    checkout::no_own_filters(&repo.git)?;
    let full = format!("refs/heads/{branch}");
    let why = format!("hotfix start: from {}", beginning.from);
    move_ref(&repo.git, &full, &beginning.oid, None, &why)?;
    let made = match &place {
        Some(path) => checkout::add(&repo.git, path, &branch, false),
        None => checkout::switch(repo.place.root(), &branch),
    };
    if let Err(trouble) = made {
        // The branch alone would look as if all had gone well.
        repo.git.output(&["update-ref", "-d", &full, beginning.oid.as_str()])?;
        return Err(trouble);
    }
    let mut notes = beginning.notes;
    notes.extend(note_on_config(&repo, &beginning.oid, place.as_deref()));
    let folder = place.as_deref().unwrap_or(repo.place.root());
    let worktree = Some(shown(folder));
    Ok(Started { branch, base: beginning.oid, from: beginning.from, how: beginning.how, worktree, notes })
}

fn refuse_existing(repo: &Repo, settings: &Settings, branch: &str) -> Result<(), Trouble> {
    let full = format!("refs/heads/{branch}");
    if repo.resolve(&full)?.is_some() {
        let trouble = Trouble::new(format!("the branch {branch} exists already"));
        return Err(match checkout::of_branch(&repo.git, &full)? {
            Some(it) => trouble.remedy(format!("it is checked out in {}", shown(&it.path))),
            None => trouble.remedy(format!("git switch {branch}, or take another slug")),
        });
    }
    let tracking = format!("refs/remotes/{}/{branch}", settings.git.remote);
    if repo.resolve(&tracking)?.is_some() {
        let what = format!("{} has a branch {branch} already", settings.git.remote);
        return Err(Trouble::new(what).remedy(format!("git switch {branch} to work on it, or take another slug")));
    }
    Ok(())
}

/// Production, or the trunk where fixes go first.
fn beginning(repo: &Repo, settings: &Settings, order: &StartOrder) -> Result<Beginning, Trouble> {
    if let Some(name) = &order.from {
        let oid =
            repo.resolve(name)?.ok_or_else(|| Trouble::new(format!("there is no revision {}", text::clean(name))))?;
        return Ok(Beginning { oid, from: text::clean(name), how: "named by --from".into(), notes: vec![] });
    }
    if settings.git.strategy == Strategy::TrunkFirst {
        let trunk = foreign::development(repo, &settings.git)?.ok_or_else(|| {
            Trouble::new("no trunk is known, where the fix belongs first").remedy("set git.targets in hotfix.toml")
        })?;
        let how = "the trunk, where fixes go first".to_owned();
        return Ok(Beginning { oid: trunk.tip, from: trunk.name, how, notes: vec![] });
    }
    from_production(repo, settings)
}

/// What runs in production, whatever is checked out here: the newest version there is.
fn from_production(repo: &Repo, settings: &Settings) -> Result<Beginning, Trouble> {
    let head = repo.tip()?.commit;
    if let Some(said) = &settings.declared.production {
        let what = format!("production runs {}, which this clone does not know", said.word());
        let unknown = || Trouble::new(what).remedy("git fetch --tags, or say where it begins: --from REVISION");
        let oid = production::meaning(repo, said)?.ok_or_else(unknown)?;
        return Ok(Beginning {
            oid,
            from: said.word().to_owned(),
            how: "what production says that it runs".into(),
            notes: vec![],
        });
    }
    let found = production::find(repo, &settings.production, &settings.git.remote, head.as_ref())?;
    let is_named = settings.production.reference.as_deref().is_some_and(|name| !is_glob(name));
    let glob = settings.production.reference.as_deref().unwrap_or(DEFAULT);
    let newest = if is_named { None } else { newest(repo.versions(glob)?) };
    match (newest, found.production.oid) {
        (Some(tag), known) => {
            let mut notes = Vec::new();
            if known.as_ref() != Some(&tag.commit) {
                let other = found.production.reference.unwrap_or_else(|| "no version".into());
                notes.push(format!(
                    "HEAD descends from {other}, not from {}: if {other} runs in production, say --from {other}",
                    text::clean(&tag.name)
                ));
            }
            let how = format!("newest tag by version that matches {}", text::clean(glob));
            Ok(Beginning { oid: tag.commit, from: text::clean(&tag.name), how, notes })
        }
        (None, Some(oid)) => {
            let from = found.production.reference.unwrap_or_default();
            Ok(Beginning { oid, from, how: found.production.how, notes: vec![] })
        }
        (None, None) => Err(Trouble::new(format!("production is unknown: {}", found.production.how))
            .remedy("or say where it begins: --from REVISION")),
    }
}

/// The newest release; a version that is not released yet only where there is no other.
fn newest(mut versions: Vec<Tag>) -> Option<Tag> {
    let is_release = |tag: &Tag| Version::of_tag(&tag.name).is_some_and(|version| !version.is_prerelease());
    let place = versions.iter().position(is_release).unwrap_or(0);
    (place < versions.len()).then(|| versions.swap_remove(place))
}

/// What has a hotfix that is over: production; with the trunk first the trunk too.
fn holders(repo: &Repo, settings: &Settings, base: &Oid) -> Result<Vec<Oid>, Trouble> {
    let mut holders = vec![base.clone()];
    if settings.git.strategy == Strategy::TrunkFirst {
        holders.extend(foreign::development(repo, &settings.git)?.map(|trunk| trunk.tip));
    }
    Ok(holders)
}

/// The folder of the new work tree; `None` to check out here.
fn place(repo: &Repo, order: &StartOrder) -> Result<Option<PathBuf>, Trouble> {
    if order.here {
        return match repo.place.workdir {
            Some(_) => Ok(None),
            None => Err(Trouble::new("the repository is bare: nothing can be checked out here")),
        };
    }
    let path = match &order.path {
        Some(path) => std::path::absolute(path).map_err(|error| Trouble::new(format!("{}: {error}", shown(path))))?,
        None => sibling(repo, &order.slug)?,
    };
    let is_free = !path.exists() || std::fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none());
    if !is_free {
        let what = format!("{} is there already", shown(&path));
        return Err(Trouble::new(what).remedy("name another folder with --path"));
    }
    Ok(Some(path))
}

/// A folder beside the main work tree: `checkout-cart-502` for `checkout`.
pub(super) fn sibling(repo: &Repo, name: &str) -> Result<PathBuf, Trouble> {
    let main = checkout::all(&repo.git)?.into_iter().next().map(|it| it.path);
    let main = main.unwrap_or_else(|| repo.place.commondir.clone());
    let main = main.canonicalize().unwrap_or(main);
    let (Some(parent), Some(own)) = (main.parent(), main.file_name()) else {
        return Err(Trouble::new("there is no folder beside the repository").remedy("name one with --path"));
    };
    let own = own.to_string_lossy();
    let name: String =
        name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' }).collect();
    Ok(parent.join(format!("{}-{name}", own.trim_end_matches(".git").trim_end_matches('.'))))
}

fn refuse_dirt(repo: &Repo) -> Result<(), Trouble> {
    let Some(dirt) = checkout::dirt(repo.place.root())? else { return Ok(()) };
    Err(Trouble::new(format!("the work tree has changes that are not committed: {dirt}"))
        .remedy("commit them or set them aside, or leave --no-worktree away: a work tree of its own leaves them alone"))
}

/// A configuration that is not in production's tree does not come along.
fn note_on_config(repo: &Repo, base: &Oid, place: Option<&Path>) -> Option<String> {
    let file = repo.place.workdir.as_deref()?.join("hotfix.toml");
    let is_there = repo.git.output(&["cat-file", "-e", &format!("{base}:hotfix.toml")]).is_ok();
    let note = match (place, file.exists(), is_there) {
        (Some(place), true, false) => {
            format!("hotfix.toml is not in that version: cp {} {}", shown(&file), shown(place))
        }
        (Some(_), _, true) => "its hotfix.toml wants its own `hotfix trust`, there".into(),
        _ => return None,
    };
    Some(note)
}
