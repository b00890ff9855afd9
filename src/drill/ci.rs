//! The pretended CI: a JUnit report that grows while its run goes on (pure).

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::moment::Moment;
use super::scenario::CiRun;
use crate::evidence::Oid;

/// What the tests of the service are called, over and over.
const SUBJECTS: [&str; 8] =
    ["cart totals", "coupon", "payment retry", "payment timeout", "refund", "tax", "currency", "receipt"];

/// The report of the newest run that has started by `now`, as far as it is written; `None` before the first.
pub fn report(runs: &[CiRun], now: Moment, epoch: Timestamp, commit: &Oid) -> Option<String> {
    let run = runs.iter().rev().find(|run| run.at <= now)?;
    let passed = now.secs() - run.at.secs();
    let done = u64::from(run.tests) * passed.min(run.takes.secs()) / run.takes.secs().max(1);
    let started = epoch.checked_add(SignedDuration::try_from(run.at.duration()).ok()?).ok()?;
    let mut out = head(started, commit);
    for number in 0..u32::try_from(done).unwrap_or(run.tests) {
        case(&mut out, run, number);
    }
    if passed >= run.takes.secs() {
        let code = u8::from(!run.red.is_empty());
        let _ = writeln!(out, "    <properties><property name=\"exit_code\" value=\"{code}\"/></properties>");
        out.push_str("  </testsuite>\n</testsuites>\n");
    }
    Some(out)
}

fn head(started: Timestamp, commit: &Oid) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"unit\" timestamp=\"{started}\">\n    \
         <properties><property name=\"git.commit\" value=\"{commit}\"/><property name=\"git.dirty\" value=\"false\"/>\
         </properties>\n"
    )
}

/// The red tests come first, so that they are seen early.
fn case(out: &mut String, run: &CiRun, number: u32) {
    let index = number as usize;
    let usual = || format!("{} {}", SUBJECTS[index % SUBJECTS.len()], index / SUBJECTS.len() + 1);
    let red = run.red.get(index);
    let name = escaped(&red.cloned().unwrap_or_else(usual));
    let _ = write!(out, "    <testcase classname=\"checkout\" name=\"{name}\" time=\"0.{:03}\"", 20 + index * 7 % 180);
    match red {
        Some(_) => out.push_str("><failure message=\"expected 200, was 502\">assertion failed</failure></testcase>\n"),
        None => out.push_str("/>\n"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
#[path = "ci_tests.rs"]
mod tests;
