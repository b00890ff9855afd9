//! What is promoted, and where to.

use super::{production_branch, refuse_rivals, rivals};
use crate::change::source::Settings;
use crate::change::source::backmerge::{self, Fix};
use crate::change::source::foreign::{self, Target};
use crate::change::source::history::Record;
use crate::change::source::production::{self, Found, is_glob};
use crate::change::source::repository::Repo;
use crate::change::source::trouble::Trouble;
use crate::change::strategy::{manner, means};
use crate::change::version::Version;
use crate::config::schema::Strategy;
use crate::evidence::{Oid, text};
use crate::incident::Manner;

/// Commits of a fix that are looked at.
const COMMITS: usize = 1_000;

/// The fix.
pub(super) struct Promoted {
    /// The hotfix branch, as it is called.
    pub(super) branch: String,
    pub(super) head: Oid,
    /// The fix is what came after this.
    pub(super) base: Oid,
    /// `base..head`, newest first, merges included.
    pub(super) records: Vec<Record>,
    /// Whether production has it.
    pub(super) is_shipped: bool,
    pub(super) production: Found,
}

/// A branch that the fix must reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aim {
    /// As it is called.
    pub(super) name: String,
    pub(super) by: Manner,
    /// The local branch.
    pub(super) local: Option<Oid>,
    /// The remote's branch, as it was last fetched.
    pub(super) tracking: Option<Oid>,
    /// Where the promotion begins: whichever of the two is ahead.
    pub(super) tip: Oid,
}

impl Aim {
    /// The full name of the local branch.
    pub(super) fn full(&self) -> String {
        format!("refs/heads/{}", self.name)
    }
}

impl Promoted {
    /// As the ladder asks for it.
    pub(super) fn fix(&self) -> Fix<'_> {
        Fix { production: &self.base, base: Some(&self.base), head: &self.head, records: &self.records }
    }

    /// The commits to copy, oldest first.
    pub(super) fn commits(&self) -> Vec<Oid> {
        self.records.iter().rev().filter(|record| !record.is_merge()).map(|record| record.oid.clone()).collect()
    }

    /// A fix of which the branch alone matters.
    pub(super) fn known(branch: String, head: Oid) -> Self {
        Self { branch, base: head.clone(), head, records: vec![], is_shipped: false, production: Found::default() }
    }

    /// Finds the fix: the named branch, else the one that is checked out, else the only one that is open.
    pub(super) fn find(
        repo: &Repo,
        settings: &Settings,
        named: Option<&str>,
        since: Option<&str>,
    ) -> Result<Self, Trouble> {
        let branch = match named {
            Some(name) => name.trim_start_matches("refs/heads/").to_owned(),
            None => default_branch(repo, settings)?,
        };
        let head = repo.resolve(&format!("refs/heads/{branch}"))?.ok_or_else(|| {
            Trouble::new(format!("there is no local branch {}", text::clean(&branch)))
                .remedy("git branch --list 'hotfix/*'")
        })?;
        let production = production::find(repo, &settings.production, &settings.git.remote, Some(&head))?;
        let production = production::corrected(repo, production, settings.declared.production.as_ref(), Some(&head))?;
        let is_shipped = match &production.production.oid {
            Some(oid) => repo.reaches(oid, &head)?,
            None => false,
        };
        let runs = production.production.deployed.as_ref();
        let is_shipped = is_shipped || runs.is_some_and(|it| it.has_fix == Some(true));
        let base = match since {
            Some(name) => repo
                .resolve(name)?
                .ok_or_else(|| Trouble::new(format!("there is no revision {}", text::clean(name))))?,
            None => base(repo, settings, &production, &branch, &head, is_shipped)?,
        };
        if !repo.reaches(&head, &base)? {
            return Err(wrong_base(&branch, base.short()));
        }
        let (records, total) = repo.range(&base, &head, COMMITS)?;
        if records.is_empty() {
            let what = format!("{} has no commit of its own since {}", text::clean(&branch), base.short());
            return Err(Trouble::new(what).remedy("commit the fix first, or say --since REVISION where it begins"));
        }
        if total > COMMITS as u64 {
            return Err(Trouble::new(format!("{total} commits are no hotfix")).remedy("say --since REVISION"));
        }
        Ok(Self { branch, head, base, records, is_shipped, production })
    }

    /// Refuses while another hotfix is open that production will get as well.
    pub(super) fn refuse_rivals(&self, repo: &Repo, settings: &Settings, aims: &[Aim]) -> Result<(), Trouble> {
        let mut holders: Vec<Oid> = self.production.production.oid.iter().cloned().collect();
        holders.extend(aims.iter().map(|aim| aim.tip.clone()));
        refuse_rivals(&rivals(repo, settings, &self.branch, &holders)?)
    }
}

