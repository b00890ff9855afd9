//! Opening a journal that may have been damaged: nothing is hidden, and whatever can be saved goes on.
//!
//! | found | done |
//! |---|---|
//! | no database, no head | a new journal |
//! | empty, not a database, damaged so that SQLite stops | kept aside as `journal.db.corrupt-TIME`; a new journal goes on with the records from its start that still hold together |
//! | shorter than its head says, or another history | told, and put on record; a copy is kept aside |
//! | longer than its head says | fine: the head is written after the commit |
//! | a record that is not what was written | told at every opening; the record is shown as unreadable |
//! | written by an older hotfix | brought to this version, and a copy is kept ([`super::migration`]) |
//! | written by a newer hotfix | refused |

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::head::{self, Head, Kept};
use super::record::{Draft, Row};
use super::rows::{self, Chain, Found};
use super::{JournalError, Warning, migration};

/// The database's name in its folder.
pub const DATABASE: &str = "journal.db";
/// SQLite before this one can lose pages when two connections write in WAL mode.
const OLDEST_SQLITE: i32 = 3_051_003;
/// How many records are checked at every opening; `hotfix verify` checks them all.
pub const CHECKED: u64 = 10_000;
/// What the name of a database that was kept aside has behind its own.
const ASIDE: &str = ".corrupt-";
const BUSY: Duration = Duration::from_secs(2);

/// The kind of the record that tells of damage. It belongs to no incident, and so to all.
pub const DAMAGE: &str = "journal_damaged";

/// Why a database cannot be used.
pub enum Trouble {
    /// It is no journal any more.
    Damaged(String),
    /// It may well be one: leave it where it is.
    Refused(JournalError),
}

/// Opens the journal in `folder` for appending. The caller has its turn.
pub fn open(folder: &Path) -> Result<(Connection, Vec<Warning>), JournalError> {
    let path = folder.join(DATABASE);
    match inspect(folder, &path) {
        Ok(found) => settle(folder, found),
        Err(Trouble::Damaged(why)) => replace(folder, &path, &why),
        Err(Trouble::Refused(error)) => Err(error),
    }
}

/// Makes the folder, for its owner alone, so that a power cut does not take it away again.
pub fn prepare(folder: &Path) -> Result<(), JournalError> {
    let missing: Vec<_> = folder.ancestors().take_while(|it| !it.exists()).collect();
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| JournalError::io("make", folder, &error))?;
    for parent in missing.into_iter().filter_map(Path::parent).filter(|parent| !parent.as_os_str().is_empty()) {
        head::sync_folder(parent).map_err(|error| JournalError::io("make durable", parent, &error))?;
    }
    Ok(())
}

/// Refuses a SQLite that can corrupt what it keeps.
pub fn check_sqlite() -> Result<(), JournalError> {
    if rusqlite::version_number() >= OLDEST_SQLITE {
        return Ok(());
    }
    let version = rusqlite::version();
    Err(JournalError::new(format!("SQLite {version} can corrupt a journal: build with 3.51.3 or newer")))
}

/// A database that can be used, and what is wrong with it all the same.
struct Inspected {
    connection: Connection,
    first_bad: Option<u64>,
    loss: Option<String>,
}

fn inspect(folder: &Path, path: &Path) -> Result<Inspected, Trouble> {
    let is_new = match fs::symlink_metadata(path) {
        Ok(meta) if !meta.is_file() => return Err(Trouble::Refused(not_a_file(path))),
        Ok(meta) if meta.len() == 0 => return Err(Trouble::Damaged("it is empty".into())),
        Ok(_) => false,
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(Trouble::Refused(JournalError::io("look at", path, &error))),
    };
    let connection = if is_new { create(path) } else { connect(path) };
    let connection = connection.map_err(|error| trouble(path, &error))?;
    let connection = migration::settle(path, connection)?;
    let (first_bad, loss) = look(folder, &connection).map_err(|error| trouble(path, &error))?;
    if first_bad.is_some() || loss.is_some() {
        // A changed text leaves the pages sound; a damaged page may take records with it, or no more of them.
        check_pages(path, &connection)?;
    }
    Ok(Inspected { connection, first_bad, loss })
}

/// What is wrong with the end of the chain: its first bad record, and what its head misses.
pub fn look(folder: &Path, connection: &Connection) -> rusqlite::Result<(Option<u64>, Option<String>)> {
    let chain = check_tail(connection)?;
    Ok((chain.first_bad, loss(connection, &chain.last, Head::kept(folder))?))
}

