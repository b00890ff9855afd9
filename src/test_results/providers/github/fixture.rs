//! A GitHub on loopback, small enough to be read at a glance.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::Source;
use crate::config::schema::{Git, GitHub, Secret};
use crate::config::trust::Permit;
use crate::evidence::{Evidence, Generation, Observation, Oid, Subject};
use crate::http::Client;
use crate::http::fault::{Fault, Server, answer};
use crate::test_results::model::{Green, Report, State, Wanted};
use crate::test_results::providers::remote::{Provider, Remote};
use crate::test_results::providers::{Setup, Target};
use crate::test_results::source::Checkout;

/// The commit that is asked about.
pub const HEAD: &str = "3f9c1e20000000000000000000000000000000aa";

/// What the server knows.
#[derive(Debug, Clone)]
pub struct World {
    pub checks: Vec<Value>,
    pub statuses: Vec<Value>,
    pub rules: Value,
    pub branch: Value,
    pub runs: Vec<Value>,
    /// Artifacts, and where their files are.
    pub artifacts: Vec<(Value, String)>,
    /// Reviews of the pull request of `ana` that holds the commit, if there is one.
    pub reviews: Option<Vec<Value>>,
    /// How many check runs are on a page.
    pub page: usize,
    /// Paths that hold this text are answered with these bytes.
    pub instead: Option<(&'static str, Vec<u8>)>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            checks: vec![check(1, "unit", "success"), check(2, "lint", "success")],
            statuses: Vec::new(),
            rules: json!([]),
            branch: json!({"name": "main", "protection": {"enabled": false}}),
            runs: Vec::new(),
            artifacts: Vec::new(),
            reviews: None,
            page: 100,
            instead: None,
        }
    }
}

pub fn check(id: u64, name: &str, conclusion: &str) -> Value {
    json!({"id": id, "name": name, "head_sha": HEAD, "status": "completed", "conclusion": conclusion,
        "completed_at": "2026-11-24T20:00:00Z", "html_url": format!("https://github.example/runs/{id}"),
        "app": {"id": 15368, "slug": "github-actions"}, "output": {"title": null, "summary": null, "annotations_count": 0}})
}

pub fn pending(id: u64, name: &str, status: &str) -> Value {
    json!({"id": id, "name": name, "head_sha": HEAD, "status": status, "conclusion": null, "completed_at": null})
}

pub fn status(context: &str, state: &str) -> Value {
    json!({"context": context, "state": state, "description": "said so", "target_url": "https://ci.example/1",
        "updated_at": "2026-11-24T20:00:00Z"})
}

pub fn run(id: u64, attempt: u32, event: &str) -> Value {
    json!({"id": id, "name": "CI", "run_number": 562, "run_attempt": attempt, "event": event, "head_sha": HEAD,
        "status": "completed", "conclusion": "success", "updated_at": "2026-11-24T20:00:00Z",
        "html_url": format!("https://github.example/actions/runs/{id}")})
}

/// A zip file with one file in it.
pub fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap().into_inner()
}

