//! The selection in a list of rows, and the part of it that is in view (pure).

/// What a word begins with that names a kind of row, or who did it.
const TAGS: [&str; 2] = ["kind:", "by:"];

/// Where one stands in a pane's list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListView {
    /// The selected row, among those that the filter shows.
    pub cursor: usize,
    /// The first row in view.
    pub offset: usize,
    /// The text that rows must hold; empty shows all.
    pub filter: String,
    /// The indices of the rows that the filter shows; `None` without a filter.
    pub shown: Option<Vec<usize>>,
    /// What `shown` is of, for a list that only grows.
    seen: Option<(String, Ends, usize)>,
}

/// What the first and the last row of a list are, in a list that only grows at its ends.
pub type Ends = (u64, u64);

impl ListView {
    /// How many of `len` rows are shown.
    pub fn count(&self, len: usize) -> usize {
        self.shown.as_ref().map_or(len, Vec::len)
    }

    /// The index, among all rows, of the row at `place` among those that are shown.
    pub fn index(&self, place: usize, len: usize) -> Option<usize> {
        match &self.shown {
            Some(shown) => shown.get(place).copied().filter(|index| *index < len),
            None => Some(place).filter(|index| *index < len),
        }
    }

    /// The index of the selected row.
    pub fn selected(&self, len: usize) -> Option<usize> {
        self.index(self.cursor, len)
    }

    /// Moves the selection by `step` rows, with `height` rows in view.
    pub fn step(&mut self, step: isize, len: usize, height: usize) {
        self.go_to(self.cursor.saturating_add_signed(step), len, height);
    }

    /// Selects the row at `place`, or the last one, and keeps it in view.
    pub fn go_to(&mut self, place: usize, len: usize, height: usize) {
        self.cursor = place.min(self.count(len).saturating_sub(1));
        self.settle(len, height);
    }

    /// Puts selection and view back within the list after it changed.
    pub fn settle(&mut self, len: usize, height: usize) {
        let count = self.count(len);
        self.cursor = self.cursor.min(count.saturating_sub(1));
        let last_offset = count.saturating_sub(height.max(1));
        let lowest = (self.cursor + 1).saturating_sub(height.max(1));
        self.offset = self.offset.clamp(lowest, self.cursor).min(last_offset.max(lowest));
    }

    /// Shows only the rows whose text holds `filter`, whatever the case; all rows for an empty one. Words such as
    /// `kind:decided` are looked for each by itself.
    pub fn filter_by(&mut self, filter: String, len: usize, text: impl Fn(usize) -> String) {
        self.shown = (!filter.is_empty()).then(|| matching(&filter, 0..len, text));
        self.seen = None;
        self.filter = filter;
    }

    /// The same for a long list that grows at its ends alone: rows that were looked at once are not looked at again.
    pub fn filter_growing(&mut self, filter: String, len: usize, ends: Ends, text: impl Fn(usize) -> String) {
        let before = self.seen.take().filter(|(seen, ..)| *seen == filter && self.shown.is_some());
        let grown = before.and_then(|(_, (first, last), count)| {
            let new = len.checked_sub(count)?;
            let shown = self.shown.take()?;
            match (first == ends.0, last == ends.1) {
                (true, true) if new == 0 => Some(shown),
                (true, false) => Some([shown, matching(&filter, count..len, &text)].concat()),
                (false, true) => Some(
                    matching(&filter, 0..new, &text).into_iter().chain(shown.iter().map(|row| row + new)).collect(),
                ),
                _ => None,
            }
        });
        match grown {
            Some(shown) => self.shown = Some(shown),
            None => self.filter_by(filter.clone(), len, text),
        }
        self.seen = self.shown.is_some().then(|| (filter.clone(), ends, len));
        self.filter = filter;
    }
}

