//! Which records of a timeline are wanted.

use color_eyre::eyre::eyre;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::incident::Entry;
use crate::incident::{moment, sentence};
use crate::journal::record::Record;
use strum::VariantNames;

/// What to leave out.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Filter {
    /// Only entries of this kind, such as decided; may be given several times
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// Only what this person did; `hotfix` for what the program saw
    #[arg(long, value_name = "NAME")]
    person: Vec<String>,
    /// Only what came at or after this time: 14:00, 2h (ago), 2026-12-03T14:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only what came before or at this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only entries that hold this text, in whatever case
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

/// The same, read.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    kinds: Vec<String>,
    persons: Vec<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    text: Option<String>,
}

impl Filter {
    /// Reads kinds and times.
    ///
    /// # Errors
    /// When a kind is unknown, or a time is none.
    pub fn read(&self, now: Timestamp) -> color_eyre::Result<Wanted> {
        for kind in &self.kind {
            if !Entry::VARIANTS.contains(&kind.as_str()) {
                let hint = crate::config::shape::hint(kind, Entry::VARIANTS);
                return Err(eyre!("no entry is of the kind `{kind}`; {hint}"));
            }
        }
        let time = |text: &Option<String>| {
            let read = moment::past(text.as_deref().unwrap_or_default(), now, &TimeZone::system());
            read.map_err(|why| eyre!(why))
        };
        Ok(Wanted {
            kinds: self.kind.clone(),
            persons: self.person.clone(),
            since: time(&self.since)?,
            until: time(&self.until)?,
            text: self.search.as_ref().map(|text| text.to_lowercase()),
        })
    }
}

impl Wanted {
    /// Whether a record is wanted.
    pub fn has(&self, record: &Record) -> bool {
        let is_kind = self.kinds.is_empty() || self.kinds.contains(&record.kind);
        let is_person = self.persons.is_empty()
            || self.persons.iter().any(|person| person.to_lowercase() == record.actor.to_lowercase());
        let is_in_time =
            self.since.is_none_or(|since| record.at >= since) && self.until.is_none_or(|until| record.at <= until);
        let has_text = |text: &String| sentence::of(record).to_lowercase().contains(text);
        is_kind && is_person && is_in_time && self.text.as_ref().is_none_or(has_text)
    }
}
