//! What a rollback goes back to: the last version that the journal saw healthy, never just "the one before" (pure).

use jiff::Timestamp;

use super::model::Plan;
use super::plan::{Contents, PlanError};
use crate::change::contents as change;
use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::incident::{Entry, RollbackEnd};
use crate::journal::record::Record;

/// A version that did well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Healthy {
    /// Its tag, branch or short id.
    pub version: String,
    /// Its commit.
    pub commit: Oid,
    /// Who saw it, and how.
    pub how: String,
    /// When.
    pub at: Timestamp,
}

/// The kinds of records that tell which version was healthy.
pub const KINDS: [&str; 3] = ["seen_healthy", "rollback_fired", "rollback_ended"];

/// The last version other than `running` that these records, of all incidents and in their order, saw healthy. One that
/// was rolled back from since then is not.
pub fn healthy<'a>(records: impl IntoIterator<Item = &'a Record>, running: Option<&Oid>) -> Option<Healthy> {
    let (mut seen, mut fired) = (Vec::<Healthy>::new(), None);
    for record in records {
        match Entry::of(record) {
            Some(Entry::SeenHealthy { version, commit, how }) => {
                seen.push(Healthy { version: clean(&version), commit, how: clean(&how), at: record.at });
            }
            Some(Entry::RollbackFired { plan, steps, .. }) => {
                fired = serde_json::from_value::<Plan>(steps).ok().filter(|it| it.hash() == plan && !it.keeps_code);
                let bad = fired.as_ref().and_then(|plan| plan.from.oid.as_ref());
                seen.retain(|it| Some(&it.commit) != bad);
            }
            Some(Entry::RollbackEnded { plan, end: RollbackEnd::Verified, .. }) => {
                let to = fired.take().filter(|it| it.hash() == plan).map(|plan| plan.to);
                seen.extend(to.and_then(|to| {
                    let how = "rolled back to it, verified".to_owned();
                    Some(Healthy { version: to.reference, commit: to.oid?, how, at: record.at })
                }));
            }
            _ => {}
        }
    }
    seen.into_iter().rfind(|it| Some(&it.commit) != running)
}

/// A version that somebody names to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'a> {
    /// Its tag, branch or commit.
    pub revision: &'a str,
    /// Who names it, as a half-sentence: `hotfix.toml names it`.
    pub how: &'static str,
}

impl<'a> Named<'a> {
    /// The one of `[rollback] to`, if it has one.
    pub fn in_configuration(revision: Option<&'a str>) -> Option<Self> {
        revision.map(|revision| Self { revision, how: "`to` of [rollback] in hotfix.toml names it" })
    }

    /// The one of `--to`, if there is one.
    pub fn on_the_command_line(revision: Option<&'a str>) -> Option<Self> {
        revision.map(|revision| Self { revision, how: "--to names it" })
    }
}

/// What git tells of the way back to the right version: the one that is `named`, else the last healthy one, else the
/// newest one before, which is said aloud. `find` asks git for the way back to a revision; to the one before for `None`.
///
/// # Errors
/// What `find` says; or, within, that git knows no version to go back to.
pub fn contents<E>(
    named: Option<Named<'_>>,
    records: &[Record],
    find: impl Fn(Option<&str>) -> Result<change::Contents, E>,
) -> Result<Result<Contents, PlanError>, E> {
    let before = find(named.map(|it| it.revision))?;
    if let Some(named) = named {
        return Ok(chosen(&before, named.how.to_owned(), None));
    }
    let name = before.to.as_ref().map_or("the version before", |to| to.reference.as_str()).to_owned();
    let Some(healthy) = healthy(records, before.from.oid.as_ref()) else {
        let warning = format!("nothing shows that {name} was healthy: it is only the newest version before this one");
        return Ok(chosen(&before, warning.clone(), Some(warning)));
    };
    let why = format!("{:.0}: {}", healthy.at, healthy.how);
    if before.to.as_ref().is_some_and(|to| to.oid.as_ref() == Some(&healthy.commit)) {
        return Ok(chosen(&before, format!("seen healthy, {why}"), None));
    }
    let mut found = find(Some(healthy.commit.as_str()))?;
    // Git gives it the name of its tag, if it has one.
    if let Some(to) = found.to.as_mut().filter(|to| to.reference == healthy.commit.as_str()) {
        to.reference.clone_from(&healthy.version);
    }
    Ok(chosen(&found, format!("the last one seen healthy, {why}; {name} was not"), None))
}

fn chosen(found: &change::Contents, chosen: String, warning: Option<String>) -> Result<Contents, PlanError> {
    let mut contents = Contents::of(found)?;
    contents.chosen = chosen;
    contents.warnings.splice(0..0, warning);
    Ok(contents)
}

#[cfg(test)]
mod tests;
