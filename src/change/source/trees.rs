//! What differs between trees. By libgit2, but without its diffs: most subtrees of two commits are the same and are never
//! opened. By `git diff-tree` where libgit2 cannot read the repository.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::io::{BufReader, Read};
use std::ops::ControlFlow;
use std::rc::Rc;

use git2::{Error, ObjectType, Oid, Repository, Tree, TreeEntry};

use super::repository::Repo;
use super::trouble::Trouble;
use crate::change::patch::{self, Entry};
use crate::evidence;

/// Trees that are kept, at most: the next commit needs most of those of this one. A tree of 100 files takes 8 KiB.
const KEPT: usize = 128;
/// A folder's mode.
const TREE: i32 = 0o040_000;

/// The files that differ between two commits, without renames and without counts: those whose path is wanted.
pub(super) fn differing(
    repo: &Repo,
    from: &evidence::Oid,
    to: &evidence::Oid,
    wanted: impl Fn(&[u8]) -> bool,
) -> Result<Vec<Entry>, Trouble> {
    let Some(library) = &repo.library else { return by_command(repo, from, to, wanted) };
    let mut list = Vec::new();
    let mut tell = |path: &[u8], before: Side, after: Side| {
        if wanted(path) {
            list.push(entry(path, before, after));
        }
    };
    let old_and_new = tree_of(library, from).and_then(|old| Ok((old, tree_of(library, to)?)));
    let done = old_and_new.and_then(|(old, new)| Trees::of(library).differing(Some(old), Some(new), &mut tell));
    done.map(|()| list).map_err(|error| Trouble::of_library(&error, repo.place.root()))
}

/// The same of all paths, unless they are more than `limit`.
pub(super) fn few_differing(
    library: &Repository,
    from: &evidence::Oid,
    to: &evidence::Oid,
    limit: usize,
) -> Result<Option<Vec<Entry>>, Error> {
    let mut list = Vec::new();
    let mut tell = |path: &[u8], before: Side, after: Side| {
        list.push(entry(path, before, after));
        if list.len() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let (old, new) = (tree_of(library, from)?, tree_of(library, to)?);
    let end = Trees::of(library).descend(Some(old), Some(new), None, &mut Vec::new(), &mut tell)?;
    Ok(end.is_continue().then_some(list))
}

fn tree_of(library: &Repository, commit: &evidence::Oid) -> Result<Oid, Error> {
    Ok(library.find_commit(Oid::from_str(commit.as_str())?)?.tree_id())
}

fn by_command(
    repo: &Repo,
    from: &evidence::Oid,
    to: &evidence::Oid,
    wanted: impl Fn(&[u8]) -> bool,
) -> Result<Vec<Entry>, Trouble> {
    let args = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", from.as_str(), to.as_str(), "--"];
    let mut running = repo.git.start(&args)?;
    let list = patch::listed(&mut BufReader::new(running.by_ref()), wanted);
    running.end()?;
    list.map_err(|error| Trouble::new(error.to_string()))
}

fn entry(path: &[u8], before: Side, after: Side) -> Entry {
    let kind = |side: Side| side.map(|(_, mode)| mode & 0o170_000);
    let status = match (kind(before), kind(after)) {
        (None, _) => b'A',
        (_, None) => b'D',
        (old, new) if old != new => b'T',
        _ => b'M',
    };
    let mode = |side: Side| side.map_or(0, |(_, mode)| mode.cast_unsigned());
    let oid = |side: Side| side.map_or(Oid::ZERO_SHA1, |(oid, _)| oid).to_string();
    Entry {
        status,
        old_mode: mode(before),
        new_mode: mode(after),
        old_oid: oid(before),
        new_oid: oid(after),
        path: path.to_owned(),
        old_path: None,
        lines: None,
    }
}

/// What a path is on one side: content and mode.
pub(super) type Side = Option<(Oid, i32)>;

/// Opens trees, each once.
pub(super) struct Trees<'r> {
    repo: &'r Repository,
    known: HashMap<Oid, Rc<Tree<'r>>>,
}

impl<'r> Trees<'r> {
    pub(super) fn of(repo: &'r Repository) -> Self {
        Self { repo, known: HashMap::new() }
    }

