//! A terminal for the program under test: a pty, an emulator, and waiting for what it shows.

#![allow(dead_code, reason = "each test program uses its part of the harness")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long anything may take to appear: generous, because it is awaited and not slept.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program in a terminal.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    cooked: Option<String>,
    /// Keeps the terminal alive after the program ended, so that its modes can be read.
    _slave: Box<dyn portable_pty::SlavePty + Send>,
}

struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    closed: bool,
}

/// The state of the terminal's modes.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct Modes {
    pub alternate: bool,
    pub hidden_cursor: bool,
    pub paste: bool,
    pub mouse: bool,
    pub raw: bool,
}

/// The modes of a terminal that was given back.
pub const RESTORED: Modes = Modes { alternate: false, hidden_cursor: false, paste: false, mouse: false, raw: false };

impl Terminal {
    /// Starts a command in a terminal of this size, in `folder`, with a state folder of its own.
    pub fn start(command: &[&str], folder: &Path, state: &Path, columns: u16, rows: u16) -> Self {
        Self::start_with(command, folder, state, columns, rows, &[])
    }

    /// The same with more environment.
    pub fn start_with(
        command: &[&str],
        folder: &Path,
        state: &Path,
        columns: u16,
        rows: u16,
        env: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut builder = CommandBuilder::new(command[0]);
        builder.args(&command[1..]);
        builder.cwd(folder);
        builder.env_clear();
        let fixed = [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("PATH", env!("PATH")), ("USER", "ana")];
        for (name, value) in fixed.iter().chain(env) {
            builder.env(name, value);
        }
        for (name, inside) in [("HOME", "home"), ("HOTFIX_STATE_DIR", "state"), ("XDG_CONFIG_HOME", "config")] {
            builder.env(name, state.join(inside));
        }
        let modes = termios(&*pair.master);
        let child = pair.slave.spawn_command(builder).unwrap();
        let [r, c] = [rows, columns].map(|n| NonZeroU16::new(n).unwrap());
        let seen = Arc::new((
            Mutex::new(Seen { parser: vt100::Parser::new(r, c, 0), raw: Vec::new(), closed: false }),
            Condvar::new(),
        ));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let shared = seen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            loop {
                let read = reader.read(&mut buffer).unwrap_or(0);
                let mut seen = shared.0.lock().unwrap();
                seen.parser.process(&buffer[..read]);
                seen.raw.extend_from_slice(&buffer[..read]);
                seen.closed = read == 0;
                shared.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        Self { master: pair.master, keys, child, seen, cooked: modes, _slave: pair.slave }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until the screen holds a text, and returns the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// Waits until the screen no longer holds a text, and returns the screen.
    #[track_caller]
    pub fn wait_gone(&self, text: &str) -> String {
        self.wait_until(text, |screen| !screen.contains(text))
    }

    /// Waits until the screen is as wanted, and returns it.
    #[track_caller]
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let screen = self.wait_at_most(PATIENCE, &wanted);
        assert!(wanted(&screen), "waited in vain for {what:?}; the screen was:\n{screen}");
        screen
    }

    /// Waits for so long at most until the screen is as wanted, and returns it as it is then.
    pub fn wait_at_most(&self, patience: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + patience;
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            let screen = seen.parser.screen().contents();
            let left = end.saturating_duration_since(Instant::now());
            if wanted(&screen) || left.is_zero() {
                return screen;
            }
            seen = self.seen.1.wait_timeout(seen, left.min(Duration::from_millis(500))).unwrap().0;
        }
    }

