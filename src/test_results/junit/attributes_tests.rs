use super::*;

fn all(raw: &str) -> Vec<(&str, &str)> {
    Attributes::new(raw).collect()
}

#[test]
fn attributes_are_read_as_they_stand() {
    assert_eq!(all(r#" name="a" x:time='1 > 2' "#), [("name", "a"), ("time", "1 > 2")]);
    assert_eq!(all(r#"a="<&'"b=""/"#), [("a", "<&'"), ("b", "")]);
    assert_eq!(all("a = b c=\"d"), [("a", "b"), ("c", "d")]);
    assert_eq!(all("flag a='1' stray"), [("a", "1")]);
    assert_eq!(all("é=\"ü\" = 'x'"), [("é", "ü"), ("", "x")]);
    assert_eq!(all("a="), []);
    assert_eq!(all(""), []);
}

#[test]
fn the_first_of_a_repeated_name_counts() {
    assert_eq!(Attributes::new("a='1' a='2'").get("a").as_deref(), Some("1"));
    assert_eq!(Attributes::new("a='1'").get("b"), None);
}

#[test]
fn references_are_resolved_and_entities_are_not() {
    assert_eq!(unescape("a&lt;b&#x41;&#66;&amp;lt;"), "a<bAB&lt;");
    assert_eq!(unescape("&foo; & &; &#xd800; &#; tail &"), "&foo; & &; &#xd800; &#; tail &");
    assert_eq!(unescape("é&quot;ü"), "é\"ü");
    assert!(matches!(unescape("plain"), Cow::Borrowed(_)));
}
