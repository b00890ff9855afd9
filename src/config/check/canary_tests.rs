use super::super::check;
use crate::config::schema::{Config, Secret};
use crate::config::uses::Uses;

/// What is wrong with a `[canary]` of these lines and one sound metric, as `path: what`.
fn faults(lines: &str, metric: &str) -> Vec<String> {
    check(&config(lines, metric)).into_iter().map(|fault| format!("{}: {}", fault.path, fault.what)).collect()
}

fn config(lines: &str, metric: &str) -> Config {
    toml::from_str(&format!("[canary]\n{lines}\n[[canary.metrics]]\nname = \"e\"\n{metric}\n")).unwrap()
}

const SCOPES: &str = "baseline = 'a=\"b\"'\ncanary = 'a=\"c\"'";
const RATIO: &str = "bad = 'b{$scope}'\ntotal = 't{$scope}'";

fn with_source(source: &str) -> Vec<String> {
    faults(&format!("source = {{ {source} }}\n{SCOPES}"), RATIO)
}

#[test]
fn each_kind_of_source_is_sound() {
    for source in [
        "prometheus = \"https://p.example\"",
        "openmetrics = { baseline = [\"https://a.example/metrics\"], canary = [\"https://b.example/metrics\"] }",
        "http_json = { url = \"https://x.example/q?q=$query&from=$start\", value = \"$.data[?@.a=='b'].v\", time = \"$.t\" }",
        "command = { run = [\"sf\", \"$query\"], value = \"$.result\" }",
        "datadog = { site = \"datadoghq.eu\", application_key = { env = \"APP\" } }, token = { env = \"DD\" }",
        "grafana = { address = \"https://g.example\", datasource = \"U\", query = { expr = \"$query\" } }",
    ] {
        assert_eq!(with_source(source), [""; 0], "{source}");
    }
}

#[test]
fn a_source_that_cannot_be_right_says_where_and_why() {
    for (source, needle) in [
        ("", "canary.source: names one who is asked"),
        ("prometheus = \"https://p.example\", command = { run = [\"x\"] }", "canary.source: names one who is asked"),
        ("prometheus = \"http://p.example\"", "canary.source.prometheus: http to `p.example` can be read"),
        (
            "openmetrics = { baseline = [], canary = [\"http://127.0.0.1/m\"] }",
            "canary.source.openmetrics.baseline: needs",
        ),
        (
            "openmetrics = { baseline = [\"ftp://x\"], canary = [\"http://127.0.0.1/m\"] }",
            "openmetrics.baseline.0: an address",
        ),
        ("http_json = { url = \"https://x.example\", value = \"a.b\" }", "`a.b` is no JSONPath"),
        ("command = { run = [] }", "canary.source.command.run: a command needs a program"),
        ("command = { run = [\"x\"], timeout = \"1h\" }", "canary.source.command.timeout: must lie between"),
        ("datadog = { address = \"http://dd.example\" }", "canary.source.datadog: http to"),
        ("grafana = { address = \"https://u:p@g.example\", datasource = \"U\" }", "never holds a user"),
        ("prometheus = \"https://p.example\", headers = { DD-APPLICATION-KEY = \"x\" }", "is a secret: use `token"),
    ] {
        let found = with_source(source).join("\n");
        assert!(found.contains(needle), "{source}: {found}");
    }
}

#[test]
fn metrics_are_raw_scoped_and_complete() {
    const PROMETHEUS: &str = "source = { prometheus = \"https://p.example\" }";
    let found = |metric: &str| faults(&format!("{PROMETHEUS}\n{SCOPES}"), metric).join("\n");
    for (metric, needle) in [
        ("bad = 'rate(b{$scope}[1m])'\ntotal = 't{$scope}'", "metrics.0.bad: query the raw counter, without `rate`"),
        (
            "kind = \"quantile\"\nq = 0.9\nquery = 'histogram_quantile(0.9, b)'",
            "metrics.0.query: query the raw counter",
        ),
        ("kind = \"quantile\"\nquery = 'b'", "a quantile needs `query`"),
        ("kind = \"gauge\"", "a gauge needs `query`"),
        ("bad = 'b'\ntotal = 't'\nweight = 0.0", "metrics.0.weight: must be more than 0"),
        ("kind = \"quantile\"\nq = 0.9\nquery = 'b'\nboundaries = []", "metrics.0.boundaries: name one to twenty"),
    ] {
        assert!(found(metric).contains(needle), "{metric}: {}", found(metric));
    }
    assert_eq!(found("kind = \"gauge\"\nquery = 'rate(cpu{$scope}[1m])'"), "", "a gauge may be any expression");
    let unscoped = faults(&format!("{PROMETHEUS}\nbaseline = 'a=\"b\"'"), RATIO).join("\n");
    assert!(unscoped.contains("canary.canary: is missing: it replaces `$scope`"), "{unscoped}");
    assert_eq!(faults(PROMETHEUS, "bad = 'b{a=\"b\"}'\ntotal = 't'"), [""; 0], "without a scope nothing is missing");
    for (line, needle) in [
        ("block = \"1s\"", "canary.block: must lie between"),
        ("kayenta = { pass = 75, marginal = 95 }", "canary.kayenta: 0 <= marginal <= pass"),
        ("feedback = { file = \"../x\" }", "canary.feedback.file: name a file inside"),
        ("feedback = { file = \"x\", usual = -1.0 }", "canary.feedback.usual: must not be negative"),
    ] {
        let found = faults(&format!("{PROMETHEUS}\n{SCOPES}\n{line}"), RATIO).join("\n");
        assert!(found.contains(needle), "{line}: {found}");
    }
}

#[test]
fn trust_shows_whatever_a_source_runs_contacts_and_authenticates_with() {
    let uses = |source: &str| Uses::of(&config(&format!("source = {{ {source} }}\n{SCOPES}"), RATIO));
    let datadog = uses("datadog = { application_key = { env = \"APP\" } }, token = { env = \"DD\" }");
    assert_eq!(datadog.contacts[0].url, "https://api.datadoghq.com");
    let secrets: Vec<&Secret> = datadog.secrets.iter().map(|needs| &needs.secret).collect();
    assert_eq!(secrets, [&Secret::Env("DD".into()), &Secret::Env("APP".into())]);
    assert_eq!(uses("command = { run = [\"sf\", \"q\"] }").runs[0].argv, ["sf", "q"]);
    let scraped = uses("openmetrics = { baseline = [\"http://127.0.0.1/a\"], canary = [\"http://127.0.0.1/b\"] }");
    assert_eq!(scraped.contacts.len(), 2);
    let json = uses("http_json = { url = \"https://x.example/q\", body = \"{}\", value = \"$\" }");
    assert_eq!((json.contacts[0].method.as_str(), json.contacts[0].url.as_str()), ("POST", "https://x.example/q"));
    assert_eq!(uses("grafana = { address = \"https://g.example\", datasource = \"U\" }").contacts[0].method, "POST");
}
