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
    let order = Order { plan: plan(), resumed: Some(bench.execution()), answer: None };
    assert_eq!(bench.run(order).await, RollbackEnd::Failed);
    assert_eq!((bench.states()[1], bench.effects("blind")), (Unknown, 0));
}
