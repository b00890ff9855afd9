//! The six pictures at the widths that the screen has, and in ASCII.

use jiff::{SignedDuration, Timestamp};
use ratatui::text::Line;

use super::{detail, head, hunks, item, len, missing, summary, title};
use crate::change::diff::{DiffKind, DiffLine, FileDiff, Shown};
use crate::change::facts::{Known, all};
use crate::change::ladder::{Level, Rung};
use crate::change::model::{Commit, FileChange, FileStatus, Head, Production, Report, Size, State, Worktree};
use crate::change::risk::{Band, Point, Risk};
use crate::evidence::{Evidence, Failure, Generation, Observation, Oid, Subject};
use crate::ui::Ctx;
use crate::ui::theme::Theme;

fn now() -> Timestamp {
    "2026-03-04T14:02:30Z".parse().unwrap()
}

fn oid(text: &str) -> Oid {
    Oid::parse(&text.repeat(40 / text.len())).unwrap()
}

fn file(status: FileStatus, path: &str, lines: (u64, u64), classes: &[&str], core: bool) -> FileChange {
    FileChange {
        path: path.into(),
        old_path: (status == FileStatus::Renamed).then(|| "src/old_cart.rs".into()),
        status,
        insertions: lines.0,
        deletions: lines.1,
        binary: false,
        core,
        counted_lines: lines.0 + lines.1,
        classes: classes.iter().map(|&it| it.into()).collect(),
    }
}

fn commit(id: &str, summary: &str, author: &str, foreign: bool) -> Commit {
    let time = "2026-03-04T13:48:00Z".parse().unwrap();
    Commit {
        oid: oid(id),
        summary: summary.into(),
        author: format!("{author} <x@example.com>"),
        time,
        foreign,
        merge: false,
    }
}

fn report() -> Report {
    let (reference, how) = (Some("v2.4.1".into()), "newest tag".into());
    let production = Production { reference, oid: Some(oid("2b")), how, deployed: None };
    let head =
        Head { reference: Some("hotfix/checkout-502".into()), oid: Some(oid("3f9c1e20")), tree: Some(oid("aa")) };
    let mut report = Report {
        production,
        head,
        merge_base: Some(oid("2b")),
        size: Some(Size { files: 5, insertions: 171, deletions: 40 }),
        without_renames: Some(Size { files: 6, insertions: 190, deletions: 59 }),
        core_lines: Some(121),
        core_files: Some(3),
        test_lines: Some(40),
        commits: vec![
            commit(
                "3f9c1e20",
                "Retry the payment gateway once, then fail with a clear message to the customer",
                "Ana Lima",
                false,
            ),
            commit("77", "Speed up search · 検索を速くする", "Bo", true),
        ],
        commits_total: Some(2),
        changes: vec![
            file(FileStatus::Modified, "Cargo.lock", (10, 10), &["lockfile", "dependencies"], false),
            file(FileStatus::Added, "db/migrate/20260304_add_retry.sql", (12, 0), &["migration"], true),
            file(FileStatus::Modified, "services/checkout/src/payment/gateway/client.rs", (98, 22), &[], true),
            file(FileStatus::Renamed, "src/cart.rs", (11, 8), &[], true),
            file(FileStatus::Modified, "tests/checkout.rs", (40, 0), &["test"], false),
        ],
        ahead: Some(1),
        behind: Some(0),
        upstream: Some("origin/hotfix/checkout-502".into()),
        limits: Some(crate::config::schema::Limits::default()),
        back_merge: vec![Rung {
            target: "develop".into(),
            level: Some(Level::MissingConflict),
            paths: vec!["src/cart.rs".into()],
            why: "MISSING: conflicts in 1 file".into(),
        }],
        risk: Some(Risk {
            score: 36,
            band: Band::High,
            points: vec![Point {
                rule: "migration".into(),
                points: 12,
                why: "touches a database migration or schema: db/migrate/20260304_add_retry.sql".into(),
            }],
            partial: false,
        }),
        ..Report::default()
    };
    let known = Known { development: Some("develop".into()), is_surveyed: true, ..Known::default() };
    report.facts = all(&report, &known);
    report
}

