use proptest::prelude::*;

use super::*;
use crate::drill::moment::Moment;
use crate::drill::world::World;

fn d1() -> &'static str {
    EMBEDDED[0].text
}

fn refused(text: &str) -> (usize, usize, String) {
    match parse("x.toml", text) {
        Err(ScenarioError::Wrong(error)) if error.whole.is_none() => {
            let first = error.problems.into_iter().next().unwrap();
            (first.line, first.column, first.what)
        }
        other => panic!("{other:?}"),
    }
}

fn line_of(text: &str, what: &str) -> usize {
    text.lines().position(|line| line.contains(what)).unwrap() + 1
}

#[test]
fn every_embedded_scenario_can_be_played() {
    for Embedded { id, text, .. } in EMBEDDED {
        let scenario = parse(id, text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(scenario.id, *id);
    }
    assert_eq!(all().len(), EMBEDDED.len());
}

#[test]
fn the_example_of_the_readme_can_be_played() {
    let readme = include_str!("../../README.md");
    let (_, after) = readme.split_once("### A drill of your own").unwrap();
    let (_, example) = after.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let scenario = parse("README.md", example).unwrap_or_else(|error| panic!("{error}"));
    let mut world = World::new(scenario, 1);
    world.advance_to(Moment::from_secs(720));
    assert!(world.happenings().iter().any(|it| it.actor == "support" && !it.secret));
    assert_eq!(world.rollout().weight(), 50);
}

#[test]
fn a_scenario_is_found_by_its_id_and_by_its_number() {
    assert_eq!(find("d1").unwrap().id, "d1-bad-canary");
    assert_eq!(find("d1-bad-canary").unwrap().id, "d1-bad-canary");
    let error = find("d1-bad-cannary").unwrap_err().to_string();
    assert!(error.contains("did you mean `d1-bad-canary`?"), "{error}");
    assert_eq!(find("nowhere.toml").unwrap_err().to_string(), "nowhere.toml: there is no such file");
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

/// Something that a scenario says, what it could be made to say, and what is said about that at which word.
const SENSELESS: &[(&str, &str, &str, &str)] = &[
    ("weight = 5", "weight = 101", "is 101: 0 to 100 is allowed", "101"),
    ("instances = 4", "instances = 0", "is 0: 1 to 32 is allowed", "0 }"),
    ("instances = 4", "instances = 255", "is 255: 1 to 32 is allowed", "255"),
    ("instances = 4", "instances = 70000", "integer `70000`", "70000"),
    ("requests_per_minute = 156", "requests_per_minute = nan", "is NaN", "nan"),
    ("requests_per_minute = 156", "requests_per_minute = 1e300", "0 to 6000 is allowed", "1e300"),
    ("error_rate = 0.0034", "error_rate = 1.5", "is 1.5: 0 to 1 is allowed", "1.5"),
    ("scrape = \"5s\"", "scrape = \"0s\"", "0:01 to 5:00 is allowed", "\"0s\""),
    ("zero_from = \"9m\"", "zero_from = \"1m\"", "is not after `full_until`", "\"1m\""),
    ("length = \"10m\"", "length = \"5h\"", "1:00 to 240:00 is allowed", "\"5h\""),
    ("length = \"10m\"", "length = \"99999999h\"", "longer than a day", "\"99999999h\""),
    (
        "version = \"v2.4.2\", instances",
        "version = \"v2.4.1\", instances",
        "is the stable version too",
        "\"v2.4.1\", instances = 1",
    ),
    ("version = \"v2.4.2\", rate", "version = \"v2.4.3\", rate", "nothing runs `v2.4.3`; did you mean", "\"v2.4.3\""),
    ("kind = \"error-rate\"", "kind = \"eror-rate\"", "did you mean `error-rate`?", "\"eror-rate\""),
    ("difficulty = \"easy\"", "difficulty = \"eazy\"", "did you mean `easy`?", "\"eazy\""),
    ("items = [\"a2\"", "items = [\"a22\"", "the checklist has no `a22`; did you mean `a2`?", ""),
    ("name = \"checkout\"", "name = \"check/out\"", "must be made of lower-case letters", "\"check/out\""),
    ("title = \"checkout-502\"", "title = \"a..b\"", "must be made of lower-case letters", "\"a..b\""),
    ("says = \"v2.4.2 is", "says = \"\\u001b[2J is", "holds control characters", "\"\\u001b"),
    ("from = \"sales\"", "from = \"\"", "is empty", "\"\""),
    ("rate = 0.2 }", "rate = -0.2 }", "is -0.2: 0 to 1 is allowed", "-0.2"),
    ("also_fine = [\"hold\"", "also_fine = [\"roll-back\"", "more than fine", ""),
    ("limit = 40", "limit = 400", "is 400: 0 to 100 is allowed", "400"),
    ("premature = 8", "premature = 4294967295", "is 4294967295: 0 to 25 is allowed", "4294967295"),
];

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    for (from, to, says, place) in SENSELESS {
        let text = d1().replacen(from, to, 1);
        assert_ne!(text, d1(), "{from}");
        let (line, column, what) = refused(&text);
        assert!(what.contains(says), "{to}: {what}");
        let here: String = text.lines().nth(line - 1).unwrap().chars().skip(column - 1).collect();
        assert!(place.is_empty() || here.starts_with(place), "{to}: {line}:{column} is at `{here}`");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = d1().replace("weight = 5", "weight = 101").replace("length = \"10m\"", "length = \"5h\"");
    let text = text.replace("difficulty = \"easy\"", "difficulty = \"easy\"\ndificulty = \"easy\"");
    let Err(ScenarioError::Wrong(error)) = parse("x.toml", &text) else { panic!("accepted") };
    // What has no shape is told first; the rest of a file that cannot be read is not guessed at.
    assert!(error.to_string().contains("unknown key `dificulty`"), "{error}");
    let text = text.replace("dificulty = \"easy\"\n", "");
    let Err(ScenarioError::Wrong(error)) = parse("x.toml", &text) else { panic!("accepted") };
    assert_eq!(error.problems.len(), 2, "{error}");
}

/// What a hostile hand may put into a file.
const POISON: [&str; 14] = [
    "999999999999999999999",
    "-1",
    "1e308",
    "nan",
    "inf",
    "\"99999h\"",
    "\"0s\"",
    "[]",
    "{}",
    "\"\"",
    "0",
    "\"\\u0007\"",
    "[[[[[[[[]]]]]]]]",
    "true",
];

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(8), cases: 400, ..Default::default() })]

    /// Whatever a file says, it is refused with a place, or makes a world that runs.
    #[test]
    fn a_hostile_scenario_is_refused_or_runs(
        which in 0..EMBEDDED.len(), line in 0_usize..400, poison in 0..POISON.len(), how in 0..5, other in 0_usize..400,
    ) {
        let mut lines: Vec<String> = EMBEDDED[which].text.lines().map(str::to_owned).collect();
        let (line, other) = (line % lines.len(), other % lines.len());
        match how {
            0 => drop(lines.remove(line)),
            1 => lines.swap(line, other),
            2 => lines.truncate(line),
            3 => {
                let key = lines[line].split('=').next().unwrap_or_default().to_owned();
                lines[line] = format!("{key} = {}", POISON[poison]);
            }
            _ => {
                let double = lines[line].clone();
                lines.insert(other, double);
            }
        }
        match parse("x.toml", &lines.join("\n")) {
            Err(error) => {
                let told = error.to_string();
                prop_assert!(told.starts_with("x.toml:") && !told.contains('\u{7}'), "{}", told);
            }
            Ok(scenario) => {
                let mut world = World::new(scenario, 1);
                world.advance_to(Moment::from_secs(30));
                prop_assert!(!world.metrics().is_empty());
            }
        }
    }
}
