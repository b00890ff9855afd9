//! What was validated, written down beside the journal: the org knows deployments, and no packages of ours.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::evidence::text::clean;
use crate::rollback::model::OrgDeploy;

/// A validation that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Validation {
    /// Its id.
    pub(super) deploy: String,
    /// The org.
    org: String,
    /// What was validated.
    digest: String,
    /// Which tests ran.
    level: String,
    tests: Vec<String>,
    /// When it ended.
    pub(super) completed_at: Timestamp,
}

impl Validation {
    /// Of a package.
    pub(super) fn of(deploy: &OrgDeploy, id: String, completed_at: Timestamp) -> Self {
        let OrgDeploy { org, level, tests, digest, .. } = deploy.clone();
        Self { deploy: id, org, digest, level, tests, completed_at }
    }

    /// That of just this package, for just this org.
    ///
    /// # Errors
    /// When there is none, or it cannot be read. In words.
    pub(super) fn read(state: &Path, deploy: &OrgDeploy) -> Result<Self, String> {
        let file = file(state);
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(none(deploy)),
            text => text.map_err(|error| format!("{}: {error}", clean(&file.display().to_string())))?,
        };
        let known: Self = serde_json::from_str(&text)
            .map_err(|error| format!("{} is damaged: {error}", clean(&file.display().to_string())))?;
        let is_same = known == Self::of(deploy, known.deploy.clone(), known.completed_at);
        if is_same { Ok(known) } else { Err(none(deploy)) }
    }

    /// Writes it down, durably, in place of an older one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, state: &Path) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(state)?;
        io::Write::write_all(&mut file, serde_json::to_string_pretty(self)?.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(self::file(state))?;
        Ok(())
    }
}

fn none(deploy: &OrgDeploy) -> String {
    format!("there is no validation of the package {}: `hotfix rollback --rehearse` makes one", deploy.short_digest())
}

fn file(state: &Path) -> PathBuf {
    state.join("rollback-validation.json")
}
