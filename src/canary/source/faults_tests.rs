//! What a server of metrics, and the way to it, can do to a look: a test for each fault. None turns anything green, each
//! is told in words, and the look ends in time. Those that need TLS or an environment are in `tests/cli/canary_faults.rs`,
//! where a table holds that all twenty-five are there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::model::{Arm, State, Verdict};
use super::*;
use crate::http::fault::{Fault, Server, answer, gzip_of_zeros};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn at(seconds: f64) -> Timestamp {
    instant(1_800_000_000.0 + seconds).unwrap()
}

fn canary(source: &str) -> schema::Canary {
    toml::from_str(&format!(
        "source = {{ {source} }}\nbaseline = 'track=\"stable\"'\ncanary = 'track=\"canary\"'\ninterval = \"15s\"\n\
         lookback = \"1m\"\n[[metrics]]\nname = \"errors\"\nbad = 'e{{$scope}}'\ntotal = 't{{$scope}}'\n"
    ))
    .unwrap()
}

fn source_of(canary: &schema::Canary) -> Source {
    let keys = Keys { token: Some("t0p-s3cret".into()), application_key: Some("als0-s3cret".into()), feedback: None };
    Source::new(canary, Permit::for_drill(), Client::new(), keys)
}

fn source(url: &str) -> Source {
    source_of(&canary(&format!("prometheus = \"{url}\", headers = {{ x-scope-orgid = \"sh0p-s3cret\" }}")))
}

/// The failure of a look. Whatever it is, nothing is believed, and no secret is told.
async fn failed(source: &mut Source, now: f64) -> Failure {
    match source.poll(at(now)).await {
        Observation::Failed(generation, failure) => {
            let told = format!("{failure:?}");
            assert!(!told.contains("s3cret"), "{told}");
            assert!(!told.chars().any(crate::evidence::text::is_dangerous), "{told}");
            let speaks_for_itself = ["ended", "server error", "too many requests", "use https"];
            assert!(failure.remedy.is_some() || speaks_for_itself.iter().any(|it| failure.what.contains(it)), "{told}");
            let mut state = State::new(&source.canary);
            state.update(Observation::Failed(generation, failure.clone()), at(now));
            assert_eq!(state.verdict(at(now)), None);
            failure
        }
        other => panic!("{other:?}"),
    }
}

async fn failure(fault: Fault) -> String {
    let server = Server::start(fault).await;
    failed(&mut source(&server.url("")), 0.0).await.what
}

async fn answered(status: &str, headers: &str, body: &[u8]) -> Failure {
    let server = Server::answering(status, headers, body).await;
    failed(&mut source(&server.url("")), 0.0).await
}

/// What a look shows when the server answers every query with this result.
async fn shown(result: &str, more: &str) -> (Batch, Verdict, Server) {
    let body = format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":{result}}}{more}}}"#);
    let server = Server::answering("200 OK", "", body.as_bytes()).await;
    let mut source = source(&server.url(""));
    let observation = source.poll(at(7.0)).await;
    let Observation::Seen(_, evidence) = &observation else { panic!("{observation:?}") };
    let batch = evidence.value.clone();
    let mut state = State::new(&source.canary);
    state.update(observation, at(7.0));
    (batch, state.report.value().unwrap().verdict, server)
}

fn whole() -> Vec<u8> {
    answer("200 OK", "", &[b' '; 500])
}

#[test]
fn e01_a_refused_connection_is_told_and_tried_again_later_and_later() {
    run(async {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut source = source(&format!("http://{free}"));
        for most in [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
            let failure = failed(&mut source, 0.0).await;
            assert!(failure.what.contains("connection refused"), "{failure:?}");
            let wait = seconds(failure.retry_at.unwrap()) - seconds(at(0.0));
            assert!(wait <= most && wait >= 0.75 * most, "{wait} of {most}");
        }
    });
}

#[test]
fn e02_a_name_that_nobody_knows_is_told_as_such() {
    run(async {
        let config = canary("prometheus = \"http://x.invalid\", allow_http = true");
        let what = failed(&mut source_of(&config), 0.0).await.what;
        assert!(
            what.contains("x.invalid") && (what.contains("no such host") || what.contains("no connection")),
            "{what}"
        );
    });
}

