//! Kayenta's canary config (pure).

use super::document::{Value, list, text};
use super::{Imported, Metric, promql};

pub fn read(documents: &[Value]) -> Imported {
    let mut imported = Imported::default();
    for config in documents {
        // Some exports wrap the config.
        let config = config.get("canaryConfig").unwrap_or(config);
        for metric in list(config, "/metrics") {
            let name = text(metric, "/name").unwrap_or("metric").to_owned();
            match metric_of(config, metric, &name) {
                Some(metric) => imported.metrics.push(metric),
                None => imported.notes.push(format!("{name}: no PromQL in its query; write one by hand")),
            }
        }
    }
    if !imported.metrics.is_empty() {
        let note =
            "`kayenta = { pass = 95, marginal = 75 }` under [canary] shows Kayenta's own score beside the verdict";
        imported.notes.push(note.to_owned());
    }
    imported
}

fn metric_of(config: &Value, metric: &Value, name: &str) -> Option<Metric> {
    let query = query(config, metric)?;
    let direction = text(metric, "/analysisConfigurations/canary/direction").unwrap_or("either");
    let is = |key: &str| metric.pointer(&format!("/analysisConfigurations/canary/{key}")) == Some(&Value::Bool(true));
    let muted = is("muted").then(|| "it was muted in Kayenta".to_owned());
    let either = (direction == "either").then(|| "either direction was bad; here a rise is".to_owned());
    Some(Metric {
        name: name.to_owned(),
        shape: promql::shape(&query),
        lower_is_worse: direction == "decrease",
        critical: is("critical") && !is("muted"),
        slo: None,
        note: muted.or(either),
    })
}

/// The PromQL of a metric, with its scope.
fn query(config: &Value, metric: &Value) -> Option<String> {
    let inline = text(metric, "/query/customInlineTemplate").filter(|text| !text.trim().is_empty());
    let template =
        text(metric, "/query/customFilterTemplate").and_then(|name| text(config, &format!("/templates/{name}")));
    let plain = text(metric, "/query/metricName").map(|name| {
        let labels =
            list(metric, "/query/labelBindings").iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",");
        format!("{name}{{{labels}}}")
    });
    let query = inline.map(str::to_owned).or_else(|| template.map(str::to_owned)).or(plain)?;
    let query = query.strip_prefix("PromQL:").unwrap_or(&query).to_owned();
    Some(query.replace("${scope}", "$scope").replace("${location}", "$location"))
}
