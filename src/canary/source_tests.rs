use std::sync::Arc;

use super::super::model::Arm;
use super::*;
use crate::http::fault::{Fault, Server, answer};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn at(seconds: f64) -> Timestamp {
    instant(1_800_000_000.0 + seconds).unwrap()
}

fn canary(url: &str) -> schema::Canary {
    toml::from_str(&format!(
        "source = {{ prometheus = \"{url}\", headers = {{ x-scope-orgid = \"shop\" }} }}\n\
         baseline = 'track=\"stable\"'\ncanary = 'track=\"canary\"'\ninterval = \"15s\"\nlookback = \"1m\"\n\
         [[metrics]]\nname = \"errors\"\nbad = 'e{{$scope}}'\ntotal = 't{{$scope}}'\n"
    ))
    .unwrap()
}

fn source(url: &str) -> Source {
    Source::new(
        &canary(url),
        Permit::for_drill(),
        Client::new(),
        Keys { token: Some("s3cret".into()), application_key: None, feedback: None },
    )
}

/// The value of a form field of a request, decoded.
fn field(request: &str, name: &str) -> Option<String> {
    let body = request.split("\r\n\r\n").nth(1)?;
    let url = reqwest::Url::parse(&format!("http://x/?{body}")).ok()?;
    url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}

/// A counter of one target, as the server shows it: `rate` a second since 1,800,000,000.
fn matrix(request: &str, rate: f64) -> String {
    let number = |name: &str| field(request, name).unwrap().parse::<f64>().unwrap();
    let (start, end, step) = (number("start"), number("end"), number("step"));
    let steps = ((end - start) / step).round() as u32 + 1;
    let point = |i: u32| {
        let at = start + f64::from(i) * step;
        format!("[{at:.3},\"{}\"]", ((at - 1_799_990_000.0) * rate).round())
    };
    let values = (0..steps).map(point).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{"instance":"a"}},"values":[{values}]}}]}},"warnings":["slow \u001b[31m"]}}"#
    )
}

/// A server whose baseline has 9 requests a second and whose canary has one, with 1 in 10 bad.
async fn world(headers: &'static str) -> Server {
    let reply = move |request: &str| {
        let query = field(request, "query").unwrap();
        let rate = if query.contains("canary") { 1.0 } else { 9.0 } * if query.starts_with('e') { 0.1 } else { 1.0 };
        answer("200 OK", headers, matrix(request, rate).as_bytes())
    };
    Server::start(Fault::Reply(Arc::new(reply))).await
}

