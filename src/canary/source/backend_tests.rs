//! Backends against loopback servers that answer in the documented shapes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::model::{Arm, Scrape, Seen, Verdict};
use super::super::state::State;
use super::*;
use crate::http::fault::{Fault, Server, answer};

pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(super) fn at(seconds: f64) -> Timestamp {
    instant(1_800_000_000.0 + seconds).unwrap()
}

pub(super) const RATIO: &str = "[[metrics]]\nname = \"errors\"\nbad = 'bad{$scope}'\ntotal = 'all{$scope}'\n";

pub(super) fn canary(source: &str, metrics: &str) -> schema::Canary {
    let text = format!(
        "source = {{ {source} }}\nbaseline = 'track=\"stable\"'\ncanary = 'track=\"canary\"'\ninterval = \"15s\"\n\
         lookback = \"1m\"\n{metrics}"
    );
    toml::from_str(&text).unwrap()
}

pub(super) fn source(config: &schema::Canary) -> Source {
    let keys = Keys { token: Some("t0ken".into()), application_key: Some("app".into()), feedback: None };
    Source::new(config, Permit::for_drill(), Client::new(), keys)
}

pub(super) async fn seen(source: &mut Source, seconds: f64) -> Batch {
    match source.poll(at(seconds)).await {
        Observation::Seen(_, evidence) => evidence.value,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn failure(source: &mut Source) -> String {
    match source.poll(at(0.0)).await {
        Observation::Failed(_, failure) => failure.what,
        other => panic!("{other:?}"),
    }
}

pub(super) fn arm(bad: f64, total: f64) -> Arm {
    Arm { bad: Some(bad), total: Some(total) }
}

pub(super) fn drawn(batch: &Batch) -> Vec<Scrape> {
    batch.scrapes[0].iter().map(|sight| sight.drawn(0)).collect()
}

/// The decoded body of a form.
fn field(request: &str, name: &str) -> String {
    let body = request.split("\r\n\r\n").nth(1).unwrap();
    let url = reqwest::Url::parse(&format!("http://x/?{body}")).unwrap();
    url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned()).unwrap()
}

/// A matrix of counters, by their labels and what they gain a second.
fn matrix(request: &str, series: &[(&str, f64)]) -> Vec<u8> {
    let number = |name: &str| field(request, name).parse::<f64>().unwrap();
    let (start, end, step) = (number("start"), number("end"), number("step"));
    let steps = ((end - start) / step).round() as u32 + 1;
    let one = |(labels, rate): &(&str, f64)| {
        let point = |i: u32| {
            let at = start + f64::from(i) * step;
            format!("[{at:.3},\"{}\"]", ((at - 1_799_990_000.0) * rate).round())
        };
        let values = (0..steps).map(point).collect::<Vec<_>>().join(",");
        format!("{{\"metric\":{{{labels}}},\"values\":[{values}]}}")
    };
    let result = series.iter().map(one).collect::<Vec<_>>().join(",");
    let body = format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{result}]}}}}"#);
    answer("200 OK", "", body.as_bytes())
}