/// A listener whose queue is full lets the next connection hang, as a firewall that drops does.
#[test]
fn e03_a_black_hole_ends_after_two_seconds() {
    run(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let hole = socket.listen(1).unwrap();
        let address = hole.local_addr().unwrap();
        let mut queued = Vec::new();
        let patience = Duration::from_millis(300);
        while let Ok(stream) = tokio::time::timeout(patience, tokio::net::TcpStream::connect(address)).await {
            queued.push(stream.unwrap());
            if queued.len() > 64 {
                println!("skipped: this system queues any number of connections");
                return;
            }
        }
        let what = failed(&mut source(&format!("http://{address}")), 0.0).await.what;
        assert!(what.contains("no connection within 2 s"), "{what}");
    });
}

#[test]
fn e04_a_server_that_never_answers_is_given_three_seconds() {
    let what = run(failure(Fault::Hang));
    assert!(what.contains("no complete answer within 3 s"), "{what}");
}

#[test]
fn e05_a_server_that_drips_is_given_three_seconds_in_all() {
    let what = run(failure(Fault::Loris(whole())));
    assert!(what.contains("no complete answer within 3 s"), "{what}");
}

#[test]
fn e06_half_an_answer_a_reset_and_rubbish_are_asked_for_once_more() {
    run(async {
        for fault in [
            Fault::Bytes(whole()[..200].to_vec()),
            Fault::Reset(whole()[..200].to_vec()),
            Fault::Bytes(b"\x16\x03\x01 rubbish\r\n\r\n".to_vec()),
        ] {
            let server = Server::start(fault).await;
            let source = source(&server.url(""));
            let Observation::Failed(_, failure) = { source }.poll(at(0.0)).await else { panic!() };
            assert!(!failure.what.is_empty());
            assert_eq!(server.requests().len(), 2, "{failure:?}");
        }
    });
}

#[test]
fn e07_an_answer_that_stalls_leaves_nothing_behind() {
    run(async {
        let body = br#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"instance":"a"},"values":[[1800000000,"1"],"#;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len() + 500);
        let server = Server::start(Fault::Stall([head.as_bytes(), body].concat())).await;
        let mut source = source(&server.url(""));
        let what = failed(&mut source, 0.0).await.what;
        assert!(what.contains("no complete answer within 3 s"), "{what}");
        assert!(source.pending.scrapes[0].is_empty() && source.last_step.is_none());
    });
}

#[test]
fn e08_an_error_of_the_server_is_quoted_in_brief() {
    run(async {
        for (status, code) in
            [("500 Internal Server Error", "500"), ("502 Bad Gateway", "502"), ("503 Service Unavailable", "503")]
        {
            let body = format!("\u{1b}]0;owned\u{7} out of order {}", "x".repeat(5_000));
            let failure = answered(status, "content-type: text/plain\r\n", body.as_bytes()).await;
            assert!(failure.what.contains(&format!("server error ({code})")), "{failure:?}");
            assert!(failure.what.contains("out of order") && failure.what.chars().count() < 320, "{failure:?}");
        }
    });
}

#[test]
fn e09_too_many_requests_is_honoured_up_to_five_minutes() {
    run(async {
        let date = "date: Fri, 15 Jan 2027 08:00:00 GMT\r\nretry-after: Fri, 15 Jan 2027 08:00:50 GMT\r\n";
        for (headers, wait) in [("retry-after: 90\r\n", 90.0), (date, 50.0), ("retry-after: 7200\r\n", 300.0)] {
            let failure = answered("429 Too Many Requests", headers, b"").await;
            assert_eq!(failure.retry_at, Some(at(wait)), "{headers}");
        }
    });
}

#[test]
fn e10_a_loop_of_redirects_is_not_entered() {
    run(async {
        let server = Server::answering("302 Found", "location: /api/v1/query_range\r\n", b"").await;
        let what = failed(&mut source(&server.url("")), 0.0).await.what;
        assert!(what.contains("redirected (302) to another path of the same host"), "{what}");
        assert_eq!(server.requests().len(), 1);
    });
}