fn default_branch(repo: &Repo, settings: &Settings) -> Result<String, Trouble> {
    let pattern = [settings.git.branch.replace("{slug}", "*")];
    let current = repo.tip()?.branch.map(|full| full.trim_start_matches("refs/heads/").to_owned());
    if let Some(name) = current.iter().find(|name| means(&pattern, name)) {
        return Ok(name.clone());
    }
    let local = |(full, _): (String, Oid)| full.strip_prefix("refs/heads/").map(str::to_owned);
    let open: Vec<String> = repo.branches()?.into_iter().filter_map(local).filter(|it| means(&pattern, it)).collect();
    match (open.as_slice(), current) {
        ([only], _) => Ok(only.clone()),
        ([], Some(current)) => Ok(current),
        ([], None) => {
            Err(Trouble::new("HEAD is no branch, and no hotfix branch is here").remedy("hotfix finish BRANCH"))
        }
        (several, _) => Err(Trouble::new(format!("several hotfix branches are here: {}", several.join(", ")))
            .remedy("say which one: hotfix finish BRANCH")),
    }
}

fn wrong_base(branch: &str, base: &str) -> Trouble {
    Trouble::new(format!("{} is not built on {base}", text::clean(branch)))
        .remedy(format!("git rebase {base}, test again; or say --since REVISION where the fix begins"))
}

/// What the fix was built on.
fn base(
    repo: &Repo,
    settings: &Settings,
    found: &Found,
    branch: &str,
    head: &Oid,
    is_shipped: bool,
) -> Result<Oid, Trouble> {
    let unknown = || Trouble::new("where the fix begins cannot be told").remedy("say it: --since REVISION");
    if settings.git.strategy == Strategy::TrunkFirst {
        let trunk = foreign::development(repo, &settings.git)?.ok_or_else(|| {
            Trouble::new("no trunk is known, where the fix belongs first").remedy("set git.targets in hotfix.toml")
        })?;
        if trunk.name == branch {
            let what = format!("{} is the trunk itself", text::clean(branch));
            return Err(Trouble::new(what).remedy("say which of its commits are the fix: --since REVISION"));
        }
        return parted(repo, &trunk, head)?.ok_or_else(unknown);
    }
    let production = found.production.oid.as_ref().ok_or_else(|| {
        Trouble::new(format!("production is unknown: {}", found.production.how)).remedy("or say --since REVISION")
    })?;
    if !is_shipped {
        let name = found.production.reference.as_deref().unwrap_or("production");
        return match repo.merge_base(production, head)? {
            Some(base) if base == *production => Ok(base),
            _ => Err(wrong_base(branch, name)),
        };
    }
    // Production has it: the fix is what came after the version before it.
    if found.tag.is_some() {
        for tag in &found.versions {
            if !repo.reaches(&tag.commit, head)? && repo.reaches(head, &tag.commit)? {
                return Ok(tag.commit.clone());
            }
        }
        return Err(unknown());
    }
    let name = found.production.reference.clone().unwrap_or_default();
    let full = match name.split_once('/') {
        Some((remote, _)) if remote == settings.git.remote => format!("refs/remotes/{name}"),
        _ => format!("refs/heads/{name}"),
    };
    parted(repo, &Target { name, full, tip: production.clone() }, head)?.ok_or_else(unknown)
}

