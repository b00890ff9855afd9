//! Reads what a rollback would undo.

use std::collections::HashMap;
use std::io::{BufReader, Read};

use super::command::{Git, Running};
use super::history::Tag;
use super::production::{self, version_before};
use super::repository::Repo;
use super::trouble::Trouble;
use crate::change::classes::Classes;
use crate::change::contents::{Contents, Point, Touched, Undone, class, flags};
use crate::change::model::COMMITS_LISTED;
use crate::change::patch::{self, Entry};
use crate::config::schema;
use crate::evidence::{Oid, text};

/// Reads what going back from `from` to `to` (default: the newest version before it) undoes, and the files that differ
/// between the two, as the way there changed them.
pub(super) fn contents(
    repo: &Repo,
    classes: &Classes,
    settings: &schema::Production,
    from: Point,
    to: Option<&str>,
    versions: &[Tag],
) -> Result<(Contents, Vec<Entry>), Trouble> {
    let mut contents = Contents { from, ..Contents::default() };
    let Some(now) = contents.from.oid.clone() else {
        contents.unknown.push("what runs now is unknown".into());
        return Ok((contents, Vec::new()));
    };
    contents.to = match to {
        Some(name) => named(repo, name)?,
        None => version_before(repo, &known(repo, settings, versions)?, &now)?.map(|tag| point(&tag)),
    };
    let Some(back) = contents.to.as_ref().and_then(|point| point.oid.clone()) else {
        let what = to.map_or_else(
            || "no version before it is known".into(),
            |name| format!("{} is not here", text::clean(name)),
        );
        contents.unknown.push(format!("{what}: git fetch --tags, or set rollback.to in hotfix.toml"));
        return Ok((contents, Vec::new()));
    };
    if !repo.reaches(&now, &back)? {
        contents.unknown.push(format!(
            "{} is no ancestor of what runs now: more than these commits changes",
            name_of(&contents.to)
        ));
    }
    let (records, _) = repo.range(&back, &now, COMMITS_LISTED)?;
    contents.total = repo.range_ids(&back, &now, 100_000)?.len() as u64;
    // Both commands work while the first is read.
    let (log, tree) = (start_log(&repo.git, &back, &now)?, start_tree(&repo.git, &back, &now)?);
    let mut paths = paths_by_commit(&log.output()?);
    contents.undoes = records
        .iter()
        .filter(|record| !record.is_merge())
        .map(|record| Undone {
            oid: record.oid.clone(),
            summary: record.summary().to_owned(),
            flags: flags(classes, &record.message, &paths.remove(record.oid.as_str()).unwrap_or_default()),
        })
        .collect();
    let changed = between(tree)?;
    let touched = |it: &Entry| Touched { path: text::clean_bytes(&it.path), deleted: it.status == b'D' };
    let (worst, reasons) = class(classes, &changed.iter().map(touched).collect::<Vec<_>>());
    contents.class = Some(worst);
    contents.reasons = reasons;
    Ok((contents, changed))
}

fn name_of(point: &Option<Point>) -> &str {
    point.as_ref().map_or("the target", |point| point.reference.as_str())
}

fn point(tag: &Tag) -> Point {
    Point { reference: text::clean(&tag.name), oid: Some(tag.commit.clone()) }
}

/// A revision as a version.
pub(super) fn named(repo: &Repo, name: &str) -> Result<Option<Point>, Trouble> {
    let oid = repo.resolve(name)?;
    Ok(oid.map(|oid| Point { reference: text::clean(name), oid: Some(oid) }))
}

/// The versions to go back to: those that production was chosen from, else those of the default glob.
fn known(repo: &Repo, settings: &schema::Production, versions: &[Tag]) -> Result<Vec<Tag>, Trouble> {
    if !versions.is_empty() {
        return Ok(versions.to_vec());
    }
    let glob = settings.reference.as_deref().filter(|reference| production::is_glob(reference));
    repo.versions(glob.unwrap_or(production::DEFAULT))
}

fn start_log(git: &Git, back: &Oid, now: &Oid) -> Result<Running, Trouble> {
    let limit = format!("--max-count={COMMITS_LISTED}");
    let range = format!("{back}..{now}");
    git.start(&["log", "-z", "--no-merges", "--no-renames", "--name-status", "--format=%x01%H", &limit, &range, "--"])
}

fn start_tree(git: &Git, back: &Oid, now: &Oid) -> Result<Running, Trouble> {
    git.start(&["diff-tree", "-r", "-z", "--no-renames", "--raw", "--no-abbrev", back.as_str(), now.as_str(), "--"])
}

/// The paths that each commit of a range touches, merges left out.
fn paths_by_commit(output: &[u8]) -> HashMap<String, Vec<Touched>> {
    let mut paths: HashMap<String, Vec<Touched>> = HashMap::new();
    let mut commit = String::new();
    let mut fields = output.split(|b| *b == 0);
    while let Some(field) = fields.next() {
        let field = field.strip_prefix(b"\n").unwrap_or(field);
        if let Some(oid) = field.strip_prefix(b"\x01") {
            commit = String::from_utf8_lossy(oid).into_owned();
        } else if let (false, Some(path)) = (field.is_empty(), fields.next()) {
            let touched = Touched { path: text::clean_bytes(path), deleted: field == b"D" };
            paths.entry(commit.clone()).or_default().push(touched);
        }
    }
    paths
}

/// What differs between two versions.
fn between(mut running: Running) -> Result<Vec<Entry>, Trouble> {
    let list = patch::listed(&mut BufReader::new(running.by_ref()), |_| true);
    running.end()?;
    list.map_err(|error| Trouble::new(error.to_string()))
}
