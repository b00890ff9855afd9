//! What each framework really writes, in a few lines each: counts, and what is said of the failures.

use super::model::RunState;
use super::reader::{Parsed, read};

/// Tests, errors, failures, skipped, disabled, flaky.
fn counts(parsed: &Parsed) -> [u64; 6] {
    let t = &parsed.totals;
    [t.tests, t.errored, t.failed, t.skipped, t.disabled, t.flaky]
}

/// Reads a whole report; nothing in it may be lost.
fn complete(text: &str) -> Parsed {
    let parsed = read(text.as_bytes());
    assert_eq!(parsed.state, RunState::Complete, "{:?} of {text}", parsed.trouble);
    parsed
}

fn check(text: &str, expected: [u64; 6]) -> Parsed {
    let parsed = complete(text);
    assert_eq!(counts(&parsed), expected, "{text}");
    parsed
}

#[test]
fn gradle_and_its_retry_plugin() {
    let gradle = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="com.acme.PoolTest" tests="3" skipped="1" failures="1" errors="0" timestamp="2026-05-01T10:00:00" hostname="ci" time="0.042">
  <properties/>
  <testcase name="drains()" classname="com.acme.PoolTest" time="0.01"/>
  <testcase name="grows()" classname="com.acme.PoolTest" time="0.02">
    <failure message="org.opentest4j.AssertionFailedError: expected: &lt;1&gt; but was: &lt;2&gt;" type="org.opentest4j.AssertionFailedError">org.opentest4j.AssertionFailedError: expected: &lt;1&gt; but was: &lt;2&gt;
	at org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)
	at com.acme.PoolTest.grows(PoolTest.java:27)
</failure>
  </testcase>
  <testcase name="later()" classname="com.acme.PoolTest" time="0.0"><skipped/></testcase>
  <system-out><![CDATA[]]></system-out><system-err><![CDATA[]]></system-err>
</testsuite>"#;
    let parsed = check(gradle, [3, 0, 1, 1, 0, 0]);
    assert_eq!(parsed.failures[0].location.as_deref(), Some("PoolTest.java:27"));
    assert!(parsed.failures[0].message.contains("expected: <1> but was: <2>"));
}

#[test]
fn surefire_reruns_are_one_case() {
    let failed = "<testsuite name='T' tests='1' errors='0' skipped='0' failures='1'>\
        <testcase name='a' classname='T' time='0.1'><failure message='boom' type='X'>trace</failure>\
        <rerunFailure message='boom' type='X'><stackTrace>trace</stackTrace><system-out>o</system-out></rerunFailure>\
        <rerunError message='e' type='Y'><stackTrace>t</stackTrace></rerunError></testcase></testsuite>";
    check(failed, [1, 0, 1, 0, 0, 0]);
    let flaky = "<testsuite name='T' tests='1' errors='0' skipped='0' failures='0' flakes='1'>\
        <testcase name='a' classname='T'><flakyFailure message='boom' type='X'><stackTrace>t</stackTrace></flakyFailure>\
        <flakyError message='e' type='Y'/></testcase></testsuite>";
    check(flaky, [1, 0, 0, 0, 0, 1]);
}

#[test]
fn pytest_with_setup_errors_xfail_and_properties() {
    let text = r#"<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="2" tests="5" time="0.1" timestamp="2026-05-01T10:00:00.1+00:00" hostname="h"><testcase classname="tests.test_pool" name="test_ok[a-&#x1B;]" time="0.001"><properties><property name="commit" value="zzz"/></properties></testcase><testcase classname="tests.test_pool" name="test_bad" time="0.002"><failure message="assert 1 == 2&#10; +  where 1 = f()">def test_bad():
&gt;       assert f() == 2
E       assert 1 == 2

tests/test_pool.py:12: AssertionError</failure></testcase><testcase classname="tests.test_pool" name="test_x" time="0.0"><skipped type="pytest.xfail" message="later"/></testcase><testcase classname="tests.test_pool" name="test_s" time="0.0"><skipped type="pytest.skip" message="no">tests/test_pool.py:20: no</skipped></testcase><testcase classname="tests.test_pool" name="test_fixture" time="0.0"><error message="failed on setup with &quot;E&quot;">E   fixture 'nope' not found</error></testcase></testsuite></testsuites>"#;
    let parsed = check(text, [5, 1, 1, 2, 0, 0]);
    assert_eq!(parsed.failures[0].location.as_deref(), Some("tests/test_pool.py:12"));
}

