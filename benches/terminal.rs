//! What DESIGN promises in numbers, measured in a terminal, each beside a reference in the same run.
//!
//! `cargo bench --bench terminal` builds a repository of 5,000 files and 2,000 commits, runs the cockpit on it in
//! a pty, and prints: time to the first frame beside an empty ratatui program's, time to the filled change pane
//! beside `git diff --shortstat` and `git status --porcelain` one after the other, key to frame, bytes for a key,
//! and what an idle cockpit costs. Machines are noisy: the ratios are what to quote.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use hotfix_cockpit::change::source::{Settings, read, read_worktree};
use hotfix_cockpit::cockpit::damage::Damage;
use hotfix_cockpit::cockpit::state::{Project, State};
use hotfix_cockpit::cockpit::view;
use hotfix_cockpit::evidence::Observed;
use hotfix_cockpit::ui::layout::Pane;
use hotfix_cockpit::ui::theme::Theme;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Block;

const HOTFIX: &str = env!("CARGO_BIN_EXE_hotfix");
const COLUMNS: u16 = 160;
const ROWS: u16 = 48;
const STARTS: usize = 15;
const KEYS: usize = 200;

fn main() {
    if std::env::args().any(|arg| arg == "--empty-program") {
        empty_program();
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    generate(folder.path(), 5_000, 2_000);
    let state = tempfile::tempdir().expect("a temporary folder");
    starts(folder.path(), state.path());
    session(folder.path(), state.path());
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

fn session(folder: &Path, state: &Path) {
    let mut pty = Pty::start(&[HOTFIX], folder, state);
    pty.settle();
    pty.press("2");
    pty.settle();
    let (mut times, mut sizes) = (vec![], vec![]);
    for i in 0..KEYS {
        let before = pty.bytes;
        let pressed = Instant::now();
        pty.press(if i / 10 % 2 == 0 { "j" } else { "k" });
        let at = pty.pump(Instant::now() + Duration::from_secs(1));
        times.push(at.duration_since(pressed).as_secs_f64() * 1e3);
        pty.quiet(Duration::from_millis(15));
        sizes.push((pty.bytes - before) as f64);
    }
    let p = |values: &mut Vec<f64>, q: f64| {
        values.sort_by(f64::total_cmp);
        values[((values.len() - 1) as f64 * q) as usize]
    };
    println!(
        "key to frame           p50 {:.3} ms   p99 {:.3} ms   {} bytes",
        p(&mut times, 0.5),
        p(&mut times, 0.99),
        median(&mut sizes)
    );
    let idle = Idle::of(&pty);
    let bytes = pty.bytes;
    pty.quiet_for(Duration::from_secs(10));
    let after = Idle::of(&pty);
    println!(
        "idle, 10 s             {:.3} % of a core   {:.1} wakeups/s   {:.0} bytes/s   peak memory {:.1} MiB",
        (after.cpu - idle.cpu) * 10.0,
        (after.wakeups - idle.wakeups) as f64 / 10.0,
        (pty.bytes - bytes) as f64 / 10.0,
        after.peak_kib as f64 / 1024.0
    );
    pty.press("q");
    pty.end();
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What a process tree has used.
struct Idle {
    /// CPU seconds.
    cpu: f64,
    /// Voluntary context switches.
    wakeups: u64,
    /// The sum of the peaks of resident memory.
    peak_kib: u64,
}

impl Idle {
    fn of(pty: &Pty) -> Self {
        let mut all = Self { cpu: 0.0, wakeups: 0, peak_kib: 0 };
        for pid in pty.tree() {
            let read = |path: String| std::fs::read_to_string(path).unwrap_or_default();
            let schedstat = read(format!("/proc/{pid}/schedstat"));
            all.cpu += schedstat.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9;
            for line in read(format!("/proc/{pid}/status")).lines() {
                if let Some(kib) = line.strip_prefix("VmHWM:") {
                    all.peak_kib += number(kib);
                }
            }
            for task in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
                let status = read(task.path().join("status").display().to_string());
                all.wakeups += status
                    .lines()
                    .filter_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
                    .map(number)
                    .sum::<u64>();
            }
        }
        all
    }
}

fn number(text: &str) -> u64 {
    text.trim().trim_end_matches(" kB").trim().parse().unwrap_or(0)
}

/// A program in a pty, with the time of each chunk that it writes.
struct Pty {
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    chunks: Receiver<(Instant, Vec<u8>)>,
    parser: vt100::Parser,
    started: Instant,
    bytes: usize,
}

impl Pty {
    fn start(command: &[&str], folder: &Path, state: &Path) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pty");
        let mut builder = CommandBuilder::new(command[0]);
        builder.args(&command[1..]);
        builder.cwd(folder);
        builder.env("TERM", "xterm-256color");
        builder.env("HOTFIX_STATE_DIR", state);
        builder.env("XDG_CONFIG_HOME", state);
        let mut reader = pair.master.try_clone_reader().expect("the pty");
        let (send, chunks) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if send.send((Instant::now(), buffer[..read].to_vec())).is_err() {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().expect("the pty");
        let [rows, columns] = [ROWS, COLUMNS].map(|n| n.try_into().expect("not zero"));
        let parser = vt100::Parser::new(rows, columns, 0);
        let started = Instant::now();
        let child = pair.slave.spawn_command(builder).expect("the program");
        Self { _master: pair.master, keys, child, chunks, parser, started, bytes: 0 }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the pty");
    }

    /// Waits for the next chunk, and returns its time, or `end`.
    fn pump(&mut self, end: Instant) -> Instant {
        match self.chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok((at, chunk)) => {
                self.parser.process(&chunk);
                self.bytes += chunk.len();
                at
            }
            Err(_) => end,
        }
    }

    /// Takes chunks until there was none for a while.
    fn quiet(&mut self, span: Duration) {
        loop {
            let end = Instant::now() + span;
            if self.pump(end) == end {
                return;
            }
        }
    }

    fn quiet_for(&mut self, span: Duration) {
        let end = Instant::now() + span;
        while self.pump(end) != end {}
    }

    fn settle(&mut self) {
        self.quiet_for(Duration::from_millis(1500));
    }

    fn tree(&self) -> Vec<u32> {
        let mut pids: Vec<u32> = self.child.process_id().into_iter().collect();
        let mut next = 0;
        while let Some(pid) = pids.get(next) {
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            pids.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            next += 1;
        }
        pids
    }

    fn end(mut self) {
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            self.pump(Instant::now() + Duration::from_millis(5));
        }
        let _ended = self.child.kill();
    }
}

