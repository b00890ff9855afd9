//! A journal of an earlier version is brought to this one: in one transaction, and a copy is kept before it.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::recovery::{self, Trouble};
use super::{JournalError, rows};

/// What the copy has behind the database's name, before the version that it is of and the time.
const BEFORE: &str = ".schema-";

/// Refuses a schema of the future, and brings an older one to this version. The caller has its turn.
pub fn settle(path: &Path, connection: Connection) -> Result<Connection, Trouble> {
    let broken = |error: &rusqlite::Error| recovery::trouble(path, error);
    let version = rows::schema(&connection).map_err(|error| broken(&error))?;
    let is_there = rows::exists(&connection).map_err(|error| broken(&error))?;
    match version {
        rows::SCHEMA if is_there => Ok(connection),
        version if version > rows::SCHEMA => Err(Trouble::Refused(newer(path))),
        1.. if is_there => migrate(path, connection, version),
        _ => Err(Trouble::Damaged("it has no table of records".into())),
    }
}

/// What is said of a journal that a newer hotfix wrote.
pub fn newer(path: &Path) -> JournalError {
    JournalError::new(format!("the journal {} was written by a newer hotfix: update this one", path.display()))
}

fn migrate(path: &Path, connection: Connection, from: i64) -> Result<Connection, Trouble> {
    let not_copied = |error: &std::io::Error| Trouble::Refused(JournalError::io("keep a copy of", path, error));
    recovery::close_untouched(connection).map_err(|error| not_copied(&error))?;
    let copy = recovery::copy_aside(path, &format!("{BEFORE}{from}-")).map_err(|error| not_copied(&error))?;
    let broken = |error: &rusqlite::Error| recovery::trouble(path, error);
    let mut connection = recovery::connect(path).map_err(|error| broken(&error))?;
    let migrated = (|| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        // The hashes of what is there are those of records without a reading of the clocks: nothing of it changes.
        transaction.execute_batch("ALTER TABLE record ADD COLUMN clock TEXT")?;
        transaction.pragma_update(None, "user_version", rows::SCHEMA)?;
        transaction.commit()
    })();
    migrated.map_err(|error| broken(&error))?;
    tracing::info!(copy = %copy.display(), from, to = rows::SCHEMA, "the journal is of this version now");
    Ok(connection)
}
