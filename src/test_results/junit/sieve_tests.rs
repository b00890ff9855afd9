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
