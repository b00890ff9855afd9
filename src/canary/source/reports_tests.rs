use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::http::fault::{Fault, Server, answer};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn feedback(text: &str) -> schema::Feedback {
    toml::from_str(text).unwrap()
}

/// A tracker that counts as Jira does: `POST …/approximate-count` with a query, answered by `{"count": n}`.
async fn jira(status: &'static str, body: &'static str) -> Server {
    let reply = move |_: &str| answer(status, "content-type: application/json\r\n", body.as_bytes());
    Server::start(Fault::Reply(Arc::new(reply))).await
}

fn counter(server: &Server) -> Counter {
    let url = server.url("/rest/api/3/search/approximate-count");
    let body = r#"{"jql":"project=SUP AND created>=-$minutesm"}"#;
    let text = format!(
        "usual = 0.4\nsource = {{ http_json = {{ url = \"{url}\", body = '{body}', value = \"$.count\" }}, token = {{ env = \"T\" }} }}"
    );
    let keys = Keys { token: Some("t0ken".into()), ..Keys::default() };
    Counter::new(&feedback(&text), Client::new(), Some(keys))
}

#[test]
fn a_tracker_is_asked_once_a_minute_for_what_came_since_then() {
    run(async {
        let server = jira("200 OK", r#"{"count": 3}"#).await;
        let (mut counter, mut warnings) = (counter(&server), Vec::new());
        for seconds in [600, 615, 659, 661] {
            let reports = counter.look(at(0), at(seconds), &mut warnings).await;
            assert_eq!(reports, Some(Reports { items: Vec::new(), counted: 3 }), "{warnings:?}");
        }
        let asked: Vec<_> =
            server.requests().iter().map(|it| it.split("\r\n\r\n").nth(1).unwrap().to_owned()).collect();
        assert_eq!(asked, [10, 12].map(|m| json!({"jql": format!("project=SUP AND created>=-{m}m")}).to_string()));
        assert!(server.requests()[0].contains("authorization: Bearer t0ken"));
    });
}

#[test]
fn what_is_not_told_is_not_known_and_not_nothing() {
    run(async {
        for (status, body, why) in [
            ("503 Service Unavailable", "{}", "503"),
            ("200 OK", r#"{"total": 3}"#, "tells no count"),
            ("200 OK", r#"{"count": -1}"#, "tells no count"),
            ("200 OK", "<html>log in</html>", "got HTML"),
        ] {
            let server = jira(status, body).await;
            let mut warnings = Vec::new();
            assert_eq!(counter(&server).look(at(0), at(600), &mut warnings).await, None, "{body}");
            assert!(warnings[0].starts_with("feedback: ") && warnings[0].contains(why), "{warnings:?}");
        }
    });
}

#[test]
fn a_file_and_a_command_count_together() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let line = format!("{{\"at\":\"{}\",\"title\":\"slow\"}}\n", at(5));
        std::fs::write(folder.path().join("feedback.ndjson"), line.repeat(2)).unwrap();
        std::fs::write(folder.path().join("cases.json"), r#"{"result":{"totalSize":4}}"#).unwrap();
        let text = "file = \"feedback.ndjson\"\n\
                    source = { command = { run = [\"cat\", \"cases.json\"], value = \"$.result.totalSize\" } }";
        let mut counter = Counter::new(&feedback(text), Client::new(), None);
        counter.set_folder(folder.path());
        let mut warnings = Vec::new();
        let reports = counter.look(at(0), at(60), &mut warnings).await.unwrap();
        assert_eq!((reports.items.len(), reports.counted, warnings), (2, 4, vec![]));
    });
}
