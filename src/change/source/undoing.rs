//! Reads what a rollback would undo.

use std::collections::HashMap;

use git2::{Error, Repository};

use super::history::{Record, Tag};
use super::production::{self, version_before};
use super::repository::Repo;
use super::trees::{Side, Trees, Wanted, differing};
use super::trouble::Trouble;
use crate::change::classes::Classes;
use crate::change::contents::{Contents, Point, Touched, Undone, class, flags};
use crate::change::model::COMMITS_LISTED;
use crate::change::patch::Entry;
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
        Some(name) => by_tag(named(repo, name)?, name, &known(repo, settings, versions)?),
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
    // A version that was chosen here is in the history of what runs now; one that somebody names need not be.
    if to.is_some() && !repo.reaches(&now, &back)? {
        contents.unknown.push(format!(
            "{} is no ancestor of what runs now: more than these commits changes",
            name_of(&contents.to)
        ));
    }
    let (records, total) = repo.range(&back, &now, COMMITS_LISTED)?;
    let undone: Vec<&Record> = records.iter().filter(|record| !record.is_merge()).collect();
    let changed = differing(repo, &back, &now, |_| true)?;
    let touched: Vec<Touched> = changed.iter().map(touched).collect();
    let mut paths = paths_by_commit(repo, &undone, (&back, &now), &flagged(classes, &touched))?;
    contents.total = total;
    contents.undoes = undone
        .into_iter()
        .map(|record| Undone {
            oid: record.oid.clone(),
            summary: record.summary().to_owned(),
            flags: flags(classes, &record.message, &paths.remove(record.oid.as_str()).unwrap_or_default()),
        })
        .collect();
    let (worst, reasons) = class(classes, &touched);
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

/// A commit that is named by its id has the name of its version, if it is one.
fn by_tag(found: Option<Point>, name: &str, versions: &[Tag]) -> Option<Point> {
    let found = found?;
    let tag =
        versions.iter().filter(|_| Oid::parse(name).is_some()).rfind(|tag| Some(&tag.commit) == found.oid.as_ref());
    Some(tag.map_or(found, point))
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

fn touched(entry: &Entry) -> Touched {
    Touched { path: text::clean_bytes(&entry.path), deleted: entry.status == b'D' }
}

/// The paths that flag whichever commit touched them.
fn flagged(classes: &Classes, touched: &[Touched]) -> Wanted {
    let has_flag = |it: &&Touched| classes.of(&it.path, it.deleted).iter().any(|class| class.flag.is_some());
    Wanted::of(touched.iter().filter(has_flag).map(|it| it.path.as_bytes()))
}

/// Which of the wanted paths each of these commits touches. Without a wanted one no commit is looked at.
fn paths_by_commit(
    repo: &Repo,
    records: &[&Record],
    (back, now): (&Oid, &Oid),
    wanted: &Wanted,
) -> Result<HashMap<String, Vec<Touched>>, Trouble> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let Some(library) = &repo.library else {
        let (limit, range) = (format!("--max-count={COMMITS_LISTED}"), format!("{back}..{now}"));
        let args =
            ["log", "-z", "--no-merges", "--no-renames", "--name-status", "--format=%x01%H", &limit, &range, "--"];
        return Ok(listed(&repo.git.output(&args)?));
    };
    by_library(library, records, wanted).map_err(|error| Trouble::of_library(&error, repo.place.root()))
}

fn by_library(
    library: &Repository,
    records: &[&Record],
    wanted: &Wanted,
) -> Result<HashMap<String, Vec<Touched>>, Error> {
    let tree = |oid: &Oid| -> Result<git2::Oid, Error> {
        Ok(library.find_commit(git2::Oid::from_str(oid.as_str())?)?.tree_id())
    };
    let mut trees = Trees::of(library);
    let mut paths = HashMap::new();
    for record in records {
        let mut touched = Vec::new();
        let mut tell = |path: &[u8], _, after: Side| {
            touched.push(Touched { path: text::clean_bytes(path), deleted: after.is_none() });
        };
        let before = record.parents.first().map(tree).transpose()?;
        trees.wanted(before, Some(tree(&record.oid)?), wanted, &mut tell)?;
        paths.insert(record.oid.as_str().to_owned(), touched);
    }
    Ok(paths)
}

/// What `git log` lists of each commit.
fn listed(output: &[u8]) -> HashMap<String, Vec<Touched>> {
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
