//! Keys that steer a drill, and the guided tour.

use super::*;
use crate::cockpit::state::DrillShown;
use crate::cockpit::tour::Tour;
use crate::drill::clock::Tempo;
use crate::drill::steering::Order;

fn drill() -> Desk {
    let mut desk = Desk::new();
    desk.state.project.drill = Some(DrillShown { name: "Bad canary".into(), tempo: Tempo::running(1.0) });
    desk
}

fn steered(effects: &[Effect]) -> Order {
    match effects {
        [Effect::Steer(order)] => order.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_keys_pause_and_set_the_speed() {
    let mut desk = drill();
    assert_eq!(steered(&desk.key("P")), Order::Pause);
    assert_eq!(steered(&desk.key("}")), Order::Speed { speed: 2.0 });
    desk.happen(What::Tempo(Tempo { speed: 10.0, is_paused: true }));
    assert_eq!(steered(&desk.key("P")), Order::Resume);
    assert_eq!(steered(&desk.key("{")), Order::Speed { speed: 5.0 });
}

#[test]
fn another_speed_asks_the_sources_again_and_a_pause_does_not() {
    let mut desk = drill();
    let paused = desk.happen(What::Tempo(Tempo { is_paused: true, ..Tempo::running(1.0) }));
    assert!(paused.is_empty() && desk.state.ui.damage == Damage::ALL);
    assert_eq!(desk.happen(What::Tempo(Tempo::running(5.0))), [Effect::Refresh]);
    desk.state.ui.damage = Damage::NONE;
    assert!(desk.happen(What::Tempo(Tempo::running(5.0))).is_empty());
    assert!(desk.state.ui.damage.is_none(), "the same again draws nothing");
}

#[test]
fn nothing_dangerous_is_done_while_the_world_stands_still() {
    let mut desk = drill();
    desk.happen(What::Tempo(Tempo { is_paused: true, ..Tempo::running(1.0) }));
    desk.key("R");
    let told = &desk.state.ui.toast.as_ref().unwrap().0;
    assert!(told.is_error && told.text.contains("paused"), "{told:?}");
    assert_eq!(desk.state.ui.overlay, Overlay::None);
}

#[test]
fn a_real_incident_has_no_clock_to_steer_and_whoever_watches_steers_nothing() {
    let mut desk = Desk::new();
    for action in [Action::DrillPause, Action::DrillFaster, Action::DrillSlower, Action::Tour] {
        assert!(super::super::disabled(&desk.state, action).is_some(), "{action:?}");
    }
    assert!(desk.happen(What::Tempo(Tempo::running(5.0))).is_empty());
    let mut desk = drill();
    desk.state.project.is_read_only = true;
    assert!(desk.key("P").is_empty());
    assert!(super::super::note(&desk.state, Entry::Noted { text: "seen".into() }).is_none());
}

#[test]
fn the_tour_goes_on_with_what_it_asks_for_by_whichever_way() {
    let mut desk = drill();
    desk.state.ui.tour = Some(Tour::default());
    let at = |desk: &Desk, place| assert_eq!(desk.state.ui.tour, Some(Tour::at(place)));
    desk.key("3");
    at(&desk, 0);
    desk.key("1");
    desk.key("enter");
    at(&desk, 1);
    desk.key("2");
    at(&desk, 2);
    desk.key("tab");
    at(&desk, 3);
    desk.key("4");
    at(&desk, 4);
    let incident = desk.key("i");
    at(&desk, 5);
    assert!(incident.is_empty());
    desk.keys("checkout-502");
    let effects = (0..6).flat_map(|_| desk.key("enter")).collect();
    desk.record(effects);
    at(&desk, 6);
}

#[test]
fn esc_leaves_the_tour_but_closes_what_is_open_first() {
    let mut desk = drill();
    desk.state.ui.tour = Some(Tour::at(5));
    desk.key("?");
    assert_ne!(desk.state.ui.overlay, Overlay::None);
    desk.key("esc");
    assert!(desk.state.ui.tour.is_some() && desk.state.ui.overlay == Overlay::None);
    desk.key("esc");
    assert_eq!(desk.state.ui.tour, None);
    desk.happen(What::Tick);
    assert_eq!(desk.state.ui.tour, None);
}
