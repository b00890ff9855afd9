//! Real child processes and a loopback server: what a plan really does, and what it never does.

use std::sync::Mutex;
use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::config::schema::Secret;
use crate::incident::Entry;
use crate::incident::StepState::{self, *};
use crate::journal::record::{Draft, Record};
use crate::journal::{JournalError, Memory};
use crate::rollback::execution::{Answer, Execution, Next};
use crate::rollback::fixtures::{plan_of, step, verify_run, verify_url};
use crate::rollback::output::Output;

mod conditions;
mod crash;
pub(super) mod daemon;
mod looks;
mod revert;
mod server;
mod steering;
mod ways;

use server::Server;

/// A state folder that is the repository too, a journal, and everything that the executor told.
struct Bench {
    folder: TempDir,
    journal: Arc<Memory>,
    told: Arc<Mutex<Vec<Progress>>>,
    hidden: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), journal: Arc::default(), told: Arc::default(), hidden: Arc::default() }
    }

    fn executor_with(&self, recorder: Arc<dyn Recorder>) -> Executor {
        let place = Place {
            recorder,
            incident: "i".into(),
            actor: "ana".into(),
            http: Client::new(),
            directory: self.folder.path().to_owned(),
            state: self.folder.path().to_owned(),
            shared: None,
            hide: {
                let hidden = Arc::clone(&self.hidden);
                Arc::new(move |value| hidden.lock().unwrap().push(value))
            },
            now: Arc::new(Timestamp::now),
        };
        Executor::new(Permit::for_drill(), place)
    }

    fn executor(&self) -> Executor {
        self.executor_with(self.journal.clone())
    }

    fn tell(&self) -> impl Fn(Progress) + Send + Sync + use<> {
        let told = Arc::clone(&self.told);
        move |progress| told.lock().unwrap().push(progress)
    }

    async fn run(&self, order: impl Into<Order>) -> RollbackEnd {
        self.executor().run(order.into(), &self.tell(), &CancellationToken::new()).await.unwrap()
    }

    fn execution(&self) -> Execution {
        Execution::fold(&self.journal.records()).unwrap()
    }

    fn states(&self) -> Vec<StepState> {
        self.execution().steps.iter().map(|step| step.state).collect()
    }

    fn end_words(&self) -> String {
        self.execution().end.unwrap().detail
    }

    fn resumed(&self, answer: Option<Answer>) -> Order {
        crate::rollback::state::resume(&self.execution(), answer).unwrap()
    }

    fn output(&self) -> Output {
        let mut output = Output::default();
        for progress in self.told.lock().unwrap().iter() {
            if let Progress::Output(batch) = progress {
                output.extend(batch.clone());
            }
        }
        output
    }

    /// How often a step took effect: the lines of a file that each effect adds to.
    fn effects(&self, file: &str) -> usize {
        std::fs::read_to_string(self.folder.path().join(file)).map_or(0, |text| text.lines().count())
    }
}

fn sh(name: &str, script: &str) -> crate::config::schema::Step {
    step(name, &["sh", "-c", script])
}

fn http_step(url: &str, token: Option<Secret>) -> crate::config::schema::Step {
    let json = Some(serde_json::json!({"to": "{to.version}"}));
    let request =
        crate::config::schema::Request { method: "POST".into(), url: url.into(), json, token, ..Default::default() };
    crate::config::schema::Step { run: None, http: Some(request), ..step("tell", &[]) }
}

fn kinds(records: &[Record]) -> Vec<String> {
    let word = |record: &Record| match Entry::of(record) {
        Some(Entry::Step { index, state, .. }) => format!("{index} {state:?}"),
        Some(entry) => entry.kind().to_owned(),
        None => "?".into(),
    };
    records.iter().map(word).collect()
}

