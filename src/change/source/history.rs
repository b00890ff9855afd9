//! Questions to history, answered by libgit2 where it can read the repository, else by `git`.

use jiff::Timestamp;

use super::repository::Repo;
use super::trouble::Trouble;
use super::{by_command, by_library};
use crate::change::version::Version;
use crate::evidence::Oid;

/// What HEAD is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tip {
    /// The full name of the branch, `None` when detached.
    pub(super) branch: Option<String>,
    /// Its commit, `None` when unborn.
    pub(super) commit: Option<Oid>,
}

/// A commit as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) oid: Oid,
    pub(super) parents: Vec<Oid>,
    /// Name, clean.
    pub(super) name: String,
    /// Address, clean.
    pub(super) email: String,
    pub(super) authored: Timestamp,
    pub(super) committer_name: String,
    pub(super) committer_email: String,
    pub(super) committed: Timestamp,
    /// Clean, and cut after 16 KiB.
    pub(super) message: String,
}

impl Record {
    pub(super) fn summary(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    pub(super) fn is_merge(&self) -> bool {
        self.parents.len() > 1
    }
}

/// A tag and the commit that it peels to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// Without `refs/tags/`.
    pub(super) name: String,
    pub(super) commit: Oid,
    /// Whether it is an object of its own, with a tagger and a date.
    pub(super) annotated: bool,
}

/// What a signature of a tag begins with: gpg.format openpgp, x509 and ssh of git-config(1).
const SIGNATURES: [&[u8]; 4] = [
    b"\n-----BEGIN PGP SIGNATURE-----",
    b"\n-----BEGIN PGP MESSAGE-----",
    b"\n-----BEGIN SIGNED MESSAGE-----",
    b"\n-----BEGIN SSH SIGNATURE-----",
];

/// Entries of a reflog that are looked at.
const REFLOG: usize = 50;

/// What is kept of a commit's message, in bytes.
pub(super) const MESSAGE: usize = 16 * 1024;

impl Repo {
    /// What HEAD is.
    pub(super) fn tip(&self) -> Result<Tip, Trouble> {
        match &self.library {
            Some(library) => by_library::tip(library).map_err(|error| self.of(&error)),
            None => by_command::tip(&self.git),
        }
    }

    /// The commit that a revision names; `None` when nothing has that name.
    pub(super) fn resolve(&self, revision: &str) -> Result<Option<Oid>, Trouble> {
        if revision.is_empty() || revision.starts_with('-') {
            return Ok(None);
        }
        match &self.library {
            Some(library) => by_library::resolve(library, revision).map_err(|error| self.of(&error)),
            None => by_command::resolve(&self.git, revision),
        }
    }

    /// The tree of a commit.
    pub(super) fn tree(&self, commit: &Oid) -> Result<Oid, Trouble> {
        match &self.library {
            Some(library) => by_library::tree(library, commit).map_err(|error| self.of(&error)),
            None => by_command::tree(&self.git, commit),
        }
    }

    /// All tags that a glob matches and that name a commit, in the order of their versions, newest first.
    /// Without a number in its name a tag is no version.
    pub(super) fn versions(&self, glob: &str) -> Result<Vec<Tag>, Trouble> {
        let matcher = globset::Glob::new(glob).map_err(|error| {
            Trouble::new(format!("{glob:?} is no glob: {error}")).remedy("set production.ref in hotfix.toml")
        })?;
        let matcher = matcher.compile_matcher();
        let tags = match &self.library {
            Some(library) => {
                by_library::tags(library, |name| matcher.is_match(name)).map_err(|error| self.of(&error))?
            }
            None => by_command::tags(&self.git, |name| matcher.is_match(name))?,
        };
        let mut versions: Vec<(Version, Tag)> =
            tags.into_iter().filter_map(|tag| Version::of_tag(&tag.name).map(|version| (version, tag))).collect();
        versions.sort_by(|(a, _), (b, _)| b.cmp(a));
        Ok(versions.into_iter().map(|(_, tag)| tag).collect())
    }

    /// Whether a tag carries a signature, of whatever kind; whose it is and whether it is good is not asked.
    pub(super) fn is_signed(&self, tag: &Tag) -> Result<bool, Trouble> {
        if !tag.annotated {
            return Ok(false);
        }
        let name = format!("refs/tags/{}", tag.name);
        let object = match &self.library {
            Some(library) => by_library::object(library, &name).map_err(|error| self.of(&error))?,
            None => self.git.output(&["cat-file", "tag", &name])?,
        };
        Ok(SIGNATURES.iter().any(|mark| memchr::memmem::find(&object, mark).is_some()))
    }

