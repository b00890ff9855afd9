use super::*;

fn ids(stage: Stage) -> Vec<String> {
    defaults().into_iter().filter(|item| item.stage == stage).map(|item| item.id).collect()
}

fn numbered(letter: char, count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("{letter}{n}")).collect()
}

#[test]
fn the_default_items_are_all_there_in_order() {
    assert_eq!(ids(Stage::Assess), numbered('a', 8));
    assert_eq!(ids(Stage::Develop), numbered('b', 10));
    assert_eq!(ids(Stage::Deploy), numbered('c', 9));
    assert_eq!(ids(Stage::Monitor), numbered('d', 9));
}

/// The strengths of the process, in one table: `R` at SEV1, SEV2, SEV3.
#[test]
fn the_default_strengths_are_those_of_the_process() {
    let strengths: Vec<String> = defaults()
        .iter()
        .map(|item| {
            let at = |severity| if item.is_required_at(Some(severity)) { 'R' } else { 'A' };
            let letters = [Severity::Sev1, Severity::Sev2, Severity::Sev3].map(at);
            format!("{} {}", item.id, letters.iter().collect::<String>())
        })
        .collect();
    let expected = "a1 RRR, a2 RRR, a3 RRR, a4 RRR, a5 RRR, a6 RRA, a7 RRR, a8 RRA, \
        b1 RRR, b2 RRR, b3 RRR, b4 RRR, b5 AAA, b6 RRR, b7 RRR, b8 RRR, b9 RRR, b10 RRR, \
        c1 RRR, c2 RAA, c3 RRR, c4 RRR, c5 RRR, c6 RRR, c7 RRR, c8 RRR, c9 AAA, \
        d1 RRR, d2 RRR, d3 AAA, d4 RRR, d5 RRA, d6 RRA, d7 AAA, d8 AAA, d9 AAA";
    assert_eq!(strengths.join(", "), expected);
}

#[test]
fn items_about_the_change_are_bound_to_the_tip() {
    let bound: Vec<String> = defaults().into_iter().filter(|i| i.tip_bound).map(|i| i.id).collect();
    assert_eq!(bound.join(" "), "b1 b2 b3 b4 b5 b6 b7 b8 b9 b10 c1 c6 c7 c8 c9");
}

#[test]
fn without_a_severity_the_highest_counts() {
    let items = defaults();
    let rehearsed = items.iter().find(|item| item.id == "c2").unwrap();
    assert!(rehearsed.is_required_at(None));
    assert!(!rehearsed.is_required_at(Some(Severity::Sev2)));
}

#[test]
fn every_item_says_what_would_satisfy_it_in_words_that_fit() {
    for item in defaults() {
        assert!(!item.hint.is_empty(), "{}", item.id);
        assert!(item.text.chars().count() <= 48, "{} is too long for a narrow pane", item.id);
    }
}

#[test]
fn a_team_drops_items_by_id() {
    let left = of(&Checklist { drop: vec!["c9".into(), "d3".into()], ..Checklist::default() });
    assert_eq!(left.len(), 34);
    assert!(left.iter().all(|item| item.id != "c9" && item.id != "d3"));
}

const ONE: &str = r#"
[[item]]
id = "x1"
stage = "assess"
text = "t"
hint = "h"
required = []
"#;

#[test]
fn a_typing_error_in_the_data_is_named() {
    assert_eq!(parse(ONE).unwrap().len(), 1);
    let wrong = |from: &str, to: &str| parse(&ONE.replace(from, to)).unwrap_err().to_string();
    assert!(wrong("hint", "hnit").contains("hnit"));
    assert!(wrong("\"assess\"", "\"asses\"").contains("asses"));
    assert!(wrong("required = []", "required = []\nrule = \"tickets\"").contains("tickets"));
    assert!(wrong("required = []", "required = []\nttl = \"soon\"").contains("`soon` is no duration"));
    assert_eq!(parse(&format!("{ONE}{ONE}")), Err(ItemsError::Twice("x1".into())));
}
