//! How fast JUnit is read, beside other readers in the same run: `cargo run --release --manifest-path benches/peers/Cargo.toml`.
//!
//! Each reader is a process of its own, so that its memory is its own. `MEGABYTES` is 500 unless the environment says otherwise;
//! `PROFILE_RELEASE_LTO=off` with `CARGO_` before it builds sooner.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use quick_xml::events::Event;

/// Runs of each reader; the fastest counts.
const RUNS: usize = 3;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [reader, path] = words.as_slice() {
        return read(reader, Path::new(path));
    }
    let megabytes = std::env::var("MEGABYTES").ok().and_then(|text| text.parse().ok()).unwrap_or(500);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (cases, text) = (folder.path().join("cases.xml"), folder.path().join("text.xml"));
    many_cases(&cases, megabytes);
    one_text(&text, megabytes);
    for (what, path) in [("many cases", &cases), ("one CDATA", &text)] {
        println!("{what}, {megabytes} MB");
        let ours = fastest("this reader", path);
        for peer in ["bare quick-xml", "junit-parser", "quick-junit"] {
            println!("  {:.2} of its time\n", ours / fastest(peer, path));
        }
    }
}

/// The least seconds of a few runs.
fn fastest(reader: &str, path: &Path) -> f64 {
    let program = std::env::current_exe().expect("this program");
    let run = || {
        let output = Command::new(&program).arg(reader).arg(path).output().expect("itself, once more");
        let told = String::from_utf8(output.stdout).expect("what it prints");
        let seconds = told.split(' ').next().and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::NAN);
        (seconds, told)
    };
    let best = (0..RUNS).map(|_| run()).min_by(|a, b| a.0.total_cmp(&b.0)).expect("one run");
    print!("  {reader:<15} {}", best.1);
    best.0
}

fn read(reader: &str, path: &Path) {
    let file = File::open(path).expect("the report");
    let started = Instant::now();
    let tests = match reader {
        "this reader" => Some(hotfix_cockpit::test_results::reader::read(file).totals.tests),
        "bare quick-xml" => Some(bare(file)),
        "junit-parser" => junit_parser::from_reader(BufReader::new(file)).ok().map(|suites| suites.tests),
        _ => quick_junit::Report::deserialize(BufReader::new(file)).ok().map(|report| report.tests as u64),
    };
    let seconds = started.elapsed().as_secs_f64();
    let told = tests.map_or_else(|| "cannot read it".to_owned(), |tests| format!("{tests} tests"));
    println!("{seconds:.3} s, peak {:.1} MiB, {told}", peak());
}

/// The most memory that this process held, in MiB; on Linux alone.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    number.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}

fn bare(file: File) -> u64 {
    let mut reader = quick_xml::Reader::from_reader(BufReader::with_capacity(64 << 10, file));
    let (mut buffer, mut cases) = (Vec::new(), 0);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) | Err(_) => return cases,
            Ok(Event::Start(tag) | Event::Empty(tag)) => cases += u64::from(tag.name().0 == "testcase"),
            Ok(_) => {}
        }
    }
}

/// Cases as Surefire writes them, one in two hundred failed: 900,000 are 500 MB.
fn many_cases(path: &Path, megabytes: usize) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    let mut put = |text: String| out.write_all(text.as_bytes()).expect("written");
    put("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"all\">\n".to_owned());
    for suite in 0..(megabytes * 1_800).div_ceil(100) {
        let class = format!("com.acme.checkout.payment.Suite{suite}Test");
        put(format!("<testsuite name=\"{class}\" tests=\"100\" timestamp=\"2026-05-01T10:00:00Z\">\n"));
        for case in 0..100 {
            let name = format!("authorises a payment of kind {case} with all the checks that there are");
            let body = match case {
                7 if suite % 2 == 0 => format!(
                    "<failure message=\"expected 200 but was 502\" type=\"AssertionError\">{}</failure>",
                    "at com.acme.Checkout.pay(Checkout.java:17)\n".repeat(20)
                ),
                _ => format!(
                    "<system-out>{}</system-out>",
                    "2026-05-01 10:00:00 INFO the request was sent and answered; ".repeat(5)
                ),
            };
            put(format!("<testcase name=\"{name}\" classname=\"{class}\" time=\"0.0{case}\">{body}</testcase>\n"));
        }
        put("</testsuite>\n".to_owned());
    }
    put("</testsuites>\n".to_owned());
}

fn one_text(path: &Path, megabytes: usize) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    let mut put = |text: &str| out.write_all(text.as_bytes()).expect("written");
    put("<testsuites name=\"all\"><testsuite name=\"s\" tests=\"1\"><testcase name=\"a\" classname=\"c\"><system-out><![CDATA[");
    let line = "2026-05-01 10:00:00 INFO the request was sent, and answered with 200 <OK>\n";
    (0..megabytes * 1_048_576 / line.len()).for_each(|_| put(line));
    put("]]></system-out></testcase></testsuite></testsuites>");
}
