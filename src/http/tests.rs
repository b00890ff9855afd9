use std::time::Duration;

use serde_json::json;

use super::fault::{Fault, Server, answer, gzip_of_zeros};
use super::*;

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn quick(url: String) -> Request {
    Request { timeout: Some(Duration::from_millis(600)), ..Request::get(url) }
}

async fn failure(fault: Fault) -> HttpError {
    let server = Server::start(fault).await;
    Client::new().send(quick(server.url("/x?secret=1"))).await.unwrap_err()
}

#[test]
fn an_answer_is_read_whole() {
    run(async {
        let date = "date: Tue, 24 Nov 2026 19:38:17 GMT\r\ncontent-type: application/json; charset=utf-8\r\n";
        let server = Server::answering("200 OK", date, br#"{"a":1}"#).await;
        let response = Client::new().send(Request::get(server.url("/v"))).await.unwrap();
        assert_eq!((response.status, response.json().unwrap()), (200, json!({"a": 1})));
        assert_eq!(response.date, Some("2026-11-24T19:38:17Z".parse().unwrap()));
        assert_eq!(response.content_type.as_deref(), Some("application/json"));
    });
}

#[test]
fn form_json_and_token_are_sent() {
    run(async {
        let server = Server::answering("204 No Content", "", b"").await;
        let client = Client::new();
        let pairs = vec![("query".to_owned(), "a{b=\"c\"} + 1".to_owned())];
        let bearer = Some(Bearer::from("s3cret".to_owned()));
        client.send(Request { bearer, ..Request::form(server.url("/f"), pairs) }).await.unwrap();
        client.send(Request { body: Body::Json(json!([1])), ..Request::new("PUT", server.url("/j")) }).await.unwrap();
        let seen = server.requests();
        assert!(seen[0].starts_with("POST /f ") && seen[0].ends_with("query=a%7Bb%3D%22c%22%7D+%2B+1"), "{}", seen[0]);
        assert!(seen[0].contains("authorization: Bearer s3cret"));
        assert!(seen[1].starts_with("PUT /j ") && seen[1].ends_with("[1]") && !seen[1].contains("authorization"));
    });
}

#[test]
fn a_secret_is_never_shown() {
    let bearer = Some(Bearer::from("s3cret".to_owned()));
    assert!(!format!("{:?}", Request { bearer, ..Request::get("https://h") }).contains("s3cret"));
}

#[test]
fn a_closed_port_is_refused_in_words() {
    run(async {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = Client::new().send(Request::get(format!("http://{address}/"))).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unreachable);
        assert!(error.what.contains("connection refused"), "{error}");
    });
}

#[test]
fn an_unknown_host_is_told_as_such() {
    run(async {
        let request = Request { allow_http: true, ..Request::get("http://nowhere.invalid/") };
        let error = Client::new().send(request).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unreachable);
    });
}

#[test]
fn hanging_dripping_and_stalling_end_with_the_deadline() {
    run(async {
        let head = answer("200 OK", "", &[b'x'; 500]);
        for fault in [Fault::Hang, Fault::Loris(head.clone()), Fault::Stall(head[..200].to_vec())] {
            let started = std::time::Instant::now();
            let error = failure(fault).await;
            assert_eq!(error.kind, Kind::Timeout);
            assert!(started.elapsed() < Duration::from_secs(2));
        }
    });
}

#[test]
fn half_a_body_and_a_reset_are_broken_and_a_get_is_tried_twice() {
    run(async {
        let whole = answer("200 OK", "", &[b'x'; 500]);
        for fault in [
            Fault::Bytes(whole[..200].to_vec()),
            Fault::Reset(whole[..200].to_vec()),
            Fault::Bytes(b"garbage\r\n\r\n".to_vec()),
        ] {
            let server = Server::start(fault).await;
            let error = Client::new().send(quick(server.url("/"))).await.unwrap_err();
            assert_eq!((error.kind, server.requests().len()), (Kind::Broken, 2), "{error}");
            let post = Request { method: "POST".into(), ..quick(server.url("/")) };
            Client::new().send(post).await.unwrap_err();
            assert_eq!(server.requests().len(), 3, "a POST may have acted: it is not repeated");
            let query = Request { repeatable: true, ..Request::form(server.url("/"), vec![]) };
            Client::new().send(query).await.unwrap_err();
            assert_eq!(server.requests().len(), 5, "a query by POST changes nothing");
        }
    });
}

#[test]
fn a_redirect_is_not_followed_and_its_host_is_named() {
    run(async {
        let trap = Server::answering("200 OK", "", b"").await;
        let server = Server::answering("302 Found", &format!("location: {}\r\n", trap.url("/login")), b"").await;
        let bearer = Some(Bearer::from("s3cret".to_owned()));
        let error = Client::new().send(Request { bearer, ..Request::get(server.url("/")) }).await.unwrap_err();
        assert_eq!(error.kind, Kind::Redirect);
        assert!(error.what.contains("redirected (302) to 127.0.0.1"), "{error}");
        assert!(trap.requests().is_empty());
    });
}

#[test]
fn an_endless_body_stops_at_the_limit() {
    run(async {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
        let server = Server::start(Fault::Endless(head, chunk)).await;
        let error = Client::new().send(Request::get(server.url("/"))).await.unwrap_err();
        assert_eq!(error.kind, Kind::TooLarge);
    });
}

#[test]
fn a_gzip_bomb_stops_at_the_limit() {
    run(async {
        let server = Server::answering("200 OK", "content-encoding: gzip\r\n", &gzip_of_zeros(32)).await;
        let request = Request { timeout: Some(Duration::from_secs(20)), ..Request::get(server.url("/")) };
        let error = Client::new().send(request).await.unwrap_err();
        assert_eq!(error.kind, Kind::TooLarge, "{error}");
    });
}

