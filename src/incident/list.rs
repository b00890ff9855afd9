//! All incidents of a journal, each in one line (pure): open, past and drills.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Incident, Severity, Stage};
use crate::journal::reading::Known;
use crate::journal::record::Record;

/// The kinds of records that a summary rests on.
pub const KINDS: [&str; 7] = ["declared", "assessed", "classified", "bound", "stage_entered", "closed", "reopened"];

/// An incident in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Its key in the journal.
    pub id: String,
    /// A short name.
    pub title: String,
    /// How bad it is, once somebody has said so.
    pub severity: Option<Severity>,
    /// Where it stands, or stood at its end.
    pub stage: Stage,
    /// When it was declared.
    pub declared_at: Timestamp,
    /// When it was closed; `None` while it is open.
    pub closed_at: Option<Timestamp>,
    /// The scenario's name if it was a drill.
    pub drill: Option<String>,
    /// Its key or address in the tracker.
    pub ticket: Option<String>,
    /// Whether it is the one that commands and the cockpit are about.
    pub active: bool,
    /// How many records it has.
    pub records: i64,
}

/// Every incident, the active one first, then what is open, then what is past, the newest first in each.
pub fn list(records: &[Record], known: &[Known]) -> Vec<Summary> {
    let active = active(known).map(|it| it.id.clone());
    let mut incidents: BTreeMap<&str, Option<Incident>> = BTreeMap::new();
    for record in records {
        Incident::apply(incidents.entry(&record.incident).or_default(), record);
    }
    let count = |id: &str| known.iter().find(|it| it.id == id).map_or(0, |it| it.records);
    let mut list: Vec<_> = incidents
        .into_values()
        .flatten()
        .map(|it| Summary {
            active: active.as_deref() == Some(&it.id),
            records: count(&it.id),
            id: it.id,
            title: it.title,
            severity: it.severity,
            stage: it.stage,
            declared_at: it.declared_at,
            closed_at: it.closed_at,
            drill: it.drill,
            ticket: it.ticket,
        })
        .collect();
    list.sort_by(|a, b| {
        let group = |it: &Summary| (!it.active, it.closed_at.is_some());
        group(a).cmp(&group(b)).then(b.declared_at.cmp(&a.declared_at))
    });
    list
}

/// The incident that commands are about: of those that are open the one that was taken up last.
pub fn active(known: &[Known]) -> Option<&Known> {
    known.iter().filter(|it| it.open).max_by_key(|it| it.taken_up)
}

/// The incident that a person means by its id, or by a piece of its id or title that no other one has.
///
/// # Errors
/// When it could be none or several: which.
pub fn find<'a>(list: &'a [Summary], text: &str) -> Result<&'a Summary, String> {
    if let Some(exact) = list.iter().find(|it| it.id == text) {
        return Ok(exact);
    }
    let wanted = text.to_lowercase();
    let is_meant = |it: &&Summary| it.id.contains(&wanted) || it.title.to_lowercase().contains(&wanted);
    let meant: Vec<_> = list.iter().filter(is_meant).filter(|_| !wanted.trim().is_empty()).collect();
    match meant.as_slice() {
        [one] => Ok(one),
        [] => Err(format!("there is no incident `{text}` in this repository's journal: `hotfix incidents` lists them")),
        several => {
            let ids: Vec<_> = several.iter().map(|it| it.id.as_str()).collect();
            Err(format!("`{text}` could be {}: say more of its id", ids.join(" or ")))
        }
    }
}

impl Summary {
    /// Open, closed, or a drill, in one word.
    pub fn state(&self) -> &'static str {
        match (&self.drill, self.closed_at, self.active) {
            (_, None, true) => "active",
            (_, None, false) => "open",
            (None, Some(_), _) => "closed",
            (Some(_), Some(_), _) => "drilled",
        }
    }

    /// The severity as it is written on the screen.
    pub fn severity_label(&self) -> &'static str {
        self.severity.map_or("SEV?", Severity::label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::Entry;
    use crate::journal::record::GENESIS;

    fn journal(entries: &[(&str, Entry)]) -> (Vec<Record>, Vec<Known>) {
        let mut records: Vec<Record> = Vec::new();
        for (id, entry) in entries {
            let seq = records.len() as u64 + 1;
            let at = Timestamp::from_second(1_787_299_200 + seq.cast_signed() * 60).unwrap();
            let prev = records.last().map_or(GENESIS.to_owned(), |last| last.hash.clone());
            records.push(Record::chain(entry.draft(id, "ana", at), seq, &prev));
        }
        let mut ids: Vec<_> = entries.iter().map(|(id, _)| (*id).to_owned()).collect();
        ids.dedup();
        let last = |id: &str, kinds: &[&str]| {
            let of = records.iter().filter(|it| it.incident == id && kinds.contains(&it.kind.as_str()));
            of.map(|it| it.seq).max().unwrap_or(0)
        };
        let known = ids.into_iter().map(|id| Known {
            open: last(&id, &["declared", "reopened"]) > last(&id, &["closed"]),
            taken_up: last(&id, &["declared", "reopened", "resumed"]),
            records: 1,
            id,
        });
        let known = known.collect();
        (records, known)
    }

    fn declared(title: &str) -> Entry {
        Entry::Declared { title: title.into(), severity: None, impact_at: None, ticket: None, drill: None }
    }

    #[test]
    fn the_active_one_comes_first_then_what_is_open_then_what_is_past() {
        let (records, known) = journal(&[
            ("1-cart", declared("cart")),
            ("2-login", declared("login")),
            ("3-checkout", declared("checkout")),
            ("3-checkout", Entry::Closed { open: vec![] }),
            ("1-cart", Entry::Resumed {}),
        ]);
        let known: Vec<_> = known.into_iter().take(3).collect();
        let list = list(&records, &known);
        let shown: Vec<_> = list.iter().map(|it| (it.id.as_str(), it.state())).collect();
        assert_eq!(shown, [("1-cart", "active"), ("2-login", "open"), ("3-checkout", "closed")]);
    }

    #[test]
    fn an_incident_is_found_by_a_piece_that_no_other_one_has() {
        let (records, known) = journal(&[("0821-cart-502", declared("Cart")), ("0821-login-502", declared("Login"))]);
        let list = list(&records, &known);
        assert_eq!(find(&list, "LOGIN").unwrap().id, "0821-login-502");
        assert_eq!(find(&list, "0821-cart-502").unwrap().id, "0821-cart-502");
        let said = find(&list, "502").unwrap_err();
        assert!(said.contains("0821-login-502 or 0821-cart-502"), "{said}");
        assert!(find(&list, "nope").unwrap_err().contains("there is no incident `nope`"));
        assert!(find(&list, " ").is_err());
    }

    #[test]
    fn one_that_is_opened_again_is_not_past() {
        let (records, known) = journal(&[
            ("1", declared("x")),
            ("1", Entry::Closed { open: vec![] }),
            ("1", Entry::Reopened { reason: "it is back".into() }),
        ]);
        assert_eq!(list(&records, &known)[0].state(), "active");
    }
}
