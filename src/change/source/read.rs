//! Looks at the repository once, and remembers what does not change with the refs.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;

use super::foreign::{self, Foreign};
use super::history::{Record, Tag, Tip};
use super::people;
use super::production::{self, Found};
use super::repository::Repo;
use super::size::{self, Measured};
use super::survey::Survey;
use super::trouble::{Gaps, Trouble};
use super::undoing;
use crate::change::classes::Classes;
use crate::change::contents::{Contents, Point};
use crate::change::deployed::{Declared, Said};
use crate::change::model::{COMMITS_LISTED, Commit, Head, Report};
use crate::change::patch::Entry;
use crate::change::releases::Releases;
use crate::change::risk::Familiarity;
use crate::config::schema;
use crate::evidence::{Evidence, Oid, Subject, text};

mod beside;
mod last;
mod steps;

use beside::Beside;
use last::Last;

/// How long a report may be believed: the source confirms it every 10 s.
const TTL: Duration = Duration::from_secs(60);

/// What the hotfix ships.
const TIP: &str = "HEAD";

/// Files that differ between production and the version before it, as far as they are kept.
const KEPT: usize = 10_000;

/// What the configuration says of the change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// What runs in production.
    pub production: schema::Production,
    /// Branches.
    pub git: schema::Git,
    /// What counts as small.
    pub limits: schema::Limits,
    /// What paths say.
    pub change: schema::Change,
    /// What production and the canary themselves say that they run.
    pub declared: Declared,
}

impl From<&schema::Config> for Settings {
    fn from(config: &schema::Config) -> Self {
        Self {
            production: config.production.clone(),
            git: config.git.clone(),
            limits: config.limits,
            change: config.change.clone(),
            declared: Declared::default(),
        }
    }
}

/// Compiled when they are first asked for, and then for whoever reads beside.
type LazyClasses = Arc<LazyLock<Classes, Box<dyn FnOnce() -> Classes + Send>>>;

fn classes(settings: &Settings) -> LazyClasses {
    let own = settings.change.classes.clone();
    Arc::new(LazyLock::new(Box::new(move || Classes::new(&own))))
}

/// What takes longer than a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Rollback contents, ladder, facts and risk.
    Survey,
    /// How well the authors know what they touch.
    Familiarity,
    /// How large the repository's own patch releases were.
    Releases,
}

/// An open repository with what was worked out before.
pub(super) struct Reader {
    pub(super) repo: Repo,
    settings: Settings,
    /// Compiled when they are first asked for.
    classes: LazyClasses,
    measured: Option<((Oid, Oid), Measured)>,
    compared: Option<(Oid, Oid)>,
    ranged: Last<(Oid, Oid), Range>,
    foreign: Last<(Option<foreign::Target>, Option<String>, Oid, Oid), Foreign>,
    apart: Last<(Oid, Oid), (u64, u64)>,
    found: Found,
    undoing: Option<Undoing>,
    glanced: Glanced,
    /// What was surveyed last, and for which refs.
    surveyed: Option<(Key, Survey)>,
    familiar: Option<((Oid, Oid), Familiarity)>,
    compared_with: Option<(Comparison, Option<Releases>)>,
    /// What is read beside the rest, where somebody waits for the end.
    beside: Option<Beside>,
}

impl Reader {
    pub(super) fn open(root: &Path, settings: Settings) -> Result<Self, Trouble> {
        let repo = Repo::open(root)?;
        let classes = classes(&settings);
        Ok(Self {
            repo,
            settings,
            classes,
            measured: None,
            compared: None,
            ranged: Last::default(),
            foreign: Last::default(),
            apart: Last::default(),
            found: Found::default(),
            undoing: None,
            glanced: Glanced::default(),
            surveyed: None,
            familiar: None,
            compared_with: None,
            beside: None,
        })
    }

    /// The same for whoever waits for the end: what takes longer is read beside the rest.
    pub(super) fn open_whole(root: &Path, settings: Settings) -> Result<Self, Trouble> {
        Ok(Self { beside: Some(Beside::default()), ..Self::open(root, settings)? })
    }

    /// The last diff that was measured.
    pub(super) fn measured(&self) -> Option<&Measured> {
        self.measured.as_ref().map(|(_, measured)| measured)
    }

    /// The commits of that diff: merge base and tip.
    pub(super) fn compared(&self) -> Option<&(Oid, Oid)> {
        self.compared.as_ref()
    }

