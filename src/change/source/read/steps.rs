//! What takes longer than a glance, a step at a time.

use super::beside::Beside;
use super::{Comparison, KEPT, Key, Reader, Step, Undoing, point};
use crate::change::contents::Contents;
use crate::change::facts::{self, Known};
use crate::change::model::Report;
use crate::change::patch::Entry;
use crate::change::risk::{self, Familiarity, Risk};
use crate::change::source::survey::{self, Survey};
use crate::change::source::trouble::Trouble;
use crate::change::source::{familiar, releases, undoing};
use crate::evidence::Oid;

impl Reader {
    /// What [`Self::complete`] has to do next for the last report.
    pub(in crate::change::source) fn next_step(&self, report: &Report) -> Option<Step> {
        let (production, head) = (report.production.oid.as_ref()?, report.head.oid.as_ref()?);
        let is_familiar = self.familiar.as_ref().is_some_and(|((p, h), _)| p == production && h == head);
        match (report.rollback.is_none() || !self.glanced.is_surveyed, is_familiar) {
            (true, _) => Some(Step::Survey),
            (false, false) => Some(Step::Familiarity),
            (false, true) => {
                let is_compared = self.compared_with.as_ref().map(|(with, _)| with) == self.comparison(report).as_ref();
                (!is_compared).then_some(Step::Releases)
            }
        }
    }

    /// Works out what takes longer than a glance, one step at a time.
    pub(in crate::change::source) fn complete(&mut self, step: Step, report: &mut Report) -> Result<(), Trouble> {
        let (Some(production), Some(head)) = (report.production.oid.clone(), report.head.oid.clone()) else {
            return Ok(());
        };
        if step == Step::Releases {
            self.compare_with_releases(report);
            return Ok(());
        }
        let mut survey = match step {
            Step::Survey => self.survey(report, &production, &head),
            Step::Familiarity | Step::Releases => {
                let walked = self.beside.as_mut().and_then(Beside::walked);
                let known = walked.unwrap_or_else(|| self.familiarity(&production, report));
                self.familiar = Some(((production.clone(), head.clone()), known));
                self.surveyed.take().map(|(_, survey)| survey).unwrap_or_default()
            }
        };
        let known = self.familiar.as_ref().filter(|((p, h), _)| *p == production && *h == head);
        survey.context.familiarity = known.map(|(_, it)| it.clone());
        self.judge(report, &survey);
        self.surveyed = Some((self.key()?, survey));
        self.glanced.is_surveyed = true;
        Ok(())
    }

    /// What the size of this change is compared with; `None` without a merge base.
    fn comparison(&self, report: &Report) -> Option<Comparison> {
        Some((report.merge_base.clone()?, report.head.oid.clone()?, self.found.versions.clone()))
    }

    fn compare_with_releases(&mut self, report: &mut Report) {
        let Some(with) = self.comparison(report) else { return };
        let beside = self.beside.as_mut().and_then(|it| it.releases.take()).and_then(|it| it.join().ok());
        let found = beside
            .unwrap_or_else(|| releases::compare(&self.repo, &self.classes, &with.2, &with.0, &with.1).ok().flatten());
        report.releases.clone_from(&found);
        self.compared_with = Some((with, found));
    }

    fn familiarity(&self, production: &Oid, report: &Report) -> Familiarity {
        let measured = report.merge_base.as_ref().and(self.measured());
        let paths = measured.map_or(&[][..], |measured| &measured.paths);
        familiar::read(&self.repo, production, &self.glanced.records, paths, None)
    }

    /// Keeps what a rollback from production would undo.
    pub(super) fn know(&mut self, contents: Contents, changed: Vec<Entry>) {
        let (production, versions) = (self.found.production.oid.clone(), self.found.versions.clone());
        let changed = Some(changed).filter(|list| list.len() <= KEPT);
        self.undoing = Some(Undoing { production, versions, contents, changed });
    }

    /// Rollback contents, ladder, and all that the facts are told by.
    fn survey(&mut self, report: &mut Report, production: &Oid, head: &Oid) -> Survey {
        let (settings, found) = (&self.settings.production, &self.found);
        if !self.undoing.as_ref().is_some_and(|it| it.is_of(found)) {
            let from = point(found);
            let beside = self.beside.as_mut().and_then(|beside| beside.undoing.take()).and_then(|it| it.join().ok());
            let read = beside.unwrap_or_else(|| {
                undoing::contents(&self.repo, &self.classes, settings, from.clone(), None, &found.versions)
            });
            let (contents, changed) = read.unwrap_or_else(|trouble| {
                (Contents { from, unknown: vec![trouble.sentence()], ..Contents::default() }, Vec::new())
            });
            self.know(contents, changed);
        }
        report.rollback = self.undoing.as_ref().map(|it| it.contents.clone());
        survey::survey(&self.subject(report), production, head)
    }

    fn subject<'a>(&'a self, report: &'a Report) -> survey::Subject<'a> {
        survey::Subject {
            repo: &self.repo,
            settings: &self.settings,
            report,
            branch: self.glanced.branch.as_deref(),
            found: &self.found,
            foreign: &self.glanced.foreign,
            records: &self.glanced.records,
            measured: report.merge_base.as_ref().and(self.measured()),
            contents: report.rollback.as_ref(),
            undone: self.undoing.as_ref().and_then(|it| it.changed.as_deref()),
        }
    }

    /// The survey for the refs as they are, if it was made; what changes by the minute is looked at again.
    pub(super) fn survey_before(&self, report: &Report) -> Result<Survey, Trouble> {
        let glance = survey::glance(&self.repo, &self.settings.git.remote);
        let Some((key, survey)) = &self.surveyed else { return Ok(Survey { known: glance, ..Survey::default() }) };
        if *key != self.key()? || report.head.oid.is_none() {
            return Ok(Survey { known: glance, ..Survey::default() });
        }
        let (index_lock, has_remote, refs_age) = (glance.index_lock, glance.has_remote, glance.refs_age);
        let known = Known { index_lock, has_remote, refs_age, ..survey.known.clone() };
        Ok(Survey { known, ..survey.clone() })
    }

    /// All that a survey depends on: HEAD, the branches and the version tags.
    fn key(&self) -> Result<Key, Trouble> {
        let tip = self.repo.tip()?;
        let versions = self.found.versions.iter().map(|tag| (tag.name.clone(), tag.commit.clone()));
        Ok((
            tip.branch,
            tip.commit,
            self.found.production.oid.clone(),
            self.repo.branches()?.into_iter().chain(versions).collect(),
        ))
    }

    pub(super) fn judge(&self, report: &mut Report, survey: &Survey) {
        let mut gaps = self.glanced.gaps.clone();
        gaps.join(&survey.gaps);
        report.unknown = gaps.sentences().to_vec();
        report.back_merge = survey.back_merge.clone();
        let compared = self.compared_with.as_ref().filter(|(with, _)| Some(with) == self.comparison(report).as_ref());
        report.releases = compared.and_then(|(_, releases)| releases.clone());
        let is_awaited = !survey.known.is_surveyed && self.next_step(report).is_some();
        report.facts = if is_awaited { Vec::new() } else { facts::all(report, &survey.known) };
        report.risk = self.surveyed_risk(report, survey);
    }

    /// Without a survey the score would miss points, so there is none.
    fn surveyed_risk(&self, report: &Report, survey: &Survey) -> Option<Risk> {
        survey.known.is_surveyed.then(|| risk::score(report, &self.classes, &survey.context)).flatten()
    }
}
