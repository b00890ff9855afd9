//! What DESIGN promises in numbers, measured in a terminal, each beside a reference in the same run.
//!
//! `cargo bench --bench terminal` builds a repository of 5,000 files and 2,000 commits, runs the cockpit on it in
//! a pty, and prints: time to the first frame beside an empty ratatui program's, time to the filled change pane
//! beside `git diff --shortstat` and `git status --porcelain` one after the other; key to frame, bytes for a key, and
//! what an idle cockpit costs: first quiet, then with a metrics server that hangs, fails or floods. Machines are noisy:
//! the ratios are what to quote.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hotfix_cockpit::change::source::{Settings, read, read_worktree};
use hotfix_cockpit::cockpit::damage::Damage;
use hotfix_cockpit::cockpit::state::{Project, State};
use hotfix_cockpit::cockpit::view;
use hotfix_cockpit::evidence::Observed;
use hotfix_cockpit::ui::layout::Pane;
use hotfix_cockpit::ui::theme::Theme;

use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Block;

mod pty;
mod repository;
mod session;
mod trouble;

use pty::Pty;

const HOTFIX: &str = env!("CARGO_BIN_EXE_hotfix");
const COLUMNS: u16 = 160;
const ROWS: u16 = 48;
const STARTS: usize = 15;

fn main() {
    if std::env::args().any(|arg| arg == "--empty-program") {
        empty_program();
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    repository::generate(folder.path(), 5_000, 2_000);
    let state = tempfile::tempdir().expect("a temporary folder");
    starts(folder.path(), state.path());
    session::run("quiet", folder.path(), state.path(), &[]);
    trouble::run(folder.path(), state.path());
    git_refresh(folder.path());
    drawing(folder.path());
}

/// Both halves of a refresh in this process, beside the two git commands that say as much.
fn git_refresh(folder: &Path) {
    let settings = Settings::default();
    let (mut ours, mut theirs) = (vec![], vec![]);
    for _ in 0..STARTS {
        let started = Instant::now();
        read(folder, &settings).expect("a repository");
        read_worktree(folder).expect("a work tree");
        ours.push(started.elapsed().as_secs_f64() * 1e3);
        theirs.push(git_baseline(folder));
    }
    let ratio = median(&mut ours) / median(&mut theirs);
    println!(
        "git refresh, all facts {:6.1} ms   git diff + status {:.1} ms   ratio {ratio:.2}",
        median(&mut ours),
        median(&mut theirs)
    );
}

/// A whole screen and one pane, beside an empty frame of ratatui.
fn drawing(folder: &Path) {
    let report = read(folder, &Settings::default()).expect("a repository");
    let mut state = State::new(report.observed_at, (COLUMNS, ROWS), Project::default());
    state.change.report = Observed::seen(report);
    let theme = Theme::default();
    let mut canvas = Buffer::empty(Rect::new(0, 0, COLUMNS, ROWS));
    let mut time = |damage: Damage| {
        state.ui.damage = damage;
        let mut micros: Vec<f64> = Vec::new();
        for _ in 0..500 {
            let started = Instant::now();
            view::draw(&state, &theme, &mut canvas);
            micros.push(started.elapsed().as_secs_f64() * 1e6);
        }
        median(&mut micros)
    };
    let (whole, pane) = (time(Damage::ALL), time(Damage::pane(Pane::Change)));
    let mut terminal = ratatui::Terminal::new(TestBackend::new(COLUMNS, ROWS)).expect("no terminal is needed");
    let mut empty: Vec<f64> = Vec::new();
    for _ in 0..500 {
        let started = Instant::now();
        terminal.draw(|frame| frame.render_widget(Block::bordered(), frame.area())).expect("no terminal is needed");
        empty.push(started.elapsed().as_secs_f64() * 1e6);
    }
    println!(
        "drawing                whole screen {whole:.0} us   one pane {pane:.0} us   empty ratatui frame {:.0} us",
        median(&mut empty)
    );
}

/// The smallest ratatui program: a frame with a border, until a key.
fn empty_program() {
    let mut terminal = ratatui::init();
    terminal.draw(|frame| frame.render_widget(Block::bordered(), frame.area())).expect("a terminal");
    let _key = crossterm::event::read();
    ratatui::restore();
}

fn starts(folder: &Path, state: &Path) {
    let me = std::env::current_exe().expect("this program");
    let empty: Vec<&str> = vec![me.to_str().expect("a plain path"), "--empty-program"];
    // One start that is not counted fills the caches and leaves a last screen.
    first_frame(&[HOTFIX], folder, state, "src/");
    let (mut ours, mut filled, mut theirs, mut git) = (vec![], vec![], vec![], vec![]);
    for _ in 0..STARTS {
        let (first, full) = first_frame(&[HOTFIX], folder, state, "STALE");
        ours.push(first);
        filled.push(full);
        theirs.push(first_frame(&empty, folder, state, "").0);
        git.push(git_baseline(folder));
    }
    let ratio = |a: &mut Vec<f64>, b: &mut Vec<f64>| median(a) / median(b);
    println!(
        "first frame            {:6.1} ms   empty program {:6.1} ms   ratio {:.2}",
        median(&mut ours),
        median(&mut theirs),
        ratio(&mut ours, &mut theirs)
    );
    println!(
        "change pane filled     {:6.1} ms   git diff + status {:.1} ms   ratio {:.2}",
        median(&mut filled),
        median(&mut git),
        ratio(&mut filled, &mut git)
    );
}

/// Milliseconds from exec to ten visible cells, and to the moment when `awaited` is gone from the screen (or there).
fn first_frame(command: &[&str], folder: &Path, state: &Path, awaited: &str) -> (f64, f64) {
    let mut pty = Pty::start(command, folder, state);
    let mut first = None;
    let end = Instant::now() + Duration::from_secs(10);
    let full = loop {
        let at = pty.pump(end);
        let screen = pty.parser.screen().contents();
        let visible = screen.chars().filter(|c| !c.is_whitespace()).count();
        if visible >= 10 {
            first.get_or_insert(at);
            let done = if awaited == "STALE" {
                !screen.contains("STALE") && screen.contains("src/")
            } else {
                screen.contains(awaited)
            };
            if done {
                break at;
            }
        }
        assert!(Instant::now() < end, "nothing on the screen:\n{screen}");
    };
    let ms = |at: Instant| at.duration_since(pty.started).as_secs_f64() * 1e3;
    let result = (ms(first.expect("a frame")), ms(full));
    pty.press("q");
    pty.end();
    result
}

fn git_baseline(folder: &Path) -> f64 {
    let started = Instant::now();
    for args in [&["diff", "--shortstat", "--find-renames", "v1.0.0", "HEAD"][..], &["status", "--porcelain"]] {
        let status = Command::new("git").args(args).current_dir(folder).stdout(Stdio::null()).status().expect("git");
        assert!(status.success());
    }
    started.elapsed().as_secs_f64() * 1e3
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
