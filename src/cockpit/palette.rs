//! The command palette and the searchable help: a subsequence score over the table of actions.

use super::action::{Entry, TABLE};

/// The entries that match `query`, best first; all of them, in the table's order, for an empty query.
pub fn matches(query: &str) -> Vec<&'static Entry> {
    let mut scored: Vec<(u32, &Entry)> = TABLE.iter().filter_map(|entry| Some((score(entry, query)?, entry))).collect();
    scored.sort_by_key(|(score, entry)| (std::cmp::Reverse(*score), if query.is_empty() { 0 } else { entry.id.len() }));
    scored.into_iter().map(|(_, entry)| entry).collect()
}

fn score(entry: &Entry, query: &str) -> Option<u32> {
    let by_id = subsequence(entry.id, query).map(|score| score + 1);
    by_id.max(subsequence(entry.title, query))
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
        assert_eq!(matches("roll")[0].id, "rollback");
        assert_eq!(matches("ovr")[0].id, "override");
        assert_eq!(matches("timel")[0].id, "timeline");
        assert_eq!(matches("").len(), TABLE.len());
        assert!(matches("xyzzy").is_empty());
    }
}
