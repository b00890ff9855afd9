//! A visit to a running drill: which ones there are, an order and its answer, and following a clock.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt};

use super::clock::Clock;
use super::door::{Answer, Ask, Pace, Running};
use super::steering::Order;
use crate::evidence::text::clean;

/// How long a drill may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer or note, in bytes.
const LIMIT: u64 = 64 * 1024;

/// Why a running drill was not reached.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// There is none.
    #[error("no drill is running: `hotfix drill` starts one")]
    NoneRunning,
    /// None is called so.
    #[error("no running drill is called `{name}`; running: {running}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those that run.
        running: String,
    },
    /// There are several, and nobody said which one.
    #[error("several drills are running: say which one with --drill: {running}")]
    Several {
        /// Those that run.
        running: String,
    },
    /// It does not answer.
    #[error("the drill of process {pid} does not answer: {why}")]
    Silent {
        /// Which.
        pid: u32,
        /// What the system says.
        why: io::Error,
    },
    /// It did not do what was asked.
    #[error("{0}")]
    Refused(String),
}

/// The drills that run, by their notes in a folder, the oldest first. Notes that a killed drill left are taken away.
pub fn running(notes: &Path) -> Vec<Running> {
    let files = fs::read_dir(notes).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<Running> = files.filter_map(|path| alive(&path)).collect();
    found.sort_by_key(|it| (it.started_at, it.pid));
    found
}

fn alive(note: &Path) -> Option<Running> {
    let mut text = String::new();
    fs::File::open(note).ok()?.take(LIMIT).read_to_string(&mut text).ok()?;
    // A note that is being written now is no drill yet.
    let running: Running = serde_json::from_str(&text).ok()?;
    match UnixStream::connect(&running.socket) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            let _somebody_was_faster = fs::remove_file(note);
            None
        }
        _ => Some(running),
    }
}

/// The drill that is meant: by its process or its scenario where several run.
///
/// # Errors
/// When there is none, none of that name, or more than one.
pub fn find(notes: &Path, name: Option<&str>) -> Result<Running, VisitError> {
    let all = running(notes);
    let told = |all: &[Running]| all.iter().map(Running::told).collect::<Vec<_>>().join(", ");
    if all.is_empty() {
        return Err(VisitError::NoneRunning);
    }
    let is_it = |it: &&Running| name.is_none_or(|name| it.is_called(name));
    let mut meant: Vec<Running> = all.iter().filter(is_it).cloned().collect();
    match (meant.len(), name) {
        (0, name) => Err(VisitError::Unknown { name: clean(name.unwrap_or_default()), running: told(&all) }),
        (1, _) => Ok(meant.remove(0)),
        _ => Err(VisitError::Several { running: told(&meant) }),
    }
}

impl Running {
    fn is_called(&self, name: &str) -> bool {
        self.pid.to_string() == name || self.scenario == name || self.scenario.split('-').next() == Some(name)
    }

    /// `4711 (d1-bad-canary)`
    fn told(&self) -> String {
        format!("{} ({})", self.pid, clean(&self.scenario))
    }

    /// Gives it an order. Returns what was done.
    ///
    /// # Errors
    /// When it does not answer, or did not do it.
    pub fn order(&self, order: Order) -> Result<String, VisitError> {
        let silent = |why| VisitError::Silent { pid: self.pid, why };
        let answer = self.ask(&Ask::Steer(order)).map_err(silent)?;
        if answer.done { Ok(answer.said) } else { Err(VisitError::Refused(answer.said)) }
    }

    fn ask(&self, ask: &Ask) -> io::Result<Answer> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{}\n", serde_json::to_string(ask)?).as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream.take(LIMIT)).read_line(&mut line)?;
        let answer: Answer = serde_json::from_str(&line)?;
        Ok(Answer { said: clean(&answer.said), ..answer })
    }
}

/// The clock of a running drill, followed from here.
pub struct Followed {
    /// It shows what the drill's shows.
    pub clock: Clock,
    lines: tokio::io::Lines<tokio::io::BufReader<tokio::net::UnixStream>>,
}

impl Followed {
    /// Reaches the drill, and sets the clock for the first time.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn reach(running: &Running) -> io::Result<Self> {
        let mut stream = tokio::net::UnixStream::connect(&running.socket).await?;
        stream.write_all(format!("{}\n", serde_json::to_string(&Ask::Follow)?).as_bytes()).await?;
        let mut lines = tokio::io::BufReader::new(stream).lines();
        let first = tokio::time::timeout(PATIENCE, next(&mut lines)).await.ok().flatten();
        let pace = first.ok_or_else(|| io::Error::other("it ended"))?;
        Ok(Self { clock: Clock::started(running.started_at, pace.passed(), pace.tempo()), lines })
    }

    /// Keeps the clock right until the drill ends.
    pub async fn keep(mut self) {
        while let Some(pace) = next(&mut self.lines).await {
            self.clock.follow(pace.passed(), pace.tempo());
        }
    }
}

async fn next(lines: &mut tokio::io::Lines<tokio::io::BufReader<tokio::net::UnixStream>>) -> Option<Pace> {
    let line = lines.next_line().await.ok().flatten()?;
    serde_json::from_str(&line).ok()
}
