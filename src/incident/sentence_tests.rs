use jiff::Timestamp;

use super::*;
use crate::config::schema::{Impact, Users};
use crate::incident::entry::{
    Acceptance, ChangeSeen, Classified, Correction, Counted, CurveSeen, CurvesSeen, Export, Glimpse, Handover, Left,
    LeftOpen, Pin, Push, RiskSeen, Snapshot,
};
use crate::incident::{
    About, BrokenGlass, Decision, Deferral, Delivery, DeliveryState, Manner, NoticeWritten, Promotion, PromotionState,
    Role, RollbackEnd, Severity, Stage, StepState,
};

fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// One of each kind, topic by topic; a new kind must be added here.
pub(crate) fn every_entry() -> Vec<Entry> {
    [said_by_persons(), told_to_stakeholders(), seen(), about_the_rollback(), through_git(), of_itself()].concat()
}

fn said_by_persons() -> Vec<Entry> {
    vec![
        Entry::Declared {
            title: text("checkout-502"),
            severity: Some(Severity::Sev2),
            impact_at: None,
            ticket: Some(text("SHOP-17")),
            drill: None,
        },
        Entry::Assessed {
            impact: Some(text("orders are lost")),
            users: None,
            workaround: None,
            severity: Some(Severity::Sev1),
        },
        Entry::Classified(Box::new(classified())),
        Entry::Bound { ticket: text("SHOP-17") },
        Entry::RoleTaken { role: Role::Ops, name: text("bob") },
        Entry::RoleHanded(Box::new(Handover {
            role: Role::Ops,
            from: Some(text("bob")),
            to: text("cem"),
            note: Some(text("step 2 waits for the lock")),
        })),
        Entry::StageEntered { stage: Stage::Deploy },
        Entry::Ticked { item: text("b8"), note: Some(text("on staging")), head: Some(oid('3')) },
        Entry::Unticked { item: text("b8"), note: None },
        Entry::Deferred(Box::new(Deferral {
            item: text("d4/main"),
            owner: text("bo"),
            due_at: Timestamp::UNIX_EPOCH,
            note: Some(text("SHOP-18")),
            head: None,
        })),
        Entry::Overridden { item: text("b6"), reason: text("flaky"), name: text("ana"), head: Some(oid('3')) },
        Entry::TestsAccepted(Box::new(Acceptance {
            head: oid('3'),
            what: vec![text("unit: 1 test fails in production as well, for the same reason")],
            hash: text("ab12"),
            reason: text("SHOP-9 is known"),
            name: text("ana"),
        })),
        Entry::GlassBroken(Box::new(BrokenGlass {
            item: text("b9"),
            reason: text("alone at night"),
            name: text("ana"),
            head: Some(oid('3')),
        })),
        Entry::Decided {
            decision: Decision::RollBack,
            reason: text("4.5 times worse"),
            readiness: Some(text("roll back")),
            snapshot: Some(Box::new(seen_then())),
        },
        Entry::Noted { text: text("the pool is full") },
        Entry::Corrected(Correction { corrects: 9, text: text("the pool was empty") }),
        Entry::Pinned(Box::new(Pin { text: text("error rate 4.5 times"), seen: seen_then().panes.remove(0) })),
    ]
}

fn classified() -> Classified {
    Classified {
        impact: Some(Impact::Critical),
        users: Some(Users::Many),
        workaround: None,
        counted: Some(Counted { users: 4213, source: text("prometheus"), observed_at: Timestamp::UNIX_EPOCH }),
        computed: Severity::Sev1,
        because: text("many users lose what the service is for"),
        severity: Severity::Sev2,
        before: Some(Severity::Sev3),
        reason: Some(text("the loss is only the newsletter")),
        confirmed: true,
    }
}

