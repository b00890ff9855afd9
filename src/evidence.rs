//! Evidence: a value together with what it is about, who saw it, when, and how long it holds.
//!
//! The ground floor. Every room's sources report [`Observation`]s; every room's model keeps an
//! [`Observed`] for each source, and asks it for its [`Freshness`] with the clock of the event at
//! hand. Nothing here reads a clock.

pub mod text;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A full git object id: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Oid(String);

impl Oid {
    /// Reads a full object id; an abbreviated one is none.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.bytes().all(|b| b.is_ascii_hexdigit());
        (is_hex && matches!(text.len(), 40 | 64)).then(|| Self(text.to_ascii_lowercase()))
    }

    /// All digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, for the screen only: never compare by it.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({})", self.0)
    }
}

impl From<Oid> for String {
    fn from(oid: Oid) -> Self {
        oid.0
    }
}

impl TryFrom<String> for Oid {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| format!("not a full object id: {text:?}"))
    }
}

/// What a piece of evidence is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The commit it was seen on, when the source names one.
    pub commit: Option<Oid>,
    /// That commit's tree: a rebased commit with the same content has the same tree.
    pub tree: Option<Oid>,
}

/// How the subject of some evidence relates to the commit that one asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectMatch {
    /// The same commit.
    Same,
    /// Another commit with the same content.
    SameTree,
    /// Another commit with other content: the evidence is stale for this one.
    Other,
    /// The source names no commit, so that the evidence proves nothing of any.
    Unattributed,
}

impl Subject {
    /// A subject known by its commit alone.
    pub fn commit(oid: Oid) -> Self {
        Self { commit: Some(oid), tree: None }
    }

    /// How this subject relates to `head`.
    pub fn relates_to(&self, head: &Self) -> SubjectMatch {
        if self.commit.is_none() && self.tree.is_none() {
            return SubjectMatch::Unattributed;
        }
        if self.commit.is_some() && self.commit == head.commit {
            return SubjectMatch::Same;
        }
        if self.tree.is_some() && self.tree == head.tree {
            return SubjectMatch::SameTree;
        }
        SubjectMatch::Other
    }
}

/// A value seen by a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence<T> {
    /// What was seen.
    pub value: T,
    /// The commit or tree that it was seen on.
    pub subject: Subject,
    /// Which source saw it, in words for the screen: `prometheus`, `git`, `junit target/*.xml`.
    pub source: String,
    /// When it was true, by the source's word where it gives one, else when it was fetched.
    pub observed_at: Timestamp,
    /// How long it may be believed.
    pub ttl: Duration,
}

impl<T> Evidence<T> {
    /// How old the evidence is at `now`; zero when the source's clock is ahead.
    pub fn age(&self, now: Timestamp) -> Duration {
        Duration::try_from(now.duration_since(self.observed_at)).unwrap_or(Duration::ZERO)
    }

    /// Whether it is older than its time to live.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.age(now) > self.ttl
    }
}

/// Why a source has nothing new, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What failed and where, one sentence, already clean.
    pub what: String,
    /// What the operator can do about it.
    pub remedy: Option<String>,
    /// When it failed.
    pub at: Timestamp,
    /// When the source tries again by itself.
    pub retry_at: Option<Timestamp>,
}

/// Numbers the requests to one source, so that a late answer is told from the newest one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u64);

/// What a source tells its room.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation<T> {
    /// A request is under way.
    Started(Generation),
    /// It brought a value.
    Seen(Generation, Box<Evidence<T>>),
    /// It failed.
    Failed(Generation, Failure),
}

impl<T> Observation<T> {
    /// Whether it only says that a request is under way.
    pub fn is_beginning(&self) -> bool {
        matches!(self, Self::Started(_))
    }
}

/// How much the last value of a source can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// Nothing was ever asked.
    Never,
    /// Asked for the first time, no answer yet.
    Loading,
    /// Within its time to live.
    Fresh,
    /// Past its time to live: shown, and satisfies no gate.
    Stale,
    /// No value within its time to live, and the last attempt failed.
    Failed,
}

/// The six pictures that a pane draws: [`Freshness`], with an empty value told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// Nothing was ever asked: the pane says how to set it up.
    Never,
    /// The first answer is awaited.
    Loading,
    /// A fresh value.
    Fresh,
    /// An old value, greyed, with its age.
    Stale,
    /// The failure, what to do, and the last value greyed.
    Failed,
    /// A fresh answer with nothing in it.
    Empty,
}

