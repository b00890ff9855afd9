use super::{Band, Context, Familiarity, Risk, score};
use crate::change::classes::Classes;
use crate::change::model::{Commit, FileChange, FileStatus, Report, Size};
use crate::evidence::Oid;

fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

fn file(path: &str, lines: u64, core: bool) -> FileChange {
    let classes = Classes::new(&[]);
    FileChange {
        path: path.into(),
        old_path: None,
        status: FileStatus::Modified,
        insertions: lines,
        deletions: 0,
        binary: false,
        core,
        counted_lines: lines,
        classes: classes.of(path, false).into_iter().map(|class| class.name.clone()).collect(),
    }
}

fn report(lines: u64, changes: Vec<FileChange>) -> Report {
    let mut report = Report { core_lines: Some(lines), changes, merge_base: Some(oid('a')), ..Report::default() };
    report.production.oid = Some(oid('a'));
    report.size = Some(Size { files: 1, insertions: lines.max(1), deletions: 1 });
    report
}

fn known() -> Context {
    Context { familiarity: Some(Familiarity::default()), ..Context::default() }
}

fn scored(report: &Report, context: &Context) -> Risk {
    score(report, &Classes::new(&[]), context).unwrap()
}

fn rules(risk: &Risk) -> Vec<(&str, i32)> {
    risk.points.iter().map(|point| (point.rule.as_str(), point.points)).collect()
}

#[test]
fn an_unknown_diff_has_no_score() {
    assert_eq!(score(&Report::default(), &Classes::new(&[]), &known()), None);
}

#[test]
fn size_steps() {
    for (lines, points) in [
        (0, 0),
        (10, 0),
        (11, 4),
        (50, 4),
        (51, 8),
        (100, 8),
        (101, 14),
        (200, 14),
        (201, 20),
        (400, 20),
        (401, 26),
        (1000, 26),
        (1001, 30),
    ] {
        assert_eq!(scored(&report(lines, vec![]), &known()).score, points, "{lines} lines");
    }
}

#[test]
fn spread_and_its_cap() {
    let files = |n: usize| (0..n).map(|i| file(&format!("s{}/d{i}/f.rs", i % 5), 10, true)).collect::<Vec<_>>();
    let mut changes = files(30);
    changes.push(file("tests/t.rs", 1, false));
    let risk = scored(&report(0, changes), &known());
    let expected = [("core files", 8), ("directories", 2), ("subsystems", 4), ("entropy", 3), ("spread cap", -2)];
    assert_eq!(rules(&risk), expected);
    let mut few = files(3);
    few.push(file("tests/t.rs", 1, false));
    assert_eq!(rules(&scored(&report(0, few), &known())), [("subsystems", 2)]);
}

#[test]
fn each_sensitive_class_counts_once() {
    let changes =
        vec![file("db/migrate/1.rb", 1, true), file("db/migrate/2.rb", 1, true), file("tests/x.rs", 1, false)];
    let risk = scored(&report(2, changes), &known());
    assert_eq!(rules(&risk), [("migration", 12)]);
    assert_eq!(risk.points[0].why, "touches a database migration or schema: db/migrate/1.rb");
}

#[test]
fn process_and_familiarity() {
    let mut it = report(5, vec![file("src/a.rs", 5, true)]);
    it.merge_base = Some(oid('b'));
    let commit = |foreign, merge| Commit {
        oid: oid('c'),
        summary: "x".into(),
        author: "a <a@x>".into(),
        time: jiff::Timestamp::UNIX_EPOCH,
        foreign,
        merge,
    };
    it.commits = vec![commit(true, false), commit(false, true)];
    let familiarity = Familiarity {
        strangers: vec!["ana".into()],
        new_to_files: vec!["ana".into()],
        recent_changes: 10,
        recent_fixes: 3,
        looked_at: 500,
        partial: true,
    };
    let context = Context { familiarity: Some(familiarity), unfinished: vec!["fixup! x".into()], reverts_to: None };
    let risk = scored(&it, &context);
    let sum =
        |names: &[&str]| risk.points.iter().filter(|p| names.contains(&p.rule.as_str())).map(|p| p.points).sum::<i32>();
    assert_eq!(sum(&["new to subsystem", "new to files", "busy files", "fixed before"]), 10);
    assert_eq!(sum(&["foreign commits", "base", "merges", "unfinished", "no test", "process cap"]), 15);
    assert!(risk.partial);
    assert_eq!((risk.score, risk.band), (25, Band::Moderate));
}

#[test]
fn relief() {
    let it = report(500, vec![file("db/migrate/1.rb", 1, true)]);
    let context = Context { reverts_to: Some("v1.0.0".into()), ..known() };
    assert_eq!(scored(&it, &context).score, 10);
    let mut deleted = report(10, vec![file("src/a.rs", 10, true)]);
    deleted.size = Some(Size { files: 1, insertions: 0, deletions: 10 });
    let risk = scored(&deleted, &known());
    assert_eq!(rules(&risk), [("no test", 4), ("deletions only", -4)]);
    assert_eq!((risk.score, risk.band), (0, Band::Low));
}

#[test]
fn bands() {
    for (score, band) in [
        (14, Band::Low),
        (15, Band::Moderate),
        (34, Band::Moderate),
        (35, Band::High),
        (59, Band::High),
        (60, Band::VeryHigh),
    ] {
        assert_eq!(Band::of(score), band);
    }
    assert_eq!(serde_json::to_value(Band::VeryHigh).unwrap(), "very high");
}
