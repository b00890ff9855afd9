//! `git daemon` on loopback: a remote that speaks a protocol, as the ones in the world do.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server of the repositories below a folder.
pub struct Daemon {
    child: Child,
    port: u16,
}

impl Daemon {
    /// Starts one; `None`, said aloud, where git came without it.
    pub fn start(base: &Path) -> Option<Self> {
        Self::start_with(base, &["--enable=receive-pack"])
    }

    /// One that lets nobody push, and says so.
    pub fn read_only(base: &Path) -> Option<Self> {
        Self::start_with(base, &["--informative-errors"])
    }

    fn start_with(base: &Path, more: &[&str]) -> Option<Self> {
        let at = Command::new("git").arg("--exec-path").output().ok()?.stdout;
        if !Path::new(String::from_utf8_lossy(&at).trim()).join("git-daemon").exists() {
            assert!(std::env::var_os("HOTFIX_REQUIRE_TOOLS").is_none(), "git daemon is needed");
            eprintln!("SKIPPED: this git has no `git daemon`");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("git");
        command.args(["daemon", "--reuseaddr", "--export-all", "--listen=127.0.0.1"]).args(more);
        command.arg(format!("--port={port}")).arg(format!("--base-path={}", base.display())).arg(base);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = Self { child: command.spawn().unwrap(), port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "git daemon does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(daemon)
    }

    /// The address of a repository.
    pub fn url(&self, name: &str) -> String {
        format!("git://127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has its service in a child of its own, which ends with it.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
