//! One small report for each dialect and trap; ours, so that the rules are held without anybody else's files.

use super::super::model::{RunState, Totals};
use super::super::reader::{Parsed, read};

const SHA: &str = "3f9c1e2a3f9c1e2a3f9c1e2a3f9c1e2a3f9c1e2a";

fn parse(xml: &str) -> Parsed {
    read(xml.as_bytes())
}

/// tests, passed, failed, errored, skipped, flaky
fn counts(t: &Totals) -> [u64; 6] {
    [t.tests, t.passed, t.failed, t.errored, t.skipped, t.flaky]
}

#[track_caller]
fn expect(xml: &str, expected: [u64; 6]) -> Parsed {
    let parsed = parse(xml);
    assert_eq!(counts(&parsed.totals), expected, "{parsed:#?}");
    parsed
}

#[test]
fn a_plain_report() {
    let parsed = expect(
        r#"<?xml version="1.0"?><testsuites><testsuite name="cart" time="1.5"><testcase classname="C" name="adds" time="0.1"/>
        <testcase classname="C" name="pays" file="src/cart.rs" line="7"><failure message="expected 1">but was 2</failure></testcase>
        <testcase name="breaks"><error>boom</error></testcase><testcase name="waits"><skipped/></testcase></testsuite></testsuites>"#,
        [4, 1, 1, 1, 1, 0],
    );
    let failure = &parsed.failures[0];
    assert_eq!((failure.suite.as_str(), failure.class.as_str(), failure.name.as_str()), ("cart", "C", "pays"));
    assert_eq!(failure.message, "expected 1\nbut was 2");
    assert_eq!(failure.location.as_deref(), Some("src/cart.rs:7"));
    assert_eq!(parsed.totals.duration_s, Some(1.5));
    assert_eq!(parsed.state, RunState::Complete);
    assert!(parsed.warnings.is_empty());
}

#[test]
fn every_root_and_prefix_is_accepted() {
    expect("<testsuite><testcase name='a'/></testsuite>", [1, 1, 0, 0, 0, 0]);
    expect("<testcase name='a'><failure/></testcase>", [1, 0, 1, 0, 0, 0]);
    expect("<j:testsuites xmlns:j='x'><j:testcase name='a'/></j:testsuites>", [1, 1, 0, 0, 0, 0]);
    expect("npm notice\n<testsuites><testcase name='a'/></testsuites>\ntrailing", [1, 1, 0, 0, 0, 0]);
}

#[test]
fn nested_suites_are_counted_once() {
    let xml = "<testsuites name='run'><testsuite name='outer' tests='3' failures='1'><testcase name='a'/>\
        <testsuite name='inner' tests='2' failures='1'><testcase name='b'/><testcase name='c'><failure/></testcase></testsuite>\
        </testsuite></testsuites>";
    let parsed = expect(xml, [3, 2, 1, 0, 0, 0]);
    assert_eq!(parsed.failures[0].suite, "outer > inner");
    assert!(parsed.warnings.is_empty() && !parsed.claims_more);
}

#[test]
fn a_suite_that_failed_to_load_is_a_failed_case() {
    let parsed =
        expect("<testsuite name='s' tests='1' errors='1'><error message='boom'/></testsuite>", [1, 0, 0, 1, 0, 0]);
    assert_eq!((parsed.failures[0].name.as_str(), parsed.failures[0].message.as_str()), ("s", "boom"));
}

#[test]
fn attempts_are_one_case() {
    let flaky = "<testsuite tests='3' failures='2'><testcase name='a'><flakyFailure message='x'/><flakyError/></testcase></testsuite>";
    let parsed = expect(flaky, [1, 1, 0, 0, 0, 1]);
    assert_eq!(parsed.flaky[0].name, "a");
    assert!(!parsed.claims_more, "marked attempts explain the surplus");
    let failed = "<testsuite tests='4' failures='4'><testcase name='a'><failure message='first'/><rerunFailure message='again'/>\
        <rerunFailure/><rerunError/></testcase></testsuite>";
    let parsed = expect(failed, [1, 0, 1, 0, 0, 0]);
    assert!(parsed.failures[0].message.starts_with("first"));
    expect("<testsuite><testcase name='a'><failure/><flakyFailure/></testcase></testsuite>", [1, 0, 1, 0, 0, 0]);
}

#[test]
fn what_did_not_run_did_not_pass() {
    let xml = "<testsuite><testcase name='a' status='notrun' result='suppressed'/><testcase name='b' status='disabled'/>\
        <testcase name='c' status='run' result='skipped'><skipped/></testcase><testcase name='d' status='run' result='completed'/></testsuite>";
    let parsed = expect(xml, [4, 1, 0, 0, 1, 0]);
    assert_eq!(parsed.totals.disabled, 2);
}

#[test]
fn a_failure_that_only_an_attribute_tells_counts() {
    expect(
        "<testsuite><testcase name='a' status='FAILED'/><testcase name='b' result='error'/></testsuite>",
        [2, 0, 1, 1, 0, 0],
    );
    expect("<testsuite><testcase name='a' status='failed'><skipped/></testcase></testsuite>", [1, 0, 1, 0, 0, 0]);
}

