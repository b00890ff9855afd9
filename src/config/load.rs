//! Reading `hotfix.toml`: everything that is wrong with it in one message, with line, column and the nearest
//! right answer. Reading runs nothing, asks nobody, and follows neither includes nor symbolic links.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::problem::{ConfigError, Problem};
use super::schema::Config;
use super::{check, recipe, shape};

/// The file's name.
pub const FILE: &str = "hotfix.toml";
/// The longest file, in bytes.
pub const LIMIT: u64 = 256 * 1024;

/// A configuration as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// The file.
    pub path: PathBuf,
    /// The folder that it speaks for: the root of the work tree.
    pub root: PathBuf,
    /// The file's text, byte for byte.
    pub text: String,
}

/// The root of the work tree that `start` is in, by the `.git` in it; git is not asked.
pub fn root(start: &Path) -> Option<PathBuf> {
    let start = start.canonicalize().ok()?;
    start.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok()).map(Path::to_owned)
}

/// Reads the `hotfix.toml` at the root of the work tree that `start` is in, or in `start` itself outside of
/// any; `None` without one.
///
/// # Errors
/// When there is one, and it cannot be used.
pub fn find(start: &Path) -> Result<Option<Loaded>, ConfigError> {
    let root = root(start).unwrap_or_else(|| start.to_owned());
    let path = root.join(FILE);
    match read(&path)? {
        Some(text) => parse(&text, &path).map(Some),
        None => Ok(None),
    }
}

/// Reads a configuration from its text; `path` is where it stands.
///
/// # Errors
/// With everything that is wrong with it.
pub fn parse(text: &str, path: &Path) -> Result<Loaded, ConfigError> {
    let mut shaped = shape::read::<Config>(text);
    let mut problems = shaped.problems;
    let rollback = shaped.value.as_mut().and_then(|config| config.rollback.as_mut());
    let mut faults = rollback.map(recipe::expand_all).unwrap_or_default();
    faults.extend(shaped.value.iter().flat_map(check::check));
    for fault in faults {
        problems.push(Problem::at(text, shape::span(&shaped.table, &fault.path), &fault.what));
    }
    match shaped.value {
        Some(config) if problems.is_empty() => Ok(Loaded {
            config,
            path: path.to_owned(),
            root: path.parent().unwrap_or_else(|| Path::new(".")).to_owned(),
            text: text.to_owned(),
        }),
        _ => Err(error(path, problems)),
    }
}

/// The error of a file with these problems, sorted by place.
pub fn error(path: &Path, mut problems: Vec<Problem>) -> ConfigError {
    problems.sort_by_key(|problem| (problem.line, problem.column));
    ConfigError { file: name(path), problems, whole: None }
}

/// Reads a small, ordinary file; `None` if there is none.
///
/// # Errors
/// When it is a link, something else than a file, too long, or no UTF-8.
pub fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    let refuse = |what: String| Err(ConfigError::whole(&name(path), what));
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return refuse(format!("cannot be read: {error}")),
        Ok(meta) if meta.is_symlink() => return refuse("is a symbolic link, which is not followed".into()),
        Ok(meta) if !meta.is_file() => return refuse("is not a file".into()),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    // Between the look and the opening it may have been swapped: the kernel has the last word.
    let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    match opened.and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes)) {
        Err(error) => refuse(format!("cannot be read: {error}")),
        Ok(_) if bytes.len() as u64 > LIMIT => refuse(format!("is longer than {} KiB", LIMIT / 1024)),
        Ok(_) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => refuse(format!("is not UTF-8: byte {}", error.utf8_error().valid_up_to() + 1)),
        },
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
