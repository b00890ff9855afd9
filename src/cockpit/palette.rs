//! The command palette and the searchable help: a subsequence score over the table of actions.

use std::cmp::Reverse;

use super::action::{Entry, TABLE};
use crate::ui::layout::Pane;

/// The entries that match `query`, best first; for an empty query all of them in the table's order, what belongs to the
/// focused pane before the rest.
pub fn matches(query: &str, focus: Pane) -> Vec<&'static Entry> {
    let mut scored: Vec<(u32, &Entry)> = TABLE.iter().filter_map(|entry| Some((score(entry, query)?, entry))).collect();
    let length = |entry: &Entry| if query.is_empty() { 0 } else { entry.id.len() };
    scored.sort_by_key(|(score, entry)| (Reverse(*score), !entry.panes.contains(&focus), length(entry)));
    scored.into_iter().map(|(_, entry)| entry).collect()
}

fn score(entry: &Entry, query: &str) -> Option<u32> {
    let by_id = subsequence(entry.id, query).map(|score| score + 1);
    by_id.max(subsequence(&entry.told(), query))
}

/// Scores `query` as a subsequence of `text`: more for letters that follow each other, and most for those
/// at the start of a word.
fn subsequence(text: &str, query: &str) -> Option<u32> {
    let mut total = 0;
    let mut wanted = query.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).peekable();
    let (mut at_word_start, mut run) = (true, 0);
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        if wanted.peek() == Some(&c) {
            wanted.next();
            run += 1;
            total += run + if at_word_start { 4 } else { 0 };
        } else {
            run = 0;
        }
        at_word_start = matches!(c, ' ' | '-');
    }
    wanted.peek().is_none().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_match_comes_first() {
        let best = |query| matches(query, Pane::Checklist)[0].id;
        assert_eq!(best("roll"), "rollback");
        assert_eq!(best("ovr"), "override");
        assert_eq!(best("timel"), "timeline");
        assert!(matches("xyzzy", Pane::Checklist).is_empty());
    }

    #[test]
    fn what_belongs_to_the_focused_pane_is_listed_before_the_rest() {
        let ids = |focus| matches("", focus).iter().map(|entry| entry.id).collect::<Vec<_>>();
        assert_eq!(ids(Pane::Tests)[..5], ["accept-tests", "edit", "ci-page", "copy", "checklist"]);
        assert_eq!(ids(Pane::Rollback)[0], "promote");
        assert_eq!(ids(Pane::Canary).len(), TABLE.len());
    }
}
