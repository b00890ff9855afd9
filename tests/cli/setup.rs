//! From an empty repository to a trusted configuration: init, trust, doctor, completions.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;

use crate::place::Place;

/// A server that answers so many requests, each with `status`; it hands their heads out.
fn server(count: usize, status: &'static str) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serve = move || {
        let heads = (0..count).map(|_| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                head.push(byte[0]);
            }
            let body = "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"1\"]}}";
            let length = body.len();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
            String::from_utf8(head).unwrap()
        });
        heads.collect()
    };
    (address, std::thread::spawn(serve))
}

fn checks(place: &Place, variable: Option<(&str, &str)>) -> (Option<i32>, Vec<(String, String)>) {
    let output = place.output(&["doctor", "--json"], variable);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    assert_eq!(document["ok"], output.status.success());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let checks = document["checks"].as_array().unwrap();
    let all = checks.iter().map(|check| (text(&check["state"]), text(&check["what"])));
    (output.status.code(), all.collect())
}

fn failed(place: &Place) -> Vec<String> {
    let all = checks(place, None).1.into_iter();
    all.filter(|(state, _)| state == "fail").map(|(_, what)| what).collect()
}

#[test]
fn init_writes_once_and_what_it_writes_passes_the_doctor() {
    let place = Place::new();
    place.write("Cargo.toml", "");
    let told = place.runs(&["init"]);
    assert!(told.contains("service: checkout") && told.contains("hotfix trust"), "{told}");
    let written = fs::read_to_string(place.repo().join("hotfix.toml")).unwrap();
    assert!(place.fails(&["init"]).contains("--force overwrites it"));
    assert_eq!(fs::read_to_string(place.repo().join("hotfix.toml")).unwrap(), written);
    assert_eq!(failed(&place), Vec::<String>::new());
    place.runs(&["init", "--force", "--preset", "script"]);
    assert_ne!(fs::read_to_string(place.repo().join("hotfix.toml")).unwrap(), written);
}

#[test]
fn init_does_not_write_through_a_link() {
    let place = Place::new();
    let target = place.repo().join("precious");
    fs::write(&target, "precious").unwrap();
    std::os::unix::fs::symlink(&target, place.repo().join("hotfix.toml")).unwrap();
    assert!(place.fails(&["init", "--force"]).contains("symbolic link"));
    assert_eq!(fs::read_to_string(target).unwrap(), "precious");
}

#[test]
fn init_tells_programs_what_it_found() {
    let place = Place::new();
    place.write("charts/x/Chart.yaml", "");
    let document: Value = serde_json::from_str(&place.runs(&["init", "--json"])).unwrap();
    assert_eq!((&document["schema"], &document["detected"]["preset"]), (&1.into(), &"helm".into()));
    assert_eq!(document["preset"], Value::Null);
}

const CONFIG: &str = "[rollback]\n[[rollback.steps]]\nname = \"back\"\nrun = [\"./deploy\", \"{to.sha}\", \"a b\"]\n";

