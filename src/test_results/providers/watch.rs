//! Keeps asking, and puts what all sources say together.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch as channel};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::past::Past;
use super::remote::{Remote, silent};
use super::{Setup, Target, provider, wanted};
use crate::config::schema::{Config, TestSource};
use crate::evidence::{Evidence, Generation, Observation, Oid, Subject};
use crate::test_results::model::{Comparison, Report, Silence, TestFailure, Wanted};
use crate::test_results::source::{self, Memory};

/// Something that a source tells.
#[derive(Debug)]
pub enum Heard {
    /// The report files.
    Local(Observation<Report>),
    /// The remote source with this number.
    Remote(usize, Box<Report>),
}

/// Asks the remote sources to look again.
#[derive(Debug, Clone)]
pub struct Asked {
    refresh: channel::Sender<u64>,
    moved: channel::Sender<u64>,
    production: channel::Sender<Option<Oid>>,
}

impl Default for Asked {
    fn default() -> Self {
        let production = channel::Sender::new(None);
        Self { refresh: channel::Sender::new(0), moved: channel::Sender::new(0), production }
    }
}

impl Asked {
    /// At once, as far as their servers let themselves be asked.
    pub fn refresh(&self) {
        self.refresh.send_modify(|count| *count += 1);
    }

    /// At once, if another commit is checked out than the one they looked at.
    pub fn moved(&self) {
        self.moved.send_modify(|count| *count += 1);
    }

    /// The commit that production runs: its results are the baseline from now on.
    pub fn set_production(&self, production: Option<Oid>) {
        self.production.send_if_modified(|known| {
            let is_news = *known != production;
            *known = production;
            is_news
        });
    }
}

/// The remote sources of a configuration.
#[derive(Debug, Default)]
pub struct Servers {
    remotes: Vec<Remote>,
    /// What is told of each until it was asked.
    blank: Vec<Report>,
}

/// The commit that production runs; `None` until it is known.
pub type Production = channel::Receiver<Option<Oid>>;

/// What servers and files tell comes in here.
pub type Ear = (mpsc::WeakUnboundedSender<Heard>, mpsc::UnboundedReceiver<Heard>);

impl Servers {
    /// Those of a configuration. Without a setup, because it is not trusted, none is asked, and each says so.
    pub fn new(config: &Config, setup: Option<&Setup>) -> Self {
        let named = || config.tests.iter().filter_map(|source| Some((source, wanted(source)?)));
        let Some(setup) = setup else {
            let (what, remedy) = ("not asked: hotfix.toml is not trusted".to_owned(), Some("hotfix trust".to_owned()));
            let silence = Silence { what, remedy, retry_at: None };
            let blank = named().map(|(_, wanted)| silent(&wanted, silence.clone())).collect();
            return Self { remotes: Vec::new(), blank };
        };
        let memory = Memory::at(setup.state.as_deref(), None);
        let remote = |(source, wanted): (&TestSource, Wanted)| {
            let past = Past::new(&wanted.name, memory.clone(), provider(source, config, setup)?);
            Some(Remote::new(wanted, provider(source, config, setup)?).remembering(past))
        };
        let remotes: Vec<Remote> = named().filter_map(remote).collect();
        Self { blank: remotes.iter().map(Remote::blank).collect(), remotes }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.blank.is_empty()
    }

    /// What is told of each before it was asked.
    pub fn unasked(self) -> Vec<Report> {
        self.blank
    }

    /// Asks every one once, all at the same time, and compares with the results of `production`, once that is known.
    pub async fn once(self, root: &Path, production: Production, now: Timestamp) -> Vec<Report> {
        let mut reports = self.blank;
        let mut looks = JoinSet::new();
        for (index, mut remote) in self.remotes.into_iter().enumerate() {
            let (root, mut production) = (root.to_owned(), production.clone());
            looks.spawn(async move {
                let target = target(&root, now).await;
                let told = remote.look(&target).await.0;
                // Whoever will not know it any more has gone away.
                let production = production.wait_for(Option::is_some).await.ok().and_then(|known| known.clone());
                (index, remote.compare(told, &target, production.as_ref()).await)
            });
        }
        while let Some(looked) = looks.join_next().await {
            // One that broke down stays blank: nothing is known of it.
            if let Ok((index, report)) = looked {
                reports[index] = report;
            }
        }
        reports
    }