#[test]
fn pytest_collection_errors_are_cases_of_their_own() {
    let text = "<testsuites><testsuite name='pytest' errors='1' failures='0' skipped='0' tests='1'>\
        <testcase classname='' name='tests.test_broken' time='0.0'><error message='collection failure'>ImportError</error>\
        </testcase></testsuite></testsuites>";
    check(text, [1, 1, 0, 0, 0, 0]);
}

#[test]
fn a_pytest_case_that_fails_in_the_test_and_in_its_teardown_is_there_twice() {
    let text = "<testsuite name='pytest' errors='1' failures='1' tests='2'>\
        <testcase classname='t' name='a'><failure message='f'/></testcase>\
        <testcase classname='t' name='a'><error message='failed on teardown'/></testcase></testsuite>";
    check(text, [2, 1, 1, 0, 0, 0]);
}

#[test]
fn jest_vitest_and_mocha() {
    let jest = "<testsuites name='jest tests' tests='3' failures='1' errors='1' time='2.1'>\
        <testsuite name='pool' errors='0' failures='1' skipped='1' timestamp='2026-05-01T10:00:00' time='1.9' tests='2'>\
        <testcase classname='pool drains' name='pool drains' time='0.004'><failure>Error: expect(received).toBe(expected)\n\
        at Object.toBe (src/pool.test.js:5:19)</failure></testcase>\
        <testcase classname='pool later' name='pool later' time='0'><skipped/></testcase></testsuite>\
        <testsuite name='broken' errors='1' failures='0' tests='1'><testcase classname='Test suite failed to run' name='broken' time='0'>\
        <error>SyntaxError</error></testcase></testsuite></testsuites>";
    let parsed = check(jest, [3, 1, 1, 1, 0, 0]);
    assert_eq!(parsed.failures[0].location.as_deref(), Some("src/pool.test.js:5"));
    let vitest = "<?xml version='1.0' encoding='UTF-8' ?><testsuites name='vitest tests' tests='2' failures='1' errors='0' time='0.3'>\
        <testsuite name='src/pool.test.ts' timestamp='2026-05-01T10:00:00.000Z' hostname='h' tests='2' failures='1' errors='0' skipped='0' time='0.1'>\
        <testcase classname='src/pool.test.ts' name='pool &gt; drains' time='0.05'><failure message='expected 1 to be 2' type='AssertionError'>\
        AssertionError: expected 1 to be 2\n ❯ src/pool.test.ts:5:15</failure></testcase>\
        <testcase classname='src/pool.test.ts' name='pool &gt; grows' time='0.01'/></testsuite></testsuites>";
    let parsed = check(vitest, [2, 0, 1, 0, 0, 0]);
    assert_eq!(parsed.failures[0].location.as_deref(), Some("src/pool.test.ts:5"));
    let mocha = "<testsuites name='Mocha Tests' time='0.01' tests='2' failures='1'>\
        <testsuite name='Root Suite' timestamp='x' tests='0' time='0' failures='0'></testsuite>\
        <testsuite name='pool' tests='2' file='/r/test/pool.js' time='0.01' failures='1'>\
        <testcase name='pool drains' time='0.0' classname='drains'><failure message='1 == 2' type='AssertionError'><![CDATA[AssertionError: 1 == 2\n    at Context.<anonymous> (test/pool.js:7:14)]]></failure></testcase>\
        <testcase name='pool later' time='0' classname='later'><skipped/></testcase></testsuite></testsuites>";
    check(mocha, [2, 0, 1, 1, 0, 0]);
}

