//! The same questions, answered by `git`, for repositories that libgit2 cannot read.

use jiff::Timestamp;

use super::command::Git;
use super::history::{MESSAGE, Record, Tag, Tip};
use super::trouble::Trouble;
use crate::evidence::Oid;
use crate::evidence::text;

fn id(text: &str) -> Result<Oid, Trouble> {
    Oid::parse(text.trim()).ok_or_else(|| Trouble::new(format!("git printed no object id: {:?}", text::clean(text))))
}

/// What a command printed, `None` when it failed: for questions that git answers by its exit code.
fn quiet(git: &Git, args: &[&str]) -> Option<String> {
    git.line(args).ok().filter(|line| !line.is_empty())
}

pub(super) fn tip(git: &Git) -> Result<Tip, Trouble> {
    let branch = quiet(git, &["symbolic-ref", "--quiet", "HEAD"]);
    let commit = match quiet(git, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]) {
        Some(commit) => Some(id(&commit)?),
        // A branch that names a commit which is not here is not unborn.
        None => match quiet(git, &["rev-parse", "--verify", "--quiet", "HEAD"]) {
            Some(_) => return Err(Trouble::missing_object("HEAD's commit")),
            None => None,
        },
    };
    Ok(Tip { branch, commit })
}

pub(super) fn resolve(git: &Git, revision: &str) -> Result<Option<Oid>, Trouble> {
    let revision = format!("{revision}^{{commit}}");
    quiet(git, &["rev-parse", "--verify", "--quiet", "--end-of-options", &revision]).map(|text| id(&text)).transpose()
}

pub(super) fn tree(git: &Git, commit: &Oid) -> Result<Oid, Trouble> {
    id(&git.line(&["rev-parse", "--verify", &format!("{commit}^{{tree}}")])?)
}

pub(super) fn tags(git: &Git, matches: impl Fn(&str) -> bool) -> Result<Vec<Tag>, Trouble> {
    let format = "--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(refname:strip=2)";
    let list = git.line(&["for-each-ref", format, "refs/tags"])?;
    let mut tags = Vec::new();
    for line in list.lines() {
        let mut parts = line.splitn(5, ' ');
        let mut next = || parts.next().unwrap_or_default();
        let (kind, oid, peeled_kind, peeled, name) = (next(), next(), next(), next(), next());
        let commit = if kind == "commit" { oid } else { peeled };
        if (kind == "commit" || peeled_kind == "commit") && matches(name) {
            tags.push(Tag { name: name.to_owned(), commit: id(commit)?, annotated: kind == "tag" });
        }
    }
    Ok(tags)
}

pub(super) fn first_reachable(git: &Git, from: &Oid, candidates: &[Oid]) -> Result<Option<usize>, Trouble> {
    let merged =
        git.line(&["for-each-ref", &format!("--merged={from}"), "--format=%(objectname) %(*objectname)", "refs/tags"])?;
    let merged: std::collections::HashSet<&str> = merged.split_ascii_whitespace().collect();
    Ok(candidates.iter().position(|candidate| merged.contains(candidate.as_str())))
}

pub(super) fn reaches(git: &Git, from: &Oid, to: &Oid) -> Result<bool, Trouble> {
    Ok(merge_base(git, from, to)?.as_ref() == Some(to))
}

pub(super) fn merge_base(git: &Git, a: &Oid, b: &Oid) -> Result<Option<Oid>, Trouble> {
    git.ask(&["merge-base", a.as_str(), b.as_str()])?.map(|text| id(&text)).transpose()
}

pub(super) fn ahead_behind(git: &Git, a: &Oid, b: &Oid) -> Result<(u64, u64), Trouble> {
    let line = git.line(&["rev-list", "--left-right", "--count", &format!("{a}...{b}"), "--"])?;
    let mut numbers = line.split_ascii_whitespace().map(|n| n.parse().ok());
    let mut next = || numbers.next().flatten().ok_or_else(|| Trouble::new("git rev-list printed no count"));
    Ok((next()?, next()?))
}

/// What [`read`] reads: fields end with `\x1f`, which a field that holds it loses, commits with NUL.
const FORMAT: &str = "--format=%H%x1f%P%x1f%an%x1f%ae%x1f%at%x1f%cn%x1f%ce%x1f%ct%x1f%B";

pub(super) fn range(git: &Git, hide: &Oid, tip: &Oid, limit: usize) -> Result<(Vec<Record>, u64), Trouble> {
    let range = format!("{hide}..{tip}");
    let list = git.output(&["log", "-z", "--topo-order", FORMAT, &format!("--max-count={limit}"), &range, "--"])?;
    let records: Vec<Record> =
        list.split(|b| *b == 0).filter(|it| !it.is_empty()).map(read).collect::<Result<_, _>>()?;
    if records.len() < limit {
        let total = records.len() as u64;
        return Ok((records, total));
    }
    let total = git.line(&["rev-list", "--count", &range, "--"])?;
    Ok((records, total.parse().map_err(|_| Trouble::new("git rev-list printed no count"))?))
}

pub(super) fn range_ids(git: &Git, hide: &Oid, tip: &Oid, limit: usize) -> Result<Vec<Oid>, Trouble> {
    let args = ["rev-list", &format!("--max-count={limit}"), &format!("{hide}..{tip}"), "--"];
    git.line(&args)?.lines().map(id).collect()
}

fn read(bytes: &[u8]) -> Result<Record, Trouble> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MESSAGE + 1024)]);
    let mut fields = text.splitn(9, '\u{1f}');
    let mut next = || fields.next().ok_or_else(|| Trouble::new("git log printed half a commit"));
    let (oid, parents, name, email) = (next()?, next()?, next()?, next()?);
    let (authored, committer_name, committer_email) = (next()?, next()?, next()?);
    let (committed, message) = (next()?, next()?);
    let moment = |text: &str| {
        text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
    };
    Ok(Record {
        oid: id(oid)?,
        parents: parents.split_ascii_whitespace().map(id).collect::<Result<_, _>>()?,
        name: text::clean(name),
        email: text::clean(email),
        authored: moment(authored),
        committer_name: text::clean(committer_name),
        committer_email: text::clean(committer_email),
        committed: moment(committed),
        message: text::clean_block(message.trim(), MESSAGE),
    })
}

pub(super) fn first_parents(git: &Git, commit: &Oid, limit: usize) -> Result<Vec<Oid>, Trouble> {
    let args = ["rev-list", "--first-parent", &format!("--max-count={limit}"), commit.as_str(), "--"];
    git.line(&args)?.lines().map(id).collect()
}

pub(super) fn upstream(git: &Git, branch: &str) -> Result<Option<(String, Option<Oid>)>, Trouble> {
    let Some(name) = quiet(git, &["for-each-ref", "--format=%(upstream)", branch]) else { return Ok(None) };
    let commit = resolve(git, &name)?;
    let short = name.trim_start_matches("refs/remotes/").trim_start_matches("refs/heads/");
    Ok(Some((text::clean(short), commit)))
}

pub(super) fn branches(git: &Git) -> Result<Vec<(String, Oid)>, Trouble> {
    let format = "--format=%(objectname) %(symref) %(refname)";
    let list = git.line(&["for-each-ref", format, "refs/heads", "refs/remotes"])?;
    let mut branches = Vec::new();
    for line in list.lines() {
        let mut parts = line.splitn(3, ' ');
        if let (Some(oid), Some(""), Some(name)) = (parts.next(), parts.next(), parts.next()) {
            branches.push((name.to_owned(), id(oid)?));
        }
    }
    Ok(branches)
}