    /// Keeps asking, hears what the report files tell, and tells what it all comes to. Ends when nobody tells of files any
    /// more.
    pub async fn watch(self, root: PathBuf, asked: Asked, ear: Ear, send: impl Fn(Observation<Report>)) {
        let (tell, mut heard) = ear;
        let mut known = self.blank;
        let mut keepers = JoinSet::new();
        for (index, remote) in self.remotes.into_iter().enumerate() {
            keepers.spawn(keep(index, remote, root.clone(), asked.clone(), tell.clone()));
        }
        let (mut files, mut generation) = (None, Generation::default());
        while let Some(heard) = heard.recv().await {
            match heard {
                Heard::Local(Observation::Started(_)) => {
                    generation.0 += 1;
                    send(Observation::Started(generation));
                    continue;
                }
                Heard::Local(Observation::Failed(_, failure)) => {
                    send(Observation::Failed(generation, failure));
                    continue;
                }
                Heard::Local(Observation::Seen(_, evidence)) => files = Some(*evidence),
                Heard::Remote(index, report) => known[index] = *report,
            }
            if let Some(files) = &files {
                send(Observation::Seen(generation, Box::new(join(files.clone(), &known))));
            }
        }
    }
}

/// What the report files and the servers say together. The source of a server that did not answer is there, and wants an
/// answer.
pub fn join(local: Evidence<Report>, servers: &[Report]) -> Evidence<Report> {
    if servers.is_empty() {
        return local;
    }
    let all = || std::iter::once(&local.value).chain(servers);
    let runs = all().flat_map(|report| report.runs.clone()).collect();
    let baseline = all().filter_map(|report| report.baseline.clone()).reduce(Comparison::and);
    let mut failures: Vec<TestFailure> = all().flat_map(|report| report.failures.clone()).collect();
    if baseline.is_some() {
        failures.sort_by_key(|failure| failure.standing);
    }
    let flaky = all().flat_map(|report| report.flaky.clone()).collect();
    let warnings = all().flat_map(|report| report.warnings.clone()).collect();
    let sources = all().flat_map(|report| report.sources.clone()).collect();
    let branch = local.value.branch.clone();
    let value = Report { sources, baseline, branch, ..Report::of(runs, failures, flaky, warnings) };
    let subject = Subject { commit: value.subject.clone(), tree: local.subject.tree.clone() };
    Evidence { value, subject, ..local }
}

async fn target(root: &Path, now: Timestamp) -> Target {
    let root = root.to_owned();
    let checkout = tokio::task::spawn_blocking(move || source::checkout(&root)).await.unwrap_or_default();
    Target { checkout, now }
}

async fn keep(index: usize, mut remote: Remote, root: PathBuf, asked: Asked, tell: mpsc::WeakUnboundedSender<Heard>) {
    let (mut refresh, mut moved) = (asked.refresh.subscribe(), asked.moved.subscribe());
    let mut production = asked.production.subscribe();
    loop {
        let target = target(&root, Timestamp::now()).await;
        let (report, pause) = remote.look(&target).await;
        let baseline = production.borrow_and_update().clone();
        let report = remote.compare(report, &target, baseline.as_ref()).await;
        let told = tell.upgrade().is_some_and(|tell| tell.send(Heard::Remote(index, Box::new(report))).is_ok());
        if !told {
            return;
        }
        let due = Instant::now() + pause.max(Duration::from_millis(100));
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(due) => break,
                asked = refresh.changed() => if asked.is_ok() { break } else { return },
                asked = production.changed() => if asked.is_ok() { break } else { return },
                asked = moved.changed() => match asked {
                    Ok(()) if has_moved(&root, &target).await => break,
                    Ok(()) => {}
                    Err(_) => return,
                },
            }
        }
    }
}

async fn has_moved(root: &Path, before: &Target) -> bool {
    target(root, before.now).await.checkout.head != before.checkout.head
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
