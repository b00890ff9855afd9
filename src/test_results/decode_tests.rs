use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;

/// Hands out a few bytes at a time, so that every character is cut somewhere.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.1.min(self.0.len()).min(buffer.len());
        buffer[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

fn decode(bytes: &[u8], step: usize) -> String {
    let mut decoder = Decoder::new(Drip(bytes, step));
    let (mut chunk, mut all) = (Vec::new(), Vec::new());
    loop {
        decoder.next(&mut chunk).unwrap();
        if chunk.is_empty() {
            return String::from_utf8(all).expect("chunks are valid UTF-8");
        }
        std::str::from_utf8(&chunk).expect("each chunk is valid UTF-8");
        all.extend_from_slice(&chunk);
    }
}

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|u| if big_endian { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
}

#[test]
fn encodings_are_sniffed() {
    let text = "<testsuite name=\"café 😀\"/>".to_owned() + &" ".repeat(300) + "😀é";
    for step in [1, 2, 3, 5, 1000] {
        assert_eq!(decode(text.as_bytes(), step), text);
        assert_eq!(decode(&[b"\xef\xbb\xbf", text.as_bytes()].concat(), step), text);
        for big_endian in [false, true] {
            assert_eq!(decode(&utf16(&text, big_endian), step), text, "{step} {big_endian}");
            assert_eq!(decode(&utf16(&format!("\u{feff}{text}"), big_endian), step), text);
        }
    }
}

#[test]
fn a_declared_single_byte_encoding_is_followed() {
    let bytes = b"<?xml version='1.0' encoding='ISO-8859-1'?><a b=\"caf\xe9 \x80\"/>";
    assert!(decode(bytes, 7).ends_with("<a b=\"café €\"/>"));
}

#[test]
fn a_declaration_that_the_bytes_contradict_is_not_followed() {
    let text = "<?xml version=\"1.0\" encoding=\"utf-16\"?><a b=\"é\"/>";
    assert_eq!(decode(text.as_bytes(), 100), text);
}

#[test]
fn an_unknown_encoding_is_told() {
    let mut decoder = Decoder::new(&b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><a/>"[..]);
    decoder.next(&mut Vec::new()).unwrap();
    assert_eq!(decoder.unknown_encoding(), Some("shift_jis"));
}

#[test]
fn what_is_not_utf8_is_replaced_and_no_markup_is_lost() {
    assert_eq!(decode(b"<a b=\"\xff\"/>\xc3", 3), "<a b=\"\u{fffd}\"/>\u{fffd}");
    assert_eq!(decode(b"\xe2\x82<a/>", 1), "\u{fffd}<a/>");
    assert_eq!(decode(b"<\0a\0\x3d", 2), "<a\u{fffd}");
}

#[test]
fn any_bytes_decode_as_the_standard_library_says() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner =
        TestRunner::new_with_rng(Config { cases: 300, failure_persistence: None, ..Config::default() }, rng);
    let input = (prop::collection::vec(any::<u8>(), 0..600), 1..40usize);
    runner
        .run(&input, |(mut bytes, step)| {
            bytes.insert(0, b'x'); // no byte order mark, no declaration
            prop_assert_eq!(decode(&bytes, step), String::from_utf8_lossy(&bytes));
            Ok(())
        })
        .unwrap();
}
