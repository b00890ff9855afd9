//! `[checklist]`: ids that are known, new items that are whole, and checks that can be asked.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Faults, NAME};
use crate::config::schema::{Checklist, ChecklistItem, default_item_ids};
use crate::config::shape::hint;
use crate::evidence::text;

const SHORTEST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
/// An address is never waited for longer than this, whatever the file says.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);

impl Faults {
    pub(super) fn checklist(&mut self, checklist: &Checklist) {
        if checklist.drop.is_empty() && checklist.item.is_empty() {
            return;
        }
        let defaults = default_item_ids();
        let known: Vec<&str> = defaults.iter().map(String::as_str).collect();
        for (index, id) in checklist.drop.iter().enumerate() {
            if !known.contains(&id.as_str()) {
                let what = format!("the default checklist has no item `{id}`; {}", hint(id, &known));
                self.add(&format!("checklist.drop.{index}"), what);
            }
        }
        let mut seen = BTreeSet::new();
        for (index, item) in checklist.item.iter().enumerate() {
            let path = format!("checklist.item.{index}");
            self.item(&path, item, &known);
            if checklist.drop.contains(&item.id) {
                self.add(&format!("{path}.id"), format!("`{}` is dropped: it cannot be changed as well", item.id));
            } else if !seen.insert(&item.id) {
                self.add(&format!("{path}.id"), format!("`{}` is there twice: say it all in one place", item.id));
            }
        }
    }

    fn item(&mut self, path: &str, item: &ChecklistItem, known: &[&str]) {
        let is_new = !known.contains(&item.id.as_str());
        if !is_id(&item.id) {
            self.add(&format!("{path}.id"), "an id has small letters, digits and dashes, and begins with a letter");
        } else if is_new && (item.stage.is_none() || item.text.is_none()) {
            let (id, hint) = (&item.id, hint(&item.id, known));
            let what = format!("no default item is `{id}`, and a new one needs `stage` and `text`; {hint}");
            self.add(&format!("{path}.id"), what);
        }
        for (key, text) in [("text", &item.text), ("hint", &item.hint)] {
            if text.as_ref().is_some_and(|it| it.trim().is_empty() || it.chars().any(text::is_dangerous)) {
                self.add(&format!("{path}.{key}"), "says nothing, or holds characters that do not show");
            }
        }
        self.asked(path, item);
    }

    fn asked(&mut self, path: &str, item: &ChecklistItem) {
        if item.run.is_some() && item.http.is_some() {
            self.add(path, "has `run` or `http`, not both");
        }
        if let Some(argv) = &item.run {
            self.argv(&format!("{path}.run"), argv);
        }
        if let Some(http) = &item.http {
            self.url(&format!("{path}.http.url"), &http.url, http.allow_http);
            self.token(&format!("{path}.http"), http.token.as_ref());
            if let Some(json) = &http.json {
                self.json_path(&format!("{path}.http.json"), json, true);
            }
        }
        for (key, is_given) in
            [("expect", item.expect.is_some()), ("every", item.every.is_some()), ("timeout", item.timeout.is_some())]
        {
            if is_given && !item.is_asking() {
                self.add(&format!("{path}.{key}"), "goes with `run` or `http`");
            }
        }
        if let Some(expect) = &item.expect {
            let what = "expects exactly one of `equals`, `tip = true`, `newer_than`, `at_most` and `at_least`";
            if expect.count() != 1 || expect.tip == Some(false) {
                self.add(&format!("{path}.expect"), what);
            }
        }
        if let Some(every) = item.every {
            self.between(&format!("{path}.every"), every, SHORTEST_PAUSE, LONGEST_PAUSE);
        }
        if let Some(timeout) = item.timeout {
            self.between(&format!("{path}.timeout"), timeout, Duration::from_millis(1), LONGEST_ANSWER);
        }
    }
}

fn is_id(id: &str) -> bool {
    id.len() <= NAME
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
#[path = "checklist_tests.rs"]
mod tests;