/// Where a branch left another one, even if that has it by now.
fn parted(repo: &Repo, from: &Target, head: &Oid) -> Result<Option<Oid>, Trouble> {
    if !repo.reaches(&from.tip, head)? {
        return repo.merge_base(&from.tip, head);
    }
    match foreign::before_merge(repo, from, head)? {
        Some(before) => repo.merge_base(&before, head),
        None => Ok(None),
    }
}

/// The targets in order: as configured, globs by version with the newest first; with the trunk first production's
/// own branch comes last.
pub(super) fn aims(repo: &Repo, settings: &Settings, fix: &Promoted, by: Option<Manner>) -> Result<Vec<Aim>, Trouble> {
    let mut names: Vec<String> = Vec::new();
    let git = &settings.git;
    if git.targets.is_empty() {
        names.extend(foreign::development(repo, git)?.map(|target| target.name));
        names.extend(open_branches(repo, settings, fix, "release/*")?);
    }
    for pattern in &git.targets {
        if is_glob(pattern) {
            names.extend(open_branches(repo, settings, fix, pattern)?);
        } else {
            names.push(pattern.clone());
        }
    }
    if git.strategy == Strategy::TrunkFirst {
        names.extend(production_branch(repo, settings)?);
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| *name != fix.branch && seen.insert(name.clone()));
    if names.is_empty() {
        return Err(Trouble::new("no branch is known that the fix must reach").remedy("set git.targets in hotfix.toml"));
    }
    let aim = |(place, name): (usize, String)| {
        let by = by.unwrap_or_else(|| manner(git, &name, place));
        aim(repo, &git.remote, name, by)
    };
    names.into_iter().enumerate().map(aim).collect()
}

/// Branches that match a glob and have commits that the fix was not built on.
fn open_branches(repo: &Repo, settings: &Settings, fix: &Promoted, glob: &str) -> Result<Vec<String>, Trouble> {
    let mut found = backmerge::matching(repo, &[glob], &settings.git.remote)?;
    found.sort_by_key(|it| std::cmp::Reverse(Version::of_tag(&it.name)));
    let mut names = Vec::new();
    for it in found {
        if !repo.reaches(&fix.base, &it.tip)? {
            names.push(it.name);
        }
    }
    Ok(names)
}

fn aim(repo: &Repo, remote: &str, name: String, by: Manner) -> Result<Aim, Trouble> {
    let local = repo.resolve(&format!("refs/heads/{name}"))?;
    let tracking = repo.resolve(&format!("refs/remotes/{remote}/{name}"))?;
    let shown = text::clean(&name);
    let tip = match (&local, &tracking) {
        (None, None) => {
            let what = format!("there is no branch {shown}, neither here nor at {remote}");
            return Err(Trouble::new(what).remedy("git fetch, or correct git.targets in hotfix.toml"));
        }
        (Some(here), None) => here.clone(),
        (None, Some(there)) => there.clone(),
        (Some(here), Some(there)) if repo.reaches(here, there)? => here.clone(),
        (Some(here), Some(there)) if repo.reaches(there, here)? => there.clone(),
        (Some(here), Some(there)) => {
            let (ours, theirs) = repo.ahead_behind(here, there)?;
            let what = format!("{shown} and {remote}/{shown} have diverged: {ours} commits here, {theirs} there");
            return Err(Trouble::new(what).remedy(format!(
                "git fetch, then bring {shown} up to date; hotfix finish --abort takes a promotion back that was not pushed"
            )));
        }
    };
    Ok(Aim { name, by, local, tracking, tip })
}
