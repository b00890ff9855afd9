//! One target: what the fix makes of it, in memory; then the intent on record, the branch moved, and the push.

use std::path::{Path, PathBuf};

use super::finish::{FinishOrder, has_checkout, in_state};
use super::fix::{Aim, Promoted};
use super::start::sibling;
use super::workshop::{Merged, Workshop};
use super::{checkout, move_ref};
use crate::change::ladder::{Level, Rung};
use crate::change::source::Settings;
use crate::change::source::backmerge;
use crate::change::source::foreign::Target;
use crate::change::source::repository::Repo;
use crate::change::source::trouble::{Trouble, shown};
use crate::change::strategy::{Reached, ReachedState, merge_message, pick_message};
use crate::evidence::{Oid, text};
use crate::incident::{Entry, Manner, Promotion, PromotionState};

/// One run of `hotfix finish`.
pub(super) struct Session<'a> {
    pub(super) repo: &'a Repo,
    pub(super) settings: &'a Settings,
    pub(super) order: &'a FinishOrder,
    pub(super) fix: &'a Promoted,
    pub(super) shop: &'a Workshop,
    /// What is on record of this branch.
    pub(super) past: Vec<Promotion>,
    pub(super) record: &'a mut dyn FnMut(Entry) -> Result<(), String>,
}

/// What a target becomes.
pub(super) enum Made {
    /// This commit; the old one when there was nothing to do.
    Whole(Oid),
    /// A person must decide.
    Conflict {
        /// How far it got.
        tip: Oid,
        /// What is left to be picked, the one in conflict first.
        picks: Vec<Oid>,
        paths: Vec<String>,
    },
}

