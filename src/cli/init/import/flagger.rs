//! A Canary of Flagger, and the MetricTemplates that stand beside it (pure).

use super::document::{Value, list, of_kind, text};
use super::{Imported, Metric, Shape, promql};

/// What Flagger measures by itself, in the words of Istio.
const REQUESTS: &str = "istio_requests_total{reporter=\"destination\",$scope}";
const FAILED: &str = "istio_requests_total{reporter=\"destination\",response_code=~\"5.*\",$scope}";
const DURATIONS: &str = "istio_request_duration_milliseconds_bucket{reporter=\"destination\",$scope}";

pub fn read(documents: &[Value]) -> Imported {
    let mut imported = Imported::default();
    for canary in of_kind(documents, &["Canary"]) {
        let target = text(canary, "/spec/targetRef/name").unwrap_or("SERVICE");
        imported.scopes =
            Some((format!("destination_workload=\"{target}-primary\""), format!("destination_workload=\"{target}\"")));
        imported.address = text(canary, "/spec/metricsServer").map(str::to_owned);
        imported.interval = text(canary, "/spec/analysis/interval").map(str::to_owned);
        let analysis =
            if canary.pointer("/spec/analysis").is_some() { "/spec/analysis" } else { "/spec/canaryAnalysis" };
        for metric in list(canary, &format!("{analysis}/metrics")) {
            take(metric, target, documents, &mut imported);
        }
    }
    imported
}

fn take(metric: &Value, target: &str, documents: &[Value], imported: &mut Imported) {
    let name = text(metric, "/name").unwrap_or("metric");
    let number = |pointer: &str| metric.pointer(pointer).and_then(Value::as_f64);
    let (min, max) = (number("/thresholdRange/min"), number("/thresholdRange/max"));
    let found = match name {
        "request-success-rate" => Some(Metric {
            shape: Shape::Ratio(FAILED.to_owned(), REQUESTS.to_owned()),
            critical: true,
            slo: min.or_else(|| number("/threshold")).map(|percent| rounded(1.0 - percent / 100.0)),
            ..Metric::default()
        }),
        "request-duration" => Some(Metric {
            shape: Shape::Quantile(DURATIONS.to_owned(), 0.99),
            critical: true,
            note: max.or_else(|| number("/threshold")).map(|ms| format!("its bound was {ms} ms")),
            ..Metric::default()
        }),
        _ => templated(metric, target, documents, imported, min.is_some() && max.is_none()),
    };
    match found {
        Some(found) => imported.metrics.push(Metric { name: name.to_owned(), ..found }),
        None => imported.notes.push(format!("{name}: its MetricTemplate is not in this file; write its query by hand")),
    }
}

fn templated(
    metric: &Value,
    target: &str,
    documents: &[Value],
    imported: &mut Imported,
    lower: bool,
) -> Option<Metric> {
    let inline = text(metric, "/query").map(str::to_owned);
    let reference = text(metric, "/templateRef/name");
    let template = of_kind(documents, &["MetricTemplate"]).find(|one| text(one, "/metadata/name") == reference);
    let query = inline.or_else(|| {
        let template = template.filter(|one| text(one, "/spec/provider/type") == Some("prometheus"))?;
        imported.address =
            imported.address.take().or_else(|| text(template, "/spec/provider/address").map(str::to_owned));
        text(template, "/spec/query").map(str::to_owned)
    })?;
    let query = query.replace("{{ target }}", target).replace("{{target}}", target);
    let query = query.replace("{{ interval }}", "1m").replace("{{interval}}", "1m");
    let shape = promql::shape(&query);
    let critical = matches!(shape, Shape::Ratio(..));
    let note = query.contains("{{").then(|| "`{{ … }}` has to be filled in by hand".to_owned());
    Some(Metric { shape, lower_is_worse: lower, critical, note, ..Metric::default() })
}

/// Without the last bits of a division.
fn rounded(share: f64) -> f64 {
    (share * 1e9).round() / 1e9
}
