//! `git hotfix`: git finds a program called `git-hotfix`, which is `hotfix` beside it.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let beside = std::env::current_exe().map(|me| me.with_file_name("hotfix"));
    let program = beside.ok().filter(|path| path.is_file()).unwrap_or_else(|| "hotfix".into());
    let error = Command::new(&program).args(std::env::args_os().skip(1)).exec();
    eprintln!("git-hotfix: cannot start {}: {error}", program.display());
    ExitCode::from(2)
}
