//! What is left of a report that was cut off anywhere, in every format: never complete, and failures only grow.

use super::model::RunState;
use super::reader::read;

/// A report of each format, and whether its last bytes can be missing without harm.
const REPORTS: [(&str, &str); 9] = [
    (
        "junit",
        "<?xml version=\"1.0\"?><testsuites><testsuite name=\"s\" tests=\"4\" failures=\"1\" errors=\"1\"><properties><property name=\"git.commit\" \
         value=\"0123456789012345678901234567890123456789\"/></properties><testcase name=\"a &amp; b\" classname=\"C\" time=\"1\"/>\
         <testcase name=\"b\"><failure message=\"boom &lt;1&gt;\"><![CDATA[at a.rs:1 ]]></failure><system-out>x</system-out></testcase>\
         <testcase name=\"c\"><skipped/></testcase><!-- note --><testcase name=\"d\"><error/></testcase></testsuite></testsuites>",
    ),
    (
        "trx",
        "<TestRun><Results><UnitTestResult testName=\"a\" outcome=\"Passed\" duration=\"00:00:01\"/><UnitTestResult testName=\"b\" \
         outcome=\"Failed\"><Output><ErrorInfo><Message>boom</Message></ErrorInfo></Output></UnitTestResult></Results>\
         <ResultSummary outcome=\"Failed\"><Counters total=\"2\" executed=\"2\" passed=\"1\" failed=\"1\"/></ResultSummary></TestRun>",
    ),
    (
        "nunit",
        "<test-run total=\"2\" failed=\"1\"><test-suite type=\"Assembly\"><test-case name=\"a\" result=\"Passed\" duration=\"0.1\"/>\
         <test-case name=\"b\" result=\"Failed\"><failure><message><![CDATA[boom]]></message></failure></test-case></test-suite></test-run>",
    ),
    (
        "xunit",
        "<assemblies><assembly name=\"a.dll\" total=\"2\" failed=\"1\"><collection><test name=\"a\" type=\"T\" result=\"Pass\" time=\"0.1\"/>\
         <test name=\"b\" result=\"Fail\"><failure><message>boom</message></failure></test></collection></assembly></assemblies>",
    ),
    (
        "go",
        "{\"Action\":\"start\",\"Package\":\"p\"}\n{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"A\"}\n{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"A\",\"Elapsed\":0.1}\n\
         {\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"B\"}\n{\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"B\",\"Output\":\"boom\\n\"}\n\
         {\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"B\"}\n{\"Action\":\"fail\",\"Package\":\"p\",\"Elapsed\":0.2}\n",
    ),
    (
        "libtest",
        "{\"type\":\"suite\",\"event\":\"started\",\"test_count\":2}\n{\"type\":\"test\",\"event\":\"started\",\"name\":\"a\"}\n\
         {\"type\":\"test\",\"name\":\"a\",\"event\":\"ok\"}\n{\"type\":\"test\",\"name\":\"b\",\"event\":\"failed\",\"stdout\":\"boom\"}\n\
         {\"type\":\"suite\",\"event\":\"failed\",\"passed\":1,\"failed\":1}\n",
    ),
    ("tap", "TAP version 13\nok 1 - a\nnot ok 2 - b\n  ---\n  message: boom\n  ...\nok 3 - c # SKIP later\n1..3\n"),
    ("tap14", "TAP version 14\n1..2\n# Subtest: a\n    ok 1 - x\n    not ok 2 - y\n    1..2\nnot ok 1 - a\nok 2 - b\n"),
    (
        "ctrf",
        "{\"results\":{\"tool\":{\"name\":\"t\"},\"summary\":{\"tests\":2,\"failed\":1},\"tests\":[{\"name\":\"a\",\"status\":\"passed\",\
         \"duration\":3},{\"name\":\"b\",\"status\":\"failed\",\"message\":\"boom\"}]}}",
    ),
];

#[test]
fn a_report_that_was_cut_off_is_never_complete_and_its_failures_only_grow() {
    for (format, text) in REPORTS {
        let whole = read(text.as_bytes());
        assert_eq!(whole.state, RunState::Complete, "{format}: {:?}", whole.trouble);
        assert!(whole.totals.bad() > 0 && whole.totals.passed > 0, "{format}: {:?}", whole.totals);
        let end = text.trim_end().len();
        let mut before = 0;
        for cut in 0..end {
            let part = read(&text.as_bytes()[..cut]);
            // A line stream says nothing of lines that are to come: what it says is that it has no end.
            assert_ne!(part.state, RunState::Complete, "{format} cut at {cut}: {}", &text[..cut]);
            assert_eq!(part.totals.passed, 0, "{format} cut at {cut}");
            assert!(part.totals.bad() >= before, "{format} cut at {cut}: {} after {before}", part.totals.bad());
            before = part.totals.bad();
        }
        assert!(whole.totals.bad() >= before, "{format}");
    }
}

#[test]
fn a_report_with_one_wrong_byte_never_gains_a_pass() {
    for (format, text) in REPORTS {
        let whole = read(text.as_bytes());
        for at in 0..text.len() {
            // A line feed may cut `not ok` in two: that is another report, not a damaged one.
            for byte in [0, b'<', b'"', b'}', 0xff, b'0'] {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] = byte;
                let damaged = read(bytes.as_slice());
                let t = &damaged.totals;
                assert_eq!(t.tests, t.passed + t.bad() + t.skipped + t.disabled + t.unproven, "{format} {at} {byte}");
                let gained = t.passed > whole.totals.passed && t.bad() < whole.totals.bad();
                assert!(!gained || damaged.claims_more, "{format}: {byte:#x} at {at} makes a failure pass: {t:?}");
            }
        }
    }
}
