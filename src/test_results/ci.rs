//! What a server says of a commit beside the counts: checks, attempts, what is in the way of green, and how long its word
//! holds (pure).

use jiff::Timestamp;
use serde::Serialize;

use super::green::{Light, Missing};
use crate::config::schema::TestLevel;
use crate::ui::pane::short;

/// The word of a server, or of an org.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ci {
    /// Its page for people.
    pub page: Option<String>,
    /// When the server last answered; `None` is never.
    pub asked_at: Option<Timestamp>,
    /// Until when that answer may be believed.
    pub holds_until: Option<Timestamp>,
    /// Which attempt it is, from 1.
    pub attempt: Option<u32>,
    /// How far it is.
    pub progress: Option<Progress>,
    /// What it consists of.
    pub checks: Vec<Check>,
    /// Who approved this very commit.
    pub approvals: Vec<Approval>,
    /// What is in the way of green.
    pub missing: Vec<Missing>,
    /// Why the server's last answer brought nothing.
    pub silence: Option<Silence>,
    /// Which of the tests ran, where the server has words for that.
    pub level: Option<TestLevel>,
    /// What else there is to know, clean.
    pub notes: Vec<String>,
    /// Until when it may be acted upon: a Salesforce validation lasts ten days.
    pub valid_until: Option<Timestamp>,
    /// What can be done with it now, clean.
    pub next: Option<String>,
}

/// Somebody approved the commit where the code is hosted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// Their name there, clean.
    pub by: String,
    /// Whether the server knows them as an author or a committer of it.
    pub is_author: bool,
    /// When.
    pub at: Option<Timestamp>,
    /// The page of the review.
    pub page: Option<String>,
}

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// How many have come to an end.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// A check, a job, a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name, clean.
    pub name: String,
    /// How it stands.
    pub outcome: Outcome,
    /// The server's own word for that, clean.
    pub word: String,
    /// Whether it has to succeed by name.
    pub required: bool,
    /// Its page.
    pub page: Option<String>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It ran, and all was well.
    Success,
    /// It ran, and something was not.
    Failed,
    /// It has not come to its end.
    Running,
    /// It did not run: nothing is proven by it.
    NotRun,
    /// It came to an end that says nothing, or in words that are not known.
    Unknown,
}

/// Why a server brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Silence {
    /// What failed, clean.
    pub what: String,
    /// What to do.
    pub remedy: Option<String>,
    /// When it is asked again.
    pub retry_at: Option<Timestamp>,
}

impl Ci {
    /// What there is to say beside counts, verdict and warnings, one line each.
    pub fn lines(&self, now: Timestamp) -> impl Iterator<Item = String> {
        let silence = self.silence.as_ref().map(|_| self.silence(now));
        silence.into_iter().chain(self.next.clone())
    }

    /// Notes what is in the way of green.
    pub fn lack(&mut self, condition: u8, light: Light, what: impl Into<String>) {
        self.missing.push(Missing { source: String::new(), condition, light, what: what.into() });
    }

    /// Whether the server was not asked lately.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.holds_until.is_none_or(|until| until < now)
    }

    /// The gravest of what is in the way.
    pub fn light(&self, now: Timestamp) -> Light {
        let stale = self.is_stale(now).then_some(Light::Unknown);
        self.missing.iter().map(|one| one.light).chain(stale).min().unwrap_or(Light::Green)
    }

    /// Why there is nothing new, and when it is asked again: `not allowed (403) … · again in 42 s`.
    pub fn silence(&self, now: Timestamp) -> String {
        let Some(silence) = &self.silence else {
            return match self.asked_at {
                Some(_) => "its server was not asked lately".into(),
                None => "its server was not asked yet".into(),
            };
        };
        let remedy = silence.remedy.as_ref().map_or_else(String::new, |remedy| format!(" ({remedy})"));
        format!("{}{remedy}{}", silence.what, silence.countdown(now))
    }
}

impl Silence {
    /// For where there is little room: when it is asked again comes first.
    pub fn short(&self, now: Timestamp) -> String {
        let countdown = self.countdown(now);
        let countdown = countdown.trim_start_matches([' ', '·']);
        if countdown.is_empty() { self.what.clone() } else { format!("{countdown}: {}", self.what) }
    }

    /// ` · again in 42s`, or nothing when it is time.
    pub fn countdown(&self, now: Timestamp) -> String {
        let wait = self.retry_at.and_then(|at| std::time::Duration::try_from(at.duration_since(now)).ok());
        wait.filter(|wait| !wait.is_zero()).map_or_else(String::new, |wait| format!(" · again in {}", short(wait)))
    }
}

impl Outcome {
    /// Whether it has come to its end.
    pub fn is_settled(self) -> bool {
        self != Self::Running
    }
}
