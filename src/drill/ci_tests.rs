use super::*;
use crate::test_results::model::RunState;
use crate::test_results::reader;

fn at(runs: &[CiRun], seconds: u64) -> Option<String> {
    let commit = Oid::parse(&"ab".repeat(20)).unwrap();
    report(runs, Moment::from_secs(seconds), Timestamp::UNIX_EPOCH, &commit)
}

fn run(at: u64, red: &[&str]) -> CiRun {
    let red = red.iter().map(|it| (*it).to_owned()).collect();
    CiRun { at: Moment::from_secs(at), takes: Moment::from_secs(20), tests: 10, red }
}

#[test]
fn a_report_grows_and_is_complete_at_its_end_only() {
    let runs = [run(5, &[])];
    assert_eq!(at(&runs, 4), None);
    let half = reader::read(at(&runs, 15).unwrap().as_bytes());
    assert_ne!(half.state, RunState::Complete);
    let whole = reader::read(at(&runs, 25).unwrap().as_bytes());
    assert_eq!((whole.state, whole.totals.passed, whole.totals.bad()), (RunState::Complete, 10, 0));
    assert!(at(&runs, 25).unwrap().starts_with(at(&runs, 15).unwrap().as_str()), "it is appended to");
}

#[test]
fn it_names_its_commit_and_how_the_command_ended() {
    let said = reader::read(at(&[run(0, &[])], 20).unwrap().as_bytes()).said;
    assert_eq!((said.exit_code, said.dirty), (Some(0), Some(false)));
    let red = reader::read(at(&[run(0, &["payment & retry"])], 20).unwrap().as_bytes());
    assert_eq!((red.said.exit_code, red.totals.bad()), (Some(1), 1));
    assert_eq!(red.failures[0].name, "payment & retry");
}

#[test]
fn a_later_run_takes_the_place_of_an_earlier_one() {
    let runs = [run(0, &["flaky"]), run(60, &[])];
    assert!(at(&runs, 59).unwrap().contains("flaky"));
    assert!(!at(&runs, 60).unwrap().contains("flaky"));
}
