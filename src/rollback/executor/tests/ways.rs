//! Steps of a person, steps that are tried again, and what a failure says of the world.

use super::*;
use crate::config::schema::{Step, Verify};

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
