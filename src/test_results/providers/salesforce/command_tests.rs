use serde_json::Value;

use super::*;

fn read(text: &str) -> Result<Value, HttpError> {
    result("sf org display", text.as_bytes())
}

#[test]
fn the_result_is_found_behind_what_is_printed_before_it() {
    assert_eq!(read("Warning: update available\n{\"status\":1,\"result\":{\"id\":\"x\"}}").unwrap()["id"], "x");
}

#[test]
fn errors_are_told_with_what_to_do() {
    let error = read(
        r#"{"name":"NamedOrgNotFoundError","message":"No authorization information found for p.\nmore","exitCode":2}"#,
    );
    let error = error.unwrap_err();
    assert_eq!(error.what, "sf org display: NamedOrgNotFoundError: No authorization information found for p.");
    assert!(error.remedy.unwrap().starts_with("sf org login"));
}

#[test]
fn what_is_no_whole_json_is_no_result() {
    for (text, what) in [
        ("", "it prints no JSON"),
        ("command not found", "it prints no JSON: command not found"),
        ("{\"status\":0,\"result\":{", "no whole JSON"),
        ("{\"status\":0,\"result\":null}", "it gives no result"),
        ("{}", "it gives no result"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.what.contains(what), "{} is not {what}", error.what);
    }
}

#[test]
fn what_it_prints_does_not_reach_the_terminal() {
    let error = read("{\"name\":\"\u{1b}[31mE\",\"message\":\"\u{202e}m\"}").unwrap_err();
    assert!(!error.what.contains('\u{1b}') && !error.what.contains('\u{202e}'));
}
