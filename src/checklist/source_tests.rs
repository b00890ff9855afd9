use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::checklist::fixture::oid;
use crate::config::load;
use crate::config::trust::Permit;
use crate::http::Client;

/// A server that gives each of these answers once: status and body. It tells what it was asked.
fn server(answers: &'static [(&'static str, &'static str)]) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/ready", listener.local_addr().unwrap());
    let serve = move || {
        let answer = |(status, body): &(&str, &str)| {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            let length = body.len();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
            head.join("\n")
        };
        answers.iter().map(answer).collect()
    };
    (address, std::thread::spawn(serve))
}

fn source(item: &str, head: &Head) -> Source {
    let toml = format!("[[checklist.item]]\nid = \"b8\"\n{item}\n");
    let config = load::parse(&toml, Path::new("hotfix.toml")).unwrap().config;
    let probe = Probe::new(Path::new("/"), Permit::for_drill(), Client::new());
    Source::all(&config.checklist, &probe, head).remove(0)
}

fn still() -> Head {
    Arc::new(|| Some(oid('3')))
}

fn poll(source: &mut Source) -> Observation<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(source.poll(Timestamp::UNIX_EPOCH))
}

#[test]
fn an_address_is_asked_with_its_secret_and_the_answer_is_about_the_tip() {
    let (address, served) = server(&[("200 OK", r#"{"commit":"3333333"}"#)]);
    let item = format!(
        r#"http = {{ url = "{address}", json = "$.commit", token = {{ command = ["/bin/echo", "s3cret"] }} }}"#
    );
    let Observation::Seen(_, seen) = poll(&mut source(&item, &still())) else { panic!("no answer") };
    assert_eq!(seen.value, Answer { text: "3333333".into(), refusal: None });
    assert_eq!(seen.subject.commit, Some(oid('3')));
    assert_eq!(seen.ttl, Duration::from_secs(90));
    assert!(seen.source.ends_with("/ready"), "{}", seen.source);
    let asked = served.join().unwrap().remove(0);
    assert!(asked.to_lowercase().contains("authorization: bearer s3cret"), "{asked}");
}

#[test]
fn a_command_gets_the_tip_and_says_no_by_its_exit_code() {
    let Observation::Seen(_, seen) = poll(&mut source(r#"run = ["/bin/sh", "-c", "echo $HOTFIX_HEAD"]"#, &still()))
    else {
        panic!("no answer")
    };
    assert_eq!(seen.value.text, oid('3').as_str());
    let run = r#"run = ["/bin/sh", "-c", "echo starting; echo the freeze began >&2; exit 1"]"#;
    let Observation::Seen(_, seen) = poll(&mut source(run, &still())) else { panic!("no answer") };
    let refusal = seen.value.refusal.unwrap();
    assert!(refusal.contains("ended with exit status: 1 the freeze began"), "{refusal}");
}

#[test]
fn what_gives_no_answer_names_where_and_is_asked_again_later_and_later() {
    let (address, _served) = server(&[("503 Service Unavailable", "no")]);
    let mut asked = source(&format!(r#"http = {{ url = "{address}" }}"#), &still());
    assert_eq!(asked.pause(Timestamp::UNIX_EPOCH), EVERY);
    let mut pauses = Vec::new();
    for what in ["503", "/ready", "/ready"] {
        let Observation::Failed(_, failure) = poll(&mut asked) else { panic!("an answer") };
        assert!(failure.what.contains(what), "{}", failure.what);
        pauses.push(asked.pause(Timestamp::UNIX_EPOCH));
    }
    assert!(pauses.is_sorted() && pauses[0] < pauses[2], "{pauses:?}");
    let slow = "run = [\"/bin/sleep\", \"60\"]\ntimeout = \"50ms\"";
    let Observation::Failed(_, failure) = poll(&mut source(slow, &still())) else { panic!("an answer") };
    assert_eq!(failure.what, "/bin/sleep 60 did not end within 0.05 s");
}

#[test]
fn an_answer_that_came_while_the_tip_moved_is_about_no_commit() {
    let looks = AtomicUsize::new(0);
    let moving: Head =
        Arc::new(move || Some(if looks.fetch_add(1, Ordering::Relaxed) == 0 { oid('3') } else { oid('4') }));
    let Observation::Seen(_, seen) = poll(&mut source(r#"run = ["/bin/true"]"#, &moving)) else { panic!("no answer") };
    assert_eq!(seen.subject, Subject::default());
}

#[test]
fn what_is_printed_cannot_move_the_cursor_nor_fill_the_screen() {
    let run = r#"run = ["/bin/sh", "-c", "printf '\\033[2J'; yes long | head -c 100000"]"#;
    let Observation::Seen(_, seen) = poll(&mut source(run, &still())) else { panic!("no answer") };
    assert!(seen.value.text.len() < 1_000 && !seen.value.text.contains('\u{1b}'), "{}", seen.value.text);
}