    /// What going back undoes. Without `from` it goes back from what runs, and says where that is another commit than the
    /// tip: before the fix is out, going back from the tip would only bring back what is broken. Unless that is what it
    /// goes back to: then the tip is on a canary, and is what has to go.
    pub(super) fn way_back(&mut self, from: Option<&str>, to: Option<&str>) -> Result<Contents, Trouble> {
        if from.is_some() {
            return Ok(self.rollback(from, to)?.0);
        }
        let tip = self.repo.tip()?.commit;
        let said = self.settings.declared.production.clone();
        let running = said.as_ref().map(|said| production::meaning(&self.repo, said)).transpose()?.flatten();
        let name = said.as_ref().map_or("", Said::word);
        let target = to.map(|to| undoing::named(&self.repo, to)).transpose()?.flatten().and_then(|point| point.oid);
        let (mut contents, note) = match &running {
            // A canary is out, and production still says what it goes back to: from there there would be nothing to undo.
            Some(oid) if tip.as_ref() != Some(oid) && target.as_ref() == Some(oid) => {
                let note =
                    format!("production says that it runs {name}: the tip is out in part at most, and is taken back");
                (self.rollback(Some(TIP), to)?.0, Some(note))
            }
            Some(oid) if tip.as_ref() != Some(oid) => {
                let note = format!("production says that it runs {name}, not the tip: this goes back from there");
                (self.rollback(Some(&self.name(oid)), to)?.0, Some(note))
            }
            None if said.is_some() => {
                let note =
                    format!("production runs {name}, which this clone does not know: this goes back from the tip");
                (self.rollback(Some(TIP), to)?.0, Some(note))
            }
            _ => (self.rollback(Some(TIP), to)?.0, None),
        };
        contents.unknown.extend(note);
        Ok(contents)
    }

    /// A version tag of the commit, else its id.
    fn name(&self, oid: &Oid) -> String {
        let glob = self.settings.production.reference.as_deref().filter(|name| production::is_glob(name));
        let versions = self.repo.versions(glob.unwrap_or(production::DEFAULT)).unwrap_or_default();
        let tag = versions.into_iter().find(|tag| tag.commit == *oid);
        tag.map_or_else(|| oid.to_string(), |tag| tag.name)
    }

    fn rollback(&mut self, from: Option<&str>, to: Option<&str>) -> Result<(Contents, Vec<Entry>), Trouble> {
        let tip = self.repo.tip()?;
        let found = self.production(tip.commit.as_ref())?;
        let from = match from {
            Some(name) => {
                undoing::named(&self.repo, name)?.unwrap_or(Point { reference: text::clean(name), oid: None })
            }
            None => point(&found),
        };
        undoing::contents(&self.repo, &self.classes, &self.settings.production, from, to, &found.versions)
    }

    fn production(&self, head: Option<&Oid>) -> Result<Found, Trouble> {
        let found = production::find(&self.repo, &self.settings.production, &self.settings.git.remote, head)?;
        production::corrected(&self.repo, found, self.settings.declared.production.as_ref(), head)
    }

    /// Production or the canary says something else now.
    pub(super) fn set_declared(&mut self, declared: Declared) {
        self.settings.declared = declared;
    }

    /// What a glance needs about commits and refs as they are now; the rest as far as it was worked out before.
    pub(super) fn report(&mut self) -> Result<Evidence<Report>, Trouble> {
        self.repo.check()?;
        let observed_at = Timestamp::now();
        let mut report =
            Report { repository: self.repo.kind(), limits: Some(self.settings.limits), ..Report::default() };
        let tip = self.repo.tip()?;
        let mut gaps = Gaps::default();
        report.head = self.head(&tip, &mut gaps);
        report.repository.detached = tip.branch.is_none();
        report.repository.unborn = tip.commit.is_none();
        self.glanced = Glanced { branch: tip.branch.clone(), ..Glanced::default() };
        let found = self.production(tip.commit.as_ref()).unwrap_or_else(|trouble| {
            gaps.add(trouble.clone());
            Found::nothing(trouble.sentence())
        });
        report.production = found.production.clone();
        report.canary = self
            .settings
            .declared
            .canary
            .as_ref()
            .and_then(|said| gaps.pass(production::running(&self.repo, said, tip.commit.as_ref())));
        gaps.pass(self.compare_with_upstream(&tip, &mut report));
        if found.production.oid.is_some() && tip.commit.is_some() {
            if let Some(beside) = &mut self.beside {
                beside.undo(&self.repo, &self.settings, &self.classes, &found);
            }
            self.compare_with_production(&found, &tip, &mut report, &mut gaps);
            report.rollback = self.undoing.as_ref().filter(|it| it.is_of(&found)).map(|it| it.contents.clone());
        }
        self.found = found;
        self.glanced.gaps = gaps;
        let survey = self.survey_before(&report)?;
        self.glanced.is_surveyed = survey.known.is_surveyed;
        self.judge(&mut report, &survey);
        Ok(Evidence {
            subject: Subject { commit: report.head.oid.clone(), tree: report.head.tree.clone() },
            value: report,
            source: "git".into(),
            observed_at,
            ttl: TTL,
        })
    }

    fn head(&self, tip: &Tip, gaps: &mut Gaps) -> Head {
        let short = |name: &String| text::clean(name.trim_start_matches("refs/heads/"));
        Head {
            reference: tip.branch.as_ref().map(short),
            oid: tip.commit.clone(),
            tree: tip.commit.as_ref().and_then(|commit| gaps.pass(self.repo.tree(commit))),
        }
    }

