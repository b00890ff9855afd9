//! The first commit of a repository. Walking back to it takes as long as the history is, hence it is remembered.

use std::fs;
use std::io;
use std::path::Path;

use git2::Repository;
use sha2::{Digest, Sha256};

use crate::evidence::Oid;
use crate::journal::record::hex;

/// The longest first-parent history whose first commit is looked for. A longer one is known by its remote alone.
const DEEPEST: usize = 500_000;

/// The first commit of HEAD's first-parent history, as `memory` knows it from an earlier time, or looked for.
pub(super) fn of(repository: &Repository, memory: Option<&Path>) -> Option<Oid> {
    let Some(memory) = memory else { return walk(repository) };
    let place = repository.commondir().canonicalize().ok()?;
    let file = memory.join(&hex(&Sha256::digest(place.as_os_str().as_encoded_bytes()))[..16]);
    if let Some(known) = fs::read_to_string(&file).ok().and_then(|text| still_first(repository, text.trim())) {
        return Some(known);
    }
    let found = walk(repository)?;
    if still_first(repository, found.as_str()).is_some()
        && let Err(error) = remember(&file, &found)
    {
        tracing::warn!(%error, file = %file.display(), "the first commit is looked for again next time");
    }
    Some(found)
}

/// Another repository may be in the same place by now. Where a shallow clone ends is no first commit.
fn still_first(repository: &Repository, oid: &str) -> Option<Oid> {
    let commit = repository.find_commit(git2::Oid::from_str(oid).ok()?).ok()?;
    if commit.parent_count() == 0 { Oid::parse(oid) } else { None }
}

fn remember(file: &Path, oid: &Oid) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut new, oid.as_str().as_bytes())?;
    new.persist(file).map(drop).map_err(|error| error.error)
}

fn walk(repository: &Repository) -> Option<Oid> {
    let mut walk = repository.revwalk().ok()?;
    walk.simplify_first_parent().ok()?;
    walk.push_head().ok()?;
    let mut last = None;
    for (index, oid) in walk.enumerate() {
        if index >= DEEPEST {
            return None;
        }
        last = Some(oid.ok()?);
    }
    Oid::parse(&last?.to_string())
}
