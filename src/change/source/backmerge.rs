//! Finds out how far each target has the fix.
//!
//! The patch ids of a whole branch take a minute to compute. Cherry-picks and rebases keep author and author time, so
//! these and the subjects of the target's commits are indexed, and patch ids are compared for candidates alone.

use std::collections::HashMap;

use globset::Glob;

use super::foreign::{self, Target, target};
use super::history::Record;
use super::merge::merge;
use super::production::is_glob;
use super::repository::Repo;
use super::trouble::Trouble;
use crate::change::ladder::{Probe, Rung, rung};
use crate::config::schema;
use crate::evidence::Oid;

/// Commits of a target that are indexed.
const INDEXED: usize = 20_000;
/// Commits of a fix for which twins are looked for.
const COMMITS: usize = 200;
/// Candidates whose patch is compared, for one commit.
const CANDIDATES: usize = 5;
/// Targets that are probed.
const TARGETS: usize = 20;

/// The fix: what is in P..H.
pub(super) struct Fix<'a> {
    pub(super) production: &'a Oid,
    pub(super) base: Option<&'a Oid>,
    pub(super) head: &'a Oid,
    /// Newest first, merges included.
    pub(super) records: &'a [Record],
}

/// The branches that the fix must reach: the configured ones, else the development branch and the open release
/// branches. The branch of the fix is none, nor is one that stands at production, unless the configuration names it.
pub(super) fn targets(
    repo: &Repo,
    git: &schema::Git,
    branch: Option<&str>,
    fix: &Fix<'_>,
) -> Result<Vec<Target>, Trouble> {
    let mut found: Vec<Target> = Vec::new();
    let mut add = |target: Target| {
        let is_own = branch.is_some_and(|own| own == target.full || own == format!("refs/heads/{}", target.name));
        if !is_own && found.iter().all(|it| it.name != target.name) {
            found.push(target);
        }
    };
    if git.targets.is_empty() {
        let moved_on = |target: &Target| target.tip != *fix.production;
        foreign::development(repo, git)?.into_iter().filter(moved_on).for_each(&mut add);
    }
    for name in git.targets.iter().filter(|name| !is_glob(name)) {
        target(repo, name, &git.remote)?.into_iter().for_each(&mut add);
    }
    let globs: Vec<&str> = git.targets.iter().map(String::as_str).filter(|name| is_glob(name)).collect();
    let globs = if git.targets.is_empty() { vec!["release/*"] } else { globs };
    for it in matching(repo, &globs, &git.remote)? {
        // A release branch without a commit of its own is closed.
        if !repo.reaches(fix.production, &it.tip)? {
            add(it);
        }
    }
    found.truncate(TARGETS);
    Ok(found)
}

/// Branches whose short name matches one of these globs.
pub(super) fn matching(repo: &Repo, globs: &[&str], remote: &str) -> Result<Vec<Target>, Trouble> {
    let globs: Vec<_> =
        globs.iter().filter_map(|glob| Glob::new(glob).ok()).map(|glob| glob.compile_matcher()).collect();
    let prefix = format!("refs/remotes/{remote}/");
    let mut names: Vec<String> = Vec::new();
    for (full, _) in repo.branches()? {
        let Some(name) = full.strip_prefix("refs/heads/").or_else(|| full.strip_prefix(&prefix)) else { continue };
        if globs.iter().any(|glob| glob.is_match(name)) && !names.iter().any(|it| it == name) {
            names.push(name.to_owned());
        }
    }
    let mut found = Vec::new();
    for name in names {
        found.extend(target(repo, &name, remote)?);
    }
    Ok(found)
}

/// How far a target has the fix, and which of its commits are reverted there.
pub(super) fn probe(repo: &Repo, fix: &Fix<'_>, target: &Target) -> Result<(Rung, Vec<Oid>), Trouble> {
    let mut probe = Probe { holds_tip: repo.reaches(&target.tip, fix.head)?, ..Probe::default() };
    let (theirs, _) = repo.range(fix.production, &target.tip, INDEXED)?;
    let reverted = reverted(fix.records, &theirs);
    if !probe.holds_tip {
        let ours: Vec<&Record> = fix.records.iter().filter(|record| !record.is_merge()).collect();
        probe.commits = ours.len() as u64;
        if ours.len() <= COMMITS {
            let twins = Twins::of(&theirs);
            for record in &ours {
                let same = |it: &&&Record| it.authored == record.authored && it.email == record.email;
                let twin = twins.twin(repo, record, ours.iter().filter(same).count() == 1);
                probe.equivalent += u64::from(twin == Some(Twin::Equivalent));
                probe.ported += u64::from(twin.is_some());
            }
        }
        match merge(repo, fix.base.unwrap_or(fix.production), &target.tip, fix.head) {
            Ok(merge) => probe.merge = Some(merge),
            Err(trouble) => probe.obstacle = Some(trouble.what),
        }
    }
    Ok((rung(target.name.clone(), probe), reverted))
}

