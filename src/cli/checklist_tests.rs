use super::*;
use crate::checklist::fixture::World;

#[test]
fn people_see_every_stage_and_what_would_satisfy_what_is_open() {
    insta::assert_snapshot!(plain(&World::go(Stage::Deploy).state()));
}

#[test]
fn programs_see_the_same_gates() {
    let state = World::go(Stage::Deploy).state();
    let json = serde_json::to_value(Document::new(&state)).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["stage"], "deploy");
    assert_eq!(json["readiness"], "go");
    assert_eq!(json["gates"].as_array().unwrap().len(), 36);
}

#[test]
fn not_applicable_is_not_told_as_advised() {
    let gate = World::empty().gate("c7");
    assert!(row(&gate).contains("(not applicable)"), "{}", row(&gate));
}
