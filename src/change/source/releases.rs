//! How large the repository's own patch releases were, by one `git diff-tree` over all of them.

use std::time::Duration;

use super::history::Tag;
use super::repository::Repo;
use super::trouble::Trouble;
use crate::change::classes::{Classes, Core};
use crate::change::releases::{Releases, place};
use crate::change::version::Version;
use crate::evidence::Oid;

/// Patch releases that are looked at, the newest ones.
const LOOKED_AT: usize = 30;
/// How long that may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// Compares a change with the patch releases among these versions, which come newest first. `None` when there are too
/// few of them.
pub(super) fn compare(
    repo: &Repo,
    classes: &Classes,
    versions: &[Tag],
    base: &Oid,
    head: &Oid,
) -> Result<Option<Releases>, Trouble> {
    let pairs = patches(versions, head);
    if !Releases::are_enough(pairs.len()) {
        return Ok(None);
    }
    let mut input = String::new();
    for (old, new) in std::iter::once((base, head)).chain(pairs) {
        input += &format!("{} {}\n", repo.tree(old)?, repo.tree(new)?);
    }
    let args = ["diff-tree", "--stdin", "-r", "-z", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv"];
    let output = repo.git.filter_within(&args, input.as_bytes(), PATIENCE)?;
    let pairs: Vec<&str> = input.lines().collect();
    let mut lines = counts(&output, &pairs, classes).into_iter();
    Ok(lines.next().and_then(|ours| place(ours, lines.collect())))
}

/// The patch releases among versions, each with the one before it.
fn patches<'v>(versions: &'v [Tag], head: &Oid) -> Vec<(&'v Oid, &'v Oid)> {
    let known = versions.iter().filter(|tag| tag.commit != *head);
    let known = known.filter_map(|tag| Some((Version::of_tag(&tag.name)?, tag)));
    let known: Vec<(Version, &Tag)> = known.filter(|(version, _)| !version.is_prerelease()).collect();
    let is_patch = |two: &&[(Version, &Tag)]| two[0].0.is_patch_of(&two[1].0);
    let patches = known.windows(2).filter(is_patch).map(|two| (&two[1].1.commit, &two[0].1.commit));
    patches.take(LOOKED_AT).collect()
}

/// The lines of each pair that count by their paths. Before its files git prints the pair in a line of its own.
fn counts(output: &[u8], pairs: &[&str], classes: &Classes) -> Vec<u64> {
    let mut lines = vec![0; pairs.len()];
    let mut place = 0;
    for field in output.split(|b| *b == 0) {
        let mut rest = field;
        while let Some(at) = rest.iter().position(|b| *b == b'\n') {
            let Some(found) = pairs[place..].iter().position(|pair| pair.as_bytes() == &rest[..at]) else { break };
            place += found;
            rest = &rest[at + 1..];
        }
        if let Some(line) = lines.get_mut(place) {
            *line += counted(rest, classes);
        }
    }
    lines
}

/// `3\t1\tpath`; a binary file has no lines.
fn counted(field: &[u8], classes: &Classes) -> u64 {
    let mut parts = field.splitn(3, |b| *b == b'\t');
    let mut next = || parts.next().and_then(|part| str::from_utf8(part).ok());
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let (added, removed) = (number(next()), number(next()));
    let Some(path) = parts.next() else { return 0 };
    let found = classes.of(&String::from_utf8_lossy(path), false);
    let counts = found.iter().all(|class| class.core == Core::Yes);
    if counts { added + removed } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, lines};

    #[test]
    fn a_change_finds_its_place_among_the_patch_releases() {
        let it = Fixture::released();
        for (patch, size) in [(1, 2), (2, 4), (3, 30), (4, 8)] {
            it.write("src/cart.rs", lines(40) + &"x\n".repeat(size));
            it.write("CHANGELOG.md", lines(patch * 100));
            it.commit("Fix");
            it.git(&["tag", &format!("v1.0.{patch}")]);
        }
        it.change("src/big.rs", "A feature\nof its own\n");
        it.git(&["tag", "v1.1.0"]);
        it.git(&["tag", "v1.0.5-rc.1"]);
        it.write("src/fix.rs", lines(23));
        it.commit("The fix");
        // Sizes against the version before: 2, 2, 26, 22.
        let releases = it.report().releases.unwrap();
        assert_eq!((releases.compared, releases.smaller, releases.lines, releases.median), (4, 3, 23, 12));
        assert_eq!(releases.percentile, 75);
        assert_eq!(Fixture::released().report().releases, None);
    }
}