impl<T> Observation<T> {
    /// The request that it answers.
    pub fn generation(&self) -> Generation {
        match self {
            Self::Started(generation) | Self::Seen(generation, _) | Self::Failed(generation, _) => *generation,
        }
    }

    /// The same as a clock tells it that shows `now` and runs `speed` times as fast as the source's own.
    #[must_use]
    pub fn told_by(self, now: Timestamp, speed: f64) -> Self {
        match self {
            Self::Seen(generation, mut evidence) => {
                evidence.observed_at = now;
                evidence.ttl = evidence.ttl.mul_f64(speed);
                Self::Seen(generation, evidence)
            }
            Self::Failed(generation, failure) => {
                Self::Failed(generation, Failure { at: now, retry_at: None, ..failure })
            }
            Self::Started(generation) => Self::Started(generation),
        }
    }
}

/// The last value of one source, and how it is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed<T> {
    evidence: Option<Evidence<T>>,
    failure: Option<Failure>,
    loading: bool,
    generation: Generation,
}

impl<T> Default for Observed<T> {
    fn default() -> Self {
        Self { evidence: None, failure: None, loading: false, generation: Generation::default() }
    }
}

impl<T: PartialEq> Observed<T> {
    /// Takes in what the source tells. Returns whether the picture may have changed: an answer to
    /// an older request is dropped, and an equal value changes its age alone.
    pub fn observe(&mut self, observation: Observation<T>) -> bool {
        let generation = observation.generation();
        if generation < self.generation {
            return false;
        }
        self.generation = generation;
        match observation {
            Observation::Started(_) => {
                let first = self.evidence.is_none() && !self.loading;
                self.loading = true;
                first
            }
            Observation::Seen(_, evidence) => {
                let same = self.failure.is_none()
                    && self
                        .evidence
                        .as_ref()
                        .is_some_and(|old| old.value == evidence.value && old.subject == evidence.subject);
                self.loading = false;
                self.failure = None;
                self.evidence = Some(*evidence);
                !same
            }
            Observation::Failed(_, failure) => {
                let same = self.failure.as_ref().is_some_and(|old| old.what == failure.what);
                self.loading = false;
                self.failure = Some(failure);
                !same
            }
        }
    }
}

impl<T> Observed<T> {
    /// A value that is known from the start.
    pub fn seen(evidence: Evidence<T>) -> Self {
        Self { evidence: Some(evidence), ..Self::default() }
    }

    /// The last value, however old.
    pub fn evidence(&self) -> Option<&Evidence<T>> {
        self.evidence.as_ref()
    }

    /// The last value alone, however old: for drawing, never for a gate.
    pub fn value(&self) -> Option<&T> {
        self.evidence.as_ref().map(|e| &e.value)
    }

    /// The value if it may be believed at `now`: what a gate asks.
    pub fn fresh(&self, now: Timestamp) -> Option<&Evidence<T>> {
        self.evidence.as_ref().filter(|e| !e.is_stale(now))
    }

    /// Why the last attempt failed, if it did, even while an earlier value still holds.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Whether a request is under way.
    pub fn is_loading(&self) -> bool {
        self.loading
    }

    /// How much the value can be relied on at `now`.
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        match (&self.evidence, &self.failure) {
            (Some(e), _) if !e.is_stale(now) => Freshness::Fresh,
            (_, Some(_)) => Freshness::Failed,
            (Some(_), None) => Freshness::Stale,
            (None, None) if self.loading => Freshness::Loading,
            (None, None) => Freshness::Never,
        }
    }

    /// What to draw at `now`, with `is_empty` telling whether a value has anything in it.
    pub fn picture(&self, now: Timestamp, is_empty: impl Fn(&T) -> bool) -> Picture {
        match self.freshness(now) {
            Freshness::Never => Picture::Never,
            Freshness::Loading => Picture::Loading,
            Freshness::Stale => Picture::Stale,
            Freshness::Failed => Picture::Failed,
            Freshness::Fresh if self.value().is_some_and(is_empty) => Picture::Empty,
            Freshness::Fresh => Picture::Fresh,
        }
    }
}

#[cfg(test)]
mod tests;
