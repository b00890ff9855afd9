use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::drill::catalogue;
use crate::drill::deeds::PROGRAM;
use crate::evidence::Oid;
use crate::incident::{Role, RollbackEnd, Severity};
use crate::journal::record::GENESIS;

/// A journal under construction: entries at seconds since the start.
struct Story(Vec<Record>);

impl Story {
    fn new() -> Self {
        let declared = Entry::Declared {
            title: "x".into(),
            severity: None,
            impact_at: None,
            ticket: None,
            drill: Some("d1".into()),
        };
        Self(Vec::new()).then(0, declared)
    }

    fn by(mut self, actor: &str, at: i64, entry: impl std::borrow::Borrow<Entry>) -> Self {
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(at);
        let seq = self.0.len() as u64 + 1;
        self.0.push(Record::chain(entry.borrow().draft("drill", actor, at), seq, GENESIS));
        self
    }

    fn then(self, at: i64, entry: Entry) -> Self {
        self.by("ana", at, entry)
    }

    fn note(self, at: i64, text: &str) -> Self {
        self.then(at, Entry::Noted { text: text.into() })
    }

    fn decide(self, at: i64, decision: Decision, reason: &str) -> Self {
        self.then(at, Entry::Decided { decision, reason: reason.into(), readiness: None, snapshot: None })
    }

    fn tick(self, at: i64, item: &str) -> Self {
        self.then(at, Entry::Ticked { item: item.into(), note: Some("seen".into()), head: None })
    }

    fn say(self, at: i64, promised: bool) -> Self {
        let next_update_at = promised.then_some(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(at + 600));
        self.then(at, Entry::NoticeSent { channel: "x".into(), text: "news".into(), next_update_at, about: None })
    }

    fn rollback(self, at: i64, end: RollbackEnd) -> Self {
        let fired = Entry::RollbackFired { plan: "p".into(), steps: serde_json::Value::Null, target: "v2.4.1".into() };
        self.then(at, fired).then(at + 5, Entry::RollbackEnded { plan: "p".into(), end, detail: String::new() })
    }

    fn verdict(self, at: i64, to: &str) -> Self {
        let (metric, from, why) = ("error rate".into(), "collecting".into(), String::new());
        self.by(PROGRAM, at, Entry::VerdictChanged { metric, from, to: to.into(), why })
    }

    fn score(&self) -> Score {
        self.score_with(&Outcome::default())
    }

    fn score_with(&self, outcome: &Outcome) -> Score {
        score(&catalogue::find("d1").unwrap(), 1, &self.0, outcome)
    }

    fn of(&self, scenario: &str) -> Score {
        score(&catalogue::find(scenario).unwrap(), 1, &self.0, &Outcome::default())
    }

    fn dimensions(&self) -> Dimensions {
        self.score().dimensions
    }
}

#[test]
fn detection_is_full_until_t1_and_fades_to_t2() {
    let detect = |at| Story::new().note(at, "ERRORS rise on the canary").dimensions().detect;
    assert_eq!([detect(160), detect(270), detect(405), detect(540)], [20, 20, 10, 0]);
    assert_eq!(detect(90), 0, "before the fault there is nothing to detect");
}

#[test]
fn only_a_persons_words_with_the_signal_are_a_detection() {
    assert_eq!(Story::new().note(200, "all quiet").dimensions().detect, 0);
    assert_eq!(Story::new().verdict(200, "regressed").dimensions().detect, 0);
    assert_eq!(Story::new().decide(200, Decision::Hold, "5xx on the canary").dimensions().detect, 20);
}

#[test]
fn a_right_decision_needs_its_time_and_its_evidence() {
    let decide = |at, reason: &str| Story::new().decide(at, Decision::RollBack, reason).dimensions().decide;
    assert_eq!(decide(270, "canary errors 6/31"), 25);
    assert_eq!(decide(270, "because"), 15);
    assert_eq!(decide(510, "canary errors"), 7 + 5);
    assert_eq!(decide(600, "canary errors"), 0);
}