    fn compare_with_upstream(&mut self, tip: &Tip, report: &mut Report) -> Result<(), Trouble> {
        let (Some(branch), Some(head)) = (&tip.branch, &tip.commit) else { return Ok(()) };
        let Some((name, upstream)) = self.repo.upstream(branch)? else { return Ok(()) };
        report.upstream = Some(name);
        report.upstream_oid.clone_from(&upstream);
        if let Some(upstream) = upstream {
            let ask = || self.repo.ahead_behind(head, &upstream);
            let (ahead, behind) = self.apart.or_ask((head.clone(), upstream.clone()), ask)?;
            (report.ahead, report.behind) = (Some(ahead), Some(behind));
        }
        Ok(())
    }

    fn compare_with_production(&mut self, found: &Found, tip: &Tip, report: &mut Report, gaps: &mut Gaps) {
        let (Some(production), Some(head)) = (&found.production.oid, &tip.commit) else { return };
        let Some((records, total, merge_base)) = gaps.pass(self.range(production, head)) else { return };
        let foreign = gaps.pass(self.find_foreign(tip.branch.as_deref(), production, head)).unwrap_or_default();
        report.merge_base = merge_base;
        report.people = (records.len() as u64 == total).then(|| people::of(self.repo.place.root(), &records));
        report.commits = records.iter().map(|record| commit(record, &foreign)).collect();
        report.commits_total = Some(total);
        self.glanced.records = records;
        self.glanced.foreign = foreign;
        let measured = report.merge_base.clone().map(|base| self.measure(&base, head));
        if let Some(measured) = measured.and_then(|measured| gaps.pass(measured)) {
            report.size = Some(measured.size);
            report.without_renames = Some(measured.without_renames);
            report.core_lines = Some(measured.core_lines);
            report.core_files = Some(measured.core_files);
            report.test_lines = Some(measured.test_lines);
            report.core_is_estimate = measured.is_estimate;
            report.changes = measured.changes.clone();
            let paths = measured.paths.clone();
            let compared = self.compared.clone();
            if let (Some(beside), Some((base, head))) = (&mut self.beside, compared) {
                beside.walk(&self.repo, production, &self.glanced.records, paths);
                beside.compare(&self.repo, &self.classes, (base, head, found.versions.clone()));
            }
        }
    }

    fn find_foreign(&mut self, branch: Option<&str>, production: &Oid, head: &Oid) -> Result<Foreign, Trouble> {
        let target = foreign::development(&self.repo, &self.settings.git)?;
        let question = (target.clone(), branch.map(str::to_owned), production.clone(), head.clone());
        self.foreign.or_ask(question, || foreign::find(&self.repo, target.as_ref(), branch, production, head))
    }

    /// The commits of a range, how many there are, and the merge base.
    fn range(&mut self, production: &Oid, head: &Oid) -> Result<Range, Trouble> {
        self.ranged.or_ask((production.clone(), head.clone()), || {
            let (records, total) = self.repo.range(production, head, COMMITS_LISTED)?;
            Ok((records, total, self.repo.merge_base(production, head)?))
        })
    }

    /// The diff of two commits; a pair of trees that was measured before costs nothing.
    fn measure(&mut self, base: &Oid, head: &Oid) -> Result<&Measured, Trouble> {
        let key = (self.repo.tree(base)?, self.repo.tree(head)?);
        let measured = match self.measured.take() {
            Some((known, measured)) if known == key => measured,
            _ => size::measure(&self.repo, &self.classes, base, head)?,
        };
        self.compared = Some((base.clone(), head.clone()));
        Ok(&self.measured.insert((key, measured)).1)
    }
}

/// The commits of a range, as far as they are listed, how many there are, and the merge base.
type Range = (Vec<Record>, u64, Option<Oid>);

/// Merge base and tip, and the versions whose sizes are compared with theirs.
type Comparison = (Oid, Oid, Vec<Tag>);

/// HEAD's branch and commit, production, and all branches and versions with their commits.
type Key = (Option<String>, Option<Oid>, Option<Oid>, Vec<(String, Oid)>);

/// What the glance found on its way, for the survey.
#[derive(Debug, Default)]
struct Glanced {
    branch: Option<String>,
    records: Vec<Record>,
    foreign: Foreign,
    gaps: Gaps,
    /// Whether what takes longer was worked out before, for the same refs.
    is_surveyed: bool,
}

/// What a rollback from production would undo, and what that was worked out from.
struct Undoing {
    production: Option<Oid>,
    versions: Vec<Tag>,
    contents: Contents,
    /// The files that differ, unless they are too many to be kept.
    changed: Option<Vec<Entry>>,
}

impl Undoing {
    fn is_of(&self, found: &Found) -> bool {
        self.production == found.production.oid && self.versions == found.versions
    }
}

fn point(found: &Found) -> Point {
    let reference = found.production.reference.clone().unwrap_or_default();
    Point { reference, oid: found.production.oid.clone() }
}

fn commit(record: &Record, foreign: &Foreign) -> Commit {
    Commit {
        oid: record.oid.clone(),
        summary: record.summary().to_owned(),
        author: format!("{} <{}>", record.name, record.email),
        time: record.authored,
        foreign: !record.is_merge() && foreign.commits.contains(&record.oid),
        merge: record.is_merge(),
    }
}
