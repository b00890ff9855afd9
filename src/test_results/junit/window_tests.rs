use std::io::{self, Read};

use super::super::super::reader::read;

/// A stream made of parts, some of them repeated many times, without holding it.
struct Long<'a> {
    parts: Vec<(&'a str, usize)>,
    at: usize,
}

impl Read for Long<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some((text, times)) = self.parts.first_mut() {
            if *times == 0 {
                self.parts.remove(0);
                continue;
            }
            let rest = &text.as_bytes()[self.at..];
            let n = rest.len().min(buffer.len());
            buffer[..n].copy_from_slice(&rest[..n]);
            self.at = (self.at + n) % text.len();
            *times -= usize::from(self.at == 0);
            return Ok(n);
        }
        Ok(0)
    }
}

fn failed_case(before: &str, filler: &str, times: usize, after: &str) -> crate::test_results::reader::Parsed {
    let head = format!("<testsuite><testcase name='a'>{before}");
    let tail = format!("{after}</testcase><testcase name='b'/></testsuite>");
    read(Long { parts: vec![(head.as_str(), 1), (filler, times), (tail.as_str(), 1)], at: 0 })
}

const FILLERS: [&str; 5] = ["x", "]]", "x > y ", "é]", "'/ \" -- ?"];

#[test]
fn long_events_are_shortened_and_nothing_after_them_is_lost() {
    let frames = [
        ("<failure><![CDATA[", "]]></failure>"),
        ("<failure/><!-- ", " -->"),
        ("<failure/><?p ", " ?>"),
        ("<failure message=\"", "\"/>"),
        ("<failure message='", "'></failure>"),
        ("<failure>", "</failure>"),
    ];
    for (before, after) in frames {
        for filler in FILLERS {
            let closes =
                (before.ends_with('\'') && filler.contains('\'')) || (before.ends_with('"') && filler.contains('"'));
            if closes {
                continue;
            }
            for times in [1, 65_500, 140_001] {
                let parsed = failed_case(before, filler, times, after);
                let t = parsed.totals;
                assert_eq!(
                    (t.tests, t.failed, t.passed),
                    (2, 1, 1),
                    "{before}{filler} x {times}: {:?}",
                    parsed.trouble
                );
            }
        }
    }
}

#[test]
fn an_event_may_end_at_any_place_of_a_chunk() {
    for times in 65_500..65_560 {
        let parsed = failed_case("<failure><![CDATA[", "]", times, "]]></failure>");
        assert_eq!((parsed.totals.failed, parsed.totals.passed), (1, 1), "{times}");
    }
    for times in 131_040..131_080 {
        let parsed = failed_case("<failure message='", "/", times, "'/>");
        assert_eq!((parsed.totals.failed, parsed.totals.passed), (1, 1), "{times}");
    }
}

#[test]
fn a_tag_of_many_attributes_is_one_tag() {
    let parsed = failed_case("<failure ", "a='>' ", 100_000, "/>");
    assert_eq!((parsed.totals.failed, parsed.totals.passed), (1, 1), "{:?}", parsed.trouble);
}

#[test]
fn a_cut_long_event_is_not_complete() {
    let parsed =
        read(Long { parts: vec![("<testsuite><testcase name='a'><failure><![CDATA[", 1), ("x", 300_000)], at: 0 });
    assert_eq!(parsed.state, crate::test_results::model::RunState::Truncated);
    assert_eq!(parsed.totals.failed, 1);
}

/// Whatever lies on the edge between two stretches is read as in the middle of one.
#[test]
fn a_stretch_may_end_anywhere() {
    let pieces = [
        "<testcase name='b'><failure message='m &amp; n'>x &lt; y &#65; & z<![CDATA[ ]] > ]]>é</failure></testcase>",
        "<testcase name='c'><system-out><![CDATA[</testsuite>]]>&bogus; <![CDATA[]]]]></system-out></testcase>",
        "<!-- <testcase> --><testcase name='d' status='a>b'/><?p <testcase/> ?>",
    ];
    let body = pieces.concat();
    let whole = |filler: usize| format!("<testsuite><testcase name='a'/>{}{body}</testsuite>", "\n".repeat(filler));
    let expected = read(whole(0).as_bytes());
    assert_eq!((expected.totals.tests, expected.totals.failed, expected.totals.passed), (4, 1, 3));
    assert!(expected.failures[0].message.contains("x < y A & z ]] > é"), "{}", expected.failures[0].message);
    let start = 64 * 1024 - "<testsuite><testcase name='a'/>".len();
    for filler in start - body.len()..=start {
        assert_eq!(read(whole(filler).as_bytes()), expected, "{filler}");
    }
}

#[test]
fn markup_that_is_none_is_told_with_its_place() {
    for filler in [0, 65_490, 65_536, 200_000] {
        let text = format!("<testsuite><testcase name='a'/>{}<!x><testcase name='b'/></testsuite>", " ".repeat(filler));
        let parsed = read(text.as_bytes());
        assert_eq!(parsed.state, crate::test_results::model::RunState::Malformed, "{filler}");
        assert!(parsed.trouble.unwrap().ends_with(&format!("at byte {}", 31 + filler)), "{filler}");
    }
}

#[test]
fn what_a_long_tag_says_of_an_outcome_is_kept() {
    let huge = "x".repeat(300_000);
    let many = "a='v' ".repeat(30_000);
    for attributes in [
        format!("name='{huge}' status='failed'"),
        format!("{many} status = \"failed\""),
        format!("{many} result='failed' status='passed'"),
        format!("status='failed' {many}"),
    ] {
        let parsed = read(format!("<testsuite><testcase {attributes}/></testsuite>").as_bytes());
        assert_eq!((parsed.totals.tests, parsed.totals.failed), (1, 1), "{}", &attributes[attributes.len() - 40..]);
    }
    for cut in 65_500..65_540 {
        let text = format!("<testsuite><testcase {} status='failed' b='{huge}'/></testsuite>", "y".repeat(cut));
        assert_eq!(read(text.as_bytes()).totals.bad(), 1, "{cut}");
    }
}