fn seen_then() -> Snapshot {
    let canary = Glimpse {
        pane: text("canary"),
        headline: text("REGRESSED: error rate, 4.5 times the baseline"),
        freshness: text("fresh"),
        source: Some(text("prometheus")),
        subject: Some(oid('3')),
        observed_at: Some(Timestamp::UNIX_EPOCH),
    };
    let reasons = vec![text("the canary regressed")];
    Snapshot { reasons, head: Some(oid('3')), open: vec![text("c7")], panes: vec![canary] }
}

fn told_to_stakeholders() -> Vec<Entry> {
    let next_update_at = Some(Timestamp::UNIX_EPOCH);
    let delivery = |state| {
        Entry::NoticeDelivery(Box::new(Delivery {
            notice: text("f00d"),
            channel: text("#status"),
            state,
            attempt: 2,
            receipt: (state == DeliveryState::Delivered).then(|| text("C1/17.2")),
            detail: (state != DeliveryState::Delivered).then(|| text("too many requests (429)")),
            again_at: None,
        }))
    };
    let written = NoticeWritten {
        key: text("f00d"),
        about: About::Deploy,
        text: text("deploying"),
        next_update_at,
        channels: vec![text("#status")],
    };
    let told = Entry::NoticeSent {
        channel: text("#status"),
        text: text("deploying"),
        next_update_at,
        about: Some(About::Deploy),
    };
    let states = [DeliveryState::Waiting, DeliveryState::Sending, DeliveryState::Delivered, DeliveryState::Partly];
    let bad = [DeliveryState::Failed, DeliveryState::Unknown];
    let deliveries = states.into_iter().chain(bad).map(delivery);
    [told, Entry::NoticeWritten(Box::new(written))].into_iter().chain(deliveries).collect()
}

fn seen() -> Vec<Entry> {
    vec![
        Entry::HeadMoved { from: Some(oid('3')), to: oid('4') },
        Entry::Pushed(Box::new(Push { branch: text("origin/hotfix/pool"), from: Some(oid('3')), to: oid('4') })),
        Entry::TestsSeen { subject: Some(oid('3')), passed: 811, failed: 1 },
        Entry::VerdictChanged {
            metric: text("error rate"),
            from: text("collecting"),
            to: text("regressed"),
            why: text("9 of 60 against 2 of 590."),
        },
        Entry::SeenHealthy { version: text("v2.4.1"), commit: oid('4'), how: text("the canary is healthy") },
    ]
}

fn about_the_rollback() -> Vec<Entry> {
    let plan = || text("f00d");
    vec![
        Entry::RollbackArmed { plan: plan(), target: text("v2.4.1") },
        Entry::RollbackAgreed { plan: plan() },
        Entry::RollbackDisarmed { plan: plan(), why: text("another key") },
        Entry::RollbackFired { plan: plan(), steps: serde_json::Value::Null, target: text("v2.4.1") },
        Entry::Step { plan: plan(), index: 0, name: text("switch"), state: StepState::Issued, detail: None },
        Entry::RollbackEnded { plan: plan(), end: RollbackEnd::Verified, detail: text("v2.4.1 runs everywhere") },
        Entry::RollbackRehearsed { steps: None, plan: plan(), passed: true, detail: text("2 steps") },
    ]
}

fn through_git() -> Vec<Entry> {
    vec![
        Entry::BranchStarted {
            branch: text("hotfix/cart"),
            base: oid('3'),
            from: text("v2.4.1"),
            worktree: Some(text("/src/checkout-cart")),
        },
        Entry::RolloutSteered { rollout: text("checkout"), act: text("promote to the next step") },
        Entry::RolloutFollowed {
            rollout: text("checkout"),
            act: text("promote to the next step"),
            followed: None,
            detail: text("the world says 3, not 4"),
        },
        Entry::RolloutMoved { rollout: text("checkout"), from: Some(text("5 %")), to: text("25 %"), through: false },
        Entry::RolloutMoved { rollout: text("checkout"), from: None, to: text("100 %"), through: true },
        Entry::Promotion(Box::new(promotion(PromotionState::Conflict))),
        Entry::Tagged { tag: text("v2.4.2"), oid: oid('4') },
    ]
}

