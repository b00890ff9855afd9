//! One remote source: its provider, its last answer, and its patience.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::past::Past;
use super::{Target, github, gitlab, jenkins, salesforce};
use crate::evidence::{Freshness, Oid};
use crate::http::{Backoff, HttpError};
use crate::test_results::model::{Ci, Report, Run, RunState, Silence, Wanted};

/// What a look may take on top of two pauses before the answer has run out.
const GRACE: Duration = Duration::from_secs(15);
/// The longest pause after which an answer is still believed twice as long.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Who is asked.
#[derive(Debug)]
pub enum Provider {
    /// Checks of a commit on GitHub.
    GitHub(Box<github::Source>),
    /// Pipelines of a commit on GitLab.
    GitLab(Box<gitlab::Source>),
    /// Builds of a commit on Jenkins.
    Jenkins(Box<jenkins::Source>),
    /// Validations in an org of Salesforce.
    Salesforce(Box<salesforce::Source>),
    /// Tests of what an org of Salesforce holds.
    Apex(Box<salesforce::ApexSource>),
}

impl Provider {
    /// Asks once.
    ///
    /// # Errors
    /// When it does not answer, or not in a way that can be read.
    pub async fn look(&mut self, target: &Target) -> Result<Looked, HttpError> {
        match self {
            Self::GitHub(source) => source.look(target).await,
            Self::GitLab(source) => source.look(target).await,
            Self::Jenkins(source) => source.look(target).await,
            Self::Salesforce(source) => source.look().await,
            Self::Apex(source) => source.look().await,
        }
    }
}

/// What a look brought.
#[derive(Debug)]
pub struct Looked {
    /// The source's runs. The source itself, when it was asked and how long that holds are added by [`Remote::look`].
    pub report: Report,
    /// When to look again.
    pub pause: Duration,
}

/// A remote source at work.
#[derive(Debug)]
pub struct Remote {
    wanted: Wanted,
    provider: Provider,
    backoff: Backoff,
    /// The last good answer.
    last: Option<Report>,
    silence: Option<Silence>,
    past: Option<Past>,
}

impl Remote {
    /// Nobody was asked yet.
    pub fn new(wanted: Wanted, provider: Provider) -> Self {
        Self { backoff: Backoff::new(&wanted.name), wanted, provider, last: None, silence: None, past: None }
    }

    /// The same with a memory: what it tells is compared with what is known of production.
    #[must_use]
    pub fn remembering(self, past: Past) -> Self {
        Self { past: Some(past), ..self }
    }

    /// Compares what was told with the results of production.
    pub async fn compare(&mut self, told: Report, target: &Target, production: Option<&Oid>) -> Report {
        match &mut self.past {
            Some(past) => past.compare(told, target, production).await,
            None => told,
        }
    }

    /// What is told before the first answer.
    pub fn blank(&self) -> Report {
        blank(&self.wanted, None)
    }

    /// Asks, unless the server wants to be left alone. Never fails: why there is nothing new is in the report. Brings how
    /// long to wait until the next look.
    pub async fn look(&mut self, target: &Target) -> (Report, Duration) {
        if let Some(wait) = self.patience(target.now) {
            return (self.told(), wait);
        }
        match self.provider.look(target).await {
            Ok(looked) => {
                self.backoff.succeeded();
                self.silence = None;
                self.last = Some(self.stamped(looked.report, looked.pause, target));
                (self.told(), looked.pause)
            }
            Err(error) => {
                let wait = self.backoff.failed(error.retry_after);
                let retry_at = Some(after(target.now, wait));
                self.silence = Some(Silence { what: error.what, remedy: error.remedy, retry_at });
                (self.told(), wait)
            }
        }
    }

    fn patience(&self, now: Timestamp) -> Option<Duration> {
        let at = self.silence.as_ref()?.retry_at?;
        Duration::try_from(at.duration_since(now)).ok().filter(|wait| !wait.is_zero())
    }

    fn stamped(&self, mut report: Report, pause: Duration, target: &Target) -> Report {
        report.sources = vec![self.wanted.clone()];
        let until = after(target.now, pause.min(LONGEST) * 2 + GRACE);
        for run in &mut report.runs {
            run.required = self.wanted.required;
            // What has not ended was seen now.
            run.observed_at = run.observed_at.or(Some(target.now));
            let is_ours = run.subject == target.checkout.head.commit;
            run.tree = target.checkout.head.tree.clone().filter(|_| is_ours);
            run.committed_at = target.checkout.committed_at.filter(|_| is_ours);
            let ci = run.ci.get_or_insert_default();
            (ci.asked_at, ci.holds_until) = (Some(target.now), Some(until));
            run.freshness = match run.state {
                RunState::Complete if is_ours => Freshness::Fresh,
                RunState::Complete => Freshness::Stale,
                RunState::Running => Freshness::Loading,
                _ => Freshness::Failed,
            };
        }
        report
    }

    /// The last good answer, with why there is nothing newer.
    fn told(&self) -> Report {
        let Some(mut report) = self.last.clone() else { return blank(&self.wanted, self.silence.clone()) };
        for run in report.runs.iter_mut().filter(|_| self.silence.is_some()) {
            run.freshness = Freshness::Failed;
            run.ci.get_or_insert_default().silence.clone_from(&self.silence);
        }
        report
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// What is told of a source that was never asked with success, and why.
pub fn silent(wanted: &Wanted, silence: Silence) -> Report {
    blank(wanted, Some(silence))
}

fn blank(wanted: &Wanted, silence: Option<Silence>) -> Report {
    let freshness = if silence.is_some() { Freshness::Failed } else { Freshness::Loading };
    let mut run = run(&wanted.name, wanted.patterns.first().map_or("", String::as_str));
    (run.required, run.freshness) = (wanted.required, freshness);
    run.trouble = silence.as_ref().map(|silence| silence.what.clone());
    run.ci = Some(Box::new(Ci { silence, ..Ci::default() }));
    Report { sources: vec![wanted.clone()], ..Report::of(vec![run], Vec::new(), Vec::new(), Vec::new()) }
}

/// A run that nothing is known of yet.
pub fn run(name: &str, source: &str) -> Run {
    Run { complete: false, state: RunState::Unreadable, ci: Some(Box::default()), ..Run::new(name, source) }
}
