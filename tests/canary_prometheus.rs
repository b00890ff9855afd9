//! The canary against a real Prometheus server that scrapes a small service on loopback.

#![allow(clippy::unwrap_used, reason = "a test ends with what it cannot go on without")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hotfix_cockpit::canary::judge::plan::Traffic;
use hotfix_cockpit::canary::model::{State, Verdict};
use hotfix_cockpit::canary::source::{Keys, Source};
use hotfix_cockpit::config::schema::Canary;
use hotfix_cockpit::config::trust::Permit;
use hotfix_cockpit::evidence::{Freshness, Observation};
use hotfix_cockpit::http::{Client, Request};
use jiff::Timestamp;

/// Requests a second of the baseline and of the canary.
const RPS: (f64, f64) = (90.0, 10.0);
/// The share of errors of both before the fault, and what the fault adds to the canary.
const ERRORS: (f64, f64) = (0.005, 0.2);
/// What a busy machine may add to the predicted delay.
const SLACK: Duration = Duration::from_secs(5);

/// The path of a program, or `None` after saying that the test is skipped. Continuous integration
/// forbids the skip.
fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("HOTFIX_REQUIRE_TOOLS").is_none_or(|v| v != "1"),
            "{name} is required and not installed"
        );
        println!("skipped: {name} is not installed");
    }
    found
}

/// A service with counters that run by the clock, and a fault that can be switched on.
struct Service {
    address: SocketAddr,
    fault_at: Arc<Mutex<Option<Instant>>>,
}

impl Service {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let fault_at = Arc::new(Mutex::new(None::<Instant>));
        let (fault, since) = (Arc::clone(&fault_at), Instant::now());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 4096]);
                let faulty = fault.lock().unwrap().map_or(0.0, |at| at.elapsed().as_secs_f64());
                let body = metrics(since.elapsed().as_secs_f64(), faulty);
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\nconnection: close\r\n";
                let _ = write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len());
            }
        });
        Self { address, fault_at }
    }

    fn break_canary(&self) -> Instant {
        let now = Instant::now();
        *self.fault_at.lock().unwrap() = Some(now);
        now
    }
}

fn metrics(seconds: f64, faulty_seconds: f64) -> String {
    let mut text = "# TYPE http_requests_total counter\n".to_owned();
    for (track, rps, fault) in [("stable", RPS.0, 0.0), ("canary", RPS.1, ERRORS.1)] {
        let all = (seconds * rps).floor();
        let bad = (seconds * rps * ERRORS.0 + faulty_seconds * rps * fault).floor();
        for (code, value) in [("200", all - bad), ("500", bad)] {
            text.push_str(&format!("http_requests_total{{track=\"{track}\",code=\"{code}\"}} {value}\n"));
        }
    }
    text
}

/// A Prometheus server that ends with the test.
struct Prometheus {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    fn start(program: &Path, target: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: shop\n  static_configs: [{{targets: ['{target}']}}]\n"
        );
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let child = Command::new(program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--log.level=error"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, url: format!("http://127.0.0.1:{port}"), _folder: folder }
    }

    async fn ready(&self, client: &Client) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let answer = client.send(Request::get(format!("{}/-/ready", self.url))).await;
            if answer.is_ok_and(|response| response.is_success()) {
                return;
            }
            assert!(Instant::now() < deadline, "the server did not get ready");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(url: &str) -> Canary {
    toml::from_str(&format!(
        "source = {{ prometheus = \"{url}\" }}\nbaseline = 'track=\"stable\"'\ncanary = 'track=\"canary\"'\n\
         interval = \"1s\"\nlookback = \"1m\"\nfalse_alarm = 0.01\n[[metrics]]\nname = \"errors\"\ncritical = true\n\
         bad = 'http_requests_total{{code=~\"5..\",$scope}}'\ntotal = 'http_requests_total{{$scope}}'\n"
    ))
    .unwrap()
}

/// Looks four times a second until `enough`, a minute at most.
async fn watch(state: &mut State, source: &mut Source, enough: impl Fn(&State) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !enough(state) {
        assert!(Instant::now() < deadline, "{:#?}", state.report);
        let now = Timestamp::now();
        let seen = source.poll(now).await;
        state.update(seen, now);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

fn verdict(state: &State) -> Option<Verdict> {
    state.verdict(Timestamp::now())
}

/// The delay that the planning numbers give, plus a scrape, a step, its settling and a poll.
fn predicted() -> Duration {
    let traffic = Traffic { baseline: RPS.0, canary: RPS.1, rate: ERRORS.0, seconds: 1.0 };
    let ratio = (ERRORS.0 + ERRORS.1) / ERRORS.0;
    Duration::from_secs_f64(traffic.seconds_needed(ratio, 1.0, 0.01) + 1.0 + 1.0 + 0.25 + 0.25)
}

#[test]
fn the_server_says_where_a_query_is_wrong() {
    let Some(program) = tool("prometheus") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Prometheus::start(&program, Service::start().address);
        let client = Client::new();
        server.ready(&client).await;
        let mut canary = configuration(&server.url);
        canary.metrics[0].bad = Some("ratee(http_requests_total{$scope})".into());
        let source = Source::new(&canary, Permit::for_drill(), client, Keys::default());
        let checked = source.check_queries().await.unwrap();
        assert_eq!((checked.queries, checked.by_server), (4, 4));
        let told: Vec<&str> = checked.faulty.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(told, ["1:1: parse error: unknown function with name \"ratee\""; 2]);
    });
}

#[test]
fn a_fault_in_a_scraped_service_is_seen_within_the_predicted_time() {
    let Some(program) = tool("prometheus") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let service = Service::start();
        let mut server = Prometheus::start(&program, service.address);
        let client = Client::new();
        server.ready(&client).await;
        let canary = configuration(&server.url);
        let mut state = State::new(&canary);
        let mut source = Source::new(&canary, Permit::for_drill(), client, Keys::default());

        let counted = |state: &State| state.report.value().is_some_and(|r| r.requests >= 6.0 * RPS.1);
        watch(&mut state, &mut source, counted).await;
        let report = state.report.value().unwrap();
        assert!(!matches!(report.verdict, Verdict::Suspect | Verdict::Regressed), "{report:#?}");
        assert!((report.share.unwrap() - 0.1).abs() < 0.02, "{:?}", report.share);

        let broken = service.break_canary();
        watch(&mut state, &mut source, |s| verdict(s) >= Some(Verdict::Suspect)).await;
        let suspect = broken.elapsed();
        println!("suspect after {suspect:?}, predicted {:?}", predicted());
        assert!(suspect <= predicted() + SLACK, "{suspect:?}");
        watch(&mut state, &mut source, |s| verdict(s) == Some(Verdict::Regressed)).await;
        println!("regressed after {:?}", broken.elapsed());
        assert!(state.take_changes().iter().any(|change| change.to == Verdict::Regressed));

        server.child.kill().unwrap();
        server.child.wait().unwrap();
        let now = Timestamp::now() + jiff::SignedDuration::from_secs(2);
        let failed = source.poll(now).await;
        assert!(matches!(&failed, Observation::Failed(_, failure) if failure.what.contains("refused")), "{failed:?}");
        state.update(failed, now);
        assert_eq!(state.report.freshness(now + jiff::SignedDuration::from_mins(1)), Freshness::Failed);
        assert_eq!(state.report.value().map(|r| r.verdict), Some(Verdict::Regressed), "the last picture stays");
    });
}
