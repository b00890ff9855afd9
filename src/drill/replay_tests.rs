use proptest::prelude::*;

use super::*;
use crate::drill::fixture;

fn replay(kind: &str) -> Replay {
    Replay::new(fixture::run(kind))
}

fn fact(replay: &Replay, at_s: u64, name: &str) -> Option<String> {
    replay.facts(at_s).list(at_s).into_iter().find(|(it, _)| *it == name).unwrap().1
}

#[test]
fn the_end_of_the_film_is_the_score_of_the_run() {
    for kind in ["ideal", "negligent", "wrong"] {
        let replay = replay(kind);
        assert_eq!(replay.so_far(replay.end_s), replay.run.score.dimensions.list(), "{kind}");
        assert_eq!(replay.whole(replay.end_s), replay.run.score.uncapped, "{kind}");
        assert_eq!(replay.made(replay.end_s), replay.moves.len(), "{kind}");
        assert_eq!(replay.given(replay.end_s), replay.points.len(), "{kind}");
    }
}

#[test]
fn what_was_known_is_what_had_been_seen_by_then() {
    let replay = replay("ideal");
    assert_eq!(fact(&replay, 235, "canary").as_deref(), Some("error rate suspect"));
    assert_eq!(fact(&replay, 236, "canary").as_deref(), Some("error rate regressed"));
    assert_eq!(fact(&replay, 10, "tests"), None);
    assert_eq!(fact(&replay, 300, "tests").as_deref(), Some("48 passed, 0 failed"));
    assert_eq!(fact(&replay, 100, "next update").as_deref(), Some("due in 7:15"));
    assert_eq!(fact(&replay, 300, "roles").as_deref(), Some("commander ana, ops bo"));
    assert_eq!(fact(&replay, 300, "rollback").as_deref(), Some("rollback: rolled back, verified"));
}

#[test]
fn what_was_secret_says_so_and_nothing_stands_twice() {
    let replay = replay("ideal");
    let truth = replay.moves.iter().find(|it| it.text.contains("begins to fail")).unwrap();
    assert!(truth.secret && truth.lane == Lane::World);
    let support: Vec<_> = replay.moves.iter().filter(|it| it.actor == "support").collect();
    assert_eq!(support.len(), 1, "{support:?}");
    assert!(!support[0].secret);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]
    #[test]
    fn every_second_can_be_asked_for(at in 0u64..100_000) {
        thread_local!(static REPLAY: Replay = replay("wrong"));
        REPLAY.with(|replay| {
            let (made, given) = (replay.made(at), replay.given(at));
            assert!(made <= replay.moves.len() && given <= replay.points.len());
            assert!(replay.moves[..made].iter().all(|it| it.at_s <= at));
            assert!(replay.so_far(at).iter().zip(Dimensions::ALL).all(|(sum, (_, most))| *sum <= most));
            assert_eq!(replay.facts(at).list(at).len(), 9);
        });
    }
}
