use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

/// A server that gives these answers, one after the other: status and body.
fn server(answers: &'static [(&'static str, &'static str)]) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/version", listener.local_addr().unwrap());
    let serve = move || {
        let answer = |(status, body): &(&str, &str)| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                head.push(byte[0]);
            }
            let length = body.len();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
            String::from_utf8(head).unwrap()
        };
        answers.iter().map(answer).collect()
    };
    (address, std::thread::spawn(serve))
}

fn source(asked: &schema::Deployed) -> Deployed {
    Deployed::new(Track::Production, asked, Permit::for_drill(), Client::new(), Path::new("/"))
}

fn poll(source: &mut Deployed) -> Result<String, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match runtime.block_on(source.poll(Timestamp::UNIX_EPOCH)) {
        Observation::Seen(_, evidence) => Ok(evidence.value.word().to_owned()),
        Observation::Failed(_, failure) => Err(failure),
        Observation::Started(_) => unreachable!("a poll ends"),
    }
}

fn url(url: String, json: Option<&str>) -> schema::Deployed {
    schema::Deployed { url: Some(url), json: json.map(str::to_owned), ..schema::Deployed::default() }
}

fn run(argv: &[&str], json: Option<&str>) -> schema::Deployed {
    let run = Some(argv.iter().map(|word| (*word).to_owned()).collect());
    schema::Deployed { run, json: json.map(str::to_owned), ..schema::Deployed::default() }
}

#[test]
fn the_word_is_read_from_text_and_from_json() {
    let (address, served) = server(&[("200 OK", "3f9c1e2\n"), ("200 OK", r#"{"build":{"commit":"v2.4.1"}}"#)]);
    assert_eq!(poll(&mut source(&url(address.clone(), None))).unwrap(), "3f9c1e2");
    assert_eq!(poll(&mut source(&url(address, Some("$.build.commit")))).unwrap(), "v2.4.1");
    assert!(served.join().unwrap()[0].starts_with("GET /version "));
}

#[test]
fn what_is_no_version_is_a_failure_with_a_way_out() {
    let (address, _served) = server(&[
        ("200 OK", "<!doctype html><p>sign in"),
        ("200 OK", "all is well"),
        ("200 OK", r#"{"commit":null}"#),
        ("503 Service Unavailable", "no"),
        ("200 OK", ""),
    ]);
    for (json, what) in [
        (None, "a page for people"),
        (None, "no commit and no tag: all is well"),
        (Some("$.commit"), "is no text"),
        (None, "503"),
        (None, "the answer is empty"),
    ] {
        let failure = poll(&mut source(&url(address.clone(), json))).unwrap_err();
        assert!(failure.what.contains(what), "{}", failure.what);
    }
}

#[test]
fn failures_are_asked_again_later_and_later() {
    let (address, _served) = server(&[]);
    let mut source = source(&url(address, None));
    assert_eq!(source.pause(Timestamp::UNIX_EPOCH), EVERY);
    let mut pauses = Vec::new();
    for _ in 0..3 {
        let failure = poll(&mut source).unwrap_err();
        assert!(failure.what.starts_with("production did not tell what runs there"), "{}", failure.what);
        pauses.push(source.pause(Timestamp::UNIX_EPOCH));
    }
    assert!(pauses.is_sorted() && pauses[0] < pauses[2], "{pauses:?}");
}

#[test]
fn a_command_tells_as_well_and_never_more_than_it_may() {
    assert_eq!(poll(&mut source(&run(&["/bin/echo", "v1.2.3"], None))).unwrap(), "v1.2.3");
    assert_eq!(poll(&mut source(&run(&["/bin/echo", r#"{"sha":"abcdef1"}"#], Some("$.sha")))).unwrap(), "abcdef1");
    for (argv, what) in [
        (&["/bin/sh", "-c", "echo it broke >&2; exit 3"][..], "it broke"),
        (&["/no/such"], "is not a program"),
        (&["/bin/sh", "-c", "yes word"], "ended with"),
    ] {
        let failure = poll(&mut source(&run(argv, None))).unwrap_err();
        assert!(failure.what.contains(what), "{}", failure.what);
    }
}

#[test]
fn an_answer_is_believed_for_a_minute() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let oid = "3".repeat(40);
    let mut source = source(&run(&["/bin/echo", &oid], None));
    let Observation::Seen(_, seen) = runtime.block_on(source.poll(Timestamp::UNIX_EPOCH)) else { panic!("no answer") };
    assert_eq!((seen.ttl, seen.subject.commit.unwrap().as_str()), (TTL, oid.as_str()));
}