#[test]
fn a_premature_decision_costs_unless_the_console_had_proof() {
    let early = Story::new().decide(100, Decision::RollBack, "canary errors");
    assert_eq!(early.dimensions().decide, 7);
    let proven = Story::new().verdict(190, "regressed").decide(200, Decision::RollBack, "canary errors");
    assert_eq!(proven.dimensions().decide, 25);
}

#[test]
fn a_wrong_decision_is_worth_nothing_and_limits_the_right_one_after_it() {
    let wrong = Story::new().decide(370, Decision::Promote, "looks fine");
    assert_eq!(wrong.dimensions().decide, 0);
    let then = |at| Story::new().decide(370, Decision::Promote, "x").decide(at, Decision::RollBack, "errors");
    assert_eq!([then(440).dimensions().decide, then(380).dimensions().decide], [10, 0], "in one breath it is none");
    let held = Story::new().decide(100, Decision::Hold, "not enough data").decide(270, Decision::RollBack, "errors");
    assert_eq!(held.dimensions().decide, 25, "to hold first is fine");
    let back = Story::new().decide(270, Decision::RollBack, "errors").decide(400, Decision::Promote, "after all");
    assert_eq!(back.dimensions().decide, 10, "a right one that is taken back");
}

#[test]
fn a_promotion_before_fifty_requests_voids_the_decision() {
    let promoted = Story::new().decide(200, Decision::Promote, "fine").decide(270, Decision::RollBack, "canary errors");
    let score = promoted.score();
    assert_eq!(score.dimensions.decide, 0);
    assert!(score.points.iter().any(|it| it.why.contains("after 26 requests")), "{:#?}", score.points);
}

#[test]
fn an_action_counts_by_how_it_ended_and_whether_somebody_looked_again() {
    let act = |end| Story::new().rollback(280, end).dimensions().act;
    assert_eq!([act(RollbackEnd::Verified), act(RollbackEnd::IssuedNotVerified), act(RollbackEnd::Failed)], [14, 9, 4]);
    assert_eq!(Story::new().rollback(280, RollbackEnd::Verified).note(400, "quiet").dimensions().act, 20);
    assert_eq!(Story::new().rollback(280, RollbackEnd::Verified).note(406, "quiet").dimensions().act, 14);
}

#[test]
fn a_second_rollback_and_a_bypassed_gate_cost_ten_each() {
    let twice = Story::new().rollback(280, RollbackEnd::Verified).rollback(300, RollbackEnd::Verified);
    assert_eq!(twice.dimensions().act, 4);
    let bypassed = Story::new().decide(360, Decision::Promote, "x").rollback(400, RollbackEnd::Verified);
    assert_eq!(bypassed.dimensions().act, 4);
    let answered = Entry::Overridden { item: "c7".into(), reason: "sales".into(), name: "ana".into(), head: None };
    let overridden = Story::new().then(300, answered).decide(360, Decision::Promote, "x");
    assert_eq!(overridden.rollback(400, RollbackEnd::Verified).dimensions().act, 14);
}

#[test]
fn a_wrong_fast_rollback_costs_more_than_a_right_slow_one() {
    let rest = |story: Story| story.say(30, true).tick(40, "a2").tick(41, "a3");
    let wrong =
        rest(Story::new()).decide(100, Decision::RollBack, "canary errors").rollback(101, RollbackEnd::Verified);
    let slow = rest(Story::new()).decide(500, Decision::RollBack, "canary errors").rollback(501, RollbackEnd::Verified);
    let (wrong, slow) = (wrong.note(130, "quiet").score().score, slow.note(530, "quiet").score().score);
    assert!(wrong < slow, "{wrong} {slow}");
}

#[test]
fn discipline_is_the_share_of_the_items_less_what_was_ticked_out_of_order() {
    let assessed = Entry::Assessed {
        impact: Some("x".into()),
        users: Some("x".into()),
        workaround: Some("none".into()),
        severity: Some(Severity::Sev2),
    };
    let story = Story::new().then(10, assessed);
    assert_eq!(story.dimensions().discipline, 8);
    let story = story.tick(20, "c1").tick(30, "d2");
    assert_eq!(story.dimensions().discipline, 12);
    assert_eq!(story.tick(40, "a7").dimensions().discipline, 9, "-3 for its place, and a tick answers no question");
    let bare = Entry::Ticked { item: "c1".into(), note: None, head: None };
    let score = Story::new().then(20, bare).score();
    assert_eq!(score.dimensions.discipline, 0);
    assert!(score.points.iter().any(|it| it.why.contains("without a word on what was seen") && it.seq == Some(2)));
}

