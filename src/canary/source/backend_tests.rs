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
        assert_eq!(batch.scrapes[0][2].pods, [("a".to_owned(), arm(60.0, 60.0)), ("b".to_owned(), arm(15.0, 75.0))]);
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
    text_format::read(line.as_bytes()).map(|mut samples| samples.remove(0))
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
    let all = text_format::read(b"# HELP a b\\n\n# TYPE a counter\n\n#comment\na 1\n# EOF\nrubbish here\n").unwrap();
    assert_eq!(all.len(), 1);
    assert!(text_format::read(b"").unwrap().is_empty());
    for line in ["a", "a{b=\"c\" 1", "a{b=c} 1", "a{b=\"c\"}", "a one", "a 1 x", "a{b} 1", "{} 1", "a{b=\"c"] {
        assert!(sample(line).is_err(), "{line}");
    }
    assert!(text_format::read(b"a \xff").unwrap_err().contains("UTF-8"));
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