/// Which of these rows the filter shows.
fn matching(filter: &str, rows: std::ops::Range<usize>, text: impl Fn(usize) -> String) -> Vec<usize> {
    let wanted = filter.to_lowercase();
    let is_tag = |word: &&str| TAGS.iter().any(|tag| word.starts_with(tag));
    let (tags, words): (Vec<_>, Vec<_>) = wanted.split_whitespace().partition(is_tag);
    let words = words.join(" ");
    // Without a tag the text is looked for as it was written, with its blanks.
    let words = if tags.is_empty() { wanted.as_str() } else { &words };
    let is_shown = |index: &usize| {
        let text = text(*index).to_lowercase();
        text.contains(words) && tags.iter().all(|tag| text.split(' ').any(|word| word == *tag))
    };
    rows.filter(is_shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_selection_is_always_in_view(len in 0usize..50, height in 0usize..12, steps in prop::collection::vec(-60isize..60, 0..20)) {
            let mut view = ListView::default();
            for step in steps {
                view.step(step, len, height);
                prop_assert!(view.cursor < len.max(1));
                prop_assert!(view.offset <= view.cursor && view.cursor < view.offset + height.max(1));
                prop_assert!(view.offset + height.max(1) <= len.max(height.max(1)));
            }
        }
    }

    proptest! {
        /// However a list grew: what is shown is what a look at all of it shows, and no row is looked at twice.
        #[test]
        fn a_growing_list_is_filtered_row_by_row(
            start in 0u64..5,
            growth in prop::collection::vec((any::<bool>(), 0u64..4), 0..12),
            filter in "[ab]{0,2}",
        ) {
            let (mut first, mut last) = (1_000 + start, 1_000);
            let (mut growing, mut looked) = (ListView::default(), std::collections::BTreeSet::new());
            for (at_front, by) in growth {
                if at_front { first += by } else { last -= by }
                let name = |row: usize| ["a", "b", "ab", "ba", "c"][(first as usize - row) % 5].to_owned();
                let len = (first - last + 1) as usize;
                let seen = std::cell::RefCell::new(Vec::new());
                growing.filter_growing(filter.clone(), len, (first, last), |row| {
                    seen.borrow_mut().push(first - row as u64);
                    name(row)
                });
                for row in seen.into_inner() {
                    prop_assert!(looked.insert(row), "row {} again", row);
                }
                let mut whole = ListView::default();
                whole.filter_by(filter.clone(), len, name);
                prop_assert_eq!(&growing.shown, &whole.shown);
            }
        }
    }

    #[test]
    fn a_filter_keeps_the_rows_that_hold_the_text() {
        let rows = ["Cart", "checkout", "shopping cart"];
        let mut view = ListView::default();
        view.filter_by("cart".into(), rows.len(), |i| rows[i].to_owned());
        assert_eq!(view.shown, Some(vec![0, 2]));
        view.step(1, rows.len(), 5);
        assert_eq!(view.selected(rows.len()), Some(2));
        view.filter_by("shopping cart".into(), rows.len(), |i| rows[i].to_owned());
        assert_eq!(view.shown, Some(vec![2]), "a text is one text");
        view.filter_by(String::new(), rows.len(), |i| rows[i].to_owned());
        assert_eq!(view.count(rows.len()), 3);
    }

    #[test]
    fn a_kind_and_a_person_are_whole_words_beside_the_text() {
        let rows =
            ["the cart kind:noted by:ana", "the cart kind:noted by:anabel", "a kind of cart kind:decided by:ana"];
        let mut view = ListView::default();
        for (filter, shown) in [
            ("kind:noted", vec![0, 1]),
            ("by:ana", vec![0, 2]),
            ("cart by:ana kind:decided", vec![2]),
            ("kind:noted the cart", vec![0, 1]),
            ("kind of", vec![2]),
            ("kind:not", vec![]),
        ] {
            view.filter_by(filter.into(), rows.len(), |i| rows[i].to_owned());
            assert_eq!(view.shown, Some(shown), "{filter}");
        }
    }
}
