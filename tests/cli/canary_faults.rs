//! Faults on the way to the metrics that need TLS, or an environment: through the program, which is to trust a root of the
//! tests alone. All others are in `src/canary/source/faults_tests.rs`; that none is missing is held here.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::place::Place;

/// A root of our own.
fn root() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server on loopback, whose certificate the root signed.
struct Tls<'r> {
    root: &'r CertifiedIssuer<'static, KeyPair>,
    host: &'static str,
    expired: bool,
    wants_client: bool,
    answer: String,
}

impl Tls<'_> {
    /// Its port; it lives as long as the test.
    fn start(self) -> u16 {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![self.host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(if self.expired { 2021 } else { 2120 }, 1, 1);
        let chain = vec![params.signed_by(&key, self.root).unwrap().der().clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
        let builder = if self.wants_client {
            let mut roots = RootCertStore::empty();
            roots.add(self.root.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let config = Arc::new(builder.with_single_cert(chain, key.into()).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = converse(ServerConnection::new(config.clone()).unwrap(), stream, &self.answer);
            }
        });
        port
    }
}

fn converse(connection: ServerConnection, stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut stream = StreamOwned::new(connection, stream);
    let mut request = [0; 8192];
    let _ = stream.read(&mut request)?;
    stream.write_all(answer.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn ok(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

const NOTHING: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;

fn configured(address: &str) -> Place {
    let place = Place::new();
    place.write(
        "hotfix.toml",
        &format!(
            "version = 1\n[canary]\nsource = {{ prometheus = \"{address}\", token = {{ env = \"METRICS_TOKEN\" }} }}\nbaseline = 'a=\"1\"'\n\
             canary = 'a=\"2\"'\nfalse_alarm = 0.01\n[[canary.metrics]]\nname = \"errors\"\nbad = 'e{{$scope}}'\ntotal = 't{{$scope}}'\n"
        ),
    );
    place
}

/// What the program says of a look, with more in its environment.
fn look(place: &Place, variables: &[(&str, &str)]) -> Value {
    let hash = place.runs(&["trust", "--hash"]).trim().to_owned();
    let mut all = vec![("HOTFIX_TRUST", hash.as_str()), ("METRICS_TOKEN", "t0p-s3cret")];
    all.extend(variables);
    let output = place.output_with(&["canary", "--json"], &all);
    let told = String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap();
    assert!(!told.contains("s3cret"), "{told}");
    assert_eq!(output.status.code(), Some(5), "neither healthy nor regressed: {told}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"))
}

/// The failure of a look at a server with TLS.
fn tls_failure(server: Tls, trusted: Option<&str>) -> String {
    let place = configured(&format!("https://localhost:{}", server.start()));
    let file = place.repo().with_file_name("root.pem");
    if let Some(root) = trusted {
        std::fs::write(&file, root).unwrap();
    }
    let file = file.display().to_string();
    let variables = [("SSL_CERT_FILE", file.as_str())];
    let told = look(&place, if trusted.is_some() { &variables } else { &[] });
    format!("{}; {}", told["failure"]["what"].as_str().unwrap_or("none"), told["failure"]["remedy"])
}

#[test]
fn e20_each_fault_of_tls_has_its_own_words() {
    let root = root();
    let server = || Tls { root: &root, host: "localhost", expired: false, wants_client: false, answer: ok(NOTHING) };
    let pem = root.pem();
    let trusted = Some(pem.as_str());
    assert_eq!(tls_failure(server(), trusted), "none; null", "the root is enough");
    for (server, trusted, needle) in [
        (Tls { expired: true, ..server() }, trusted, "the server's certificate has expired; \"renew it"),
        (Tls { host: "other.example", ..server() }, trusted, "the server's certificate is for another host"),
        (server(), None, "nobody whom this machine trusts signed"),
        (Tls { wants_client: true, ..server() }, trusted, "the server wants a client certificate"),
    ] {
        let what = tls_failure(server, trusted);
        assert!(what.contains(needle), "{needle}: {what}");
    }
}

/// A server that says nothing, and remembers what was said to it.
fn listening() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut said = [0; 4096];
            let length = stream.read(&mut said).unwrap_or(0);
            log.lock().unwrap().push(String::from_utf8_lossy(&said[..length]).into_owned());
            let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (address, heard)
}

#[test]
fn e12_a_redirect_from_https_to_http_is_not_followed() {
    let root = root();
    let (plain, heard) = listening();
    let answer = format!(
        "HTTP/1.1 301 Moved Permanently\r\nlocation: http://{plain}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let server = Tls { root: &root, host: "localhost", expired: false, wants_client: false, answer };
    let what = tls_failure(server, Some(&root.pem()));
    assert!(what.contains("redirected (301) to 127.0.0.1"), "{what}");
    assert!(heard.lock().unwrap().is_empty());
}

#[test]
fn e24_a_proxy_sees_what_is_sealed_alone_and_never_this_machine() {
    let (proxy, heard) = listening();
    let proxy = format!("http://{proxy}");
    let (server, asked) = listening();
    let place = configured(&format!("http://{server}"));
    let proxies =
        [("HTTP_PROXY", proxy.as_str()), ("http_proxy", &proxy), ("ALL_PROXY", &proxy), ("HTTPS_PROXY", &proxy)];
    let told = look(&place, &proxies);
    assert!(told["failure"]["what"].as_str().unwrap().contains("502"), "{told}");
    assert!(asked.lock().unwrap()[0].contains("t0p-s3cret"), "the token goes where it belongs");
    assert!(heard.lock().unwrap().is_empty(), "plain http never goes through a proxy");

    let place = configured("https://metrics.example");
    look(&place, &proxies);
    let heard: Vec<String> = std::mem::take(&mut *heard.lock().unwrap());
    assert!(
        !heard.is_empty() && heard.iter().all(|said| said.starts_with("CONNECT metrics.example:443 ")),
        "{heard:?}"
    );
    assert!(!heard.concat().contains("s3cret"));
    look(&place, &[proxies.as_slice(), &[("NO_PROXY", "metrics.example")]].concat());
}

/// A server of metrics that knows no function `ratee`, and has no series.
fn metrics_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut said = [0; 8192];
            let length = stream.read(&mut said).unwrap_or(0);
            let request = String::from_utf8_lossy(&said[..length]).into_owned();
            let refused = r#"{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:1: parse error: unknown function with name \"ratee\""}"#;
            let answer = match (request.contains("ratee"), request.contains("/format_query")) {
                (true, _) => ok(refused).replace("200 OK", "400 Bad Request"),
                (false, true) => ok(r#"{"status":"success","data":"x"}"#),
                (false, false) => ok(NOTHING),
            };
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn doctor_says_which_query_is_wrong_and_where() {
    let address = metrics_server();
    let place = configured(&address);
    let warnings = |place: &Place| -> Vec<String> {
        let hash = place.runs(&["trust", "--hash"]).trim().to_owned();
        let variables = [("HOTFIX_TRUST", hash.as_str()), ("METRICS_TOKEN", "t0p-s3cret")];
        let output = place.output_with(&["doctor", "--json"], &variables);
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        let about_queries = |check: &&Value| {
            let what = check["what"].as_str().unwrap();
            what.contains("queries") || what.contains("the query")
        };
        let checks = told["checks"].as_array().unwrap().iter().filter(about_queries);
        checks
            .map(|check| format!("{} {}", check["state"].as_str().unwrap(), check["what"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(warnings(&place), ["ok canary: the server reads 4 of 4 queries without an error"]);
    let text = std::fs::read_to_string(place.repo().join("hotfix.toml")).unwrap();
    place.write(
        "hotfix.toml",
        &text.replace("'e{$scope}'", "'ratee(e{$scope})'").replace("'t{$scope}'", "'t{$scope,app=\"$app\"}'"),
    );
    assert_eq!(
        warnings(&place),
        [
            "warn canary errors: the query fails at 1:1: parse error: unknown function with name \"ratee\": ratee(e{a=\"1\"})",
            "warn canary errors: the query fails at 1:14: `$app` is a place that nothing fills in: t{a=\"1\",app=\"$app\"}",
            "warn canary errors: the query fails at 1:1: parse error: unknown function with name \"ratee\": ratee(e{a=\"2\"})",
            "warn canary errors: the query fails at 1:14: `$app` is a place that nothing fills in: t{a=\"2\",app=\"$app\"}",
        ]
    );
}

/// Where each fault is held.
const FAULTS: [&str; 2] = [include_str!("../../src/canary/source/faults_tests.rs"), include_str!("canary_faults.rs")];

#[test]
fn all_twenty_five_are_held_by_a_test() {
    for number in 1..=25 {
        let name = format!("\nfn e{number:02}_");
        assert!(FAULTS.iter().any(|tests| tests.contains(&name)), "{name}");
    }
}
