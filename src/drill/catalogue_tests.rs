use super::*;

fn d1() -> &'static str {
    EMBEDDED[0].1
}

fn refused(text: &str) -> (usize, usize, String) {
    match parse("x.toml", text) {
        Err(ScenarioError::Wrong { line, column, what, .. }) => (line, column, what),
        other => panic!("{other:?}"),
    }
}

fn line_of(text: &str, what: &str) -> usize {
    text.lines().position(|line| line.contains(what)).unwrap() + 1
}

#[test]
fn every_embedded_scenario_can_be_played() {
    for (id, text) in EMBEDDED {
        let scenario = parse(id, text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(scenario.id, *id);
    }
    assert_eq!(all().len(), EMBEDDED.len());
}

#[test]
fn a_scenario_is_found_by_its_id_and_by_its_number() {
    assert_eq!(find("d1").unwrap().id, "d1-bad-canary");
    assert_eq!(find("d1-bad-canary").unwrap().id, "d1-bad-canary");
    let error = find("d1-bad-cannary").unwrap_err().to_string();
    assert!(error.contains("did you mean `d1-bad-canary`?"), "{error}");
    assert!(matches!(find("nowhere.toml"), Err(ScenarioError::Unreadable { .. })));
}

#[test]
fn an_unknown_key_is_refused_where_it_stands() {
    let text = d1().replace("difficulty = \"easy\"", "difficulty = \"easy\"\n  colour = \"red\"");
    let (line, column, what) = refused(&text);
    assert_eq!((line, column), (line_of(&text, "colour"), 3));
    assert!(what.contains("colour"), "{what}");
}

#[test]
fn a_wrong_moment_is_refused_where_it_stands() {
    let text = d1().replace("length = \"10m\"", "length = \"ten minutes\"");
    let (line, column, what) = refused(&text);
    assert_eq!((line, column), (line_of(&text, "ten minutes"), 10));
    assert!(what.contains("write `0s`, `90s` or `1m 30s`"), "{what}");
}

#[test]
fn events_out_of_order_and_pins_that_contradict_are_refused() {
    let text = d1().replace("at = \"2m\"\n", "at = \"9m\"\n");
    let (line, _, what) = refused(&text);
    assert!(what.contains("at 2:40, stands behind a later one"), "{what}");
    assert_eq!(line, line_of(&text, "v2.4.2 begins to fail") - 2);
    let text = d1().replace("requests = 60\nerrors = 9", "requests = 60\nerrors = 5");
    let (_, _, what) = refused(&text);
    assert!(what.contains("this pin, at 7:00"), "{what}");
    let text = d1().replace("length = \"10m\"", "length = \"3m\"");
    assert!(refused(&text).2.contains("after the end"));
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    for (from, to) in [
        ("weight = 5", "weight = 101"),
        ("instances = 4", "instances = 0"),
        ("requests_per_minute = 156", "requests_per_minute = nan"),
        ("error_rate = 0.0034", "error_rate = 1.5"),
        ("scrape = \"5s\"", "scrape = \"0s\""),
        ("zero_from = \"9m\"", "zero_from = \"1m\""),
    ] {
        let text = d1().replace(from, to);
        assert_ne!(text, d1(), "{from}");
        assert!(!refused(&text).2.is_empty(), "{to}");
    }
}
