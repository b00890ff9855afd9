//! The operator's editor, at the place of a failure.

use std::env;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use git2::Repository;

/// Editors that take `file:line` as one argument.
const WITH_COLON: [&str; 6] = ["hx", "helix", "subl", "zed", "micro", "code-oss"];
/// Editors that want `--goto file:line`.
const WITH_GOTO: [&str; 4] = ["code", "codium", "code-insiders", "cursor"];

/// The command that opens `file:line` of the project at `root`.
///
/// # Errors
/// When the place is in no file of the project, in words.
pub fn command(root: &Path, place: &str) -> Result<Vec<String>, String> {
    let (file, line) = place.rsplit_once(':').ok_or_else(|| format!("{place} is no place in a file"))?;
    let line: u64 = line.parse().map_err(|_| format!("{place} is no place in a file"))?;
    let path = find(root, file).ok_or_else(|| format!("{file} is no file of this project, or the name of several"))?;
    let chosen = ["VISUAL", "EDITOR"].iter().find_map(|name| env::var(name).ok().filter(|it| !it.trim().is_empty()));
    Ok(arguments(chosen.as_deref().unwrap_or("vi"), &path.to_string_lossy(), line))
}

/// `$EDITOR` may hold arguments of its own.
fn arguments(editor: &str, path: &str, line: u64) -> Vec<String> {
    let mut argv: Vec<String> = editor.split_whitespace().map(str::to_owned).collect();
    let name = argv.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default().to_owned();
    if WITH_GOTO.contains(&name.as_str()) {
        argv.extend(["--goto".to_owned(), format!("{path}:{line}")]);
    } else if WITH_COLON.contains(&name.as_str()) {
        argv.push(format!("{path}:{line}"));
    } else {
        argv.extend([format!("+{line}"), path.to_owned()]);
    }
    argv
}

/// The file of the project that a report means. A report may tell a name alone, or a path of the machine that it was made on:
/// then the only tracked file whose path ends in it.
fn find(root: &Path, file: &str) -> Option<PathBuf> {
    let root = root.canonicalize().ok()?;
    let here = root.join(file.trim_start_matches("./")).canonicalize().ok();
    if let Some(path) = here.filter(|path| path.starts_with(&root) && path.is_file()) {
        return Some(path);
    }
    let repository = Repository::open(&root).ok()?;
    let index = repository.index().ok()?;
    let tracked: Vec<String> = index.iter().filter_map(|entry| String::from_utf8(entry.path).ok()).collect();
    let parts: Vec<&str> = file.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | "..")).collect();
    // From the whole path to the name alone: the first tail that is the end of exactly one file.
    for start in 0..parts.len() {
        let tail = parts[start..].join("/");
        let ends = |path: &&String| **path == tail || path.ends_with(&format!("/{tail}"));
        let mut matching = tracked.iter().filter(ends);
        match (matching.next(), matching.next()) {
            (Some(only), None) => return root.join(only).canonicalize().ok().filter(|path| path.starts_with(&root)),
            (Some(_), Some(_)) => return None,
            (None, _) => {}
        }
    }
    None
}

/// Runs an editor on the terminal and waits for it. The cockpit's own descriptors do not block, or lead to its log.
///
/// # Errors
/// When it could not run, in words.
pub fn run(argv: &[String]) -> Result<(), String> {
    let [program, arguments @ ..] = argv else { return Err("$EDITOR names no program".into()) };
    let terminal = || -> io::Result<File> { OpenOptions::new().read(true).write(true).open("/dev/tty") };
    let spawn = || -> io::Result<_> {
        let (input, output, error) = (terminal()?, terminal()?, terminal()?);
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::from(input)).stdout(Stdio::from(output)).stderr(Stdio::from(error));
        command.status()
    };
    match spawn() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("`{}` did not start: {error}; set EDITOR", crate::evidence::text::clean(program))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_editor_is_told_the_line_in_its_own_way() {
        let told = |editor| arguments(editor, "/r/a.rs", 7).join(" ");
        assert_eq!(told("vi"), "vi +7 /r/a.rs");
        assert_eq!(told("/usr/bin/nvim -p"), "/usr/bin/nvim -p +7 /r/a.rs");
        assert_eq!(told("code --wait"), "code --wait --goto /r/a.rs:7");
        assert_eq!(told("hx"), "hx /r/a.rs:7");
    }

    #[test]
    fn a_place_is_found_by_the_end_of_its_path_and_never_outside_of_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path()).unwrap();
        let mut index = repository.index().unwrap();
        for file in ["src/pool.rs", "a/Same.java", "b/Same.java", "-x.rs"] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "x").unwrap();
            index.add_path(Path::new(file)).unwrap();
        }
        index.write().unwrap();
        let root = folder.path().canonicalize().unwrap();
        assert_eq!(find(&root, "src/pool.rs"), Some(root.join("src/pool.rs")));
        assert_eq!(find(&root, "pool.rs"), Some(root.join("src/pool.rs")));
        assert_eq!(find(&root, "/elsewhere/app/src/pool.rs"), Some(root.join("src/pool.rs")));
        assert_eq!(find(&root, "b/Same.java"), Some(root.join("b/Same.java")));
        assert_eq!((find(&root, "Same.java"), find(&root, "none.rs")), (None, None));
        assert_eq!(find(&root, "../../../../../../etc/passwd"), None);
        assert_eq!(find(&root, "/etc/passwd"), None);
        assert!(command(&root, "-x.rs:3").unwrap().iter().all(|word| !word.starts_with("-x")));
    }
}
