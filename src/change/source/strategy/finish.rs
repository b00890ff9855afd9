//! `hotfix finish`: the fix to every target, in order.

use std::path::Path;

use super::fix::{self, Promoted};
use super::steps::Session;
use super::workshop::Workshop;
use super::{checkout, failure, open, open_at_rest};
use crate::change::source::Settings;
use crate::change::source::repository::Repo;
use crate::change::source::trouble::{Trouble, shown};
use crate::change::strategy::{Finished, Named, Reached, ReachedState, promotions, unfinished};
use crate::evidence::{Failure, Oid, text};
use crate::incident::{Entry, Manner, Promotion, PromotionState};
use crate::journal::record::Record;

/// What `hotfix finish` is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FinishOrder {
    /// The hotfix branch; the one that is checked out, or the only one, without it.
    pub branch: Option<String>,
    /// Where the fix begins, where that cannot be told.
    pub since: Option<String>,
    /// How it gets to every target, whatever the configuration says.
    pub by: Option<Manner>,
    /// Begin or go on, or answer a conflict.
    pub turn: Turn,
    /// Whether to push what was promoted.
    pub push: bool,
    /// A tag for the release.
    pub tag: Option<String>,
    /// Only look.
    pub dry_run: bool,
    /// Whether other hotfix branches may be open.
    pub despite_rival: bool,
}

/// How a conflict is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Turn {
    /// There is none.
    #[default]
    Go,
    /// It is resolved.
    Continue,
    /// The unfinished step is taken back.
    Abort,
}

/// The journal, as `hotfix finish` needs it.
pub struct Journaling<'a> {
    /// What is on record, of all incidents, oldest first.
    pub past: &'a [Record],
    /// Puts an entry on record; when it returns, it is durable.
    #[allow(clippy::type_complexity, reason = "it says what it takes and gives")]
    pub record: &'a mut dyn FnMut(Entry) -> Result<(), String>,
}

/// Promotes the fix, goes on with it, or takes an unfinished step back.
///
/// # Errors
/// When it cannot or should not be done, or somebody moved a branch meanwhile: says why, and what to do. What was done
/// before stays done and is on record, so that running it again goes on from there.
pub fn finish(
    root: &Path,
    settings: &Settings,
    order: &FinishOrder,
    journaling: &mut Journaling<'_>,
) -> Result<Finished, Failure> {
    work(root, settings, order, journaling).map_err(failure)
}

fn work(
    root: &Path,
    settings: &Settings,
    order: &FinishOrder,
    journaling: &mut Journaling<'_>,
) -> Result<Finished, Trouble> {
    let open_one = last_unfinished(journaling.past);
    let repo = match order.turn {
        Turn::Go => open_at_rest(root)?,
        // The work tree of the conflict is about to go, and whoever resolved it may be in there.
        _ => elsewhere(open(root)?, open_one.as_ref().and_then(|it| it.worktree.as_deref()))?,
    };
    let branch = order.branch.clone().or_else(|| open_one.as_ref().map(|it| it.branch.clone()));
    let fix = match (order.turn, open_one.filter(|it| Some(&it.branch) == branch.as_ref())) {
        (Turn::Abort, Some(step)) => Promoted::known(step.branch, step.head),
        (Turn::Abort, None) => return Err(nothing_open("take back")),
        _ => Promoted::find(&repo, settings, branch.as_deref(), order.since.as_deref())?,
    };
    let past = promotions(journaling.past, &fix.branch);
    let shop = Workshop::open(&repo, &fix.head, !order.dry_run)?;
    let mut session =
        Session { repo: &repo, settings, order, fix: &fix, shop: &shop, past, record: &mut *journaling.record };
    match (order.turn, unfinished(&session.past).cloned()) {
        (Turn::Abort, Some(step)) => session.take_back(&step),
        (Turn::Abort, None) => Err(nothing_open("take back")),
        (Turn::Continue, None) => Err(nothing_open("go on with")),
        (_, step) => session.all(step),
    }
}

/// The same repository, but not in this work tree.
fn elsewhere(repo: Repo, folder: Option<&str>) -> Result<Repo, Trouble> {
    let is_here = |it: &&str| Path::new(it).canonicalize().ok().as_deref() == Some(repo.place.root());
    if folder.filter(is_here).is_none() {
        return Ok(repo);
    }
    let main = checkout::all(&repo.git)?.into_iter().next().map(|it| it.path);
    open(&main.unwrap_or(repo.place.commondir))
}

fn nothing_open(what: &str) -> Trouble {
    Trouble::new(format!("there is no unfinished promotion to {what}"))
        .remedy("hotfix finish --dry-run shows what is left")
}

/// The newest unfinished promotion of any branch.
fn last_unfinished(past: &[Record]) -> Option<Promotion> {
    let mut branches = Vec::new();
    for record in past.iter().rev() {
        if let Some(Entry::Promotion(it)) = Entry::of(record)
            && !branches.contains(&it.branch)
        {
            if unfinished(std::slice::from_ref(&*it)).is_some() {
                return Some(*it);
            }
            branches.push(it.branch);
        }
    }
    None
}

