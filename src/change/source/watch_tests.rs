use std::path::Path;

use notify::Event;
use notify::event::{AccessKind, CreateKind, EventKind, ModifyKind};

use super::{Touched, sort};

fn touched(kind: EventKind, path: &str) -> Touched {
    sort(&Event::new(kind).add_path(path.into()), Path::new("/r/.git/"), Path::new("/r/.git/"))
}

const CHANGED: EventKind = EventKind::Modify(ModifyKind::Any);
const NOTHING: Touched = of(false, false);

const fn of(history: bool, worktree: bool) -> Touched {
    Touched { history, worktree, files: Vec::new() }
}

#[test]
fn reading_and_locking_wake_nobody() {
    assert_eq!(touched(EventKind::Access(AccessKind::Any), "/r/.git/HEAD"), NOTHING);
    assert_eq!(touched(EventKind::Create(CreateKind::File), "/r/.git/index.lock"), NOTHING);
    assert_eq!(touched(CHANGED, "/r/.git"), NOTHING);
    assert_eq!(touched(CHANGED, "/r/.git/COMMIT_EDITMSG"), NOTHING);
}

#[test]
fn changes_are_told_apart() {
    assert_eq!(touched(CHANGED, "/r/.git/index"), of(false, true));
    assert_eq!(touched(CHANGED, "/r/.git/FETCH_HEAD"), of(true, false));
    assert_eq!(touched(CHANGED, "/r/.git/refs/heads/main"), of(true, true));
    let file = touched(CHANGED, "/r/src/a.rs");
    assert_eq!(file, Touched { files: vec!["/r/src/a.rs".into()], ..of(false, true) });
    let both = Event::new(CHANGED).add_path("/r/src/a.rs".into()).add_path("/r/.git/index".into());
    assert_eq!(sort(&both, Path::new("/r/.git/"), Path::new("/r/.git/")), of(false, true), "more than a file");
}
