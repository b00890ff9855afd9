//! All sources on, and the metrics server in trouble: it hangs, fails, or answers with more than anybody asked for.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{HOTFIX, session};

const SERIES: usize = 200;
const SAMPLES: u64 = 61;

/// What the server does with a request.
#[derive(Clone, Copy)]
enum Trouble {
    Hangs,
    Fails,
    Floods,
}

/// Measures the same session in each of them.
pub fn run(folder: &Path, state: &Path) {
    for (label, trouble) in [("hangs", Trouble::Hangs), ("fails", Trouble::Fails), ("floods", Trouble::Floods)] {
        configure(folder, serve(trouble));
        let hash = Command::new(HOTFIX).args(["trust", "--hash"]).current_dir(folder).output().expect("hotfix");
        let hash = String::from_utf8_lossy(&hash.stdout).trim().to_owned();
        session::run(label, folder, state, &[("HOTFIX_TRUST", &hash)]);
    }
}

/// A poll every second, fifteen times as often as by default.
fn configure(folder: &Path, port: u16) {
    let config = format!(
        "version = 1\n[[tests]]\nname = \"unit\"\njunit = [\"reports/*.xml\"]\n\
         [canary]\nsource = {{ prometheus = \"http://127.0.0.1:{port}\" }}\n\
         baseline = 'track=\"stable\"'\ncanary = 'track=\"canary\"'\ninterval = \"1s\"\n\
         [[canary.metrics]]\nname = \"error rate\"\nbad = 'errors{{$scope}}'\ntotal = 'requests{{$scope}}'\ncritical = true\n\
         [rollback]\nsteps = [{{ name = \"go back\", run = [\"true\"] }}]\n"
    );
    std::fs::write(folder.join("hotfix.toml"), config).expect("a file");
    std::fs::create_dir_all(folder.join("reports")).expect("a folder");
    let report = "<testsuite name=\"s\" tests=\"1\"><testcase classname=\"c\" name=\"n\"/></testsuite>";
    std::fs::write(folder.join("reports/unit.xml"), report).expect("a file");
}

/// Serves until the bench ends. Returns the port.
fn serve(trouble: Trouble) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream, trouble));
        }
    });
    port
}

fn answer(mut stream: TcpStream, trouble: Trouble) {
    let mut request = [0; 8192];
    let _request = stream.read(&mut request);
    let (status, body) = match trouble {
        Trouble::Hangs => return std::thread::sleep(Duration::from_secs(60)),
        Trouble::Fails => ("500 Internal Server Error", "down".to_owned()),
        Trouble::Floods => ("200 OK", flood()),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _client_gone = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

/// 200 series of 61 samples.
fn flood() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut body = r#"{"status":"success","data":{"resultType":"matrix","result":["#.to_owned();
    for series in 0..SERIES {
        let comma = if series == 0 { "" } else { "," };
        let _infallible = write!(body, r#"{comma}{{"metric":{{"instance":"{series}"}},"values":["#);
        for back in (0..SAMPLES).rev() {
            let comma = if back + 1 == SAMPLES { "" } else { "," };
            let _infallible = write!(body, r#"{comma}[{},"{}"]"#, now - back, now * 7 - back * 7);
        }
        body.push_str("]}");
    }
    body.push_str("]}}");
    body
}