#[test]
fn comms_wants_a_first_word_no_silence_a_promise_and_roles() {
    let roles = |story: Story| {
        let taken = |role| Entry::RoleTaken { role, name: "ana".into() };
        story.then(5, taken(Role::Commander)).then(6, taken(Role::Ops))
    };
    assert_eq!(Story::new().dimensions().comms, 0);
    assert_eq!(roles(Story::new()).dimensions().comms, 3);
    assert_eq!(roles(Story::new()).say(60, true).dimensions().comms, 15);
    assert_eq!(roles(Story::new()).say(60, false).dimensions().comms, 12);
    let overdue = roles(Story::new()).then(
        60,
        Entry::NoticeSent {
            channel: "x".into(),
            text: "news".into(),
            next_update_at: Some(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(120)),
            about: None,
        },
    );
    assert_eq!(overdue.dimensions().comms, 11, "promised for 2:00, and nothing came");
    let stranger = roles(Story::new()).say(60, true).decide(200, Decision::Hold, "x");
    let fired = Entry::RollbackFired { plan: "p".into(), steps: serde_json::Value::Null, target: "v2.4.1".into() };
    assert_eq!(stranger.by("bo", 280, fired).dimensions().comms, 14, "bo held no role");
    assert_eq!(Story::new().say(400, true).dimensions().comms, 2 + 4 + 3);
    let late = Story::new().rollback(280, RollbackEnd::Verified);
    assert_eq!(roles(late).dimensions().comms, 3, "the order of the journal is not what counts, but the time");
}

#[test]
fn caps_limit_the_whole() {
    let fully = Outcome { promoted_fully_at: Some(Moment::from_secs(300)), ..Outcome::default() };
    let good = Story::new().note(200, "errors").decide(270, Decision::RollBack, "errors");
    let good = good.rollback(280, RollbackEnd::Verified).note(300, "quiet");
    let (free, capped) = (good.score(), good.score_with(&fully));
    assert_eq!((free.score, free.passed, free.caps.len()), (69, true, 0), "{:#?}", free.points);
    assert_eq!((capped.score, capped.uncapped, capped.passed), (40, 69, false));
    assert_eq!((capped.caps[0].limit, capped.caps[0].at_s), (40, 300));
}

#[test]
fn red_tests_cap_a_promotion_unless_somebody_answers_for_them() {
    let red = |story: Story| story.by(PROGRAM, 60, Entry::TestsSeen { subject: None, passed: 1, failed: 1 });
    let promote = |story: Story| story.decide(400, Decision::Promote, "x").score().caps.len();
    assert_eq!(promote(Story::new()), 0);
    assert_eq!(promote(red(Story::new())), 1);
    let overridden = Entry::Overridden { item: "b6".into(), reason: "flaky".into(), name: "ana".into(), head: None };
    assert_eq!(promote(red(Story::new()).then(100, overridden)), 0);
}

#[test]
fn every_point_has_a_sentence_and_every_one_that_counts_an_event() {
    let story = Story::new().note(200, "errors").decide(270, Decision::RollBack, "errors").say(280, true);
    let score = story.rollback(290, RollbackEnd::Verified).tick(300, "d2").score();
    assert!(score.points.iter().all(|it| !it.why.is_empty()));
    assert!(score.points.iter().all(|it| it.points == 0 || it.at_s.is_some()), "{:#?}", score.points);
}

#[test]
fn the_timeline_is_in_order_and_holds_no_control_characters() {
    let head = Oid::parse(&"ab".repeat(20)).unwrap();
    let story = Story::new().note(30, "a \u{1b}[31m trap").by(PROGRAM, 20, Entry::HeadMoved { from: None, to: head });
    let timeline = story.score().timeline;
    assert!(timeline.is_sorted_by_key(|it| it.at_s));
    assert!(timeline.iter().all(|it| !it.event.contains('\u{1b}')));
    assert_eq!(timeline[1].event, "the hotfix tip is abababa");
}

