//! Tests that are allowed to fail for a while: still run, still counted on the screen, and not red until their last day.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::model::{Report, Standing, TestFailure};
use super::proof::Quarantine;

/// Marks the failures that are in a quarantine of their source. What fails in production for another reason stays as it is: a
/// quarantine is for the failure that is known.
pub fn apply(report: &mut Report, now: Timestamp) {
    let today = now.to_zoned(TimeZone::UTC).date();
    let mut any = false;
    for failure in &mut report.failures {
        let source = report.sources.iter().find(|source| source.name == failure.run);
        let entry = source.and_then(|source| source.policy.quarantine.iter().find(|entry| is_meant(entry, failure)));
        if let Some(entry) = entry {
            failure.standing = Some(standing(entry, today));
            any = true;
        }
    }
    if any {
        report.failures.sort_by_key(|failure| failure.standing);
    }
}

fn standing(entry: &Quarantine, today: Date) -> Standing {
    if today > entry.expires { Standing::Expired } else { Standing::Quarantined }
}

/// By its name alone, or with its class or suite before it.
fn is_meant(entry: &Quarantine, failure: &TestFailure) -> bool {
    let wanted = entry.test.trim();
    let with = |of: &str| !of.is_empty() && wanted == format!("{of} > {}", failure.name);
    wanted == failure.name || with(&failure.class) || with(&failure.suite)
}

/// Who looks after a test, where, and until when; `None` for one that is in no quarantine.
pub fn note(report: &Report, failure: &TestFailure) -> Option<String> {
    let source = report.sources.iter().find(|source| source.name == failure.run)?;
    let entry = source.policy.quarantine.iter().find(|entry| is_meant(entry, failure))?;
    Some(crate::evidence::text::clean(&format!("{}, {}, until {}", entry.owner, entry.ticket, entry.expires)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_results::model::{FailureKind, Policy, Wanted};

    fn report(test: &str, expires: &str) -> Report {
        let entry = Quarantine {
            test: test.into(),
            owner: "ana".into(),
            ticket: "PAY-1".into(),
            expires: expires.parse().unwrap(),
        };
        let policy = Policy { quarantine: vec![entry], ..Policy::default() };
        let failure = TestFailure {
            run: "unit".into(),
            suite: "s".into(),
            class: "Pool".into(),
            name: "drains".into(),
            kind: FailureKind::Failure,
            message: String::new(),
            standing: Some(Standing::New),
            ..TestFailure::default()
        };
        let sources = vec![Wanted { name: "unit".into(), policy, ..Wanted::default() }];
        Report { failures: vec![failure], sources, ..Report::default() }
    }

    fn standing_of(test: &str, expires: &str) -> Option<Standing> {
        let mut report = report(test, expires);
        apply(&mut report, "2026-06-15T23:00:00Z".parse().unwrap());
        report.failures[0].standing
    }

    #[test]
    fn a_test_is_meant_by_its_name_with_or_without_its_class() {
        for test in ["drains", "Pool > drains", "s > drains", " drains "] {
            assert_eq!(standing_of(test, "2026-06-15"), Some(Standing::Quarantined), "{test}");
        }
        for test in ["drain", "Other > drains", "*"] {
            assert_eq!(standing_of(test, "2026-06-15"), Some(Standing::New), "{test}");
        }
    }

    #[test]
    fn a_quarantine_ends_with_its_last_day() {
        assert_eq!(standing_of("drains", "2026-06-14"), Some(Standing::Expired));
        let report = report("drains", "2026-06-14");
        assert_eq!(note(&report, &report.failures[0]).unwrap(), "ana, PAY-1, until 2026-06-14");
    }
}
