use std::sync::mpsc;

use super::*;
use crate::evidence::{Observation, Oid};

const GOOD: &str = "<testsuite name='s'><testcase name='a'/></testsuite>";
const BAD: &str = "<testsuite name='s'><testcase name='a'><failure message='boom'/></testcase></testsuite>";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(file, text)| write(&folder, file, text));
    folder
}

fn write(folder: &tempfile::TempDir, file: &str, text: &str) {
    let path = folder.path().join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn source(name: &str, glob: &str) -> TestSource {
    TestSource { name: name.into(), junit: vec![glob.into()], ..TestSource::default() }
}

fn look(folder: &tempfile::TempDir, sources: &[TestSource]) -> Report {
    Reports::new(folder.path(), sources).look(None, Timestamp::now()).value
}

#[test]
fn reports_are_found_and_summed_up() {
    let folder = folder(&[("out/a.xml", GOOD), ("out/b.xml", BAD), ("out/c.txt", BAD)]);
    let report = look(&folder, &[source("unit", "out/*.xml")]);
    assert_eq!((report.totals.tests, report.totals.failed), (2, 1));
    assert_eq!(report.runs.iter().map(|r| r.source.as_str()).collect::<Vec<_>>(), ["out/a.xml", "out/b.xml"]);
    assert_eq!((report.failures[0].run.as_str(), report.failures[0].message.as_str()), ("unit", "boom"));
    assert_eq!(report.subject, None);
}

#[test]
fn a_named_source_without_files_is_missed_and_a_well_known_place_is_not() {
    let folder = folder(&[]);
    let named = look(&folder, &[source("unit", "out/*.xml")]);
    assert_eq!((named.sources[0].name.as_str(), named.runs.len()), ("unit", 0));
    assert!(look(&folder, &[]).sources.is_empty());
}

#[test]
fn well_known_places_are_looked_at_and_what_is_no_report_is_passed_over() {
    let files = [("target/nextest/ci/junit.xml", GOOD), ("reports/coverage.xml", "<coverage/>"), ("junit.xml", BAD)];
    let report = look(&folder(&files), &[]);
    assert_eq!((report.runs.len(), report.totals.tests), (2, 2));
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    let named = look(&folder(&files), &[source("unit", "reports/*.xml")]);
    assert!(named.warnings[0].what.contains("<coverage>"), "{:?}", named.warnings);
}

#[test]
fn only_changed_files_are_read_again() {
    let folder = folder(&[]);
    for i in 0..50 {
        write(&folder, &format!("out/{i}.xml"), GOOD);
    }
    let mut reports = Reports::new(folder.path(), &[source("unit", "out/*.xml")]);
    reports.look(None, Timestamp::now());
    assert_eq!(reports.reread(), 50);
    reports.look(None, Timestamp::now());
    assert_eq!(reports.reread(), 0);
    write(&folder, "out/7.xml", BAD);
    std::fs::remove_file(folder.path().join("out/8.xml")).unwrap();
    let report = reports.look(None, Timestamp::now()).value;
    assert_eq!((reports.reread(), report.totals.tests, report.totals.failed), (1, 49, 1));
}

#[test]
fn a_report_without_its_end_is_being_written_and_then_truncated() {
    let folder = folder(&[("a.xml", GOOD)]);
    let mut reports = Reports::new(folder.path(), &[source("unit", "a.xml")]);
    reports.look(None, Timestamp::now());
    write(&folder, "a.xml", &BAD[..BAD.len() - 12]);
    let now = Timestamp::now();
    let run = &reports.look(None, now).value.runs[0];
    assert_eq!((run.state, run.totals.failed, run.freshness), (RunState::Writing, 1, Freshness::Loading));
    assert_eq!(run.last_complete.unwrap().passed, 1);
    let later = now + Duration::from_secs(60);
    let run = &reports.look(None, later).value.runs[0];
    assert_eq!((run.state, run.freshness), (RunState::Truncated, Freshness::Failed));
}

#[test]
fn the_commit_is_the_one_that_the_report_names_and_no_other() {
    let folder = folder(&[]);
    let repository = git2::Repository::init(folder.path()).unwrap();
    let tree = repository.find_tree(repository.treebuilder(None).unwrap().write().unwrap()).unwrap();
    let who = git2::Signature::now("a", "a@example.com").unwrap();
    let first = repository.commit(Some("HEAD"), &who, &who, "one", &tree, &[]).unwrap();
    let parent = repository.find_commit(first).unwrap();
    repository.commit(Some("HEAD"), &who, &who, "two", &tree, &[&parent]).unwrap();
    write(&folder, "a.xml", GOOD);
    assert_eq!(look(&folder, &[source("unit", "a.xml")]).runs[0].subject, None);
    let named = format!(
        "<testsuite><properties><property name='git.commit' value='{first}'/></properties><testcase name='a'/></testsuite>"
    );
    write(&folder, "a.xml", &named);
    let report = look(&folder, &[source("unit", "a.xml")]);
    let run = &report.runs[0];
    assert_eq!(report.subject, Oid::parse(&first.to_string()));
    assert_eq!((run.behind, run.tree.is_some(), run.committed_at.is_some()), (Some(1), true, true));
    assert_eq!(run.freshness, Freshness::Fresh, "another commit, but the same content");
}

#[test]
fn named_files_need_no_project_and_say_what_is_wrong() {
    let folder = folder(&[("a.xml", GOOD), ("b.xml", "{"), ("dir/x", "")]);
    let files = ["a.xml", "b.xml", "no.xml", "dir"].map(PathBuf::from);
    let report = read_files(&files, folder.path(), Timestamp::now());
    let states: Vec<_> = report.runs.iter().map(|run| run.state).collect();
    assert_eq!(states, [RunState::Complete, RunState::NotAReport, RunState::Unreadable, RunState::Unreadable]);
    let warned: Vec<_> = report.warnings.iter().map(|w| w.source.as_str()).collect();
    assert_eq!(warned, ["b.xml", "no.xml", "dir"]);
    assert!(!report.is_clean());
}

#[test]
fn many_failures_in_many_files_stay_within_the_memory() {
    let folder = folder(&[]);
    let case = format!("<testcase name='a'><failure>{}</failure></testcase>", "x".repeat(50_000));
    for i in 0..40 {
        write(&folder, &format!("out/{i}.xml"), &format!("<testsuite name='s'>{}</testsuite>", case.repeat(10)));
    }
    let report = look(&folder, &[source("unit", "out/*.xml")]);
    let kept: usize = report.failures.iter().map(|f| f.message.len()).sum();
    assert_eq!((report.totals.failed, report.failures.len()), (400, 400));
    assert!(kept < gathered::BUDGET + 100_000, "{kept}");
}

/// What the source tells until it says something that `wanted` accepts.
fn until(seen: &mpsc::Receiver<Observation<Report>>, wanted: impl Fn(&Report) -> bool) -> Report {
    loop {
        let told = seen.recv_timeout(Duration::from_secs(20)).expect("the source tells in time");
        if let Observation::Seen(_, evidence) = told
            && wanted(&evidence.value)
        {
            return evidence.value;
        }
    }
}

#[test]
fn a_watched_source_tells_of_new_changed_and_slowly_written_files() {
    let folder = folder(&[]);
    let (tell, seen) = mpsc::channel();
    let sources = vec![source("unit", "out/*.xml")];
    let setup = Setup { root: folder.path().to_owned(), sources, ..Setup::default() };
    let handle = start(setup, move |o| drop(tell.send(o))).unwrap();
    until(&seen, |report| report.runs.is_empty());
    write(&folder, "out/a.xml", &BAD[..BAD.len() - 12]);
    let report = until(&seen, |report| report.totals.failed == 1);
    assert_eq!(report.runs[0].state, RunState::Writing);
    write(&folder, "out/a.xml", GOOD);
    until(&seen, |report| report.totals.passed == 1);
    std::fs::write(folder.path().join("new.xml"), GOOD).unwrap();
    std::fs::rename(folder.path().join("new.xml"), folder.path().join("out/b.xml")).unwrap();
    until(&seen, |report| report.totals.passed == 2);
    handle.refresh();
    until(&seen, |_| true);
    drop(handle);
    while seen.recv_timeout(Duration::from_secs(20)).is_ok() {}
    assert!(matches!(seen.try_recv(), Err(mpsc::TryRecvError::Disconnected)), "its thread ends");
}

/// A repository whose two commits were tested: production (red) and HEAD.
#[test]
fn results_of_production_are_kept_when_seen_and_compared_with_later() {
    let folder = folder(&[]);
    let state = tempfile::tempdir().unwrap();
    let repository = git2::Repository::init(folder.path()).unwrap();
    let tree = repository.find_tree(repository.treebuilder(None).unwrap().write().unwrap()).unwrap();
    let who = git2::Signature::now("a", "a@example.com").unwrap();
    let first = repository.commit(Some("HEAD"), &who, &who, "one", &tree, &[]).unwrap();
    let report = |commit: git2::Oid, cases: &str| {
        let property = format!("<properties><property name='git.commit' value='{commit}'/></properties>");
        write(&folder, "a.xml", &format!("<testsuite name='s'>{property}{cases}</testsuite>"));
    };
    let setup = |production: git2::Oid| Setup {
        root: folder.path().to_owned(),
        sources: vec![source("unit", "a.xml")],
        state: Some(state.path().to_owned()),
        production: Oid::parse(&production.to_string()),
    };
    let bad = |name: &str| format!("<testcase name='{name}' time='1'><failure message='boom'/></testcase>");
    let good = |name: &str, time: u32| format!("<testcase name='{name}' time='{time}'/>");
    report(
        first,
        &[bad("old"), bad("fixed"), good("new", 1), good("gone", 1), good("slow", 4), good("off", 1)].concat(),
    );
    let own = setup(first).open().look(None, Timestamp::now()).value;
    assert!(own.baseline.is_none(), "a commit is not its own baseline");
    let parent = repository.find_commit(first).unwrap();
    let second = repository.commit(Some("HEAD"), &who, &who, "two", &tree, &[&parent]).unwrap();
    let off = "<testcase name='off'><skipped/></testcase>".to_owned();
    report(second, &[bad("old"), good("fixed", 1), bad("new"), good("slow", 40), off].concat());
    let report_of = |setup: &Setup| setup.open().look(None, Timestamp::now()).value;
    let now = report_of(&setup(first));
    let standings: Vec<_> = now.failures.iter().map(|f| (f.name.as_str(), f.standing.unwrap().label())).collect();
    assert_eq!(standings, [("new", "NEW"), ("old", "PRE-EXISTING")]);
    let compared = now.baseline.unwrap();
    assert_eq!(compared.subject, Oid::parse(&first.to_string()));
    assert_eq!(
        (compared.fixed, compared.missing_tests, compared.skipped_tests),
        (vec!["s > fixed".into()], vec!["s > gone".into()], vec!["s > off".into()])
    );
    assert_eq!((compared.slower[0].name.as_str(), compared.slower[0].now_s), ("s > slow", 40.0));
    report(
        second,
        &[bad("old"), good("fixed", 1), good("new", 1), bad("slow"), good("off", 1), good("gone", 1)].concat(),
    );
    let again = report_of(&setup(first));
    let standings: Vec<_> = again.failures.iter().map(|f| (f.name.as_str(), f.standing.unwrap().label())).collect();
    assert_eq!(standings, [("old", "PRE-EXISTING"), ("slow", "FLAKY")], "it passed on this commit a moment ago");
    assert_eq!(again.flaky.iter().map(|f| (f.name.as_str(), f.rerun)).collect::<Vec<_>>(), [("new", true)]);
}