#[test]
fn e11_a_redirect_to_another_host_gets_no_secret() {
    run(async {
        let other = Server::answering("200 OK", "", b"").await;
        let location = format!("location: {}\r\n", other.url("/"));
        let server = Server::answering("307 Temporary Redirect", &location, b"").await;
        for config in [
            format!("prometheus = \"{}\", headers = {{ x-scope-orgid = \"sh0p-s3cret\" }}", server.url("")),
            format!("datadog = {{ address = \"{}\" }}", server.url("")),
            format!("grafana = {{ address = \"{}\", datasource = \"U\" }}", server.url("")),
        ] {
            let what = failed(&mut source_of(&canary(&config)), 0.0).await.what;
            assert!(what.contains("redirected (307) to 127.0.0.1"), "{what}");
        }
        assert!(server.requests().iter().all(|request| request.contains("s3cret")), "it was sent where it belongs");
        assert!(other.requests().is_empty());
    });
}

#[test]
fn e12_plain_http_to_another_machine_is_refused() {
    run(async {
        let what = failed(&mut source("http://metrics.example"), 0.0).await.what;
        assert!(what.contains("plain http to metrics.example is refused"), "{what}");
    });
}

#[test]
fn e13_an_endless_answer_stops_at_eight_mebibytes() {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    let what = run(failure(Fault::Endless(head, chunk)));
    assert!(what.contains("its body is larger than 8 MiB"), "{what}");
}

#[test]
fn e14_a_bomb_of_gzip_stops_at_eight_mebibytes() {
    let what = run(answered("200 OK", "content-encoding: gzip\r\n", &gzip_of_zeros(32))).what;
    assert!(what.contains("its body is larger than 8 MiB"), "{what}");
}

#[test]
fn e15_two_mebibytes_of_headers_are_refused() {
    let server = run(async {
        let server = Server::answering("200 OK", &format!("x-big: {}\r\n", "a".repeat(2 << 20)), b"").await;
        let observation = source(&server.url("")).poll(at(0.0)).await;
        assert!(matches!(observation, Observation::Failed(..)), "{observation:?}");
        server
    });
    assert!(server.requests().len() <= 2);
}

#[test]
fn e16_what_is_no_text_is_no_answer() {
    run(async {
        let series = br#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
        for (body, needle) in [
            (&b"{\"status\":\"succ\xff\"}"[..], "no answer to a query"),
            (&[b"\xef\xbb\xbf".as_slice(), series].concat(), "no answer to a query"),
            (b"", "the answer is empty"),
        ] {
            let failure = answered("200 OK", "content-type: application/json\r\n", body).await;
            assert!(failure.what.contains(needle), "{failure:?}");
        }
    });
}

