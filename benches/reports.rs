//! What reading test reports costs, each beside a reference in the same run.
//!
//! `cargo bench --bench reports` writes JUnit files of `MEGABYTES` (50 unless the environment says otherwise; 500 is what the
//! design promises) and reads them with this reader, and with a bare loop over quick-xml's events; then a folder of 1,000 reports, of which three change. Machines are noisy: the ratios are what to quote.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use hotfix_cockpit::config::schema::TestSource;
use hotfix_cockpit::test_results::reader;
use hotfix_cockpit::test_results::source::Reports;
use jiff::Timestamp;

fn main() {
    let megabytes = std::env::var("MEGABYTES").ok().and_then(|text| text.parse().ok()).unwrap_or(50);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (cases, text) = (folder.path().join("cases.xml"), folder.path().join("text.xml"));
    many_cases(&cases, megabytes);
    one_text(&text, megabytes);
    for (what, path) in [("many cases", &cases), ("one CDATA", &text)] {
        println!("{what}, {megabytes} MB");
        let ours = measure("this reader", path, |file| reader::read(file).totals.tests);
        let bare = measure("bare quick-xml", path, bare);
        println!("  ratio: {:.2} of the bare loop's time\n", ours / bare);
    }
    refresh(folder.path());
}

/// Runs it three times. Returns the fastest, in seconds.
fn measure(name: &str, path: &Path, read: impl Fn(File) -> u64) -> f64 {
    let mut best = f64::INFINITY;
    let mut tests = 0;
    let before = resident(true);
    for _ in 0..3 {
        let file = File::open(path).expect("the report");
        let started = Instant::now();
        tests = read(file);
        best = best.min(started.elapsed().as_secs_f64());
    }
    let peak = resident(false) - before;
    println!("  {name:<15} {best:7.3} s   peak {peak:7.1} MiB more   {tests} tests");
    best
}

/// The most memory that this process ever held, or since the last `anew`, in MiB; on Linux alone.
fn resident(anew: bool) -> f64 {
    if anew {
        // Where the kernel does not know it, the peak is that of the whole run.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    number.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}

fn bare(file: File) -> u64 {
    let mut reader = quick_xml::Reader::from_reader(BufReader::with_capacity(64 << 10, file));
    let mut buffer = Vec::new();
    let mut cases = 0;
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(quick_xml::events::Event::Eof) | Err(_) => return cases,
            Ok(quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag)) => {
                cases += u64::from(tag.name().0 == "testcase");
            }
            Ok(_) => {}
        }
    }
}

/// Cases as Surefire writes them, one in two hundred failed: 900,000 are 500 MB.
fn many_cases(path: &Path, megabytes: usize) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    let cases = megabytes * 1_800;
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"all\">").expect("written");
    for suite in 0..cases.div_ceil(100) {
        writeln!(
            out,
            "<testsuite name=\"com.acme.checkout.payment.Suite{suite}Test\" timestamp=\"2026-05-01T10:00:00Z\">"
        )
        .expect("written");
        for case in 0..100 {
            let tag = format!(
                "<testcase name=\"authorises a payment of kind {case} with all the checks that there are\" \
                 classname=\"com.acme.checkout.payment.Suite{suite}Test\" time=\"0.0{case}\""
            );
            match case {
                7 if suite % 2 == 0 => writeln!(out, "{tag}><failure message=\"expected 200 but was 502\" type=\"AssertionError\">{}</failure></testcase>", "at com.acme.Checkout.pay(Checkout.java:17)\n".repeat(20)),
                _ => writeln!(out, "{tag}><system-out>{}</system-out></testcase>", "2026-05-01 10:00:00 INFO the request was sent and answered; ".repeat(5)),
            }
            .expect("written");
        }
        writeln!(out, "</testsuite>").expect("written");
    }
    writeln!(out, "</testsuites>").expect("written");
}

fn one_text(path: &Path, megabytes: usize) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    write!(out, "<testsuites name=\"all\"><testsuite name=\"s\" timestamp=\"2026-05-01T10:00:00Z\"><testcase name=\"a\" classname=\"c\"><system-out><![CDATA[").expect("written");
    let line = "2026-05-01 10:00:00 INFO the request was sent, and answered with 200 <OK>\n";
    for _ in 0..megabytes * 1_048_576 / line.len() {
        out.write_all(line.as_bytes()).expect("written");
    }
    write!(out, "]]></system-out></testcase></testsuite></testsuites>").expect("written");
}

/// A folder of 1,000 reports: the first look, one at which nothing changed, and one at which three did.
fn refresh(folder: &Path) {
    let reports = folder.join("reports");
    std::fs::create_dir(&reports).expect("a folder");
    let text = |name: usize| {
        let cases: String = (0..400).map(|i| format!("<testcase name='case {i}' classname='Suite{name}' time='0.01'><system-out>{}</system-out></testcase>", "x".repeat(160))).collect();
        format!("<testsuite name='Suite{name}'>{cases}</testsuite>")
    };
    for name in 0..1_000 {
        std::fs::write(reports.join(format!("{name}.xml")), text(name)).expect("written");
    }
    let source = TestSource { name: "unit".into(), junit: vec!["reports/*.xml".into()], ..TestSource::default() };
    let mut all = Reports::new(folder, &[source]);
    println!("1,000 reports of {} kB", text(0).len() / 1_000);
    let mut look = |what: &str| {
        let started = Instant::now();
        let tests = all.look(None, Timestamp::now()).value.totals.tests;
        let time = started.elapsed().as_secs_f64() * 1e3;
        println!("  {what:<16} {time:8.1} ms   {:4} files read   {tests} tests", all.reread());
    };
    look("first look");
    look("nothing changed");
    (0..3).for_each(|name| std::fs::write(reports.join(format!("{name}.xml")), text(name + 5_000)).expect("written"));
    look("three changed");
}