#[test]
fn huge_headers_are_refused() {
    run(async {
        for size in [100 * 1024, 2 * 1024 * 1024] {
            let server = Server::answering("200 OK", &format!("x-big: {}\r\n", "a".repeat(size)), b"").await;
            let error = Client::new().send(Request::get(server.url("/"))).await.unwrap_err();
            assert!(matches!(error.kind, Kind::TooLarge | Kind::Broken), "{error}");
        }
    });
}

#[test]
fn a_login_page_is_told_as_such() {
    run(async {
        for headers in ["content-type: text/html; charset=utf-8\r\n", ""] {
            let server = Server::answering("200 OK", headers, b"  <!DOCTYPE html><title>Sign in</title>").await;
            let response = Client::new().send(Request::get(server.url("/"))).await.unwrap();
            assert!(response.json().unwrap_err().what.contains("got HTML: a login page?"));
        }
    });
}

#[test]
fn too_many_requests_says_how_long_to_wait() {
    run(async {
        let date = "date: Tue, 24 Nov 2026 19:00:00 GMT\r\nretry-after: Tue, 24 Nov 2026 19:00:40 GMT\r\n";
        for (headers, seconds) in [("retry-after: 7\r\n", 7), ("retry-after: 7200\r\n", 300), (date, 40)] {
            let server = Server::answering("429 Too Many Requests", headers, b"slow \x1b[31mdown").await;
            let error = Client::new().send(Request::get(server.url("/"))).await.unwrap().success().unwrap_err();
            assert_eq!(error.retry_after, Some(Duration::from_secs(seconds)));
            assert!(error.what.contains("too many requests (429): slow \\u{1b}[31mdown"), "{error}");
        }
    });
}

#[test]
fn bodies_that_are_no_json_are_refused_without_loss() {
    run(async {
        for body in
            [&b"{\"a\":\"\xff\"}"[..], b"", b"\xef\xbb\xbf{}", b"{\"a\":NaN}", b"{\"a\":1e999}", &[b'['; 200_000]]
        {
            let server = Server::answering("200 OK", "", body).await;
            let response = Client::new().send(Request::get(server.url("/"))).await.unwrap();
            let error = response.json().unwrap_err();
            assert_eq!(error.kind, Kind::Malformed);
            assert!(error.what.chars().count() < 450, "{error}");
        }
    });
}

#[test]
fn plain_http_beyond_this_machine_is_refused() {
    run(async {
        let client = Client::new();
        for url in [
            "http://metrics.example/",
            "ftp://127.0.0.1/",
            "https://u:p@metrics.example/",
            "metrics",
            "http://127.0.0.1.evil.example/",
        ] {
            let error = client.send(Request::get(url)).await.unwrap_err();
            assert_eq!(error.kind, Kind::Refused, "{url}");
            assert!(!error.what.contains("u:p"));
        }
    });
}

#[test]
fn errors_hold_no_query() {
    let error = run(failure(Fault::Hang));
    assert!(error.what.starts_with("GET 127.0.0.1:") && error.what.contains("/x:") && !error.what.contains("secret"));
}

#[test]
fn tls_to_a_plain_port_is_told_as_such() {
    run(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            std::future::pending::<()>().await;
        });
        let error = Client::new().send(Request::get(url)).await.unwrap_err();
        assert_eq!(error.kind, Kind::Tls, "{error:?}");
        assert!(error.what.ends_with("no TLS on this port"), "{error:?}");
    });
}

#[test]
fn waits_double_to_half_a_minute_and_honour_the_server() {
    let mut backoff = Backoff::new("prometheus");
    let waits: Vec<f64> = (0..8).map(|_| backoff.failed(None).as_secs_f64()).collect();
    for (wait, full) in waits.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]) {
        assert!(*wait <= full && *wait >= 0.75 * full, "{wait} of {full}");
    }
    let mut again = Backoff::new("prometheus");
    assert_eq!(again.failed(None).as_secs_f64(), waits[0], "the same seed, the same waits");
    assert_eq!(again.failed(Some(Duration::from_secs(90))), Duration::from_secs(90));
    again.succeeded();
    assert!(again.failed(None) <= Duration::from_secs(1));
}

#[test]
fn a_path_leads_to_a_value_or_says_why_not() {
    let value = json!({"a": {"b": [10, {"c d": "x"}]}, "n": null});
    assert_eq!(json_at(&value, "$.a.b[0]"), Ok(&json!(10)));
    assert_eq!(json_at(&value, "$['a'].b[1]['c d']"), Ok(&json!("x")));
    assert_eq!(json_at(&value, "$.a[\"b\"][0]"), Ok(&json!(10)));
    assert_eq!(json_at(&value, "$"), Ok(&value));
    assert_eq!(json_at(&value, "$.n"), Ok(&json!(null)));
    assert!(json_at(&value, "$.a.z").unwrap_err().contains("`z`"));
    assert!(json_at(&value, "$.a.b[7]").unwrap_err().contains("[7]"));
    for of_others in ["$['a','n']", "$.*", "$..a", "$.a[?@.b]"] {
        assert!(path::check(of_others).is_err(), "{of_others} is JSONPath, and no name");
    }
    for bad in ["", "a", "$a", "$.", "$..a", "$.a[", "$.a[x]", "$.a[-1]", "$['a"] {
        assert!(path::check(bad).is_err(), "{bad}");
    }
}
