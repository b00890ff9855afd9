//! What a frame of a drill's replay costs while one scrubs through it: the key, the drawing, and the bytes for the
//! terminal. Sixty frames a second leave 16.7 ms for each.
//!
//! `cargo bench --bench replay` plays D1 by a script, replays it beside itself, and scrubs through every second there
//! and back, at the three sizes of the design. Machines are noisy: the share of a frame's time is what to quote.

use std::time::{Duration, Instant};

use hotfix_cockpit::cockpit::debrief::state::State;
use hotfix_cockpit::cockpit::debrief::view;
use hotfix_cockpit::cockpit::keymap::{Code, Key};
use hotfix_cockpit::cockpit::screen::Screen;
use hotfix_cockpit::drill::kept::Kept;
use hotfix_cockpit::drill::rooms::RealRooms;
use hotfix_cockpit::drill::{catalogue, headless};
use hotfix_cockpit::ui::theme::Theme;
use jiff::Timestamp;
use ratatui::layout::Rect;

/// The time of a frame, in microseconds.
const FRAME: f64 = 1e6 / 60.0;

fn main() {
    let run = played();
    println!("a run of {} entries and {} events", run.records.len(), run.score.timeline.len());
    for size in [(160, 48), (80, 24), (40, 10)] {
        scrub(&run, size);
    }
}

fn played() -> Kept {
    let scenario = catalogue::find("d1").expect("a scenario");
    let script = scenario.ideal.clone().expect("a script");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let run = runtime.block_on(headless::run(scenario, 1, &script, RealRooms::open)).expect("a run");
    run.played.kept(None, Timestamp::UNIX_EPOCH, Some(&run.played))
}

fn scrub(run: &Kept, size: (u16, u16)) {
    let theme = Theme::default();
    let mut state = State::new(run.clone(), Some(run.clone()), size);
    let mut screen = Screen::new(Rect::new(0, 0, size.0, size.1));
    let mut micros = Vec::new();
    let mut bytes = 0;
    for code in [Code::Right, Code::Left] {
        for _ in 0..state.end_s() {
            let started = Instant::now();
            state.key(Key::plain(code), false, Duration::ZERO);
            let damaged = view::draw(&state, &theme, screen.canvas());
            let mut out = Vec::new();
            bytes += screen.flush(&damaged, b"", &mut out).expect("memory");
            micros.push(started.elapsed().as_secs_f64() * 1e6);
        }
    }
    micros.sort_by(f64::total_cmp);
    let (median, worst) = (micros[micros.len() / 2], micros[micros.len() - 1]);
    println!(
        "scrub frame {:>3}x{:<3} median {median:6.0} us ({:4.1} % of a frame)   worst {worst:6.0} us   {:5} bytes",
        size.0,
        size.1,
        100.0 * median / FRAME,
        bytes / micros.len()
    );
}