    /// Waits until the program has written something that leaves no trace on the screen; returns all that it wrote.
    #[track_caller]
    pub fn wait_raw(&self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            let raw = String::from_utf8_lossy(&seen.raw).into_owned();
            if raw.contains(text) {
                return raw;
            }
            let left = end.saturating_duration_since(Instant::now());
            let screen = seen.parser.screen().contents();
            assert!(!left.is_zero(), "waited in vain for {text:?}; the screen was:\n{screen}");
            seen = self.seen.1.wait_timeout(seen, left.min(Duration::from_millis(500))).unwrap().0;
        }
    }

    /// Waits until the program wrote nothing for a while.
    pub fn wait_quiet(&self, quiet: Duration) {
        let end = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        while Instant::now() < end {
            let before = seen.raw.len();
            let until = Instant::now() + quiet;
            while seen.raw.len() == before {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return;
                }
                seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
            }
        }
    }

    /// The screen now.
    pub fn screen(&self) -> String {
        self.seen.0.lock().unwrap().parser.screen().contents()
    }

    /// Everything that the program wrote.
    pub fn raw(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().raw.clone()
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let [r, c] = [rows, columns].map(|n| NonZeroU16::new(n).unwrap());
        self.seen.0.lock().unwrap().parser.screen_mut().set_size(r, c);
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// The id of the process that was started.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.process_id().unwrap()).unwrap()
    }

    /// Sends a signal to a process.
    pub fn kill(pid: i32, signal: i32) {
        let sent = std::process::Command::new("kill").args([format!("-{signal}"), pid.to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// The children of the process that was started: the cockpit below its guardian.
    pub fn children(&self) -> Vec<i32> {
        let pid = self.pid();
        let path = format!("/proc/{pid}/task/{pid}/children");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    }

    /// Waits for the end, and returns the exit code.
    #[track_caller]
    pub fn wait_exit(&mut self) -> u32 {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < end, "it did not end; the screen was:\n{}", self.screen());
            let seen = self.seen.0.lock().unwrap();
            let _more = self.seen.1.wait_timeout(seen, Duration::from_millis(20)).unwrap();
        }
    }

    /// The modes of the terminal now.
    pub fn modes(&self) -> Modes {
        let raw = termios(&*self.master) != self.cooked;
        let seen = self.seen.0.lock().unwrap();
        let screen = seen.parser.screen();
        Modes {
            alternate: screen.alternate_screen(),
            hidden_cursor: screen.hide_cursor(),
            paste: screen.bracketed_paste(),
            mouse: screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None,
            raw,
        }
    }

    /// Waits until the terminal's modes are as wanted.
    #[track_caller]
    pub fn wait_modes(&self, wanted: Modes) {
        let end = Instant::now() + PATIENCE;
        while self.modes() != wanted {
            assert!(Instant::now() < end, "modes are {:?}; the screen was:\n{}", self.modes(), self.screen());
            let seen = self.seen.0.lock().unwrap();
            let _more = self.seen.1.wait_timeout(seen, Duration::from_millis(20)).unwrap();
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The terminal's line settings, to compare.
fn termios(master: &dyn MasterPty) -> Option<String> {
    master.get_termios().map(|settings| format!("{settings:?}"))
}

/// Runs git in a folder, with an environment of its own and fixed dates.
#[track_caller]
pub fn git(folder: &Path, args: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .current_dir(folder)
        .args([
            "-c",
            "user.name=Ana",
            "-c",
            "user.email=ana@example.org",
            "-c",
            "init.defaultBranch=main",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", "2026-11-01T12:00:00Z")
        .env("GIT_COMMITTER_DATE", "2026-11-01T12:00:00Z")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A repository with a production tag and a hotfix of two files on a branch.
pub fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    git(at, &["init", "-q"]);
    std::fs::create_dir(at.join("src")).unwrap();
    std::fs::write(at.join("src/cart.rs"), "fn total() -> u32 {\n    41\n}\n").unwrap();
    git(at, &["add", "."]);
    git(at, &["commit", "-qm", "Cart"]);
    git(at, &["tag", "v1.0.0"]);
    git(at, &["checkout", "-qb", "hotfix/total"]);
    std::fs::write(at.join("src/cart.rs"), "fn total() -> u32 {\n    42\n}\n").unwrap();
    std::fs::write(at.join("README.md"), "cart\n").unwrap();
    git(at, &["add", "."]);
    git(at, &["commit", "-qm", "Fix the total"]);
    folder
}
