//! What takes longer than a glance: what the facts, the risk and the ladder are told by.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use globset::GlobBuilder;

use super::backmerge::{self, Fix, matching};
use super::foreign::{Foreign, target};
use super::history::Record;
use super::merge::merge_changes;
use super::production::{DEFAULT, Found};
use super::read::Settings;
use super::repository::{Repo, index_lock};
use super::size::Measured;
use super::trees::differing;
use super::trouble::{Gaps, Trouble};
use crate::change::contents::Contents;
use crate::change::facts::{Environment, Known, ReleaseTag, short};
use crate::change::ladder::{Rung, unknown};
use crate::change::model::Report;
use crate::change::patch::Entry;
use crate::change::risk::Context;
use crate::change::version::Version;
use crate::config::check;
use crate::config::schema::Strategy;
use crate::evidence::{Oid, text};

/// Rival branches whose files are compared with ours.
const RIVALS: usize = 5;
/// Versions newer than production that may be merges of the tip.
const RELEASES: usize = 10;
/// Earlier versions whose tree is compared with that of the tip.
const VERSIONS: usize = 50;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Survey {
    pub(super) known: Known,
    pub(super) context: Context,
    pub(super) back_merge: Vec<Rung>,
    /// What could not be read.
    pub(super) gaps: Gaps,
}

/// What is surveyed: the answers of the glance.
pub(super) struct Subject<'a> {
    pub(super) repo: &'a Repo,
    pub(super) settings: &'a Settings,
    pub(super) report: &'a Report,
    pub(super) branch: Option<&'a str>,
    pub(super) found: &'a Found,
    pub(super) foreign: &'a Foreign,
    pub(super) records: &'a [Record],
    pub(super) measured: Option<&'a Measured>,
    pub(super) contents: Option<&'a Contents>,
    /// What production brought since the version before it.
    pub(super) undone: Option<&'a [Entry]>,
}

/// What is known without looking at commits.
pub(super) fn glance(repo: &Repo, remote: &str) -> Known {
    Known {
        index_lock: index_lock(&repo.place),
        has_remote: repo.has_remote(),
        refs_age: refs_age(&repo.place.gitdir, &repo.place.commondir, remote),
        ..Known::default()
    }
}

/// The time since the last fetch, or since the newest entry of a remote's reflog.
fn refs_age(gitdir: &Path, commondir: &Path, remote: &str) -> Option<Duration> {
    let reflogs = commondir.join("logs/refs/remotes").join(remote);
    let entries = std::fs::read_dir(reflogs).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = entries.chain([gitdir.join("FETCH_HEAD"), commondir.join("FETCH_HEAD")]);
    let ages =
        files.filter_map(|file| file.metadata().ok()?.modified().ok()).map(|at| at.elapsed().unwrap_or_default());
    ages.min()
}

/// Surveys a change whose production and tip are known.
pub(super) fn survey(it: &Subject<'_>, production: &Oid, head: &Oid) -> Survey {
    let mut survey = Survey { known: glance(it.repo, &it.settings.git.remote), ..Survey::default() };
    let (known, mut gaps) = (&mut survey.known, Gaps::default());
    known.is_surveyed = true;
    known.is_ambiguous = it.found.is_ambiguous;
    known.is_lightweight = it.found.tag.as_ref().is_some_and(|tag| !tag.annotated);
    known.missing_from_head = gaps.pass(it.repo.ahead_behind(production, head)).map(|(there, _)| there);
    known.development = it.foreign.target.clone();
    known.on_development = it.foreign.on_target;
    known.trunk_first = it.settings.git.strategy == Strategy::TrunkFirst;
    known.unfinished = it.records.iter().filter(|record| is_unfinished(record.summary())).map(named).collect();
    known.off_ticket = off_ticket(it);
    known.off_scope = off_scope(it);
    gaps.pass(release_tags(it, head, known));
    known.people = people(it.records);
    if let Some(measured) = it.measured {
        known.markers = measured.markers.clone();
        known.opaque = measured.opaque.clone();
    }
    gaps.pass(back_merge(it, production, head, &mut survey));
    gaps.pass(rivals(it, production, &mut survey.known));
    survey.known.environments = gaps.pass(environments(it, production)).unwrap_or_default();
    survey.known.revert_conflicts = revert(it, head);
    survey.context.unfinished = survey.known.unfinished.iter().chain(&survey.known.markers).cloned().collect();
    survey.context.reverts_to = gaps.pass(reverts_to(it, production)).flatten();
    Survey { gaps, ..survey }
}