    /// Which of these commits, asked in this order, is the first that `from` descends from, or is.
    pub(super) fn first_reachable(&self, from: &Oid, candidates: &[Oid]) -> Result<Option<usize>, Trouble> {
        match &self.library {
            Some(library) => by_library::first_reachable(library, from, candidates).map_err(|error| self.of(&error)),
            None => by_command::first_reachable(&self.git, from, candidates),
        }
    }

    /// Whether `to` is `from` or an ancestor of it.
    pub(super) fn reaches(&self, from: &Oid, to: &Oid) -> Result<bool, Trouble> {
        if from == to {
            return Ok(true);
        }
        match &self.library {
            Some(library) => by_library::reaches(library, from, to).map_err(|error| self.of(&error)),
            None => by_command::reaches(&self.git, from, to),
        }
    }

    /// Where two histories parted.
    pub(super) fn merge_base(&self, a: &Oid, b: &Oid) -> Result<Option<Oid>, Trouble> {
        match &self.library {
            Some(library) => by_library::merge_base(library, a, b).map_err(|error| self.of(&error)),
            None => by_command::merge_base(&self.git, a, b),
        }
    }

    /// How many commits each of two has that the other has not.
    pub(super) fn ahead_behind(&self, a: &Oid, b: &Oid) -> Result<(u64, u64), Trouble> {
        match &self.library {
            Some(library) => by_library::ahead_behind(library, a, b).map_err(|error| self.of(&error)),
            None => by_command::ahead_behind(&self.git, a, b),
        }
    }

    /// The commits of `hide..tip`, newest first: the first `limit` of them, and how many there are in all.
    pub(super) fn range(&self, hide: &Oid, tip: &Oid, limit: usize) -> Result<(Vec<Record>, u64), Trouble> {
        match &self.library {
            Some(library) => by_library::range(library, hide, tip, limit).map_err(|error| self.of(&error)),
            None => by_command::range(&self.git, hide, tip, limit),
        }
    }

    /// The ids of `hide..tip`, in any order, `limit` at most.
    pub(super) fn range_ids(&self, hide: &Oid, tip: &Oid, limit: usize) -> Result<Vec<Oid>, Trouble> {
        match &self.library {
            Some(library) => by_library::range_ids(library, hide, tip, limit).map_err(|error| self.of(&error)),
            None => by_command::range_ids(&self.git, hide, tip, limit),
        }
    }

    /// The first parents of a commit, itself first, `limit` at most.
    pub(super) fn first_parents(&self, commit: &Oid, limit: usize) -> Result<Vec<Oid>, Trouble> {
        match &self.library {
            Some(library) => by_library::first_parents(library, commit, limit).map_err(|error| self.of(&error)),
            None => by_command::first_parents(&self.git, commit, limit),
        }
    }

    /// The upstream of a branch by its full name, and its commit when that is here.
    pub(super) fn upstream(&self, branch: &str) -> Result<Option<(String, Option<Oid>)>, Trouble> {
        match &self.library {
            Some(library) => by_library::upstream(library, branch).map_err(|error| self.of(&error)),
            None => by_command::upstream(&self.git, branch),
        }
    }

    /// Branches, local and remote-tracking, by full name; symbolic ones left out.
    pub(super) fn branches(&self) -> Result<Vec<(String, Oid)>, Trouble> {
        match &self.library {
            Some(library) => by_library::branches(library).map_err(|error| self.of(&error)),
            None => by_command::branches(&self.git),
        }
    }

    /// How large a blob is, in bytes; `None` when it cannot be read.
    pub(super) fn blob_size(&self, oid: &str) -> Option<u64> {
        match &self.library {
            Some(library) => {
                let (size, _) = library.odb().ok()?.read_header(git2::Oid::from_str(oid).ok()?).ok()?;
                Some(size as u64)
            }
            None => self.git.line(&["cat-file", "-s", oid]).ok().and_then(|text| text.parse().ok()),
        }
    }

    /// The content of a blob.
    pub(super) fn blob(&self, oid: &str) -> Result<Vec<u8>, Trouble> {
        let Some(library) = &self.library else { return self.git.output(&["cat-file", "blob", oid]) };
        let blob = git2::Oid::from_str(oid).and_then(|oid| library.find_blob(oid));
        blob.map(|blob| blob.content().to_owned()).map_err(|error| self.of(&error))
    }

    /// What a reference was before, newest first, as its reflog tells; nothing without one.
    pub(super) fn past(&self, reference: &str) -> Vec<Oid> {
        let path = self.place.commondir.join("logs").join(reference);
        let lines = std::fs::read_to_string(path).unwrap_or_default();
        lines.lines().rev().filter_map(|line| Oid::parse(line.split(' ').next()?)).take(REFLOG).collect()
    }

    fn of(&self, error: &git2::Error) -> Trouble {
        Trouble::of_library(error, self.place.root())
    }
}