#[test]
fn its_json_is_the_contract() {
    let json = serde_json::to_value(Story::new().score()).unwrap();
    let keys: Vec<&str> = json["dimensions"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["act", "comms", "decide", "detect", "discipline"]);
    for key in ["schema", "scenario", "seed", "passed", "score", "caps", "timeline"] {
        assert!(!json[key].is_null(), "{key}");
    }
}

#[test]
fn a_promotion_while_blind_voids_the_decision_and_a_stale_tick_costs_ten() {
    let story = Story::new().decide(420, Decision::RollBack, "no metrics, and support sees failures");
    assert_eq!(story.of("d4").dimensions.decide, 25);
    let story = Story::new().decide(250, Decision::Promote, "all green").decide(420, Decision::RollBack, "no metrics");
    assert_eq!(story.of("d4").dimensions.decide, 0);
    let costs = |at| {
        let points = Story::new().tick(at, "c7").of("d4").points;
        points.iter().filter(|it| it.why.contains("stale")).map(|it| it.points).sum::<i32>()
    };
    assert_eq!([costs(100), costs(250), costs(560)], [0, -10, 0]);
}

#[test]
fn standing_still_is_an_act_and_a_rollback_that_cannot_help_is_worth_five() {
    let held = Story::new().decide(200, Decision::Hold, "baseline and canary alike");
    assert_eq!(held.of("d8").dimensions.act, 14);
    assert_eq!(held.note(300, "still alike").of("d8").dimensions.act, 20);
    let rolled_back = Story::new().decide(200, Decision::RollBack, "errors").rollback(210, RollbackEnd::Verified);
    let score = rolled_back.of("d8");
    assert_eq!((score.dimensions.act, score.dimensions.decide), (5, 0));
    assert_eq!(rolled_back.note(220, "the baseline is as sick").of("d8").dimensions.decide, 10);
    assert_eq!(Story::new().of("d8").dimensions.act, 0, "doing nothing is no decision");
}

#[test]
fn a_back_merge_is_seen_to_before_the_end_or_caps_the_score() {
    let owner = Entry::Overridden { item: "d4".into(), reason: "bo, by 15:00".into(), name: "ana".into(), head: None };
    let story = Story::new().note(600, "a back-merge to main conflicts");
    let seen_to = story.then(700, owner).then(780, Entry::Closed { open: Vec::new() }).of("d7");
    assert_eq!((seen_to.dimensions.act, seen_to.caps.len()), (20, 0));
    let forgotten = Story::new().then(700, Entry::Closed { open: vec!["d4".into()] }).of("d7");
    assert_eq!((forgotten.dimensions.act, forgotten.caps[0].limit), (0, 80));
}

#[test]
fn a_rollback_that_stands_halfway_is_detected_from_there_on() {
    let detect = |at| {
        let stuck = Story::new().rollback(280, RollbackEnd::Failed);
        stuck.note(at, "it is mixed").of("d5").dimensions.detect
    };
    assert_eq!([detect(284), detect(300), detect(375), detect(480), detect(585)], [0, 20, 20, 10, 0]);
    assert_eq!(Story::new().note(100, "mixed").of("d5").dimensions.detect, 0, "nothing was stuck");
}

#[test]
fn the_look_after_a_rollback_by_instance_has_to_name_them() {
    let act = |text| Story::new().rollback(280, RollbackEnd::Verified).note(300, text).of("d5").dimensions.act;
    assert_eq!([act("all quiet"), act("each instance says v2.4.1")], [14, 20]);
}

#[test]
fn a_severity_that_is_raised_in_time_is_a_bonus() {
    let rated = |severity| Entry::Assessed { impact: None, users: None, workaround: None, severity: Some(severity) };
    let bonus = |to, at| {
        let story = Story::new().then(10, rated(Severity::Sev2)).rollback(280, RollbackEnd::Failed);
        story.then(at, rated(to)).of("d5").bonus
    };
    assert_eq!([bonus(Severity::Sev1, 300), bonus(Severity::Sev3, 300), bonus(Severity::Sev1, 700)], [3, 0, 0]);
}

