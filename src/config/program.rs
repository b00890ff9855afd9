//! Which file a command's first word means, and how a command is shown.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The program that `name` means. A name with a slash counts from `root`; one without is looked for on the
/// `PATH`, where relative entries and those inside the repository are passed over: a repository cannot slip
/// in its own `kubectl`.
///
/// # Errors
/// When there is none, in words.
pub fn find(name: &str, root: &Path) -> Result<PathBuf, String> {
    if name.contains('/') {
        let path = root.join(name);
        return if is_program(&path) { Ok(path) } else { Err(format!("{} is not a program", path.display())) };
    }
    let inside = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    // A repository at `/` holds every program there is: the rule says nothing there.
    let is_everything = inside.parent().is_none();
    let is_outside = |folder: &PathBuf| {
        let is_other = || folder.canonicalize().is_ok_and(|folder| !folder.starts_with(&inside));
        folder.is_absolute() && (is_everything || is_other())
    };
    let path = env::var_os("PATH").unwrap_or_default();
    let found =
        env::split_paths(&path).filter(is_outside).map(|folder| folder.join(name)).find(|path| is_program(path));
    found.ok_or_else(|| format!("no program `{name}` is on the PATH"))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// A command as a list of quoted words, so that nobody has to guess where one ends.
pub fn quoted(argv: &[String]) -> String {
    let words: Vec<_> = argv.iter().map(|word| quote(word)).collect();
    format!("[{}]", words.join(", "))
}

/// A word in quotes, with everything escaped that does not show.
pub fn quote(word: &str) -> String {
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if crate::evidence::text::is_dangerous(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The process group of a command: killed when it goes out of sight, children of its own included.
#[derive(Debug)]
pub struct Group(Option<rustix::process::Pid>);

impl Group {
    /// The group that a child leads, which was started with `process_group(0)`.
    pub fn of(child: &tokio::process::Child) -> Self {
        Self(child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
