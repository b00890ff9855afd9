//! What runs in production, as git knows it.

use super::history::Tag;
use super::repository::Repo;
use super::trouble::Trouble;
use crate::change::deployed::{Running, Said};
use crate::change::model;
use crate::config::schema;
use crate::evidence::{Oid, text};

/// Where production is looked for when the configuration does not say.
pub(super) const DEFAULT: &str = "v*";

/// What runs in production, and what else is known of how it was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Found {
    pub(super) production: model::Production,
    /// The tag, when it is one.
    pub(super) tag: Option<Tag>,
    /// The tags of the glob, newest version first; empty when production is no tag.
    pub(super) versions: Vec<Tag>,
    /// The name means a tag as well as a branch.
    pub(super) is_ambiguous: bool,
}

impl Found {
    pub(super) fn nothing(how: String) -> Self {
        Self { production: model::Production { how, ..model::Production::default() }, ..Self::default() }
    }

    fn named(reference: &str, oid: Oid, how: String) -> Self {
        let reference = Some(text::clean(reference));
        let production = model::Production { reference, oid: Some(oid), how, deployed: None };
        Self { production, ..Self::default() }
    }
}

/// Whether a reference is a glob of tags.
pub(super) fn is_glob(reference: &str) -> bool {
    reference.contains(['*', '?', '['])
}

/// Finds production for the tip `head`.
pub(super) fn find(
    repo: &Repo,
    settings: &schema::Production,
    remote: &str,
    head: Option<&Oid>,
) -> Result<Found, Trouble> {
    let reference = settings.reference.as_deref().unwrap_or(DEFAULT);
    if is_glob(reference) {
        return by_glob(repo, reference, head);
    }
    let branches = [
        (format!("refs/remotes/{remote}/{reference}"), format!("{remote}/{reference}")),
        (format!("refs/heads/{reference}"), reference.to_owned()),
    ];
    let tag = repo.resolve(&format!("refs/tags/{reference}"))?;
    for (full, name) in branches {
        if let Some(oid) = repo.resolve(&full)? {
            let found = Found::named(&name, oid, format!("branch {}", text::clean(&name)));
            return Ok(Found { is_ambiguous: tag.is_some(), ..found });
        }
    }
    if let Some(commit) = tag {
        let tag = repo.versions(&globset::escape(reference))?.into_iter().next();
        let tag = tag.or_else(|| Some(Tag { name: reference.to_owned(), commit: commit.clone(), annotated: true }));
        return Ok(Found { tag, ..Found::named(reference, commit, format!("tag {}", text::clean(reference))) });
    }
    let shown = text::clean(reference);
    match repo.resolve(reference)? {
        Some(oid) => Ok(Found::named(reference, oid, format!("revision {shown}"))),
        None => Ok(Found::nothing(format!(
            "no tag, branch or revision is called {shown}: git fetch --tags, or set production.ref in hotfix.toml"
        ))),
    }
}

/// The same after production itself has spoken: what it says that it runs is production, unless the fix is part of that
/// already. Then what the fix was built on stays what it is compared with.
pub(super) fn corrected(
    repo: &Repo,
    mut found: Found,
    said: Option<&Said>,
    head: Option<&Oid>,
) -> Result<Found, Trouble> {
    let Some(said) = said else { return Ok(found) };
    let running = running(repo, said, head)?;
    if let (Some(oid), false) = (&running.oid, running.has_fix == Some(true))
        && found.production.oid.as_ref() != Some(oid)
    {
        let tag = found.versions.iter().find(|tag| tag.commit == *oid).cloned();
        let before = found.production.reference.take();
        let not = before.map_or_else(String::new, |name| format!(", not {name}"));
        let name = tag.as_ref().map_or_else(|| oid.short().to_owned(), |tag| text::clean(&tag.name));
        found.production.how = format!("production itself says that it runs {}{not}", running.said);
        found.production.reference = Some(name);
        found.production.oid = Some(oid.clone());
        found.tag = tag;
        found.is_ambiguous = false;
    }
    found.production.deployed = Some(running);
    Ok(found)
}

/// What git knows of a word.
pub(super) fn running(repo: &Repo, said: &Said, head: Option<&Oid>) -> Result<Running, Trouble> {
    let oid = meaning(repo, said)?;
    let tree = oid.as_ref().map(|oid| repo.tree(oid)).transpose()?;
    let has_fix = match (&oid, head) {
        (Some(oid), Some(head)) => Some(repo.reaches(oid, head)?),
        _ => None,
    };
    Ok(Running { said: said.word().to_owned(), oid, tree, has_fix })
}

/// The commit that such a word means: a commit's digits, or a tag. Never a branch or an expression.
pub(super) fn meaning(repo: &Repo, said: &Said) -> Result<Option<Oid>, Trouble> {
    for tag in said.tags() {
        if let Some(oid) = repo.resolve(&format!("refs/tags/{tag}"))? {
            return Ok(Some(oid));
        }
    }
    let Some(digits) = said.digits() else { return Ok(None) };
    // What these digits begin several of is no commit, and a branch may have them for a name.
    let oid = repo.resolve(&digits).unwrap_or(None);
    Ok(oid.filter(|oid| oid.as_str().starts_with(&digits)))
}

fn by_glob(repo: &Repo, glob: &str, head: Option<&Oid>) -> Result<Found, Trouble> {
    let shown = text::clean(glob);
    let set = "set production.ref in hotfix.toml to a tag glob, a branch or a revision";
    let Some(head) = head else { return Ok(Found::nothing(format!("HEAD has no commit yet; {set}"))) };
    let versions = repo.versions(glob)?;
    if versions.is_empty() {
        return Ok(Found::nothing(format!("no version tag matches {shown}: git fetch --tags, or {set}")));
    }
    let commits: Vec<Oid> = versions.iter().map(|tag| tag.commit.clone()).collect();
    let Some(place) = repo.first_reachable(head, &commits)? else {
        let what = format!("none of {} tags that match {shown} is in the history of HEAD", versions.len());
        let fetch = if repo.kind().shallow { "git fetch --tags --unshallow" } else { "git fetch --tags" };
        return Ok(Found::nothing(format!("{what}: {fetch}, or {set}")));
    };
    let tag = versions[place].clone();
    let how = format!("newest tag by version that matches {shown} and is reachable from HEAD");
    Ok(Found { versions, tag: Some(tag.clone()), ..Found::named(&tag.name, tag.commit, how) })
}

/// The newest version tag that is in the history of `from` and is not `from` itself.
pub(super) fn version_before(repo: &Repo, versions: &[Tag], from: &Oid) -> Result<Option<Tag>, Trouble> {
    let older: Vec<&Tag> = versions.iter().filter(|tag| tag.commit != *from).collect();
    let commits: Vec<Oid> = older.iter().map(|tag| tag.commit.clone()).collect();
    Ok(repo.first_reachable(from, &commits)?.map(|place| older[place].clone()))
}