#[test]
fn a_false_alarm_that_is_acted_on_costs_five_of_what_was_detected() {
    let early = Story::new().note(170, "errors").rollback(200, RollbackEnd::Verified);
    assert_eq!(early.dimensions().detect, 15);
    let proven = Story::new().note(170, "errors").verdict(190, "regressed").rollback(200, RollbackEnd::Verified);
    assert_eq!(proven.dimensions().detect, 20);
}

#[test]
fn a_full_promotion_when_everybody_could_know_better_voids_the_act() {
    let story = Story::new().rollback(1000, RollbackEnd::Verified).note(1030, "memory is flat");
    let act = |at| {
        let outcome = Outcome { promoted_fully_at: Some(Moment::from_secs(at)), ..Outcome::default() };
        score(&catalogue::find("d2").unwrap(), 1, &story.0, &outcome).dimensions.act
    };
    assert_eq!([act(700), act(720)], [20, 0]);
}

#[test]
fn flaky_tests_are_answered_for_by_name_and_no_others() {
    let decide = |reason: &str| {
        let entry = Entry::Overridden { item: "b6".into(), reason: reason.into(), name: "ana".into(), head: None };
        let story = Story::new().then(100, entry).decide(150, Decision::FixForward, "payment timeout 1 is real");
        story.of("d3").dimensions.decide
    };
    assert_eq!(decide("currency 3 and refund 5 are flaky: 11 and 9 of 40"), 25);
    assert_eq!(decide("currency 3 is flaky"), 15);
    assert_eq!(decide("currency 3, refund 5 and payment timeout 1 are flaky"), 0);
    assert_eq!(decide("those are always red"), 0);
}

#[test]
fn tests_that_are_run_again_blindly_cost_five() {
    let reruns = |count: u64, story: Story| {
        let reruns = (1..=count).map(|n| Moment::from_secs(n * 60)).collect();
        let outcome = Outcome { reruns, ..Outcome::default() };
        let points = score(&catalogue::find("d3").unwrap(), 1, &story.0, &outcome).points;
        points.iter().filter(|it| it.why.contains("run again")).map(|it| it.points).sum::<i32>()
    };
    assert_eq!([reruns(2, Story::new()), reruns(3, Story::new())], [0, -5]);
    assert_eq!(reruns(3, Story::new().note(90, "flaky by history")), 0);
}

#[test]
fn a_cause_is_mended_by_a_new_commit_and_its_own_tests() {
    let oid = |digits: &str| Oid::parse(&digits.repeat(20)).unwrap();
    let act = |subject: &str| {
        let moved = Entry::HeadMoved { from: Some(oid("aa")), to: oid("bb") };
        let seen = Entry::TestsSeen { subject: Some(oid(subject)), passed: 48, failed: 0 };
        let story = Story::new().note(80, "red in 11 of 40").by(PROGRAM, 200, moved).by(PROGRAM, 260, seen);
        let outcome = Outcome { mended_at: Some(Moment::from_secs(200)), ..Outcome::default() };
        score(&catalogue::find("d3").unwrap(), 1, &story.0, &outcome).dimensions.act
    };
    assert_eq!([act("bb"), act("aa")], [20, 13]);
}

#[test]
fn a_promotion_on_another_commits_result_voids_discipline() {
    let oid = |digits: &str| Oid::parse(&digits.repeat(20)).unwrap();
    let discipline = |subject: &str| {
        let moved = Entry::HeadMoved { from: None, to: oid("bb") };
        let seen = Entry::TestsSeen { subject: Some(oid(subject)), passed: 48, failed: 0 };
        let story = Story::new().by(PROGRAM, 1, moved).by(PROGRAM, 50, seen).decide(400, Decision::Promote, "x");
        story.of("d6").dimensions.discipline
    };
    assert_eq!([discipline("bb"), discipline("aa")], [2, 0]);
}
