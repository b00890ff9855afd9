//! The filter drivers that some configuration defines: programs that git would run on the files of a work tree.

use super::command::Git;
use super::repository::Repo;
use super::trouble::Trouble;

/// What a configuration says of them.
const KEYS: &str = r"^filter\..*\.(clean|process|smudge|required)$";
/// Without these words the configuration of a repository defines no driver, however its lines are read, and names no other
/// file that could.
const DEFINING: [&[u8]; 3] = [b"filter", b"include", b"worktreeconfig"];
/// What adds to the configuration, or replaces a part of it, where libgit2 does not see it.
const VARIABLES: [&str; 6] = [
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM",
];
/// What most machines define for all users, where libgit2 may not look.
const USUAL: &str = "lfs";

/// Their names.
pub(super) fn names(repo: &Repo) -> Result<Vec<String>, Trouble> {
    let mut names = match of_user(repo) {
        Some(names) => names,
        None => all(&repo.git)?,
    };
    names.sort();
    names.dedup();
    Ok(names)
}

/// The settings that turn them off.
pub(super) fn disabled(names: &[String]) -> Vec<(String, &'static str)> {
    let off = |name: &String| {
        let settings = [("clean", ""), ("process", ""), ("smudge", ""), ("required", "false")];
        settings.map(|(key, value)| (format!("filter.{name}.{key}"), value))
    };
    names.iter().flat_map(off).collect()
}

/// As git itself lists them.
fn all(git: &Git) -> Result<Vec<String>, Trouble> {
    let list = git.ask(&["config", "-z", "--name-only", "--get-regexp", KEYS])?.unwrap_or_default();
    Ok(list.split('\0').filter_map(driver).collect())
}

/// The same without a process, which takes a tenth of the time that `git status` takes: where the repository can define
/// none, those of the user's own configuration. `None` where git must be asked.
fn of_user(repo: &Repo) -> Option<Vec<String>> {
    let library = repo.library.as_ref()?;
    let own = std::fs::read(repo.place.commondir.join("config")).ok()?.to_ascii_lowercase();
    let is_defining = DEFINING.iter().any(|word| memchr::memmem::find(&own, word).is_some());
    if is_defining || VARIABLES.iter().any(|name| std::env::var_os(name).is_some()) {
        return None;
    }
    let config = library.config().ok()?;
    let mut entries = config.entries(Some(KEYS)).ok()?;
    let mut names = vec![USUAL.to_owned()];
    while let Some(entry) = entries.next() {
        names.push(driver(entry.ok()?.name().ok()?)?);
    }
    Some(names)
}

/// The driver that a key is about.
fn driver(key: &str) -> Option<String> {
    Some(key.strip_prefix("filter.")?.rsplit_once('.')?.0.to_owned())
}
