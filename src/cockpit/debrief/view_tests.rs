//! Pictures of the replay at the sizes of the design, at the moments that matter.

use super::*;
use crate::drill::fixture;

fn pictured(state: &State, theme: &Theme) -> String {
    let mut canvas = Buffer::empty(Rect::new(0, 0, state.size.0, state.size.1));
    draw(state, theme, &mut canvas);
    let row = |y: u16| (0..state.size.0).map(|x| canvas[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..state.size.1).map(row).collect::<Vec<_>>().join("\n")
}

fn state(at_s: u64, size: (u16, u16)) -> State {
    let mut state = State::new(fixture::run("wrong"), Some(fixture::run("ideal")), size);
    state.at_s = at_s;
    state
}

#[test]
fn the_whole_screen() {
    insta::assert_snapshot!("wide_in_the_middle", pictured(&state(245, (160, 48)), &Theme::default()));
    let state = state(u64::MAX / 2, (160, 48));
    let end = State { at_s: state.end_s(), ..state };
    insta::assert_snapshot!("wide_at_the_end", pictured(&end, &Theme::default()));
}

#[test]
fn the_smaller_screens() {
    for panel in [Panel::Points, Panel::Facts, Panel::Path] {
        let state = State { panel, ..state(245, (80, 24)) };
        insta::assert_snapshot!(format!("narrow_{panel:?}"), pictured(&state, &Theme::default()));
    }
    insta::assert_snapshot!("smallest", pictured(&state(245, (60, 15)), &Theme::default()));
    insta::assert_snapshot!("card", pictured(&state(245, (40, 8)), &Theme::default()));
}

#[test]
fn a_run_with_nothing_beside_it() {
    let alone = State { beside: Beside::Nothing, earlier: None, ..state(245, (160, 48)) };
    let told = pictured(&alone, &Theme::default());
    assert!(!told.contains("ideal path") && !told.contains("What the scenario says"), "{told}");
}

#[test]
fn ascii_is_enough() {
    let theme = Theme { ascii: true, monochrome: true, ..Theme::default() };
    for size in [(160, 48), (80, 24), (40, 8)] {
        assert!(pictured(&state(245, size), &theme).is_ascii(), "{size:?}");
    }
    insta::assert_snapshot!("ascii", pictured(&state(245, (80, 24)), &theme));
}

#[test]
fn every_size_and_second_is_drawn_and_none_panics() {
    let mut state = state(0, (160, 48));
    for (columns, rows) in [(1, 1), (2, 3), (60, 15), (59, 40), (61, 16), (110, 34), (300, 100), (111, 35)] {
        state.size = (columns, rows);
        for at_s in (0..=state.end_s()).step_by(13) {
            state.at_s = at_s;
            pictured(&state, &Theme::default());
        }
    }
}

#[test]
fn the_banner_is_on_every_screen() {
    for size in [(160, 48), (80, 24), (60, 15), (40, 8)] {
        assert!(pictured(&state(0, size), &Theme::default()).contains("DRILL"), "{size:?}");
    }
}
