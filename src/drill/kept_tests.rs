use jiff::Timestamp;

use super::*;
use crate::drill::fixture::{played, run};

#[test]
fn a_run_is_the_same_after_it_was_written_and_read() {
    let kept = run("ideal");
    let text = serde_json::to_string(&kept).unwrap();
    let read: Kept = serde_json::from_str(&text).unwrap();
    assert_eq!(read, kept);
    assert_eq!(read.score.scenario, "d1-bad-canary");
    assert!(!read.records.is_empty() && !read.happenings.is_empty());
}

#[test]
fn a_run_that_was_left_at_once_is_not_worth_keeping() {
    let mut left = played("ideal");
    assert!(left.is_worth_keeping());
    left.ended = Moment::from_secs(20);
    left.records.retain(|record| record.actor == crate::drill::deeds::PROGRAM);
    assert!(!left.is_worth_keeping());
    left.ended = Moment::from_secs(60);
    assert!(left.is_worth_keeping());
}

#[test]
fn the_ideal_run_is_kept_with_what_each_of_its_moves_won() {
    let ideal = run("wrong").ideal_run.unwrap();
    assert!(ideal.score >= 90 && ideal.moves.is_sorted_by_key(|it| it.at_s), "{ideal:#?}");
    for (dimension, _) in Dimensions::ALL {
        let first = ideal.first(dimension).unwrap_or_else(|| panic!("nothing won {dimension}"));
        assert!(first.worth().contains(dimension), "{first:?}");
    }
    let decided = ideal.first("decide").unwrap();
    assert_eq!((decided.at_s, decided.worth().as_str()), (270, "decide 25"));
}

#[test]
fn each_step_of_the_ideal_path_is_found_in_an_ideal_run_and_missing_in_a_negligent_one() {
    let ideal = run("ideal");
    for step in &ideal.ideal {
        let (at, points) = ideal.met(step);
        assert!(at.is_some() && points > 0, "{step:?}");
        assert!(step.until_s.is_none_or(|until| at <= Some(until)), "{step:?} was done at {at:?}");
    }
    let negligent = run("negligent");
    assert!(negligent.ideal.iter().any(|step| negligent.met(step).0.is_none()));
    assert_eq!(negligent.kept_at, Timestamp::UNIX_EPOCH);
}