impl Session<'_> {
    fn all(&mut self, step: Option<Promotion>) -> Result<Finished, Trouble> {
        self.refuse_own_dirt()?;
        let tag = self.order.tag.as_deref().map(|name| self.check_tag(name)).transpose()?;
        let aims = fix::aims(self.repo, self.settings, self.fix, self.order.by)?;
        if !self.order.despite_rival && !self.fix.is_shipped {
            self.fix.refuse_rivals(self.repo, self.settings, &aims)?;
        }
        let mut targets: Vec<Reached> = Vec::new();
        if let Some(step) = step.filter(|_| !self.order.dry_run) {
            targets.extend(self.settle(&step, &aims)?);
        }
        let mut reached: Vec<Reached> = Vec::new();
        for name in aims.iter().map(|aim| &aim.name) {
            let settled = targets.iter().position(|it| it.target == text::clean(name)).map(|at| targets.remove(at));
            let is_stopped = |it: &Reached| it.state == ReachedState::Conflict && !self.order.dry_run;
            // An earlier step moved branches: look again where each stands.
            let again = fix::aims(self.repo, self.settings, self.fix, self.order.by)?;
            let Some(aim) = again.iter().find(|aim| aim.name == *name) else { continue };
            let next = match settled {
                Some(it) => it,
                None if reached.iter().chain(&targets).any(is_stopped) => waiting(aim),
                None => self.reach(aim)?,
            };
            reached.push(next);
        }
        let mut finished = Finished {
            branch: text::clean(&self.fix.branch),
            head: self.fix.head.clone(),
            base: self.fix.base.clone(),
            targets: reached,
            tag: None,
            notes: self.notes(),
        };
        if let Some(tag) = tag.filter(|_| !self.order.dry_run && !finished.is_stopped()) {
            finished.tag = Some(self.tag(&tag, &finished)?);
        }
        Ok(finished)
    }

    fn notes(&self) -> Vec<String> {
        let production = self.fix.production.production.reference.as_deref().unwrap_or("an unknown version");
        let mut notes = Vec::new();
        if !self.fix.is_shipped {
            notes.push(format!("{production} runs in production: the fix is not part of it yet"));
        }
        notes
    }

    /// What is not committed would not be promoted.
    fn refuse_own_dirt(&self) -> Result<(), Trouble> {
        let own = checkout::of_branch(&self.repo.git, &format!("refs/heads/{}", self.fix.branch))?;
        let Some(own) = own else { return Ok(()) };
        let Some(dirt) = checkout::dirt(&own.path)? else { return Ok(()) };
        let what = format!("{} has changes that are no part of the fix: {dirt}", shown(&own.path));
        Err(Trouble::new(what).remedy("commit them, or set them aside"))
    }

    /// Refuses a tag that cannot be made, before anything is done.
    fn check_tag(&self, name: &str) -> Result<String, Trouble> {
        let shown = text::clean(name);
        let is_name =
            !name.starts_with('-') && self.repo.git.output(&["check-ref-format", &format!("refs/tags/{name}")]).is_ok();
        if !is_name {
            return Err(Trouble::new(format!("git allows no tag called {shown}")));
        }
        let there = self.repo.resolve(&format!("refs/tags/{name}"))?;
        match there {
            Some(oid) if oid != self.fix.head && !self.repo.reaches(&oid, &self.fix.head)? => {
                Err(Trouble::new(format!("the tag {shown} exists already, and names {} without the fix", oid.short()))
                    .remedy("take the next version"))
            }
            _ => Ok(name.to_owned()),
        }
    }

    /// Tags what production gets: the tip of its own branch where it has one among the targets, else the fix.
    fn tag(&mut self, name: &str, finished: &Finished) -> Result<Named, Trouble> {
        let branch = super::production_branch(self.repo, self.settings)?.map(|name| text::clean(&name));
        let tip = finished.targets.iter().find(|it| Some(&it.target) == branch.as_ref()).and_then(|it| it.to.clone());
        let full = format!("refs/tags/{name}");
        let mut named = Named { name: text::clean(name), oid: tip.unwrap_or(self.fix.head.clone()), pushed: false };
        if let Some(oid) = self.repo.resolve(&full)? {
            named.oid = oid;
        } else {
            self.record(Entry::Tagged { tag: name.to_owned(), oid: named.oid.clone() })?;
            let tag = self.shop.tag(name, &named.oid, &format!("{name}: {}\n", self.fix.branch))?;
            super::move_ref(&self.repo.git, &full, &tag, None, "hotfix finish: tag")?;
        }
        if self.order.push {
            let object = self.repo.git.line(&["rev-parse", "--verify", &full])?;
            let object = Oid::parse(object.trim()).ok_or_else(|| Trouble::new("git rev-parse printed no object id"))?;
            let url = self.url()?;
            if self.shop.remote(&url, &full)?.as_ref() != Some(&object) {
                self.shop.push(&url, &full, &object, None)?;
            }
            named.pushed = true;
        }
        Ok(named)
    }
}

fn waiting(aim: &fix::Aim) -> Reached {
    Reached {
        target: text::clean(&aim.name),
        by: aim.by,
        state: ReachedState::Waiting,
        level: None,
        from: aim.tip.clone(),
        to: None,
        pushed: false,
        paths: vec![],
        worktree: None,
        why: "waits for the conflict before it".into(),
    }
}

/// A step of this promotion, in another state.
pub(super) fn in_state(step: &Promotion, state: PromotionState, detail: Option<String>) -> Entry {
    Entry::Promotion(Box::new(Promotion { state, detail, ..step.clone() }))
}

/// Whether a repository has this work tree.
pub(super) fn has_checkout(repo: &Repo, path: &Path) -> Result<bool, Trouble> {
    Ok(path.join(".git").exists() && checkout::all(&repo.git)?.iter().any(|it| it.path == path))
}