impl World {
    fn answer(&self, request: &str, address: &str) -> Vec<u8> {
        let target = request.split(' ').nth(1).unwrap_or_default();
        if let Some((part, bytes)) = &self.instead
            && target.contains(part)
        {
            return bytes.clone();
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.strip_prefix("/api/v3/repos/acme/checkout").unwrap_or("/nowhere");
        if let Some(id) = path.strip_prefix("/actions/artifacts/").and_then(|rest| rest.strip_suffix("/zip")) {
            let file = self.artifacts.iter().find(|(artifact, _)| artifact["id"].as_u64() == id.parse().ok());
            let location = file.map_or("nowhere", |(_, location)| location);
            return answer("302 Found", &format!("location: {location}\r\n"), b"");
        }
        let mut link = String::new();
        let body = match path {
            "" => json!({"default_branch": "main"}),
            "/rules/branches/main" => self.rules.clone(),
            "/branches/main" => self.branch.clone(),
            "/actions/runs" => json!({"total_count": self.runs.len(), "workflow_runs": self.runs}),
            path if path.ends_with("/artifacts") => {
                let artifacts: Vec<_> = self.artifacts.iter().map(|(artifact, _)| artifact).collect();
                json!({"total_count": artifacts.len(), "artifacts": artifacts})
            }
            path if path.contains("/attempts/") => json!({"id": 7, "conclusion": "failure"}),
            path if path.ends_with("/status") => {
                json!({"state": "pending", "sha": HEAD, "total_count": self.statuses.len(), "statuses": self.statuses})
            }
            path if path.ends_with("/check-runs") => {
                let page: usize = query.split("page=").last().and_then(|n| n.parse().ok()).unwrap_or(1);
                let page = if query.contains("&page=") { page } else { 1 };
                let shown: Vec<_> = self.checks.iter().skip((page - 1) * self.page).take(self.page).collect();
                if page * self.page < self.checks.len() {
                    link = format!(
                        "link: <http://{address}{}?per_page=100&page={}>; rel=\"next\"\r\n",
                        target.split('?').next().unwrap(),
                        page + 1
                    );
                }
                json!({"total_count": self.checks.len(), "check_runs": shown})
            }
            path if path.ends_with("/pulls") => match self.reviews {
                Some(_) => json!([{"number": 7, "user": {"login": "ana"}}]),
                None => json!([]),
            },
            "/pulls/7/reviews" => json!(self.reviews),
            "/pulls/7/commits" => json!([{"author": {"login": "ana"}, "committer": {"login": "web-flow"}}]),
            path if path.starts_with("/actions/jobs/") => {
                json!({"id": 1, "steps": [{"name": "cargo test", "conclusion": "failure"}]})
            }
            _ => return answer("404 Not Found", "content-type: application/json\r\n", br#"{"message":"Not Found"}"#),
        };
        let body = body.to_string();
        let mut hasher = DefaultHasher::new();
        (&body, &link).hash(&mut hasher);
        let etag = format!("\"{:x}\"", hasher.finish());
        if request.contains(&format!("if-none-match: {etag}")) {
            return answer("304 Not Modified", &format!("etag: {etag}\r\n"), b"");
        }
        let headers = format!("content-type: application/json\r\netag: {etag}\r\n{link}");
        answer("200 OK", &headers, body.as_bytes())
    }
}

/// The server.
pub struct Hub {
    pub world: Arc<Mutex<World>>,
    pub server: Server,
}

impl Hub {
    pub async fn start(world: World) -> Self {
        let world = Arc::new(Mutex::new(world));
        let (known, address) = (world.clone(), Arc::new(Mutex::new(String::new())));
        let here = address.clone();
        let reply = move |request: &str| known.lock().unwrap().answer(request, &here.lock().unwrap());
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        *address.lock().unwrap() = server.address.to_string();
        Self { world, server }
    }

    pub fn set(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world.lock().unwrap());
    }

    /// A source that asks this server, without a token.
    pub fn remote(&self, change: impl FnOnce(&mut GitHub)) -> Remote {
        let mut github = GitHub {
            repository: "acme/checkout".into(),
            token: None,
            api: Some(self.server.url("/api/v3")),
            branch: Some("main".into()),
            checks: Vec::new(),
            artifacts: None,
            allow_http: false,
        };
        change(&mut github);
        let source = Source::new("ci", &github, &Git::default(), &setup());
        let wanted =
            Wanted { name: "ci".into(), required: true, patterns: vec!["the server".into()], ..Default::default() };
        Remote::new(wanted, Provider::GitHub(Box::new(source)))
    }

    /// How often a path was asked for.
    pub fn asked(&self, part: &str) -> usize {
        self.server.requests().iter().filter(|request| request.lines().next().unwrap().contains(part)).count()
    }
}

pub fn setup() -> Setup {
    Setup {
        permit: Permit::for_drill(),
        client: Client::new(),
        root: std::env::temp_dir(),
        state: None,
        hide: Arc::new(|_| {}),
    }
}

/// A token in a file.
pub fn token(folder: &std::path::Path) -> Secret {
    std::fs::write(folder.join("token"), "t0ken\n").unwrap();
    Secret::File(folder.join("token").to_string_lossy().into_owned())
}

pub fn head() -> Subject {
    Subject { commit: Oid::parse(HEAD), tree: None }
}

pub fn at(seconds: i64) -> jiff::Timestamp {
    let start: jiff::Timestamp = "2026-11-24T20:05:00Z".parse().unwrap();
    start + jiff::SignedDuration::from_secs(seconds)
}

pub fn target(seconds: i64) -> Target {
    let committed_at = Some("2026-11-24T19:50:00Z".parse().unwrap());
    let checkout = Checkout { head: head(), branch: Some("hotfix/checkout-502".into()), committed_at };
    Target { checkout, now: at(seconds) }
}

/// Whether that proves the commit.
pub fn verdict(report: Report, seconds: i64) -> Green {
    let mut state = State::default();
    state.set_head(head());
    let (source, ttl) = ("test reports".into(), std::time::Duration::from_secs(3_600));
    let evidence = Evidence { value: report, subject: Subject::default(), source, observed_at: at(seconds), ttl };
    state.update(Observation::Seen(Generation(1), Box::new(evidence)), at(seconds));
    state.verdict(&head(), at(seconds))
}

pub fn run_async<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