fn seen<T>(value: T, age: i64) -> Observation<T> {
    let observed_at = now() - SignedDuration::from_secs(age);
    let ttl = std::time::Duration::from_secs(30);
    let subject = Subject::default();
    Observation::Seen(Generation(1), Box::new(Evidence { value, subject, source: "git".into(), observed_at, ttl }))
}

fn failed<T>() -> Observation<T> {
    let failure = Failure {
        what: "/srv/checkout is gone".into(),
        remedy: Some("restore or clone the repository there, or start hotfix elsewhere".into()),
        at: now(),
        retry_at: Some(now() + SignedDuration::from_secs(2)),
    };
    Observation::Failed(Generation(2), failure)
}

fn state(age: i64) -> State {
    let mut state = State::default();
    state.report.observe(seen(report(), age));
    state.worktree.observe(seen(Worktree { unstaged: 1, untracked: 2, ..Worktree::default() }, age));
    state
}

fn text(line: &Line<'_>) -> String {
    line.spans.iter().map(|span| span.content.as_ref()).collect()
}

/// The pane as lines: title, head, items, and the summary below.
fn render(state: &State, width: u16, height: u16, ascii: bool) -> String {
    let theme = Theme { ascii, ..Theme::default() };
    let ctx = Ctx { now: now(), theme: &theme };
    let title = title(state, &ctx);
    let mut lines = vec![format!("[2 Change {} | {}]", title.subject, title.note.content)];
    let head = head(state, &ctx, width, height);
    let room = usize::from(height).saturating_sub(head.len());
    let items = (0..len(state).min(room)).map(|index| item(state, &ctx, index, width));
    lines.extend(head.into_iter().chain(items).map(|line| text(&line)));
    for line in &lines[1..] {
        assert!(crate::evidence::text::width(line) <= usize::from(width) || height < 20, "{line:?} is too wide");
    }
    lines.push(format!("[{}]", text(&summary(state, &ctx))));
    lines.join("\n")
}

#[test]
fn fresh_at_the_widths_of_the_screen() {
    insta::assert_snapshot!("fresh_52", render(&state(2), 52, 20, false));
    insta::assert_snapshot!("fresh_78", render(&state(2), 78, 20, false));
    insta::assert_snapshot!("fresh_158", render(&state(2), 158, 44, false));
    insta::assert_snapshot!("fresh_ascii", render(&state(2), 78, 44, true));
}

#[test]
fn the_other_pictures() {
    let mut loading = State::default();
    loading.report.observe(Observation::Started(Generation(1)));
    let mut failing = state(60);
    failing.report.observe(failed());
    failing.worktree.observe(failed());
    let mut dead = State::default();
    dead.report.observe(failed());
    let mut empty = State::default();
    let nothing = Report {
        facts: vec![],
        risk: None,
        back_merge: vec![],
        commits_total: Some(0),
        changes: vec![],
        commits: vec![],
        size: Some(Size::default()),
        core_lines: Some(0),
        ..report()
    };
    empty.report.observe(seen(nothing, 2));
    empty.worktree.observe(seen(Worktree::default(), 2));
    insta::assert_snapshot!("never", render(&State::default(), 52, 20, false));
    insta::assert_snapshot!("loading", render(&loading, 52, 20, false));
    insta::assert_snapshot!("stale", render(&state(60), 52, 20, false));
    insta::assert_snapshot!("failed", render(&failing, 78, 20, false));
    insta::assert_snapshot!("failed_first", render(&dead, 78, 20, true));
    insta::assert_snapshot!("empty", render(&empty, 52, 20, false));
}

/// A diff as its source tells it: of the tip that the report has.
fn about_the_tip(diff: FileDiff) -> Observation<FileDiff> {
    let Observation::Seen(generation, mut evidence) = seen(diff, 1) else { unreachable!() };
    evidence.subject = Subject::commit(oid("3f9c1e20"));
    Observation::Seen(generation, evidence)
}

