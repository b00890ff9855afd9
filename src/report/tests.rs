#[path = "browser_tests.rs"]
mod browser;

use super::chart;
use super::delivery::{Delivery, median};
use super::fixture::{DECLARED, at, oid, records, report};
use super::live::Live;
use super::moments::{Event, Id, Moments, PROGRAM};
use super::past::{Case, Past};
use super::render::{Format, Template, render, span};
use crate::incident::entry::{
    BrokenGlass, ChangeSeen, CommitSeen, CurveSeen, CurvesSeen, FactSeen, PointSeen, RiskSeen, Sample,
};
use crate::incident::{Entry, Incident};
use crate::journal::record::Record;
use crate::journal::{Memory, Recorder};

fn curve(name: &str) -> CurveSeen {
    let points = (0..40).map(|n| {
        let (wave, is_lost) = (f64::from(n % 5) / 2_000.0, n == 12);
        let canary = if n > 20 { 0.045 } else { 0.01 } + wave;
        Sample {
            at: at(900 + i64::from(n) * 10),
            baseline: Some(0.01 + wave / 2.0),
            canary: (!is_lost).then_some(canary),
        }
    });
    CurveSeen {
        name: name.into(),
        unit: "share".into(),
        verdict: "regressed".into(),
        why: "error rate is 4.5x the baseline (2.8-7.1)".into(),
        suspect_at: Some(at(1_080)),
        regressed_at: Some(at(1_140)),
        top: 0.047,
        points: points.collect(),
    }
}

/// A small change with a risk and a stranger's commit.
fn change() -> ChangeSeen {
    let commit = |summary: &str, seconds: i64, foreign| CommitSeen {
        oid: oid('3'),
        summary: summary.into(),
        time: at(seconds),
        foreign,
    };
    ChangeSeen {
        production: Some("v2.4.1".into()),
        production_oid: Some(oid('1')),
        head: Some(oid('3')),
        files: Some(2),
        insertions: Some(14),
        deletions: Some(3),
        core_lines: Some(11),
        commits: vec![commit("Guard the empty cart", 350, false), commit("Tidy the footer", 200, true)],
        risk: Some(RiskSeen {
            score: 22,
            band: "moderate".into(),
            partial: false,
            points: vec![PointSeen { points: 12, why: "a migration is touched".into() }],
        }),
        facts: vec![FactSeen {
            id: "G10".into(),
            state: "bad".into(),
            why: "1 commit belongs to somebody else's work".into(),
        }],
    }
}

fn live() -> Live {
    Live {
        change: Some((at(3_900), change())),
        curves: Some((at(1_300), vec![curve("error rate")])),
        ..Live::default()
    }
}

fn past() -> Past {
    let before = Case::of(&records("checkout 502", None), at(9_000)).unwrap();
    let cases = ["a", "b", "c"].map(|id| Case { id: id.into(), ..before.clone() });
    Past::of(cases.into(), Err("nobody was asked".into()))
}

/// The page without its style.
fn html(report: &super::Report) -> String {
    let page = render(report, Format::Html, None).unwrap();
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, tail) = rest.split_once("</style>").unwrap();
    format!("{head}<style></style>{tail}")
}

#[test]
fn the_report_of_a_fixed_incident() {
    let records = records("checkout 502", None);
    let report = report(&records, &live(), &past());
    insta::assert_snapshot!("markdown", render(&report, Format::Md, None).unwrap());
    insta::assert_snapshot!("html", html(&report));
    let json = serde_json::to_string_pretty(&report).unwrap();
    insta::assert_snapshot!("json", json);
}

#[test]
fn the_journal_alone_is_enough_and_says_what_is_unknown() {
    let records = records("checkout 502", None);
    let report = report(&records, &Live::unasked("the repository is gone"), &Past::default());
    let json = serde_json::to_value(&report).unwrap();
    assert!(json["change"].is_null() && json["canary"]["curves"].is_null());
    assert_eq!(json["unknown"][0], "the change: the repository is gone");
    assert_eq!(json["open"][0]["id"], "d8", "what was named at the close");
    let lead = json["delivery"]["measures"].as_array().unwrap().iter().find(|m| m["id"] == "change_lead_time").unwrap();
    assert!(lead["seconds"].is_null(), "unknown is never 0: {lead}");
    for format in [Format::Md, Format::Html] {
        let told = render(&report, format, None).unwrap();
        assert!(told.contains("What this report does not know") && told.contains("the repository is gone"));
    }
}

#[test]
fn what_was_kept_stands_in_for_the_sources() {
    let memory = Memory::default();
    let kept = [
        Entry::of(&records("checkout 502", None)[0]).unwrap(),
        Entry::ChangeSeen(Box::new(change())),
        Entry::CurvesSeen(Box::new(CurvesSeen { metrics: vec![curve("error rate")] })),
    ];
    for (entry, seconds) in kept.iter().zip([0, 100, 200]) {
        memory.record(entry.draft("checkout-502", PROGRAM, at(seconds))).unwrap();
    }
    let report = report(&memory.records(), &Live::unasked("the repository is gone"), &Past::default());
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["change"]["risk"]["score"], 22);
    assert_eq!(json["change"]["observed_at"], at(100).to_string());
    assert_eq!(json["canary"]["curves"][0]["points"].as_array().unwrap().len(), 40);
    assert_eq!(json["unknown"].as_array().unwrap().len(), 1, "the gates alone: {}", json["unknown"]);
    assert_eq!(report.at(Id::FixFirstCommit), Some(at(350)), "a stranger's commit is not of the fix");
    assert!(render(&report, Format::Html, None).unwrap().contains("class=\"curve canary\""));
}

