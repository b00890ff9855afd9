use std::io::Write;

use super::*;

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const GOOD: &[u8] = br#"<testsuite name="s"><testcase name="a"/></testsuite>"#;

#[test]
fn reports_are_told_from_other_files_by_content() {
    let bytes = zip(&[("a/junit.xml", GOOD), ("coverage.xml", b"<coverage/>"), ("notes.txt", b"hello")]);
    let found = reports(&bytes).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0.as_str(), found[0].1.totals.passed), ("a/junit.xml", 1));
}

#[test]
fn any_damaged_byte_is_noticed_or_changes_nothing() {
    let bytes = zip(&[("junit.xml", GOOD)]);
    let good = reports(&bytes).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        match reports(&damaged) {
            Ok(found) if !found.is_empty() => assert_eq!(found[0].1.totals, good[0].1.totals, "byte {at}"),
            Ok(_) | Err(_) => {}
        }
    }
    for end in 0..bytes.len() {
        assert!(reports(&bytes[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let mut content = b"<testsuite><testcase name=\"a\"><system-out>".to_vec();
    content.resize(8 * 1024 * 1024, b' ');
    let bytes = zip(&[("bomb.xml", &content)]);
    assert!(bytes.len() < 100 * 1024);
    let two = zip(&[("a.xml", GOOD), ("b.xml", GOOD)]);
    let size = GOOD.len() as u64;
    assert!(
        reports_within(&two, 2 * size).is_ok() && reports_within(&two, 2 * size - 1).is_err(),
        "all files together"
    );
    assert!(reports_within(&bytes, 1024 * 1024).unwrap_err().contains("too large when it is unpacked"));
}

#[test]
fn names_are_made_fit_for_a_terminal() {
    let found = reports(&zip(&[("\u{1b}[31m.xml", GOOD)])).unwrap();
    assert!(!found[0].0.contains('\u{1b}'));
}