#[test]
fn trust_shows_what_it_is_about_and_wants_the_exact_hash() {
    let place = Place::new();
    assert!(place.fails(&["trust"]).contains("hotfix init"));
    place.write("hotfix.toml", CONFIG);
    place.write("deploy", "#!/bin/sh\n");
    let output = place.output(&["trust"], None);
    assert_eq!(output.status.code(), Some(2), "nobody can be asked");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains(r#"rollback step back: ["./deploy", "{to.sha}", "a b"]"#), "{shown}");

    let hash = place.runs(&["trust", "--hash"]).trim().to_owned();
    assert!(place.output(&["trust", "--yes", &hash[1..]], None).status.code() == Some(2));
    place.runs(&["trust", "--yes", &hash]);
    assert!(place.runs(&["trust"]).contains("it is trusted"));

    place.write("hotfix.toml", &CONFIG.replace("a b", "--force"));
    let changed = String::from_utf8(place.output(&["trust"], None).stdout).unwrap();
    assert!(changed.contains("-run = [\"./deploy\", \"{to.sha}\", \"a b\"]"), "{changed}");
    assert!(changed.contains("+run = [\"./deploy\", \"{to.sha}\", \"--force\"]"), "{changed}");
    place.write("hotfix.toml", CONFIG);
    place.write("deploy", "#!/bin/sh\nrm -rf /\n");
    let changed = String::from_utf8(place.output(&["trust"], None).stdout).unwrap();
    assert!(changed.contains("a program of the repository that it runs has changed"), "{changed}");
}

#[test]
fn text_in_the_configuration_cannot_disguise_itself() {
    let place = Place::new();
    place.write("hotfix.toml", &CONFIG.replace("a b", "\\u202Egpj\\u001b[2K\u{200b}"));
    let shown = String::from_utf8(place.output(&["trust"], None).stdout).unwrap();
    assert!(shown.contains(r#""\u{202e}gpj\u{1b}[2K\u{200b}""#), "{shown}");
}

#[test]
fn nothing_is_contacted_before_trust_and_everything_after_it() {
    let place = Place::new();
    let (address, requests) = server(2, "200 OK");
    let config = format!(
        "[production]\ndeployed = {{ url = \"{address}/version\", json = \"$.status\", token = {{ env = \"DEPLOY_TOKEN\" }} }}\n\
         [rollback]\n[[rollback.steps]]\nname = \"back\"\nhttp = {{ url = \"{address}/back/{{to.sha}}\", token = {{ env = \"DEPLOY_TOKEN\" }} }}\n"
    );
    place.write("hotfix.toml", &config);
    let told = failed(&place);
    assert!(told.len() == 1 && told[0].contains("secrets and endpoints were not touched"), "{told:?}");

    let hash = place.runs(&["trust", "--hash"]).trim().to_owned();
    place.runs(&["trust", "--yes", &hash]);
    let (code, all) = checks(&place, Some(("DEPLOY_TOKEN", "t0p-secret")));
    assert_eq!(code, Some(0), "{all:?}");
    assert!(!format!("{all:?}").contains("t0p-secret"));
    let mut heads = requests.join().unwrap();
    heads.sort();
    assert!(heads[0].starts_with("GET /version ") && heads[0].contains("Bearer t0p-secret"), "{heads:?}");
    assert!(
        heads[1].starts_with("HEAD / ") && !heads[1].contains("t0p-secret"),
        "what a step sends is not sent: {heads:?}"
    );
}

#[test]
fn the_hash_in_the_environment_trusts_exactly_that() {
    let place = Place::new();
    place.write("hotfix.toml", CONFIG);
    place.write("deploy", "#!/bin/sh\n");
    std::process::Command::new("chmod").arg("+x").arg(place.repo().join("deploy")).status().unwrap();
    let hash = place.runs(&["trust", "--hash"]).trim().to_owned();
    assert_eq!(checks(&place, Some(("HOTFIX_TRUST", &hash))).0, Some(0));
    assert_eq!(checks(&place, Some(("HOTFIX_TRUST", &hash[..8]))).0, Some(1));
    place.runs(&["trust", "--revoke"]);
    assert_eq!(checks(&place, Some(("HOTFIX_TRUST", &hash))).0, Some(1), "a revocation wins");
}

#[test]
fn the_doctor_names_what_is_missing_and_what_to_do() {
    let place = Place::new();
    let (address, _) = server(0, "200 OK");
    place.write(
        "hotfix.toml",
        &format!(
            "[production]\ndeployed = {{ url = \"{address}/\", token = {{ env = \"UNSET_TOKEN\" }} }}\n\
             [[comms]]\nname = \"all\"\nslack = {{ webhook = {{ file = \"hook\" }} }}\n\
             [rollback]\n[[rollback.steps]]\nname = \"back\"\nrun = [\"no-such-program\"]\n"
        ),
    );
    place.write("hook", "https://hooks.example/T0P\n");
    let hash = place.runs(&["trust", "--hash"]).trim().to_owned();
    place.runs(&["trust", "--yes", &hash]);
    let told = failed(&place).join("\n");
    for what in ["no program `no-such-program` is on the PATH", "secret $UNSET_TOKEN: the variable is not set"] {
        assert!(told.contains(what), "{told}");
    }
    let text = place.prints(&["doctor"]);
    assert!(text.contains("chmod 600") && !text.contains("T0P"), "{text}");
}

#[test]
fn a_broken_configuration_fails_the_doctor_with_line_and_column() {
    let place = Place::new();
    place.write("hotfix.toml", "[limits]\ncore_line = 3\n");
    assert!(
        failed(&place)[0].contains("hotfix.toml:2:1: unknown key `core_line` in [limits]; did you mean `core_lines`?")
    );
    assert!(place.fails(&["trust"]).contains("hotfix.toml:2:1"));
}

#[test]
fn every_shell_gets_its_completions() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(place.runs(&["completions", shell]).contains("declare"), "{shell}");
    }
}

#[test]
fn the_state_folder_is_never_in_the_work_tree() {
    let place = Place::new();
    let inside = place.repo().join("state").display().to_string();
    let output = place.output(&["declare", "x"], Some(("HOTFIX_STATE_DIR", &inside)));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is inside the work tree"));
    assert!(!place.repo().join("state").exists());
}

/// `hotfix trust` in a terminal, answered with what `answer` makes of the letter that is asked for.
fn trust_in_a_terminal(place: &Place, answer: impl Fn(char) -> String) -> (u32, String) {
    let pair = portable_pty::native_pty_system().openpty(portable_pty::PtySize::default()).unwrap();
    let mut child = pair.slave.spawn_command(place.terminal_command(&["trust"])).unwrap();
    drop(pair.slave);
    let mut output = pair.master.try_clone_reader().unwrap();
    let mut input = pair.master.take_writer().unwrap();
    let mut shown = String::new();
    let mut byte = [0];
    while output.read(&mut byte).is_ok_and(|count| count == 1) {
        shown.push(char::from(byte[0]));
        if shown.ends_with("trusts nothing: ") {
            let letter = shown.rsplit("type ").next().unwrap().chars().next().unwrap();
            writeln!(input, "{}", answer(letter)).unwrap();
        }
    }
    (child.wait().unwrap().exit_code(), shown)
}

#[test]
fn in_a_terminal_the_letter_of_the_moment_and_nothing_else_trusts() {
    let place = Place::new();
    place.write("hotfix.toml", CONFIG);
    let other = |letter: char| if letter == 'z' { "a" } else { "z" }.to_owned();
    let answers: [&dyn Fn(char) -> String; 4] = [&other, &|_| "yes".into(), &|_| String::new(), &|c| format!("{c}{c}")];
    for answer in answers {
        let (code, shown) = trust_in_a_terminal(&place, answer);
        assert!(code == 1 && shown.contains("nothing is trusted"), "{shown}");
    }
    let (code, shown) = trust_in_a_terminal(&place, |letter| letter.to_string());
    assert!(code == 0 && shown.contains("trusted: exactly this content"), "{shown}");
    assert!(place.runs(&["trust"]).contains("it is trusted"));
}