fn named(record: &Record) -> String {
    short(&record.oid, record.summary())
}

fn is_unfinished(subject: &str) -> bool {
    let subject = subject.to_ascii_lowercase();
    let first = subject.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| !word.is_empty());
    ["fixup!", "squash!", "amend!"].iter().any(|sign| subject.starts_with(sign)) || first == Some("wip")
}

/// The commits without a ticket's key. That the pattern is one was seen when the configuration was read.
fn off_ticket(it: &Subject<'_>) -> Option<Vec<String>> {
    let pattern = check::pattern(it.settings.git.ticket.as_ref()?).ok()?;
    let off = it.records.iter().filter(|record| !record.is_merge() && !pattern.is_match(&record.message));
    Some(off.map(named).collect())
}

/// The changed files that no glob of the scope names.
fn off_scope(it: &Subject<'_>) -> Option<Vec<String>> {
    let scope = &it.settings.git.scope;
    if scope.is_empty() {
        return None;
    }
    let globs = scope.iter().filter_map(|glob| GlobBuilder::new(glob).literal_separator(true).build().ok());
    let globs: Vec<_> = globs.map(|glob| glob.compile_matcher()).collect();
    let sides = it.report.changes.iter().flat_map(|change| change.old_path.iter().chain([&change.path]));
    Some(sides.filter(|path| !globs.iter().any(|glob| glob.is_match(path))).cloned().collect())
}

/// Which of our files are in an environment otherwise than in production.
fn environments(it: &Subject<'_>, production: &Oid) -> Result<Vec<Environment>, Trouble> {
    let ours: BTreeSet<&[u8]> = it.measured.iter().flat_map(|it| &it.paths).map(|(path, _)| path.as_slice()).collect();
    let mut found = Vec::new();
    for name in &it.settings.git.environments {
        let branch = target(it.repo, name, &it.settings.git.remote)?;
        let is_ours = |path: &[u8]| ours.contains(path);
        let drifted = branch.map(|branch| differing(it.repo, production, &branch.tip, is_ours)).transpose()?;
        let drifted = drifted.map(|list| list.iter().map(|entry| text::clean_bytes(&entry.path)).collect());
        found.push((text::clean(name), drifted));
    }
    Ok(found)
}

/// The tags that release the tip: by its own commit, or by a merge that has it for its second parent, as git-flow makes.
fn release_tags(it: &Subject<'_>, head: &Oid, known: &mut Known) -> Result<(), Trouble> {
    let by_default = if it.found.versions.is_empty() { it.repo.versions(DEFAULT)? } else { Vec::new() };
    let versions = if it.found.versions.is_empty() { &by_default } else { &it.found.versions };
    let before = it.report.production.oid.as_ref();
    let newer = versions.iter().position(|tag| Some(&tag.commit) == before).unwrap_or(versions.len());
    for (place, tag) in versions.iter().enumerate() {
        let merged = tag.commit != *head
            && place < newer.min(RELEASES)
            && it.repo.resolve(&format!("{}^2", tag.commit))?.as_ref() == Some(head);
        let name = text::clean(&tag.name);
        if merged || tag.commit == *head {
            let signed = it.repo.is_signed(tag)?;
            known.release_tags.push(ReleaseTag { name, annotated: tag.annotated, signed, merged });
        } else if known.newest_other.is_none() && !Version::of_tag(&name).is_some_and(|it| it.is_prerelease()) {
            known.newest_other = Some(name);
        }
    }
    Ok(())
}

