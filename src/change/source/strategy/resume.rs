//! What became of a step that was begun: looked up in the world before anything is repeated.

use std::path::PathBuf;

use super::checkout::{self, Resolved};
use super::finish::{Turn, has_checkout, in_state};
use super::fix::Aim;
use super::move_ref;
use super::steps::{Made, Session};
use crate::change::source::trouble::{Trouble, shown};
use crate::change::strategy::{Finished, Reached, ReachedState};
use crate::evidence::{Oid, text};
use crate::incident::{Manner, Promotion, PromotionState};

impl Session<'_> {
    /// Ends the step that an earlier run began. Returns the target, if that is all for now.
    pub(super) fn settle(&mut self, step: &Promotion, aims: &[Aim]) -> Result<Option<Reached>, Trouble> {
        let aim = aims.iter().find(|aim| aim.name == step.target).cloned();
        match step.state {
            PromotionState::Conflict => {
                let Some(aim) = aim else { return Err(no_target(step)) };
                self.resolve(step, &aim).map(Some)
            }
            PromotionState::Pushing => self.look_at_remote(step).map(|()| None),
            _ => self.observe(step).map(|()| None),
        }
    }

    /// Whether an intended move took place.
    fn observe(&mut self, step: &Promotion) -> Result<(), Trouble> {
        let full = format!("refs/heads/{}", step.target);
        if let Some(place) = checkout::of_branch(&self.repo.git, &full)? {
            checkout::settle(&place.path)?;
        }
        let now = self.repo.resolve(&full)?;
        let has_moved = now == step.to || self.complete(step, &full, now.as_ref())?;
        let folder = step.worktree.as_ref().map(PathBuf::from);
        if !has_moved {
            let detail = Some("it was not carried out".to_owned());
            return self.record(in_state(step, PromotionState::TakenBack, detail));
        }
        self.record(in_state(step, PromotionState::Done, None))?;
        match folder {
            Some(folder) if has_checkout(self.repo, &folder)? => checkout::remove(&self.repo.git, &folder),
            _ => Ok(()),
        }
    }

    /// A work tree may have got the new files before its branch was moved: then the branch follows.
    fn complete(&self, step: &Promotion, full: &str, now: Option<&Oid>) -> Result<bool, Trouble> {
        let (Some(to), Some(now)) = (&step.to, now) else { return Ok(false) };
        let Some(place) = checkout::of_branch(&self.repo.git, full)? else { return Ok(false) };
        let is_ahead = *now == step.from && checkout::dirt(&place.path)?.is_some();
        if !is_ahead || !checkout::is_at(&place.path, to) {
            return Ok(false);
        }
        move_ref(&self.repo.git, full, to, Some(now), "hotfix finish: went on")?;
        Ok(true)
    }

    /// Whether a push that nobody saw the end of took place.
    fn look_at_remote(&mut self, step: &Promotion) -> Result<(), Trouble> {
        if !self.order.push {
            return Ok(());
        }
        let full = format!("refs/heads/{}", step.target);
        if self.shop.remote(&self.url()?, &full)? == step.to {
            let tracking = self.repo.resolve(&format!("refs/remotes/{}/{}", self.settings.git.remote, step.target))?;
            self.pushed(step, tracking.as_ref())?;
        }
        Ok(())
    }

    /// Goes on behind a conflict that a person resolved.
    fn resolve(&mut self, step: &Promotion, aim: &Aim) -> Result<Reached, Trouble> {
        let folder = PathBuf::from(step.worktree.as_deref().unwrap_or_default());
        if self.order.turn != Turn::Continue {
            let what = format!("the {} to {} waits: {}", step.by.label(), text::clean(&step.target), detail(step));
            return Err(Trouble::new(what).remedy(format!(
                "resolve it in {}, `git add`, then hotfix finish --continue; or --abort",
                shown(&folder)
            )));
        }
        let tip = step.to.as_ref().unwrap_or(&step.from);
        let now = aim.local.as_ref().unwrap_or(&aim.tip);
        if *now != step.from || self.fix.head != step.head || !self.repo.reaches(tip, &aim.tip)? {
            let moved = if self.fix.head == step.head { &aim.name } else { &self.fix.branch };
            let what = format!("{} moved since the conflict was met", text::clean(moved));
            return Err(Trouble::new(what).remedy("hotfix finish --abort, then hotfix finish again"));
        }
        let before = self.before(step, aim);
        let commit = step.picks.first().unwrap_or(&step.head);
        let there = has_checkout(self.repo, &folder)?;
        let resolved = if there { checkout::resolved(&folder, step.by, tip, commit)? } else { Resolved::Gone };
        let next = match resolved {
            Resolved::Gone => {
                self.lay_out(step, &folder)?;
                let why = format!("the conflict was not resolved: it is in {} again", shown(&folder));
                return Ok(Reached { state: ReachedState::Conflict, worktree: Some(shown(&folder)), why, ..before });
            }
            Resolved::Committed(oid) => self.committed(step, tip, oid)?,
            Resolved::Staged(tree) if step.by == Manner::Merge => self.merged(tip, &tree, &step.target)?,
            Resolved::Staged(tree) => self.copied(tip.clone(), &tree, commit)?,
        };
        let rest = step.picks.get(1..).unwrap_or_default();
        match self.pick(next, rest)? {
            Made::Whole(to) => {
                self.refuse_dirt(aim)?;
                self.land(aim, to, Some(&folder), before)
            }
            Made::Conflict { tip, picks, paths } => {
                let again = Promotion {
                    to: Some(tip),
                    picks,
                    detail: Some(format!("conflict in {}", paths.join(", "))),
                    ..step.clone()
                };
                self.record(in_state(&again, PromotionState::Conflict, again.detail.clone()))?;
                self.lay_out(&again, &folder)?;
                let why =
                    format!("the next commit conflicts in {}: resolve it in {}", paths.join(", "), shown(&folder));
                let worktree = Some(shown(&folder));
                Ok(Reached { state: ReachedState::Conflict, paths, worktree, why, ..before })
            }
        }
    }

    /// A commit that a person made of the conflict must be made of both sides.
    fn committed(&self, step: &Promotion, tip: &Oid, oid: Oid) -> Result<Oid, Trouble> {
        let has_both =
            self.repo.reaches(&oid, tip)? && (step.by != Manner::Merge || self.repo.reaches(&oid, &step.head)?);
        if has_both {
            return Ok(oid);
        }
        Err(Trouble::new(format!("{} in that work tree does not hold both sides", oid.short()))
            .remedy("hotfix finish --abort, then hotfix finish again"))
    }

    fn before(&self, step: &Promotion, aim: &Aim) -> Reached {
        Reached {
            target: text::clean(&step.target),
            by: step.by,
            state: ReachedState::Conflict,
            level: None,
            from: aim.tip.clone(),
            to: None,
            pushed: false,
            paths: vec![],
            worktree: step.worktree.as_deref().map(text::clean),
            why: String::new(),
        }
    }

    /// Takes the unfinished step back: exactly that one.
    pub(super) fn take_back(&mut self, step: &Promotion) -> Result<Finished, Trouble> {
        let why = match step.state {
            PromotionState::Conflict => "nothing had been moved".to_owned(),
            _ => self.move_back(step)?,
        };
        self.record(in_state(step, PromotionState::TakenBack, Some(why.clone())))?;
        if let Some(folder) = step.worktree.as_ref().map(PathBuf::from)
            && has_checkout(self.repo, &folder)?
        {
            checkout::remove(&self.repo.git, &folder)?;
        }
        let reached = Reached {
            target: text::clean(&step.target),
            by: step.by,
            state: ReachedState::Waiting,
            level: None,
            from: step.from.clone(),
            to: None,
            pushed: false,
            paths: vec![],
            worktree: None,
            why: format!("taken back: {why}"),
        };
        Ok(Finished {
            branch: text::clean(&self.fix.branch),
            head: self.fix.head.clone(),
            base: self.fix.base.clone(),
            targets: vec![reached],
            tag: None,
            notes: vec![],
        })
    }

    fn move_back(&mut self, step: &Promotion) -> Result<String, Trouble> {
        let (name, full) = (text::clean(&step.target), format!("refs/heads/{}", step.target));
        let now = self.repo.resolve(&full)?;
        if now != step.to {
            return Ok(format!("{name} had not been moved, or somebody moved it since"));
        }
        if step.state == PromotionState::Pushing && self.shop.remote(&self.url()?, &full)? == step.to {
            self.pushed(step, None)?;
            return Err(Trouble::new(format!("{name} was pushed: it is not taken back"))
                .remedy("git revert takes back what others may have"));
        }
        let why = "hotfix finish --abort";
        match checkout::of_branch(&self.repo.git, &full)? {
            Some(place) => checkout::back(&place.path, &step.from)?,
            None if step.is_new => {
                let to = now.as_ref().map_or("", Oid::as_str);
                self.repo.git.output(&["update-ref", "-m", why, "-d", &full, to])?;
            }
            None => move_ref(&self.repo.git, &full, &step.from, now.as_ref(), why)?,
        }
        Ok(format!("{name} stands at {} again", step.from.short()))
    }
}

fn detail(step: &Promotion) -> &str {
    step.detail.as_deref().unwrap_or("a conflict")
}

fn no_target(step: &Promotion) -> Trouble {
    let what = format!("{} is no target any more, and its conflict waits", text::clean(&step.target));
    Trouble::new(what).remedy("hotfix finish --abort")
}
