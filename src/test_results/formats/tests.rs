use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::test_results::model::{RunState, Totals};
use crate::test_results::reader::{Parsed, read};

/// tests, passed, failed, errored, skipped, disabled
fn counts(t: &Totals) -> [u64; 6] {
    [t.tests, t.passed, t.failed, t.errored, t.skipped, t.disabled]
}

#[track_caller]
fn expect(text: &str, expected: [u64; 6]) -> Parsed {
    let parsed = read(text.as_bytes());
    assert_eq!(counts(&parsed.totals), expected, "{parsed:#?}");
    parsed
}

/// No part of a report is complete, nothing panics, and failures only grow.
fn cut_everywhere(text: &str) {
    let mut before = 0;
    for cut in 0..text.trim_end().len() {
        let part = read(&text.as_bytes()[..cut]);
        assert!(part.state != RunState::Complete && part.totals.passed == 0, "cut at {cut}: {part:?}");
        assert!(part.totals.bad() >= before, "cut at {cut}");
        before = part.totals.bad();
    }
}

#[test]
fn formats_are_told_by_content() {
    assert_eq!(recognise(b"  <?xml?>"), Format::Xml);
    assert_eq!(recognise(b"warning: x\n{\"Action\":\"run\",\"Package\":\"p\"}"), Format::JsonLines);
    assert_eq!(recognise(b"{ \"type\": \"suite\", \"event\": \"started\" }"), Format::JsonLines);
    assert_eq!(recognise(b"{\"results\": {}}"), Format::Ctrf);
    assert_eq!(recognise(b"TAP version 13"), Format::Tap);
    assert_eq!(recognise(b"1..3\nok 1"), Format::Tap);
    assert_eq!(recognise(b"okay then"), Format::Xml);
}

#[test]
fn apex_runs_are_counted_from_their_tests_and_by_their_words() {
    let test = |name: &str, outcome: &str| {
        format!(
            "{{\"FullName\":\"ATest.{name}\",\"MethodName\":\"{name}\",\"Outcome\":\"{outcome}\",\"Message\":\"m\",\"RunTime\":5}}"
        )
    };
    let run = |status: i32, ran: usize, failing: u64, tests: &[String]| {
        let summary = format!("{{\"failRate\":\"0%\",\"failing\":{failing},\"testsRan\":{ran}}}");
        format!("{{\"status\":{status},\"result\":{{\"summary\":{summary},\"tests\":[{}]}}}}", tests.join(","))
    };
    let all = ["Pass", "Fail", "Skip", "CompileFail", "Odd"].map(|outcome| test(outcome, outcome));
    let parsed = expect(&run(100, 5, 1, &all), [5, 1, 1, 2, 1, 0]);
    assert_eq!((parsed.failures[0].class.as_str(), parsed.failures[0].name.as_str()), ("ATest", "Fail"));
    assert_eq!((parsed.said.exit_code, parsed.totals.duration_s), (Some(100), Some(0.025)));
    let good = run(0, 1, 0, &[test("a", "Pass")]);
    assert_eq!(expect(&good, [1, 1, 0, 0, 0, 0]).state, RunState::Complete);
    cut_everywhere(&good);
    assert!(expect(&run(100, 1, 1, &[test("a", "Pass")]), [1, 1, 0, 0, 0, 0]).claims_more);
    assert_eq!(expect(&run(0, 2, 0, &[test("a", "Pass")]), [1, 0, 0, 0, 0, 0]).state, RunState::Malformed);
}

#[test]
fn nothing_that_is_done_to_a_report_makes_its_reading_panic() {
    let seeds = [
        TRX.to_owned(),
        go("run", "A", "") + &go("fail", "A", "") + &go("fail", "", ""),
        "TAP version 14\n    ok 1 - a\n    1..1\nnot ok 1 - x # TODO\n  ---\n  ...\n1..1\n".to_owned(),
        "{\"results\":{\"tests\":[{\"name\":\"é\",\"status\":\"failed\",\"suite\":[1]}]}}".to_owned(),
        "<?xml version='1.0' encoding='latin1'?><testsuites><testsuite name='é' tests='1'><testcase name='&#x41;'><failure \
            message='m'><![CDATA[x]]>&lt;</failure></testcase></testsuite></testsuites>"
            .to_owned(),
    ];
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]);
    let mut runner =
        TestRunner::new_with_rng(Config { cases: 2_000, failure_persistence: None, ..Config::default() }, rng);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3usize), 1..8);
    runner
        .run(&(0..seeds.len(), changes), |(seed, changes)| {
            let mut bytes = seeds[seed].clone().into_bytes();
            for (at, byte, how) in changes {
                let at = at.index(bytes.len());
                match how {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    _ => drop(bytes.remove(at)),
                }
            }
            let parsed = read(bytes.as_slice());
            let t = parsed.totals;
            prop_assert_eq!(t.tests, t.passed + t.bad() + t.skipped + t.disabled + t.unproven);
            Ok(())
        })
        .unwrap();
}

