//! Backends against loopback servers that answer in the documented shapes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::model::{Arm, Scrape, Seen, Verdict};
use super::super::state::State;
use super::text_format::{self, Sample};
use super::*;
use crate::http::fault::{Fault, Server, answer};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn at(seconds: f64) -> Timestamp {
    instant(1_800_000_000.0 + seconds).unwrap()
}

const RATIO: &str = "[[metrics]]\nname = \"errors\"\nbad = 'bad{$scope}'\ntotal = 'all{$scope}'\n";

fn canary(source: &str, metrics: &str) -> schema::Canary {
    let text = format!(
        "source = {{ {source} }}\nbaseline = 'track=\"stable\"'\ncanary = 'track=\"canary\"'\ninterval = \"15s\"\n\
         lookback = \"1m\"\n{metrics}"
    );
    toml::from_str(&text).unwrap()
}

fn source(config: &schema::Canary) -> Source {
    let keys = Keys { token: Some("t0ken".into()), application_key: Some("app".into()), feedback: None };
    Source::new(config, Permit::for_drill(), Client::new(), keys)
}

async fn seen(source: &mut Source, seconds: f64) -> Batch {
    match source.poll(at(seconds)).await {
        Observation::Seen(_, evidence) => evidence.value,
        other => panic!("{other:?}"),
    }
}

async fn failure(source: &mut Source) -> String {
    match source.poll(at(0.0)).await {
        Observation::Failed(_, failure) => failure.what,
        other => panic!("{other:?}"),
    }
}

fn arm(bad: f64, total: f64) -> Arm {
    Arm { bad: Some(bad), total: Some(total) }
}