impl Session<'_> {
    /// Puts an entry on record before it has an effect.
    pub(super) fn record(&mut self, entry: Entry) -> Result<(), Trouble> {
        if let Entry::Promotion(step) = &entry {
            self.past.push((**step).clone());
        }
        (self.record)(entry).map_err(|why| Trouble::new(format!("nothing more is done: {why}")))
    }

    /// Brings the fix to a target that may have it already.
    pub(super) fn reach(&mut self, aim: &Aim) -> Result<Reached, Trouble> {
        let target = Target { name: text::clean(&aim.name), full: aim.full(), tip: aim.tip.clone() };
        let (rung, _) = backmerge::probe(self.repo, &self.fix.fix(), &target)?;
        if rung.level.is_some_and(|level| level < Level::MissingClean) {
            return self.already(aim, rung);
        }
        let before = Reached {
            target: target.name,
            by: aim.by,
            state: ReachedState::Clean,
            level: rung.level,
            from: aim.tip.clone(),
            to: None,
            pushed: false,
            paths: vec![],
            worktree: None,
            why: format!("would be reached by {}", aim.by.label()),
        };
        match self.make(aim)? {
            Made::Whole(to) if to == aim.tip => {
                self.already(aim, Rung { level: Some(Level::Content), why: "content present".into(), ..rung })
            }
            Made::Whole(to) if self.order.dry_run => Ok(Reached { to: Some(to), ..before }),
            Made::Conflict { paths, .. } if self.order.dry_run => {
                let why = format!("would conflict: {}", some(&paths));
                Ok(Reached { state: ReachedState::Conflict, paths, why, ..before })
            }
            Made::Whole(to) => {
                self.refuse_dirt(aim)?;
                self.land(aim, to, None, before)
            }
            Made::Conflict { tip, picks, paths } => self.stop(aim, &tip, picks, paths, before),
        }
    }

    fn already(&mut self, aim: &Aim, rung: Rung) -> Result<Reached, Trouble> {
        let (target, by, tip) = (text::clean(&aim.name), aim.by, aim.tip.clone());
        let ours = self.past.iter().rfind(|it| it.target == aim.name).cloned();
        let ours = ours.filter(|it| it.to.is_some() && it.to == aim.local);
        let mut pushed = aim.tracking.as_ref() == Some(&tip);
        if let (Some(step), true) = (ours, self.order.push && !pushed && !self.order.dry_run) {
            self.push(aim, &step, &tip)?;
            pushed = true;
        }
        let state = ReachedState::Already;
        let (from, to) = (tip.clone(), Some(tip));
        let why = rung.why;
        Ok(Reached { target, by, state, level: rung.level, from, to, pushed, paths: vec![], worktree: None, why })
    }

    /// What the target becomes, in memory.
    fn make(&self, aim: &Aim) -> Result<Made, Trouble> {
        match aim.by {
            Manner::CherryPick => self.pick(aim.tip.clone(), &self.fix.commits()),
            Manner::Merge => Ok(match self.shop.merge(&aim.tip, &self.fix.head)? {
                Merged::Clean(tree) => Made::Whole(self.merged(&aim.tip, &tree, &aim.name)?),
                Merged::Conflict(paths) => Made::Conflict { tip: aim.tip.clone(), picks: vec![], paths },
            }),
        }
    }

    pub(super) fn merged(&self, tip: &Oid, tree: &Oid, target: &str) -> Result<Oid, Trouble> {
        self.shop.commit(tree, &[tip, &self.fix.head], &merge_message(&self.fix.branch, target), None)
    }

    /// Copies commits, one after the other, until one conflicts. What is there already is passed over.
    pub(super) fn pick(&self, mut tip: Oid, commits: &[Oid]) -> Result<Made, Trouble> {
        for (place, commit) in commits.iter().enumerate() {
            match self.shop.pick(&tip, commit)? {
                Merged::Clean(tree) => tip = self.copied(tip, &tree, commit)?,
                Merged::Conflict(paths) => {
                    return Ok(Made::Conflict { tip, picks: commits[place..].to_vec(), paths });
                }
            }
        }
        Ok(Made::Whole(tip))
    }

    pub(super) fn copied(&self, tip: Oid, tree: &Oid, commit: &Oid) -> Result<Oid, Trouble> {
        if self.shop.tree(&tip)? == *tree {
            return Ok(tip);
        }
        let (author, message) = self.shop.of(commit)?;
        self.shop.commit(tree, &[&tip], &pick_message(&message, commit), Some(&author))
    }

    pub(super) fn step(&self, aim: &Aim, state: PromotionState, to: Option<Oid>) -> Promotion {
        Promotion {
            branch: self.fix.branch.clone(),
            head: self.fix.head.clone(),
            target: aim.name.clone(),
            by: aim.by,
            state,
            from: aim.local.clone().unwrap_or_else(|| aim.tip.clone()),
            is_new: aim.local.is_none(),
            to,
            worktree: None,
            picks: vec![],
            detail: None,
        }
    }

    /// What is checked out and changed must not be moved under somebody's hands.
    pub(super) fn refuse_dirt(&self, aim: &Aim) -> Result<(), Trouble> {
        let Some(place) = checkout::of_branch(&self.repo.git, &aim.full())? else { return Ok(()) };
        let name = text::clean(&aim.name);
        let Some(dirt) = checkout::dirt(&place.path)? else {
            return checkout::no_own_filters(&self.repo.git).map_err(|trouble| Trouble {
                what: format!("{name} is checked out in {}, and {}", shown(&place.path), trouble.what),
                ..trouble
            });
        };
        let what =
            format!("{name} is checked out in {} with changes that are not committed: {dirt}", shown(&place.path));
        Err(Trouble::new(what).remedy("commit them or set them aside, then hotfix finish again"))
    }

    /// Moves the target, with its files where it is checked out, and pushes it if asked.
    pub(super) fn land(
        &mut self,
        aim: &Aim,
        to: Oid,
        conflict: Option<&Path>,
        before: Reached,
    ) -> Result<Reached, Trouble> {
        let step = self.step(aim, PromotionState::Intent, Some(to.clone()));
        let step = Promotion { worktree: conflict.map(|path| path.to_string_lossy().into_owned()), ..step };
        self.record(Entry::Promotion(Box::new(step.clone())))?;
        if aim.local.as_ref() != Some(&to) {
            self.move_target(aim, &to)?;
        }
        self.record(in_state(&step, PromotionState::Done, None))?;
        if let Some(path) = conflict.filter(|path| has_checkout(self.repo, path).unwrap_or(false)) {
            checkout::remove(&self.repo.git, path)?;
        }
        let mut pushed = aim.tracking.as_ref() == Some(&to);
        if self.order.push && !pushed {
            self.push(aim, &step, &to)?;
            pushed = true;
        }
        let done = if aim.by == Manner::Merge { "merged" } else { "cherry-picked" };
        let why = format!("{done}: {} -> {}", aim.tip.short(), to.short());
        Ok(Reached { state: ReachedState::Done, to: Some(to), pushed, why, ..before })
    }

    fn move_target(&self, aim: &Aim, to: &Oid) -> Result<(), Trouble> {
        let (git, full) = (&self.repo.git, aim.full());
        let place = checkout::of_branch(git, &full)?;
        let moved = match &place {
            Some(_) if self.repo.resolve(&full)? != aim.local => Err(Trouble::new("it moved")),
            Some(place) => checkout::forward(&place.path, to),
            None => {
                let why = format!("hotfix finish: {} {}", aim.by.label(), self.fix.branch);
                move_ref(git, &full, to, aim.local.as_ref(), &why)
            }
        };
        if let Err(trouble) = moved {
            if self.repo.resolve(&full)? != aim.local {
                let what = format!("somebody moved {} meanwhile: nothing was done to it", text::clean(&aim.name));
                return Err(Trouble::new(what).remedy("hotfix finish again"));
            }
            return Err(trouble);
        }
        if aim.local.is_none() {
            let upstream = format!("--set-upstream-to={}/{}", self.settings.git.remote, aim.name);
            // A convenience: the branch is right without it.
            let _ = git.output(&["branch", "--quiet", &upstream, &aim.name]);
        }
        Ok(())
    }

    /// Leaves a conflict for a person, in a work tree of its own.
    pub(super) fn stop(
        &mut self,
        aim: &Aim,
        tip: &Oid,
        picks: Vec<Oid>,
        paths: Vec<String>,
        before: Reached,
    ) -> Result<Reached, Trouble> {
        checkout::no_own_filters(&self.repo.git)?;
        let place = self.place(aim)?;
        let worktree = Some(place.to_string_lossy().into_owned());
        let step = self.step(aim, PromotionState::Conflict, Some(tip.clone()));
        let detail = Some(format!("conflict in {}", some(&paths)));
        let step = Promotion { worktree, picks, detail, ..step };
        self.record(Entry::Promotion(Box::new(step.clone())))?;
        self.lay_out(&step, &place)?;
        let why = format!("conflict in {}: resolve it in {}", some(&paths), shown(&place));
        Ok(Reached { state: ReachedState::Conflict, paths, worktree: Some(shown(&place)), why, ..before })
    }

    /// Makes the work tree of a conflict, with the conflict in it.
    pub(super) fn lay_out(&self, step: &Promotion, place: &Path) -> Result<(), Trouble> {
        let git = &self.repo.git;
        if has_checkout(self.repo, place)? {
            checkout::remove(git, place)?;
        }
        // A folder that somebody took away by hand is still on git's list.
        git.output(&["worktree", "prune"])?;
        let tip = step.to.as_ref().unwrap_or(&step.from);
        checkout::add(git, place, tip.as_str(), true)?;
        checkout::conflict(place, step.by, step.picks.first().unwrap_or(&step.head))
    }

    fn place(&self, aim: &Aim) -> Result<PathBuf, Trouble> {
        let first = sibling(self.repo, &format!("finish-{}", aim.name))?;
        let other = |n: u32| PathBuf::from(format!("{}-{n}", first.display()));
        let mut all = std::iter::once(first.clone()).chain((2..100).map(other));
        all.find(|path| !path.exists()).ok_or_else(|| Trouble::new(format!("{} is there already", shown(&first))))
    }

    /// The address that a push goes to, as the repository has it. What it may not be git itself refuses.
    pub(super) fn url(&self) -> Result<String, Trouble> {
        let remote = &self.settings.git.remote;
        let get = |key: &str| self.repo.git.line(&["config", "--get", &format!("remote.{remote}.{key}")]).ok();
        let url = get("pushurl").or_else(|| get("url")).filter(|url| !url.is_empty());
        url.ok_or_else(|| {
            Trouble::new(format!("there is no remote {}", text::clean(remote)))
                .remedy("git remote add, or set git.remote")
        })
    }

    /// Pushes a target that stands at `to`: only if the remote's branch stands where it was last seen.
    pub(super) fn push(&mut self, aim: &Aim, step: &Promotion, to: &Oid) -> Result<(), Trouble> {
        let url = self.url()?;
        let step = Promotion { to: Some(to.clone()), ..step.clone() };
        self.record(in_state(&step, PromotionState::Pushing, None))?;
        self.shop.push(&url, &aim.full(), to, aim.tracking.as_ref())?;
        self.pushed(&step, aim.tracking.as_ref())
    }

    /// Takes note that the remote has it.
    pub(super) fn pushed(&mut self, step: &Promotion, tracking: Option<&Oid>) -> Result<(), Trouble> {
        let full = format!("refs/remotes/{}/{}", self.settings.git.remote, step.target);
        if let Some(to) = &step.to {
            // The next fetch would tell the same.
            let _ = move_ref(&self.repo.git, &full, to, tracking, "hotfix finish: push");
        }
        self.record(in_state(step, PromotionState::Pushed, None))
    }
}

/// The first three, and how many more.
fn some(paths: &[String]) -> String {
    let more = paths.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", paths.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", "))
}
