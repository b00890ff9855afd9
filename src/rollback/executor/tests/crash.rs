//! A crash at every change of state: whatever is on record, no step takes effect twice.

use super::*;

/// A journal that dies with its process at one record: just before it is durable, or just after.
struct Dying {
    journal: Arc<Memory>,
    at: usize,
    durable: bool,
    dead: CancellationToken,
}

impl Recorder for Dying {
    fn record(&self, draft: Draft) -> Result<Record, JournalError> {
        let dies = self.journal.records().len() == self.at;
        if dies && !self.durable {
            return self.die();
        }
        let record = self.journal.record(draft)?;
        if dies { self.die() } else { Ok(record) }
    }
}

impl Dying {
    /// The process is gone: nothing is ever answered.
    fn die(&self) -> Result<Record, JournalError> {
        self.dead.cancel();
        std::thread::sleep(Duration::from_millis(50));
        Err(JournalError { what: "gone".into() })
    }
}

/// Three kinds of steps: an effect that can be seen, one that nothing tells of, one that may come twice.
fn plan() -> Plan {
    let mut seen = sh("seen", "echo x >> seen");
    seen.verify = Some(verify_run(&["test", "-f", "seen"]));
    let mut again = sh("again", "echo x >> again");
    again.idempotent = true;
    plan_of(vec![seen, sh("blind", "echo x >> blind"), again], Some(verify_run(&["test", "-f", "again"])))
}

async fn run_until_dead(bench: &Bench, order: Order, at: usize, durable: bool) {
    let dead = CancellationToken::new();
    let recorder = Dying { journal: bench.journal.clone(), at, durable, dead: dead.clone() };
    let executor = bench.executor_with(Arc::new(recorder));
    let (tell, never) = (bench.tell(), CancellationToken::new());
    tokio::select! {
        biased;
        () = dead.cancelled() => {}
        _ = executor.run(order, &tell, &never) => {}
    }
    wait_for_lock(bench).await;
}

/// Goes on as a person would: what cannot be told is looked up, and answered truly.
async fn go_on(bench: &Bench) -> RollbackEnd {
    settle(bench.folder.path(), bench.journal.as_ref()).unwrap();
    let Some(execution) = Execution::fold(&bench.journal.records()) else { return bench.run(plan()).await };
    let answer = match execution.next() {
        Next::Ask(index) if bench.effects(&execution.steps[index].name) > 0 => Some(Answer::Done),
        Next::Ask(_) => Some(Answer::NotDone),
        _ => None,
    };
    match crate::rollback::state::resume(&execution, answer) {
        Ok(order) => bench.run(order).await,
        Err(_) => execution.end.unwrap().end,
    }
}

#[tokio::test]
async fn no_step_takes_effect_twice_whenever_the_cockpit_dies() {
    let bench = Bench::new();
    bench.run(plan()).await;
    let all = bench.journal.records().len();
    for at in 0..all {
        for durable in [false, true] {
            let bench = Bench::new();
            run_until_dead(&bench, plan().into(), at, durable).await;
            let end = go_on(&bench).await;
            assert_eq!(end, RollbackEnd::Verified, "{at} {durable} {:?}", kinds(&bench.journal.records()));
            let effects = ["seen", "blind"].map(|name| bench.effects(name));
            assert_eq!(effects, [1, 1], "{at} {durable} {:?}", kinds(&bench.journal.records()));
            assert!(bench.effects("again") >= 1);
        }
    }
}

#[tokio::test]
async fn it_may_die_again_while_it_goes_on() {
    let mut random = crate::rollback::fixtures::Random(9);
    for _ in 0..12 {
        let bench = Bench::new();
        run_until_dead(&bench, plan().into(), 1 + random.below(9) as usize, random.below(2) == 0).await;
        for _ in 0..3 {
            let Some(execution) = Execution::fold(&bench.journal.records()) else { break };
            let Ok(order) = crate::rollback::state::resume(&execution, None) else { break };
            let at = bench.journal.records().len() + random.below(4) as usize;
            run_until_dead(&bench, order, at, random.below(2) == 0).await;
        }
        assert_eq!(go_on(&bench).await, RollbackEnd::Verified, "{:?}", kinds(&bench.journal.records()));
        assert_eq!(["seen", "blind"].map(|name| bench.effects(name)), [1, 1]);
    }
}

#[tokio::test]
async fn a_doubt_without_an_answer_issues_nothing() {
    let bench = Bench::new();
    // Dies right after the intent of the blind step is durable.
    run_until_dead(&bench, plan().into(), 5, true).await;
    assert_eq!(bench.states(), [Verified, Intent, Pending]);
    let question = crate::rollback::state::resume(&bench.execution(), None).unwrap_err();
    assert!(question.starts_with("step 2 `blind` may have taken effect"));
    let order = Order { plan: plan(), resumed: Some(bench.execution()), answer: None, reason: None };
    assert_eq!(bench.run(order).await, RollbackEnd::Failed);
    assert_eq!((bench.states()[1], bench.effects("blind")), (Unknown, 0));
}

