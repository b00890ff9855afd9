use std::process::Command;
use std::sync::Mutex;

use super::*;
use crate::evidence::{Generation, Observation};
use crate::test_results::model::{Light, Proof, Report, RunState, State};
use crate::test_results::source::Reports;

/// A repository with one commit, and a folder for its state.
struct World {
    root: tempfile::TempDir,
    state: tempfile::TempDir,
}

const WRITES: &str = "printf '<testsuite name=\"s\"><testcase name=\"a\"/></testsuite>' > out/a.xml";

impl World {
    fn new() -> Self {
        let world = Self { root: tempfile::tempdir().unwrap(), state: tempfile::tempdir().unwrap() };
        fs::write(world.root.path().join(".gitignore"), "out/\n").unwrap();
        fs::create_dir(world.root.path().join("out")).unwrap();
        world.git(&["init", "-q"]);
        world.git(&["add", "."]);
        world.git(&["commit", "-qm", "first"]);
        world
    }

    fn git(&self, args: &[&str]) {
        let who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let done = Command::new("git").args(who).args(args).current_dir(self.root.path()).status().unwrap();
        assert!(done.success());
    }

    fn place(&self) -> Place {
        Place { root: self.root.path().to_owned(), state: self.state.path().to_owned() }
    }

    async fn run(&self, source: &TestSource, stop: &CancellationToken) -> Vec<Progress> {
        let told = Mutex::new(Vec::new());
        let tell = |progress| told.lock().unwrap().push(progress);
        run_all(Permit::for_drill(), &self.place(), std::slice::from_ref(source), &tell, stop).await;
        told.into_inner().unwrap()
    }

    /// Runs a shell script as the tests, and looks at what is there afterwards.
    async fn after(&self, script: &str) -> (Report, Light, String) {
        self.run(&source(script), &CancellationToken::new()).await;
        self.look(&source(script))
    }

    fn look(&self, source: &TestSource) -> (Report, Light, String) {
        let now = Timestamp::now();
        let mut reports = Reports::new(self.root.path(), std::slice::from_ref(source)).keeping(self.state.path());
        let evidence = reports.look(None, now);
        let report = evidence.value.clone();
        let head = crate::test_results::source::head(self.root.path()).unwrap();
        let mut state = State::default();
        state.set_head(head.clone());
        state.update(Observation::Seen(Generation(1), Box::new(evidence)), now);
        let green = state.verdict(&head, now);
        (report, green.light, green.why)
    }
}

fn source(script: &str) -> TestSource {
    TestSource {
        name: "unit".into(),
        junit: vec!["out/*.xml".into()],
        run: Some(vec!["sh".into(), "-c".into(), script.into()]),
        ..TestSource::default()
    }
}

#[tokio::test]
async fn a_run_that_passes_proves_the_commit() {
    let world = World::new();
    let (report, light, why) = world.after(WRITES).await;
    assert_eq!(light, Light::Green, "{why}");
    let run = &report.runs[0];
    assert_eq!(
        (run.proof, run.exit_code, run.dirty, run.attempt),
        (Some(Proof::Wrapped), Some(0), Some(false), Some(1))
    );
    assert_eq!(world.after(WRITES).await.0.runs[0].attempt, Some(2), "of the same commit");
}

#[tokio::test]
async fn a_report_that_was_not_written_by_the_run_is_not_proven_by_it() {
    let world = World::new();
    fs::write(world.root.path().join("out/old.xml"), "<testsuite><testcase name='x'/></testsuite>").unwrap();
    let (_, light, why) = world.after(WRITES).await;
    assert!(light == Light::Unknown && why.starts_with("unit: out/old.xml names no commit"), "{why}");
    fs::remove_file(world.root.path().join("out/old.xml")).unwrap();
    assert_eq!(world.look(&source(WRITES)).1, Light::Green);
    fs::write(world.root.path().join("out/a.xml"), "<testsuite><testcase name='forged'/></testsuite>").unwrap();
    assert_eq!(world.look(&source(WRITES)).1, Light::Unknown, "it was changed after the run");
}

#[tokio::test]
async fn another_exit_code_than_0_is_red_whatever_the_reports_say() {
    let world = World::new();
    let (_, light, why) = world.after(&format!("{WRITES}; exit 3")).await;
    assert_eq!((light, why.as_str()), (Light::Red, "unit: its command ended with 3"));
}

#[tokio::test]
async fn a_build_that_breaks_is_a_failure_with_its_output() {
    let world = World::new();
    let (report, light, _) = world.after("echo 'src/pool.rs:7: no such thing' >&2; exit 101").await;
    assert_eq!(light, Light::Red);
    let failure = &report.failures[0];
    assert_eq!((failure.name.as_str(), failure.location.as_deref()), ("(command)", Some("src/pool.rs:7")));
}

