use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use super::*;

fn matrix() -> SeverityMatrix {
    SeverityMatrix::default()
}

fn answers(impact: Option<Impact>, users: Option<Users>, workaround: Option<Workaround>) -> Answers {
    Answers { impact, users, workaround }
}

fn of(said: Said) -> (Option<Entry>, Classified) {
    let mut entries = said.entries(&matrix(), None).unwrap();
    let Some(Entry::Classified(classified)) = entries.pop() else { panic!("{entries:?}") };
    (entries.pop(), *classified)
}

#[test]
fn each_cell_has_its_sentence() {
    let all = Impact::ALL.into_iter().flat_map(|impact| Users::ALL.map(|users| (impact, users)));
    let lines: Vec<_> = all
        .flat_map(|(impact, users)| {
            Workaround::ALL.map(|workaround| {
                let verdict = answers(Some(impact), Some(users), Some(workaround)).verdict(&matrix());
                let (impact, users, workaround) = (impact.label(), users.label(), workaround.label());
                format!("{impact:<8} {users:<4} {workaround:<7} {}: {}", verdict.severity.label(), verdict.because)
            })
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn unsure_counts_as_higher_and_says_so() {
    let verdict = Answers::default().verdict(&matrix());
    assert_eq!(verdict.severity, Severity::Sev1);
    assert!(verdict.because.starts_with("unsure of impact, users, workaround"), "{verdict:?}");
    let verdict = answers(Some(Impact::Critical), None, Some(Workaround::Good)).verdict(&matrix());
    assert_eq!(verdict.severity, Severity::Sev2);
    let verdict = answers(Some(Impact::Minor), None, Some(Workaround::Good)).verdict(&matrix());
    assert_eq!(verdict.severity, Severity::Sev3);
}

#[test]
fn answers_are_read_as_people_write_them() {
    assert_eq!(impact("Critical: orders are lost"), Some(Impact::Critical));
    assert_eq!(impact("minor"), Some(Impact::Minor));
    assert_eq!(impact("majority of orders"), None, "a word is a whole word");
    assert_eq!(impact("no checkouts"), None);
    assert_eq!(workaround("none"), Some(Workaround::None));
    assert_eq!(workaround("partial, by phone"), Some(Workaround::Partial));
    let users = |text| users(text, &matrix());
    for (text, level) in [
        ("most", Some(Users::Most)),
        ("all", Some(Users::Most)),
        ("4,200 users", Some(Users::Many)),
        ("4.200", Some(Users::Many)),
        ("12k", Some(Users::Most)),
        ("~ 30 %", Some(Users::Most)),
        ("1,5 %", Some(Users::Many)),
        ("0.2 %", Some(Users::Few)),
        ("0", Some(Users::Few)),
        ("99", Some(Users::Few)),
        ("100", Some(Users::Many)),
        ("4.2", None),
        ("about a dozen", None),
        ("", None),
        ("-3", None),
    ] {
        assert_eq!(users(text), level, "{text}");
    }
}

#[test]
fn what_the_answers_come_to_is_in_force_and_waits_for_a_person() {
    let said = Said { impact: Some("major: slow".into()), users: Some("few".into()), ..Said::default() };
    let (assessed, classified) = of(said.clone());
    assert!(matches!(assessed, Some(Entry::Assessed { impact: Some(it), severity: None, .. }) if it == "major: slow"));
    assert_eq!((classified.severity, classified.confirmed), (Severity::Sev3, false));
    let (_, classified) = of(Said { confirms: true, ..said });
    assert!(classified.confirmed);
}

#[test]
fn another_severity_than_the_computed_one_needs_a_reason() {
    let said = Said { severity: Some(Severity::Sev3), ..Said::default() };
    let refused = said.clone().entries(&matrix(), None).unwrap_err();
    assert!(refused.contains("come to SEV1") && refused.contains("why it is SEV3"), "{refused}");
    assert!(Said { reason: Some("  ".into()), ..said.clone() }.entries(&matrix(), None).is_err());
    let (assessed, classified) = of(Said { reason: Some("a rehearsal".into()), ..said });
    assert_eq!((assessed, classified.severity, classified.computed), (None, Severity::Sev3, Severity::Sev1));
    assert_eq!(of(Said { severity: Some(Severity::Sev1), ..Said::default() }).1.reason, None);
}

#[test]
fn a_counted_number_is_an_answer_with_its_source() {
    let observed_at = jiff::Timestamp::UNIX_EPOCH;
    let counted = Counted { users: 4213, source: "prometheus".into(), observed_at };
    let (assessed, classified) = of(Said { counted: Some(counted), ..Said::default() });
    assert!(matches!(assessed, Some(Entry::Assessed { users: Some(users), .. }) if users == "4213"));
    assert_eq!(classified.users, Some(Users::Many));
}

fn levels() -> impl Strategy<Value = (Option<Impact>, Option<Users>, Option<Workaround>)> {
    (
        prop::option::of(prop::sample::select(Impact::ALL.to_vec())),
        prop::option::of(prop::sample::select(Users::ALL.to_vec())),
        prop::option::of(prop::sample::select(Workaround::ALL.to_vec())),
    )
}

proptest! {
    #![proptest_config(Config { rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() })]

    /// Knowing less is never better: an open question comes to the highest severity of its possible answers.
    #[test]
    fn an_open_question_never_lowers_the_severity((impact, users, workaround) in levels()) {
        let known = answers(impact, users, workaround).verdict(&matrix()).severity;
        for open in [
            answers(None, users, workaround),
            answers(impact, None, workaround),
            answers(impact, users, None),
        ] {
            prop_assert!(open.verdict(&matrix()).severity <= known);
        }
    }

    /// A worse answer never comes to a lower severity, in the built-in matrix.
    #[test]
    fn a_worse_answer_never_lowers_the_severity(i in 0usize..3, u in 0usize..3, w in 0usize..3) {
        let severity = |i: usize, u: usize, w: usize| {
            answers(Some(Impact::ALL[i]), Some(Users::ALL[u]), Some(Workaround::ALL[w])).verdict(&matrix()).severity
        };
        let here = severity(i, u, w);
        prop_assert!(severity(i.saturating_sub(1), u, w) <= here);
        prop_assert!(severity(i, u.saturating_sub(1), w) <= here);
        prop_assert!(severity(i, u, w.saturating_sub(1)) <= here);
    }

    /// No text that a person or a query may give makes it panic.
    #[test]
    fn any_text_is_an_answer_or_none(text in ".{0,40}") {
        let _ = (impact(&text), users(&text, &matrix()), workaround(&text));
    }
}