#[test]
fn several_results_in_a_case_are_one_and_the_worst_counts() {
    let xml = "<testsuite><testcase name='a'><failure message='one'>1</failure><failure message='two'/></testcase>\
        <testcase name='b'><skipped/><failure/><error/></testcase></testsuite>";
    let parsed = expect(xml, [2, 0, 1, 1, 0, 0]);
    assert_eq!(parsed.failures[0].message, "one\n1\ntwo");
}

#[test]
fn equal_names_are_never_merged() {
    expect("<testsuite><testcase name='a'/><testcase name='a'><failure/></testcase></testsuite>", [2, 1, 1, 0, 0, 0]);
}

#[test]
fn claims_can_make_it_worse_and_never_better() {
    let more = parse("<testsuite name='s' tests='2' failures='1'><testcase name='a'/><testcase name='b'/></testsuite>");
    assert!(more.claims_more);
    assert!(
        more.warnings[0].contains("s claims 2 tests and 1 failures, its cases show 2 and 0"),
        "{:?}",
        more.warnings
    );
    let fewer = expect(
        "<testsuite tests='9' failures='0'><testcase name='a'><failure/></testcase></testsuite>",
        [1, 0, 1, 0, 0, 0],
    );
    assert!(!fewer.claims_more && fewer.warnings.len() == 1);
    let mocha =
        parse("<testsuite tests='1' failures='0' errors='1'><testcase name='a'><failure/></testcase></testsuite>");
    assert!(!mocha.claims_more && mocha.warnings.is_empty());
}

#[test]
fn no_cases_are_no_evidence() {
    for xml in [
        "",
        " \n",
        "<testsuites tests='0'/>",
        "<testsuite tests='6' failures='0'></testsuite>",
        "hello",
        "<html><p/></html>",
        "{\"a\":1}",
    ] {
        let parsed = expect(xml, [0; 6]);
        assert_ne!(parsed.state, RunState::Complete, "{xml}");
        assert!(parsed.trouble.is_some());
    }
    assert!(parse("<html><p/></html>").trouble.unwrap().contains("<html>"));
}

#[test]
fn an_unclosed_report_proves_its_failures_and_never_its_passes() {
    let whole = "<testsuites><testsuite name='s'><testcase name='a'/><testcase name='b'><failure message='m'>text</failure>\
        </testcase><testcase name='c'/></testsuite></testsuites>";
    let mut before = 0;
    for cut in 0..whole.len() {
        let part = parse(&whole[..cut]);
        assert!(part.state != RunState::Complete && part.totals.passed == 0, "{cut}");
        assert!(part.totals.failed >= before, "{cut}");
        before = part.totals.failed;
    }
    assert_eq!(before, 1);
    let open = parse("<testsuites><testsuite><testcase name='a'/><testcase name='b'><failure message='m'>te");
    assert_eq!((open.state, open.totals.failed, open.totals.unproven), (RunState::Truncated, 1, 1));
}

#[test]
fn a_report_that_is_not_well_formed_is_not_complete() {
    let parsed = parse(
        "<testsuites><testsuite><testcase name='a'><failure>x</testcase><testcase name='b'/></testsuite></testsuites>",
    );
    assert_eq!((parsed.state, parsed.totals.failed, parsed.totals.unproven), (RunState::Malformed, 1, 1));
    assert_eq!(parsed.trouble.as_deref(), Some("</failure> is missing before </testcase>"));
    assert_eq!(parse("<testsuite><testcase name='a'/></testsuite></x>").state, RunState::Malformed);
    // Salesforce: a stack with `]]>` in CDATA.
    let apex = "<testsuite><testcase name='a'><failure><![CDATA[x ]]> y]]></failure></testcase></testsuite>";
    assert_eq!(parse(apex).totals.failed, 1);
    // web-test-runner: `<` in a value.
    expect("<testsuite><testcase name='a < b'/></testsuite>", [1, 1, 0, 0, 0, 0]);
}

#[test]
fn several_roots_are_counted_together_and_told() {
    let parsed = expect(
        "<testsuite><testcase name='a'/></testsuite>\n<testsuite><testcase name='b'/></testsuite>",
        [2, 2, 0, 0, 0, 0],
    );
    assert_eq!(parsed.warnings, ["2 reports in one file, counted together"]);
    assert_eq!(parse("<testsuite><testcase name='a'/></testsuite><testsuite>").state, RunState::Truncated);
}

#[test]
fn entities_are_never_expanded_and_nothing_is_fetched() {
    let xml = "<?xml version='1.0'?><!DOCTYPE t [<!ENTITY x SYSTEM 'file:///etc/passwd'><!ENTITY l 'lol'>]>\
        <testsuite><testcase name='a&l;'><failure message='&x;'>&l;&amp;&#x41;&#27;[2J</failure></testcase></testsuite>";
    let parsed = expect(xml, [1, 0, 1, 0, 0, 0]);
    assert_eq!(parsed.failures[0].name, "a&l;");
    assert_eq!(parsed.failures[0].message, "&x;\n&l;&A");
}

