//! The tests' own program as a supervisor of real steps.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use super::*;

/// Not a test: what [`command`] starts here instead of the program.
#[test]
#[ignore = "the tests beside it start it as a process of its own: alone it has nothing to supervise"]
fn is_one_itself() {
    if std::env::var_os(TASK).is_some() {
        run();
    }
}

struct Stage(TempDir);

impl Stage {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn task(&self, script: &str, limit: Duration) -> Task {
        let of = Step { incident: "i".into(), actor: "ana".into(), plan: "p".into(), index: 2, name: "go back".into() };
        Task {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            directory: self.0.path().to_owned(),
            limit,
            holds_lock: true,
            outcome: self.path("outcome"),
            of,
        }
    }

    fn start(&self, task: &Task) -> Child {
        let lock = std::fs::File::create(self.path("lock")).unwrap();
        lock.lock().unwrap();
        let mut command = command(task).unwrap();
        command.stdin(lock).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn outcome(&self) -> Option<(StepState, String)> {
        let line = fallback::read(&self.path("outcome")).pop()?;
        assert_eq!((line.incident.as_str(), line.actor.as_str()), ("i", "ana"));
        match line.entry {
            Entry::Step { plan, index: 2, state, detail, .. } if plan == "p" => Some((state, detail.unwrap())),
            other => panic!("{other:?}"),
        }
    }

    fn is_locked(&self) -> bool {
        let file = std::fs::File::open(self.path("lock")).unwrap();
        file.try_lock().is_err()
    }
}

fn reports(pipe: ChildStdout) -> impl Iterator<Item = Report> {
    BufReader::new(pipe).lines().map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok())
}

fn until(what: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !what() {
        assert!(Instant::now() < end, "it never happens");
        std::thread::sleep(Duration::from_millis(5));
    }
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn it_tells_what_happens_and_writes_down_the_end_first() {
    let stage = Stage::new();
    let mut child = stage.start(&stage.task("printf 'one\\n\\033[2Jtwo'", LONG));
    let all: Vec<_> = reports(child.stdout.take().unwrap()).collect();
    child.wait().unwrap();
    let lines: Vec<&str> = all
        .iter()
        .filter_map(|it| if let Report::Output(batch) = it { Some(batch) } else { None })
        .flat_map(|batch| batch.lines.iter().map(String::as_str))
        .collect();
    assert!(matches!(all.first(), Some(Report::Started(_))), "{all:?}");
    assert_eq!(lines, ["one", "\\u{1b}[2Jtwo"]);
    assert_eq!(all.last(), Some(&Report::Ended(Ran::Done("it ended with 0".into()))));
    assert_eq!(stage.outcome(), Some((StepState::Observed, "it ended with 0".into())));
}

#[test]
fn without_its_cockpit_it_keeps_the_time_and_writes_down_the_end() {
    let stage = Stage::new();
    let script = "touch begun; trap '' HUP; while :; do echo noise; sleep 0.01; done";
    let mut child = stage.start(&stage.task(script, Duration::from_millis(600)));
    until(|| stage.path("begun").exists());
    drop(child.stdout.take());
    assert!(stage.is_locked());
    until(|| stage.outcome().is_some());
    assert_eq!(stage.outcome().unwrap(), (StepState::Unknown, "it did not end within 0.6 s, and was killed".into()));
    child.wait().unwrap();
    assert!(!stage.is_locked());
}

#[test]
fn a_killed_one_leaves_the_step_and_the_step_keeps_the_lock() {
    let stage = Stage::new();
    let script = "touch begun; while [ ! -f go ]; do echo noise; sleep 0.01; done; touch done";
    let mut child = stage.start(&stage.task(script, LONG));
    until(|| stage.path("begun").exists());
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    assert!(stage.is_locked());
    std::fs::write(stage.path("go"), "").unwrap();
    until(|| !stage.is_locked());
    assert!(stage.path("done").exists());
    assert_eq!(stage.outcome(), None);
}

#[test]
fn what_a_step_leaves_running_is_named_and_does_not_keep_the_lock_for_ever() {
    let stage = Stage::new();
    let script = "touch begun; while [ ! -f go ]; do sleep 0.01; done; setsid sleep 77 & echo left";
    let mut child = stage.start(&stage.task(script, LONG));
    until(|| stage.path("begun").exists());
    drop(child.stdout.take());
    std::fs::write(stage.path("go"), "").unwrap();
    child.wait().unwrap();
    let (state, words) = stage.outcome().unwrap();
    assert_eq!(state, StepState::Observed);
    assert!(words.starts_with("it ended with 0; it left running: "), "{words}");
    assert!(!stage.is_locked());
    let pid = words.rsplit_once("process ").unwrap().1.trim_end_matches(')').parse().unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
}

#[test]
fn whoever_leaves_the_group_is_killed_with_a_step_that_came_too_late() {
    let stage = Stage::new();
    let script = "setsid sh -c 'echo $$ > daemon; exec sleep 78' & sleep 78";
    let mut child = stage.start(&stage.task(script, Duration::from_millis(500)));
    let last = reports(child.stdout.take().unwrap()).last();
    child.wait().unwrap();
    assert_eq!(last, Some(Report::Ended(Ran::Unknown("it did not end within 0.5 s, and was killed".into()))));
    let pid = std::fs::read_to_string(stage.path("daemon")).unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).exists());
}

#[test]
fn a_cockpit_that_does_not_read_holds_up_nobody_and_little_is_kept() {
    let stage = Stage::new();
    let script = "head -c 60000000 /dev/zero | tr '\\0' 'y' | fold -w 99; ps -o rss= -p $PPID > rss";
    let mut child = stage.start(&stage.task(script, LONG));
    until(|| stage.outcome().is_some());
    let rss: u64 = std::fs::read_to_string(stage.path("rss")).unwrap().trim().parse().unwrap();
    // This program is the tests, unoptimised: what counts is that it does not grow with what is printed.
    assert!(rss < 40 << 10, "{rss} KiB");
    let last = reports(child.stdout.take().unwrap()).last();
    assert_eq!(last, Some(Report::Ended(Ran::Done("it ended with 0".into()))));
    child.wait().unwrap();
}

#[test]
fn nothing_to_run_is_a_failure_and_nothing_was_run() {
    let stage = Stage::new();
    let task = Task { program: stage.path("nothing"), ..stage.task("", LONG) };
    let mut child = stage.start(&task);
    child.wait().unwrap();
    let (state, words) = stage.outcome().unwrap();
    assert_eq!(state, StepState::Failed);
    assert!(words.starts_with("`nothing` did not start: No such file"), "{words}");
}
