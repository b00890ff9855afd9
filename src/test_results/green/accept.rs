//! What a person may accept for one commit: failures that are known, flaky tests, and tests that do not run any more. Never a
//! commit, an end or a work tree that nobody knows.
//!
//! It is accepted as it stands, test by test: one more failure, another cause or another commit, and nothing is.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Green, Light, Missing, Question, proven};
use crate::evidence::{Oid, Subject};
use crate::incident::entry::Acceptance;
use crate::journal::record::hex;
use crate::test_results::baseline::fingerprint;
use crate::test_results::model::Report;

/// What could be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The commit.
    pub head: Oid,
    /// In sentences.
    pub what: Vec<String>,
    /// The hash of all that, test by test.
    pub hash: String,
}

/// What was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// In sentences.
    pub what: Vec<String>,
    /// Who answers for it.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Missing {
    /// Whether a person may accept it: tests that fail or do not run, as far as that is amber.
    pub fn is_acceptable(&self) -> bool {
        self.light == Light::Amber && matches!(self.condition, 4 | 5)
    }
}

impl Claim {
    /// What of that could be accepted; `None` if nothing could.
    pub fn of(missing: &[Missing], report: &Report, head: &Subject) -> Option<Self> {
        let mut what: Vec<String> = missing.iter().filter(|it| it.is_acceptable()).map(sentence).collect();
        let head = head.commit.clone().filter(|_| !what.is_empty())?;
        what.sort();
        let hash = hex(&Sha256::digest(lines(&what, report, &head).join("\n")));
        Some(Self { head, what, hash })
    }
}

fn sentence(missing: &Missing) -> String {
    let of = if missing.source.is_empty() { String::new() } else { format!("{}: ", missing.source) };
    format!("{of}{}", missing.what)
}

/// Everything that must stay as it is.
fn lines(what: &[String], report: &Report, head: &Oid) -> Vec<String> {
    let mut tests: Vec<String> = report
        .failures
        .iter()
        .map(|it| {
            let standing = it.standing.map_or("", crate::test_results::model::Standing::label);
            let cause = fingerprint(&it.message);
            let parts = [it.run.as_str(), &it.suite, &it.class, &it.name, standing, &cause];
            parts.map(|part| format!("{part:?}")).join(" ")
        })
        .collect();
    tests.extend(report.flaky.iter().map(|it| format!("flaky {:?}", [&it.run, &it.suite, &it.class, &it.name])));
    let compared = report.baseline.iter();
    tests.extend(
        compared.flat_map(|it| it.missing_tests.iter().chain(&it.skipped_tests)).map(|it| format!("gone {it:?}")),
    );
    tests.sort();
    [head.as_str().to_owned()].into_iter().chain(what.iter().cloned()).chain(tests).collect()
}

/// Puts together what is missing, less what was accepted.
pub(super) fn settle(missing: Vec<Missing>, running: bool, report: &Report, question: &Question) -> Green {
    let of_head = |it: &&Acceptance| question.head.commit.as_ref() == Some(&it.head);
    let acceptance = question.accepted.filter(of_head);
    let claim = |it: &Acceptance| Claim::of(&missing, report, question.head).filter(|claim| claim.hash == it.hash);
    let Some((acceptance, claim)) = acceptance.and_then(|it| Some((it, claim(it)?))) else {
        return Green::of(missing, running, proven(report, question.head));
    };
    let rest = missing.into_iter().filter(|it| !it.is_acceptable()).collect();
    let (n, by, reason) = (claim.what.len(), acceptance.name.clone(), acceptance.reason.clone());
    let proven = format!("with {n} accepted by {by} ({reason}): {}", proven(report, question.head));
    let accepted = Some(Accepted { what: claim.what, by, reason });
    Green { accepted, ..Green::of(rest, running, proven) }
}
