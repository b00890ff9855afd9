//! What a validation or a deployment was started with, written down: the org tells nothing of commits.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::schema::TestLevel;
use crate::evidence::Oid;

/// The longest record that is read, in bytes.
const LIMIT: u64 = 64 * 1024;

/// What was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `sf project deploy validate`: everything but the change of the org.
    #[default]
    Validation,
    /// `sf project deploy start`
    Deployment,
    /// `sf project deploy quick`: what a validation proved, without its tests.
    Quick,
}

impl Kind {
    /// In one word.
    pub fn label(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Deployment => "deployment",
            Self::Quick => "quick deployment",
        }
    }
}

/// What a validation or a deployment was started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What it is.
    #[serde(default)]
    pub kind: Kind,
    /// Its id; empty until the org has told it.
    pub deploy: String,
    /// The validation that a quick deployment deploys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<String>,
    /// The commit.
    pub commit: Oid,
    /// Whether the work tree differed from it, before or after.
    pub dirty: bool,
    /// What the manifest held; none where a folder is deployed.
    pub manifest: Option<String>,
    /// The id of the org.
    pub org: String,
    /// Which tests run.
    pub level: TestLevel,
    /// When.
    pub started_at: Timestamp,
}

/// Where the record of a source is, in the project's folder of state.
pub fn file(state: &Path, source: &str) -> PathBuf {
    state.join(format!("validation-{}.json", slug(source)))
}

/// A name may hold anything: its hash may not.
pub(super) fn slug(source: &str) -> String {
    crate::journal::record::hex(&Sha256::digest(source.as_bytes()))[..16].to_owned()
}

/// Where the record of a quick deployment is, beside that of its validation.
pub fn quick_file(record: &Path) -> PathBuf {
    record.with_extension("quick.json")
}

impl Record {
    /// The record in a file; none if there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn read(path: &Path) -> Result<Option<Self>, String> {
        read(path)
    }

    /// Writes it down, durably, in place of an older one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        write(self, path)
    }
}

/// The record in a file; none if there is none.
///
/// # Errors
/// When it cannot be read, or is damaged.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    let length = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
        Ok(metadata) => metadata.len(),
    };
    if length > LIMIT {
        return Err(format!("{} is too long to be what it should be", path.display()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map(Some).map_err(|error| format!("{} is damaged: {error}", path.display()))
}

/// Writes a record down, durably, in place of an older one.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write<T: Serialize>(record: &T, path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(serde_json::to_string_pretty(record)?.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

/// What a manifest holds, as a hash.
///
/// # Errors
/// When it cannot be read.
pub fn manifest_hash(path: &Path) -> std::io::Result<String> {
    Ok(crate::journal::record::hex(&Sha256::digest(std::fs::read(path)?)))
}
