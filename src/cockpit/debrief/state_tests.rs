use super::*;
use crate::drill::fixture;

fn state() -> State {
    State::new(fixture::run("ideal"), None, (160, 48))
}

fn press(state: &mut State, key: &str) -> Outcome {
    state.key(Key::parse(key).unwrap(), false, Duration::ZERO)
}

#[test]
fn the_keys_scrub_by_seconds_strides_and_pages() {
    let mut state = state();
    for (key, at) in [("right", 1), ("]", 11), ("pagedown", 71), ("left", 70), ("[", 60), ("pageup", 0), ("left", 0)] {
        press(&mut state, key);
        assert_eq!(state.at_s, at, "{key}");
    }
    state.key(Key::parse("right").unwrap(), true, Duration::ZERO);
    assert_eq!(state.at_s, 10, "shift makes a larger step");
    press(&mut state, "end");
    assert_eq!(state.at_s, state.end_s());
    press(&mut state, "right");
    assert_eq!(state.at_s, state.end_s());
    press(&mut state, "home");
    assert_eq!(state.at_s, 0);
}

#[test]
fn the_events_are_stops_in_both_directions() {
    let mut state = state();
    let mut stops = Vec::new();
    while press(&mut state, "down") == Outcome::Changed && stops.last() != Some(&state.at_s) {
        stops.push(state.at_s);
    }
    assert!(stops.is_sorted() && stops.contains(&236), "{stops:?}");
    assert_eq!(stops.last(), state.replay.moves.last().map(|it| &it.at_s));
    let mut back = vec![state.at_s];
    loop {
        press(&mut state, "up");
        if back.last() == Some(&state.at_s) {
            break;
        }
        back.push(state.at_s);
    }
    back.reverse();
    assert_eq!(back[1..], stops, "the same stops, and the start");
}

#[test]
fn it_plays_at_its_pace_and_stops_at_the_end() {
    let mut state = state();
    press(&mut state, "space");
    assert_eq!(state.tick(Duration::from_millis(1500)), Outcome::Changed);
    assert_eq!(state.at_s, 15, "ten seconds in one");
    assert_eq!(state.tick(Duration::from_millis(1550)), Outcome::Same);
    assert_eq!(state.quiet(Duration::from_millis(1550)), Duration::from_millis(50));
    state.key(Key::parse("+").unwrap(), false, Duration::from_secs(2));
    state.tick(Duration::from_secs(3));
    assert_eq!(state.at_s, 45, "from where it was, three times as fast");
    assert_eq!(state.tick(Duration::from_secs(600)), Outcome::Changed);
    assert_eq!((state.at_s, state.playing), (state.end_s(), None));
    assert_eq!(state.tick(Duration::from_secs(601)), Outcome::Same);
    press(&mut state, "space");
    assert_eq!(state.at_s, 0, "play at the end begins again");
}

#[test]
fn what_it_is_compared_with_turns_and_only_where_there_is_something() {
    let mut state = state();
    let turn = |state: &mut State| {
        press(state, "c");
        state.beside
    };
    assert_eq!([turn(&mut state), turn(&mut state)], [Beside::Nothing, Beside::Ideal]);
    let mut state = State::new(fixture::run("ideal"), Some(fixture::run("wrong")), (160, 48));
    assert_eq!(state.beside, Beside::Earlier);
    assert_eq!(
        [turn(&mut state), turn(&mut state), turn(&mut state)],
        [Beside::Nothing, Beside::Ideal, Beside::Earlier]
    );
}

#[test]
fn a_click_on_the_track_goes_there_and_the_wheel_scrubs() {
    let mut state = state();
    let track = (12, 101);
    state.mouse(Mouse::Click(12 + 50, 5), track, Duration::ZERO);
    assert_eq!(state.at_s, state.end_s() / 2);
    state.mouse(Mouse::WheelDown(0, 0), track, Duration::ZERO);
    assert_eq!(state.at_s, state.end_s() / 2 + 10);
    assert_eq!(state.mouse(Mouse::Click(3, 5), track, Duration::ZERO), Outcome::Same);
}

#[test]
fn three_keys_leave() {
    for key in ["q", "esc", "ctrl-c"] {
        assert_eq!(press(&mut state(), key), Outcome::Left, "{key}");
    }
    assert_eq!(press(&mut state(), "x"), Outcome::Same);
}
