use super::*;
use crate::checklist::fixture::World;
use crate::checklist::model::State;
use crate::comms::template::filled;
use crate::config::schema::Notices;
use crate::incident::{About, Stage};

fn facts(world: &World) -> Facts {
    world.look(|inputs| Facts::of(inputs, State::new(inputs).standing()))
}

fn text(stage: Stage, about: About) -> String {
    filled(about, &Notices::default(), &facts(&World::go(stage)))
}

#[test]
fn each_stage_s_notice_is_filled_from_what_is_known() {
    let texts = [
        text(Stage::Assess, About::Assess),
        text(Stage::Develop, About::Develop),
        text(Stage::Deploy, About::Deploy),
        text(Stage::Monitor, About::Monitor),
        text(Stage::Monitor, About::Resolved),
    ];
    insta::assert_snapshot!(texts.join("\n---\n"));
}

#[test]
fn what_is_too_old_to_be_believed_is_not_told() {
    let mut world = World::go(Stage::Deploy);
    world.now = world.now.checked_add(jiff::SignedDuration::from_hours(48)).unwrap();
    let facts = facts(&world);
    for name in ["change", "tests", "canary", "rollback"] {
        assert_eq!(facts.get(name), None, "{name}");
    }
    assert!(facts.get("since").unwrap().len() > "14:02 UTC".len(), "the date stands with it");
}
