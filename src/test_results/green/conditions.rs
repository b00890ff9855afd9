//! What one run must prove.

use std::time::Duration;

use jiff::Timestamp;

use super::excuses::Weighed;
use super::{Light, Question, subject};
use crate::evidence::SubjectMatch;
use crate::test_results::model::{Ci, Run, RunState, Wanted};

/// Takes a condition by its number, what it comes to, and why.
type Tell<'a> = &'a mut dyn FnMut(u8, Light, String);

/// All conditions that are about one run.
pub fn judge(run: &Run, source: &Wanted, weighed: &Weighed, question: &Question, missing: Tell) {
    let relation = subject(run).relates_to(question.head);
    if relation == SubjectMatch::Other {
        missing(1, Light::Stale, other_commit(run));
        return;
    }
    match &run.ci {
        Some(ci) => served(run, ci, question.now, missing),
        None => {
            complete(run, missing);
            concluded(run, weighed, missing);
            clean(run, missing);
        }
    }
    attributed(run, relation, source.policy.accept_tree_equal, missing);
    fresh(run, source.policy.max_age, question.now, missing);
}

fn other_commit(run: &Run) -> String {
    let oid = run.subject.as_ref().map_or("another commit", |oid| oid.short());
    match run.behind {
        Some(1) => format!("its tests are of {oid}, 1 commit behind"),
        Some(n) if n > 1 => format!("its tests are of {oid}, {n} commits behind"),
        _ => format!("its tests are of {oid}, not of HEAD"),
    }
}

/// What a server says: its own conditions, and whether it was asked lately. It checks out the commit itself.
fn served(run: &Run, ci: &Ci, now: Timestamp, missing: Tell) {
    if run.claims_more {
        missing(4, Light::Unknown, format!("{}: attributes claim more failures than the cases show", run.source));
    }
    if run.totals.unproven > 0 && ci.missing.is_empty() && run.complete {
        let unproven = run.totals.unproven;
        missing(3, Light::Unknown, format!("{}: {unproven} ended with a word that is not known", run.source));
    }
    for one in &ci.missing {
        missing(one.condition, one.light, one.what.clone());
    }
    if !run.complete && ci.missing.is_empty() && !ci.is_stale(now) {
        let trouble = run.trouble.as_deref().unwrap_or(run.state.label());
        missing(2, Light::Unknown, format!("{}: {trouble}", run.source));
    }
    if ci.is_stale(now) {
        missing(7, Light::Unknown, ci.silence(now));
    }
    if ci.valid_until.is_some_and(|until| until < now) {
        missing(9, Light::Stale, "the validation has run out: validate again".into());
    }
}

/// Condition 2, and of 4 what the attributes claim.
fn complete(run: &Run, missing: Tell) {
    match run.state {
        RunState::Writing => {
            missing(2, Light::Running, format!("{} is being written, {} tests so far", run.source, run.totals.tests));
        }
        RunState::Running => missing(2, Light::Running, format!("{} runs", run.source)),
        _ if run.complete => {}
        state => {
            let trouble = run.trouble.as_deref().unwrap_or(state.label());
            missing(2, Light::Unknown, format!("{}: {trouble}", run.source));
        }
    }
    if run.claims_more {
        missing(4, Light::Unknown, format!("{}: attributes claim more failures than the cases show", run.source));
    }
}

/// Condition 3. A command that ends with another code than 0 because of failures that are excused is no news.
fn concluded(run: &Run, weighed: &Weighed, missing: Tell) {
    match run.exit_code {
        Some(0) => {}
        Some(code) if weighed.explains_exit() => {
            missing(4, Light::Amber, format!("its command ended with {code}, as it does when a test fails"));
        }
        Some(code) => missing(3, Light::Red, format!("its command ended with {code}")),
        None => missing(3, Light::Amber, "the report does not tell the command's exit code".into()),
    }
}

/// Condition 1.
fn attributed(run: &Run, relation: SubjectMatch, accepts_tree: bool, missing: Tell) {
    match relation {
        SubjectMatch::SameTree if !accepts_tree => {
            missing(1, Light::Stale, "its tests are of another commit with the same content".into());
        }
        SubjectMatch::Unattributed => missing(1, Light::Unknown, format!("{} names no commit", run.source)),
        SubjectMatch::Same | SubjectMatch::SameTree | SubjectMatch::Other => {}
    }
}

/// Condition 6.
fn clean(run: &Run, missing: Tell) {
    match run.dirty {
        Some(false) => {}
        Some(true) => missing(6, Light::Unknown, "it ran on a work tree with changes".into()),
        None => missing(6, Light::Amber, "the report does not tell whether the work tree was clean".into()),
    }
}

/// Condition 7.
fn fresh(run: &Run, max_age: Duration, now: Timestamp, missing: Tell) {
    let Some(at) = run.observed_at else {
        missing(7, Light::Unknown, format!("{}: when it was written is unknown", run.source));
        return;
    };
    let age = Duration::try_from(now.duration_since(at)).unwrap_or_default();
    if age >= max_age {
        missing(7, Light::Stale, format!("{} is older than {}", run.source, in_words(max_age)));
    }
    if run.committed_at.is_some_and(|made| at < made) {
        missing(7, Light::Unknown, format!("{} is older than its commit", run.source));
    }
}

fn in_words(age: Duration) -> String {
    match age.as_secs() {
        s if s >= 2 * 3_600 => format!("{} hours", s / 3_600),
        s => format!("{} minutes", s / 60),
    }
}
