//! Questions to history, answered by libgit2.

use std::collections::{BinaryHeap, HashSet};

use git2::{BranchType, Error, ErrorClass, ErrorCode, ObjectType, Repository, Sort};
use jiff::Timestamp;

use super::history::{MESSAGE, Record, Tag, Tip};
use crate::evidence::Oid;
use crate::evidence::text;

/// How far the date of a commit may lie before that of its ancestor, in seconds: clocks differ.
const SKEW: i64 = 24 * 3600;

fn ours(oid: git2::Oid) -> Oid {
    Oid::parse(&oid.to_string()).expect("libgit2 prints full ids")
}

fn theirs(oid: &Oid) -> Result<git2::Oid, Error> {
    git2::Oid::from_str(oid.as_str())
}

fn absent<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::UnbornBranch) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn tip(repo: &Repository) -> Result<Tip, Error> {
    let head = repo.find_reference("HEAD")?;
    let branch = head.symbolic_target_bytes().map(|name| String::from_utf8_lossy(name).into_owned());
    let commit = absent(repo.head())?.map(|head| head.peel_to_commit()).transpose()?;
    Ok(Tip { branch, commit: commit.map(|commit| ours(commit.id())) })
}

pub(super) fn resolve(repo: &Repository, revision: &str) -> Result<Option<Oid>, Error> {
    let found = match repo.revparse_single(revision) {
        Err(error) if matches!(error.code(), ErrorCode::InvalidSpec | ErrorCode::Ambiguous) => return Ok(None),
        other => absent(other)?,
    };
    let Some(object) = found else { return Ok(None) };
    match object.peel(ObjectType::Commit) {
        Ok(commit) => Ok(Some(ours(commit.id()))),
        Err(error) if error.code() == ErrorCode::Peel || error.code() == ErrorCode::InvalidSpec => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn tree(repo: &Repository, commit: &Oid) -> Result<Oid, Error> {
    Ok(ours(repo.find_commit(theirs(commit)?)?.tree_id()))
}

pub(super) fn tags(repo: &Repository, matches: impl Fn(&str) -> bool) -> Result<Vec<Tag>, Error> {
    let mut tags = Vec::new();
    for reference in repo.references_glob("refs/tags/*")? {
        let reference = reference?;
        let full = String::from_utf8_lossy(reference.name_bytes()).into_owned();
        let Some(name) = full.strip_prefix("refs/tags/").filter(|name| matches(name)) else { continue };
        let Ok(commit) = reference.peel(ObjectType::Commit) else { continue };
        let annotated = reference.target() != Some(commit.id());
        tags.push(Tag { name: name.to_owned(), commit: ours(commit.id()), annotated });
    }
    Ok(tags)
}

/// Walks back from `from` once for all candidates, by commit date, no further than each candidate needs. A tag is
/// often on another line of history, where asking libgit2 for each costs a walk for each.
/// The bytes of the object that a reference names, not peeled.
pub(super) fn object(repo: &Repository, reference: &str) -> Result<Vec<u8>, Error> {
    let oid = repo.refname_to_id(reference)?;
    Ok(repo.odb()?.read(oid)?.data().to_owned())
}

pub(super) fn first_reachable(repo: &Repository, from: &Oid, candidates: &[Oid]) -> Result<Option<usize>, Error> {
    let mut walk = Ancestors::of(repo, theirs(from)?)?;
    for (place, candidate) in candidates.iter().enumerate() {
        let oid = theirs(candidate)?;
        if walk.contains(repo, oid, repo.find_commit(oid)?.time().seconds())? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

struct Ancestors {
    seen: HashSet<git2::Oid>,
    frontier: BinaryHeap<(i64, git2::Oid)>,
}

impl Ancestors {
    fn of(repo: &Repository, tip: git2::Oid) -> Result<Self, Error> {
        let time = repo.find_commit(tip)?.time().seconds();
        Ok(Self { seen: HashSet::from([tip]), frontier: BinaryHeap::from([(time, tip)]) })
    }

    fn contains(&mut self, repo: &Repository, oid: git2::Oid, time: i64) -> Result<bool, Error> {
        while !self.seen.contains(&oid) {
            let Some((newest, commit)) = self.frontier.peek().copied() else { return Ok(false) };
            if newest < time - SKEW {
                return Ok(false);
            }
            self.frontier.pop();
            for parent in repo.find_commit(commit)?.parent_ids() {
                // Where a shallow clone ends there are no more parents, and that is no error.
                let Some(found) = absent(repo.find_commit(parent))? else { continue };
                if self.seen.insert(parent) {
                    self.frontier.push((found.time().seconds(), parent));
                }
            }
        }
        Ok(true)
    }
}

pub(super) fn reaches(repo: &Repository, from: &Oid, to: &Oid) -> Result<bool, Error> {
    repo.graph_descendant_of(theirs(from)?, theirs(to)?)
}

pub(super) fn merge_base(repo: &Repository, a: &Oid, b: &Oid) -> Result<Option<Oid>, Error> {
    match repo.merge_base(theirs(a)?, theirs(b)?) {
        Ok(oid) => Ok(Some(ours(oid))),
        // A commit that is missing is not found either, but by another class.
        Err(error) if error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Merge => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn ahead_behind(repo: &Repository, a: &Oid, b: &Oid) -> Result<(u64, u64), Error> {
    let (ahead, behind) = repo.graph_ahead_behind(theirs(a)?, theirs(b)?)?;
    Ok((ahead as u64, behind as u64))
}

fn walk<'a>(repo: &'a Repository, hide: &Oid, tip: &Oid) -> Result<git2::Revwalk<'a>, Error> {
    let mut walk = repo.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
    walk.push(theirs(tip)?)?;
    walk.hide(theirs(hide)?)?;
    Ok(walk)
}

pub(super) fn range(repo: &Repository, hide: &Oid, tip: &Oid, limit: usize) -> Result<(Vec<Record>, u64), Error> {
    let mut records = Vec::new();
    let mut total = 0;
    for oid in walk(repo, hide, tip)? {
        let oid = oid?;
        total += 1;
        if records.len() < limit {
            records.push(read(&repo.find_commit(oid)?));
        }
    }
    Ok((records, total))
}

pub(super) fn range_ids(repo: &Repository, hide: &Oid, tip: &Oid, limit: usize) -> Result<Vec<Oid>, Error> {
    let mut walk = repo.revwalk()?;
    walk.push(theirs(tip)?)?;
    walk.hide(theirs(hide)?)?;
    walk.take(limit).map(|oid| oid.map(ours)).collect()
}

fn read(commit: &git2::Commit<'_>) -> Record {
    let (author, committer) = (commit.author(), commit.committer());
    let message = commit.message_bytes();
    let message = String::from_utf8_lossy(&message[..message.len().min(MESSAGE)]).into_owned();
    Record {
        oid: ours(commit.id()),
        parents: commit.parent_ids().map(ours).collect(),
        name: text::clean_bytes(author.name_bytes()),
        email: text::clean_bytes(author.email_bytes()),
        authored: moment(author.when()),
        committer_name: text::clean_bytes(committer.name_bytes()),
        committer_email: text::clean_bytes(committer.email_bytes()),
        committed: moment(committer.when()),
        message: text::clean_block(message.trim(), MESSAGE),
    }
}

fn moment(time: git2::Time) -> Timestamp {
    Timestamp::from_second(time.seconds()).unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(super) fn first_parents(repo: &Repository, commit: &Oid, limit: usize) -> Result<Vec<Oid>, Error> {
    let mut chain = Vec::new();
    let mut next = Some(theirs(commit)?);
    while let Some(oid) = next.filter(|_| chain.len() < limit) {
        let Some(commit) = absent(repo.find_commit(oid))? else { break };
        chain.push(ours(oid));
        next = commit.parent_ids().next();
    }
    Ok(chain)
}

pub(super) fn upstream(repo: &Repository, branch: &str) -> Result<Option<(String, Option<Oid>)>, Error> {
    let Some(name) = absent(repo.branch_upstream_name(branch))? else { return Ok(None) };
    let name = String::from_utf8_lossy(&name).into_owned();
    let commit = absent(repo.find_reference(&name))?.map(|reference| reference.peel_to_commit()).transpose()?;
    let short = name.trim_start_matches("refs/remotes/").trim_start_matches("refs/heads/").to_owned();
    Ok(Some((text::clean(&short), commit.map(|commit| ours(commit.id())))))
}

pub(super) fn branches(repo: &Repository) -> Result<Vec<(String, Oid)>, Error> {
    let mut branches = Vec::new();
    for branch in repo.branches(None::<BranchType>)? {
        let reference = branch?.0.into_reference();
        let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
        if let Some(oid) = reference.target() {
            branches.push((name, ours(oid)));
        }
    }
    Ok(branches)
}