fn check_pages(path: &Path, connection: &Connection) -> Result<(), Trouble> {
    let answer = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match answer.map_err(|error| trouble(path, &error))?.as_str() {
        "ok" => Ok(()),
        why => Err(Trouble::Damaged(why.lines().next().unwrap_or_default().to_owned())),
    }
}

fn not_a_file(path: &Path) -> JournalError {
    JournalError::new(format!("{} is not a file: move it out of the way", path.display()))
}

pub fn trouble(path: &Path, error: &rusqlite::Error) -> Trouble {
    let short_read = error.sqlite_error().is_some_and(|e| e.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ);
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Trouble::Damaged(error.to_string()),
        _ if short_read => Trouble::Damaged(error.to_string()),
        _ => Trouble::Refused(JournalError::new(format!("cannot open the journal {}: {error}", path.display()))),
    }
}

/// Opens the database as it is to be used.
pub fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

fn create(path: &Path) -> rusqlite::Result<Connection> {
    let mut connection = connect(path)?;
    rows::create(&mut connection)?;
    if let Err(error) = fs::set_permissions(path, Permissions::from_mode(0o600)) {
        tracing::warn!(%error, "the journal's mode stays as it is");
    }
    Ok(connection)
}

fn check_tail(connection: &Connection) -> rusqlite::Result<Chain> {
    let last = rows::last(connection)?;
    let start = last.seq.saturating_sub(CHECKED);
    let hash = if start == 0 { None } else { rows::hash_at(connection, start)? };
    rows::check(connection, &hash.map_or_else(Head::genesis, |hash| Head { seq: start, hash }))
}

/// Tells what is wrong. A loss is put on record, because the next head would cover it up, and a copy is kept
/// aside first: what is missing may still lie in the write-ahead log, and the next append would overwrite it.
fn settle(folder: &Path, found: Inspected) -> Result<(Connection, Vec<Warning>), JournalError> {
    let Inspected { mut connection, first_bad, loss } = found;
    let mut warnings: Vec<_> = first_bad.map(|seq| Warning { what: broken(folder, seq) }).into_iter().collect();
    if let Some(loss) = loss {
        let path = folder.join(DATABASE);
        let kept = match close_untouched(connection).and_then(|()| copy_aside(&path, ASIDE)) {
            Ok(aside) => format!("a copy is kept as {}", aside.display()),
            Err(error) => format!("no copy could be kept: {error}"),
        };
        let what = format!("{}; {kept}", told(folder, &loss));
        connection = connect(&path).map_err(|error| JournalError::new(format!("cannot open the journal: {error}")))?;
        record_damage(&mut connection, folder, &what)?;
        warnings.push(Warning { what });
    }
    Ok((connection, warnings))
}

/// Closes a connection without the checkpoint that usually goes with it.
pub fn close_untouched(connection: Connection) -> io::Result<()> {
    let leave_log = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    leave_log.map(drop).and_then(|()| connection.close().map_err(|(_, error)| error)).map_err(io::Error::other)
}

/// The sentence for a chain that does not hold.
pub fn broken(folder: &Path, seq: u64) -> String {
    format!("the journal in {} is damaged: record {seq} is missing or is not what was written", folder.display())
}

/// The sentence for a loss.
pub fn told(folder: &Path, loss: &str) -> String {
    format!("the journal in {}: {loss}", folder.display())
}

/// What the head that was kept says of a chain that ends with `last`: nothing if it fits.
pub fn loss(connection: &Connection, last: &Head, kept: Kept) -> rusqlite::Result<Option<String>> {
    let kept = match kept {
        // The head is written after the commit: the first record may stand alone.
        Kept::Nothing if last.seq <= 1 => return Ok(None),
        Kept::Nothing => return Ok(Some("its head file is gone, so that lost records could not be told".into())),
        Kept::Unreadable => return Ok(Some("its head file is damaged, so that lost records could not be told".into())),
        Kept::Head(kept) => kept,
    };
    if kept.seq > last.seq {
        let (lost, seq) = (kept.seq - last.seq, last.seq);
        return Ok(Some(format!("its last {lost} records are gone; it ends with record {seq}")));
    }
    let found = if kept.seq == 0 { Some(kept.hash.clone()) } else { rows::hash_at(connection, kept.seq)? };
    let same = found.is_some_and(|hash| hash == kept.hash);
    Ok((!same).then(|| format!("record {} is another one than was written: an old or foreign copy", kept.seq)))
}