/// Waits until the step has touched a file, then lets the cockpit die.
async fn run_until_touched(bench: &Bench, plan: Plan, file: &str) {
    let executor = bench.executor();
    let (tell, never) = (bench.tell(), CancellationToken::new());
    let begun = bench.folder.path().join(file);
    tokio::select! {
        _ = executor.run(plan.into(), &tell, &never) => panic!("it waits"),
        () = async { while !begun.exists() { tokio::time::sleep(Duration::from_millis(5)).await } } => {}
    }
}

#[tokio::test]
async fn a_step_is_not_unknown_because_its_cockpit_died() {
    for (script, state) in [("echo x >> blind", Observed), ("echo x >> blind; exit 3", Failed)] {
        let bench = Bench::new();
        let waits = format!("touch begun; while [ ! -f go ]; do sleep 0.02; done; {script}");
        run_until_touched(&bench, plan_of(vec![sh("blind", &waits)], Some(verify_run(&["true"]))), "begun").await;
        assert!(settle(bench.folder.path(), bench.journal.as_ref()).unwrap().is_empty(), "it runs");
        std::fs::write(bench.folder.path().join("go"), "").unwrap();
        wait_for_lock(&bench).await;
        assert_eq!(settle(bench.folder.path(), bench.journal.as_ref()).unwrap().len(), 1);
        assert_eq!((bench.states(), bench.effects("blind")), (vec![state], 1));
        assert!(!outcome_file(bench.folder.path()).exists());
    }
}

#[tokio::test]
async fn the_time_of_a_step_ends_although_its_cockpit_died() {
    let bench = Bench::new();
    let mut hanging = sh("one", "touch begun; sleep 3600");
    hanging.timeout = Duration::from_millis(400);
    run_until_touched(&bench, plan_of(vec![hanging], None), "begun").await;
    wait_for_lock(&bench).await;
    settle(bench.folder.path(), bench.journal.as_ref()).unwrap();
    assert_eq!(bench.states(), [Unknown]);
}

#[tokio::test]
async fn what_a_supervisor_wrote_down_counts_when_it_goes_on() {
    let bench = Bench::new();
    let script = "touch begun; sleep 0.1; echo x >> blind";
    run_until_touched(&bench, plan_of(vec![sh("blind", script), sh("two", "true")], None), "begun").await;
    wait_for_lock(&bench).await;
    let order =
        Order { plan: bench.execution().plan.unwrap(), resumed: Some(bench.execution()), answer: None, reason: None };
    assert_eq!(bench.run(order).await, RollbackEnd::IssuedNotVerified);
    assert_eq!((bench.states(), bench.effects("blind")), (vec![Observed, Observed], 1));
}

/// The step kills its own supervisor: before its effect, after it, and both.
#[tokio::test]
async fn no_step_takes_effect_twice_when_its_supervisor_is_killed() {
    for script in ["kill -9 $PPID; echo x >> blind", "echo x >> blind; kill -9 $PPID"] {
        for can_look in [false, true] {
            let bench = Bench::new();
            let mut step = sh("blind", script);
            step.verify = can_look.then(|| verify_run(&["test", "-s", "blind"]));
            let end = bench.run(plan_of(vec![step], Some(verify_run(&["true"])))).await;
            let state = if can_look { Verified } else { Unknown };
            let expected = if can_look { RollbackEnd::Verified } else { RollbackEnd::Failed };
            assert_eq!((end, bench.states()), (expected, vec![state]), "{script}");
            wait_for_lock(&bench).await;
            assert_eq!(go_on(&bench).await, RollbackEnd::Verified, "{script}");
            assert_eq!(bench.effects("blind"), 1, "{script}");
        }
    }
}

#[tokio::test]
async fn while_a_step_runs_that_nobody_watches_nothing_begins() {
    let bench = Bench::new();
    let script = "until grep -q 'step 1' rollback.lock; do sleep 0.02; done; kill -9 $PPID; \
                  while [ ! -f go ]; do sleep 0.02; done; echo x >> blind";
    let plan = plan_of(vec![sh("blind", script)], Some(verify_run(&["test", "-f", "blind"])));
    assert_eq!(bench.run(plan).await, RollbackEnd::Failed);
    let order = bench.resumed(Some(Answer::NotDone));
    let refused = bench.executor().run(order, &bench.tell(), &CancellationToken::new()).await;
    assert!(refused.unwrap_err().contains("another rollback holds the lock: ana, step 1 `blind`"));
    std::fs::write(bench.folder.path().join("go"), "").unwrap();
    wait_for_lock(&bench).await;
    assert_eq!((go_on(&bench).await, bench.effects("blind")), (RollbackEnd::Verified, 1));
}

#[tokio::test]
async fn what_a_step_leaves_running_does_not_keep_the_lock() {
    let bench = Bench::new();
    let plan = plan_of(vec![sh("one", "setsid sleep 79 & echo $! > left")], None);
    assert_eq!(bench.run(plan.clone()).await, RollbackEnd::IssuedNotVerified);
    let detail = bench.execution().steps[0].detail.clone().unwrap();
    assert!(detail.contains("it left running: "), "{detail}");
    assert_eq!(holder(bench.folder.path()), None);
    let left = std::fs::read_to_string(bench.folder.path().join("left")).unwrap();
    let pid = rustix::process::Pid::from_raw(left.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