#[test]
fn karma_cypress_testcafe_and_cucumber() {
    let karma = "<?xml version='1.0'?><testsuite name='Chrome 120' package='unit' timestamp='t' id='0' hostname='h' tests='2' errors='0' failures='1' time='0.1'>\
        <properties><property name='browser.fullName' value='Mozilla'/></properties>\
        <testcase name='pool drains' time='0.01' classname='unit.pool'><failure type=''>Expected 1 to be 2.</failure></testcase>\
        <testcase name='pool later' time='0' classname='unit.pool'><skipped/></testcase><system-out><![CDATA[x]]></system-out><system-err/></testsuite>";
    check(karma, [2, 0, 1, 1, 0, 0]);
    let cucumber = "<testsuite name='Cucumber' tests='3' failures='1' errors='0' skipped='1' time='1'>\
        <testcase classname='Pool' name='drains' time='0.1'><system-out><![CDATA[Given a pool...passed]]></system-out></testcase>\
        <testcase classname='Pool' name='undefined step' time='0'><failure message='undefined' type='undefined'/></testcase>\
        <testcase classname='Pool' name='pending step' time='0'><skipped/></testcase></testsuite>";
    check(cucumber, [3, 0, 1, 1, 0, 0]);
}

#[test]
fn playwright_with_a_flaky_mark_and_annotations() {
    let text = "<testsuites id='' name='' tests='3' failures='1' skipped='1' errors='0' time='3.2'>\
        <testsuite name='pool.spec.ts' timestamp='t' hostname='chromium' tests='3' failures='1' skipped='1' time='3' errors='0'>\
        <testcase name='drains' classname='pool.spec.ts' time='1'><failure message='pool.spec.ts:3:5 drains' type='FAILURE'><![CDATA[  [chromium] › pool.spec.ts:3:5 › drains\n\n    Error: \u{1b}[2mexpect(\u{1b}[22m1)]]></failure>\
        <system-out><![CDATA[[[ATTACHMENT|../test-results/x/trace.zip]]]]></system-out></testcase>\
        <testcase name='grows' classname='pool.spec.ts' time='1'><properties><property name='skip' value='x'/></properties><skipped></skipped></testcase>\
        <testcase name='ok' classname='pool.spec.ts' time='1'/></testsuite></testsuites>";
    let parsed = check(text, [3, 0, 1, 1, 0, 0]);
    assert!(!parsed.failures[0].message.contains('\u{1b}'));
}

#[test]
fn go_junit_report_and_gotestsum() {
    let text = "<testsuites tests='3' failures='2' errors='0' time='0.1'>\
        <testsuite tests='2' failures='1' time='0.1' name='acme/pool' timestamp='t'><properties><property name='go.version' value='go1.22'/></properties>\
        <testcase classname='acme/pool' name='TestDrains' time='0.0'></testcase>\
        <testcase classname='acme/pool' name='TestGrows/sub_1' time='0.0'><failure message='Failed' type=''>=== RUN   TestGrows/sub_1\n    pool_test.go:12: boom\n</failure></testcase></testsuite>\
        <testsuite tests='0' failures='1' time='0' name='acme/broken'><testcase classname='' name='TestMain' time='0'>\
        <failure message='Failed' type=''>FAIL acme/broken [build failed]</failure></testcase></testsuite></testsuites>";
    let parsed = check(text, [3, 0, 2, 0, 0, 0]);
    assert_eq!(parsed.failures[0].location.as_deref(), Some("pool_test.go:12"));
}