fn batch(observation: Observation<Batch>) -> Evidence<Batch> {
    match observation {
        Observation::Seen(_, evidence) => *evidence,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_look_reaches_back_and_the_next_goes_on() {
    run(async {
        let server = world("").await;
        let mut source = source(&server.url("/"));
        let first = batch(source.poll(at(7.0)).await);
        let times: Vec<_> = first.value.scrapes[0].iter().map(|s| s.at).collect();
        assert_eq!(times, [-60.0, -45.0, -30.0, -15.0, 0.0].map(at));
        assert!(first.value.scrapes[0][0].is_missed(), "the first value is a start");
        assert_eq!(first.value.scrapes[0][1].drawn(0).baseline, Arm { bad: Some(14.0), total: Some(135.0) });
        assert_eq!((first.observed_at, first.ttl), (at(0.0), Duration::from_secs(35)));
        assert_eq!(first.value.warnings, ["slow \\u{1b}[31m"]);
        assert_eq!(source.next_at(at(7.0)), at(22.0));
        let next = batch(source.poll(at(37.0)).await);
        assert_eq!(next.value.scrapes[0].iter().map(|s| s.at).collect::<Vec<_>>(), [15.0, 30.0].map(at));
        assert_eq!(next.value.scrapes[0][0].drawn(0).canary.total, Some(15.0));
        let nothing = batch(source.poll(at(38.0)).await);
        assert_eq!((nothing.value.scrapes, nothing.observed_at), (vec![vec![]], at(30.0)), "no step has passed");
        let requests = server.requests();
        assert_eq!(requests.len(), 8);
        assert!(requests[0].starts_with("POST /api/v1/query_range ") && requests[0].contains("x-scope-orgid: shop"));
        assert!(requests[0].contains("authorization: Bearer s3cret"));
        assert_eq!(field(&requests[0], "query").unwrap(), "t{track=\"stable\"}", "which tells the targets");
        assert_eq!(field(&requests[4], "start").unwrap(), "1800000015.000");
    });
}

#[test]
fn a_failure_loses_no_scrape_and_backs_off() {
    run(async {
        let server = world("").await;
        let mut source = source(&server.url(""));
        batch(source.poll(at(7.0)).await);
        let Backend::Query(api) = &mut source.backend else { panic!() };
        let right = std::mem::replace(&mut api.address, "http://127.0.0.1:1".into());
        for generation in 2..5 {
            let Observation::Failed(seen, failure) = source.poll(at(30.0)).await else { panic!() };
            assert_eq!(seen, Generation(generation));
            assert!(failure.what.contains("connection refused"), "{failure:?}");
            assert_eq!(failure.retry_at, Some(source.next_at(at(30.0))));
            assert!(failure.retry_at.unwrap() <= at(34.0));
        }
        let Backend::Query(api) = &mut source.backend else { panic!() };
        api.address = right;
        let caught_up = batch(source.poll(at(52.0)).await);
        assert_eq!(caught_up.value.scrapes[0].len(), 3);
        assert!(caught_up.value.scrapes[0].iter().all(|s| s.drawn(0).canary.total == Some(15.0)));
    });
}

#[test]
fn after_a_long_pause_it_reaches_back_no_further_than_at_first() {
    run(async {
        let server = world("").await;
        let mut source = source(&server.url(""));
        batch(source.poll(at(7.0)).await);
        let later = batch(source.poll(at(3_607.0)).await);
        assert_eq!(later.value.scrapes[0].len(), 5);
    });
}

#[test]
fn the_servers_clock_is_used() {
    run(async {
        let server = world("date: Fri, 15 Jan 2027 08:10:00 GMT\r\n").await;
        let mut source = source(&server.url(""));
        let seen = batch(source.poll(at(7.0)).await);
        assert_eq!(source.skew, 593.0, "1,800,000,000 is 08:00:00");
        let last = server.requests().pop().unwrap();
        assert_eq!(field(&last, "end").unwrap(), "1800000585.000");
        assert_eq!(seen.observed_at, at(585.0 - 593.0));
        assert!(seen.value.warnings.iter().any(|w| w.contains("clock differs by 593 s")));
    });
}

#[test]
fn victoria_metrics_is_asked_for_its_newest_samples() {
    run(async {
        let reply = |_: &str| {
            answer(
                "200 OK",
                "",
                br#"{"status":"success","data":{"resultType":"matrix","result":[]},"stats":{"seriesFetched":"0"}}"#,
            )
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let mut source = source(&server.url(""));
        let seen = batch(source.poll(at(7.0)).await);
        assert!(seen.value.scrapes[0].iter().all(Sight::is_missed), "empty is unknown");
        let last = server.requests().pop().unwrap();
        assert_eq!(field(&last, "latency_offset").as_deref(), Some("1s"));
    });
}

#[test]
fn what_the_server_says_reaches_the_operator() {
    run(async {
        for (status, body, needle) in [
            (
                "400 Bad Request",
                r#"{"status":"error","errorType":"bad_data","error":"parse error: unclosed"}"#,
                "the query is refused: parse error",
            ),
            ("503 Service Unavailable", "Service Unavailable", "server error (503)"),
            ("200 OK", "<html>", "login page"),
            (
                "200 OK",
                r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#,
                "single number and no series",
            ),
            (
                "200 OK",
                r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}"#,
                "no counter",
            ),
        ] {
            let server = Server::answering(status, "", body.as_bytes()).await;
            let Observation::Failed(_, failure) = source(&server.url("")).poll(at(0.0)).await else { panic!() };
            assert!(failure.what.contains(needle) && failure.remedy.is_some(), "{failure:?}");
        }
        let server = Server::answering("429 Too Many Requests", "retry-after: 90\r\n", b"").await;
        let Observation::Failed(_, failure) = source(&server.url("")).poll(at(0.0)).await else { panic!() };
        assert_eq!(failure.retry_at, Some(at(90.0)));
    });
}

#[test]
fn a_metric_without_queries_says_so() {
    run(async {
        let mut source = source("http://127.0.0.1:1");
        source.canary.metrics[0].total = None;
        let Observation::Failed(_, failure) = source.poll(at(0.0)).await else { panic!() };
        assert_eq!(failure.what, "the metric \"errors\" has no `total`");
    });
}

#[test]
fn a_long_way_back_is_asked_in_pieces_that_join_without_a_seam() {
    run(async {
        let server = world("").await;
        let mut canary = canary(&server.url(""));
        canary.lookback = Duration::from_secs(15 * 300);
        let mut source = Source::new(&canary, Permit::for_drill(), Client::new(), Keys::default());
        let seen = batch(source.poll(at(7.0)).await);
        let scrapes = &seen.value.scrapes[0];
        assert_eq!(scrapes.len(), 301);
        assert_eq!((scrapes[0].at, scrapes[300].at), (at(-4500.0), at(0.0)));
        assert!(
            scrapes[1..].iter().all(|s| s.drawn(0).canary.total == Some(15.0)),
            "no step is lost between two pieces"
        );
        assert_eq!(server.requests().len(), 3 * 4);
    });
}

#[test]
fn what_was_seen_before_a_failure_is_brought_by_the_next_look() {
    run(async {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let reply = move |request: &str| match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            4 => answer("500 Internal Server Error", "", b"no"),
            _ => answer("200 OK", "", matrix(request, 1.0).as_bytes()),
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let mut canary = canary(&server.url(""));
        canary.lookback = Duration::from_secs(15 * 200);
        let mut source = Source::new(&canary, Permit::for_drill(), Client::new(), Keys::default());
        assert!(matches!(source.poll(at(7.0)).await, Observation::Failed(..)));
        let seen = batch(source.poll(at(7.0)).await);
        assert_eq!(seen.value.scrapes[0].len(), 201, "the first piece and the second");
    });
}

#[test]
fn each_server_that_speaks_the_api_is_asked_at_its_own_address() {
    run(async {
        for path in [
            "",
            "/",
            "/prometheus",
            "/api/datasources/proxy/uid/abc-1",
            "/v1/projects/P/location/global/prometheus",
            "/select/0/prometheus/",
        ] {
            let server = world("").await;
            batch(source(&server.url(path)).poll(at(7.0)).await);
            let request = server.requests().swap_remove(0);
            let line = format!("POST {}/api/v1/query_range HTTP/1.1", path.trim_end_matches('/'));
            assert!(request.starts_with(&line), "{line}: {request}");
        }
        let server = Server::answering("401 Unauthorized", "content-type: text/plain\r\n", b"no org id").await;
        let Observation::Failed(_, failure) = source(&server.url("/prometheus")).poll(at(0.0)).await else { panic!() };
        assert!(failure.what.contains("not authenticated (401): no org id"), "Mimir: {failure:?}");
    });
}
