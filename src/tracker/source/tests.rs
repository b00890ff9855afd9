//! Trackers on loopback.

use super::*;
use crate::evidence::Observed;
use crate::http::fault::{Fault, Server, answer};

/// What comes of asking a server for a ticket, and what it was asked.
fn asked(
    tracker: &str,
    ticket: &str,
    status: &str,
    headers: &str,
    body: &str,
) -> (Observed<Issue>, Vec<String>, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::start(Fault::Bytes(answer(status, headers, body.as_bytes()))).await;
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join("token"), "t0ken").unwrap();
        let tracker: Tracker = toml::from_str(&tracker.replace("URL", &server.url(""))).unwrap();
        let place = Place {
            permit: Permit::for_drill(),
            client: Client::new(),
            root: folder.path().to_owned(),
            hide: Arc::new(|_| {}),
        };
        let mut source = Source::new(&tracker, ticket, place, Generation(4));
        let now: Timestamp = "2026-11-24T14:02:00Z".parse().unwrap();
        let mut observed = Observed::default();
        observed.observe(source.begin());
        observed.observe(source.poll(now).await);
        assert_eq!(source.generation(), Generation(5));
        (observed, server.requests(), source.pause(now))
    })
}

const GITHUB: &str = "github = { repository = \"acme/checkout\", token = { file = \"token\" }, api = \"URL\" }";
const GITLAB: &str = "gitlab = { project = \"acme/checkout\", url = \"URL\" }";
const JIRA: &str = "jira = { url = \"URL\", user = \"ana@acme.example\", token = { file = \"token\" } }";
const OTHER: &str = "url = \"URL/issue?id={ticket}\"";

fn seen(tracker: &str, ticket: &str, body: &str) -> (Issue, String) {
    let (observed, requests, pause) = asked(tracker, ticket, "200 OK", "", body);
    assert_eq!(pause, EVERY);
    (observed.value().unwrap().clone(), requests[0].clone())
}

#[test]
fn an_issue_on_github() {
    let body = r#"{"number":17,"title":"Checkout \u001b[31m502","state":"open","labels":[{"name":"urgent"},{"name":"cart"}],
        "assignee":{"login":"ana"},"html_url":"https://github.example/acme/checkout/issues/17"}"#;
    let (issue, request) = seen(GITHUB, "https://github.example/acme/checkout/issues/17", body);
    assert!(
        request.starts_with("GET /repos/acme/checkout/issues/17 ") && request.contains("authorization: Bearer t0ken")
    );
    assert_eq!(issue.line(), "#17 Checkout \\u{1b}[31m502 [open] urgent, cart · ana");
    assert_eq!((issue.is_open, issue.page.is_some()), (Some(true), true));
}

#[test]
fn an_issue_on_gitlab() {
    let body = r#"{"iid":17,"title":"Checkout","state":"closed","labels":["urgent"],"assignee":null,"web_url":"https://g.example/17"}"#;
    let (issue, request) = seen(GITLAB, "#17", body);
    assert!(request.starts_with("GET /api/v4/projects/acme%2Fcheckout/issues/17 "), "{request}");
    assert_eq!((issue.is_open, issue.line().as_str()), (Some(false), "#17 Checkout [closed] urgent"));
}

#[test]
fn an_issue_in_jira() {
    let body = r#"{"key":"SHOP-17","fields":{"summary":"Checkout","labels":[],"assignee":{"displayName":"Ana"},
        "status":{"name":"In Progress","statusCategory":{"key":"indeterminate"}}}}"#;
    let (issue, request) = seen(JIRA, "SHOP-17", body);
    assert!(request.starts_with("GET /rest/api/2/issue/SHOP-17?fields="), "{request}");
    assert!(request.contains("authorization: Basic "));
    assert_eq!((issue.is_open, issue.line().as_str()), (Some(true), "SHOP-17 Checkout [In Progress] · Ana"));
}

#[test]
fn any_other_tracker_only_says_that_it_is_there() {
    let (issue, request) = seen(OTHER, "OPS 17/x", "<html>a page</html>");
    assert!(request.starts_with("GET /issue?id=OPS%2017%2Fx "), "{request}");
    assert_eq!((issue.id.as_str(), issue.is_open, issue.title), ("OPS 17/x", None, None));
}

#[test]
fn what_is_not_there_or_not_allowed_is_told_plainly() {
    let failed = |ticket: &str, status: &str, headers: &str| {
        let (observed, requests, pause) = asked(GITHUB, ticket, status, headers, "{}");
        (observed.failure().unwrap().what.clone(), requests.len(), pause)
    };
    assert!(failed("#17", "404 Not Found", "").0.ends_with("there is no #17, or the token may not see it"));
    assert!(failed("#17", "401 Unauthorized", "").0.contains("not authenticated (401)"));
    let (what, _, pause) = failed("#17", "403 Forbidden", "x-ratelimit-remaining: 0\r\nretry-after: 90\r\n");
    assert!(what.ends_with("the rate limit is used up") && pause >= Duration::from_secs(90), "{what}, {pause:?}");
    assert!(failed("#17", "429 Too Many Requests", "retry-after: 90\r\n").2 >= Duration::from_secs(90));
    let (what, requests, _) = failed("ask ana", "200 OK", "");
    assert!(what.ends_with("it holds no number such as #17") && requests == 0, "{what}");
}