#[tokio::test]
async fn each_change_is_on_record_in_order_and_the_world_has_the_last_word() {
    let bench = Bench::new();
    let mut first = sh("one", "echo from {to.version}; echo x >> one");
    first.verify = Some(verify_run(&["test", "-f", "one"]));
    let end =
        bench.run(plan_of(vec![first, sh("two", "echo x >> two")], Some(verify_run(&["test", "-f", "two"])))).await;
    assert_eq!(end, RollbackEnd::Verified);
    let expected = [
        "rollback_fired",
        "0 Intent",
        "0 Issued",
        "0 Observed",
        "0 Verified",
        "1 Intent",
        "1 Issued",
        "1 Observed",
        "rollback_ended",
    ];
    assert_eq!(kinds(&bench.journal.records()), expected);
    assert_eq!(bench.output().line(0), Some("from v2.4.1"));
}

#[tokio::test]
async fn the_intent_is_durable_before_the_effect() {
    struct Watching(Memory, PathBuf, Mutex<Vec<(String, bool)>>);
    impl Recorder for Watching {
        fn record(&self, draft: Draft) -> Result<Record, JournalError> {
            let record = self.0.record(draft)?;
            let word = kinds(std::slice::from_ref(&record)).remove(0);
            self.2.lock().unwrap().push((word, self.1.exists()));
            Ok(record)
        }
    }
    let bench = Bench::new();
    let recorder = Arc::new(Watching(Memory::default(), bench.folder.path().join("done"), Mutex::default()));
    let executor = bench.executor_with(recorder.clone());
    let plan = plan_of(vec![sh("one", "touch done")], None);
    executor.run(plan.into(), &bench.tell(), &CancellationToken::new()).await.unwrap();
    let seen = recorder.2.lock().unwrap().clone();
    assert_eq!(seen[1], ("0 Intent".to_owned(), false));
    assert_eq!(seen[3], ("0 Observed".to_owned(), true));
}

#[tokio::test]
async fn an_exit_code_alone_verifies_nothing() {
    let bench = Bench::new();
    assert_eq!(bench.run(plan_of(vec![sh("one", "true")], None)).await, RollbackEnd::IssuedNotVerified);
    assert!(bench.end_words().contains("no `verify` is configured"));
    let bench = Bench::new();
    let end = bench.run(plan_of(vec![sh("one", "true")], Some(verify_run(&["false"])))).await;
    assert_eq!(end, RollbackEnd::IssuedNotVerified);
    assert_eq!(bench.states(), [Observed]);
}