#[test]
fn googletest_catch2_doctest_boost_and_ctest() {
    let gtest = "<testsuites tests='4' failures='1' disabled='1' errors='0' time='0.1' timestamp='t' name='AllTests'>\
        <testsuite name='Pool' tests='4' failures='1' disabled='1' skipped='1' errors='0' time='0.1'>\
        <testcase name='Drains' file='pool.cc' line='5' status='run' result='completed' time='0.' classname='Pool'/>\
        <testcase name='Grows' file='pool.cc' line='9' status='run' result='completed' time='0.' classname='Pool'>\
        <failure message='pool.cc:10&#x0A;Expected equality' type=''><![CDATA[pool.cc:10]]></failure><failure message='pool.cc:11' type=''/></testcase>\
        <testcase name='DISABLED_Old' status='notrun' result='suppressed' time='0.' classname='Pool'/>\
        <testcase name='Later' status='run' result='skipped' time='0.' classname='Pool'><skipped message='x'/></testcase></testsuite></testsuites>";
    let parsed = check(gtest, [4, 0, 1, 1, 1, 0]);
    assert_eq!(parsed.failures[0].location.as_deref(), Some("pool.cc:10"));
    let catch2 = "<?xml version='1.0' encoding='UTF-8'?><testsuites><testsuite name='tests' errors='1' failures='1' skipped='0' tests='4' hostname='tbd' time='0.1' timestamp='t'>\
        <properties><property name='random-seed' value='1'/></properties>\
        <testcase classname='tests.global' name='ok' time='0' status='run'/>\
        <testcase classname='tests.global' name='bad' time='0' status='run'><failure message='1 == 2' type='REQUIRE'>FAILED: at pool.cpp:7</failure></testcase>\
        <testcase classname='tests.global' name='throws' time='0' status='run'><error type='TEST_CASE' message='boom'>FAILED</error></testcase>\
        <system-out/><system-err/></testsuite></testsuites>";
    check(catch2, [3, 1, 1, 0, 0, 0]);
    let ctest = "<testsuite name='Linux' tests='4' failures='1' disabled='1' skipped='1' hostname='' time='0'>\
        <testcase name='a' classname='a' time='0.1' status='run'/><testcase name='b' classname='b' time='0.1' status='fail'><failure message=''/></testcase>\
        <testcase name='c' classname='c' time='0' status='notrun'><skipped message='SKIP_RETURN_CODE=77'/></testcase>\
        <testcase name='d' classname='d' time='0' status='disabled'/></testsuite>";
    check(ctest, [4, 0, 1, 1, 1, 0]);
}

#[test]
fn phpunit_with_nested_suites_and_warnings() {
    let text = "<testsuites><testsuite name='/r/phpunit.xml' tests='3' assertions='3' errors='1' failures='1' skipped='0' time='0.1'>\
        <testsuite name='unit' tests='3' assertions='3' errors='1' failures='1' skipped='0' time='0.1'>\
        <testsuite name='PoolTest' file='/r/tests/PoolTest.php' tests='3' assertions='3' errors='1' failures='1' skipped='0' time='0.1'>\
        <testcase name='testDrains' file='/r/tests/PoolTest.php' line='9' class='PoolTest' classname='PoolTest' assertions='1' time='0.0'/>\
        <testsuite name='PoolTest::testGrows' tests='2'>\
        <testcase name='testGrows with data set #0' class='PoolTest' classname='PoolTest' file='/r/tests/PoolTest.php' line='14' assertions='1' time='0'><failure type='X'>PoolTest::testGrows\nFailed\n\n/r/tests/PoolTest.php:16</failure></testcase>\
        <testcase name='testGrows with data set #1' class='PoolTest' classname='PoolTest' assertions='1' time='0'><error type='E'>x</error></testcase>\
        </testsuite></testsuite></testsuite></testsuite></testsuites>";
    let parsed = check(text, [3, 1, 1, 0, 0, 0]);
    assert!(!parsed.claims_more, "the nested suite does not state all attributes");
    assert_eq!(parsed.failures[0].location.as_deref(), Some("/r/tests/PoolTest.php:16"));
}

