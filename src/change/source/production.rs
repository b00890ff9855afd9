//! What runs in production, as git knows it.

use super::history::Tag;
use super::repository::Repo;
use super::trouble::Trouble;
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
        Self { production: model::Production { reference: None, oid: None, how }, ..Self::default() }
    }

    fn named(reference: &str, oid: Oid, how: String) -> Self {
        let production = model::Production { reference: Some(text::clean(reference)), oid: Some(oid), how };
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