const TRX: &str = r#"<TestRun xmlns="x"><Results><UnitTestResult testName="a" outcome="Passed" duration="00:00:01.5"/>
<UnitTestResult testName="b" outcome="Failed"><Output><ErrorInfo><Message>boom</Message><StackTrace>at B.b() in B.cs:line 5</StackTrace></ErrorInfo></Output></UnitTestResult>
<UnitTestResult testName="c" outcome="NotExecuted"/><UnitTestResult testName="d"/><UnitTestResult testName="e" outcome="Odd"/>
</Results><ResultSummary><Counters total="5" failed="1" error="2"/></ResultSummary></TestRun>"#;

#[test]
fn trx() {
    let parsed = expect(TRX, [5, 1, 1, 2, 1, 0]);
    assert!(parsed.failures[0].message.starts_with("boom\n"));
    assert!(parsed.state == RunState::Complete && !parsed.claims_more);
    assert_eq!(parsed.totals.duration_s, Some(1.5));
    assert!(read(TRX.replace("failed=\"1\"", "failed=\"9\"").as_bytes()).claims_more);
    cut_everywhere(TRX);
}

#[test]
fn nunit() {
    let three = r#"<test-run><test-suite><test-case name="a" classname="C" result="Passed"/><test-case name="b" result="Failed" label="Error">
        <failure><message>boom</message></failure></test-case><test-case name="c" result="Skipped"/><test-case name="d" result="Inconclusive"/></test-suite></test-run>"#;
    assert_eq!(expect(three, [4, 1, 1, 0, 2, 0]).failures[0].message, "boom");
    let two = r#"<test-results><test-case name="a" executed="True" success="True"/><test-case name="b" executed="True" success="False"/>
        <test-case name="c" executed="False"/><test-case name="d" result="Error"/><test-case name="e" executed="True"><failure/></test-case>
        <test-case name="f" executed="True" success="Turue"/></test-results>"#;
    expect(two, [6, 1, 2, 2, 1, 0]);
    cut_everywhere(three);
}

#[test]
fn xunit_net() {
    let xml = r#"<assemblies><assembly><errors><error type="assembly-cleanup" name="Fixture"><failure><message>boom</message></failure></error></errors>
        <collection><test name="a" type="T" result="Pass" time="0.5"/><test name="b" result="Fail"><failure><message><![CDATA[no]]></message></failure></test>
        <test name="c" result="Skip"/></collection></assembly></assemblies>"#;
    let parsed = expect(xml, [4, 1, 1, 1, 1, 0]);
    assert_eq!(parsed.failures[0].name, "Fixture");
    cut_everywhere(xml);
}

fn go(action: &str, test: &str, output: &str) -> String {
    let test = if test.is_empty() { String::new() } else { format!(",\"Test\":\"{test}\"") };
    format!("{{\"Action\":\"{action}\",\"Package\":\"p\"{test},\"Output\":\"{output}\"}}\n")
}

#[test]
fn go_test() {
    let text = [
        go("run", "A", ""),
        "# not JSON\n".into(),
        go("pass", "A", ""),
        go("run", "B", ""),
        go("output", "B", "b_test.go:7: boom\\n"),
        go("fail", "B", ""),
        go("skip", "C", ""),
        go("fail", "", ""),
    ]
    .concat();
    let parsed = expect(&text, [3, 1, 1, 0, 1, 0]);
    assert_eq!(parsed.failures[0].location.as_deref(), Some("b_test.go:7"));
    assert!(parsed.state == RunState::Complete && parsed.warnings.len() == 1);
    cut_everywhere(&text);
}

#[test]
fn a_go_test_without_an_end_shares_that_of_its_package() {
    expect(&(go("run", "A", "") + &go("fail", "", "")), [1, 0, 0, 1, 0, 0]);
    expect(&(go("run", "A", "") + &go("pass", "", "")), [1, 1, 0, 0, 0, 0]);
    let build = expect(&(go("output", "", "undefined: x") + &go("fail", "", "")), [1, 0, 0, 1, 0, 0]);
    assert_eq!((build.failures[0].name.as_str(), build.failures[0].message.as_str()), ("(package)", "undefined: x"));
    assert_eq!(read(go("run", "A", "").as_bytes()).state, RunState::Truncated);
}