#[test]
fn e17_json_of_another_shape_is_refused_with_its_place() {
    run(async {
        let wrap = |series: &str| {
            format!(
                r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{series}]}}]}}}}"#
            )
        };
        let deep = "[".repeat(200_000);
        for body in [
            wrap(r#"[1800000000,NaN]"#),
            wrap(r#"[1800000000,1e999]"#),
            wrap(r#"[1800000000,{}]"#),
            wrap(r#"[1800000000,"12 apples"]"#),
            wrap(r#"["now","1"]"#),
            wrap(&deep),
            format!(r#"{{"status":"success","status":"error","data":{deep}"#),
            r#"{"status":7}"#.to_owned(),
            "[]".to_owned(),
        ] {
            let failure = answered("200 OK", "content-type: application/json\r\n", body.as_bytes()).await;
            assert!(failure.what.contains("no answer to a query"), "{failure:?}");
            let names_place = failure.what.contains(" column ") || failure.what.contains("no number");
            assert!(names_place && failure.what.chars().count() < 600, "{failure:?}");
        }
    });
}

#[test]
fn e18_a_login_page_is_taken_for_one() {
    run(async {
        for headers in ["content-type: text/html\r\n", ""] {
            let failure = answered("200 OK", headers, b"<!doctype html><title>Sign in</title>").await;
            assert!(failure.what.contains("got HTML: a login page?"), "{failure:?}");
            assert!(failure.remedy.unwrap().contains("single sign-on"));
        }
    });
}

#[test]
fn e19_the_servers_clock_counts_ten_minutes_either_way() {
    run(async {
        for (date, ahead) in [("08:10:07", 600.0), ("07:50:07", -600.0)] {
            let asked = Arc::new(std::sync::Mutex::new(String::new()));
            let last = Arc::clone(&asked);
            let reply = move |request: &str| {
                *last.lock().unwrap() = request.to_owned();
                let body = br#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
                answer("200 OK", &format!("date: Fri, 15 Jan 2027 {date} GMT\r\n"), body)
            };
            let server = Server::start(Fault::Reply(Arc::new(reply))).await;
            let mut source = source(&server.url(""));
            let Observation::Seen(_, evidence) = source.poll(at(7.0)).await else { panic!() };
            let warning = format!("the server's clock differs by {ahead:.0} s");
            assert!(evidence.value.warnings.iter().any(|w| w.contains(&warning)), "{:?}", evidence.value.warnings);
            assert_eq!(source.last_step, Some(1_800_000_000.0 + ahead), "its time is used");
            let end = format!("end={:.3}", 1_800_000_000.0 + ahead);
            assert!(asked.lock().unwrap().contains(&end), "{}", asked.lock().unwrap());
        }
    });
}

#[test]
fn e21_more_series_and_points_than_can_be_are_refused_and_none_is_left_out() {
    run(async {
        let one = |n: usize| format!(r#"{{"metric":{{"instance":"{n}"}},"values":[]}}"#);
        let many = (0..2_001).map(one).collect::<Vec<_>>().join(",");
        let body = format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{many}]}}}}"#);
        let failure = answered("200 OK", "", body.as_bytes()).await;
        assert!(failure.what.contains("2001 series, more than 2000"), "{failure:?}");
        assert!(failure.remedy.unwrap().contains("sum by"));
        let body = br#"{"status":"error","errorType":"bad_data","error":"exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"}"#;
        let failure = answered("400 Bad Request", "", body).await;
        assert!(failure.what.contains("too many points") && failure.remedy.unwrap().contains("larger `interval`"));
    });
}

#[test]
fn e22_an_empty_answer_and_one_without_numbers_are_unknown() {
    run(async {
        let missed = Arm { bad: None, total: None };
        let nan = r#"[{"metric":{"instance":"a"},"values":[[1799999985,"NaN"],[1800000000,"NaN"]]}]"#;
        for result in ["[]", nan, r#"[{"metric":{},"values":[]}]"#] {
            let (batch, verdict, _) = shown(result, "").await;
            let scrapes: Vec<_> = batch.scrapes[0].iter().map(|sight| sight.drawn(0)).collect();
            assert!(scrapes.iter().all(|scrape| (scrape.baseline, scrape.canary) == (missed, missed)), "{scrapes:?}");
            assert_eq!(verdict, Verdict::Blind, "unknown is not healthy");
        }
    });
}

#[test]
fn e23_what_a_server_holds_back_is_waited_for() {
    run(async {
        let (_, _, server) = shown("[]", r#","stats":{"seriesFetched":"0"}"#).await;
        assert!(server.requests().last().unwrap().contains("latency_offset=1s"), "VictoriaMetrics");
        let body = br#"{"data":{"type":"timeseries_response","attributes":{"series":[],"times":[],"values":[]}}}"#;
        let server = Server::answering("200 OK", "", body).await;
        let mut source = source_of(&canary(&format!("datadog = {{ address = \"{}\" }}", server.url(""))));
        let Observation::Seen(..) = source.poll(at(34.0)).await else { panic!() };
        assert_eq!(
            source.last_step,
            Some(1_800_000_000.0),
            "Datadog's newest bucket is incomplete: it is not asked for"
        );
    });
}

#[test]
fn e25_a_laptop_that_slept_asks_once_and_for_no_more_than_at_first() {
    run(async {
        let looks = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&looks);
        let reply = move |_: &str| {
            counted.fetch_add(1, Ordering::Relaxed);
            answer("200 OK", "", br#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#)
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let mut source = source(&server.url(""));
        source.poll(at(7.0)).await;
        let first = looks.load(Ordering::Relaxed);
        let Observation::Seen(_, evidence) = source.poll(at(28_807.0)).await else { panic!() };
        assert_eq!(looks.load(Ordering::Relaxed), 2 * first, "no burst for what was slept through");
        assert_eq!(evidence.value.scrapes[0].len(), 5);
        assert_eq!(source.next_at(at(28_807.0)), at(28_822.0));
    });
}