#[test]
fn depth_and_document_types_have_a_limit() {
    let deep = "<testsuite>".repeat(200_000);
    let parsed = parse(&format!("<testsuite><testcase name='a'><failure/></testcase>{deep}"));
    assert_eq!((parsed.state, parsed.totals.failed), (RunState::Refused, 1));
    let dtd = format!("<!DOCTYPE t [{}]><testsuite><testcase name='a'/></testsuite>", "<!ENTITY a 'b'>".repeat(20_000));
    assert_eq!(parse(&dtd).state, RunState::Refused);
}

#[test]
fn times_are_read_as_people_write_them() {
    let sum = |cases: &str| parse(&format!("<testsuite>{cases}</testsuite>")).totals.duration_s;
    assert_eq!(sum("<testcase time='1,234.5'/><testcase time='NaN'/><testcase time='0,25'/>"), Some(1234.75));
    assert_eq!(sum("<testcase time='2,000'/>"), Some(2000.0));
    assert_eq!(sum("<testcase time='-1'/><testcase/>"), None);
}

#[test]
fn names_that_are_missing_or_hostile_do_not_stop_the_reading() {
    let parsed = expect(
        "<testsuite><testcase><failure/></testcase><testcase name='a&#27;[31m&#0;'><error/></testcase></testsuite>",
        [2, 0, 1, 1, 0, 0],
    );
    assert_eq!(parsed.failures[0].name, "(no name)");
    assert_eq!(parsed.failures[1].name, "a\\u{0}");
}

#[test]
fn a_property_says_which_commit_the_report_is_about() {
    let root = format!(
        "<testsuite><properties><property name='git.commit' value='{SHA}'/></properties><testcase name='a'/></testsuite>"
    );
    assert_eq!(parse(&root).said.commit.unwrap().as_str(), SHA);
    let text = format!(
        "<testsuites><properties><property name='GIT_COMMIT'> {SHA} </property></properties><testsuite><testcase name='a'/></testsuite></testsuites>"
    );
    assert_eq!(parse(&text).said.commit.unwrap().as_str(), SHA);
    let rest = "<testsuite><properties><property name='exit_code' value='0'/><property name='git.dirty' value='false'/></properties><testcase/></testsuite>";
    assert_eq!((parse(rest).said.exit_code, parse(rest).said.dirty), (Some(0), Some(false)));
}

#[test]
fn a_commit_that_is_short_partial_or_contradicted_is_none() {
    let short = parse(
        "<testsuite><properties><property name='git.commit' value='3f9c1e2'/></properties><testcase/></testsuite>",
    );
    assert!(short.said.commit.is_none() && short.warnings[0].contains("no full commit id"));
    let property = format!("<properties><property name='git.commit' value='{SHA}'/></properties>");
    let partial = format!(
        "<testsuites><testsuite>{property}<testcase/></testsuite><testsuite><testcase/></testsuite></testsuites>"
    );
    assert!(parse(&partial).said.commit.is_none());
    let other = property.replace('3', "4");
    let two = format!(
        "<testsuites><testsuite>{property}<testcase/></testsuite><testsuite>{other}<testcase/></testsuite></testsuites>"
    );
    let two = parse(&two);
    assert!(two.said.commit.is_none() && two.warnings[0].contains("two commits"), "{:?}", two.warnings);
    let of_a_case = format!("<testsuite><testcase>{property}</testcase></testsuite>");
    assert!(parse(&of_a_case).said.commit.is_none());
}

#[test]
fn a_message_that_the_text_repeats_is_told_once() {
    let xml = "<testsuite><testcase name='a'><failure message='t.cc:2&#xA;1 is not 2'>t.cc:2\n1 is not 2\n more</failure>\
        <failure message='m'> m </failure></testcase></testsuite>";
    assert_eq!(parse(xml).failures[0].message, "t.cc:2\n1 is not 2\n more\n m");
}

#[test]
fn output_of_tests_is_no_part_of_a_message() {
    let xml = "<testsuite><testcase name='a'><system-out>noise</system-out><failure>why</failure><system-err>noise</system-err></testcase></testsuite>";
    assert_eq!(parse(xml).failures[0].message, "why");
}

#[test]
fn a_failure_in_other_clothes_is_one() {
    for case in [
        "<testcase name='a' status='fa&#105;led'/>",
        "<testcase name='a' status='FAILED_TO_BUILD'/>",
        "<testcase name='a'><Failure/></testcase>",
        "<testcase name='a'><ERROR/></testcase>",
    ] {
        let parsed = read(format!("<testsuite>{case}</testsuite>").as_bytes());
        assert_eq!((parsed.totals.bad(), parsed.totals.passed), (1, 0), "{case}");
    }
    let claims = "<testsuite failures='1,000'><testcase name='a'/></testsuite>";
    assert!(read(claims.as_bytes()).claims_more);
}