#[test]
fn latencies_and_gauges_come_from_raw_buckets_and_values() {
    run(async {
        let reply = |request: &str| {
            let query = field(request, "query");
            let canary = query.contains("canary");
            if query.starts_with("mem") {
                return matrix(request, &[(r#""pod":"a""#, 0.0), (r#""pod":"b""#, 0.0)]);
            }
            let (all, slow) = if canary { (10.0, 4.0) } else { (90.0, 9.0) };
            matrix(
                request,
                &[
                    (r#""pod":"a","le":"0.1""#, all - 2.0 * slow),
                    (r#""pod":"a","le":"0.50""#, all - slow),
                    (r#""pod":"a","le":"1""#, all),
                    (r#""pod":"a","le":"+Inf""#, all),
                ],
            )
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let metrics = "[[metrics]]\nname = \"latency\"\nkind = \"quantile\"\nq = 0.9\nquery = 'b{$scope}'\n\
            [[metrics]]\nname = \"memory\"\nkind = \"gauge\"\nquery = 'mem{$scope}'\n";
        let mut config = canary(&format!("prometheus = \"{}\"", server.url("")), metrics);
        config.lookback = Duration::from_secs(900);
        let mut source = source(&config);
        let batch = seen(&mut source, 7.0).await;
        assert_eq!(batch.boundaries, [vec![0.1, 0.1, 0.1, 0.5], vec![]], "what the baseline's past makes of them");
        let Seen::Counts(pairs) = &batch.scrapes[0][5].seen else { panic!() };
        assert_eq!((pairs[0].baseline, pairs[3].canary), (arm(270.0, 1_350.0), arm(60.0, 150.0)));
        assert_eq!(batch.scrapes[1][5].seen, Seen::Values(Some(0.0), Some(0.0)));
        let mut state = State::new(&config);
        state.update(source_seen(batch), at(7.0));
        let report = state.report.value().unwrap();
        let latency = report.metrics.iter().find(|metric| metric.name == "latency").unwrap();
        assert_eq!((latency.verdict, latency.boundary), (Verdict::Regressed, Some(0.5)), "{}", latency.why);
        assert!(latency.why.starts_with("slower than 0.5: "));
        config.metrics[0].boundaries = Some(vec![0.3]);
        let what = failure(&mut self::source(&config)).await;
        assert!(what.contains("no bucket with the edge 0.3; there are 0.1, 0.5, 1, inf"), "{what}");
    });
}

fn source_seen(value: Batch) -> Observation<Batch> {
    let evidence = Evidence {
        value,
        subject: Subject::default(),
        source: "prometheus".into(),
        observed_at: at(0.0),
        ttl: Duration::from_secs(35),
    };
    Observation::Seen(Generation(1), Box::new(evidence))
}

#[test]
fn pods_of_the_baseline_are_told_apart_and_one_that_goes_is_told() {
    run(async {
        let looks = AtomicU32::new(0);
        let reply = move |request: &str| {
            let query = field(request, "query");
            let later = looks.fetch_add(1, Ordering::Relaxed) >= 4;
            match (query.contains("canary"), query.starts_with("bad")) {
                (true, _) if later => matrix(request, &[]),
                (true, _) => matrix(request, &[(r#""pod":"c""#, 1.0)]),
                (false, bad) => {
                    matrix(request, &[(r#""pod":"a""#, 4.0), (r#""pod":"b""#, if bad { 1.0 } else { 5.0 })])
                }
            }
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let mut source = source(&canary(&format!("prometheus = \"{}\"", server.url("")), RATIO));
        let batch = seen(&mut source, 7.0).await;
        assert_eq!(
            batch.scrapes[0][2].pods,
            [("a".to_owned(), vec![arm(60.0, 60.0)]), ("b".to_owned(), vec![arm(15.0, 75.0)])]
        );
        let batch = seen(&mut source, 37.0).await;
        assert!(batch.warnings.iter().any(|w| w.contains("gone from the canary: c")), "{:?}", batch.warnings);
        assert_eq!(drawn(&batch)[0].canary.total, None, "unknown, not zero");
    });
}

#[test]
fn any_json_will_do_by_its_path() {
    run(async {
        let n = AtomicU32::new(0);
        let reply = move |request: &str| {
            assert!(
                request.starts_with("GET /q?x=bad%7Btrack") || request.starts_with("GET /q?x=all%7Btrack"),
                "{request}"
            );
            assert!(request.to_ascii_lowercase().contains("authorization: bearer t0ken"));
            let n = n.fetch_add(1, Ordering::Relaxed);
            let value = if request.contains("x=bad") { n } else { n * 10 };
            answer("200 OK", "", format!(r#"{{"data":[{{"name":"x","value":"{value}"}}]}}"#).as_bytes())
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let source_of = |more: &str| format!("http_json = {{ url = \"{}\", {more} }}", server.url("/q?x=$query"));
        let mut one = source(&canary(&source_of("value = \"$.data[?@.name=='x'].value\""), RATIO));
        assert!(seen(&mut one, 1.0).await.scrapes[0][0].is_missed());
        let next = drawn(&seen(&mut one, 16.0).await);
        assert_eq!((next[0].baseline.total, next[0].canary.total), (Some(40.0), Some(40.0)));
        let told = seen(&mut one, 31.0).await.warnings;
        assert!(told.iter().any(|w| w.contains("no label tells the pods apart")), "{told:?}");
        for (value, needle) in [("$.nothing", ""), ("$.data", "no number"), ("$.data[0].name", "no number: \"x\"")] {
            let mut source = source(&canary(&source_of(&format!("value = \"{value}\"")), RATIO));
            match source.poll(at(1.0)).await {
                Observation::Failed(_, failure) => assert!(failure.what.contains(needle), "{}", failure.what),
                Observation::Seen(_, evidence) => {
                    assert!(evidence.value.scrapes[0][0].is_missed() && needle.is_empty());
                }
                Observation::Started(_) => panic!(),
            }
        }
    });
}

#[test]
fn rows_of_json_are_increments_where_it_is_said_so() {
    run(async {
        let reply = |request: &str| {
            assert!(
                request.starts_with("POST /api") && request.contains(r#""q":"all{track=\"#) || request.contains("bad{")
            );
            let rows = r#"{"rows":[[1799999985000,7],[1800000000000,9],[1799999970000,null]]}"#;
            answer("200 OK", "", rows.as_bytes())
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let config = canary(
            &format!(
                "http_json = {{ url = \"{}\", body = '{{\"q\":\"$query\"}}', value = \"$.rows[*][1]\", time = \"$.rows[*][0]\", \
                 values = \"increment\" }}",
                server.url("/api")
            ),
            RATIO,
        );
        let scrapes = drawn(&seen(&mut source(&config), 7.0).await);
        let last: Vec<_> = scrapes.iter().map(|scrape| scrape.canary.total).collect();
        assert_eq!(last, [None, None, None, Some(7.0), Some(9.0)]);
        let told = seen(&mut source(&config), 7.0).await.warnings;
        assert!(told.iter().any(|w| w.contains("gives what was added: no pod is told apart")), "{told:?}");
    });
}

/// The totals of the canary that one answer in rows gives, asked for at 8:00:07.
async fn rows(more: &str, body: &'static str) -> Vec<Option<f64>> {
    let server = Server::answering("200 OK", "", body.as_bytes()).await;
    let json = format!("http_json = {{ url = \"{}\", body = '{{\"q\":\"$query\"}}', {more} }}", server.url("/api"));
    let scrapes = drawn(&seen(&mut source(&canary(&json, RATIO)), 7.0).await);
    scrapes.iter().map(|scrape| scrape.canary.total).collect()
}

#[test]
fn the_recipes_fit_the_shapes_of_those_whom_they_are_for() {
    run(async {
        let nerdgraph = r#"{"data":{"actor":{"account":{"nrql":{"results":[
            {"beginTimeSeconds":1799999970,"count":7,"endTimeSeconds":1799999985},
            {"beginTimeSeconds":1799999985,"count":9,"endTimeSeconds":1800000000}]}}}}}"#;
        let path = "$.data.actor.account.nrql.results[*]";
        let of = |time: &str, more: &str| {
            format!("value = \"{path}.count\", time = \"{path}.{time}\", values = \"increment\"{more}")
        };
        let expected = [None, None, None, Some(7.0), Some(9.0)];
        assert_eq!(rows(&of("endTimeSeconds", ""), nerdgraph).await, expected, "New Relic");
        assert_eq!(rows(&of("beginTimeSeconds", ", times = \"begin\""), nerdgraph).await, expected);

        let render = r#"[{"target":"x","datapoints":[[7,1799999970],[9,1799999985],[null,1800000000]]}]"#;
        let of = "value = \"$[0].datapoints[*][0]\", time = \"$[0].datapoints[*][1]\", values = \"increment\", times = \"begin\"";
        assert_eq!(rows(of, render).await, expected, "Graphite, whose value comes first");
        assert_eq!(rows(of, "[]").await, [None; 5], "an unknown metric is unknown");

        let search = r#"{"took":3,"timed_out":false,"aggregations":{"t":{"buckets":[
            {"key_as_string":"2027-01-15T07:59:30.000Z","key":1799999970000,"doc_count":7},
            {"key_as_string":"2027-01-15T07:59:45.000Z","key":1799999985000,"doc_count":9}]}}}"#;
        let buckets = "$.aggregations.t.buckets[*]";
        let of = |time: &str| {
            format!(
                "value = \"{buckets}.doc_count\", time = \"{buckets}.{time}\", values = \"increment\", times = \"begin\""
            )
        };
        assert_eq!(rows(&of("key"), search).await, expected, "Elastic");
        assert_eq!(rows(&of("key_as_string"), search).await, expected);

        let sql = r#"[{"time":"2027-01-15T07:59:45Z","n":7},{"time":"2027-01-15T08:00:00Z","n":9}]"#;
        let of = "value = \"$[*].n\", time = \"$[*].time\", values = \"increment\"";
        assert_eq!(rows(of, sql).await, expected, "InfluxDB 3");
        let late = format!("{of}, lag = \"20s\"");
        assert_eq!(rows(&late, sql).await.last(), Some(&Some(7.0)), "the newest numbers are incomplete");
    });
}

#[test]
fn a_command_prints_its_number_or_says_why_not() {
    run(async {
        let command = |run: &str, more: &str| canary(&format!("command = {{ run = {run}{more} }}"), RATIO);
        let words = r#"["sh", "-c", "echo checked: 12; echo 99"]"#;
        let batch = drawn(&seen(&mut source(&command(words, ", values = \"increment\"")), 1.0).await);
        assert_eq!(batch[0].canary, arm(12.0, 12.0));
        let json = r#"["echo", '{"result":{"totalSize":3}}']"#;
        let path = ", values = \"increment\", value = \"$.result.totalSize\"";
        assert_eq!(drawn(&seen(&mut source(&command(json, path)), 1.0).await)[0].canary, arm(3.0, 3.0));
        for (run, more, needle) in [
            (r#"["sh", "-c", "echo no >&2; exit 3"]"#, "", "exit status: 3: no"),
            (r#"["sh", "-c", "echo none"]"#, "", "prints no number"),
            (r#"["sh", "-c", "sleep 60 & sleep 60"]"#, ", timeout = \"100ms\"", "no answer within 0.1 s"),
            (r#"["hotfix-no-such-program"]"#, "", "is on the PATH"),
            (r#"["sh", "-c", "head -c 100000 /dev/zero"]"#, "", "more than 64 KiB"),
        ] {
            let what = failure(&mut source(&command(run, more))).await;
            assert!(what.contains(needle), "{what}");
        }
    });
}

#[test]
fn datadog_is_asked_for_buckets_with_both_keys() {
    run(async {
        let reply = |request: &str| {
            let head = request.to_ascii_lowercase();
            assert!(head.starts_with("post /api/v2/query/timeseries"));
            assert!(head.contains("dd-api-key: t0ken") && head.contains("dd-application-key: app"));
            assert!(!head.contains("authorization"));
            assert!(request.contains("\"interval\":15000"));
            let body = r#"{"data":{"type":"timeseries_response","attributes":{"series":[{"group_tags":[],"query_index":0}],
                "times":[1799999955000,1799999970000,1799999985000],"values":[[4.0,null,6.0]]}}}"#;
            answer("200 OK", "", body.as_bytes())
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let source_of = |url: &str| canary(&format!("datadog = {{ address = \"{url}\" }}"), RATIO);
        let scrapes = drawn(&seen(&mut source(&source_of(&server.url(""))), 27.0).await);
        let totals: Vec<_> = scrapes.iter().map(|scrape| scrape.canary.total).collect();
        assert_eq!(scrapes.last().unwrap().at, at(0.0), "the newest bucket is incomplete");
        assert_eq!(totals[totals.len() - 3..], [Some(4.0), None, Some(6.0)]);
        let refusal = Server::answering("200 OK", "", br#"{"errors":["Rate limit"]}"#).await;
        assert!(failure(&mut source(&source_of(&refusal.url("")))).await.contains("Rate limit"));
        let limited = Server::answering("429 Too Many Requests", "retry-after: 60\r\n", b"{}").await;
        assert!(failure(&mut source(&source_of(&limited.url("")))).await.contains("429"));
    });
}

#[test]
fn grafana_tells_frames_whose_gaps_are_gaps() {
    run(async {
        let reply = |request: &str| {
            assert!(request.starts_with("POST /api/ds/query"), "{request}");
            assert!(request.contains(r#""datasource":{"uid":"U"}"#) && request.contains(r#""refId":"A""#));
            assert!(request.contains(r#"track=\\\"canary\\\""#) || request.contains("track="), "{request}");
            let body = r#"{"results":{"A":{"status":200,"frames":[{"schema":{"fields":[{"name":"Time","type":"time"},
                {"name":"Value","type":"number","labels":{"pod":"a"}}]},"data":{"values":[
                [1799999955000,1799999970000,1799999985000,1800000000000],[10,null,16,18]],
                "entities":[null,{"NaN":[1]}]}}]}}}"#;
            answer("200 OK", "", body.as_bytes())
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let source_of = |url: &str| canary(&format!("grafana = {{ address = \"{url}\", datasource = \"U\" }}"), RATIO);
        let scrapes = drawn(&seen(&mut source(&source_of(&server.url(""))), 7.0).await);
        let totals: Vec<_> = scrapes.iter().map(|scrape| scrape.canary.total).collect();
        assert_eq!(totals, [None, None, None, Some(6.0), Some(2.0)], "a counter, and what a gap held comes after it");
        let body = br#"{"results":{"A":{"status":400,"error":"bad query \u001b[31m","frames":[]}}}"#;
        let partly = Server::answering("207 Multi-Status", "", body).await;
        assert!(failure(&mut source(&source_of(&partly.url("")))).await.contains("bad query \\u{1b}"));
    });
}

#[test]
fn the_end_of_the_feedback_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feedback.ndjson");
    assert_eq!(feedback_file::look(&path), (vec![], None), "not there yet");
    let line = "{\"at\":\"2027-01-15T08:00:00Z\",\"title\":\"slow\"}\n";
    std::fs::write(&path, line.repeat(10_000)).unwrap();
    let (items, wrong) = feedback_file::look(&path);
    assert_eq!((items.len(), wrong), (256 * 1024 / line.len(), None), "whole lines of the last 256 KiB");
    std::fs::write(&path, "{\"at\"\n").unwrap();
    assert!(feedback_file::look(&path).1.unwrap().contains("1 lines of"));
    assert!(feedback_file::look(folder.path()).1.unwrap().contains("it is no file"));
}

#[test]
fn the_pods_of_a_latency_and_of_a_gauge_are_told_apart() {
    run(async {
        let reply = |request: &str| {
            let query = field(request, "query");
            if query.starts_with("mem") {
                return matrix(request, &[(r#""pod":"a""#, 1.0), (r#""pod":"b""#, 2.0)]);
            }
            let bucket = |pod: &str, le: &str| format!(r#""pod":"{pod}","le":"{le}""#);
            let (a, a_all, b, b_all) =
                (bucket("a", "0.5"), bucket("a", "+Inf"), bucket("b", "0.5"), bucket("b", "+Inf"));
            matrix(request, &[(&a, 9.0), (&a_all, 10.0), (&b, 2.0), (&b_all, 20.0)])
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let metrics = "[[metrics]]\nname = \"latency\"\nkind = \"quantile\"\nboundaries = [0.5]\nq = 0.9\n\
            query = 'b{$scope}'\n[[metrics]]\nname = \"memory\"\nkind = \"gauge\"\nquery = 'mem{$scope}'\n";
        let mut source = source(&canary(&format!("prometheus = \"{}\"", server.url("")), metrics));
        let batch = seen(&mut source, 7.0).await;
        let named = |a: Arm, b: Arm| [("a".to_owned(), vec![a]), ("b".to_owned(), vec![b])];
        assert_eq!(batch.scrapes[0][2].pods, named(arm(15.0, 150.0), arm(270.0, 300.0)));
        let gauges = &batch.scrapes[1][2].pods;
        assert_eq!((gauges[0].1[0].total, gauges[0].0.as_str()), (Some(1.0), "a"));
        assert_eq!(gauges[1].1[0].bad.unwrap(), 2.0 * gauges[0].1[0].bad.unwrap());
    });
}

#[test]
fn queries_are_read_by_the_server_that_will_answer_them() {
    run(async {
        let reply = |request: &str| {
            let query = field(request, "query");
            let bad = r#"{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:1: parse error: unknown function with name \"ratee\""}"#;
            match request.lines().next().unwrap() {
                line if !line.contains("/format_query") => panic!("{line}"),
                _ if query.starts_with("ratee") => answer("400 Bad Request", "", bad.as_bytes()),
                _ => answer("200 OK", "", br#"{"status":"success","data":"x"}"#),
            }
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let metrics = "[[metrics]]\nname = \"errors\"\nbad = 'ratee(x{$scope})'\ntotal = 'all{$scope'\n";
        let config = canary(&format!("prometheus = \"{}\"", server.url("")), metrics);
        let checked = source(&config).check_queries().await.unwrap();
        let told: Vec<&str> = checked.faulty.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(
            told,
            [
                "1:1: parse error: unknown function with name \"ratee\"",
                "1:4: `{` is never closed",
                "1:1: parse error: unknown function with name \"ratee\"",
                "1:4: `{` is never closed"
            ]
        );
        assert_eq!((checked.queries, checked.by_server), (4, 2));
    });
}

#[test]
fn a_server_that_formats_no_query_is_asked_for_the_beginning_of_time() {
    run(async {
        let reply = |request: &str| {
            if request.lines().next().unwrap().contains("/format_query") {
                return answer("400 Bad Request", "", b"unsupported path requested: \"/api/v1/format_query\"");
            }
            assert_eq!(field(request, "time"), "0");
            match field(request, "query").starts_with("all") {
                true => answer("200 OK", "", br#"{"status":"success","data":{"resultType":"vector","result":[]}}"#),
                false => answer(
                    "422 Unprocessable Entity",
                    "",
                    br#"{"status":"error","errorType":"422","error":"unsupported function \"ratee\""}"#,
                ),
            }
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let metrics = "[[metrics]]\nname = \"errors\"\nbad = 'ratee(x{$scope})'\ntotal = 'all{$scope}'\n";
        let config = canary(&format!("prometheus = \"{}\"", server.url("")), metrics);
        let checked = source(&config).check_queries().await.unwrap();
        assert_eq!((checked.queries, checked.by_server, checked.faulty.len()), (4, 4, 2));
        assert_eq!(checked.faulty[0].what, "unsupported function \"ratee\"");
        let gone = canary("prometheus = \"http://127.0.0.1:1\"", metrics);
        let checked = source(&gone).check_queries().await.unwrap();
        assert_eq!((checked.by_server, checked.faulty.len()), (0, 0), "no word is no fault");
    });
}
