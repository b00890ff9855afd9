//! Test reports that a server hands out, as runs of its source (pure).

use jiff::Timestamp;

use super::artifact::Member;
use super::remote;
use crate::evidence::Oid;
use crate::test_results::model::{Ci, Light, Report, RunState, Warning};
use crate::test_results::reader::Parsed;

/// The most failures of a source that are listed.
const LISTED: usize = 1_000;

/// Where reports come from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// In words.
    pub source: String,
    /// The page of the run that made them.
    pub page: Option<String>,
    /// When that ended.
    pub ended_at: Option<Timestamp>,
    /// Its attempt.
    pub attempt: Option<u32>,
}

/// Adds the reports, one run each. Reports that cannot be read are in the way of green.
pub fn add(
    report: &mut Report,
    name: &str,
    head: &Oid,
    origin: &Origin,
    members: Result<Vec<Member>, String>,
    is_asked_for: bool,
) {
    match members {
        Ok(members) if members.is_empty() && is_asked_for => {
            lost(report, name, head, origin, "no test report is in it");
        }
        Ok(members) => members.into_iter().for_each(|(file, parsed)| take(report, name, head, origin, &file, parsed)),
        Err(why) => lost(report, name, head, origin, &why),
    }
}

fn lost(report: &mut Report, name: &str, head: &Oid, origin: &Origin, why: &str) {
    let mut run = remote::run(name, &origin.source);
    run.subject = Some(head.clone());
    run.trouble = Some(why.to_owned());
    let mut ci = Ci { page: origin.page.clone(), attempt: origin.attempt, ..Ci::default() };
    ci.lack(2, Light::Unknown, format!("{}: {why}", origin.source));
    run.ci = Some(Box::new(ci));
    report.warnings.push(Warning { source: origin.source.clone(), what: why.to_owned() });
    report.runs.push(run);
}

fn take(report: &mut Report, name: &str, head: &Oid, origin: &Origin, file: &str, parsed: Parsed) {
    let source = format!("{}: {file}", origin.source);
    let mut run = remote::run(name, &source);
    // A report that names another commit is about that one.
    run.subject = Some(parsed.said.commit.clone().unwrap_or_else(|| head.clone()));
    run.observed_at = origin.ended_at;
    run.totals = parsed.totals;
    run.complete = parsed.state == RunState::Complete;
    run.state = if parsed.state == RunState::Writing { RunState::Truncated } else { parsed.state };
    run.trouble.clone_from(&parsed.trouble);
    run.claims_more = parsed.claims_more;
    run.exit_code = parsed.said.exit_code;
    run.cases = parsed.cases;
    let mut ci = Ci { page: origin.page.clone(), attempt: origin.attempt, ..Ci::default() };
    if !run.complete {
        let trouble = parsed.trouble.as_deref().unwrap_or(parsed.state.label());
        ci.lack(2, Light::Unknown, format!("{source}: {trouble}"));
        report.warnings.push(Warning { source: source.clone(), what: trouble.to_owned() });
    }
    if let Some(code) = parsed.said.exit_code.filter(|code| *code != 0) {
        ci.lack(3, Light::Red, format!("its command ended with {code}"));
    }
    run.ci = Some(Box::new(ci));
    report.warnings.extend(parsed.warnings.into_iter().map(|what| Warning { source: source.clone(), what }));
    let room = LISTED.saturating_sub(report.failures.len());
    let unlisted = parsed.failures.len().saturating_sub(room);
    if unlisted > 0 {
        let what = format!("{unlisted} more failures are counted and not listed");
        report.warnings.push(Warning { source, what });
    }
    report.failures.extend(parsed.failures.into_iter().take(room).map(|mut failure| {
        name.clone_into(&mut failure.run);
        failure
    }));
    report.flaky.extend(parsed.flaky.into_iter().map(|mut test| {
        name.clone_into(&mut test.run);
        test
    }));
    report.totals.add(&run.totals);
    report.runs.push(run);
}
