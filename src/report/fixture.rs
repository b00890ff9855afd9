//! A fixed incident: a bad deploy, seen by the canary, rolled back, closed with something open.

use jiff::{SignedDuration, Timestamp};

use super::live::Live;
use super::moments::PROGRAM;
use super::past::Past;
use super::{Origin, Report};
use crate::evidence::Oid;
use crate::incident::{
    Decision, Entry, Manner, Promotion, PromotionState, Role, RollbackEnd, Severity, Stage, StepState,
};
use crate::journal::record::Record;
use crate::journal::{Memory, Recorder, Verification};

/// When the incident was declared.
pub const DECLARED: Timestamp = Timestamp::constant(1_741_096_800, 0);

/// So many seconds after the declaration.
pub fn at(seconds: i64) -> Timestamp {
    DECLARED.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

pub fn oid(digit: char) -> Oid {
    Oid::parse(&String::from(digit).repeat(40)).unwrap()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn verdict(metric: &str, from: &str, to: &str, why: &str) -> Entry {
    let [metric, from, to, why] = [metric, from, to, why].map(str::to_owned);
    Entry::VerdictChanged { metric, from, to, why }
}

fn step(index: usize, name: &str, state: StepState) -> Entry {
    Entry::Step { plan: "c0ffee".repeat(8), index, name: name.into(), state, detail: None }
}

fn notice(text: &str, next: Option<i64>) -> Entry {
    Entry::NoticeSent { channel: "stakeholders".into(), text: text.into(), next_update_at: next.map(at), about: None }
}

fn tick(item: &str) -> Entry {
    Entry::Ticked { item: item.into(), note: None, head: Some(oid('3')) }
}

/// What is declared; with a scenario it is a drill.
fn declared(title: &str, drill: Option<&str>) -> Entry {
    Entry::Declared {
        title: title.into(),
        severity: Some(Severity::Sev2),
        impact_at: Some(at(-300)),
        ticket: text("https://tracker.example/SHOP-1"),
        drill: drill.map(str::to_owned),
    }
}

/// Everything that happened: seconds after the declaration, who, what.
fn story(title: &str, drill: Option<&str>) -> Vec<(i64, &'static str, Entry)> {
    let mut story = vec![
        (0, "ana", declared(title, drill)),
        (
            40,
            "ana",
            Entry::Assessed {
                impact: text("no checkouts in Europe"),
                users: text("4 % of sessions"),
                workaround: text("none"),
                severity: Some(Severity::Sev2),
            },
        ),
        (55, "ana", Entry::RoleTaken { role: Role::Commander, name: "ana".into() }),
        (70, "ana", Entry::RoleTaken { role: Role::Ops, name: "bob".into() }),
        (180, "ana", notice("Checkout fails for some.\nWe look into it.", Some(1_800))),
        (300, "ana", Entry::StageEntered { stage: Stage::Develop }),
        (400, PROGRAM, Entry::HeadMoved { from: None, to: oid('3') }),
        (520, PROGRAM, Entry::TestsSeen { subject: Some(oid('3')), passed: 1_204, failed: 1 }),
        (700, PROGRAM, Entry::TestsSeen { subject: Some(oid('3')), passed: 1_205, failed: 0 }),
        (
            760,
            "ana",
            Entry::Overridden {
                item: "b9".into(),
                reason: "alone at night".into(),
                name: "ana".into(),
                head: Some(oid('3')),
            },
        ),
        (800, "bob", Entry::StageEntered { stage: Stage::Deploy }),
        (900, PROGRAM, verdict("canary", "blind", "collecting", "12 of about 400 requests")),
        (900, PROGRAM, verdict("error rate", "blind", "collecting", "12 of about 400 requests")),
    ];
    story.extend(the_end());
    story
}

fn the_end() -> Vec<(i64, &'static str, Entry)> {
    let plan = "c0ffee".repeat(8);
    let steps = serde_json::json!({ "steps": [{ "name": "shift traffic" }, { "name": "scale down" }] });
    vec![
        (1_080, PROGRAM, verdict("error rate", "collecting", "suspect", "9 of 210 against 2 of 1890")),
        (1_140, PROGRAM, verdict("error rate", "suspect", "regressed", "error rate is 4.5x the baseline (2.8-7.1)")),
        (1_140, PROGRAM, verdict("canary", "collecting", "regressed", "error rate is 4.5x the baseline (2.8-7.1)")),
        (
            1_170,
            "ana",
            Entry::Decided {
                snapshot: None,
                decision: Decision::RollBack,
                reason: "4.5x errors".into(),
                readiness: text("roll back"),
            },
        ),
        (1_180, "bob", Entry::RollbackFired { plan: plan.clone(), steps, target: "v2.4.1".into() }),
        (1_181, PROGRAM, step(0, "shift traffic", StepState::Issued)),
        (1_190, PROGRAM, step(0, "shift traffic", StepState::Verified)),
        (1_191, PROGRAM, step(1, "scale down", StepState::Verified)),
        (
            1_200,
            PROGRAM,
            Entry::RollbackEnded { plan, end: RollbackEnd::Verified, detail: "production runs v2.4.1".into() },
        ),
        (1_500, "ana", notice("Rolled back, checkout works.", Some(3_300))),
        (1_600, "ana", Entry::StageEntered { stage: Stage::Monitor }),
        (2_400, "bob", tick("d2")),
        (2_500, PROGRAM, Entry::Promotion(Box::new(promotion()))),
        (3_600, "ana", notice("Resolved.", None)),
        (3_700, "ana", Entry::Closed { open: vec!["d8".into()] }),
    ]
}

fn promotion() -> Promotion {
    Promotion {
        branch: "hotfix/checkout".into(),
        head: oid('3'),
        target: "main".into(),
        by: Manner::Merge,
        state: PromotionState::Done,
        from: oid('4'),
        is_new: false,
        to: Some(oid('5')),
        worktree: None,
        picks: Vec::new(),
        detail: None,
    }
}

/// The records of the fixed incident.
pub fn records(title: &str, drill: Option<&str>) -> Vec<Record> {
    let memory = Memory::default();
    for (seconds, actor, entry) in story(title, drill) {
        memory.record(entry.draft("checkout-502", actor, at(seconds))).unwrap();
    }
    memory.records()
}

/// The report of some records.
pub fn report(records: &[Record], live: &Live, past: &Past) -> Report {
    let chain = Verification { records: records.len() as u64, first_bad: None, head: None };
    Report::of(&Origin { records, chain: &chain, live, past, now: at(4_000) }).unwrap()
}
