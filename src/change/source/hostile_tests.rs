//! A repository made to run programs and to control the terminal does neither.

use std::os::unix::fs::PermissionsExt;

use super::fixture::Fixture;
use super::{Settings, read, read_worktree, rollback_contents};
use crate::evidence::text::is_dangerous;

fn program(it: &Fixture, name: &str) -> String {
    let path = it.path(&format!("../{name}"));
    let marker = it.path("../ran");
    std::fs::write(&path, format!("#!/bin/sh\necho {name} >> '{}'\ncat\n", marker.display())).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_string_lossy().into_owned()
}

#[test]
fn nothing_that_the_repository_names_is_run() {
    let it = Fixture::hotfix();
    it.write(".gitattributes", "*.rs filter=evil diff=evil\n*.txt filter=eviler diff=evil\n*.c filter=a=b\n");
    it.write("src/a.rs", "a\n");
    it.write("b.txt", "b\n");
    it.write("c.c", "c\n");
    it.commit("Fix");
    let evil = program(&it, "evil");
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.editor",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.eviler.process",
        "filter.a=b.clean",
        "credential.helper",
        "gpg.program",
        "remote.origin.uploadpack",
        "remote.origin.receivepack",
        "pager.diff",
        "pager.status",
        "interactive.diffFilter",
        "log.diffMerges.x",
        "merge.evil.driver",
        "alias.status",
        "alias.diff",
    ] {
        it.git(&["config", key, &evil]);
    }
    for (key, value) in [
        ("filter.eviler.required", "true"),
        ("log.showSignature", "true"),
        ("submodule.recurse", "true"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", "ext::sh -c touch% ran"),
        ("protocol.ext.allow", "always"),
    ] {
        it.git(&["config", key, value]);
    }
    let hooks = it.path(".git/hooks");
    for hook in ["post-index-change", "reference-transaction", "fsmonitor-watchman", "post-checkout", "pre-auto-gc"] {
        std::fs::copy(&evil, hooks.join(hook)).unwrap();
    }
    // Touched and edited files are what a clean filter would be run for.
    it.write("src/a.rs", "a\n");
    it.write("b.txt", "bb\n");
    it.write("c.c", "cc\n");
    it.write("src/cart.rs", "edited\n");
    let report = read(&it.root, &Settings::default()).unwrap().value;
    assert_eq!(report.size.unwrap().files, 4);
    let worktree = read_worktree(&it.root).unwrap().value;
    assert!(worktree.unverified > 0 && !worktree.is_clean(), "{worktree:?}");
    rollback_contents(&it.root, &Settings::default(), Some("HEAD"), None).unwrap();
    let ran = std::fs::read_to_string(it.path("../ran"));
    assert!(ran.is_err(), "{ran:?} was run");
    assert!(!it.path("ran").exists());
}

#[test]
fn a_filter_that_is_defined_in_a_roundabout_way_is_not_run() {
    let ways: [fn(&Fixture, &str); 4] = [
        |it, evil| drop(it.git(&["config", "FILTER.evil.clean", evil])),
        |it, evil| {
            std::fs::write(it.path(".git/more"), format!("[filter \"evil\"]\n\tclean = {evil}\n")).unwrap();
            it.git(&["config", "include.path", "more"]);
        },
        |it, evil| {
            std::fs::write(it.path(".git/more"), format!("[filter \"evil\"]\n\tclean = {evil}\n")).unwrap();
            it.git(&["config", "includeIf.hasconfig:remote.*.url:https://**.path", "more"]);
            it.git(&["config", "remote.origin.url", "https://git.example/x"]);
        },
        |it, evil| {
            it.git(&["config", "extensions.worktreeConfig", "true"]);
            it.git(&["config", "--worktree", "filter.evil.clean", evil]);
        },
    ];
    for way in ways {
        let it = Fixture::hotfix();
        it.write(".gitattributes", "*.rs filter=evil\n");
        it.write("src/a.rs", "a\n");
        it.commit("Fix");
        way(&it, &program(&it, "evil"));
        it.write("src/a.rs", "b\n");
        assert_eq!(read_worktree(&it.root).unwrap().value.unverified, 1);
        assert!(!it.path("../ran").exists());
    }
}

#[test]
fn text_from_outside_comes_out_clean() {
    let it = Fixture::hotfix();
    it.git(&["checkout", "--quiet", "-b", "hotfix/\u{202e}x"]);
    it.write("src/\u{1b}[31mred\u{7}\u{202e}.rs", "x\n");
    it.git(&["config", "user.name", "ignored"]);
    it.git(&["add", "--all"]);
    let author = "--author=E\u{1b}]0;t\u{7}ve\u{200b} <e\u{9b}@x>";
    it.git(&["commit", "--quiet", author, "--message", "Fix\u{1b}[2J \u{202e}it\u{85}\n\nbody\u{1b}"]);
    use std::os::unix::ffi::OsStrExt;
    let raw = std::path::Path::new(std::ffi::OsStr::from_bytes(b"not-utf8-\xff.rs"));
    std::fs::write(it.root.join(raw), "x\n").unwrap();
    it.commit("Add bytes");
    it.git(&["tag", "v1.0.0-\u{202e}rc1"]);
    let report = read(&it.root, &Settings::default()).unwrap().value;
    assert_eq!(report.size.unwrap().files, 2);
    let texts = format!(
        "{} {}",
        serde_json::to_string(&report).unwrap(),
        crate::change::text::page(&report, Ok(&read_worktree(&it.root).unwrap().value), None).replace('\n', " ")
    );
    let bad: Vec<char> = texts.chars().filter(|c| is_dangerous(*c)).collect();
    assert!(bad.is_empty(), "{bad:?} in {texts}");
    assert!(texts.contains("not-utf8-\u{fffd}.rs"));
}
