//! What was deployed to an org, as its own list tells it: that voids validations, and changes what its tests run on.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::command::Sf;
use super::payload::instant;
use crate::http::HttpError;

/// One that came to a good end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Deployed {
    /// Its id.
    pub id: String,
    /// When it ended.
    #[serde(rename = "CompletedDate", deserialize_with = "time")]
    pub at: Option<Timestamp>,
    /// `Succeeded`, or `SucceededPartial`.
    pub status: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Found {
    records: Vec<Deployed>,
}

/// The first two after a moment.
///
/// # Errors
/// When the org cannot be asked.
pub async fn after(sf: &Sf, at: Timestamp) -> Result<Vec<Deployed>, HttpError> {
    let after = format!("AND CompletedDate > {} ", at.strftime("%Y-%m-%dT%H:%M:%SZ"));
    list(sf, &after, "ORDER BY CompletedDate LIMIT 2").await
}

/// The last one.
///
/// # Errors
/// When the org cannot be asked.
pub async fn last(sf: &Sf) -> Result<Option<Deployed>, HttpError> {
    Ok(list(sf, "", "ORDER BY CompletedDate DESC LIMIT 1").await?.into_iter().next())
}

async fn list(sf: &Sf, when: &str, order: &str) -> Result<Vec<Deployed>, HttpError> {
    let query = format!(
        "SELECT Id, CompletedDate, Status FROM DeployRequest WHERE CheckOnly = false {when}\
         AND Status IN ('Succeeded', 'SucceededPartial') {order}"
    );
    Ok(sf.ask::<Found>(&["data", "query", "--use-tooling-api", "--query", &query]).await?.records)
}

/// Whether two ids mean the same: the long form of one is the short one with three letters behind it.
pub fn is_same(one: &str, other: &str) -> bool {
    const SHORT: usize = 15;
    match (one.get(..SHORT), other.get(..SHORT)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other && !one.is_empty(),
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.as_deref().and_then(instant))
}