fn record_damage(connection: &mut Connection, folder: &Path, what: &str) -> Result<(), JournalError> {
    let draft = Draft {
        at: Timestamp::now(),
        incident: String::new(),
        actor: "hotfix".into(),
        kind: DAMAGE.into(),
        body: serde_json::json!({ "entry": DAMAGE, "what": what }),
    };
    rows::append(connection, folder, draft).map(drop).map_err(|error| error.explain(folder))
}

/// Keeps a damaged database aside, and begins a new one with what can be saved.
fn replace(folder: &Path, path: &Path, why: &str) -> Result<(Connection, Vec<Warning>), JournalError> {
    let aside = set_aside(path).map_err(|error| JournalError::io("move aside", path, &error))?;
    let saved = salvage(&aside);
    let mut connection = create(path).map_err(|e| JournalError::new(format!("cannot begin a new journal: {e}")))?;
    let count = put_back(&mut connection, &saved).map_err(|e| JournalError::new(format!("cannot begin: {e}")))?;
    let lost = match Head::kept(folder) {
        Kept::Head(kept) => format!("{} of {} records were saved", count.min(kept.seq), kept.seq),
        Kept::Nothing | Kept::Unreadable => format!("{count} records were saved"),
    };
    let name = aside.display();
    let what = format!("the journal was damaged ({why}) and is kept as {name}; a new one goes on, {lost}");
    record_damage(&mut connection, folder, &what)?;
    Ok((connection, vec![Warning { what }]))
}

/// Moves the database and what belongs to it out of the way.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    aside(path, ASIDE, |from, to| fs::rename(from, to))
}

/// The databases that were kept aside in a folder, oldest first.
pub fn kept_aside(folder: &Path) -> Vec<PathBuf> {
    let belongs = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with(&format!("{DATABASE}{ASIDE}")) && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries.map(|entry| entry.path()).filter(|path| belongs(path)).collect();
    found.sort();
    found
}

/// Copies the database and what belongs to it, under its name with `label` and the time behind it.
pub fn copy_aside(path: &Path, label: &str) -> io::Result<PathBuf> {
    aside(path, label, |from, to| fs::copy(from, to).map(drop))
}

fn aside(path: &Path, label: &str, put: impl Fn(&Path, &Path) -> io::Result<()>) -> io::Result<PathBuf> {
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let name = |n: u32, tail: &str| {
        let number = if n == 0 { String::new() } else { format!("-{n}") };
        PathBuf::from(format!("{}{label}{stamp}{number}{tail}", path.display()))
    };
    let free = (0..1000).find(|n| !name(*n, "").exists()).ok_or(io::ErrorKind::AlreadyExists)?;
    for tail in ["-wal", "-shm", ""] {
        let mut from = path.as_os_str().to_owned();
        from.push(tail);
        match put(Path::new(&from), &name(free, tail)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(name(free, ""))
}

/// The records from the start of a damaged database that still hold together.
fn salvage(aside: &Path) -> Vec<Row> {
    let mut saved = Vec::new();
    let Ok(connection) = Connection::open_with_flags(aside, OpenFlags::SQLITE_OPEN_READ_ONLY) else { return saved };
    // Without it SQLite reads nothing of a file that is shorter than its header says.
    if connection.pragma_update(None, "writable_schema", true).is_err() {
        return saved;
    }
    let mut last = Head::genesis();
    let walked = rows::walk(&connection, 0, None, |found| {
        let holds = found.seq() == last.seq + 1 && rows::follows(&found, &last.hash);
        if let (true, Found::Row(row)) = (holds, found) {
            last = Head { seq: row.seq, hash: row.hash.clone() };
            saved.push(row);
        }
        holds
    });
    if let Err(error) = walked {
        tracing::info!(%error, saved = saved.len(), "the damaged journal ends here");
    }
    saved
}

fn put_back(connection: &mut Connection, saved: &[Row]) -> rusqlite::Result<u64> {
    let transaction = connection.transaction()?;
    for row in saved {
        rows::insert(&transaction, row)?;
    }
    transaction.commit()?;
    Ok(saved.len() as u64)
}