#[tokio::test]
async fn a_step_that_fails_stops_everything_after_it() {
    let bench = Bench::new();
    let steps = vec![
        sh("one", "echo x >> one"),
        sh("two", "echo 'no such deployment' >&2; exit 3"),
        sh("three", "touch three"),
    ];
    assert_eq!(bench.run(plan_of(steps, None)).await, RollbackEnd::Failed);
    assert_eq!(bench.states(), [Observed, Failed, Pending]);
    let words = bench.end_words();
    assert_eq!(
        words,
        "step 2 `two` failed: it ended with 3: no such deployment. Nothing was done after it; 1 of 3 steps are done"
    );
    assert_eq!(bench.effects("three"), 0);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_a_failure_and_no_doubt() {
    let bench = Bench::new();
    assert_eq!(bench.run(plan_of(vec![step("one", &["no-such-program-here"])], None)).await, RollbackEnd::Failed);
    assert_eq!(bench.states(), [Failed]);
    assert!(bench.end_words().contains("no program `no-such-program-here` is on the PATH: nothing was run"));
}

#[tokio::test]
async fn a_step_that_hangs_is_killed_with_its_children_and_nobody_knows() {
    let bench = Bench::new();
    let mut hanging = sh("one", "sleep 3600 & echo $! > child; sleep 3600");
    hanging.timeout = Duration::from_millis(300);
    let begun = Instant::now();
    assert_eq!(bench.run(plan_of(vec![hanging], None)).await, RollbackEnd::Failed);
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!(bench.states(), [Unknown]);
    assert!(bench.end_words().contains("may have taken effect: it did not end within 0.3 s, and was killed"));
    let child = std::fs::read_to_string(bench.folder.path().join("child")).unwrap();
    let child = rustix::process::Pid::from_raw(child.trim().parse().unwrap()).unwrap();
    assert!(gone(child).await, "the whole group is killed");
}

/// Whether a process ends soon: it may be a zombie until its parent looks.
async fn gone(pid: rustix::process::Pid) -> bool {
    for _ in 0..100 {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        if rustix::process::test_kill_process(pid).is_err() || state.is_ok_and(|text| text.contains(") Z ")) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn one_that_ignores_term_is_killed_and_one_whose_effect_is_seen_goes_on() {
    let bench = Bench::new();
    let mut stubborn = sh("one", "trap '' TERM; touch done; while :; do sleep 0.05; done");
    stubborn.timeout = Duration::from_millis(300);
    stubborn.verify = Some(verify_run(&["test", "-f", "done"]));
    let plan = plan_of(vec![stubborn, sh("two", "true")], Some(verify_run(&["true"])));
    assert_eq!(bench.run(plan).await, RollbackEnd::Verified);
    assert_eq!(bench.states(), [Verified, Observed]);
}

#[tokio::test]
async fn a_flood_is_bounded_clean_and_complete_at_its_end() {
    let bench = Bench::new();
    let script = "head -c 60000000 /dev/zero | tr '\\0' 'y' | fold -w 99; printf '\\n\\033[2Jlast'";
    let mut flood = sh("one", script);
    flood.timeout = Duration::from_secs(60);
    bench.run(plan_of(vec![flood], None)).await;
    let output = bench.output();
    assert_eq!(output.line(output.len() - 1), Some("\\u{1b}[2Jlast"));
    assert!(output.len() <= crate::rollback::output::LINES_LIMIT);
    assert!(output.dropped() > 50_000_000);
}

#[tokio::test]
async fn nothing_can_be_asked_and_nothing_goes_through_a_shell() {
    let bench = Bench::new();
    let ask = sh("ask", "if read answer; then echo got; else echo nothing; fi");
    bench.run(plan_of(vec![ask, step("echo", &["echo", "$(id); rm -rf /", "`id`"])], None)).await;
    let output = bench.output();
    assert_eq!((output.line(0), output.line(1)), (Some("nothing"), Some("$(id); rm -rf / `id`")));
}

#[tokio::test]
async fn a_stop_ends_it_after_the_step_at_hand() {
    let bench = Bench::new();
    let stop = CancellationToken::new();
    let steps = vec![sh("one", "while [ ! -f go ]; do sleep 0.02; done"), sh("two", "touch two")];
    let executor = bench.executor();
    let (told, seen) = (bench.tell(), stop.clone());
    let (go, issued) = (bench.folder.path().join("go"), Mutex::new(false));
    let tell = move |progress: Progress| {
        if let Progress::Recorded(record) = &progress
            && kinds(std::slice::from_ref(record)) == ["0 Issued"]
            && !std::mem::replace(&mut *issued.lock().unwrap(), true)
        {
            seen.cancel();
            std::fs::write(&go, "").unwrap();
        }
        told(progress);
    };
    let end = executor.run(plan_of(steps, None).into(), &tell, &stop).await.unwrap();
    assert_eq!((end, bench.states()), (RollbackEnd::Stopped, vec![Observed, Pending]));
    // And it goes on from there.
    assert_eq!(bench.run(bench.resumed(None)).await, RollbackEnd::IssuedNotVerified);
    assert_eq!((bench.states(), bench.effects("go")), (vec![Observed, Observed], 0));
}

#[tokio::test]
async fn a_stop_file_is_heard_and_an_old_one_is_not() {
    let bench = Bench::new();
    std::fs::write(stop_file(bench.folder.path()), "old").unwrap();
    let steps = vec![sh("one", "touch rollback.stop"), sh("two", "true")];
    assert_eq!(bench.run(plan_of(steps, None)).await, RollbackEnd::Stopped);
}

#[tokio::test]
async fn two_cockpits_are_one_rollback_and_the_other_sees_who() {
    let bench = Bench::new();
    let lock = Lock::take(&lock_file(bench.folder.path()), "bo, process 7").unwrap();
    let plan = plan_of(vec![sh("one", "touch one")], None);
    let refused = bench.executor().run(plan.clone().into(), &bench.tell(), &CancellationToken::new()).await;
    assert_eq!(refused, Err("another rollback holds the lock: bo, process 7".into()));
    assert!(bench.journal.records().is_empty());
    drop(lock);
    bench.run(plan).await;
}

#[tokio::test]
async fn a_step_that_outlives_its_cockpit_keeps_the_lock_and_is_not_killed_by_its_output() {
    let bench = Bench::new();
    let script = "touch begun; while [ ! -f go ]; do echo noise; sleep 0.02; done; echo x >> one";
    let plan = plan_of(vec![sh("one", script)], None);
    let executor = bench.executor();
    let (tell, never) = (bench.tell(), CancellationToken::new());
    let begun = bench.folder.path().join("begun");
    tokio::select! {
        _ = executor.run(plan.into(), &tell, &never) => panic!("it waits"),
        () = async { while !begun.exists() { tokio::time::sleep(Duration::from_millis(5)).await } } => {}
    }
    // The run is dropped here, as with its process; the step goes on.
    let refused = Lock::take(&lock_file(bench.folder.path()), "bo").unwrap_err();
    assert!(refused.to_string().contains("ana, step 1 `one`, process"), "{refused}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    std::fs::write(bench.folder.path().join("go"), "").unwrap();
    wait_for_lock(&bench).await;
    assert_eq!(bench.effects("one"), 1);
}

async fn wait_for_lock(bench: &Bench) {
    for _ in 0..500 {
        match Lock::take(&lock_file(bench.folder.path()), "a test") {
            Ok(_) => return,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    panic!("the lock is never free");
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_does_not_stop_a_rollback() {
    let full = fallback::NoJournal(JournalError { what: "the disk is full".into() });
    let bench = Bench::new();
    let plan = plan_of(vec![sh("one", "echo x >> one")], Some(verify_run(&["true"])));
    let executor = bench.executor_with(Arc::new(full));
    let end = executor.run(plan.into(), &bench.tell(), &CancellationToken::new()).await.unwrap();
    assert_eq!((end, bench.effects("one")), (RollbackEnd::Verified, 1));
    let file = fallback_file(bench.folder.path());
    let lines = fallback::read(&file);
    assert_eq!((lines.len(), lines[1].actor.as_str()), (5, "ana"));
    let told = bench.told.lock().unwrap().clone();
    assert!(told.iter().any(|it| matches!(it, Progress::Unjournaled { why, .. } if why.starts_with("unjournaled: the disk is full; kept in"))));
    // When the journal can be written again it is told.
    assert_eq!(fallback::import(&file, "i", bench.journal.as_ref()).unwrap().len(), 5);
    assert_eq!((bench.execution().end.map(|it| it.end), file.exists()), (Some(RollbackEnd::Verified), false));
}

#[tokio::test]
async fn a_request_is_sent_once_with_its_key_and_its_token_and_the_world_is_asked() {
    let server = Server::start(|request| match request.line.as_str() {
        "POST /rollback HTTP/1.1" => (202, "{}"),
        _ => (200, r#"{"app":{"version":"v2.4.1"}}"#),
    })
    .await;
    let bench = Bench::new();
    let step = http_step(&server.url("/rollback"), Some(Secret::File("token".into())));
    let plan = plan_of(vec![step], Some(verify_url(&server.url("/version"), "$.app.version", "{to.version}")));
    let hash = plan.hash();
    std::fs::write(bench.folder.path().join("token"), "hush\n").unwrap();
    assert_eq!(bench.run(plan).await, RollbackEnd::Verified);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].header("idempotency-key"), Some(format!("{hash}-0")));
    assert_eq!(requests[0].header("authorization"), Some("Bearer hush".into()));
    assert_eq!(requests[0].body, r#"{"to":"v2.4.1"}"#);
    assert_eq!(bench.end_words(), "the world says v2.4.1");
    let record = format!("{:?}", bench.journal.records());
    assert!(!record.contains("hush"), "no secret on record");
    assert_eq!(*bench.hidden.lock().unwrap(), ["hush"]);
}

#[tokio::test]
async fn a_refusal_did_nothing_and_a_broken_answer_leaves_a_doubt() {
    for (status, state) in [(401, Failed), (409, Failed), (500, Unknown), (302, Unknown)] {
        let server = Server::start(move |_| (status, "no")).await;
        let bench = Bench::new();
        assert_eq!(bench.run(plan_of(vec![http_step(&server.url("/"), None)], None)).await, RollbackEnd::Failed);
        assert_eq!(bench.states(), [state], "{status}");
        assert_eq!(server.requests().len(), 1, "{status}");
    }
    let bench = Bench::new();
    assert_eq!(bench.run(plan_of(vec![http_step("http://127.0.0.1:1/", None)], None)).await, RollbackEnd::Failed);
    assert_eq!(bench.states(), [Failed], "nobody listens there");
}

#[tokio::test]
async fn a_secret_that_is_missing_sends_nothing() {
    let server = Server::start(|_| (200, "{}")).await;
    let bench = Bench::new();
    let step = http_step(&server.url("/"), Some(Secret::File("missing".into())));
    assert_eq!(bench.run(plan_of(vec![step], None)).await, RollbackEnd::Failed);
    assert!(bench.end_words().contains("secret missing: No such file"), "{}", bench.end_words());
    assert!(bench.end_words().contains("nothing was sent"));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_world_that_follows_late_is_waited_for_and_told() {
    let count = Mutex::new(0);
    let server = Server::start(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        (200, if *count < 3 { r#"{"v":"v2.4.2"}"# } else { r#"{"v":"v2.4.1"}"# })
    })
    .await;
    let bench = Bench::new();
    let mut look = verify_url(&server.url("/"), "$.v", "{to.version}");
    look.within = Duration::from_secs(5);
    assert_eq!(bench.run(plan_of(vec![sh("one", "true")], Some(look))).await, RollbackEnd::Verified);
    let told = bench.told.lock().unwrap().clone();
    assert!(told.contains(&Progress::Looking("the world says v2.4.2, not v2.4.1".into())));
}

#[tokio::test]
async fn a_world_that_does_not_follow_in_the_middle_stops_it() {
    let bench = Bench::new();
    let mut first = sh("one", "true");
    first.verify = Some(verify_run(&["false"]));
    assert_eq!(bench.run(plan_of(vec![first, sh("two", "touch two")], None)).await, RollbackEnd::Failed);
    assert_eq!(bench.states(), [Failed, Pending]);
    assert!(bench.end_words().starts_with("step 1 `one` was issued, and the look ended with 1."));
}

#[tokio::test]
async fn a_rehearsal_runs_the_harmless_forms_alone() {
    let server = Server::start(|_| (200, r#"{"v":"v2.4.2"}"#)).await;
    let bench = Bench::new();
    let mut first = sh("one", "touch real");
    first.rehearse = Some(vec!["sh".into(), "-c".into(), "echo x >> rehearsed; echo {to.version}".into()]);
    let look = verify_url(&server.url("/"), "$.v", "{to.version}");
    let plan = plan_of(vec![first, sh("two", "touch real")], Some(look.clone()));
    let rehearsed = bench.executor().rehearse(&plan, &bench.tell()).await;
    assert!(rehearsed.passed, "{:?}", rehearsed.lines);
    assert_eq!((bench.effects("rehearsed"), bench.effects("real")), (1, 0));
    assert_eq!(rehearsed.lines[1], (Tried::Nothing, "two: has no rehearsal".to_owned()));
    let mut bad = sh("one", "true");
    bad.rehearse = Some(vec!["sh".into(), "-c".into(), "echo denied >&2; exit 1".into()]);
    let rehearsed = bench.executor().rehearse(&plan_of(vec![bad], Some(look)), &bench.tell()).await;
    assert!(!rehearsed.passed);
    let entries: Vec<Entry> = bench.journal.records().iter().filter_map(Entry::of).collect();
    assert!(
        matches!(&entries[..], [Entry::RollbackRehearsed { passed: true, .. }, Entry::RollbackRehearsed { passed: false, detail, .. }] if detail.contains("denied"))
    );
}
