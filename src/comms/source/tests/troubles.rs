//! Receivers that are down, slow, in a hurry or confused.

use super::*;

const INBOX: &str = "webhook = { url = \"URL/in\" }";

/// What comes of sending to a server with a fault.
async fn trouble(fault: Fault, kind: &str) -> Trouble {
    let server = Server::start(fault).await;
    let bench = Bench::new(&[("hook", &server.url("/services/T0P/S3CRET")), ("token", "t0ken")]);
    let trouble =
        bench.send(&channel(&kind.replace("URL", &server.url(""))), &message(About::Deploy)).await.unwrap_err();
    assert_eq!(server.requests().len(), 1, "one attempt is one request: {}", trouble.what);
    trouble
}

fn status(line: &str, headers: &str) -> Fault {
    Fault::Bytes(answer(line, headers, b"{}"))
}

#[test]
fn only_a_receiver_that_cannot_have_it_is_tried_again() {
    let seven = Some(Duration::from_secs(7));
    let cases = [
        (status("429 Too Many Requests", "retry-after: 7\r\n"), Sort::Later(seven)),
        (status("429 Too Many Requests", ""), Sort::Later(None)),
        (status("503 Service Unavailable", "retry-after: 7\r\n"), Sort::Later(seven)),
        (status("404 Not Found", ""), Sort::Refused),
        (status("401 Unauthorized", ""), Sort::Refused),
        (status("302 Found", "location: https://login.example/\r\n"), Sort::Refused),
        (status("500 Internal Server Error", ""), Sort::Unknown),
        (status("504 Gateway Timeout", ""), Sort::Unknown),
        (status("408 Request Timeout", ""), Sort::Unknown),
        (Fault::Reset(Vec::new()), Sort::Unknown),
        (Fault::Bytes(Vec::new()), Sort::Unknown),
        (Fault::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_vec()), Sort::Unknown),
        (Fault::Hang, Sort::Unknown),
    ];
    run(async {
        for (fault, sort) in cases {
            let trouble = trouble(fault, INBOX).await;
            assert_eq!(trouble.sort, sort, "{}", trouble.what);
        }
    });
}

#[test]
fn a_receiver_that_is_not_there_has_got_nothing() {
    run(async {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let kind = INBOX.replace("URL", &format!("http://{address}"));
        let trouble = Bench::new(&[]).send(&channel(&kind), &message(About::Deploy)).await.unwrap_err();
        assert_eq!(trouble.sort, Sort::Later(None));
        assert!(trouble.what.contains("connection refused"), "{}", trouble.what);
    });
}

#[test]
fn an_address_that_is_a_secret_is_not_told_by_an_error() {
    run(async {
        for fault in [status("404 Not Found", ""), Fault::Hang, Fault::Reset(Vec::new())] {
            for kind in ["slack", "teams", "discord", "mattermost"] {
                let trouble = trouble(fault.clone(), &format!("{kind} = {{ webhook = {{ file = \"hook\" }} }}")).await;
                assert!(!trouble.words().contains("S3CRET") && trouble.what.contains("127.0.0.1"), "{}", trouble.what);
            }
        }
    });
}

#[test]
fn slack_refuses_in_words_under_a_status_of_success() {
    const BOT: &str = "slack = { token = { file = \"token\" }, channel = \"C1\", api = \"URL\" }";
    run(async {
        for (word, sort) in [
            ("channel_not_found", Sort::Refused),
            ("invalid_auth", Sort::Refused),
            ("ratelimited", Sort::Later(Some(Duration::from_secs(3)))),
            ("fatal_error", Sort::Unknown),
            ("something_new", Sort::Refused),
        ] {
            let body = format!("{{\"ok\":false,\"error\":\"{word}\"}}");
            let fault = Fault::Bytes(answer("200 OK", "retry-after: 3\r\n", body.as_bytes()));
            let trouble = trouble(fault, BOT).await;
            assert_eq!((trouble.sort, trouble.what), (sort, format!("Slack says {word}")));
        }
        let page = Fault::Bytes(answer("200 OK", "content-type: text/html\r\n", b"<html>"));
        assert_eq!(trouble(page, BOT).await.sort, Sort::Unknown);
    });
}

#[test]
fn a_secret_that_is_missing_is_told_and_nothing_is_sent() {
    run(async {
        let kind = "slack = { webhook = { file = \"gone\" } }";
        let trouble = Bench::new(&[]).send(&channel(kind), &message(About::Deploy)).await.unwrap_err();
        assert_eq!(trouble.sort, Sort::Refused);
        assert!(trouble.what.contains("secret gone") && trouble.what.ends_with("nothing was sent"), "{}", trouble.what);
    });
}

#[test]
fn a_drill_reaches_its_own_inbox_and_nobody_else() {
    run(async {
        let server = Server::answering("200 OK", "", b"{}").await;
        let bench = Bench::new(&[("hook", &server.url("/x")), ("token", "t")]);
        let drill = Message { drill: Some("d1".into()), ..message(About::Deploy) };
        let base = server.url("");
        for kind in [
            "slack = { webhook = { file = \"hook\" } }".to_owned(),
            format!("slack = {{ token = {{ file = \"token\" }}, channel = \"C\", api = \"{base}\" }}"),
            "teams = { webhook = { file = \"hook\" } }".to_owned(),
            "discord = { webhook = { file = \"hook\" } }".to_owned(),
            "mattermost = { webhook = { file = \"hook\" } }".to_owned(),
            "webhook = { address = { file = \"hook\" } }".to_owned(),
            "webhook = { url = \"https://hooks.example/\" }".to_owned(),
            format!(
                "email = {{ server = \"{}\", tls = \"none\", from = \"a@b.example\", to = [\"c@d.example\"] }}",
                server.address
            ),
            format!("pagerduty = {{ routing_key = {{ file = \"token\" }}, api = \"{base}\" }}"),
            format!("statuspage = {{ page = \"p\", token = {{ file = \"token\" }}, api = \"{base}\" }}"),
            format!("github = {{ repository = \"a/b\", token = {{ file = \"token\" }}, api = \"{base}\" }}"),
            format!("gitlab = {{ project = \"a/b\", token = {{ file = \"token\" }}, url = \"{base}\" }}"),
            format!("jira = {{ url = \"{base}\", issue = \"A-1\", token = {{ file = \"token\" }} }}"),
            "command = { run = [\"touch\", \"told\"] }".to_owned(),
        ] {
            let trouble = bench.send(&channel(&kind), &drill).await.unwrap_err();
            assert_eq!(trouble.sort, Sort::Refused, "{kind}");
            assert!(trouble.what.starts_with("a drill tells nobody"), "{kind}: {}", trouble.what);
        }
        assert!(server.requests().is_empty() && !bench.folder.path().join("told").exists());
        bench.send(&channel(&INBOX.replace("URL", &base)), &drill).await.unwrap();
        assert!(server.requests()[0].contains("\"drill\":\"d1\""));
    });
}
