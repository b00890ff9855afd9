//! A program in a terminal of its own.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::{COLUMNS, ROWS};

/// A program in a pty, with the time of each chunk that it writes.
pub struct Pty {
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    chunks: Receiver<(Instant, Vec<u8>)>,
    pub parser: vt100::Parser,
    pub started: Instant,
    pub bytes: usize,
}

impl Pty {
    pub fn start(command: &[&str], folder: &Path, state: &Path) -> Self {
        Self::start_with(command, folder, state, &[])
    }

    pub fn start_with(command: &[&str], folder: &Path, state: &Path, variables: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pty");
        let mut builder = CommandBuilder::new(command[0]);
        builder.args(&command[1..]);
        builder.cwd(folder);
        builder.env("TERM", "xterm-256color");
        builder.env("HOTFIX_STATE_DIR", state);
        builder.env("XDG_CONFIG_HOME", state);
        variables.iter().for_each(|(name, value)| builder.env(name, value));
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

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the pty");
    }

    /// Waits for the next chunk, and returns its time, or `end`.
    pub fn pump(&mut self, end: Instant) -> Instant {
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
    pub fn quiet(&mut self, span: Duration) {
        loop {
            let end = Instant::now() + span;
            if self.pump(end) == end {
                return;
            }
        }
    }

    pub fn quiet_for(&mut self, span: Duration) {
        let end = Instant::now() + span;
        while self.pump(end) != end {}
    }

    pub fn settle(&mut self) {
        self.quiet_for(Duration::from_millis(1500));
    }

    pub fn tree(&self) -> Vec<u32> {
        let mut pids: Vec<u32> = self.child.process_id().into_iter().collect();
        let mut next = 0;
        while let Some(pid) = pids.get(next) {
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            pids.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            next += 1;
        }
        pids
    }

    pub fn end(mut self) {
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            self.pump(Instant::now() + Duration::from_millis(5));
        }
        let _ended = self.child.kill();
    }
}