#[test]
fn ruby_rspec_and_minitest() {
    let rspec = "<testsuite name='rspec' tests='3' skipped='1' failures='1' errors='0' time='0.1' timestamp='t' hostname='h'>\
        <properties><property name='seed' value='1'/></properties>\
        <testcase classname='spec.pool_spec' name='Pool drains' file='./spec/pool_spec.rb' time='0.0'></testcase>\
        <testcase classname='spec.pool_spec' name='Pool grows' file='./spec/pool_spec.rb' time='0.0'><failure message='expected: 1' type='RSpec::Expectations::ExpectationNotMetError'>Failure/Error: x\n./spec/pool_spec.rb:6:in `block&apos;</failure></testcase>\
        <testcase classname='spec.pool_spec' name='Pool later' file='./spec/pool_spec.rb' time='0'><skipped/></testcase></testsuite>";
    let parsed = check(rspec, [3, 0, 1, 1, 0, 0]);
    assert_eq!(parsed.failures[0].location.as_deref(), Some("./spec/pool_spec.rb:6"));
    let minitest = "<testsuites><testsuite name='PoolTest' filepath='test/pool_test.rb' skipped='1' failures='0' errors='1' tests='2' assertions='1' time='0.1'>\
        <testcase name='test_a' lineno='3' classname='PoolTest' assertions='1' time='0' file='test/pool_test.rb'><error type='E' message='boom'>x</error></testcase>\
        <testcase name='test_b' lineno='7' classname='PoolTest' assertions='0' time='0' file='test/pool_test.rb'><skipped type='test_b'/></testcase></testsuite></testsuites>";
    check(minitest, [2, 1, 0, 1, 0, 0]);
}

#[test]
fn apple_xcpretty_swift_and_trainer() {
    let text = "<?xml version='1.0' encoding='UTF-8'?><testsuites name='AppTests.xctest' tests='2' failures='1'>\
        <testsuite name='PoolTests' tests='2' failures='1'><testcase classname='PoolTests' name='testGrows'><failure message='XCTAssertEqual failed'>PoolTests.swift:12</failure></testcase>\
        <testcase classname='PoolTests' name='testDrains' time='0.01'/></testsuite></testsuites>";
    let parsed = check(text, [2, 0, 1, 0, 0, 0]);
    assert_eq!(parsed.failures[0].location.as_deref(), Some("PoolTests.swift:12"));
}

#[test]
fn dart_rust_nextest_bazel_and_robot() {
    let dart = "<testsuites><testsuite errors='0' failures='1' tests='2' skipped='1' name='test.pool_test' timestamp='t'><properties><property name='platform' value='vm'/></properties>\
        <testcase classname='test.pool_test' name='drains' time='0.1'><failure message='1 failure, see stacktrace for details'>Failure:\nExpected: 2\n\ntest/pool_test.dart 7:5  main.&lt;fn&gt;</failure></testcase>\
        <testcase classname='test.pool_test' name='later' time='0'><skipped message='x'/></testcase></testsuite></testsuites>";
    check(dart, [2, 0, 1, 1, 0, 0]);
    let nextest = "<testsuites name='nextest-run' tests='3' failures='1' errors='0' uuid='u' timestamp='2026-05-01T10:00:00.000+00:00' time='0.1'>\
        <testsuite name='pool' tests='3' disabled='0' errors='0' failures='1'>\
        <testcase name='tests::drains' classname='pool' timestamp='t' time='0.01'/>\
        <testcase name='tests::flaky' classname='pool' timestamp='t' time='0.01'><flakyFailure timestamp='t' time='0.01' message='thread panicked' type='test failure'>x<system-out>o</system-out></flakyFailure></testcase>\
        <testcase name='tests::grows' classname='pool' timestamp='t' time='0.01'><failure message='thread &apos;tests::grows&apos; panicked at src/lib.rs:9:5' type='test failure with exit code 101'>panicked at src/lib.rs:9:5:\nassertion failed</failure><rerunFailure timestamp='t' time='0.1' type='test failure'>y</rerunFailure><system-out>o</system-out></testcase></testsuite></testsuites>";
    let parsed = check(nextest, [3, 0, 1, 0, 0, 1]);
    assert_eq!(parsed.failures[0].location.as_deref(), Some("src/lib.rs:9"));
    let bazel = "<?xml version='1.0' encoding='UTF-8'?><testsuites><testsuite name='//pool:test' tests='1' failures='0' errors='1'>\
        <testcase name='//pool:test' status='run' duration='3' time='3'><error message='exited with error code 1'></error></testcase>\
        <system-out>Generated test.log (if the file is not UTF-8, then this may be unreadable):\n<![CDATA[exec]]></system-out></testsuite></testsuites>";
    check(bazel, [1, 1, 0, 0, 0, 0]);
    let robot = "<testsuite name='Pool' tests='2' errors='0' failures='1' skipped='0' time='0.1' timestamp='t'>\
        <testcase classname='Pool' name='Drains' time='0.0'></testcase><testcase classname='Pool' name='Grows' time='0.0'><failure message='1 != 2' type='AssertionError'/></testcase>\
        <properties><property name='Source' value='/r/pool.robot'/></properties></testsuite>";
    check(robot, [2, 0, 1, 0, 0, 0]);
}

