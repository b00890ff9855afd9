//! Telling the stakeholders: what is sent, what is on record then, and how it ends.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use crate::place::Place;

/// A receiver that answers its requests in turn with these lines, and tells what it was sent. It lives as long as the test.
fn receiver(answers: &'static [&'static str]) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for (stream, answer) in listener.incoming().zip(answers.iter().chain(std::iter::repeat(&"200 OK"))) {
            let mut stream = stream.unwrap();
            let (mut request, mut buffer) = (String::new(), [0; 4096]);
            while !request.ends_with('}') {
                let read = stream.read(&mut buffer).unwrap();
                request += &String::from_utf8_lossy(&buffer[..read]);
            }
            tell.send(request).unwrap();
            let _ = write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 8\r\nconnection: close\r\n\r\n{{\"id\":1}}");
        }
    });
    (address, told)
}

fn trusted(place: &Place, config: &str) {
    place.write("hotfix.toml", config);
    let hash = place.runs(&["trust", "--hash"]).trim().to_owned();
    place.runs(&["trust", "--yes", &hash]);
}

fn say(place: &Place, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = place.output(&[&["say", "--json"], arguments].concat(), None);
    let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), document)
}

#[test]
fn every_channel_is_told_once_and_the_failed_one_is_told_plainly() {
    let place = Place::new();
    let (chat, chats) = receiver(&[]);
    let (page, pages) = receiver(&["404 Not Found"]);
    place.write("hook", &format!("{chat}/services/S3CRET\n"));
    trusted(
        &place,
        &format!(
            "[[comms]]\nname = \"chat\"\nslack = {{ webhook = {{ file = \"hook\" }} }}\n\
             [[comms]]\nname = \"page\"\nwebhook = {{ url = \"{page}/in\" }}\n"
        ),
    );
    assert!(place.fails(&["say", "we look"]).contains("`hotfix declare TITLE` opens one"));
    place.runs(&["declare", "checkout 502", "--severity", "sev2"]);
    let (code, document) = say(&place, &["We", "look", "into", "<it>"]);
    assert_eq!((code, &document["delivered"]), (Some(1), &Value::Bool(false)));
    let states: Vec<_> =
        document["channels"].as_array().unwrap().iter().map(|it| it["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["delivered", "failed"]);
    assert!(document["channels"][1]["detail"].as_str().unwrap().contains("not found (404)"), "{document}");
    let sent = chats.recv().unwrap();
    assert!(sent.contains("[SEV2] checkout 502: investigating\\nWe look into &lt;it&gt;\\nNext update at "), "{sent}");

    let again = place.output(&["say", "--retry"], None);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    let keys: Vec<_> = pages
        .iter()
        .take(2)
        .map(|it| it.lines().find(|line| line.starts_with("idempotency-key")).unwrap().to_owned())
        .collect();
    assert_eq!(keys[0], keys[1], "the same notice has the same key");
    assert!(chats.try_recv().is_err(), "the channel that has it is not told again");
    assert!(String::from_utf8_lossy(&place.output(&["say", "--retry"], None).stderr).contains("nothing to send again"));
    let timeline = place.runs(&["timeline"]);
    assert!(timeline.contains("told chat: We look into <it>") && !timeline.contains("S3CRET"), "{timeline}");
    assert_eq!(timeline.matches("told chat").count(), 1);
    let status: Value = serde_json::from_str(&place.prints(&["status", "--json"])).unwrap();
    let gate = status["gates"].as_array().unwrap().iter().find(|gate| gate["id"] == "a8").unwrap();
    assert_eq!(gate["state"], "satisfied");
}

#[test]
fn what_nobody_knows_waits_for_a_person() {
    let place = Place::new();
    let (address, told) = receiver(&["500 Internal Server Error"]);
    trusted(&place, &format!("[[comms]]\nname = \"all\"\nwebhook = {{ url = \"{address}\" }}\n"));
    place.runs(&["declare", "x", "--severity", "sev3"]);
    let output = place.output(&["say", "one", "word", "--next", "none"], None);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.starts_with("UNKNOWN    all  ") && text.contains("`hotfix say --retry --unknown-too`"), "{text}");
    assert!(text.ends_with("no next update is promised\n"), "{text}");
    assert_eq!(place.output(&["say", "--retry"], None).status.code(), Some(1));
    assert_eq!(told.try_iter().count(), 1);
    assert_eq!(say(&place, &["--retry", "--unknown-too"]).0, Some(0));
    assert_eq!(told.try_iter().count(), 1);
}

#[test]
fn what_cannot_be_sent_is_refused_with_exit_2_and_nothing_is_sent() {
    let place = Place::new();
    let (address, told) = receiver(&[]);
    place.write("hotfix.toml", &format!("[[comms]]\nname = \"all\"\nwebhook = {{ url = \"{address}\" }}\n"));
    place.runs(&["declare", "x"]);
    assert!(place.fails(&["say", "word"]).contains("is not trusted, so nobody is told"));
    assert!(place.fails(&["say", "word", "--channel", "al"]).contains("did you mean `all`?"));
    assert!(place.fails(&["say", " "]).contains("a notice must say something"));
    assert!(place.fails(&["say", "word", "--next", "soon"]).contains("`soon` is no duration"));
    assert!(place.fails(&["say"]).contains("TEXT"));
    let shown = place.runs(&["say", "word", "--dry-run", "--resolved"]);
    assert!(shown.contains("would go to all (webhook)") && shown.contains("x: resolved\nword\n"), "{shown}");
    assert!(told.try_recv().is_err());
    assert!(!place.runs(&["timeline"]).contains("notice"));
}

#[test]
fn without_channels_a_notice_is_recorded_and_told_by_a_person() {
    let place = Place::new();
    place.runs(&["declare", "x", "--severity", "sev2"]);
    let output = place.output(&["say", "told by phone"], None);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("names no [[comms]]"));
    assert!(place.runs(&["timeline"]).contains("told recorded: told by phone"));
}