#[test]
fn libtest() {
    let text = "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 3 }\n{ \"type\": \"test\", \"event\": \"started\", \"name\": \"m::a\" }\n\
        { \"type\": \"test\", \"name\": \"m::a\", \"event\": \"ok\" }\n\
        { \"type\": \"test\", \"name\": \"m::b\", \"event\": \"failed\", \"stdout\": \"panicked at src/m.rs:5:3:\" }\n\
        { \"type\": \"test\", \"name\": \"m::c\", \"event\": \"ignored\" }\n{ \"type\": \"suite\", \"event\": \"failed\" }\n";
    let parsed = expect(text, [3, 1, 1, 0, 1, 0]);
    assert_eq!(parsed.failures[0].location.as_deref(), Some("src/m.rs:5"));
    assert_eq!(parsed.state, RunState::Complete);
    cut_everywhere(text);
}

#[test]
fn tap() {
    let text = "TAP version 14\n1..5\nok 1 - a\nnot ok 2 - b # 7\n  ---\n  at: b.js:3\n  ...\nok 3 - c # skip why\nnot ok 4 - d # TODO\nnot ok 5 # SKIP\n";
    let parsed = expect(text, [5, 1, 1, 0, 3, 0]);
    assert_eq!((parsed.failures[0].name.as_str(), parsed.failures[0].location.as_deref()), ("b # 7", Some("b.js:3")));
    assert_eq!(parsed.state, RunState::Complete);
    cut_everywhere(text);
    expect("ok 1\nok 2\n1..2\n", [2, 2, 0, 0, 0, 0]);
    assert_eq!(read(&b"ok 1\nok 2\n"[..]).state, RunState::Truncated);
    assert_eq!(read(&b"1..1\nok 1\nok 2\n"[..]).state, RunState::Malformed);
    assert_eq!(read(&b"1..0 # SKIP nothing\n"[..]).state, RunState::Empty);
}

#[test]
fn tap_bail_out_is_red() {
    let parsed = expect("1..3\nok 1\nBail out! database gone\n", [2, 0, 0, 1, 0, 0]);
    assert_eq!((parsed.state, parsed.trouble.as_deref()), (RunState::Malformed, Some("bail out: database gone")));
}

#[test]
fn tap_subtests_count_once() {
    let text = "TAP version 14\n    # Subtest: x\n    ok 1 - a\n    not ok 2 - b\n    1..2\nnot ok 1 - x\n    ok 1 - c\n    1..1\nnot ok 2 - y\nok 3 - z\n1..3\n";
    let parsed = expect(text, [5, 3, 2, 0, 0, 0]);
    let names: Vec<_> = parsed.failures.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["b", "y"]);
    let short = text.replace("    1..1\n", "    1..2\n");
    assert_eq!(read(short.as_bytes()).state, RunState::Malformed);
}

#[test]
fn ctrf() {
    let sha = "3f9c1e2a3f9c1e2a3f9c1e2a3f9c1e2a3f9c1e2a";
    let text = format!(
        r#"{{"reportFormat":"CTRF","results":{{"tool":{{"name":"x"}},"summary":{{"failed":1}},"environment":{{"commit":"{sha}"}},"tests":[
        {{"name":"a","status":"passed","duration":1500}},{{"name":"b","status":"failed","message":"boom","trace":"at b (b.js:7:1)","suite":["s","t"]}},
        {{"name":"c","status":"pending"}},{{"name":"d","status":"other"}},{{"name":"e","status":"passed","flaky":true}},{{"name":"f","status":"odd"}}]}}}}"#
    );
    let parsed = expect(&text, [6, 2, 1, 1, 1, 1]);
    assert_eq!((parsed.failures[0].suite.as_str(), parsed.failures[0].location.as_deref()), ("s > t", Some("b.js:7")));
    assert_eq!((parsed.totals.flaky, parsed.totals.duration_s), (1, Some(1.5)));
    assert_eq!(parsed.said.commit.as_ref().map(|oid| oid.as_str()), Some(sha));
    assert!(!parsed.claims_more && read(text.replace("\"failed\":1", "\"failed\":9").as_bytes()).claims_more);
    cut_everywhere(&text);
}

#[test]
fn what_a_yaml_block_holds_is_no_point() {
    let text = "TAP version 14\n1..2\nnot ok 1 - a\n  ---\n  got: |\n    ok 1 - x\n    1..9\n  1..7\n  Bail out! no\n  ...\nok 2 - b\n";
    let parsed = expect(text, [2, 1, 1, 0, 0, 0]);
    assert_eq!(parsed.state, RunState::Complete);
    assert!(parsed.failures[0].message.contains("ok 1 - x"));
    cut_everywhere(text);
}

#[test]
fn what_a_test_prints_takes_the_place_of_no_point() {
    for wrong in [
        "1..3\nok 1\nok then\nok 3 - b\nok 4\n",
        "1..2\nok 1\nok 1\n",
        "1..2\nok 2\nok 3\n",
        "1..2\n1..3\nok 1\nok 2\nok 3\n",
    ] {
        assert_ne!(read(wrong.as_bytes()).state, RunState::Complete, "{wrong}");
    }
    assert_eq!(read(&b"1..2\nok 2\nok 1\n"[..]).state, RunState::Complete, "any order will do");
}

