//! `hotfix change --json` beside the git commands that it replaces, run one after the other, in the same run.
//!
//! `cargo bench --bench change` builds repositories of 5,000 files and 2,000 commits, of 50,000 commits, and of 100,000
//! files. Machines are noisy: the ratios are what to quote.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const HOTFIX: &str = env!("CARGO_BIN_EXE_hotfix");
const RUNS: usize = 15;
/// Files of one folder.
const FOLDER: usize = 50;

fn main() {
    for (files, commits) in [(5_000, 2_000), (2_000, 50_000), (100_000, 5)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        generate(folder.path(), files, commits);
        compare(folder.path(), &format!("{files} files, {commits} commits"));
    }
}

fn compare(folder: &Path, name: &str) {
    let replaced: [&[&str]; 4] = [
        &["merge-base", "v1.0.0", "HEAD"],
        &["diff", "--shortstat", "--find-renames", "v1.0.0", "HEAD"],
        &["status", "--porcelain"],
        &["rev-list", "--left-right", "--count", "v1.0.0...HEAD"],
    ];
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours.push(milliseconds(|| run(folder, HOTFIX, &["change", "--json"])));
        theirs.push(milliseconds(|| replaced.iter().for_each(|args| run(folder, "git", args))));
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    println!("{name:<32} hotfix change {ours:7.1} ms   four git commands {theirs:7.1} ms   ratio {:.2}", ours / theirs);
}

fn run(folder: &Path, program: &str, args: &[&str]) {
    let status = Command::new(program).args(args).current_dir(folder).stdout(Stdio::null()).status();
    assert!(status.expect("it starts").success(), "{program} {args:?}");
}

fn milliseconds(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64() * 1e3
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A history in which every commit edits one file, and a hotfix of twenty files.
fn generate(folder: &Path, files: usize, commits: usize) {
    run(folder, "git", &["init", "--quiet", "--initial-branch=main"]);
    let mut import = Command::new("git");
    let import = import.args(["fast-import", "--quiet"]).current_dir(folder).stdin(Stdio::piped());
    let mut import = import.spawn().expect("git");
    let mut stream = std::io::BufWriter::new(import.stdin.take().expect("a pipe"));
    let edit = |n: usize, version: usize| {
        let text: String = (0..20).map(|line| format!("line {line} of {n}, version {version}\n")).collect();
        format!("M 644 inline d{}/f{n}.rs\ndata {}\n{text}\n", n / FOLDER, text.len())
    };
    for commit in 0..commits {
        let time = 1_700_000_000 + commit * 60;
        let head =
            format!("commit refs/heads/main\ncommitter P{} <p@example.com> {time} +0000\ndata 4\nEdit\n", commit % 17);
        let edits =
            if commit == 0 { (0..files).map(|n| edit(n, 0)).collect() } else { edit(commit * 7 % files, commit) };
        stream.write_all((head + &edits).as_bytes()).expect("git reads");
    }
    drop(stream);
    assert!(import.wait().expect("git").success());
    let fix: String = (0..20).map(|n| edit(n * 7, usize::MAX)).collect();
    run(folder, "git", &["reset", "--quiet", "--hard", "main"]);
    run(folder, "git", &["tag", "v1.0.0"]);
    let mut import = Command::new("git");
    let import = import.args(["fast-import", "--quiet"]).current_dir(folder).stdin(Stdio::piped());
    let mut import = import.spawn().expect("git");
    let head = "commit refs/heads/hotfix/bench\ncommitter Ana <ana@example.com> 1900000000 +0000\ndata 3\nFix\n";
    let commit = format!("{head}from refs/heads/main^0\n{fix}");
    import.stdin.take().expect("a pipe").write_all(commit.as_bytes()).expect("git reads");
    assert!(import.wait().expect("git").success());
    run(folder, "git", &["checkout", "--quiet", "hotfix/bench"]);
}