fn people(records: &[Record]) -> Vec<String> {
    let mut people = BTreeSet::new();
    for record in records.iter().filter(|record| !record.is_merge()) {
        people.insert(record.email.clone());
        people.insert(record.committer_email.clone());
        let co_authors = record.message.lines().filter_map(|line| line.strip_prefix("Co-authored-by: "));
        people.extend(co_authors.filter_map(|line| Some(line.rsplit_once('<')?.1.trim_end_matches('>').to_owned())));
    }
    people.into_iter().filter(|email| !email.is_empty() && email != "noreply@github.com").collect()
}

fn back_merge(it: &Subject<'_>, production: &Oid, head: &Oid, survey: &mut Survey) -> Result<(), Trouble> {
    let fix = Fix { production, base: it.report.merge_base.as_ref(), head, records: it.records };
    let mut reverted = backmerge::reverted(it.records, it.records);
    for target in backmerge::targets(it.repo, &it.settings.git, it.branch, &fix)? {
        match backmerge::probe(it.repo, &fix, &target) {
            Ok((rung, there)) => {
                survey.back_merge.push(rung);
                reverted.extend(there);
            }
            Err(trouble) => survey.back_merge.push(unknown(target.name, &trouble.sentence())),
        }
    }
    let names: BTreeSet<String> = reverted.iter().map(|oid| oid.short().to_owned()).collect();
    survey.known.reverted = names.into_iter().collect();
    for release in matching(it.repo, &["release/*"], &it.settings.git.remote)? {
        let is_own = it.branch.is_some_and(|own| own == release.full);
        if !is_own && release.tip != *production && !it.repo.reaches(production, &release.tip)? {
            survey.known.open_releases.push(release.name);
        }
    }
    Ok(())
}

/// Other branches of the hotfix pattern that are ahead of production, and the files that they share with ours.
fn rivals(it: &Subject<'_>, production: &Oid, known: &mut Known) -> Result<(), Trouble> {
    let pattern = it.settings.git.branch.replace("{slug}", "*");
    let ours: BTreeSet<&str> = it.report.changes.iter().map(|change| change.path.as_str()).collect();
    for branch in matching(it.repo, &[&pattern], &it.settings.git.remote)? {
        let is_own = it.report.head.oid.as_ref() == Some(&branch.tip)
            || it.report.head.reference.as_deref() == Some(branch.name.as_str());
        if is_own || it.repo.reaches(production, &branch.tip)? || known.rivals.len() == RIVALS {
            continue;
        }
        let range = format!("{production}...{}", branch.tip);
        let args = ["diff", "--no-ext-diff", "--no-textconv", "--no-renames", "-z", "--name-only", &range, "--"];
        let output = it.repo.git.output(&args)?;
        let theirs = output.split(|b| *b == 0).map(text::clean_bytes);
        known.rivals.push((branch.name, theirs.filter(|path| ours.contains(path.as_str())).collect()));
    }
    Ok(())
}

/// Takes back on the tip, in memory, what production brought since the version before it.
fn revert(it: &Subject<'_>, head: &Oid) -> Option<Vec<String>> {
    let from = it.contents?.from.oid.as_ref()?;
    let to = it.contents?.to.as_ref()?.oid.as_ref()?;
    let taken_back: Vec<Entry> = it.undone?.iter().map(Entry::taken_back).collect();
    merge_changes(it.repo, &taken_back, from, head, to).ok().map(|merge| merge.conflicts)
}

/// The earlier version whose content the tip has.
fn reverts_to(it: &Subject<'_>, production: &Oid) -> Result<Option<String>, Trouble> {
    let Some(tree) = &it.report.head.tree else { return Ok(None) };
    for tag in it.found.versions.iter().filter(|tag| tag.commit != *production).take(VERSIONS) {
        if it.report.head.oid.as_ref() != Some(&tag.commit) && it.repo.tree(&tag.commit)? == *tree {
            return Ok(Some(text::clean(&tag.name)));
        }
    }
    Ok(None)
}
