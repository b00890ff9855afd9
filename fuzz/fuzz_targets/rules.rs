//! What holds of every report, whatever is in it.

use hotfix_cockpit::test_results::model::RunState;
use hotfix_cockpit::test_results::reader::{Parsed, read};

pub fn hold(bytes: &[u8]) {
    let parsed = read(bytes);
    check(&parsed);
    // Half of a report: what failed is a part of what fails in the whole, unless the whole is no report.
    let half = read(&bytes[..bytes.len() / 2]);
    check(&half);
}

fn check(parsed: &Parsed) {
    let t = &parsed.totals;
    assert_eq!(t.tests, t.passed + t.failed + t.errored + t.skipped + t.disabled + t.unproven, "{parsed:?}");
    assert!(parsed.state == RunState::Complete || t.passed == 0, "passes of a report that is not whole");
    assert!(parsed.state != RunState::Complete || t.tests > 0, "complete without a test");
    assert!(parsed.failures.len() as u64 <= t.failed + t.errored);
    let shown = parsed.failures.iter().flat_map(|f| [&f.suite, &f.class, &f.name, &f.message]);
    for text in shown.chain(&parsed.warnings).chain(&parsed.trouble) {
        let is_wild = |c: char| c != '\n' && hotfix_cockpit::evidence::text::is_dangerous(c);
        assert!(!text.chars().any(is_wild), "{text:?} reaches the terminal");
    }
}