#[test]
fn a_notice_begins_with_the_words_of_the_stage_and_the_situation_is_told_in_a_few_lines() {
    let place = Place::new();
    let (address, told) = receiver(&[]);
    trusted(
        &place,
        &format!(
            "[notices]\nassess = \"{{what}} is slow: {{impact}}.\\nCanary {{canary}}\"\n\
             [[comms]]\nname = \"all\"\nwebhook = {{ url = \"{address}\" }}\n"
        ),
    );
    place.runs(&["declare", "checkout", "--severity", "sev2"]);
    place.runs(&["assess", "--impact", "4 % of orders"]);
    place.runs(&["say", "--template", "More", "soon."]);
    let sent = told.recv().unwrap();
    assert!(sent.contains("\"text\":\"checkout is slow: 4 % of orders.\\nMore soon.\""), "{sent}");
    let situation = place.prints(&["status", "--text"]);
    for line in ["checkout (SEV2, stage assess)", "readiness: NO-GO", "impact: 4 % of orders", "canary: not known"] {
        assert!(situation.contains(line), "{line} in\n{situation}");
    }
    assert!(situation.contains("last notice: ") && situation.contains("\nnext notice: "), "{situation}");
}

#[test]
fn the_issue_in_the_tracker_is_evidence_once_it_is_trusted() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (stream, state) in listener.incoming().zip(["open", "closed"]) {
            let (mut stream, mut request) = (stream.unwrap(), [0; 4096]);
            let _ = stream.read(&mut request).unwrap();
            let body = format!("{{\"title\":\"Checkout\",\"state\":\"{state}\",\"labels\":[]}}");
            let length = body.len();
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
        }
    });
    place.write("hotfix.toml", &format!("[tracker]\ngithub = {{ repository = \"a/b\", api = \"{address}\" }}\n"));
    place.runs(&["declare", "x", "--ticket", "#17"]);
    let gate = || {
        let status: Value = serde_json::from_str(&place.prints(&["status", "--json"])).unwrap();
        let gates = status["gates"].as_array().unwrap().clone();
        let gate = gates.into_iter().find(|gate| gate["id"] == "a1").unwrap();
        (gate["state"].as_str().unwrap().to_owned(), gate["why"].as_str().unwrap().to_owned())
    };
    assert!(gate().1.contains("the tracker was not asked: hotfix.toml is not trusted"), "{gate:?}", gate = gate());
    let hash = place.runs(&["trust", "--hash"]).trim().to_owned();
    place.runs(&["trust", "--yes", &hash]);
    assert_eq!(gate(), ("satisfied".to_owned(), "in the tracker: #17 Checkout [open]".to_owned()));
    let (state, why) = gate();
    assert!(state == "open" && why.contains("it is closed in the tracker"), "{state}: {why}");
}