#[test]
fn the_metrics_of_the_fixed_incident() {
    let records = records("checkout 502", None);
    let case = Case::of(&records, at(4_000)).unwrap();
    let seconds = |id: &str| case.delivery.measure(id).unwrap().seconds;
    let told =
        ["ttd", "tta", "time_to_decide", "ttm", "ttr", "failed_deployment_recovery_time", "first_update"].map(seconds);
    // Declared 300 s after the impact, rolled back at 1200, the symptom gone at 2400, the deploy at 800.
    assert_eq!(told, [Some(300), Some(0), Some(1_170), Some(1_500), Some(2_700), Some(400), Some(180)]);
    assert_eq!(seconds("longest_silence"), Some(2_100));
    let updates = case.delivery.updates;
    assert_eq!((updates.sent, updates.promised, updates.on_time), (3, 2, 1), "the second one came too late");
    assert_eq!(case.delivery.back_merges[0].target, "main");
    assert!(case.delivery.deploy_failed);
    assert_eq!(case.delivery.gates.overrides, 1);
}

#[test]
fn every_known_moment_has_a_source_and_says_whether_a_person_had_to() {
    let report = report(&records("checkout 502", None), &live(), &past());
    assert_eq!(report.moments.len(), Id::ALL.len());
    for moment in &report.moments {
        assert!(!moment.source.is_empty(), "{moment:?}");
        assert_eq!(moment.at.is_some(), moment.how.is_some(), "{moment:?}");
    }
    assert_eq!(report.at(Id::TestsGreen), Some(at(700)), "red came before it");
    assert_eq!(report.at(Id::PromotedFull), None, "what was rolled back was not promoted");
}

#[test]
fn a_clock_that_goes_back_makes_a_time_unknown_and_not_negative() {
    let mut records = records("checkout 502", None);
    for record in &mut records {
        if record.kind == "rollback_ended" {
            record.at = at(-4_000);
        }
    }
    let case = Case::of(&records, at(4_000)).unwrap();
    let mitigated = case.delivery.measure("ttm").unwrap();
    assert_eq!(mitigated.seconds, None);
    assert!(mitigated.why.contains("the earlier by the clock"), "{mitigated:?}");
}

#[test]
fn broken_glass_is_told_beside_the_overrides() {
    let memory = Memory::default();
    let declared = Entry::of(&records("checkout 502", None)[0]).unwrap();
    let (item, reason, name) = ("b9".into(), "alone at night".into(), "ana".into());
    let broken = Entry::GlassBroken(Box::new(BrokenGlass { item, reason, name, head: Some(oid('3')) }));
    for entry in [declared, broken] {
        memory.record(entry.draft("checkout-502", "ana", DECLARED)).unwrap();
    }
    let report = report(&memory.records(), &Live::default(), &Past::default());
    let told = serde_json::to_value(&report).unwrap();
    assert_eq!(told["overrides"][0]["break_glass"], true);
    assert_eq!(told["delivery"]["gates"]["overrides"], 1);
    assert!(render(&report, Format::Html, None).unwrap().contains("BREAK-GLASS"));
}

#[test]
fn a_drill_says_so_on_every_export() {
    let report = report(&records("checkout 502", Some("d1-bad-canary")), &live(), &past());
    for format in [Format::Md, Format::Html] {
        assert!(render(&report, format, None).unwrap().matches("DRILL").count() >= 3);
    }
    assert_eq!(serde_json::to_value(&report).unwrap()["incident"]["drill"], "d1-bad-canary");
}

#[test]
fn nothing_of_a_stranger_is_markup_and_nothing_leaves_the_page() {
    let title =
        "<script src=https://evil.example/x.js></script><img src=x onerror=alert(1)> | \"'`# [x](javascript:alert(1))";
    let mut strange = records(title, None);
    for record in &mut strange {
        record.actor = "<b>ana</b>".into();
        if let Some(text) = record.body.get_mut("why") {
            *text = format!("</text></svg>{title}").into();
        }
    }
    let mut live = live();
    live.curves = Some((at(1_300), vec![curve(title)]));
    let report = report(&strange, &live, &past());
    let page = render(&report, Format::Html, None).unwrap();
    for markup in ["<script", "<img", "<b>ana", "</svg>&lt;script", "src=\"", "url("] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert_eq!(page.matches("href=").count(), 1, "the ticket alone is a link");
    assert!(page.contains("default-src 'none'"));
    let markdown = render(&report, Format::Md, None).unwrap();
    assert!(!markdown.contains("<script") && !markdown.contains("[x](javascript"), "{markdown}");
}

