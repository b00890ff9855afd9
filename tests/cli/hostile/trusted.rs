//! What lies in wait behind a file that a person trusted: programs and servers that answer with more than was asked,
//! and a remote that talks back. The file may run what it names; nothing else fires, and nothing raw is printed.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;

/// Sequences that a terminal would obey, in JSON.
const ESCAPES: &str = r"\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\r\u0008";

/// Every command that looks, rehearses or runs, once the file is trusted.
const RUNS: &[&[&str]] = &[
    &["canary"],
    &["canary", "--json"],
    &["change", "--json"],
    &["rollback", "--dry-run"],
    &["rollback", "--dry-run", "--json"],
    &["rollback", "--rehearse"],
    &["status"],
    &["checklist"],
    &["timeline"],
];

pub(super) const TRAPS: &[Trap] = &[
    Trap { number: 28, name: "a remote that prints sequences when it is pushed to", set: talking_remote },
    Trap { number: 29, name: "a cluster with sequences and a megabyte in its objects", set: talking_cluster },
    Trap { number: 30, name: "metrics with sequences, and numbers that are none", set: talking_metrics },
    Trap {
        number: 31,
        name: "an address that leads to another",
        set: |place, fired| {
            let fired = fired.to_owned();
            let inner = serve(move |_| {
                fs::write(&fired, "").unwrap();
                Vec::new()
            });
            let head = |to: &str| format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
            let (near, file) = (serve(move |_| head(&inner).into()), serve(move |_| head("file:///etc/passwd").into()));
            let metadata = serve(move |_| head("http://169.254.169.254/latest/meta-data/").into());
            asks(place, &[near, file, metadata]);
        },
    },
    Trap {
        number: 32,
        name: "an answer without end, and one that swells",
        set: |place, _| {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
            let slow = serve(move |stream| {
                let _gone = stream.write_all(format!("{head}\r\n\"").as_bytes());
                while stream.write_all(b"a").is_ok() {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Vec::new()
            });
            let bomb = serve(move |_| {
                let zeros = zeros(64);
                let head = format!("{head}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", zeros.len());
                [head.into_bytes(), zeros].concat()
            });
            asks(place, &[slow, bomb]);
        },
    },
    Trap {
        number: 40,
        name: "an object with a key twice",
        set: |place, _| {
            let twice = deployment("").replacen("\"uid\"", "\"uid\":\"other\",\"uid\"", 1);
            cluster(place, &twice);
        },
    },
];

/// A trap behind a file that is trusted.
pub(super) fn spring(trap: &Trap) {
    let place = Place::new();
    place.write("app", "good\n");
    place.commit_all();
    tag(&place, "v1.0.0");
    place.write("app", "bad\n");
    place.commit_all();
    let fired = place.repo().with_file_name("fired");
    (trap.set)(&place, &fired.display().to_string());
    let hash = place.runs(&["trust", "--hash"]);
    place.runs(&["trust", "--yes", hash.trim()]);
    place.runs(&["declare", "checkout-502"]);
    let path = format!("{}:{}", bin(&place).display(), std::env::var("PATH").unwrap());
    let run = |arguments: &[&str]| {
        let text = shown(&place.output(arguments, Some(("PATH", &path))));
        harmless(trap, arguments, &text);
        assert!(!fired.exists(), "{} {}: {arguments:?} ran it", trap.number, trap.name);
        text
    };
    for arguments in LOOKS.iter().chain(RUNS) {
        run(arguments);
    }
    let plan: serde_json::Value =
        serde_json::from_str(run(&["rollback", "--dry-run", "--json"]).lines().next().unwrap_or_default())
            .unwrap_or_default();
    match (plan["hash"].as_str(), trap.number) {
        (Some(hash), _) => drop(run(&["rollback", "--yes", hash, "--reason", "a trap"])),
        (None, 40) => {
            let text = run(&["rollback", "--dry-run"]);
            assert!(text.contains("twice"), "an object that says two things says nothing: {text}");
        }
        (None, _) => panic!("{} {}: there is no plan to spring it with", trap.number, trap.name),
    }
    run(&["timeline"]);
}

/// A folder of programs outside of the repository.
fn bin(place: &Place) -> std::path::PathBuf {
    place.repo().with_file_name("bin")
}

fn program(place: &Place, name: &str, text: &str) {
    fs::create_dir_all(bin(place)).unwrap();
    let path = bin(place).join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A server that answers each connection by this; what is returned is sent.
fn serve(answer: impl Fn(&mut TcpStream) -> Vec<u8> + Send + Sync + Clone + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || {
                let mut asked = [0; 4096];
                let _ = stream.read(&mut asked);
                let bytes = answer(&mut stream);
                let _ = stream.write_all(&bytes);
            });
        }
    });
    url
}

/// A file that asks each of these: whether it may, what runs, and whether it is back.
fn asks(place: &Place, urls: &[String]) {
    let need = |(index, url): (usize, &String)| format!("{{ name = \"n{index}\", look = {{ url = \"{url}\" }} }}");
    let needs: Vec<String> = urls.iter().enumerate().map(need).collect();
    let url = &urls[0];
    place.write(
        "hotfix.toml",
        &format!(
            "[production]\ndeployed = {{ url = \"{url}\" }}\n[rollback]\nneeds = [{}]\n\
             verify = {{ url = \"{url}\", within = \"1s\" }}\n[[rollback.steps]]\nname = \"back\"\nrun = [\"true\"]\n",
            needs.join(", ")
        ),
    );
}