#[test]
fn tools_that_lint_write_junit_as_well() {
    let eslint = "<?xml version='1.0' encoding='utf-8'?>\n<testsuites>\n<testsuite package='org.eslint' time='0' tests='1' errors='1' name='/r/a.js'>\
        <testcase time='0' name='org.eslint.no-undef' classname='/r/a'><failure message='x is not defined.'><![CDATA[line 1, col 1, Error - x is not defined. (no-undef)]]></failure></testcase></testsuite>\n</testsuites>";
    check(eslint, [1, 0, 1, 0, 0, 0]);
    let owasp = "<testsuites failures='0' name='x' tests='1'><testsuite name='s' tests='1' failures='0' skipped='0'><testcase name='n' classname='c'><skipped message='below'/></testcase></testsuite></testsuites>";
    check(owasp, [1, 0, 0, 1, 0, 0]);
}

#[test]
fn words_in_attributes_tell_outcomes_where_elements_do_not() {
    let text = "<testsuite name='s'><testcase name='a' status='passed'/><testcase name='b' status='FAILED'/><testcase name='c' result='Error'/>\
        <testcase name='d' status='skipped'/><testcase name='e' status='ignored'/><testcase name='f' status='success'/><testcase name='g' result='Success'/>\
        <testcase name='h' status='0'/><testcase name='i' status='ok'/></testsuite>";
    let parsed = complete(text);
    assert_eq!((parsed.totals.tests, parsed.totals.failed, parsed.totals.errored, parsed.totals.passed), (9, 1, 1, 5));
}

#[test]
fn one_file_may_hold_several_encodings_marks_and_junk() {
    check("\u{feff}<testsuite name='s'><testcase name='ä'/></testsuite>", [1, 0, 0, 0, 0, 0]);
    check("\n\n  <?xml version='1.0'?><testsuite name='s'><testcase name='a'/></testsuite>\n\n", [1, 0, 0, 0, 0, 0]);
    check(
        "<!-- by hand --><testsuite name='s'><!-- <testcase name='no'/> --><testcase name='a'/></testsuite>",
        [1, 0, 0, 0, 0, 0],
    );
    check(
        "<j:testsuites xmlns:j='u'><j:testsuite name='s'><j:testcase name='a'><j:failure/></j:testcase></j:testsuite></j:testsuites>",
        [1, 0, 1, 0, 0, 0],
    );
    let utf16: Vec<u8> = "<?xml version='1.0' encoding='UTF-16'?><testsuite name='s'><testcase name='é'><failure message='ü'/></testcase></testsuite>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let with_mark = [&[0xff, 0xfe], utf16.as_slice()].concat();
    assert_eq!(counts(&read(with_mark.as_slice())), [1, 0, 1, 0, 0, 0]);
    assert_eq!(counts(&read(utf16.as_slice())), [1, 0, 1, 0, 0, 0]);
}
