//! Opens the project, on a thread of its own: the first frame is on the screen by then.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::event::{Toast, What};
use super::inlet::Inlet;
use super::keymap::Keymap;
use super::letter::Letter;
use super::mailbox::Sending;
use super::state::{Standing, State};
use crate::canary::source::Keys;
use crate::change;
use crate::config::schema::Config;
use crate::config::trust::{Permit, Trust};
use crate::config::user;
use crate::http::Client;
use crate::incident::recall::{self, Recalled};
use crate::incident::rehearsals::{self, Rehearsals};
use crate::incident::{self, list};
use crate::journal::writer::Writer;
use crate::journal::{CHECKED, Journal, JournalError, Pen, Reach};
use crate::project::Project;
use crate::rollback::executor::{fallback, fallback_file};
use crate::rollback::state::Event;
use crate::test_results::providers::{Hide, Setup};
use crate::ui::layout::Pane;

/// The project, found: git is asked at once, while the journal is being opened.
#[derive(Debug)]
pub struct Found {
    /// What `hotfix.toml` says; the defaults without one, or with one that cannot be used.
    pub config: Config,
    /// The source that asks git.
    pub change: change::source::Handle,
    /// What the guardian says if the cockpit dies.
    pub last_words: String,
}

/// The project, open.
#[derive(Debug)]
pub struct Opened {
    /// The root of the work tree.
    pub root: PathBuf,
    /// What `hotfix.toml` says; the defaults without one, or with one that cannot be used.
    pub config: Config,
    /// For times of day on the screen.
    pub zone: TimeZone,
    /// How it stands.
    pub standing: Standing,
    /// Proof that it was trusted.
    pub permit: Option<Permit>,
    /// Who is on record.
    pub operator: String,
    /// The keys.
    pub keymap: Keymap,
    /// The token of the metrics server, fetched.
    pub canary_keys: Keys,
    /// The folder of the journal; also of the rollback's lock.
    pub journal_folder: PathBuf,
    /// The journal's thread, or why nothing can be recorded.
    pub writer: Result<Writer, String>,
    /// The active incident; without one, what is on record of a rollback that was fired without one.
    pub recalled: Recalled,
    /// Whether the journal is longer than what an opening looks at.
    pub has_long_journal: bool,
    /// The ids of all incidents.
    pub incidents: Vec<String>,
    /// What the operator must know.
    pub warnings: Vec<String>,
    /// Held as long as this cockpit may change the incident; without it, it only follows.
    pub pen: Option<Pen>,
}

/// What opening found in the journal.
struct Kept {
    writer: Result<Writer, String>,
    recalled: Recalled,
    incidents: Vec<String>,
    is_long: bool,
}

/// The name of a folder, for the header.
pub fn name(directory: &Path) -> String {
    let canonical = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let last = canonical.file_name().map(|name| crate::evidence::text::clean(&name.to_string_lossy()));
    last.unwrap_or_else(|| "/".into())
}

/// What a drill brings along.
#[derive(Debug)]
pub struct Place {
    /// Its configuration is its own.
    pub permit: Permit,
    /// The folder of its state.
    pub state: PathBuf,
    /// Whether it is only watched: the pen stays with those who play it.
    pub is_watched: bool,
}

/// Opens the project that `directory` is in, or the one of a drill, and leaves it in the mailbox.
pub fn start(directory: PathBuf, inlet: Inlet, drill: Option<Place>) {
    let letters = inlet.letters().clone();
    let spawned = std::thread::Builder::new().name("opening".into()).spawn({
        let letters = letters.clone();
        move || match open(&directory, &inlet, drill) {
            Ok(opened) => letters.send(Letter::Opened(Box::new(opened))),
            Err(error) => say(&letters, format!("cannot open {}: {error}", directory.display())),
        }
    });
    if let Err(error) = spawned {
        say(&letters, format!("cannot start a thread: {error}"));
    }
}

fn say(letters: &Sending<Letter>, text: String) {
    letters.send(Letter::Happened(What::Told(Toast::error(text))));
}

