//! AnalysisTemplates of Argo Rollouts (pure).

use super::document::{Value, list, of_kind, text};
use super::{Imported, Metric, Shape, promql};

pub fn read(documents: &[Value]) -> Imported {
    let mut imported = Imported::default();
    for template in of_kind(documents, &["AnalysisTemplate", "ClusterAnalysisTemplate"]) {
        for metric in list(template, "/spec/metrics") {
            let name = text(metric, "/name").unwrap_or("metric");
            let Some(query) = text(metric, "/provider/prometheus/query") else {
                imported.notes.push(format!("{name}: its provider is not Prometheus; write its query by hand"));
                continue;
            };
            let query = filled(query, template);
            imported.metrics.push(metric_of(name, &query, metric));
            let address = text(metric, "/provider/prometheus/address").map(|address| filled(address, template));
            imported.address = imported.address.or(address);
            imported.interval = imported.interval.or_else(|| text(metric, "/interval").map(str::to_owned));
        }
    }
    if imported.metrics.iter().any(|metric| format!("{:?}", metric.shape).contains("{{")) {
        imported.notes.push("`{{args.…}}` has to be filled in by hand".to_owned());
    }
    imported
}

fn metric_of(name: &str, query: &str, metric: &Value) -> Metric {
    let success = text(metric, "/successCondition").and_then(promql::bound);
    let failure = text(metric, "/failureCondition").and_then(promql::bound).map(|(below, bound)| (!below, bound));
    let shape = promql::shape(query);
    let (must_stay_below, bound) = success.or(failure).map_or((true, None), |(below, bound)| (below, Some(bound)));
    let is_ratio = matches!(shape, Shape::Ratio(..));
    Metric {
        name: name.to_owned(),
        shape,
        lower_is_worse: !must_stay_below,
        critical: is_ratio,
        slo: bound.filter(|_| is_ratio),
        note: (!is_ratio).then(|| bound.map(|bound| format!("its bound was {bound}"))).flatten(),
    }
}

/// The text with the arguments that have a value in the template itself.
fn filled(text_of: &str, template: &Value) -> String {
    let mut filled = text_of.to_owned();
    for argument in list(template, "/spec/args") {
        if let (Some(name), Some(value)) = (text(argument, "/name"), text(argument, "/value")) {
            filled = filled.replace(&format!("{{{{args.{name}}}}}"), value);
            filled = filled.replace(&format!("{{{{ args.{name} }}}}"), value);
        }
    }
    filled
}
