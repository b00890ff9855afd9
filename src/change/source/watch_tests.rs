use std::path::Path;

use notify::Event;
use notify::event::{AccessKind, CreateKind, EventKind, ModifyKind};

use super::{Touched, sort};

fn touched(kind: EventKind, path: &str) -> Touched {
    sort(&Event::new(kind).add_path(path.into()), Path::new("/r/.git/"), Path::new("/r/.git/"))
}

const CHANGED: EventKind = EventKind::Modify(ModifyKind::Any);
const NOTHING: Touched = Touched { history: false, worktree: false };

#[test]
fn reading_and_locking_wake_nobody() {
    assert_eq!(touched(EventKind::Access(AccessKind::Any), "/r/.git/HEAD"), NOTHING);
    assert_eq!(touched(EventKind::Create(CreateKind::File), "/r/.git/index.lock"), NOTHING);
    assert_eq!(touched(CHANGED, "/r/.git"), NOTHING);
    assert_eq!(touched(CHANGED, "/r/.git/COMMIT_EDITMSG"), NOTHING);
}

#[test]
fn changes_are_told_apart() {
    assert_eq!(touched(CHANGED, "/r/.git/index"), Touched { history: false, worktree: true });
    assert_eq!(touched(CHANGED, "/r/.git/FETCH_HEAD"), Touched { history: true, worktree: false });
    assert_eq!(touched(CHANGED, "/r/.git/refs/heads/main"), Touched { history: true, worktree: true });
    assert_eq!(touched(CHANGED, "/r/src/a.rs"), Touched { history: false, worktree: true });
}
