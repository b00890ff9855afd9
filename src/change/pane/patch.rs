//! The text of a diff, as far as it has been read, and what must be read next.

use ratatui::text::Line;

use super::shown;
use crate::change::diff::{DiffKind, DiffLine, FileDiff, KEPT, Shown};
use crate::change::state::State;
use crate::evidence::Picture;
use crate::ui::Ctx;
use crate::ui::pane::notice;
use crate::ui::theme::{Mark, Role};

/// The diff of what is shown, if it is there and about the tip as it is.
fn known<'s>(state: &'s State, wanted: &Shown) -> Option<&'s FileDiff> {
    let evidence = state.diff.evidence().filter(|evidence| evidence.value.shown == *wanted)?;
    let head = state.report.value().and_then(|report| report.head.oid.as_ref());
    let is_about_it = matches!(wanted, Shown::Commit(_)) || evidence.subject.commit.as_ref() == head;
    is_about_it.then_some(&evidence.value)
}

/// Lines of a detail that come before its diff.
fn lead(wanted: &Shown) -> usize {
    match wanted {
        Shown::File(_) => 1,
        Shown::Commit(_) => 2,
    }
}

/// The lines of a detail where hunks begin: what `n` and `p` step through.
pub fn hunks(state: &State, index: usize) -> Vec<usize> {
    let Some(wanted) = shown(state, index) else { return Vec::new() };
    let Some(diff) = known(state, &wanted) else { return Vec::new() };
    diff.hunks().map(|place| place + lead(&wanted)).collect()
}

/// What has to be read for a detail to be seen down to a line: of what, and from which line of the diff on.
pub fn missing(state: &State, index: usize, down_to: usize) -> Option<(Shown, usize)> {
    let wanted = shown(state, index)?;
    match known(state, &wanted) {
        None => Some((wanted, 0)),
        Some(diff) => {
            let read = diff.lines.len();
            let is_near = down_to >= lead(&wanted) + read && diff.more && read < KEPT && !state.diff.is_loading();
            is_near.then_some((wanted, read))
        }
    }
}

/// The diff of what is shown, line by line.
pub(super) fn diff(state: &State, ctx: &Ctx, wanted: &Shown) -> Vec<Line<'static>> {
    let muted = ctx.theme.style(Role::Muted);
    match known(state, wanted) {
        _ if state.diff.failure().is_some() => notice(Picture::Failed, state.diff.failure(), "", "", ctx),
        None => vec![Line::styled(format!("{} loading the diff", ctx.theme.mark(Mark::Running)), muted)],
        Some(diff) => {
            let mut lines: Vec<_> = diff.lines.iter().map(|line| diff_line(line, ctx)).collect();
            if diff.more {
                let more = if diff.lines.len() < KEPT { "" } else { "; git diff shows all of it" };
                lines.push(Line::styled(format!("{} the diff goes on{more}", ctx.theme.pick("…", "...")), muted));
            }
            lines
        }
    }
}

fn diff_line(line: &DiffLine, ctx: &Ctx) -> Line<'static> {
    let (sign, role) = match line.kind {
        DiffKind::Header => ("", Role::Muted),
        DiffKind::Hunk => ("", Role::Key),
        DiffKind::Context => (" ", Role::Text),
        DiffKind::Added => ("+", Role::Added),
        DiffKind::Removed => ("-", Role::Removed),
        DiffKind::Note => ("", Role::Muted),
    };
    Line::styled(format!("{sign}{}", line.text), ctx.theme.style(role))
}
