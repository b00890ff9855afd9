use super::*;

fn answer(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Response {
    Response {
        status,
        date: None,
        retry_after: None,
        content_type: None,
        headers: headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
        body: body.to_vec(),
        place: "GET api.example/x".into(),
    }
}

#[test]
fn the_next_page_is_found_among_links() {
    let header =
        r#"<https://api.example/x?page=1>; rel="prev", <https://api.example/x?page=3>; rel="next", <y>; rel=last"#;
    assert_eq!(next_link(header), Some("https://api.example/x?page=3"));
    assert_eq!(next_link(r#"<https://api.example/x?a=1,2>; rel="next""#), None, "a comma in an address is passed over");
    assert_eq!(next_link("<a>; rel=next"), Some("a"));
    for nothing in ["", "garbage", "<a", "<a>; rel=\"last\"", "<a>; title=\"next\""] {
        assert_eq!(next_link(nothing), None, "{nothing}");
    }
}

#[test]
fn limits_are_told_from_refusals() {
    let now = Timestamp::from_second(1_000).unwrap();
    assert_eq!(limit(&answer(200, &[], b""), now), None);
    assert_eq!(limit(&answer(403, &[], b"Resource not accessible"), now), None);
    assert_eq!(limit(&answer(403, &[], b"API rate limit exceeded for 1.2.3.4"), now), Some(UNSAID));
    assert_eq!(limit(&answer(429, &[], b""), now), Some(UNSAID));
    let spent = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1100")];
    assert_eq!(limit(&answer(403, &spent, b""), now), Some(Duration::from_secs(101)));
    let asked = Response { retry_after: Some(Duration::from_secs(7)), ..answer(403, &spent, b"") };
    assert_eq!(limit(&asked, now), Some(Duration::from_secs(7)));
    let absurd = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9999999999")];
    assert!(limit(&answer(429, &absurd, b""), now).unwrap() <= LONGEST + Duration::from_secs(1));
    let gone = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")];
    assert_eq!(limit(&answer(429, &gone, b""), now), Some(Duration::from_secs(1)));
}

#[test]
fn a_segment_cannot_leave_its_place() {
    assert_eq!(segment("hotfix/a b?#..é"), "hotfix%2Fa%20b%3F%23..%C3%A9");
}