fn open(directory: &Path, inlet: &Inlet, drill: Option<Place>) -> color_eyre::Result<Opened> {
    let mut project = Project::open(directory)?;
    let config = project.config().unwrap_or_default();
    let change = change::source::start(&project.root, (&config).into(), inlet.of_change());
    let letters = inlet.letters();
    if let Some(drill) = &drill {
        project = project.with_state(&drill.state);
    }
    let journal_folder = project.journal_folder();
    let last_words = journal_folder.as_deref().map(last_words).unwrap_or_default();
    letters.send(Letter::Found(Box::new(Found { config: config.clone(), change, last_words })));
    let mut warnings = Vec::new();
    let (standing, permit) = standing(&project, drill.as_ref().map(|drill| drill.permit));
    if let Standing::Broken(error) = &standing {
        warnings.push(error.lines().next().unwrap_or_default().to_owned());
    }
    let kept =
        journal_folder.as_ref().map_err(ToString::to_string).and_then(|_| keep(&project, letters, &mut warnings));
    let Kept { writer, recalled, incidents, is_long: has_long_journal } = kept.unwrap_or_else(|why| Kept {
        writer: Err(why),
        recalled: Recalled::default(),
        incidents: Vec::new(),
        is_long: false,
    });
    if let Ok(folder) = &journal_folder {
        remember(folder.clone(), letters.clone());
    }
    let canary_keys = permit.map(|permit| canary_keys(&project, permit, &mut warnings)).unwrap_or_default();
    let is_watched = drill.is_some_and(|drill| drill.is_watched);
    let pen_folder = journal_folder.as_ref().ok().filter(|_| !is_watched);
    let pen = pen_folder.and_then(|folder| reach(folder, &mut warnings));
    Ok(Opened {
        pen,
        canary_keys,
        config,
        zone: TimeZone::system(),
        operator: project.who(None).unwrap_or_else(|_| "operator".into()),
        keymap: keymap(&mut warnings),
        journal_folder: journal_folder.unwrap_or_else(|_| project.state.path().to_owned()),
        root: project.root,
        standing,
        permit,
        writer,
        recalled,
        has_long_journal,
        incidents,
        warnings,
    })
}

fn last_words(journal_folder: &Path) -> String {
    format!("the journal is safe in {}; `hotfix` opens the incident again", journal_folder.display())
}

fn standing(project: &Project, drill: Option<Permit>) -> (Standing, Option<Permit>) {
    match (project.loaded(), drill) {
        (Err(error), _) => (Standing::Broken(error.to_string()), None),
        (Ok(None), _) => (Standing::Missing, None),
        (Ok(Some(_)), Some(permit)) => (Standing::Trusted, Some(permit)),
        (Ok(Some(_)), None) => match project.trust() {
            Some(Trust::Trusted(permit)) => (Standing::Trusted, Some(permit)),
            _ => (Standing::Untrusted, None),
        },
    }
}

fn keep(project: &Project, letters: &Sending<Letter>, warnings: &mut Vec<String>) -> Result<Kept, String> {
    let (journal, found) = match project.journal() {
        Ok(opened) => opened,
        // What cannot be written may still be read.
        Err(error) => return look(project, &error, warnings),
    };
    warnings.extend(found.iter().map(ToString::to_string));
    // What somebody appends while it is read comes twice rather than never.
    let last = journal.last_seq().map_err(|error| error.to_string())?;
    let (recalled, incidents) = read(&journal).map_err(|error| error.to_string())?;
    let letters = letters.clone();
    let subscriber = move |result| letters.send(Letter::Happened(What::Journal(result)));
    let writer = Writer::start_after(last, journal, project.redact(), subscriber).map_err(|error| error.to_string())?;
    Ok(Kept { writer: Ok(writer), recalled, incidents, is_long: last > CHECKED })
}

/// The journal of a folder that cannot be written to.
fn look(project: &Project, why: &JournalError, warnings: &mut Vec<String>) -> Result<Kept, String> {
    let (journal, found) = project.journal_read_only().map_err(|_| why.to_string())?;
    warnings.extend(found.iter().map(ToString::to_string));
    let (recalled, incidents) = read(&journal).map_err(|_| why.to_string())?;
    Ok(Kept { writer: Err(why.to_string()), recalled, incidents, is_long: false })
}

fn read(journal: &Journal) -> Result<(Recalled, Vec<String>), JournalError> {
    let known = journal.incidents()?;
    let active = list::active(&known).map_or(incident::NONE, |active| &active.id);
    Ok((recall::recalled(journal, active)?, known.iter().map(|known| known.id.clone()).collect()))
}

