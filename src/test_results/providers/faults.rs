//! What a server may answer instead, the same for every provider.

use super::github::fixture::{at, target, verdict};
use super::remote::Remote;
use crate::http::fault::{Fault, Server, answer};
use crate::test_results::model::Light;

/// Each fault: what is answered, what is said, and a part of the remedy.
pub fn faults() -> Vec<(Vec<u8>, &'static str, &'static str)> {
    let json = "content-type: application/json\r\n";
    vec![
        (answer("200 OK", "content-type: text/html\r\n", b"<html>Sign in"), "a login page", "check the address"),
        (answer("200 OK", json, br#"{"total_count":2,"check_"#), "no JSON", "check the address"),
        (answer("200 OK", json, b""), "the answer is empty", "check the address"),
        (answer("200 OK", json, br#"{"total_count":"two"}"#), "no JSON", "check the address"),
        (answer("401 Unauthorized", json, b"{}"), "not authenticated (401)", "no token was sent"),
        (answer("403 Forbidden", json, b"{}"), "not allowed (403)", "no token was sent"),
        (answer("404 Not Found", json, b"{}"), "not found (404)", "no token was sent"),
        (
            answer("403 Forbidden", "x-github-sso: required; url=https://github.example/sso\r\n", b"{}"),
            "not allowed",
            "single sign-on",
        ),
        (answer("301 Moved Permanently", "location: /repositories/1\r\n", b""), "redirected (301)", "address"),
        (answer("500 Internal Server Error", "", b"oops"), "server error (500)", ""),
        (
            answer("403 Forbidden", json, br#"{"message":"You have exceeded a secondary rate limit"}"#),
            "rate limited (403)",
            "token raises",
        ),
        (answer("429 Too Many Requests", "", b""), "rate limited (429)", "token raises"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{".to_vec(), "ended in the middle", ""),
    ]
}

/// Whatever comes instead of an answer is told in words, is asked for again later, and never green. `remote` asks the server, with a
/// token.
pub async fn none_is_green(remote: impl Fn(&Server) -> Remote) {
    let answers = faults().into_iter().map(|(bytes, what, _)| (Fault::Bytes(bytes), what));
    let reset = (Fault::Reset(b"HTTP/1.1 200 OK\r\n".to_vec()), "");
    for (fault, what) in answers.chain([reset]) {
        let server = Server::start(fault).await;
        let report = remote(&server).look(&target(0)).await.0;
        let silence = report.runs[0].ci.as_ref().unwrap().silence.clone();
        // One object is as good as another for who reads with lenience: then it holds nothing.
        if let Some(silence) = silence {
            assert!(silence.what.contains(what), "{} is not {what}", silence.what);
            assert!(silence.retry_at.unwrap() > at(0) && !silence.what.contains("t0ken"), "{}", silence.what);
        }
        assert_eq!(verdict(report, 0).light, Light::Unknown, "{what}");
    }
}

/// A limit is kept to as long as the server says: by the hour, by `Retry-After`, or a minute where it says nothing.
pub async fn limits_are_kept(remote: impl Fn(&Server) -> Remote) {
    let spent = format!("x-ratelimit-remaining: 0\r\nx-ratelimit-reset: {}\r\n", at(600).as_second());
    for (status, headers, wait) in [
        ("403 Forbidden", spent.as_str(), 601),
        ("403 Forbidden", "retry-after: 42\r\n", 42),
        ("429 Too Many Requests", "retry-after: 42\r\n", 42),
        ("429 Too Many Requests", spent.as_str(), 601),
        ("429 Too Many Requests", "", 60),
    ] {
        let server = Server::start(Fault::Bytes(answer(status, headers, b""))).await;
        let mut remote = remote(&server);
        let (report, pause) = remote.look(&target(0)).await;
        assert_eq!(pause.as_secs(), wait, "{status} {headers}");
        let why = report.runs[0].ci.as_ref().unwrap().silence(at(0));
        assert!(why.contains("rate limited") && why.contains("again in"), "{why}");
        let before = server.requests().len();
        remote.look(&target(wait.cast_signed() - 1)).await;
        assert_eq!(server.requests().len(), before, "it is left alone");
    }
}
