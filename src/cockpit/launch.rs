//! From the command line to the loop, and back to the shell.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use color_eyre::eyre::{Context as _, Result};

use super::assessment::Asks;
use super::clock::Clock;
use super::guardian::LastWords;
use super::hands::Hands;
use super::last_screen;
use super::mailbox::mailbox;
use super::runtime::{self, Runtime};
use super::state::Project;
use super::terminal::{self, Session};
use super::{opening, signals};
use crate::config::trust::Permit;
use crate::drill::kept::Played;
use crate::drill::live::{Live, News};
use crate::drill::scenario::Scenario;
use crate::ui::theme::Theme;

/// What the cockpit is started on.
pub struct Launch {
    /// The folder, in a repository.
    pub directory: PathBuf,
    /// Where journals, the log and the last screens are.
    pub state_folder: PathBuf,
    /// The look.
    pub theme: Theme,
    /// Nothing dangerous may be done.
    pub is_read_only: bool,
    /// The drill to open on.
    pub drill: Option<Drill>,
    /// When it asks the three questions by itself.
    pub asks: Asks,
}

/// A drill that is to be played.
pub struct Drill {
    /// What happens in it.
    pub scenario: Scenario,
    /// The seed of its world.
    pub seed: u64,
    /// Its seconds in a real second.
    pub speed: f64,
}

/// How a cockpit ended.
pub struct Ended {
    /// The exit code.
    pub code: u8,
    /// The drill that was played.
    pub played: Option<Played>,
}

/// Runs the cockpit until it ends; `words` are what its guardian says if it dies.
///
/// # Errors
/// When there is no terminal, or the drill's world cannot be made.
pub fn run(launch: Launch, words: LastWords) -> Result<Ended> {
    Session::open().wrap_err("the cockpit needs a terminal; `hotfix status` prints the same without one")?;
    terminal::unblock_input().wrap_err("no controlling terminal")?;
    let session = Session::open()?;
    let errors = Errors::redirect(&launch.state_folder)?;
    let result = cockpit(launch, &session, words, &errors);
    session.leave();
    errors.restore();
    result.map(|(code, played)| Ended { code, played })
}

fn cockpit(launch: Launch, session: &Session, words: LastWords, errors: &Errors) -> Result<(u8, Option<Played>)> {
    let Launch { directory, state_folder, theme, is_read_only, drill, asks } = launch;
    let (runtime, live) = drill.map(play).transpose()?.unzip();
    let (live, news) = live.unzip();
    let directory = live.as_ref().map_or(directory, |live| live.root().to_owned());
    let clock = live.as_ref().map_or_else(Clock::wall, simulated);
    let (sending, letters) = mailbox()?;
    install_panic_hook(session.clone(), errors, sending.clone());
    let project = Project {
        name: opening::name(&directory),
        is_read_only,
        drill: live.as_ref().map(banner),
        ..Project::default()
    };
    let mut state = runtime::initial(clock.now(), project);
    state.entropy = entropy();
    if live.is_none() {
        state.ui.last_screen = last_screen::load(&state_folder, &directory, state.ui.size);
    }
    let hands = Hands::new(sending.clone(), clock, words, live.zip(news), runtime).asking(asks);
    let lead = session.enter().wrap_err("the terminal refuses raw mode")?;
    let loop_ = Runtime::new(state, theme, clock, session.clone(), letters, hands, lead);
    let (state, screen, hands, code) = loop_.run(|hands| {
        // First of all: git is what takes longest.
        opening::start(
            directory.clone(),
            hands.inlet(),
            hands.drill_folder().map(|folder| (Permit::for_drill(), folder)),
        );
        hands.start()?;
        hands.spawn(signals::listen(sending.clone(), session.clone()));
        Ok(())
    })?;
    if state.project.drill.is_none() {
        last_screen::save(&state_folder, &directory, &state, screen.shown());
    }
    Ok((code, hands.played(&state.records)))
}

