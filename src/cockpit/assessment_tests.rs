use super::*;
use crate::incident::entry::Classified;

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn key(form: &mut Assessment, code: Code) -> Outcome {
    form.key(Key::plain(code), now(), &TimeZone::UTC)
}

/// Writes into each row, and goes on with Enter.
fn fill(form: &mut Assessment, answers: &[&str]) -> Outcome {
    let mut outcome = Outcome::Open;
    for answer in answers {
        form.paste(answer);
        outcome = key(form, Code::Enter);
    }
    outcome
}

fn classified(outcome: Outcome) -> (Vec<&'static str>, Classified) {
    let Outcome::Accepted(mut entries) = outcome else { panic!("{outcome:?}") };
    let kinds = entries.iter().map(Entry::kind).collect();
    let Some(Entry::Classified(classified)) = entries.pop() else { panic!("{entries:?}") };
    (kinds, *classified)
}

fn declaration() -> Assessment {
    Assessment::new(None, SeverityMatrix::default())
}

#[test]
fn declaring_asks_the_three_questions_and_confirms_what_they_come_to() {
    let outcome = fill(&mut declaration(), &["checkout-502", "20m", "major: slow", "4,200", "none", ""]);
    let (kinds, it) = classified(outcome);
    assert_eq!(kinds, ["declared", "assessed", "classified"]);
    assert_eq!((it.severity, it.computed, it.confirmed), (Severity::Sev2, Severity::Sev2, true));
}

#[test]
fn an_unsure_operator_ends_with_the_highest_severity_in_a_few_keys() {
    let outcome = fill(&mut declaration(), &["x", "", "", "", "", ""]);
    let (kinds, it) = classified(outcome);
    assert_eq!(kinds, ["declared", "classified"], "what nobody answered is not recorded as an answer");
    assert_eq!((it.severity, it.confirmed), (Severity::Sev1, true));
}

#[test]
fn another_severity_asks_for_a_reason_and_takes_none_for_an_answer() {
    let mut form = declaration();
    fill(&mut form, &["x", "", "", "", ""]);
    assert_eq!(form.current, Row::Severity);
    key(&mut form, Code::Right);
    assert_eq!(form.rows().last(), Some(&Row::Reason));
    key(&mut form, Code::Enter);
    assert_eq!(key(&mut form, Code::Enter), Outcome::Open);
    assert!(form.problem.as_deref().unwrap().contains("why it is SEV2"), "{:?}", form.problem);
    let (_, it) = classified(fill(&mut form, &["only the newsletter"]));
    assert_eq!((it.severity, it.reason.as_deref()), (Severity::Sev2, Some("only the newsletter")));
}

#[test]
fn left_and_right_put_a_level_in_front_of_what_was_written() {
    let levels = ["critical", "major", "minor"];
    let mut text = "orders are lost".to_owned();
    let mut seen = Vec::new();
    for _ in 0..4 {
        text = turned(&text, &levels, 1);
        seen.push(text.clone());
    }
    let expected = ["critical: orders are lost", "major: orders are lost", "minor: orders are lost", "orders are lost"];
    assert_eq!(seen, expected);
    assert_eq!(turned("", &levels, -1), "minor");
    assert_eq!(turned("major", &levels, -1), "critical");
}

#[test]
fn what_is_wrong_is_told_where_it_is_to_be_mended() {
    let mut form = declaration();
    assert_eq!(fill(&mut form, &["", "tomorrow", "", "", "", ""]), Outcome::Open);
    assert_eq!((form.current, form.problem.as_deref()), (Row::Title, Some("say what is broken")));
    form.paste("x");
    form.current = Row::Severity;
    assert_eq!(key(&mut form, Code::Enter), Outcome::Open);
    assert_eq!(form.current, Row::Since);
    assert!(form.problem.as_deref().unwrap().contains("no time"));
}

#[test]
fn a_paste_is_text_and_is_cut() {
    let mut form = declaration();
    form.paste("R\nq\x1b[2J");
    assert_eq!(form.text(Row::Title), "R q\\u{1b}[2J");
    form.paste(&"漢".repeat(100_000));
    assert!(form.text(Row::Title).len() <= LIMIT + text::FIELD_LIMIT);
    assert_eq!(key(&mut form, Code::Esc), Outcome::Cancelled);
}
