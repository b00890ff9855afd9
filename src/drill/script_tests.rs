use super::*;

#[test]
fn actions_are_put_in_the_order_of_time() {
    let text = "[[do]]\nat = \"2m\"\naction = \"rollback\"\n[[do]]\nat = \"10s\"\nby = \"bo\"\naction = \"note\"\ntext = \"x\"\n";
    let script = Script::parse("s.toml", text).unwrap();
    let at: Vec<u64> = script.actions.iter().map(|it| it.at.secs()).collect();
    assert_eq!(at, [10, 120]);
    assert_eq!(script.actions[0].by.as_deref(), Some("bo"));
    assert_eq!(script.operator, "operator");
    assert_eq!(script.actions[1].action, Action::Rollback { over: false });
}

#[test]
fn what_no_operator_can_do_is_refused() {
    for (text, word) in [
        ("[[do]]\nat = \"1m\"\naction = \"dance\"\n", "dance"),
        ("[[do]]\nat = \"1m\"\naction = \"note\"\n", "text"),
        ("[[do]]\nat = \"1m\"\naction = \"note\"\ntext = \"x\"\ncolour = \"red\"\n", "colour"),
        ("[[do]]\naction = \"rollback\"\n", "at"),
        ("colour = 1\n", "colour"),
    ] {
        let error = Script::parse("s.toml", text).unwrap_err().to_string();
        assert!(error.starts_with("s.toml:") && error.contains(word), "{error}");
    }
}