#[tokio::test]
async fn a_report_on_standard_output_counts() {
    let world = World::new();
    let (report, light, why) = world.after("printf 'TAP version 13\\nok 1 - a\\nok 2 - b\\n1..2\\n'").await;
    assert_eq!((light, report.totals.passed), (Light::Green, 2), "{why}");
    let (_, light, why) = world.after("echo all is well").await;
    assert_eq!(light, Light::Unknown, "words prove nothing: {why}");
}

#[tokio::test]
async fn a_work_tree_with_changes_and_a_head_that_moves_prove_nothing() {
    let world = World::new();
    let commit = "git -c user.name=a -c user.email=a@b -c commit.gpgsign=false commit -q --allow-empty -m x";
    let (report, light, _) = world.after(&format!("{WRITES}; {commit}")).await;
    assert_eq!(light, Light::Unknown);
    assert!(report.warnings.iter().any(|w| w.what.contains("HEAD moved")), "{:?}", report.warnings);
    fs::write(world.root.path().join("new.rs"), "x").unwrap();
    let (report, light, why) = world.after(WRITES).await;
    assert_eq!((light, why.as_str()), (Light::Unknown, "unit: it ran on a work tree with changes"));
    assert!(report.warnings.iter().any(|w| w.what.contains("new.rs")), "{:?}", report.warnings);
}

#[tokio::test]
async fn what_is_stopped_or_takes_too_long_is_killed_with_its_children_and_proves_nothing() {
    let world = World::new();
    let stop = CancellationToken::new();
    let hangs = source(&format!("{WRITES}; sleep 600 & echo $!; wait"));
    let told = Mutex::new(Vec::new());
    let tell = |progress: Progress| {
        if matches!(progress, Progress::Printed { .. }) {
            stop.cancel();
        }
        told.lock().unwrap().push(progress);
    };
    run_all(Permit::for_drill(), &world.place(), std::slice::from_ref(&hangs), &tell, &stop).await;
    let told = told.into_inner().unwrap();
    assert!(matches!(&told[0], Progress::Started { source, .. } if source == "unit"));
    assert!(
        told.iter().any(|it| matches!(it, Progress::Ended { how, is_good: false, .. } if how.starts_with("stopped")))
    );
    let (report, light, why) = world.look(&hangs);
    assert!(light == Light::Unknown && report.failures.is_empty(), "{why}");
    let Some(Progress::Printed { lines, .. }) = told.iter().find(|it| matches!(it, Progress::Printed { .. })) else {
        panic!("{told:?}")
    };
    // Whoever inherits it may take its time to bury it.
    let child = fs::read_to_string(format!("/proc/{}/stat", lines[0]));
    assert!(child.map_or(true, |stat| stat.contains(") Z ")), "a child is left");
    let slow = TestSource { timeout: Duration::from_millis(300), ..source("sleep 600") };
    let told = world.run(&slow, &CancellationToken::new()).await;
    assert!(
        told.iter().any(|it| matches!(it, Progress::Ended { how, .. } if how.starts_with("took too long"))),
        "{told:?}"
    );
}

#[tokio::test]
async fn nothing_is_run_twice_at_a_time_or_without_a_program() {
    let world = World::new();
    let _held = take_lock(&folder(world.state.path())).await.unwrap();
    assert!(Runs::at(world.state.path()).is_busy());
    let told = world.run(&source(WRITES), &CancellationToken::new()).await;
    assert!(matches!(&told[0], Progress::Refused(why) if why.contains("another hotfix")), "{told:?}");
    drop(_held);
    let none = TestSource { run: Some(vec!["no-such-program-anywhere".into()]), ..source("") };
    let told = world.run(&none, &CancellationToken::new()).await;
    assert!(matches!(&told[0], Progress::Refused(why) if why.contains("nothing was run")), "{told:?}");
    assert!(!world.root.path().join("out/a.xml").exists());
}

#[tokio::test]
async fn a_run_whose_end_nobody_saw_is_not_complete() {
    let world = World::new();
    world.after(WRITES).await;
    let runs = folder(world.state.path());
    let before = Record::load(&runs, "unit").unwrap();
    Record { finished: None, exit_code: None, reports: Vec::new(), ..before }.store(&runs).unwrap();
    let (report, light, why) = world.look(&source(WRITES));
    assert_eq!(light, Light::Unknown, "{why}");
    assert!(report.runs.iter().any(|run| run.state == RunState::Truncated));
    let _held = take_lock(&runs).await.unwrap();
    assert!(world.look(&source(WRITES)).0.runs.iter().any(|run| run.state == RunState::Running));
}
