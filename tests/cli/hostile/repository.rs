//! What lies in wait in a repository, and beside it, whose file nobody trusted, or not as it is now.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use super::*;

fn config(place: &Place, lines: &str) {
    let path = place.repo().join(".git/config");
    fs::write(&path, fs::read_to_string(&path).unwrap() + lines).unwrap();
}

fn script(place: &Place, name: &str, fired: &str) -> String {
    place.write(name, &format!("#!/bin/sh\ntouch {fired}\n"));
    let path = place.repo().join(name);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

/// A key of git's configuration that names a program.
fn by_key(place: &Place, fired: &str, section: &str, line: &str) {
    let program = script(place, "evil.sh", fired);
    config(place, &format!("[{section}]\n\t{}\n", line.replace("$PROGRAM", &program)));
}

pub(super) const TRAPS: &[Trap] = &[
    Trap { number: 1, name: "core.fsmonitor", set: |p, f| by_key(p, f, "core", "fsmonitor = $PROGRAM") },
    Trap { number: 2, name: "core.sshCommand", set: |p, f| by_key(p, f, "core", "sshCommand = $PROGRAM") },
    Trap {
        number: 3,
        name: "core.hooksPath",
        set: |place, fired| {
            for hook in ["post-index-change", "pre-push", "post-checkout", "reference-transaction"] {
                script(place, &format!("hooks/{hook}"), fired);
            }
            config(place, &format!("[core]\n\thooksPath = {}\n", place.repo().join("hooks").display()));
        },
    },
    Trap {
        number: 4,
        name: "filter.process",
        set: |place, fired| {
            by_key(place, fired, "filter \"x\"", "process = $PROGRAM\n\tclean = $PROGRAM\n\trequired = true");
            place.write(".gitattributes", "* filter=x diff=x\n");
            place.write("file.txt", "changed\n");
        },
    },
    Trap {
        number: 5,
        name: "diff.external and textconv",
        set: |place, fired| {
            by_key(place, fired, "diff", "external = $PROGRAM");
            by_key(place, fired, "diff \"x\"", "textconv = $PROGRAM\n\tcommand = $PROGRAM");
            place.write(".gitattributes", "* diff=x\n");
        },
    },
    Trap { number: 6, name: "credential.helper", set: |p, f| by_key(p, f, "credential", "helper = \"!$PROGRAM\"") },
    Trap {
        number: 7,
        name: "uploadpack and receivepack",
        set: |p, f| by_key(p, f, "remote \"origin\"", "uploadpack = $PROGRAM\n\treceivepack = $PROGRAM"),
    },
    Trap {
        number: 8,
        name: "a remote that is a command",
        set: |place, fired| {
            let url = format!("ext::sh -c touch% {fired}");
            Repository::open(place.repo()).unwrap().remote_set_url("origin", &url).unwrap();
            let shared = "[rollback.lock]\n[[rollback.plan]]\nengine = \"git-revert\"\ngit = { branch = \"main\" }\n";
            place.write("hotfix.toml", &format!("version = 1\n{shared}"));
        },
    },
    Trap {
        number: 9,
        name: "gpg.program",
        set: |place, fired| {
            by_key(place, fired, "gpg", "program = $PROGRAM");
            config(place, "[commit]\n\tgpgsign = true\n[log]\n\tshowSignature = true\n");
        },
    },
    Trap {
        number: 10,
        name: "insteadOf a command",
        set: |place, fired| {
            config(place, &format!("[url \"ext::sh -c touch% {fired} \"]\n\tinsteadOf = https://git.example/\n"));
        },
    },
    Trap { number: 11, name: "core.worktree", set: |place, _| config(place, "[core]\n\tworktree = /etc\n") },
    Trap {
        number: 12,
        name: "a bare repository within",
        set: |place, fired| {
            let inner = place.repo().join("vendored");
            Repository::init_bare(&inner).unwrap();
            let line = format!("[core]\n\tfsmonitor = \"touch {fired}\"\n\tbare = false\n\tworktree = ..\n");
            fs::write(inner.join("config"), line).unwrap();
        },
    },
    Trap {
        number: 13,
        name: "a repository of another user",
        // Without the right to give it away it stays our own, and is an ordinary one.
        set: |place, _| drop(std::os::unix::fs::chown(place.repo().join(".git"), Some(12_345), None)),
    },
    Trap {
        number: 14,
        name: "a .git that points elsewhere",
        set: |place, _| {
            let inner = place.repo().join("module");
            fs::create_dir(&inner).unwrap();
            fs::write(inner.join(".git"), "gitdir: /etc\n").unwrap();
        },
    },
    Trap {
        number: 15,
        name: "a configuration that is a link",
        set: |place, fired| {
            let run = format!("[[tests]]\nname = \"x\"\nrun = [\"touch\", \"{fired}\"]\n");
            place.write("elsewhere.toml", &run);
            let _none_there = fs::remove_file(place.repo().join("hotfix.toml"));
            std::os::unix::fs::symlink("elsewhere.toml", place.repo().join("hotfix.toml")).unwrap();
        },
    },
    Trap {
        number: 16,
        name: "a configuration that was trusted, and one byte more",
        set: |place, fired| {
            let deployed = format!("[production]\ndeployed = {{ run = [\"touch\", \"{fired}\"] }}\n");
            place.write("hotfix.toml", &format!("{deployed}{CONFIG}").replace("version = 1\n", ""));
            let hash = place.runs(&["trust", "--hash"]);
            place.runs(&["trust", "--yes", hash.trim()]);
            place.write("hotfix.toml", &format!("{deployed}{CONFIG} ").replace("version = 1\n", ""));
        },
    },
    Trap {
        number: 17,
        name: "a configuration that trusts itself",
        set: |place, fired| {
            let deployed = format!("[production]\ndeployed = {{ run = [\"touch\", \"{fired}\"] }}\n");
            place.write("hotfix.toml", &format!("trusted = true\n{deployed}{CONFIG}"));
        },
    },
    Trap {
        number: 18,
        name: "a program of the repository's own",
        set: |place, fired| {
            script(place, "kubectl", fired);
            script(place, "git", fired);
            let table = "kubernetes = { workload = \"a\", namespace = \"b\" }";
            place.write("hotfix.toml", &format!("version = 1\n[rollback]\nengine = \"kubernetes\"\n{table}\n"));
        },
    },
    Trap {
        number: 19,
        name: "shell words in a version",
        set: |place, fired| tag(place, &format!("v9;touch${{IFS}}{}$(id)", fired.replace('/', "_"))),
    },
    Trap { number: 20, name: "a version that is an option", set: |place, _| tag(place, "v9/--upload-pack=x") },
    Trap {
        number: 21,
        name: "sequences in a commit",
        set: |place, _| say(place, "\u{1b}]0;owned\u{7}\u{1b}]52;c;eA==\u{7}\u{1b}P+q\u{1b}\\\u{1b}[2J fix"),
    },
    Trap { number: 22, name: "the C1 form of them", set: |place, _| say(place, "\u{9b}2J\u{9d}0;owned\u{9c} fix") },
    Trap {
        number: 23,
        name: "text from right to left",
        set: |place, _| say(place, "release \u{202e}0.4.1\u{2066} fix"),
    },
    Trap {
        number: 24,
        name: "characters that do not show",
        set: |place, _| {
            let zalgo: String = std::iter::repeat_n('\u{301}', 200).collect();
            say(place, &format!("a\u{200b}b\u{e0041}c\u{2028}d{zalgo} fix"));
        },
    },
    Trap { number: 25, name: "letters that look like others", set: |place, _| tag(place, "v9.0.0-\u{441}heckout") },
    Trap {
        number: 26,
        name: "ten megabytes in one line",
        set: |place, _| {
            let long = "&#27;[2Jx".repeat(1_200_000);
            let case = format!("<testcase name=\"a\" classname=\"x\"><failure message=\"{long}\"/></testcase>");
            place.write("r.xml", &format!("<testsuite name=\"s\">{case}<system-out>{long}</system-out></testsuite>"));
            place.write("hotfix.toml", &format!("{CONFIG}[[tests]]\nname = \"u\"\njunit = [\"r.xml\"]\n"));
        },
    },
    Trap {
        number: 27,
        name: "a report that writes over itself",
        set: |place, _| {
            let case = "<testcase name=\"a&#13;b&#8;c\" classname=\"x\"><failure message=\"&#27;[2J red\"/></testcase>";
            place.write(
                "r.xml",
                &format!("<testsuite name=\"s\">{case}<system-out>\u{8}\r gone</system-out></testsuite>"),
            );
            place.write("hotfix.toml", &format!("{CONFIG}[[tests]]\nname = \"u\"\njunit = [\"r.xml\"]\n"));
        },
    },
    Trap {
        number: 33,
        name: "a kubeconfig of the repository",
        set: |place, fired| {
            let exec = format!("users: [{{name: u, user: {{exec: {{command: touch, args: [{fired}]}}}}}}]\n");
            place.write(".kube/config", &exec);
            place.write("kubeconfig", &exec);
        },
    },
    Trap {
        number: 34,
        name: "a chart that is a path",
        set: |place, _| {
            let helm = "helm = { release = \"../../x\", namespace = \"--kubeconfig=x\" }";
            place.write("hotfix.toml", &format!("version = 1\n[rollback]\nengine = \"helm\"\n{helm}\n"));
        },
    },
    Trap {
        number: 35,
        name: "a theme with sequences",
        set: |place, fired| {
            let theme = place.repo().join("theme.toml");
            place.write(
                "theme.toml",
                &format!("\"\\u001b]0;owned\\u0007\" = \"\\u001b[2J\"\nrun = [\"touch\", \"{fired}\"]\n"),
            );
            let user = Path::new(&place.home()).join(".config/hotfix");
            fs::create_dir_all(&user).unwrap();
            fs::write(user.join("config.toml"), format!("theme = \"{}\"\n", theme.display())).unwrap();
            place.write("hotfix.toml", &format!("theme = \"\\u001b]0;owned\\u0007\"\n{CONFIG}"));
        },
    },
    Trap {
        number: 36,
        name: "what another machine left for the journal",
        set: |place, _| {
            place.runs(&["declare", "checkout-502"]);
            let words = "a\u{1b}]52;c;eA==\u{7}\u{9b}2J\u{202e}b\rc";
            for by in [words, "bob"] {
                place.output(&["note", words, "--by", by], None);
            }
            let journals = fs::read_dir(place.repo().with_file_name("state").join("journals")).unwrap();
            let folder = journals.map(|it| it.unwrap().path()).next().unwrap();
            let entry = serde_json::json!({"kind": "noted", "text": words, "body": {"text": words}});
            let line = serde_json::json!({"at": "2099-01-01T00:00:00Z", "incident": "checkout-502", "actor": words, "entry": entry});
            for name in ["rollback.unjournaled.jsonl", "rollback.outcome.jsonl"] {
                fs::write(folder.join(name), format!("{line}\n\u{1b}[2J no JSON\n")).unwrap();
            }
        },
    },
    Trap {
        number: 37,
        name: "other programs' files",
        set: |place, fired| {
            place.write(".envrc", &format!("touch {fired}\n"));
            place.write(".mise.toml", &format!("[hooks]\nenter = \"touch {fired}\"\n"));
            place.write(".tool-versions", &format!("x {{{{exec(command=\"touch {fired}\")}}}}\n"));
        },
    },
    Trap {
        number: 38,
        name: "letters and Enter where nobody is asked",
        set: |place, fired| {
            place.write(
                "hotfix.toml",
                &CONFIG.replace("\"true\", \"{to.version}\"", &format!("\"touch\", \"{fired}\"")),
            );
            let hash = place.runs(&["trust", "--hash"]);
            place.runs(&["trust", "--yes", hash.trim()]);
            place.runs(&["declare", "checkout-502"]);
            let mut command = place.by(place.program());
            let mut child = command.arg("rollback").stdin(std::process::Stdio::piped()).spawn().unwrap();
            let mut keys = child.stdin.take().unwrap();
            let _it_may_be_gone = keys.write_all("R\nA\nC\nD\nE\nF\nH\nK\nL\nM\ny\nyes\nv1.0.0\n".as_bytes());
            drop(keys);
            assert_eq!(child.wait().unwrap().code(), Some(2));
        },
    },
    Trap {
        number: 39,
        name: "a configuration without end",
        set: |place, _| place.write("hotfix.toml", &format!("a = {}", "[".repeat(200_000))),
    },
];