/// A repository with this many files and commits, a production tag, and a hotfix of 20 files on top.
fn generate(folder: &Path, files: usize, commits: usize) {
    let mut stream = String::new();
    let mut commit = |branch: &str, number: usize, changes: &str| {
        let when = 1_700_000_000 + number * 60;
        let _infallible = write!(
            stream,
            "commit refs/heads/{branch}\ncommitter Ana <ana@example.org> {when} +0000\ndata 9\ncommit {:02}\n{changes}\n",
            number % 100
        );
    };
    let blob = |path: &str, text: &str| format!("M 644 inline {path}\ndata {}\n{text}\n", text.len());
    let text = |n: usize, version: usize| {
        (0..20)
            .map(|line| format!("line {line} of {n} v{}\n", if line == n % 20 { version } else { 0 }))
            .collect::<String>()
    };
    let path = |n: usize| format!("src/d{:02}/f{n:04}.rs", n % 50);
    commit("main", 0, &(0..files).map(|n| blob(&path(n), &text(n, 0))).collect::<String>());
    for number in 1..commits {
        commit("main", number, &blob(&path(number % files), &text(number % files, number)));
    }
    let git = |args: &[&str], input: Option<&str>| {
        let mut child = Command::new("git")
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("git");
        child.stdin.take().expect("a pipe").write_all(input.unwrap_or_default().as_bytes()).expect("git");
        assert!(child.wait().expect("git").success());
    };
    git(&["init", "-q", "-b", "main"], None);
    git(&["fast-import", "--quiet"], Some(&stream));
    git(&["reset", "-q", "--hard", "main"], None);
    git(&["tag", "v1.0.0"], None);
    git(&["checkout", "-qb", "hotfix/bench"], None);
    for n in 0..20 {
        std::fs::write(folder.join(path(n * 7)), text(n * 7, 99_999)).expect("a file");
    }
    git(&["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "commit", "-qam", "Fix"], None);
}
