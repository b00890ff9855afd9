//! What a run of Apex tests was started with, written down: the org tells nothing of commits.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::deployments::{Deployed, is_same};
use super::super::record::{Kind, Record, slug};
use crate::config::schema::Apex;
use crate::evidence::Oid;

/// How the files of all deployments begin, in the project's folder of state.
const DEPLOYMENTS: &str = "validation-";

/// What a run was started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Started {
    /// Its id.
    pub run: String,
    /// The commit that the org held, if that is known.
    pub commit: Option<Oid>,
    /// The org's last deployment, if there was one.
    pub deploy: Option<String>,
    /// The id of the org.
    pub org: String,
    /// Which tests run.
    pub tests: Apex,
    /// When.
    pub started_at: Timestamp,
}

/// Whether it can be the id of a run: it goes into queries.
pub fn is_id(id: &str) -> bool {
    (15..=18).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Where the record of a source is, in the project's folder of state.
pub fn file(state: &Path, source: &str) -> PathBuf {
    state.join(format!("apex-{}.json", slug(source)))
}

/// The commit that an org holds: that of its last deployment, if that was made from here, to its end, of a clean work tree.
pub fn held(state: &Path, org: &str, last: Option<&Deployed>) -> Option<Oid> {
    let last = last.filter(|last| last.status.as_deref() == Some("Succeeded"))?;
    let names = std::fs::read_dir(state).ok()?.flatten();
    let records = names.filter(|entry| entry.file_name().to_string_lossy().starts_with(DEPLOYMENTS));
    let records = records.filter_map(|entry| Record::read(&entry.path()).ok().flatten());
    let is_it = |record: &Record| {
        record.kind != Kind::Validation && !record.dirty && record.org == org && is_same(&record.deploy, &last.id)
    };
    records.into_iter().find(is_it).map(|record| record.commit)
}
