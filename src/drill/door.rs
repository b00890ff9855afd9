//! The door of a running drill, for a second terminal: a socket in the drill's own folder, which only its user can
//! enter, and a note in the state folder that says where it is. One line of JSON asks, one line answers.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::clock::{Clock, Going, Tempo};
use super::replay::FACILITATOR;
use super::steering::{Order, Steering};
use crate::evidence::text::clean;
use crate::journal::StateFolder;

/// The longest line, in bytes.
const LINE_LIMIT: u64 = 16 * 1024;
/// How long a visitor may take to ask.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running drill, as its note tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The process that plays it, which is its name for `--drill`.
    pub pid: u32,
    /// The scenario's id.
    pub scenario: String,
    /// Its name for people.
    pub name: String,
    /// When it started.
    pub started_at: Timestamp,
    /// The socket.
    pub socket: PathBuf,
    /// The repository.
    pub root: PathBuf,
    /// The folder of its journal.
    pub state: PathBuf,
}

/// What a visitor asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Carry this out.
    Steer(Order),
    /// Tell how the clock goes, now and whenever that changes, until one of us ends.
    Follow,
}

/// The answer to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it was done.
    pub done: bool,
    /// What was done, or why not.
    pub said: String,
}

/// How the clock goes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Seconds of the drill that have passed.
    pub passed_s: f64,
    /// Seconds of the drill in a real second.
    pub speed: f64,
    /// Whether it stands still.
    pub paused: bool,
}

impl Pace {
    /// The time that has passed; nothing where the number is none.
    pub fn passed(&self) -> Duration {
        Duration::try_from_secs_f64(self.passed_s).unwrap_or_default()
    }

    /// How time goes.
    pub fn tempo(&self) -> Tempo {
        Tempo { is_paused: self.paused, ..Tempo::running(self.speed) }
    }
}

/// Where the notes of running drills are.
pub fn notes(state: &StateFolder) -> PathBuf {
    state.path().join("drills").join("running")
}

/// The open door of a running drill. Dropping it closes it and takes the note away.
#[derive(Debug)]
pub struct Door {
    note: PathBuf,
    _tasks: JoinSet<()>,
}

impl Door {
    /// Opens the door of a drill and leaves the note in `notes`.
    ///
    /// # Errors
    /// When socket or note cannot be made.
    pub fn open(running: &Running, notes: &Path, steering: Steering, clock: Clock) -> io::Result<Self> {
        let listener = UnixListener::bind(&running.socket)?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(notes)?;
        let note = notes.join(format!("{}.json", running.pid));
        // One that a drill left which was killed, and whose number came again.
        let _none_left = fs::remove_file(&note);
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&note)?;
        serde_json::to_writer(file, running)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, steering, clock));
        Ok(Self { note, _tasks: tasks })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _gone_already = fs::remove_file(&self.note);
    }
}

async fn accept(listener: UnixListener, steering: Steering, clock: Clock) {
    let mut visits = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = visits.join_next(), if !visits.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { visits.spawn(receive(stream, steering.clone(), clock.clone())); }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

/// A visit that breaks off is the visitor's business.
async fn receive(stream: UnixStream, steering: Steering, clock: Clock) {
    // The folder is closed to others already; whoever is no owner of it is no visitor either.
    let is_own = stream.peer_cred().is_ok_and(|peer| peer.uid() == rustix::process::geteuid().as_raw());
    if !is_own {
        return;
    }
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(LINE_LIMIT));
    let asked = tokio::time::timeout(PATIENCE, reader.read_line(&mut line)).await;
    if !matches!(asked, Ok(Ok(1..))) {
        return;
    }
    match serde_json::from_str::<Ask>(&line) {
        Ok(Ask::Steer(order)) => {
            let done = steering.carry_out(order, FACILITATOR).await;
            let answer = Answer { done: done.is_ok(), said: done.unwrap_or_else(|why| why) };
            let _visitor_gone = writer.write_all(lined(&answer).as_bytes()).await;
        }
        Ok(Ask::Follow) => tell_pace(&clock, &mut writer).await,
        Err(error) => {
            let answer = Answer { done: false, said: format!("not understood: {}", clean(&error.to_string())) };
            let _visitor_gone = writer.write_all(lined(&answer).as_bytes()).await;
        }
    }
}

async fn tell_pace(clock: &Clock, writer: &mut (impl AsyncWriteExt + Unpin)) {
    let mut changes = clock.changes();
    while let Some(Going { passed, tempo, .. }) = changes.next().await {
        let pace = Pace { passed_s: passed.as_secs_f64(), speed: tempo.speed, paused: tempo.is_paused };
        if writer.write_all(lined(&pace).as_bytes()).await.is_err() {
            return;
        }
    }
}

fn lined(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

#[cfg(test)]
#[path = "door_tests.rs"]
mod tests;
