//! Where runs are kept: a folder of its own in the state folder, apart from the journals of real incidents.

use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::history::Summary;
use super::kept::Kept;
use crate::evidence::text::clean;
use crate::journal::StateFolder;

/// The largest file that is read, in bytes.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

/// The folder of the runs.
#[derive(Debug, Clone)]
pub struct Archive(PathBuf);

/// What could not be done with it, and where.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The system refused.
    #[error("{path}: {why}")]
    System {
        /// Which file or folder.
        path: String,
        /// What the system says.
        why: io::Error,
    },
    /// The file is no run, or too large for one.
    #[error("{path} is no run of this version: {why}; take it away, and play another")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// There is no such run.
    #[error("no run is called `{name}`; `hotfix drill history` lists them")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// There is none at all.
    #[error("no drill was kept yet; `hotfix drill` plays one")]
    Empty,
}

/// Every run that could be read, the oldest first, and what is to be said of the others.
pub type Runs = (Vec<Summary>, Vec<ArchiveError>);

impl Archive {
    /// The one of this state folder.
    pub fn of(state: &StateFolder) -> Self {
        Self(state.path().join("drills"))
    }

    /// Keeps a run, readable for its user alone, under the next free name of its scenario. Returns it with its name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, mut run: Kept) -> Result<Kept, ArchiveError> {
        fs::create_dir_all(&self.0).map_err(|why| refused(&self.0, why))?;
        let stem = stem(&run.score.scenario);
        let mut number = self.numbers(&stem)?.into_iter().max().unwrap_or(0);
        loop {
            number += 1;
            run.id = format!("{stem}-{number}");
            let path = self.path(&run.id);
            let mut file = tempfile::NamedTempFile::new_in(&self.0).map_err(|why| refused(&self.0, why))?;
            let text = serde_json::to_string(&run).map_err(|why| refused(&path, why.into()))?;
            file.write_all(text.as_bytes())
                .and_then(|()| file.as_file().sync_all())
                .map_err(|why| refused(&path, why))?;
            match file.persist_noclobber(&path) {
                Ok(_) => return Ok(run),
                // Another drill ended in the same moment.
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(refused(&path, error.error)),
            }
        }
    }

    /// Every run in short.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn all(&self) -> Result<Runs, ArchiveError> {
        let (mut runs, mut damaged) = (Vec::new(), Vec::new());
        for name in self.names()? {
            match read::<Summary>(&self.path(&name)) {
                Ok(run) => runs.push(run),
                Err(error) => damaged.push(error),
            }
        }
        runs.sort_by_key(|run| run.kept_at);
        Ok((runs, damaged))
    }

    /// A run by its name; the newest of a scenario by its id or number (`d1`), the newest of all by `last`.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn find(&self, name: &str) -> Result<Kept, ArchiveError> {
        let (runs, _) = self.all()?;
        let is_it = |run: &&Summary| {
            let scenario = &run.score.scenario;
            name == "last" || *scenario == name || scenario.split('-').next() == Some(name)
        };
        let exact = runs.iter().find(|run| run.id == name);
        match exact.or_else(|| runs.iter().rfind(is_it)) {
            Some(run) => read(&self.path(&run.id)),
            None if runs.is_empty() => Err(ArchiveError::Empty),
            None => Err(ArchiveError::Unknown { name: clean(name) }),
        }
    }

    /// The run before this one, by the same team in the same version of the scenario.
    ///
    /// # Errors
    /// When the folder or the run cannot be read.
    pub fn before(&self, run: &Kept) -> Result<Option<Kept>, ArchiveError> {
        let (runs, _) = self.all()?;
        let earlier = runs.iter().rfind(|it| it.is_comparable(run) && it.kept_at < run.kept_at && it.id != run.id);
        earlier.map(|it| read(&self.path(&it.id))).transpose()
    }

    fn names(&self) -> Result<Vec<String>, ArchiveError> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(why) => return Err(refused(&self.0, why)),
        };
        let name = |entry: io::Result<fs::DirEntry>| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(".json").map(str::to_owned)
        };
        Ok(entries.filter_map(name).collect())
    }

    fn numbers(&self, stem: &str) -> Result<Vec<u64>, ArchiveError> {
        let names = self.names()?;
        Ok(names.iter().filter_map(|name| name.strip_prefix(stem)?.strip_prefix('-')?.parse().ok()).collect())
    }

    fn path(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}.json"))
    }
}

/// A scenario's id as the name of a file: a team's own may hold anything.
fn stem(id: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = id.chars().take(60).map(keep).collect();
    if name.trim_matches('-').is_empty() { "drill".into() } else { name }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ArchiveError> {
    let damaged = |why: String| ArchiveError::Damaged { path: clean(&path.display().to_string()), why: clean(&why) };
    let file = File::open(path).map_err(|why| refused(path, why))?;
    let size = file.metadata().map_err(|why| refused(path, why))?.len();
    if size > SIZE_LIMIT {
        return Err(damaged(format!("it has {size} bytes")));
    }
    serde_json::from_reader(BufReader::new(file)).map_err(|why| damaged(why.to_string()))
}

fn refused(path: &Path, why: io::Error) -> ArchiveError {
    ArchiveError::System { path: clean(&path.display().to_string()), why }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
