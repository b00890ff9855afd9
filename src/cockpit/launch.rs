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
use super::event::{Toast, What};
use super::guardian::LastWords;
use super::hands::Hands;
use super::last_screen;
use super::letter::Letter;
use super::mailbox::{Sending, mailbox};
use super::runtime::{self, Runtime};
use super::state::{DrillShown, Project};
use super::terminal::{self, Session};
use super::tour::Tour;
use super::{opening, signals};
use crate::config::trust::Permit;
use crate::config::user::Way;
use crate::drill::clock::{Clock as DrillClock, Tempo};
use crate::drill::door::{self, Running};
use crate::drill::kept::Played;
use crate::drill::live::{Live, News};
use crate::drill::scenario::Scenario;
use crate::drill::visit::Followed;
use crate::evidence::text::clean;
use crate::journal::StateFolder;
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
    /// How the operator wants to be called when a clock turns.
    pub notify: Vec<Way>,
}

/// A drill to open on.
pub enum Drill {
    /// One that is to be played.
    Play {
        /// What happens in it.
        scenario: Box<Scenario>,
        /// The seed of its world.
        seed: u64,
        /// How its time goes at the start.
        tempo: Tempo,
        /// Whether the guided tour is offered.
        offers_tour: bool,
    },
    /// One that another cockpit plays: it is watched.
    Watch(Running),
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
    let Launch { directory, state_folder, theme, is_read_only, drill, asks, notify } = launch;
    let (sending, letters) = mailbox()?;
    install_panic_hook(session.clone(), errors, sending.clone());
    let offers_tour = matches!(drill, Some(Drill::Play { offers_tour: true, .. }));
    let stage = drill.map(|drill| Stage::set(drill, &state_folder, &sending)).transpose()?;
    let directory = stage.as_ref().map_or(directory, |stage| stage.root.clone());
    let clock = stage.as_ref().map_or_else(Clock::wall, |stage| Clock::of_drill(stage.clock.clone()));
    let project = Project {
        name: opening::name(&directory),
        is_read_only: is_read_only || stage.as_ref().is_some_and(|stage| stage.place.is_watched),
        drill: stage.as_ref().map(|stage| DrillShown { name: stage.name.clone(), tempo: stage.clock.tempo() }),
        notify,
        ..Project::default()
    };
    let mut state = runtime::initial(clock.now(), project);
    state.entropy = entropy();
    state.ui.tour = offers_tour.then(Tour::default);
    let (place, world, runtime) = match stage {
        Some(Stage { place, world, runtime, .. }) => (Some(place), world, Some(runtime)),
        None => {
            state.ui.last_screen = last_screen::load(&state_folder, &directory, state.ui.size);
            (None, None, None)
        }
    };
    let hands = Hands::new(sending.clone(), clock.clone(), words, world, runtime).asking(asks);
    let lead = session.enter().wrap_err("the terminal refuses raw mode")?;
    let loop_ = Runtime::new(state, theme, clock, session.clone(), letters, hands, lead);
    let (state, screen, hands, code) = loop_.run(|hands| {
        // First of all: git is what takes longest.
        opening::start(directory.clone(), hands.inlet(), place);
        hands.start()?;
        hands.spawn(signals::listen(sending.clone(), session.clone()));
        Ok(())
    })?;
    if state.project.drill.is_none() {
        last_screen::save(&state_folder, &directory, &state, screen.shown());
    }
    Ok((code, hands.played(&state.records)))
}

/// What a drill needs before its first frame: the one kind of cockpit that needs a runtime so early.
struct Stage {
    name: String,
    root: PathBuf,
    clock: DrillClock,
    place: opening::Place,
    world: Option<(Live, News)>,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    fn set(drill: Drill, state_folder: &Path, letters: &Sending<Letter>) -> Result<Self> {
        let runtime = Hands::runtime().wrap_err("no thread can be started")?;
        match drill {
            Drill::Play { scenario, seed, tempo, .. } => {
                let (mut live, news) = runtime.block_on(Live::start(*scenario, seed, tempo))?;
                let notes = door::notes(&StateFolder::at(state_folder));
                if let Err(error) = runtime.block_on(async { live.open_door(&notes) }) {
                    let told = format!("no second terminal can steer this drill: {error}");
                    letters.send(Letter::Happened(What::Told(Toast::error(told))));
                }
                let (name, root, clock) = (live.scenario().name.clone(), live.root().to_owned(), live.clock().clone());
                let place = opening::Place { permit: Permit::for_drill(), state: live.state_dir(), is_watched: false };
                Ok(Self { name, root, clock, place, world: Some((live, news)), runtime })
            }
            Drill::Watch(running) => {
                let followed = runtime.block_on(Followed::reach(&running));
                let followed = followed.wrap_err("the drill does not answer")?;
                let clock = followed.clock.clone();
                let letters = letters.clone();
                runtime.spawn(async move {
                    followed.keep().await;
                    letters.send(Letter::Stop(0));
                });
                let name = format!("watching {}", clean(&running.name));
                let place = opening::Place { permit: Permit::for_drill(), state: running.state, is_watched: true };
                Ok(Self { name, root: running.root, clock, place, world: None, runtime })
            }
        }
    }
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
pub fn install_panic_hook(session: Session, errors: &Errors, sending: Sending<Letter>) {
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
            let toast = Toast::error(format!("a worker failed: {}", message(info)));
            sending.send(Letter::Happened(What::Told(toast)));
        }
    }));
}

fn message(info: &PanicHookInfo<'_>) -> String {
    let said = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
    clean(&format!("{said}{place}"))
}

fn entropy() -> u64 {
    let mut bytes = [0; 8];
    let _time_alone_will_do =
        File::open("/dev/urandom").and_then(|mut source| io::Read::read_exact(&mut source, &mut bytes));
    u64::from_ne_bytes(bytes)
}