fn talking_remote(place: &Place, _: &str) {
    let remote = place.repo().with_file_name("remote");
    let there = Repository::init_bare(&remote).unwrap();
    let hook = there.path().join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(
        &hook,
        "#!/bin/sh\nprintf '\\033]0;owned\\007\\033[2Jno\\r\\n\\233 31m ! [remote rejected]\\n' >&2\nexit 1\n",
    )
    .unwrap();
    let here = Repository::open(place.repo()).unwrap();
    here.remote_set_url("origin", &remote.display().to_string()).unwrap();
    let head = here.head().unwrap().target().unwrap();
    here.reference("refs/heads/main", head, true, "").unwrap();
    here.find_remote("origin").unwrap().push(&["refs/heads/main"], None).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    place.write("hotfix.toml", "[rollback]\nengine = \"git-revert\"\ngit = { branch = \"main\" }\n");
}

fn deployment(note: &str) -> String {
    let template = r#"{"spec":{"containers":[{"image":"r/checkout:v2"}]}}"#;
    let labels = format!(r#"{{"argocd.argoproj.io/instance":"app{note}"}}"#);
    let conditions = format!(r#"[{{"type":"Progressing","status":"False","message":"late{note}"}}]"#);
    format!(
        r#"{{"metadata":{{"uid":"w","labels":{labels},"annotations":{{"note":"{note}"}}}},"spec":{{"template":{template}}},"status":{{"conditions":{conditions}}}}}"#
    )
}

/// A cluster that answers with this deployment, and may be asked anything.
fn cluster(place: &Place, deployment: &str) {
    let revision = format!(
        r#"{{"items":[{{"metadata":{{"annotations":{{"deployment.kubernetes.io/revision":"3","x":"{ESCAPES}"}},"ownerReferences":[{{"uid":"w"}}]}},"spec":{{"template":{{"spec":{{"containers":[{{"image":"r/checkout:v1.0.0"}}]}}}}}}}}]}}"#
    );
    fs::create_dir_all(bin(place)).unwrap();
    fs::write(bin(place).join("deployment"), deployment).unwrap();
    fs::write(bin(place).join("replicasets"), revision).unwrap();
    let cases = "case \"$*\" in *can-i*) printf 'yes\\033]0;owned\\007\\n';; *replicasets*) cat \"$here/replicasets\";; \
                 *output=json*) cat \"$here/deployment\";; *) printf '\\033[2J\\233 31m moved\\r\\010\\n';; esac";
    program(place, "kubectl", &format!("here=$(dirname \"$0\")\n{cases}"));
    let table = "kubernetes = { workload = \"checkout\", namespace = \"shop\", context = \"prod\" }";
    place.write("hotfix.toml", &format!("[rollback]\nengine = \"kubernetes\"\n{table}\n"));
}

fn talking_cluster(place: &Place, _: &str) {
    cluster(place, &deployment(&ESCAPES.repeat(40_000)));
}

fn talking_metrics(place: &Place, _: &str) {
    let metrics = serve(|stream| {
        let label = format!(r#"{{"__name__":"e{ESCAPES}","track":"canary","pod":"{ESCAPES}"}}"#);
        let now = jiff::Timestamp::now().as_second();
        let values: Vec<String> =
            ["NaN", "+Inf", "1e308", "-1e308", ESCAPES].iter().map(|it| format!("[{now},\"{it}\"]")).collect();
        let result: Vec<String> =
            values.iter().map(|value| format!(r#"{{"metric":{label},"value":{value},"values":[{value}]}}"#)).collect();
        let data = format!(r#"{{"resultType":"matrix","result":[{}]}}"#, result.join(","));
        let body = format!(r#"{{"status":"success","warnings":["w{ESCAPES}"],"data":{data}}}"#);
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n";
        let _gone = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        Vec::new()
    });
    let base = metrics.trim_end_matches("/x");
    place.write(
        "hotfix.toml",
        &format!(
            "[canary]\nsource = {{ prometheus = \"{base}\" }}\nbaseline = 'track=\"stable\"'\ncanary = 'track=\"canary\"'\n\
             [[canary.metrics]]\nname = \"errors\"\nbad = 'e{{$scope}}'\ntotal = 't{{$scope}}'\n{}",
            CONFIG.trim_start_matches("version = 1\n").replace(", \"{to.version}\"", "")
        ),
    );
}

/// A gzip stream of `mebibytes` of zeros: one block with fixed codes, a literal 0 and then matches of length 258 and
/// distance 1, 258 bytes in 13 bits.
fn zeros(mebibytes: usize) -> Vec<u8> {
    let (mut bytes, mut filled) = (vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], 8);
    let mut push = |bit: bool| {
        if filled == 8 {
            bytes.push(0);
            filled = 0;
        }
        *bytes.last_mut().unwrap() |= u8::from(bit) << filled;
        filled += 1;
    };
    let mut code = |bits: &str| bits.chars().for_each(|bit| push(bit == '1'));
    code("110");
    code("00110000");
    for _ in 0..mebibytes * 1024 * 1024 / 258 {
        code("1100010100000");
    }
    code("0000000");
    bytes.extend([0; 8]);
    bytes
}
