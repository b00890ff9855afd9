use super::*;
use crate::rollback::fixtures::{at, plan};
use crate::rollback::model::Class;

fn way(name: &str, held: Held) -> Way {
    Way { name: name.into(), plan: Ok(plan()), needs: vec![Needed { name: "the flag is there".into(), held }] }
}

fn yes() -> Held {
    Held::Yes("the look ended with 0".into())
}

#[test]
fn the_first_way_that_fits_is_proposed_and_says_what_spoke_against_the_others() {
    let no = Held::No("the look ended with 1".into());
    let choice = Choice { ways: vec![way("flag off", yes()), way("undo", yes())] };
    assert_eq!((choice.proposed(), choice.why(0).as_str()), (0, "the first of 2, and nothing speaks against it"));
    assert_eq!(choice.why(1), "it would fit too");
    let choice = Choice { ways: vec![way("flag off", no), way("undo", yes())] };
    assert_eq!(choice.proposed(), 1);
    assert_eq!(choice.why(1), "the first that fits (flag off: not the flag is there: the look ended with 1)");
}

#[test]
fn what_nobody_can_tell_is_proposed_only_when_nothing_fits() {
    let unknown = Held::Unknown("no answer".into());
    let choice = Choice { ways: vec![way("flag off", unknown.clone()), way("undo", yes())] };
    assert_eq!(choice.proposed(), 1);
    let broken = Way { plan: Err("no revision runs v1".into()), ..way("undo", yes()) };
    let choice = Choice { ways: vec![broken, way("flag off", unknown)] };
    assert_eq!(choice.proposed(), 1);
    assert_eq!(choice.why(1), "none fits without a doubt; here: whether the flag is there is unknown: no answer");
    assert_eq!(choice.why(0), "no revision runs v1");
}

#[test]
fn where_schema_or_data_changed_the_way_that_keeps_the_code_is_preferred() {
    let risky = Plan { class: Class::Unsafe, ..plan() };
    let flag = Plan { keeps_code: true, ..risky.clone() };
    let of = |name: &str, plan| Way { name: name.into(), plan: Ok(plan), needs: Vec::new() };
    assert_eq!(Choice { ways: vec![of("undo", risky), of("flag off", flag)] }.proposed(), 1);
}

#[test]
fn a_window_closes_and_an_unknown_beginning_is_no_open_one() {
    let hour = Duration::from_secs(3_600);
    assert!(matches!(in_window(hour, Some(at(0)), at(3_600)), Held::Yes(_)));
    assert!(matches!(in_window(hour, Some(at(0)), at(3_601)), Held::No(_)));
    assert!(matches!(in_window(hour, None, at(0)), Held::Unknown(_)));
}

#[test]
fn a_clock_is_on_time_within_five_seconds_and_unheard_is_no_reason_to_wait() {
    let off = |seconds: i64| {
        on_time(Some(&Offset { server: "api.example".into(), ahead: jiff::SignedDuration::from_secs(seconds) }))
    };
    assert_eq!(off(0), Held::Yes("within 1 s of api.example".into()));
    assert!(matches!(off(-5), Held::Yes(_)));
    assert!(matches!(off(6), Held::No(why) if why.contains("6 s ahead of that of api.example")));
    assert!(matches!(off(-90), Held::No(why) if why.contains("90 s behind that of api.example")));
    assert!(matches!(on_time(None), Held::Unasked(_)));
    let way =
        Way { needs: vec![Needed { name: "the time".into(), held: on_time(None) }], ..way("a", Held::Yes("".into())) };
    assert_eq!(way.fit(), Fit::Fits);
}
