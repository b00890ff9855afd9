//! The selection in a list of rows, and the part of it that is in view (pure).

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
}

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

    /// Shows only the rows whose text holds `filter`, whatever the case; all rows for an empty one.
    pub fn filter_by(&mut self, filter: String, len: usize, text: impl Fn(usize) -> String) {
        let wanted = filter.to_lowercase();
        self.shown = (!wanted.is_empty())
            .then(|| (0..len).filter(|index| text(*index).to_lowercase().contains(&wanted)).collect());
        self.filter = filter;
    }
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

    #[test]
    fn a_filter_keeps_the_rows_that_hold_the_text() {
        let rows = ["Cart", "checkout", "shopping cart"];
        let mut view = ListView::default();
        view.filter_by("cart".into(), rows.len(), |i| rows[i].to_owned());
        assert_eq!(view.shown, Some(vec![0, 2]));
        view.step(1, rows.len(), 5);
        assert_eq!(view.selected(rows.len()), Some(2));
        view.filter_by(String::new(), rows.len(), |i| rows[i].to_owned());
        assert_eq!(view.count(rows.len()), 3);
    }
}
