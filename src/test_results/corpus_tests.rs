//! The reader against reports of other projects, where they are there.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::model::{RunState, Totals};
use super::reader::{Parsed, read};

fn samples(kind: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples").join(kind);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

fn index(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("index.json")).unwrap()).unwrap()
}

fn parse(path: &Path) -> Parsed {
    read(std::fs::File::open(path).unwrap())
}

/// Every entry of the index with its file.
fn junit_files(folder: &Path) -> Vec<(String, Value)> {
    let index = index(folder);
    let files = index["files"].as_array().unwrap().clone();
    files.into_iter().map(|entry| (entry["file"].as_str().unwrap().to_owned(), entry)).collect()
}

fn counts(totals: &Totals) -> [u64; 4] {
    [totals.tests, totals.errored, totals.failed, totals.skipped]
}

#[test]
fn counts_agree_with_an_independent_count_of_the_cases() {
    let Some(folder) = samples("junit") else { return };
    let mut seen = 0;
    for (file, entry) in junit_files(&folder).into_iter().filter(|(_, e)| e["kind"] == "junit") {
        let parsed = parse(&folder.join(&file));
        let observed = &entry["observed"];
        let number = |key: &str| observed[key].as_u64().unwrap();
        let mut expected = [
            number("cases"),
            number("cases_with_error"),
            number("cases_with_failure_no_error"),
            number("cases_skipped_only"),
        ];
        // A suite that failed to load has no case; it counts as one all the same.
        if file.ends_with("junit-report-6700.xml") || file.ends_with("junit-report-nested-testsuites.xml") {
            expected[0] += 1;
            expected[1] += 1;
        }
        assert_eq!(counts(&parsed.totals), expected, "{file}");
        // A case that is configured to fail when it is flaky is a failure.
        let both = u64::from(file.ends_with("basic_report.xml"));
        assert_eq!(parsed.totals.flaky + both, number("flaky_cases"), "{file}");
        let is_complete = parsed.state == RunState::Complete;
        assert!(is_complete || parsed.totals.tests == 0, "{file}: {:?}", parsed.trouble);
        assert_eq!(parsed.failures.len() as u64, parsed.totals.failed + parsed.totals.errored, "{file}");
        seen += 1;
    }
    assert!(seen > 150, "{seen}");
}