#[test]
fn points_behind_the_one_that_sums_them_up() {
    let text = "TAP version 14\n1..2\nok 1 - a {\n    ok 1 - x\n    not ok 2 - y\n    1..2\n}\nok 2 - b {\n    ok 1 - z\n    1..1\n}\n";
    let parsed = read(text.as_bytes());
    assert_eq!((parsed.totals.failed, parsed.state), (1, RunState::Complete));
}

#[test]
fn an_event_that_cannot_be_read_is_not_passed_over() {
    let text = go("run", "A", "") + "{\"Action\":\"fail\",\"Test\":\"A\",\n" + &go("pass", "", "");
    assert_eq!(read(text.as_bytes()).state, RunState::Malformed);
    let suite = "{\"type\":\"suite\",\"event\":\"started\",\"test_count\":1}\n{\"type\":\"test\",\"name\":\"a\",\"event\":\"ok\"}\n";
    expect(&format!("{suite}{{\"type\":\"suite\",\"event\":\"failed\"}}\n"), [2, 1, 0, 1, 0, 0]);
    let bench = "{\"type\":\"suite\",\"event\":\"started\",\"test_count\":1}\n{\"type\":\"bench\",\"name\":\"a\",\"median\":5}\n";
    expect(&format!("{bench}{{\"type\":\"suite\",\"event\":\"ok\"}}\n"), [1, 1, 0, 0, 0, 0]);
}

#[test]
fn what_breaks_around_the_tests_of_dotnet_is_a_failure() {
    let host = TRX.replace(
        "<UnitTestResult testName=\"b\" outcome=\"Failed\">",
        "<UnitTestResult testName=\"b\" outcome=\"Passed\">",
    );
    let crashed = "<TestRun><Results><UnitTestResult testName='a' outcome='Passed'/></Results><ResultSummary outcome='Failed'>\
        <Counters total='1' failed='0'/><RunInfos><RunInfo outcome='Error'><Text>the host crashed</Text></RunInfo></RunInfos></ResultSummary></TestRun>";
    let parsed = expect(crashed, [2, 1, 0, 1, 0, 0]);
    assert_eq!((parsed.failures[0].name.as_str(), parsed.failures[0].message.as_str()), ("(run)", "the host crashed"));
    let silent = "<TestRun><Results><UnitTestResult testName='a' outcome='Passed'/></Results><ResultSummary outcome='Aborted'/></TestRun>";
    assert!(read(silent.as_bytes()).claims_more && read(host.as_bytes()).totals.errored > 0);
    let teardown = "<test-run result='Failed' failed='0'><test-suite result='Failed' site='Child'><failure><message>One or more child \
        tests had errors</message></failure><test-suite name='F' result='Failed' site='TearDown'><failure><message>boom</message></failure>\
        <test-case name='a' result='Passed'/></test-suite></test-suite></test-run>";
    let parsed = expect(teardown, [2, 1, 0, 1, 0, 0]);
    assert_eq!((parsed.failures[0].name.as_str(), parsed.failures[0].message.as_str()), ("F (TearDown)", "boom"));
    let old = "<test-results><test-suite success='False'><test-case name='a' executed='True' success='True'/></test-suite></test-results>";
    assert!(read(old.as_bytes()).claims_more);
}

#[test]
fn a_summary_of_more_tests_than_are_listed_is_not_whole() {
    let text = r#"{"results":{"summary":{"tests":2},"tests":[{"name":"a","status":"passed"}]}}"#;
    assert_eq!(read(text.as_bytes()).state, RunState::Malformed);
    let twice =
        r#"{"results":{"summary":{"failed":1},"tests":[{"name":"a","status":"passed"}],"summary":{"failed":0}}}"#;
    assert!(read(twice.as_bytes()).claims_more);
}

#[test]
fn a_build_that_fails_is_a_failure_of_go() {
    let build = "{\"ImportPath\":\"p\",\"Action\":\"build-output\",\"Output\":\"x.go:7: undefined\"}\n{\"ImportPath\":\"p\",\"Action\":\"build-fail\"}\n";
    let parsed = expect(&(build.to_owned() + &go("start", "", "") + &go("fail", "", "")), [1, 0, 0, 1, 0, 0]);
    assert_eq!((parsed.state, parsed.failures[0].location.as_deref()), (RunState::Complete, Some("x.go:7")));
    let other = go("run", "A", "") + &go("pass", "A", "") + &go("pass", "", "");
    expect(&(build.to_owned() + &other), [2, 1, 0, 1, 0, 0]);
    let warns = build.lines().next().unwrap().to_owned() + "\n";
    assert_eq!(expect(&(warns + &other), [1, 1, 0, 0, 0, 0]).state, RunState::Complete);
}
