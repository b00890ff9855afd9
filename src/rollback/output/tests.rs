use super::*;

fn lines(batch: &Batch) -> Vec<&str> {
    batch.lines.iter().map(String::as_str).collect()
}

#[test]
fn lines_come_whole_and_clean() {
    let mut splitter = Splitter::default();
    splitter.push(b"one\ntw");
    assert_eq!(lines(&splitter.take()), ["one"]);
    splitter.push(b"o\r\n10%\r20%\r\x1b[2Jthree\xff");
    assert_eq!(lines(&splitter.take()), ["two", "10%", "20%"]);
    assert_eq!(lines(&splitter.finish()), ["\\u{1b}[2Jthree\u{fffd}"]);
    assert!(splitter.finish().is_empty());
}

#[test]
fn a_flood_costs_a_copy_and_tells_how_much_is_missing() {
    let mut splitter = Splitter::default();
    let chunk = b"yes\n".repeat(16 << 10);
    for _ in 0..100 {
        splitter.push(&chunk);
    }
    let batch = splitter.take();
    assert_eq!(batch.lines.len(), LINES_LIMIT);
    assert_eq!(batch.skipped as usize, 100 * chunk.len() - 4 * LINES_LIMIT);
    splitter.push(&vec![b'x'; 10 << 20]);
    let batch = splitter.finish();
    assert!(batch.lines[0].len() <= crate::evidence::text::FIELD_LIMIT + 4);
    assert_eq!(batch.skipped as usize, (10 << 20) - WAITING_LIMIT);
}

#[test]
fn the_tail_is_bounded_in_lines_and_in_bytes() {
    let batch = |count: usize, line: &str| Batch { lines: vec![line.to_owned(); count], skipped: 0 };
    let mut output = Output::default();
    output.extend(batch(2_500, "x"));
    assert_eq!((output.len(), output.dropped()), (LINES_LIMIT, 500));
    output.extend(batch(1_000, &"y".repeat(4_000)));
    assert!(output.bytes <= BYTES_LIMIT && output.len() <= LINES_LIMIT);
    assert_eq!(output.line(output.len() - 1).map(str::len), Some(4_000));
}