/// Commits of the fix of which another one says that it reverts them.
pub(super) fn reverted(ours: &[Record], theirs: &[Record]) -> Vec<Oid> {
    let named: Vec<&str> = theirs
        .iter()
        .flat_map(|it| it.message.lines())
        .filter_map(|line| line.split("This reverts commit ").nth(1))
        .collect();
    let is_named = |oid: &Oid| {
        named.iter().any(|text| {
            text.len() >= 7
                && oid.as_str().starts_with(
                    text.split(|c: char| !c.is_ascii_hexdigit()).next().filter(|id| id.len() >= 7).unwrap_or("-"),
                )
        })
    };
    ours.iter().filter(|record| is_named(&record.oid)).map(|record| record.oid.clone()).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Twin {
    /// The same patch.
    Equivalent,
    /// The same author and time, named as its source, or the same subject by the same author.
    Ported,
}

/// The commits of a target, by what a copy of a commit keeps.
struct Twins<'a> {
    by_author: HashMap<(&'a str, i64), Vec<&'a Record>>,
    by_subject: HashMap<&'a str, Vec<&'a Record>>,
    by_source: HashMap<&'a str, &'a Record>,
}

/// Whether a subject names a ticket, such as `SHOP-12`: subjects without one are often the same by chance.
fn has_ticket(subject: &str) -> bool {
    subject.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| {
        word.split_once('-').is_some_and(|(key, number)| {
            key.len() >= 2
                && key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
        })
    })
}

impl<'a> Twins<'a> {
    fn of(theirs: &'a [Record]) -> Self {
        let mut twins = Self { by_author: HashMap::new(), by_subject: HashMap::new(), by_source: HashMap::new() };
        for record in theirs {
            twins.by_author.entry((&record.email, record.authored.as_second())).or_default().push(record);
            twins.by_subject.entry(record.summary()).or_default().push(record);
            for line in record.message.lines() {
                if let Some(source) = line.strip_prefix("(cherry picked from commit ") {
                    twins.by_source.insert(source.trim_end_matches(')'), record);
                }
            }
        }
        twins
    }

    /// The best twin of a commit; `is_alone` when no other commit of the fix has its author and second.
    fn twin(&self, repo: &Repo, ours: &Record, is_alone: bool) -> Option<Twin> {
        let by_author = self.by_author.get(&(ours.email.as_str(), ours.authored.as_second()));
        let by_source = self.by_source.get(ours.oid.as_str());
        let by_subject = self.by_subject.get(ours.summary());
        let patch = patch_id(repo, ours);
        let candidates = by_author.into_iter().flatten().chain(by_source).chain(by_subject.into_iter().flatten());
        if patch.is_some() && candidates.take(CANDIDATES).any(|it| patch_id(repo, it) == patch) {
            return Some(Twin::Equivalent);
        }
        // Commits of a script share their second: then the subject has to agree as well.
        let is_copy = |it: &&Record| it.summary() == ours.summary();
        let same_author = by_author.is_some_and(|found| found.len() == 1 && is_alone || found.iter().any(is_copy));
        let same_subject = has_ticket(ours.summary()) && by_subject.is_some();
        (same_author || by_source.is_some() || same_subject).then_some(Twin::Ported)
    }
}

/// The id of a commit's patch against its first parent; `None` when there is no patch, or it cannot be made.
fn patch_id(repo: &Repo, record: &Record) -> Option<String> {
    let parent = record.parents.first()?;
    match repo.trees() {
        Some(library) => {
            let tree = |oid: &Oid| library.find_commit(git2::Oid::from_str(oid.as_str()).ok()?).ok()?.tree().ok();
            let diff = library.diff_tree_to_tree(Some(&tree(parent)?), Some(&tree(&record.oid)?), None).ok()?;
            (diff.deltas().len() > 0).then(|| diff.patchid(None).ok().map(|id| id.to_string())).flatten()
        }
        None => {
            let args = ["diff-tree", "-p", "--no-ext-diff", "--no-textconv", parent.as_str(), record.oid.as_str()];
            let patch = repo.git.output(&args).ok()?;
            let id = repo.git.filter(&["patch-id", "--stable"], &patch).ok()?;
            String::from_utf8(id).ok()?.split(' ').next().filter(|id| !id.is_empty()).map(str::to_owned)
        }
    }
}