/// Looks for rehearsals in the whole of the journal, which nothing on the screen waits for.
fn remember(folder: PathBuf, letters: Sending<Letter>) {
    let look = move || {
        let found = Journal::open_read_only(&folder).and_then(|(journal, _)| journal.records_of(&[rehearsals::KIND]));
        if let Ok(records) = found {
            letters.send(Letter::Happened(What::Rehearsed(Rehearsals::of(&records))));
        }
    };
    if let Err(error) = std::thread::Builder::new().name("rehearsals".into()).spawn(look) {
        tracing::warn!(%error, "rehearsals before this incident are not known");
    }
}

/// Another cockpit that is open on the same incident keeps the pen: this one is told who has it.
fn reach(folder: &Path, warnings: &mut Vec<String>) -> Option<Pen> {
    match Pen::reach(folder, Timestamp::now()) {
        Ok(Reach::Taken(pen)) => Some(pen),
        Ok(Reach::HeldBy(holder)) => {
            let who =
                holder.map_or_else(|| "another cockpit".into(), |it| format!("process {} on {}", it.pid, it.host));
            warnings.push(format!("read-only: {who} has this incident open"));
            None
        }
        Err(error) => {
            warnings.push(error.to_string());
            None
        }
    }
}

/// A secret that cannot be had is told here, and by the server's answer to a request without it.
fn canary_keys(project: &Project, permit: Permit, warnings: &mut Vec<String>) -> Keys {
    let Some(canary) = project.config().ok().and_then(|config| config.canary) else { return Keys::default() };
    Keys::resolve(&canary, permit, &project.root).unwrap_or_else(|error| {
        warnings.push(format!("canary: {error}"));
        Keys::default()
    })
}

fn keymap(warnings: &mut Vec<String>) -> Keymap {
    let patched = user::load().map_err(|error| error.to_string()).and_then(|user| {
        let keys = user.keys.iter().map(|(id, keys)| (id.clone(), keys.list().to_vec())).collect();
        Keymap::patched(&keys)
    });
    patched.unwrap_or_else(|error| {
        warnings.push(error);
        Keymap::default()
    })
}

impl Opened {
    /// Tells the state what is known now; the incident follows as an event.
    pub fn tell(&self, state: &mut State) -> Vec<What> {
        state.project.operator.clone_from(&self.operator);
        state.zone = self.zone.clone();
        state.project.standing = self.standing.clone();
        state.project.incidents.clone_from(&self.incidents);
        state.ui.keymap = self.keymap.clone();
        state.ui.forget_last(&self.without_source());
        state.project.is_read_only |= self.pen.is_none() && self.writer.is_ok();
        state.ui.damage.add(super::damage::Damage::ALL);
        let recalled = What::Recalled(Box::new(self.recalled.clone()));
        let beside = fallback::read(&fallback_file(&self.journal_folder))
            .into_iter()
            .map(|line| What::Rollback(Event::Unjournaled { entry: line.entry, by: line.actor, at: line.at }));
        let no_journal = self.writer.as_ref().err().map(|why| format!("nothing can be recorded: {why}"));
        let warnings = self.warnings.iter().cloned().chain(no_journal);
        [recalled, What::Opened]
            .into_iter()
            .chain(beside)
            .chain(warnings.map(|text| What::Told(Toast::error(text))))
            .collect()
    }

    /// The panes for which no source will ever answer.
    fn without_source(&self) -> Vec<Pane> {
        let is_trusted = self.permit.is_some();
        let mut panes = vec![Pane::Checklist, Pane::Timeline, Pane::Comms];
        if !is_trusted || self.config.canary.is_none() {
            panes.push(Pane::Canary);
        }
        if !is_trusted || self.config.rollback.is_none() {
            panes.push(Pane::Rollback);
        }
        panes
    }

    /// What the servers of test results work with.
    pub fn servers(&self, http: &Client, permit: Permit) -> Setup {
        Setup {
            permit,
            client: http.clone(),
            root: self.root.clone(),
            state: Some(self.journal_folder.clone()),
            hide: self.hide(),
        }
    }

    /// Takes a secret that is fetched later out of whatever is recorded.
    pub fn hide(&self) -> Hide {
        let writer = self.writer.as_ref().ok().cloned();
        Arc::new(move |secret| writer.iter().for_each(|writer| writer.hide(vec![secret.to_owned()])))
    }

    /// Takes the secrets that were fetched out of whatever is recorded.
    pub fn hide_secrets(&self) {
        if let Ok(writer) = &self.writer {
            writer.hide(self.canary_keys.all().cloned().collect());
        }
    }
}