#[test]
fn the_details() {
    let theme = Theme::default();
    let ctx = Ctx { now: now(), theme: &theme };
    let mut state = state(2);
    let lines = |state: &State, index| detail(state, &ctx, index, 52).iter().map(text).collect::<Vec<_>>().join("\n");
    assert!(lines(&state, 2).contains("loading the diff"));
    let line = |kind, text: &str| DiffLine { kind, text: text.into() };
    let diff = FileDiff {
        shown: Shown::File("src/cart.rs".into()),
        from: 0,
        lines: vec![
            line(DiffKind::Header, "diff --git a/src/old_cart.rs b/src/cart.rs"),
            line(DiffKind::Hunk, "@@ -1,3 +1,3 @@"),
            line(DiffKind::Context, "one"),
            line(DiffKind::Removed, "two"),
            line(DiffKind::Added, "zwei"),
            line(DiffKind::Note, "\\ No newline at end of file"),
        ],
        more: true,
    };
    state.diff.observe(about_the_tip(diff));
    insta::assert_snapshot!("detail_file", lines(&state, 3));
    assert!(lines(&state, 2).contains("loading the diff"), "another file's diff is not this one's");
    let facts = 5 + 2 + 1 + 1;
    insta::assert_snapshot!("detail_fact", lines(&state, facts + 9));
    assert!(lines(&state, 7).starts_with("▲ missing-conflict · develop"), "{}", lines(&state, 7));
    assert!(lines(&state, 8).starts_with("+12 migration"), "{}", lines(&state, 8));
    assert_eq!(super::shown(&state, 3), Some(Shown::File("src/cart.rs".into())));
    assert_eq!(super::shown(&state, 6), Some(Shown::Commit(oid("77"))));
    assert_eq!(super::shown(&state, facts), None);
    assert_eq!(lines(&state, 10_000), "");
}

#[test]
fn a_diff_is_read_piece_by_piece_and_stepped_through() {
    let mut state = state(2);
    let piece = |from: usize, more| {
        let kind = |n: usize| if n % 1_000 == 5 { DiffKind::Hunk } else { DiffKind::Added };
        let lines = (from..from + 2_000).map(|n| DiffLine { kind: kind(n), text: n.to_string() }).collect();
        about_the_tip(FileDiff { shown: Shown::File("src/cart.rs".into()), from, lines, more })
    };
    let file = Shown::File("src/cart.rs".into());
    assert_eq!(missing(&state, 3, 50), Some((file.clone(), 0)));
    state.update(crate::change::model::Observation::Diff(piece(0, true)));
    assert_eq!(missing(&state, 3, 50), None, "the end is far away");
    assert_eq!(missing(&state, 3, 2_001), Some((file, 2_000)));
    assert_eq!(missing(&state, 2, 50).unwrap().1, 0, "another file");
    state.update(crate::change::model::Observation::Diff(piece(2_000, false)));
    let diff = state.diff.value().unwrap();
    assert_eq!((diff.from, diff.lines.len(), diff.lines[3_999].text.as_str()), (0, 4_000, "3999"));
    assert_eq!(missing(&state, 3, 9_000), None, "there is no more");
    assert_eq!(hunks(&state, 3), [6, 1_006, 2_006, 3_006], "behind the line of the file");
    assert_eq!(hunks(&state, 0), [] as [usize; 0]);
}

#[test]
fn every_item_fits_and_can_be_found() {
    let theme = Theme::default();
    let ctx = Ctx { now: now(), theme: &theme };
    let state = state(2);
    for index in 0..len(&state) {
        for width in [20, 52, 78, 158] {
            let shown = text(&item(&state, &ctx, index, width));
            assert!(width == 20 || crate::evidence::text::width(&shown) <= usize::from(width), "{shown:?} in {width}");
        }
        assert!(!super::text(&state, index).is_empty());
    }
}