fn drawn(batch: &Batch) -> Vec<Scrape> {
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
fn services_are_scraped_once_a_step_and_counted_here() {
    run(async {
        let service = |good: u32, bad: u32, scrapes: Arc<AtomicU32>| {
            move |request: &str| {
                assert!(request.contains("openmetrics-text"), "{request}");
                let n = scrapes.fetch_add(1, Ordering::Relaxed) + 1;
                let body = format!(
                    "# TYPE all counter\nall{{code=\"200\"}} {}\nall{{code=\"500\"}} {} 1700000000\n# EOF\n",
                    n * good,
                    n * bad
                );
                answer("200 OK", "content-type: text/plain; version=0.0.4\r\n", body.as_bytes())
            }
        };
        let scrapes = Arc::new(AtomicU32::new(0));
        let baseline = Server::start(Fault::Reply(Arc::new(service(90, 1, scrapes.clone())))).await;
        let canary_service = Server::start(Fault::Reply(Arc::new(service(10, 2, Arc::default())))).await;
        let metrics = "[[metrics]]\nname = \"errors\"\nbad = 'all{code=~\"5..\",$scope}'\ntotal = 'all{$scope}'\n";
        let config = canary(
            &format!(
                "openmetrics = {{ baseline = [\"{}\", \"http://127.0.0.1:1/metrics\"], canary = [\"{}\"] }}",
                baseline.url("/metrics"),
                canary_service.url("/metrics")
            ),
            metrics,
        );
        let mut source = source(&config);
        let first = seen(&mut source, 1.0).await;
        assert!(first.scrapes[0][0].is_missed(), "the first scrape is a start");
        assert!(first.warnings[0].starts_with("missed: GET 127.0.0.1:1/metrics"), "{:?}", first.warnings);
        assert!(seen(&mut source, 5.0).await.scrapes[0].is_empty(), "one scrape a step");
        let second = drawn(&seen(&mut source, 16.0).await);
        assert_eq!((second[0].baseline, second[0].canary, second[0].at), (arm(1.0, 91.0), arm(2.0, 12.0), at(15.0)));
        assert_eq!(scrapes.load(Ordering::Relaxed), 2);
        let third = drawn(&seen(&mut source, 50.0).await);
        assert_eq!((third.len(), third[0].canary), (1, arm(2.0, 12.0)), "what was missed is in the next one");
    });
}

#[test]
fn services_that_all_fail_and_texts_that_are_none_are_failures() {
    run(async {
        for (body, needle) in [("<html>", "login page"), ("all 1\nwhat is this\n", "line 2: "), ("all x", "no number")]
        {
            let server = Server::answering("200 OK", "", body.as_bytes()).await;
            let url = server.url("/metrics");
            let config = canary(&format!("openmetrics = {{ baseline = [\"{url}\"], canary = [\"{url}\"] }}"), RATIO);
            let what = failure(&mut source(&config)).await;
            assert!(what.contains(needle), "{what}");
        }
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

fn sample(line: &str) -> Result<Sample, String> {
    text_format::read(line.as_bytes(), false).map(|mut samples| samples.remove(0))
}

#[test]
fn odd_corners_of_the_text_format_are_read() {
    let read = |line: &str| {
        let sample = sample(line).unwrap();
        let labels: Vec<String> = sample.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (sample.name, labels.join("|"), sample.value)
    };
    for (line, name, labels, value) in [
        ("a 1", "a", "", 1.0),
        ("a\t1 1395066363000", "a", "", 1.0),
        ("  a{}  1e3  ", "a", "", 1_000.0),
        ("a{b=\"c\",} 1\r", "a", "b=c", 1.0),
        ("a { b = \"c\" , d=\"e\" } 2", "a", "b=c|d=e", 2.0),
        ("a{b=\"x\\\\y\\\"z\\n, } {\"} 3", "a", "b=x\\y\"z\n, } {", 3.0),
        ("job:a:sum +Inf", "job:a:sum", "", f64::INFINITY),
        ("a -Inf", "a", "", f64::NEG_INFINITY),
        ("a_bucket{le=\"0.5\"} 7 # {trace_id=\"x\"} 0.3 1520879607.789", "a_bucket", "le=0.5", 7.0),
        ("a_total 1 1520879607.789 # {} 1", "a_total", "", 1.0),
        ("{\"my.metric\",\"my.label\"=\"v\"} 4", "my.metric", "my.label=v", 4.0),
        ("ü{ä=\"ö\"} 5", "ü", "ä=ö", 5.0),
    ] {
        assert_eq!(read(line), (name.to_owned(), labels.to_owned(), value), "{line}");
    }
    assert!(read("a NaN").2.is_nan());
    let all =
        text_format::read(b"# HELP a b\\n\n# TYPE a counter\n\n#comment\na 1\n# EOF\nrubbish here\n", true).unwrap();
    assert_eq!(all.len(), 1);
    assert!(text_format::read(b"", false).unwrap().is_empty());
    let half = text_format::read(b"# TYPE a counter\na_total 1\n", true).unwrap_err();
    assert!(half.contains("without `# EOF`"), "{half}");
    for line in ["a", "a{b=\"c\" 1", "a{b=c} 1", "a{b=\"c\"}", "a one", "a 1 x", "a{b} 1", "{} 1", "a{b=\"c"] {
        assert!(sample(line).is_err(), "{line}");
    }
    assert!(text_format::read(b"a \xff", false).unwrap_err().contains("UTF-8"));
}

#[test]
fn selectors_choose_as_prometheus_does() {
    let selects = |selector: &str, line: &str| {
        let sample = sample(&format!("{line} 1")).unwrap();
        selector::Selector::read(selector).unwrap().selects(&sample.name, &sample.labels)
    };
    let line = "http_requests_total{code=\"503\",method=\"get\"}";
    for (selector, hit) in [
        ("http_requests_total", true),
        ("http_requests_total{$scope}", true),
        ("http_requests_total{code=~\"5..\",$scope}", true),
        ("http_requests_total{$scope,code=~\"5..\"}", true),
        ("http_requests_total{code=~\"5\"}", false),
        ("http_requests_total{code!~\"4..|2..\", method='get'}", true),
        ("http_requests_total{missing=\"\"}", true),
        ("http_requests_total{missing!=\"\"}", false),
        ("{__name__=~\"http_.*\"}", true),
        ("other{code=\"503\"}", false),
    ] {
        assert_eq!(selects(selector, line), hit, "{selector}");
    }
    for selector in ["rate(a[5m])", "a{", "a{b}", "a{b=c}", "a{b=~\"(\"}", "", "{}"] {
        assert!(selector::Selector::read(selector).is_err(), "{selector}");
    }
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

/// A service whose metrics are these, each `$n` in them the number of the scrape.
async fn service(kind: &'static str, text: &'static str) -> Server {
    let scrapes = AtomicU32::new(0);
    let reply = move |_: &str| {
        let n = scrapes.fetch_add(1, Ordering::Relaxed) + 1;
        answer("200 OK", kind, text.replace("$n", &n.to_string()).as_bytes())
    };
    Server::start(Fault::Reply(Arc::new(reply))).await
}

/// The second scrape of a service, where the first is a start: the canary's, and the warnings.
async fn second_scrape(kind: &'static str, text: &'static str, metrics: &str) -> (Scrape, Vec<String>) {
    let (baseline, canary_service) = (service(kind, text).await, service(kind, text).await);
    let scraped = format!(
        "openmetrics = {{ baseline = [\"{}\"], canary = [\"{}\"] }}",
        baseline.url("/metrics"),
        canary_service.url("/metrics")
    );
    let mut source = source(&canary(&scraped, metrics));
    seen(&mut source, 1.0).await;
    let batch = seen(&mut source, 16.0).await;
    (drawn(&batch)[0], batch.warnings)
}

const PLAIN: &str = "content-type: text/plain; version=0.0.4\r\n";
const OPENMETRICS: &str = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n";

#[test]
fn a_series_that_comes_twice_counts_once_and_is_told() {
    run(async {
        let text = "all{code=\"200\"} $n0\nall{code=\"200\"} 999\nbad $n\n";
        let (scrape, warnings) = second_scrape(PLAIN, text, RATIO).await;
        assert_eq!(scrape.canary, arm(1.0, 10.0));
        assert!(warnings.iter().any(|w| w.starts_with("the same series comes twice") && w.contains("code=\"200\"")));
    });
}

#[test]
fn openmetrics_with_its_own_corners_is_counted() {
    run(async {
        let text = "# TYPE all counter\n# UNIT all requests\n# HELP all A \\\"quoted\\\" help\\n\n\
            all_total{path=\"/a\\\\b\\\"c\\nd\"} $n0 1800000000.5 # {trace_id=\"x y\"} 0.5 1800000000.1\n\
            all_created{path=\"/a\\\\b\\\"c\\nd\"} 1.7e9\n# TYPE bad counter\nbad_total $n.0\nbad_created 1.7e9\n# EOF\n";
        let metrics = RATIO.replace("'bad{", "'bad_total{").replace("'all{", "'all_total{");
        let (scrape, warnings) = second_scrape(OPENMETRICS, text, &metrics).await;
        assert_eq!((scrape.canary, warnings), (arm(1.0, 10.0), vec![]));
    });
}

#[test]
fn what_is_no_number_is_no_sample_and_half_a_scrape_is_none() {
    run(async {
        let (scrape, _) = second_scrape(PLAIN, "all NaN\nbad $n\n", RATIO).await;
        assert_eq!(scrape.canary.total, None, "unknown, and not nothing");
        let (scrape, _) = second_scrape(PLAIN, "all +Inf\nbad -Inf\n", RATIO).await;
        assert_eq!(scrape.canary.total, None);
        let half = service(OPENMETRICS, "# TYPE all counter\nall_total 7\n").await;
        let url = half.url("/metrics");
        let config = canary(&format!("openmetrics = {{ baseline = [\"{url}\"], canary = [\"{url}\"] }}"), RATIO);
        let what = failure(&mut source(&config)).await;
        assert!(what.contains("without `# EOF`"), "{what}");
    });
}

#[test]
fn a_histogram_without_its_last_bucket_is_refused_in_words() {
    run(async {
        let text = "lat_bucket{le=\"0.1\"} $n\nlat_bucket{le=\"0.5\"} $n0\nlat_count $n0\nlat_sum $n\n";
        let server = service(PLAIN, text).await;
        let url = server.url("/metrics");
        let metrics = "[[metrics]]\nname = \"latency\"\nkind = \"quantile\"\nquery = 'lat_bucket{$scope}'\n\
            boundaries = [0.1]\nq = 0.9\n";
        let config = canary(&format!("openmetrics = {{ baseline = [\"{url}\"], canary = [\"{url}\"] }}"), metrics);
        let what = failure(&mut source(&config)).await;
        assert!(what.contains("no bucket le=\"+Inf\""), "{what}");
    });
}