fn of_itself() -> Vec<Entry> {
    vec![
        Entry::DrillEvent { text: text("the canary starts to fail") },
        Entry::JournalDamaged { what: text("2 records of 40 do not follow from the one before") },
        Entry::LeftOpen(Box::new(LeftOpen {
            items: vec![Left { id: text("d4/main"), what: text("the fix is not in main: it would conflict") }],
            reason: text("the release manager merges on Monday"),
            owner: text("bob"),
        })),
        Entry::ChangeSeen(Box::new(ChangeSeen {
            production: Some(text("v2.4.0")),
            head: Some(oid('4')),
            files: Some(2),
            insertions: Some(14),
            risk: Some(RiskSeen { score: 22, band: text("moderate"), partial: false, points: Vec::new() }),
            ..ChangeSeen::default()
        })),
        Entry::CurvesSeen(Box::new(CurvesSeen {
            metrics: vec![CurveSeen {
                name: text("error rate"),
                unit: text("share"),
                verdict: text("regressed"),
                why: text("4.5 times the baseline"),
                suspect_at: None,
                regressed_at: None,
                top: 0.05,
                points: Vec::new(),
            }],
        })),
        Entry::Exported(Export { what: text("report"), path: text("postmortem.html") }),
        Entry::Closed { open: vec![text("d4"), text("d8")] },
        Entry::Reopened { reason: text("the errors are back") },
        Entry::Resumed {},
    ]
}

#[test]
fn every_kind_is_among_them() {
    use strum::VariantNames;
    let told: std::collections::BTreeSet<_> = every_entry().iter().map(Entry::kind).collect();
    assert_eq!(told, Entry::VARIANTS.iter().copied().collect());
}

fn promotion(state: PromotionState) -> Promotion {
    Promotion {
        branch: "hotfix/cart".into(),
        head: oid('4'),
        target: "main".into(),
        by: Manner::Merge,
        state,
        from: oid('5'),
        is_new: false,
        to: Some(oid('6')),
        worktree: Some("/src/checkout-finish-main".into()),
        picks: vec![],
        detail: Some("conflict in cart.rs".into()),
    }
}

#[test]
fn every_state_of_a_promotion_is_told_apart() {
    use PromotionState::{Conflict, Done, Intent, Pushed, Pushing, TakenBack};
    let states = [Intent, Conflict, Done, Pushing, Pushed, TakenBack];
    let told: std::collections::BTreeSet<_> = states.into_iter().map(|state| promotion(state).words()).collect();
    assert_eq!(told.len(), states.len());
}

#[test]
fn every_entry_has_a_clear_sentence() {
    let sentences: Vec<_> = every_entry().iter().map(Entry::sentence).collect();
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn no_entry_falls_through_to_its_bare_kind() {
    for entry in every_entry() {
        assert_ne!(entry.sentence(), entry.kind());
    }
}

#[test]
fn every_state_of_a_step_and_every_end_is_told_apart() {
    use StepState::{Failed, Intent, Issued, Observed, Pending, Skipped, Unknown, Verified};
    let states = [Pending, Intent, Issued, Observed, Verified, Failed, Unknown, Skipped];
    let phrases: std::collections::BTreeSet<_> = states.into_iter().map(StepState::phrase).collect();
    assert_eq!(phrases.len(), states.len());
}

#[test]
fn several_lines_and_escapes_become_one_plain_line() {
    let entry = Entry::Noted { text: "first\nsecond \u{1b}[2J".into() };
    assert_eq!(entry.sentence(), "noted: first second \\u{1b}[2J");
}

#[test]
fn a_record_of_a_later_version_is_told_as_such() {
    let draft = crate::journal::record::Draft {
        at: Timestamp::UNIX_EPOCH,
        incident: "i1".into(),
        actor: "ana".into(),
        kind: "teleported".into(),
        body: serde_json::json!({"entry": "teleported"}),
    };
    let record = Record::chain(draft, 1, crate::journal::record::GENESIS);
    assert_eq!(of(&record), "an entry of kind teleported that this version does not know");
}
