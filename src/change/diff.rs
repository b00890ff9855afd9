//! The text of a diff, read piece by piece.

use serde::Serialize;

use crate::evidence::Oid;

/// Lines of one piece.
pub const PIECE: usize = 2_000;
/// Lines that are kept of one diff.
pub const KEPT: usize = 10 * PIECE;

/// What is to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// A changed file of the report, by its clean path.
    File(String),
    /// A commit, against its first parent.
    Commit(Oid),
}

/// A diff as far as it has been read, or a piece of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    /// Of what.
    pub shown: Shown,
    /// How many lines of the diff come before this piece.
    pub from: usize,
    /// The lines, clean: [`PIECE`] at most of a piece.
    pub lines: Vec<DiffLine>,
    /// Whether the diff goes on after it.
    pub more: bool,
}

/// A line of a diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiffLine {
    /// What it is.
    pub kind: DiffKind,
    /// Its text, without the leading sign.
    pub text: String,
}

/// What a line of a diff is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DiffKind {
    /// The name of a file, a mode, a rename.
    Header,
    /// Where a hunk begins.
    Hunk,
    /// The same on both sides.
    Context,
    /// New.
    Added,
    /// Gone.
    Removed,
    /// What git says of the line before it.
    Note,
}

impl FileDiff {
    /// The same with what was read before, if this goes on where that ends.
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        if before.shown == self.shown && before.from + before.lines.len() == self.from && self.from > 0 {
            self.lines.splice(0..0, before.lines.iter().cloned());
            self.from = before.from;
        }
        self
    }

    /// The places of the hunks: what `n` and `p` step through.
    pub fn hunks(&self) -> impl Iterator<Item = usize> + '_ {
        self.lines.iter().enumerate().filter(|(_, line)| line.kind == DiffKind::Hunk).map(|(place, _)| place)
    }
}
