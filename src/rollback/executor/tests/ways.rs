//! Steps of a person, steps that are tried again, and what a failure says of the world.

use super::*;
use crate::config::schema::{SharedLock, Step, Unreachable, Verify};

fn by_hand(text: &str, verify: Option<Verify>) -> Step {
    Step { run: None, manual: Some(text.into()), timeout: Duration::from_millis(300), verify, ..step("call", &[]) }
}

#[tokio::test]
async fn a_step_by_hand_waits_for_its_person_and_is_never_done_for_them() {
    let bench = Bench::new();
    let plan = plan_of(vec![by_hand("call the CDN", None), sh("after", "echo x >> after")], None);
    assert_eq!(bench.run(plan).await, RollbackEnd::Stopped);
    assert!(
        bench.end_words().contains("step 1 `call` is yours: call the CDN. Then answer `done`"),
        "{}",
        bench.end_words()
    );
    assert_eq!((bench.states()[0], bench.effects("after")), (Unknown, 0));
    assert_eq!(bench.run(bench.resumed(Some(Answer::Done))).await, RollbackEnd::IssuedNotVerified);
    assert_eq!((bench.states(), bench.effects("after")), (vec![Observed, Observed], 1));
}

#[tokio::test]
async fn a_step_by_hand_is_over_when_the_world_says_so() {
    let bench = Bench::new();
    std::fs::write(bench.folder.path().join("done"), "").unwrap();
    let plan = plan_of(vec![by_hand("call the CDN", Some(verify_run(&["test", "-f", "done"])))], None);
    assert_eq!(bench.run(plan).await, RollbackEnd::Verified);
}

#[tokio::test]
async fn a_failed_step_is_tried_again_only_where_twice_is_as_good_as_once() {
    for (idempotent, tries) in [(true, 2), (false, 1)] {
        let bench = Bench::new();
        let flaky = Step { idempotent, retries: 1, ..sh("flaky", "echo x >> tries; exit 1") };
        assert_eq!(bench.run(plan_of(vec![flaky], None)).await, RollbackEnd::Failed);
        assert_eq!(bench.effects("tries"), tries);
    }
}

#[tokio::test]
async fn a_failure_names_the_state_of_the_world() {
    let bench = Bench::new();
    let versions = "printf 'v2.4.1\\nv2.4.2\\nv2.4.1\\nv2.4.2\\nv2.4.1\\n'";
    let look = Verify { equals: Some("{to.version}".into()), each: true, ..verify_run(&["sh", "-c", versions]) };
    assert_eq!(bench.run(plan_of(vec![sh("go back", "exit 1")], Some(look))).await, RollbackEnd::Failed);
    let words = bench.end_words();
    assert!(words.ends_with("0 of 1 steps are done; 3 of 5 instances on v2.4.1, 2 on v2.4.2"), "{words}");
}

fn shared_bench() -> (Bench, SharedLock) {
    let bench = Bench::new();
    let clone = git2::Repository::init(bench.folder.path()).unwrap();
    clone.remote("origin", &bench.folder.path().join("gone").display().to_string()).unwrap();
    (bench, SharedLock { patience: Duration::from_secs(20), ..Default::default() })
}

async fn fired(bench: &Bench, lock: SharedLock, reason: Option<&str>) -> Result<RollbackEnd, String> {
    let mut executor = bench.executor();
    executor.place.shared = Some(lock);
    let plan = plan_of(vec![sh("go", "echo x >> went")], None);
    let order = Order { reason: reason.map(str::to_owned), ..Order::from(plan) };
    executor.run(order, &bench.tell(), &CancellationToken::new()).await
}

#[tokio::test]
async fn a_lock_that_cannot_be_reached_is_passed_by_a_person_s_reason_or_the_file_s_word_and_never_in_silence() {
    let (bench, lock) = shared_bench();
    let refused = fired(&bench, lock.clone(), None).await.unwrap_err();
    assert!(refused.contains("cannot be reached") && refused.contains("--reason"), "{refused}");
    assert_eq!(bench.effects("went"), 0);
    assert_eq!(fired(&bench, lock.clone(), Some("production is down")).await, Ok(RollbackEnd::IssuedNotVerified));
    let unreachable = Unreachable::GoOn;
    let by_file = SharedLock { unreachable, ..lock };
    assert_eq!(fired(&bench, by_file, None).await, Ok(RollbackEnd::IssuedNotVerified));
    let noted = kinds(&bench.journal.records()).iter().filter(|kind| *kind == "noted").count();
    assert_eq!((bench.effects("went"), noted), (2, 2));
}

#[tokio::test]
async fn of_two_machines_that_fire_at_once_one_rolls_back() {
    let (bench, lock) = shared_bench();
    git2::Repository::init_bare(bench.folder.path().join("gone")).unwrap();
    let theirs = Holder { host: "host2".into(), ..Holder::here("ben", "f00d", Duration::ZERO, Timestamp::now()) };
    let held = remote_lock::take(bench.folder.path(), &lock, &theirs, Timestamp::now()).await;
    assert!(matches!(held, Taking::Taken(_)));
    let refused = fired(&bench, lock, Some("a reason does not help against a person")).await.unwrap_err();
    assert!(refused.contains("another machine holds the lock: ben on host2"), "{refused}");
    assert_eq!((bench.effects("went"), bench.journal.records().len()), (0, 0));
}

#[tokio::test]
async fn a_token_that_expires_on_the_way_stops_it_and_the_same_plan_goes_on_with_a_new_one() {
    let bench = Bench::new();
    let server = Server::start(|request| {
        let is_new = request.header("authorization").as_deref() == Some("Bearer new");
        (if is_new { 200 } else { 401 }, "{}")
    })
    .await;
    std::fs::write(bench.folder.path().join("token"), "old").unwrap();
    let tell = http_step(&server.url("/back"), Some(Secret::File("token".into())));
    let plan = plan_of(vec![sh("first", "echo x >> first"), tell], None);
    assert_eq!(bench.run(plan).await, RollbackEnd::Failed);
    assert!(bench.end_words().contains("401"), "{}", bench.end_words());
    std::fs::write(bench.folder.path().join("token"), "new").unwrap();
    assert_eq!(bench.run(bench.resumed(Some(Answer::NotDone))).await, RollbackEnd::IssuedNotVerified);
    assert_eq!((bench.effects("first"), bench.states()), (1, vec![Observed, Observed]));
}
