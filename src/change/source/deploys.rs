//! How often production was deployed, as far as its tags tell.

use std::collections::HashSet;
use std::path::Path;

use jiff::Timestamp;

use super::production::{DEFAULT, is_glob};
use super::read::Settings;
use super::repository::Repo;
use super::trouble::Trouble;
use crate::change::version::Version;
use crate::evidence::text::clean;

/// How many versions of production were tagged from the first moment to the second; pre-releases are none.
///
/// # Errors
/// In words: when production is not known by tags, or git cannot tell.
pub fn deploys(root: &Path, settings: &Settings, (since, until): (Timestamp, Timestamp)) -> Result<u64, String> {
    let reference = settings.production.reference.as_deref().unwrap_or(DEFAULT);
    let shown = clean(reference);
    if !is_glob(reference) {
        return Err(format!("production is {shown} and no glob of tags: git does not know its deploys"));
    }
    let times = tagged(root, reference).map_err(|trouble| trouble.at(until).what)?;
    if times.is_empty() {
        return Err(format!("no version tag matches {shown}: git fetch --tags, or set production.ref in hotfix.toml"));
    }
    Ok(times.iter().filter(|at| (since.as_second()..=until.as_second()).contains(*at)).count() as u64)
}

/// When each version was tagged, in seconds since the epoch: git knows no fractions.
fn tagged(root: &Path, glob: &str) -> Result<Vec<i64>, Trouble> {
    let repo = Repo::open(root)?;
    let is_release = |name: &str| Version::of_tag(name).is_some_and(|version| !version.is_prerelease());
    let versions: HashSet<_> =
        repo.versions(glob)?.into_iter().map(|tag| tag.name).filter(|name| is_release(name)).collect();
    let list = repo.git.line(&["for-each-ref", "--format=%(creatordate:unix) %(refname:strip=2)", "refs/tags"])?;
    let times = list.lines().filter_map(|line| line.split_once(' ')).filter(|(_, name)| versions.contains(*name));
    Ok(times.filter_map(|(at, _)| at.parse().ok()).collect())
}