    fn open(&mut self, oid: Option<Oid>) -> Result<Option<Rc<Tree<'r>>>, Error> {
        let Some(oid) = oid else { return Ok(None) };
        if let Some(tree) = self.known.get(&oid) {
            return Ok(Some(tree.clone()));
        }
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        let tree = Rc::new(self.repo.find_tree(oid)?);
        self.known.insert(oid, tree.clone());
        Ok(Some(tree))
    }

    /// Tells every file that differs between two trees.
    pub(super) fn differing(
        &mut self,
        old: Option<Oid>,
        new: Option<Oid>,
        tell: &mut impl FnMut(&[u8], Side, Side),
    ) -> Result<(), Error> {
        self.descend(old, new, None, &mut Vec::new(), &mut to_the_end(tell)).map(drop)
    }

    /// The same, of wanted paths alone: nothing else is looked at.
    pub(super) fn wanted(
        &mut self,
        old: Option<Oid>,
        new: Option<Oid>,
        wanted: &Wanted,
        tell: &mut impl FnMut(&[u8], Side, Side),
    ) -> Result<(), Error> {
        if old == new {
            return Ok(());
        }
        self.descend(old, new, Some(wanted), &mut Vec::new(), &mut to_the_end(tell)).map(drop)
    }

    /// Whether anything differs in the first folder of a wanted path, or in the root when one is there.
    pub(super) fn near(&mut self, old: Option<Oid>, new: Option<Oid>, wanted: &Wanted) -> Result<bool, Error> {
        if old == new {
            return Ok(false);
        }
        let (old, new) = (self.open(old)?, self.open(new)?);
        let differs = |name: &[u8]| side(old.as_deref(), name) != side(new.as_deref(), name);
        let in_folder = wanted.inside.iter().any(|(name, inner)| !inner.inside.is_empty() && differs(name));
        let is_about_a_file = |(_, before, after): &Differing| file(*before).is_some() || file(*after).is_some();
        Ok(in_folder
            || wanted.inside.values().any(|inner| inner.is_file)
                && pairs(old.as_deref(), new.as_deref()).iter().any(is_about_a_file))
    }

    fn descend(
        &mut self,
        old: Option<Oid>,
        new: Option<Oid>,
        wanted: Option<&Wanted>,
        path: &mut Vec<u8>,
        tell: &mut impl FnMut(&[u8], Side, Side) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        let (old, new) = (self.open(old)?, self.open(new)?);
        let differing = match wanted {
            None => pairs(old.as_deref(), new.as_deref()),
            Some(wanted) => wanted.pairs(old.as_deref(), new.as_deref()),
        };
        for (name, before, after) in differing {
            let inner = wanted.and_then(|wanted| wanted.inside.get(&name));
            let length = path.len();
            path.extend_from_slice(&name);
            let goes_on = inner.is_none_or(|inner| !inner.inside.is_empty());
            if goes_on && (tree(before).is_some() || tree(after).is_some()) {
                path.push(b'/');
                if self.descend(tree(before), tree(after), inner, path, tell)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                path.pop();
            }
            let is_meant = inner.is_none_or(|inner| inner.is_file);
            let is_file = file(before).is_some() || file(after).is_some();
            if is_meant && is_file && tell(path, file(before), file(after)).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            path.truncate(length);
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn to_the_end(tell: &mut impl FnMut(&[u8], Side, Side)) -> impl FnMut(&[u8], Side, Side) -> ControlFlow<()> {
    |path, before, after| {
        tell(path, before, after);
        ControlFlow::Continue(())
    }
}

/// An entry of two trees that is not the same on both sides.
type Differing = (Vec<u8>, Side, Side);

/// Paths that are looked for, as a tree of their own.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    inside: BTreeMap<Vec<u8>, Wanted>,
    is_file: bool,
}

impl Wanted {
    pub(super) fn of<'p>(paths: impl Iterator<Item = &'p [u8]>) -> Self {
        let mut root = Self::default();
        for path in paths {
            let mut node = &mut root;
            for name in path.split(|b| *b == b'/') {
                node = node.inside.entry(name.to_owned()).or_default();
            }
            node.is_file = true;
        }
        root
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inside.is_empty()
    }

    fn pairs(&self, old: Option<&Tree<'_>>, new: Option<&Tree<'_>>) -> Vec<Differing> {
        let both = self.inside.keys().map(|name| (name.clone(), side(old, name), side(new, name)));
        both.filter(|(_, before, after)| before != after).collect()
    }
}

fn side(tree: Option<&Tree<'_>>, name: &[u8]) -> Side {
    let entry = tree?.get_name_bytes(name)?;
    Some((entry.id(), entry.filemode()))
}

fn tree(side: Side) -> Option<Oid> {
    side.filter(|(_, mode)| *mode == TREE).map(|(oid, _)| oid)
}

fn file(side: Side) -> Side {
    side.filter(|(_, mode)| *mode != TREE)
}

/// The entries of two trees that are not the same, by name.
fn pairs(old: Option<&Tree<'_>>, new: Option<&Tree<'_>>) -> Vec<Differing> {
    let mut found = Vec::new();
    let (mut old, mut new) = (old.into_iter().flatten().peekable(), new.into_iter().flatten().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return found,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => key(a).cmp(key(b)),
        };
        let before = if order.is_le() { old.next() } else { None };
        let after = if order.is_ge() { new.next() } else { None };
        let side = |entry: &Option<TreeEntry<'_>>| entry.as_ref().map(|entry| (entry.id(), entry.filemode()));
        if side(&before) != side(&after) {
            let name = before.as_ref().or(after.as_ref()).map(|entry| entry.name_bytes().to_owned());
            found.push((name.unwrap_or_default(), side(&before), side(&after)));
        }
    }
}

/// What the entries of a tree are in the order of: their names, where a folder's ends with a slash.
fn key<'e>(entry: &'e TreeEntry<'_>) -> impl Iterator<Item = u8> + 'e {
    let end = (entry.kind() == Some(ObjectType::Tree)).then_some(b'/');
    entry.name_bytes().iter().copied().chain(end)
}

#[cfg(test)]
#[path = "trees_tests.rs"]
mod tests;
