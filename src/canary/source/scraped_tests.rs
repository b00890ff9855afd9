//! Services that are scraped directly: their text, its odd corners, and what is counted of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::model::Scrape;
use super::backend_tests::{RATIO, arm, at, canary, drawn, failure, run, seen, source};
use super::text_format::{self, Sample};
use super::*;
use crate::http::fault::{Fault, Server, answer};

const PLAIN: &str = "content-type: text/plain; version=0.0.4\r\n";
const OPENMETRICS: &str = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n";

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
