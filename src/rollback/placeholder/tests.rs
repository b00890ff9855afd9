use proptest::prelude::*;

use super::*;
use crate::evidence::Oid;
use crate::rollback::fixtures::version;

fn fill(text: &str, place: Place) -> Result<String, FillError> {
    let (from, to) = (version("v2.4.2+rc/1", 'b'), version("v2.4.1", 'a'));
    Values { from: &from, to: &to }.fill(text, place)
}

fn fill_with(name: &str, text: &str, place: Place) -> Result<String, FillError> {
    let (from, to) = (version("v2.4.2", 'b'), version(name, 'a'));
    Values { from: &from, to: &to }.fill(text, place)
}

#[test]
fn values_go_into_their_place() {
    let sha = "a".repeat(40);
    assert_eq!(fill("app={to.version}@{to.sha}", Place::Plain).unwrap(), format!("app=v2.4.1@{sha}"));
    assert_eq!(
        fill("https://h/r/{from.version}?x={to.sha}", Place::Url).unwrap(),
        format!("https://h/r/v2.4.2%2Brc%2F1?x={sha}")
    );
}

#[test]
fn the_hash_of_the_plan_comes_last() {
    assert_eq!(fill("id={plan} ${plan}", Place::Plain).unwrap(), "id={plan} ${plan}");
    assert_eq!(fill_plan("id={plan} ${plan} {{plan}} {x}", "ff"), "id=ff ${plan} {{plan}} {x}");
}

#[test]
fn braces_that_are_none_of_ours_stay() {
    for text in [
        "${name}",
        "HEAD@{upstream}",
        "{{.Name}} {{name}}",
        r#"{"spec":{"paused":true}}"#,
        "{.status}",
        "{",
        "{}",
        "a{b,c}",
    ] {
        assert_eq!(fill(text, Place::Plain).unwrap(), text);
    }
}

#[test]
fn a_wrong_name_says_the_right_one() {
    let error = fill("{to.versoin}", Place::Plain).unwrap_err();
    assert_eq!(error.to_string(), "`{to.versoin}` is no placeholder; did you mean `{to.version}`?");
}

#[test]
fn a_placeholder_does_not_choose_the_host() {
    for url in ["https://{to.version}/", "{to.version}", "https://a.{to.version}.example?x", "{plan}://h/"] {
        assert_eq!(fill(url, Place::Url), Err(FillError::Chooses("host")), "{url}");
    }
}

#[test]
fn names_that_could_be_misread_are_refused() {
    let names = [
        "",
        "-h",
        "--upload-pack=x",
        "--force;rm",
        "v1;id",
        "$(id)",
        "`id`",
        "v1 x",
        "v1\n",
        "v1\0",
        "v1\u{1b}[2J",
        "../v1",
        "v/../x",
        "/etc",
        "v//x",
        ".git",
        "v{plan}",
        "v*",
        "v\u{202e}1",
        "vé",
        "a|b",
        "a&b",
        "a'b",
        "a\"b",
        "a\\b",
        "@{u}",
    ];
    for name in names {
        for place in [Place::Plain, Place::Url] {
            let error = fill_with(name, "https://h/{to.version}", place).unwrap_err();
            assert!(matches!(error, FillError::BadValue { name: "to.version", .. }), "{name:?}: {error}");
            assert!(!error.to_string().chars().any(crate::evidence::text::is_dangerous));
        }
    }
}

#[test]
fn a_commit_that_git_does_not_know_is_no_value() {
    let (from, to) = (version("v2.4.2", 'b'), Version { reference: "v2.4.1".into(), oid: None::<Oid> });
    let error = Values { from: &from, to: &to }.fill("{to.sha}", Place::Plain).unwrap_err();
    assert_eq!(error, FillError::NoValue("to.sha"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, rng_seed: prop::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_version_is_called_it_stays_in_its_place(name in "\\PC{0,20}") {
        if let Ok(filled) = fill_with(&name, "x={to.version}", Place::Plain) {
            prop_assert_eq!(&filled, &format!("x={name}"));
            let shell = |c: char| c.is_whitespace() || c.is_control() || "$;|&`'\"<>(){}*?~!#".contains(c);
            let is_safe = !name.starts_with('-') && !name.contains(shell);
            prop_assert!(is_safe);
        }
        if let Ok(filled) = fill_with(&name, "https://h/a/{to.version}/b?c", Place::Url) {
            let part = filled.strip_prefix("https://h/a/").and_then(|it| it.strip_suffix("/b?c")).unwrap();
            let is_encoded = part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b));
            prop_assert!(is_encoded);
        }
    }

    #[test]
    fn text_without_placeholders_is_never_touched(text in "[ -z|}~]{0,40}") {
        prop_assert_eq!(fill(&text, Place::Plain).unwrap(), text);
    }
}
