use super::*;
use crate::drill::catalogue;
use crate::drill::moment::Moment;
use crate::drill::scenario::Fault;

const EPOCH: i64 = 1_740_000_000;

fn world(seconds: u64) -> World {
    let mut world = World::new(catalogue::find("d1").unwrap(), 1);
    world.advance_to(Moment::from_secs(seconds));
    world
}

fn get(world: &mut World, path: &str, parameters: &[(&str, &str)]) -> (u16, Value) {
    let parameters = parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let request = Request { method: "GET".into(), path: path.into(), parameters, body: Vec::new() };
    let answer = answer(world, Timestamp::from_second(EPOCH).unwrap(), &request);
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::String(answer.body)))
}

fn value(world: &mut World, query: &str) -> Value {
    let (status, answer) = get(world, "/api/v1/query", &[("query", query)]);
    assert_eq!(status, 200, "{answer}");
    answer["data"]["result"].clone()
}

#[test]
fn an_instant_query_has_the_envelope_of_prometheus() {
    let mut world = world(240);
    let (status, answer) =
        get(&mut world, "/api/v1/query", &[("query", r#"sum(http_requests_total{track="canary"})"#)]);
    assert_eq!(status, 200);
    let expected = json!({"status": "success", "data": {"resultType": "vector", "result": [
        {"metric": {}, "value": [EPOCH + 240, "31"]}]}});
    assert_eq!(answer, expected);
}

#[test]
fn matchers_match_as_in_prometheus() {
    let mut world = world(240);
    let one = |world: &mut World, query: &str| value(world, &format!("sum({query})"))[0]["value"][1].clone();
    assert_eq!(one(&mut world, r#"http_requests_total{code=~"5..",track="canary"}"#), "6");
    assert_eq!(one(&mut world, r#"http_requests_total{code!~"2..",track!="stable"}"#), "6");
    assert_eq!(one(&mut world, r#"http_requests_total{code=~"5..",track="stable",}"#), "2");
    assert_eq!(one(&mut world, r#"{__name__="http_requests_total",track='canary',nosuch=""}"#), "31");
    assert_eq!(one(&mut world, r#"http_requests_total{code=~"5"}"#), Value::Null, "anchored at both ends");
    assert_eq!(value(&mut world, r#"up{track="stable"}"#).as_array().map(Vec::len), Some(4));
}

#[test]
fn sum_by_keeps_the_labels_it_names() {
    let mut world = world(240);
    for query in ["sum by (track, code) (http_requests_total)", "sum(http_requests_total) by (track, code)"] {
        let result = value(&mut world, query);
        assert_eq!(result[0], json!({"metric": {"code": "200", "track": "canary"}, "value": [EPOCH + 240, "25"]}));
        assert_eq!(result.as_array().map(Vec::len), Some(4));
    }
}

#[test]
fn a_range_query_has_a_point_for_each_step_and_a_gap_where_there_is_none() {
    let mut world = world(60);
    let at = |seconds: i64| (EPOCH + seconds).to_string();
    let query = [("query", "sum(up)"), ("start", &at(-20)), ("end", &at(20)), ("step", "10")];
    let (status, answer) = get(&mut world, "/api/v1/query_range", &query);
    assert_eq!(status, 200);
    assert_eq!(answer["data"]["resultType"], "matrix");
    let values = json!([[EPOCH, "5"], [EPOCH + 10, "5"], [EPOCH + 20, "5"]]);
    assert_eq!(answer["data"]["result"], json!([{"metric": {}, "values": values}]));
}

#[test]
fn a_range_selector_gives_the_samples_themselves() {
    let mut world = world(60);
    let result = value(&mut world, r#"up{instance="checkout-canary-1"}[20s]"#);
    let times: Vec<i64> = result[0]["values"].as_array().unwrap().iter().map(|it| it[0].as_i64().unwrap()).collect();
    assert_eq!(times, [EPOCH + 45, EPOCH + 50, EPOCH + 55, EPOCH + 60], "open on the left, closed on the right");
}

#[test]
fn rates_and_increases_agree() {
    let mut world = world(240);
    let query = |what: &str| format!(r#"sum({what}(http_requests_total{{track="stable"}}[1m]))"#);
    let number = |v: &Value| v[0]["value"][1].as_str().unwrap().parse::<f64>().unwrap();
    let rate = number(&value(&mut world, &query("rate")));
    let increase = number(&value(&mut world, &query("increase")));
    assert!((rate * 60.0 - increase).abs() < 1e-9 && rate > 1.5 && rate < 4.0, "{rate} {increase}");
}

#[test]
fn what_it_does_not_speak_is_bad_data() {
    let mut world = world(10);
    for query in [
        "",
        "sum(",
        "1 + 1",
        "histogram_quantile(0.9, x)",
        "x{a=~\"(\"}",
        "x{a}",
        "rate(x)",
        "x[5m",
        "x y",
        "sum(x[5m])",
    ] {
        let (status, answer) = get(&mut world, "/api/v1/query", &[("query", query)]);
        assert_eq!(
            (status, &answer["status"], &answer["errorType"]),
            (400, &json!("error"), &json!("bad_data")),
            "{query}"
        );
        assert!(answer["error"].as_str().is_some_and(|it| !it.is_empty()));
    }
    for (start, end, step) in [("", "9", "1"), ("9", "1", "1"), ("1", "9", "0"), ("1", "9", "NaN"), ("0", "11001", "1")]
    {
        let query = [("query", "up"), ("start", start), ("end", end), ("step", step)];
        let (status, answer) = get(&mut world, "/api/v1/query_range", &query);
        assert_eq!((status, &answer["errorType"]), (400, &json!("bad_data")), "{start} {end} {step}");
    }
    let query = [("query", "up"), ("start", "0"), ("end", "11000"), ("step", "1")];
    assert_eq!(get(&mut world, "/api/v1/query_range", &query).0, 200, "exactly the limit passes");
}

#[test]
fn a_metric_server_that_is_down_says_so_in_plain_text() {
    let mut world = world(10);
    world.strike(Fault::MetricsDown { lasts: Moment::from_secs(60) });
    assert_eq!(get(&mut world, "/api/v1/query", &[("query", "up")]), (503, json!("Service Unavailable")));
    assert_eq!(get(&mut world, "/version", &[]).0, 200);
    world.advance_to(Moment::from_secs(70));
    assert_eq!(get(&mut world, "/api/v1/query", &[("query", "up")]).0, 200);
}

#[test]
fn paths_and_methods_that_are_not_there() {
    let mut world = world(1);
    assert_eq!(get(&mut world, "/healthz", &[]), (200, json!("ok\n")));
    assert_eq!(get(&mut world, "/nowhere", &[]).0, 404);
    let request = Request { method: "PUT".into(), path: "/rollout".into(), ..Default::default() };
    assert_eq!(answer(&mut world, Timestamp::UNIX_EPOCH, &request).status, 405);
}

#[test]
fn the_exposition_is_what_prometheus_scrapes() {
    let mut world = world(240);
    let (status, body) = get(&mut world, "/metrics", &[]);
    let body = body.as_str().unwrap();
    assert_eq!(status, 200);
    assert!(body.contains("# TYPE http_requests_total counter\n"));
    assert!(body.contains("# TYPE http_request_duration_seconds histogram\n"));
    let line =
        |line: &str| line.starts_with('#') || line.rsplit_once(' ').is_some_and(|(_, it)| it.parse::<f64>().is_ok());
    assert!(body.lines().all(line));
    let infinite = r#"http_request_duration_seconds_bucket{instance="checkout-canary-1",le="+Inf",track="canary"} 31"#;
    assert!(body.contains(infinite), "{body}");
}
