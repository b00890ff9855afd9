//! What a drill adds to the screen: the banner, which nothing covers, and the strip of the tour, which covers nothing.

use super::*;
use crate::cockpit::assessment::Assessment;
use crate::cockpit::state::DrillShown;
use crate::cockpit::tour::Tour;
use crate::drill::clock::Tempo;
use crate::evidence::text::wrap;

const SIZES: [(u16, u16); 7] = [(160, 48), (120, 40), (80, 24), (60, 15), (59, 40), (40, 8), (26, 3)];

fn drill(size: (u16, u16)) -> State {
    let mut state = state(Picture::Fresh, size);
    let tempo = Tempo { is_paused: false, ..Tempo::running(5.0) };
    state.project.drill = Some(DrillShown { name: "Bad canary, low traffic".into(), tempo });
    state
}

/// Every overlay, the largest form among them.
fn overlays(state: &mut State) -> Vec<Overlay> {
    let event = Event::Arm { bound: Vec::new(), chance: 7, over: false, answer: None };
    state.rollback.update(event, state.now);
    let mut all = vec![
        Overlay::None,
        Overlay::Filter,
        Overlay::Rollback,
        Overlay::ConfirmQuit,
        Overlay::Actions { query: String::new(), cursor: 0, is_help: true },
        Overlay::Assessment(Box::new(Assessment::new(None, state.project.config.incident.matrix()))),
        Overlay::Form(Form::decide()),
        Overlay::Form(Form::note()),
    ];
    all.extend(Pane::ALL.map(|pane| Overlay::Detail { pane, index: 0, scroll: 0 }));
    all
}

fn first_row(state: &State, theme: &Theme) -> String {
    picture_of(state, theme).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_banner_is_in_the_first_line_of_every_layout_below_every_overlay() {
    let ascii = Theme { ascii: true, monochrome: true, ..Theme::default() };
    for size in SIZES {
        let mut state = drill(size);
        for overlay in overlays(&mut state) {
            for (pane, is_zoomed) in Pane::ALL.into_iter().flat_map(|pane| [(pane, false), (pane, true)]) {
                (state.ui.focus, state.ui.is_zoomed) = (pane, is_zoomed);
                state.ui.overlay = overlay.clone();
                for theme in [&Theme::default(), &ascii] {
                    let row = first_row(&state, theme);
                    assert!(row.contains("DRILL x5"), "{size:?} {pane:?} {overlay:?}:\n{row}");
                }
            }
        }
    }
}

#[test]
fn a_paused_drill_says_so_and_a_real_incident_has_no_banner() {
    let mut state = drill((80, 24));
    state.project.drill.as_mut().unwrap().tempo.is_paused = true;
    assert!(first_row(&state, &Theme::default()).contains("DRILL PAUSED"));
    state.project.drill = None;
    assert!(!picture_of(&state, &Theme::default()).contains("DRILL"));
}

#[test]
fn the_tour_covers_nothing_that_it_speaks_of() {
    for size in SIZES {
        for place in 0..Tour::len() {
            let mut state = drill(size);
            state.ui.tour = Some(Tour::at(place));
            for pane in Pane::ALL {
                state.ui.focus = pane;
                let areas = state.areas();
                let drawn = areas.panes.iter().chain(&areas.summaries).map(|(_, area)| *area);
                for area in drawn.chain([areas.header, areas.footer]) {
                    assert!(area.intersection(areas.strip).is_empty(), "{size:?} {pane:?}");
                }
                assert!(areas.strip.is_empty() || areas.strip.bottom() == size.1);
                assert!(areas.is_card || areas.pane(pane).is_some());
            }
        }
    }
}

#[test]
fn the_words_of_every_step_have_room_at_eighty_columns() {
    let state = drill((80, 24));
    for place in 0..Tour::len() {
        let lines = wrap(&Tour::at(place).says(&state), 78);
        assert!(lines.len() <= 3, "step {place}: {lines:#?}");
    }
}

#[test]
fn the_tour_at_the_sizes_of_the_design() {
    for size in [(160, 48), (80, 24)] {
        for (place, pane) in [(0, Pane::Checklist), (1, Pane::Checklist), (4, Pane::Canary), (8, Pane::Rollback)] {
            let mut state = drill(size);
            state.ui.tour = Some(Tour::at(place));
            state.ui.focus = pane;
            let name = format!("tour_{place}_{}x{}", size.0, size.1);
            insta::assert_snapshot!(name, picture_of(&state, &Theme::default()));
        }
    }
}

#[test]
fn an_overlay_leaves_the_words_of_the_tour_in_sight() {
    let mut state = drill((80, 24));
    state.ui.tour = Some(Tour::at(8));
    for overlay in overlays(&mut state) {
        state.ui.overlay = overlay.clone();
        let shown = picture_of(&state, &Theme::default());
        assert!(shown.contains("press esc"), "{overlay:?}:\n{shown}");
    }
}
