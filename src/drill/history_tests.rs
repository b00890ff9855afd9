use jiff::SignedDuration;

use super::*;
use crate::drill::catalogue;

fn run(day: i64, team: &str, points: [u32; 5], sha256: &str) -> Summary {
    let [detect, decide, act, discipline, comms] = points;
    let dimensions = Dimensions { detect, decide, act, discipline, comms };
    let score = dimensions.total();
    Summary {
        id: format!("d1-bad-canary-{day}"),
        kept_at: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day),
        team: Some(team.into()),
        name: "Bad canary, low traffic".into(),
        scenario_sha256: sha256.into(),
        speed: (day % 2 == 0).then_some(4.0),
        score: Came { scenario: "d1-bad-canary".into(), seed: 1, passed: score >= 60, score, dimensions },
    }
}

fn runs() -> Vec<Summary> {
    vec![
        run(1, "payments", [20, 25, 20, 20, 15], "old"),
        run(2, "payments", [4, 0, 4, 8, 3], "new"),
        run(3, "search", [9, 9, 9, 9, 9], "new"),
        run(4, "payments", [12, 15, 4, 10, 5], "new"),
        run(5, "payments", [20, 25, 14, 8, 12], "new"),
        run(6, "payments", [18, 20, 20, 9, 12], "new"),
    ]
}

#[test]
fn teams_stay_apart_and_another_version_does_not_count() {
    let history = history(&runs(), None, None);
    let teams: Vec<_> = history.groups.iter().map(|group| group.team.as_deref()).collect();
    assert_eq!(teams, [Some("payments"), Some("search")]);
    let payments = &history.groups[0];
    assert_eq!(payments.runs.iter().map(|run| run.outdated).collect::<Vec<_>>(), [true, false, false, false, false]);
    let detect = &payments.dimensions[0];
    assert_eq!((&detect.points[..], detect.median, detect.change), (&[4, 12, 20, 18][..], 15, Some(11)));
    let discipline = &payments.dimensions[3];
    assert_eq!((discipline.median, discipline.change), (8, Some(-1)));
    assert_eq!(history.groups[1].dimensions[0].change, None);
}

#[test]
fn a_team_or_a_scenario_can_be_asked_for() {
    assert_eq!(history(&runs(), Some("search"), None).groups.len(), 1);
    assert_eq!(history(&runs(), None, Some("d1")).groups.len(), 2);
    assert_eq!(history(&runs(), None, Some("d8")).groups.len(), 0);
}

#[test]
fn the_best_run_is_of_the_scenario_as_it_is() {
    let mut scenario = catalogue::find("d1").unwrap();
    assert!(!scenario.sha256.is_empty());
    scenario.sha256 = "new".into();
    assert_eq!(best(&runs(), &scenario).map(|run| run.id.as_str()), Some("d1-bad-canary-5"), "the earliest of equals");
    scenario.sha256 = "newer".into();
    assert_eq!(best(&runs(), &scenario), None);
}

#[test]
fn the_history_for_people() {
    insta::assert_snapshot!(history(&runs(), None, None).text());
}
