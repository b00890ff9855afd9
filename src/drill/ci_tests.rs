use super::*;
use crate::drill::catalogue;
use crate::test_results::model::RunState;
use crate::test_results::reader;

fn tip() -> Oid {
    Oid::parse(&"ab".repeat(20)).unwrap()
}

/// The report of a CI with these runs, after so many seconds.
fn at(runs: &[CiRun], seconds: u64) -> Option<String> {
    let mut ci = Ci::new(&Scenario { ci: runs.to_vec(), ..catalogue::find("d1").unwrap() }, 1);
    (0..=seconds).for_each(|second| ci.begin_due(Moment::from_secs(second)));
    ci.newest()?.report(Moment::from_secs(seconds), Timestamp::UNIX_EPOCH, &tip())
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

/// The red tests of the newest run.
fn red(ci: &Ci) -> Vec<String> {
    ci.newest().unwrap().red.iter().map(|it| it.name.clone()).collect()
}

#[test]
fn a_flaky_test_is_red_as_often_as_its_history_has_it_and_a_real_one_until_it_is_mended() {
    let mut ci = Ci::new(&catalogue::find("d3").unwrap(), 1);
    let mut flaked = 0;
    for at in 0..400 {
        ci.rerun(Moment::from_secs(at));
        flaked += usize::from(red(&ci).contains(&"currency 3".to_owned()));
        assert!(red(&ci).contains(&"payment timeout 1".to_owned()));
    }
    assert!((80..=140).contains(&flaked), "{flaked} of 400, and 11 of 40 are expected");
    ci.push(Moment::from_secs(500), tip(), true);
    assert!(!red(&ci).contains(&"payment timeout 1".to_owned()));
    assert_eq!((ci.newest().unwrap().commit.as_ref(), ci.mended_at()), (Some(&tip()), Some(Moment::from_secs(500))));
}

#[test]
fn each_failure_tells_the_history_of_its_test() {
    let mut ci = Ci::new(&catalogue::find("d3").unwrap(), 1);
    ci.begin_due(Moment::from_secs(5));
    let report = ci.newest().unwrap().report(Moment::from_secs(60), Timestamp::UNIX_EPOCH, &tip()).unwrap();
    let read = reader::read(report.as_bytes());
    let told: Vec<(&str, bool)> =
        read.failures.iter().map(|it| (it.name.as_str(), it.message.contains("red in 0 of"))).collect();
    assert_eq!(told, [("payment timeout 1", true), ("currency 3", false), ("refund 5", false)]);
    assert!(read.failures[1].message.contains("red in 11 of the last 40 runs"), "{:?}", read.failures[1]);
    assert_eq!((read.totals.passed, read.totals.bad()), (45, 3));
}
