use std::path::Path;

use serde_json::Value as Json;

use super::*;
use crate::evidence::text::is_dangerous;

fn response(status: u16, content_type: Option<&str>, body: &[u8]) -> Response {
    Response {
        status,
        date: None,
        retry_after: None,
        content_type: content_type.map(str::to_owned),
        headers: Vec::new(),
        body: body.to_vec(),
        place: "POST prometheus.example/api/v1/query_range".into(),
    }
}

fn read_text(body: &str) -> Result<Answer, HttpError> {
    read(&response(200, Some("application/json"), body.as_bytes()))
}

fn wrap(kind: &str, result: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#)
}

#[test]
fn not_a_number_is_kept_and_no_number_is_refused() {
    let series = |value: &str| wrap("matrix", &format!(r#"[{{"metric":{{"a":"b"}},"values":[[1.5,{value}]]}}]"#));
    let point = |value: &str| read_text(&series(value)).unwrap().data.into_series().unwrap()[0].points[0];
    assert!(point(r#""NaN""#).1.is_nan());
    assert_eq!(point(r#""+Inf""#), (1.5, f64::INFINITY));
    assert_eq!(point(r#""5e-324""#), (1.5, 5e-324));
    assert_eq!(point("7"), (1.5, 7.0));
    assert!(read_text(&series(r#""lots""#)).unwrap_err().what.contains("`lots` is no number"));
    assert!(read_text(&series("null")).is_err());
}

#[test]
fn nothing_is_empty_and_not_zero() {
    assert_eq!(read_text(&wrap("matrix", "[]")).unwrap().data, Data::Matrix(vec![]));
}

#[test]
fn what_is_no_answer_is_told_as_such() {
    for (status, kind, body, needle) in [
        (200, "text/html", "<html>", "got HTML: a login page?"),
        (502, "text/html", "<html>", "server error (502): an HTML page"),
        (503, "text/plain", "Service Unavailable", "server error (503): Service Unavailable"),
        (401, "text/plain", "Unauthorized", "not authenticated (401)"),
        (200, "application/json", "", "the answer is empty"),
        (200, "application/json", "\u{feff}{}", "no answer to a query"),
        (200, "application/json", r#"{"status":"success","data":["a"]}"#, "no answer to a query"),
        (200, "application/json", r#"{"status":"success"}"#, "no `data`"),
        (
            200,
            "application/json",
            r#"{"status":"success","data":{"resultType":"matrix","result":[1,"2"]}}"#,
            "unexpected result of type `matrix`",
        ),
        (
            200,
            "application/json",
            r#"{"status":"success","data":{"resultType":"vector","result":[[[[]]]]}}"#,
            "no answer to a query",
        ),
    ] {
        let error = read(&response(status, Some(kind), body.as_bytes())).unwrap_err();
        assert!(error.what.contains(needle), "{error}");
    }
}

#[test]
fn depth_does_not_overflow() {
    let deep = wrap("vector", &"[".repeat(200_000));
    assert!(read_text(&deep).is_err());
    let labels = format!(r#"[{{"x":{}}}]"#, "[".repeat(200_000));
    assert!(read_text(&wrap("vector", &labels)).is_err());
}

/// What an independent reading of the body says: the number of series, samples and histograms.
fn counted(body: &Json) -> (usize, usize, usize) {
    let result = body["data"]["result"].as_array().unwrap();
    let list = |s: &Json, key: &str| s.get(key).and_then(Json::as_array).map_or(0, Vec::len);
    let single = |s: &Json, key: &str| usize::from(s.get(key).is_some());
    let of = |plural: &str, one: &str| result.iter().map(|s| list(s, plural) + single(s, one)).sum();
    (result.len(), of("values", "value"), of("histograms", "histogram"))
}

fn check(name: &str, status: u16, content_type: Option<&str>, body: &[u8]) {
    let seen = read(&response(status, content_type, body));
    let json: Option<Json> = serde_json::from_slice(body).ok();
    let state = json.as_ref().and_then(|j| j["status"].as_str());
    let kind = json.as_ref().and_then(|j| j["data"]["resultType"].as_str());
    match (state, kind, &seen) {
        (Some("success"), Some("vector" | "matrix"), Ok(answer)) => {
            let series = answer.data.clone().into_series().unwrap();
            let points = series.iter().map(|s| s.points.len()).sum::<usize>();
            let histograms = series.iter().map(|s| s.histograms).sum::<usize>();
            assert_eq!((series.len(), points, histograms), counted(json.as_ref().unwrap()), "{name}");
        }
        (Some("success"), Some("scalar" | "string"), Ok(answer)) => assert!(answer.data.clone().into_series().is_err()),
        (Some("error"), _, Err(error)) => {
            let said = json.as_ref().unwrap()["error"].as_str().unwrap();
            let start: String = clean(said).chars().take(60).collect();
            assert!(error.what.contains(&start) && error.remedy.is_some(), "{name}: {error}");
        }
        (_, None, Err(error)) => assert!(!error.what.is_empty(), "{name}"),
        other => panic!("{name}: {other:?}"),
    }
    let warned =
        json.map_or(0, |j| [&j["warnings"], &j["infos"]].iter().map(|l| l.as_array().map_or(0, Vec::len)).sum());
    assert_eq!(seen.as_ref().map_or(0, |a| a.warnings.len()), warned, "{name}");
    assert!(!format!("{seen:?}").chars().any(is_dangerous), "{name}");
}

#[test]
fn every_recorded_answer_gives_the_right_picture_or_the_right_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples/prometheus");
    let Ok(index) = std::fs::read_to_string(folder.join("index.json")) else {
        println!("skipped: no recorded answers beside this repository");
        return;
    };
    let mut checked = 0;
    for entry in serde_json::from_str::<Vec<Json>>(&index).unwrap() {
        let (Some(file), Some(status)) = (entry["file"].as_str(), entry["status"].as_u64()) else { continue };
        let Ok(body) = std::fs::read(folder.join(file)) else { continue };
        if entry["truncated"] == true || file.contains("raw_http") || file.contains("expo") {
            continue;
        }
        let content_type = entry["headers"]["content-type"].as_str().map(|t| t.split(';').next().unwrap_or(t));
        check(file, u16::try_from(status).unwrap(), content_type, &body);
        checked += 1;
    }
    assert!(checked > 150, "{checked}");
}
