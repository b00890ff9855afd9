//! The drill's world scraped by a real Prometheus server: the verdict is the same by either way.

#![allow(clippy::unwrap_used, reason = "whatever fails here fails a test")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hotfix_cockpit::canary::model::{State, Verdict};
use hotfix_cockpit::canary::source::{Keys, Source};
use hotfix_cockpit::config::load;
use hotfix_cockpit::config::schema::Canary;
use hotfix_cockpit::config::trust::Permit;
use hotfix_cockpit::drill::catalogue;
use hotfix_cockpit::drill::clock::Tempo;
use hotfix_cockpit::drill::live::Live;
use hotfix_cockpit::drill::scenario::Fault;
use hotfix_cockpit::http::{Client, Request};
use jiff::Timestamp;

/// Seconds of the drill in a real second.
const SPEED: f64 = 20.0;
/// D1 turns within 4 of its minutes, which take 12 s; the rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// The path of a program, or `None` after saying that the test is skipped. Continuous integration forbids the skip.
fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        let required = std::env::var_os("HOTFIX_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!required, "{name} is required and not installed");
        println!("skipped: {name} is not installed");
    }
    found
}

/// A Prometheus server that ends with the test.
struct Prometheus {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    fn start(program: &Path, target: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // `honor_labels`: the world names its instances itself, as a gateway does.
        let config = format!(
            "global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}\nscrape_configs:\n- job_name: drill\n  \
             honor_labels: true\n  static_configs: [{{targets: ['{target}']}}]\n"
        );
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let child = Command::new(program)
            .current_dir(folder.path())
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=error"])
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, url: format!("http://127.0.0.1:{port}"), _folder: folder }
    }

    async fn ready(&self, client: &Client) {
        let deadline = Instant::now() + PATIENCE;
        let ask = || client.send(Request::get(format!("{}/-/ready", self.url)));
        while !ask().await.is_ok_and(|response| response.is_success()) {
            assert!(Instant::now() < deadline, "the server did not get ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks by `canary` until the verdict turns, with a clock that starts at `now`.
async fn verdict(canary: Canary, client: &Client, now: impl Fn() -> Timestamp) -> Option<Verdict> {
    let mut source = Source::new(&canary, Permit::for_drill(), client.clone(), Keys::default());
    let mut state = State::new(&canary);
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        state.update(source.poll(now()).await, now());
        if state.verdict(now()) == Some(Verdict::Regressed) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    state.verdict(now())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verdict_of_d1_is_the_same_through_a_real_prometheus() {
    let Some(program) = tool("prometheus") else { return };
    let client = Client::new();
    let (live, _news) = Live::start(catalogue::find("d1").unwrap(), 1, Tempo::running(SPEED)).await.unwrap();
    let own = load::find(live.root()).unwrap().unwrap().config.canary.unwrap();
    let prometheus =
        Prometheus::start(&program, own.source.prometheus.as_deref().unwrap_or_default().trim_start_matches("http://"));
    prometheus.ready(&client).await;
    let mut scraped = own.clone();
    scraped.source.prometheus = Some(prometheus.url.clone());
    // A real second is twenty of the drill's.
    scraped.interval = Duration::from_secs(1);
    let clock = live.clock();
    let (by_world, by_prometheus) =
        tokio::join!(verdict(own, &client, || clock.now()), verdict(scraped, &client, Timestamp::now));
    assert_eq!((by_world, by_prometheus), (Some(Verdict::Regressed), Some(Verdict::Regressed)));
}

/// What an instant query gives: one number.
async fn asked(client: &Client, server: &str, query: &str) -> Option<f64> {
    let pairs = vec![("query".to_owned(), query.to_owned())];
    let answer = client.send(Request::form(format!("{server}/api/v1/query"), pairs)).await.ok()?.json().ok()?;
    answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
}

/// Waits until a metric of its own is called regressed.
async fn turned(canary: Canary, metric: &str, client: &Client, now: impl Fn() -> Timestamp) -> Option<Verdict> {
    let mut source = Source::new(&canary, Permit::for_drill(), client.clone(), Keys::default());
    let mut state = State::new(&canary);
    let deadline = Instant::now() + PATIENCE;
    let verdict = |state: &State| {
        let report = state.report.value()?;
        report.metrics.iter().find(|it| it.name == metric).map(|it| it.verdict)
    };
    while Instant::now() < deadline && verdict(&state) != Some(Verdict::Regressed) {
        state.update(source.poll(now()).await, now());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    verdict(&state)
}

/// The response times of the canary are four times the baseline's, and its memory leaks: the histogram's buckets and the gauge
/// say the same, whether the world is asked or a server that scrapes it.
#[tokio::test(flavor = "multi_thread")]
async fn latencies_and_gauges_are_the_same_through_a_real_prometheus() {
    let Some(program) = tool("prometheus") else { return };
    let client = Client::new();
    let (live, _news) = Live::start(catalogue::find("d2").unwrap(), 1, Tempo::running(SPEED)).await.unwrap();
    let version = "v2.4.2".to_owned();
    live.strike(Fault::Latency { version: Some(version.clone()), factor: 4.0 }).await;
    live.strike(Fault::MemoryLeak { version, per_minute: 0.005, slows_from: 0.0, slows_by: 1.0 }).await;
    let mut own = load::find(live.root()).unwrap().unwrap().config.canary.unwrap();
    own.metrics.iter_mut().for_each(|it| it.critical = it.name == "latency p99");
    let world = own.source.prometheus.clone().unwrap();
    let prometheus = Prometheus::start(&program, world.trim_start_matches("http://"));
    prometheus.ready(&client).await;
    let mut scraped = own.clone();
    scraped.source.prometheus = Some(prometheus.url.clone());
    scraped.interval = Duration::from_secs(1);
    let clock = live.clock();
    let (by_world, by_prometheus) = tokio::join!(
        turned(own, "latency p99", &client, || clock.now()),
        turned(scraped, "latency p99", &client, Timestamp::now)
    );
    assert_eq!((by_world, by_prometheus), (Some(Verdict::Regressed), Some(Verdict::Regressed)));
    for track in ["stable", "canary"] {
        let query = format!("max(process_resident_memory_bytes{{track=\"{track}\"}})");
        let (own, scraped) = tokio::join!(asked(&client, &world, &query), asked(&client, &prometheus.url, &query));
        let (own, scraped) = (own.unwrap(), scraped.unwrap());
        assert!((own / scraped - 1.0).abs() < 0.03, "{track}: {own} and {scraped}");
    }
}
