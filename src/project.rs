//! What every command and the cockpit begin with: the root, the configuration, its trust, the journal.
//! Opening reads one file and asks nobody; git is read when something needs it.

use std::path::{Path, PathBuf};

use color_eyre::eyre::eyre;

use crate::change::source;
use crate::config::schema::{Config, Secret};
use crate::config::trust::{Store, Trust};
use crate::config::uses::Uses;
use crate::config::{ConfigError, Loaded, load};
use crate::evidence::{Oid, text};
use crate::journal::{Identity, Journal, JournalError, Redact, StateFolder, Warning, location};

/// The project that a folder belongs to.
#[derive(Debug, Clone)]
pub struct Project {
    /// The root of the work tree; outside of any, the folder itself.
    pub root: PathBuf,
    /// `hotfix.toml`, if there is one, or why it cannot be used.
    pub config: Result<Option<Loaded>, ConfigError>,
    /// Where journals and the trust store live.
    pub state: StateFolder,
}

impl Project {
    /// The project that `directory` belongs to. A `hotfix.toml` that cannot be used is no error here: a note must be
    /// possible with a broken one.
    ///
    /// # Errors
    /// When the folder does not exist, or there is no place for the journal.
    pub fn open(directory: &Path) -> color_eyre::Result<Self> {
        let folder = directory.canonicalize().map_err(|error| eyre!("{}: {error}", directory.display()))?;
        let root = load::root(&folder).unwrap_or(folder);
        let config = load::find(&root);
        Ok(Self { root, config, state: StateFolder::find()? })
    }

    /// The same project with its journal in another folder: a drill's.
    #[must_use]
    pub fn with_state(self, folder: &Path) -> Self {
        Self { state: StateFolder::at(folder), ..self }
    }

    /// `hotfix.toml`, if there is one.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn loaded(&self) -> Result<Option<&Loaded>, ConfigError> {
        self.config.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// What `hotfix.toml` says, the defaults without one.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn config(&self) -> Result<Config, ConfigError> {
        Ok(self.loaded()?.map(|loaded| loaded.config.clone()).unwrap_or_default())
    }

    /// Whether `hotfix.toml` may be acted upon; `None` without a usable one.
    pub fn trust(&self) -> Option<Trust> {
        let loaded = self.config.as_ref().ok()?.as_ref()?;
        Some(self.trust_store().check(loaded, &self.remotes()))
    }

    /// Where trust is written down.
    pub fn trust_store(&self) -> Store {
        Store::at(self.state.trust())
    }

    /// The places that the repository's remotes point to, sorted.
    pub fn remotes(&self) -> Vec<String> {
        let remotes = match git2::Repository::open(&self.root) {
            Ok(repository) => location::remotes(&repository),
            Err(_) => location::remotes_by_file(&self.root),
        };
        let mut places: Vec<_> = remotes.into_iter().map(|(_, place)| place).collect();
        places.sort();
        places
    }

    /// The folder of this repository's journal. It need not exist yet.
    ///
    /// # Errors
    /// When there is no repository, or the state folder is inside of it.
    pub fn journal_folder(&self) -> Result<PathBuf, JournalError> {
        self.state.journal(&Identity::of(&self.root, &self.state)?)
    }

    /// This repository's journal, for appending.
    ///
    /// # Errors
    /// As [`Journal::open`] and [`Project::journal_folder`].
    pub fn journal(&self) -> Result<(Journal, Vec<Warning>), JournalError> {
        Journal::open(&self.journal_folder()?)
    }

    /// This repository's journal, for reading alone; one without records if there is none.
    ///
    /// # Errors
    /// As [`Journal::open_read_only`] and [`Project::journal_folder`].
    pub fn journal_read_only(&self) -> Result<(Journal, Vec<Warning>), JournalError> {
        Journal::open_read_only(&self.journal_folder()?)
    }

    /// The commit that is checked out: the hotfix tip.
    pub fn head(&self) -> Option<Oid> {
        source::head(&self.root)
    }

    /// What must not be recorded: the values of the secrets in the environment that `hotfix.toml` names. A secret
    /// in a file or behind a command is added when it is fetched.
    pub fn redact(&self) -> Redact {
        let config = self.config().unwrap_or_default();
        let variables = Uses::of(&config).secrets.into_iter().filter_map(|needs| match needs.secret {
            Secret::Env(name) => std::env::var(name).ok(),
            Secret::File(_) | Secret::Command(_) => None,
        });
        Redact::new(variables.map(|value| value.trim().to_owned()))
    }

    /// The name under which this person is recorded: `given`, else the user's own configuration (one that cannot be
    /// used is passed over, `hotfix doctor` tells it), git's `user.name`, the login.
    ///
    /// # Errors
    /// When there is none.
    pub fn who(&self, given: Option<&str>) -> color_eyre::Result<String> {
        let configured = || crate::config::user::load().ok().and_then(|user| user.name);
        let name = given.map(str::to_owned).or_else(configured).or_else(|| self.git_name());
        let name = name.or_else(|| std::env::var("USER").ok());
        let name = name.map(|name| text::clean(name.trim())).filter(|name| !name.is_empty());
        name.ok_or_else(|| eyre!("who are you? Say --by NAME, or set `name` in the user's configuration"))
    }

    fn git_name(&self) -> Option<String> {
        let repository = git2::Repository::open(&self.root).ok()?;
        repository.config().ok()?.snapshot().ok()?.get_str("user.name").ok().map(str::to_owned)
    }
}
