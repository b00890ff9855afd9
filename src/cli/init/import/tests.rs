use super::document::Value;
use super::*;
use crate::config::load;

/// What comes of a file: the part of `hotfix.toml`, which has to hold.
fn import(origin: Origin, text: &str) -> String {
    let part = write(origin, &read(origin, text).unwrap());
    load::parse(&format!("version = 1\n{part}"), std::path::Path::new("hotfix.toml")).unwrap();
    part
}

const KAYENTA: &str = r#"{"name": "c", "metrics": [
 {"name": "errors", "groups": ["g"], "analysisConfigurations": {"canary": {"direction": "increase", "critical": true}},
  "query": {"type": "prometheus", "customInlineTemplate":
   "PromQL:sum(rate(http_requests_total{code=~\"5..\",pod=~\"${scope}-.*\"}[1m])) / sum(rate(http_requests_total[1m]))"}},
 {"name": "p99", "query": {"customInlineTemplate": "PromQL:histogram_quantile(0.99, sum(rate(d_bucket{a=\"b\"}[5m])) by (le))"}},
 {"name": "heap", "analysisConfigurations": {"canary": {"direction": "decrease"}}, "query": {"metricName": "heap_free",
  "labelBindings": ["app=\"x\""]}},
 {"name": "atlas", "query": {"type": "atlas", "q": "name,x,:eq"}}]}"#;

#[test]
fn a_canary_config_of_kayenta_becomes_raw_counters() {
    let part = import(Origin::Kayenta, KAYENTA);
    for line in [
        "bad = 'http_requests_total{code=~\"5..\",pod=~\"$scope-.*\"}'",
        "total = \"http_requests_total{$scope}\"",
        "critical = true",
        "query = 'd_bucket{a=\"b\",$scope}'",
        "q = 0.99",
        "query = 'heap_free{app=\"x\"}'",
        "worse = \"lower\"",
        "# atlas: no PromQL in its query; write one by hand",
    ] {
        assert!(part.contains(line), "{line} in {part}");
    }
}

const ARGO: &str = r#"
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: success-rate}
spec:
  args: [{name: service-name}, {name: port, value: "9090"}]
  metrics:
  - name: success-rate
    interval: 5m
    successCondition: result[0] >= 0.95
    failureLimit: 3
    provider:
      prometheus:
        address: http://prometheus.example.com:{{args.port}}
        query: |
          sum(irate(istio_requests_total{reporter="source",service=~"{{args.service-name}}",response_code!~"5.*"}[5m])) /
          sum(irate(istio_requests_total{reporter="source",service=~"{{args.service-name}}"}[5m]))
  - name: errors
    failureCondition: result[0] > 0.02
    provider: {prometheus: {query: "sum(rate(bad{a=\"/x\"}[1m])) / sum(rate(all[1m]))"}}
  - name: web
    provider: {web: {url: "http://x"}}
"#;

#[test]
fn an_analysis_template_of_argo_keeps_its_bounds() {
    let part = import(Origin::Argo, ARGO);
    for line in [
        "source = { prometheus = \"http://prometheus.example.com:9090\", allow_http = true }",
        "interval = \"5m\"",
        "slo = 0.95",
        "worse = \"lower\"",
        "bad = 'bad{a=\"/x\",$scope}'",
        "slo = 0.02",
        "# web: its provider is not Prometheus; write its query by hand",
        "# `{{args.…}}` has to be filled in by hand",
    ] {
        assert!(part.contains(line), "{line} in {part}");
    }
}

const FLAGGER: &str = r#"
apiVersion: flagger.app/v1beta1
kind: Canary
spec:
  targetRef: {kind: Deployment, name: podinfo}
  analysis:
    interval: 30s
    threshold: 5
    metrics:
    - name: request-success-rate
      thresholdRange: {min: 99}
      interval: 1m
    - name: request-duration
      thresholdRange: {max: 500}
    - name: not-found
      templateRef: {name: nf}
      thresholdRange: {max: 5}
    - name: gone
      templateRef: {name: elsewhere}
---
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {name: nf}
spec:
  provider: {type: prometheus, address: "https://prom.example"}
  query: 100 - sum(rate(r{destination_workload="{{ target }}",code!="404"}[{{ interval }}])) / sum(rate(r[{{ interval }}])) * 100
"#;

#[test]
fn a_canary_of_flagger_brings_its_own_metrics_and_templates() {
    let part = import(Origin::Flagger, FLAGGER);
    for line in [
        "source = { prometheus = \"https://prom.example\" }",
        "baseline = 'destination_workload=\"podinfo-primary\"'",
        "canary = 'destination_workload=\"podinfo\"'",
        "interval = \"30s\"",
        "slo = 0.01",
        "kind = \"quantile\"",
        "# its bound was 500 ms",
        "# gone: its MetricTemplate is not in this file; write its query by hand",
    ] {
        assert!(part.contains(line), "{line} in {part}");
    }
}

#[test]
fn what_is_something_else_is_refused_with_a_reason() {
    for (text, needle) in
        [("{}", "does not look like"), ("a: [", "neither JSON nor YAML"), ("kind: Rollout\n", "does not look like")]
    {
        let refused = read(Origin::Argo, text).unwrap_err();
        assert!(refused.contains(needle), "{refused}");
    }
}

#[test]
fn queries_become_shapes() {
    assert_eq!(promql::shape("up"), Shape::Gauge("up".into()));
    assert_eq!(promql::shape("a / b / c"), Shape::Gauge("a / b / c".into()));
    assert_eq!(promql::scoped("a{}"), "a{$scope}");
    assert_eq!(promql::scoped("a{b=\"}\"}"), "a{b=\"}\",$scope}");
    assert_eq!(promql::bound("result[0] <= 0.05 && true"), Some((true, 0.05)));
    assert_eq!(promql::bound("default(result, 0) > 5"), Some((false, 5.0)));
    assert_eq!(promql::bound("isNaN(result)"), None);
}

#[test]
fn a_bomb_of_aliases_is_refused_and_a_fair_alias_is_filled_in() {
    let told = |text: &str| document::read(text).unwrap_err();
    let lines = (1..30).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", ")));
    let bomb = format!("a0: &a0 [\"lol\", \"lol\"]\n{}", lines.collect::<String>());
    assert!(told(&bomb).contains("line 7: with its aliases filled in it takes more than 32 MiB"), "{}", told(&bomb));
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 64].join(", "));
    assert!(told(&text).contains("more than 32 MiB"), "few aliases of a long text");
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
        let deep = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
        let said = told(&deep);
        assert!(said.contains("levels lie in each other") || said.contains("neither JSON nor YAML"), "{said}");
    }
    assert_eq!(document::read("a: &a [*a]\n").unwrap()[0]["a"][0], Value::Null, "what is within itself ends");
    let fair = document::read("base: &base {name: errors}\nmetrics: [*base, *base]\n").unwrap();
    assert_eq!(fair[0]["metrics"][1]["name"], "errors");
}