/// Makes a drill's world: the one cockpit that needs a runtime before its first frame.
fn play(drill: Drill) -> Result<(tokio::runtime::Runtime, (Live, News))> {
    let runtime = Hands::runtime().wrap_err("no thread can be started")?;
    let live = runtime.block_on(Live::start(drill.scenario, drill.seed, drill.speed))?;
    Ok((runtime, live))
}

/// The drill's clock as the cockpit's.
fn simulated(live: &Live) -> Clock {
    let clock = live.clock();
    Clock::simulated(clock.origin, clock.origin_real, clock.speed)
}

fn banner(live: &Live) -> String {
    let speed = live.clock().speed;
    let faster = if (speed - 1.0).abs() < f64::EPSILON { String::new() } else { format!(" x{speed}") };
    format!("{}{faster}", live.scenario().name)
}

/// Where standard error goes while the screen is up, and where it went before.
pub struct Errors {
    before: Arc<OwnedFd>,
    log: PathBuf,
}

impl Errors {
    /// Sends standard error, and what is traced, to the log in this folder.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn redirect(state_folder: &Path) -> Result<Self> {
        let before = rustix::io::dup(rustix::stdio::stderr())?;
        let log = state_folder.join("hotfix.log");
        fs::create_dir_all(state_folder).wrap_err_with(|| format!("cannot make {}", state_folder.display()))?;
        let file = open_log(&log).wrap_err_with(|| format!("cannot write {}", log.display()))?;
        terminal::redirect_errors(&file)?;
        start_tracing(file);
        Ok(Self { before: Arc::new(before), log })
    }

    /// Gives standard error back.
    pub fn restore(&self) {
        let _terminal_gone = rustix::stdio::dup2_stderr(&self.before);
    }
}

/// The log is begun anew when it has grown beyond this, in bytes.
const LOG_LIMIT: u64 = 4 * 1024 * 1024;

fn open_log(path: &Path) -> io::Result<File> {
    if fs::metadata(path).is_ok_and(|data| data.len() > LOG_LIMIT) {
        fs::rename(path, path.with_extension("log.1"))?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

fn start_tracing(file: File) {
    let writer = std::sync::Mutex::new(file);
    let subscriber =
        tracing_subscriber::fmt().with_writer(writer).with_ansi(false).with_max_level(tracing::Level::INFO);
    let _already_started = subscriber.try_init();
}

/// A panic of the drawing thread gives the terminal back first and reports second; one of a source's thread
/// is told on the living screen.
pub fn install_panic_hook(session: Session, errors: &Errors, sending: super::mailbox::Sending<super::letter::Letter>) {
    let drawing = std::thread::current().id();
    let before = errors.before.clone();
    let log = errors.log.clone();
    std::panic::set_hook(Box::new(move |info| {
        let report = format!("hotfix: {info}\n{}", std::backtrace::Backtrace::force_capture());
        let _log_full = io::stderr().write_all(report.as_bytes());
        if std::thread::current().id() == drawing {
            session.leave();
            let told = format!(
                "hotfix: the cockpit broke: {}\nhotfix: the journal is safe; the full report is in {}\n",
                message(info),
                log.display()
            );
            let _terminal_gone = rustix::io::write(&before, told.as_bytes());
        } else {
            let toast = super::event::Toast::error(format!("a worker failed: {}", message(info)));
            sending.send(super::letter::Letter::Happened(super::event::What::Told(toast)));
        }
    }));
}

fn message(info: &PanicHookInfo<'_>) -> String {
    let said = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
    crate::evidence::text::clean(&format!("{said}{place}"))
}

fn entropy() -> u64 {
    let mut bytes = [0; 8];
    let _time_alone_will_do =
        File::open("/dev/urandom").and_then(|mut source| io::Read::read_exact(&mut source, &mut bytes));
    u64::from_ne_bytes(bytes)
}