#[test]
fn counts_agree_with_what_the_projects_state() {
    let Some(folder) = samples("junit") else { return };
    // Several results in one case, counts without cases, and two converters that lose a skip or a case.
    let policies = [
        "junit.multiresult.xml",
        "no-cases-but-tests.xml",
        "NUnit-issue33493.junit-xml.xml",
        "testcase2.junit-xml.xml",
    ];
    let mut seen = 0;
    for (file, entry) in junit_files(&folder).into_iter().filter(|(_, e)| e["kind"] == "junit") {
        if policies.iter().any(|policy| file.ends_with(policy)) {
            continue;
        }
        let totals = parse(&folder.join(&file)).totals;
        for (key, ours) in [
            ("tests", totals.tests),
            ("errors", totals.errored),
            ("failures", totals.failed),
            ("skipped", totals.skipped),
        ] {
            if let Some(stated) = entry["expected"][key].as_u64() {
                assert_eq!(ours, stated, "{key} of {file}");
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn malformed_files_are_never_complete() {
    let Some(folder) = samples("junit") else { return };
    for (file, entry) in junit_files(&folder).into_iter().filter(|(_, e)| e["kind"] == "malformed") {
        let parsed = parse(&folder.join(&file));
        println!("{:?} {:?} {file}", parsed.state, parsed.trouble);
        // Control characters and entities without a definition are read as they stand.
        let wrong = entry["xml_error"].as_str().unwrap_or_default();
        let is_readable = wrong.contains("invalid token") || wrong.contains("undefined entity");
        assert!(is_readable || parsed.totals.passed == 0, "{file}: {wrong}");
    }
}

#[test]
fn adversarial_files_are_read_by_the_rules() {
    let Some(folder) = samples("junit/adversarial") else { return };
    for (file, rule) in index(&folder)["files"].as_object().unwrap() {
        let parsed = parse(&folder.join(file));
        if let Some(numbers) = rule.as_array() {
            let numbers: Vec<u64> = numbers.iter().filter_map(Value::as_u64).collect();
            assert_eq!(counts(&parsed.totals).to_vec(), numbers, "{file}");
            assert_eq!(parsed.state, RunState::Complete, "{file}: {:?}", parsed.trouble);
        }
        let text = format!("{parsed:?}");
        assert!(!text.contains("root:") && !text.contains("lollol"), "{file} was expanded");
    }
    let of = |file: &str| parse(&folder.join(file));
    assert_ne!(of("mismatched_end.xml").state, RunState::Complete);
    assert_eq!(of("suite_error_only.xml").totals.errored, 1);
    assert_eq!(of("zero_tests.xml").state, RunState::Empty);
    assert_eq!(counts(&of("xxe_file.xml").totals), [2, 0, 1, 0]);
}

#[test]
fn no_part_of_a_file_is_ever_complete_and_failures_only_grow() {
    let Some(folder) = samples("junit") else { return };
    let files = junit_files(&folder).into_iter().map(|(file, _)| file).filter(|f| !f.ends_with("two_roots.xml"));
    for file in files {
        let bytes = std::fs::read(folder.join(&file)).unwrap();
        if bytes.len() < 20_000 {
            truncate_everywhere(&bytes, &file);
        }
    }
}

/// In a debug build every so many bytes, so that all files take seconds.
fn truncate_everywhere(bytes: &[u8], file: &str) {
    let whole = read(bytes);
    let end = bytes.iter().rposition(|b| *b == b'>').unwrap_or(0);
    let step = if cfg!(debug_assertions) { 1 + bytes.len() / 20 } else { 1 };
    let mut before = 0;
    for cut in (0..=end).step_by(step) {
        let part = read(&bytes[..cut]);
        assert_ne!(part.state, RunState::Complete, "{file} cut at {cut}");
        assert_eq!(part.totals.passed, 0, "{file} cut at {cut}");
        let failures = part.totals.failed + part.totals.errored;
        assert!(failures >= before, "{file} cut at {cut}: {failures} after {before}");
        before = failures;
    }
    assert!(whole.totals.failed + whole.totals.errored >= before, "{file}");
}

#[test]
fn reports_of_dotnet_agree_with_what_their_projects_state() {
    let Some(folder) = samples("junit") else { return };
    let mut seen = 0;
    for (file, entry) in junit_files(&folder) {
        // Its summary claims two cases that are not there.
        if file.ends_with("jenkinsci/testcase2.xml") {
            assert!(parse(&folder.join(&file)).claims_more);
            continue;
        }
        let kind = entry["kind"].as_str().unwrap_or_default();
        let Some(stated) =
            entry["expected"]["tests"].as_u64().filter(|_| ["trx", "nunit", "xunit.net"].contains(&kind))
        else {
            continue;
        };
        let totals = parse(&folder.join(&file)).totals;
        assert_eq!(totals.tests, stated, "tests of {file}");
        let failed = entry["expected"]["failures"].as_u64().unwrap() + entry["expected"]["errors"].as_u64().unwrap();
        assert!(totals.bad() >= failed, "failures of {file}: {} and {failed}", totals.bad());
        if totals.bad() != failed || Some(totals.skipped) != entry["expected"]["skipped"].as_u64() {
            println!("{file}: {totals:?} {:?}", entry["expected"]);
        }
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn other_formats_are_read() {
    let Some(folder) = samples("test-formats") else { return };
    for entry in index(&folder)["files"].as_array().unwrap() {
        let file = entry["file"].as_str().unwrap();
        let parsed = parse(&folder.join(file));
        println!("{file}: {:?} {:?} {:?}", parsed.totals, parsed.state, parsed.trouble);
        assert!(parsed.totals.tests > 0, "{file}");
        assert!(!matches!(parsed.state, RunState::NotAReport | RunState::Empty | RunState::Unreadable), "{file}");
    }
}
