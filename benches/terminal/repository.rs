//! The repository that everything is measured on.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A repository with this many files and commits, a production tag, and a hotfix of 20 files on top.
pub fn generate(folder: &Path, files: usize, commits: usize) {
    let mut stream = String::new();
    let mut commit = |branch: &str, number: usize, changes: &str| {
        let when = 1_700_000_000 + number * 60;
        let _infallible = write!(
            stream,
            "commit refs/heads/{branch}\ncommitter Ana <ana@example.org> {when} +0000\ndata 9\ncommit {:02}\n{changes}\n",
            number % 100
        );
    };
    let blob = |path: &str, text: &str| format!("M 644 inline {path}\ndata {}\n{text}\n", text.len());
    let text = |n: usize, version: usize| {
        (0..20)
            .map(|line| format!("line {line} of {n} v{}\n", if line == n % 20 { version } else { 0 }))
            .collect::<String>()
    };
    let path = |n: usize| format!("src/d{:02}/f{n:04}.rs", n % 50);
    commit("main", 0, &(0..files).map(|n| blob(&path(n), &text(n, 0))).collect::<String>());
    for number in 1..commits {
        commit("main", number, &blob(&path(number % files), &text(number % files, number)));
    }
    let git = |args: &[&str], input: Option<&str>| {
        let mut child = Command::new("git")
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("git");
        child.stdin.take().expect("a pipe").write_all(input.unwrap_or_default().as_bytes()).expect("git");
        assert!(child.wait().expect("git").success());
    };
    git(&["init", "-q", "-b", "main"], None);
    git(&["fast-import", "--quiet"], Some(&stream));
    git(&["reset", "-q", "--hard", "main"], None);
    git(&["tag", "v1.0.0"], None);
    git(&["checkout", "-qb", "hotfix/bench"], None);
    for n in 0..20 {
        std::fs::write(folder.join(path(n * 7)), text(n * 7, 99_999)).expect("a file");
    }
    git(&["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "commit", "-qam", "Fix"], None);
}