#[test]
fn a_ticket_that_is_no_page_is_no_link() {
    let mut records = records("checkout 502", None);
    records[0].body["ticket"] = "javascript:alert(1)".into();
    let page = render(&report(&records, &live(), &past()), Format::Html, None).unwrap();
    assert!(!page.contains("href="), "{page}");
}

#[test]
fn a_template_of_the_team_is_escaped_and_its_errors_have_a_line() {
    let report = report(&records("a <b> & *c*", None), &live(), &past());
    let with = |name, text| render(&report, Format::of_template(name), Some(Template { name, text }));
    assert_eq!(
        with("t.html.jinja", "<h1>{{ report.incident.title }}</h1>").unwrap(),
        "<h1>a &lt;b&gt; &amp; *c*</h1>\n"
    );
    assert_eq!(with("t.md.jinja", "# {{ report.incident.title }}").unwrap(), "# a &lt;b> &amp; \\*c\\*\n");
    for (text, line, told) in [
        ("one\n{{ report.incident.titel }}", 2, "undefined"),
        ("one\ntwo\n{% for x in %}", 3, "syntax"),
        ("{{ report.incident.title | shout }}", 1, "shout"),
        ("{% include 'other' %}", 1, ""),
    ] {
        let error = with("t.md.jinja", text).unwrap_err();
        assert_eq!((error.line, error.name.as_str()), (line, "t.md.jinja"), "{error}");
        assert!(error.what.contains(told), "{error}");
    }
}

#[test]
fn a_template_that_runs_in_circles_ends() {
    let report = report(&records("checkout 502", None), &live(), &past());
    let rounds = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}";
    let error = render(&report, Format::Md, Some(Template { name: "t.md", text: rounds })).unwrap_err();
    assert!(error.what.contains("fuel"), "{error}");
}

#[test]
fn an_incident_of_one_record_has_a_report() {
    let records: Vec<Record> = records("checkout 502", None).into_iter().take(1).collect();
    let report = report(&records, &Live::default(), &Past::default());
    assert_eq!(report.at(Id::Detected), Some(DECLARED));
    for format in [Format::Md, Format::Html, Format::Json] {
        assert!(render(&report, format, None).unwrap().contains("checkout 502"));
    }
    assert_eq!(chart::all(&report).verdicts, "", "nothing to draw");
}

#[test]
fn medians_are_of_the_points_and_nobody_is_named() {
    assert_eq!([&[][..], &[3], &[1, 9], &[9, 1, 2]].map(median), [None, Some(3), Some(5), Some(2)]);
    let past = past();
    assert_eq!(past.median("ttm"), Some(1_500));
    let told = serde_json::to_string(&past).unwrap();
    assert!(!told.contains("ana") && !told.contains("bob"), "never per person: {told}");
    assert_eq!((past.rework.hotfix_deploys, past.rework.failed, past.rework.rate), (3, 3, None));
}

#[test]
fn every_hotfix_is_rework_among_the_deploys_of_its_time() {
    let of = |deploys| Past::of(past().incidents, deploys).rework;
    let known = of(Ok(12));
    assert_eq!((known.deploys, known.rate, known.why), (Some(12), Some(0.25), None));
    let told = [of(Ok(0)), of(Ok(2)), of(Err("git is gone".into()))].map(|it| (it.rate, it.why.unwrap()));
    assert_eq!(
        told,
        [
            (None, "production was not tagged in that time".into()),
            (None, "3 hotfixes were deployed, and only 2 versions tagged".into()),
            (None, "git is gone".into()),
        ]
    );
}

#[test]
fn commits_make_a_lead_time() {
    let records: Vec<Record> =
        records("checkout 502", None).into_iter().filter(|record| !record.kind.starts_with("rollback")).collect();
    let (events, incident) = (Event::read(&records), Incident::fold(&records).unwrap());
    let moments = Moments::of(&events, &incident, Some(at(310)));
    let delivery = Delivery::of(&events, &incident, &moments, &[at(310), at(1_000), at(1_400)], at(4_000));
    assert_eq!(delivery.measure("change_lead_time").unwrap().seconds, Some(1_290));
    assert_eq!(delivery.measure("change_lead_time_median").unwrap().seconds, Some(600));
    assert_eq!(delivery.back_merges[0].seconds, Some(900));
}

#[test]
fn spans_in_words() {
    let told = [0, 59, 61, 3_600, 93_784, -61].map(span);
    assert_eq!(told, ["0 s", "59 s", "1 min 01 s", "1 h 00 min", "1 d 02 h", "-1 min 01 s"]);
}

#[test]
fn an_unreadable_record_is_shown_without_a_time() {
    let mut records = records("checkout 502", None);
    records[3].kind = crate::journal::UNREADABLE.into();
    records[3].body = serde_json::json!({ "what": "record 4 is not what was written" });
    let report = report(&records, &live(), &past());
    assert_eq!(report.timeline[3].at, None);
    assert!(report.timeline[3].text.contains("is not what was written"));
    assert!(Entry::of(&records[3]).is_none());
}
