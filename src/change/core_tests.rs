use super::{Counted, Line, count};

fn counted(removed: &[&str], added: &[&str]) -> Counted {
    let lines = |side: &[&str]| side.iter().map(|text| Line::of(text.as_bytes(), false)).collect::<Vec<_>>();
    count(&lines(removed), &lines(added))
}

#[test]
fn ordinary_lines_count() {
    assert_eq!(counted(&["a"], &["b"]), Counted { core: 2, ..Counted::default() });
    assert_eq!(counted(&[], &["a", "b"]).core, 2);
}

#[test]
fn whitespace_does_not() {
    assert_eq!(counted(&["if (a) {"], &["    if (a)  {\r"]), Counted { whitespace: 2, ..Counted::default() });
    assert_eq!(counted(&[], &["", "  \t"]), Counted { whitespace: 2, ..Counted::default() });
    assert_eq!(counted(&["one", "two"], &["  one", "new", "  two"]), Counted { core: 1, whitespace: 4, version: 0 });
}

#[test]
fn a_version_line_does_not() {
    for (old, new) in [
        ("version = \"2.4.1\"", "version = \"2.4.2\""),
        ("  \"version\": \"2.4.1\",", "  \"version\": \"2.5.0-rc.1\","),
        ("<version>1.2</version>", "<version>1.3-SNAPSHOT</version>"),
        ("__version__ = '1.0'", "__version__ = '1.0.1'"),
        ("const APP_VERSION: &str = \"9\";", "const APP_VERSION: &str = \"10\";"),
    ] {
        assert_eq!(counted(&[old], &[new]), Counted { version: 2, ..Counted::default() }, "{old}");
    }
}

#[test]
fn a_dependency_or_a_constant_does() {
    for (old, new) in [
        ("serde = { version = \"1.0.1\" }", "serde = { version = \"1.0.2\" }"),
        ("tokio = \"1.53\"", "tokio = \"1.54\""),
        ("let timeout = 1.5;", "let timeout = 2.5;"),
        ("version = \"1.0\"", "version = read()"),
        ("if version > 3 {", "if version > 4 {"),
        ("if version == 3 {", "if version == 4 {"),
        ("versions = 3", "versions = 4"),
        ("if version > 3 && strict {", "if version > 4 || strict {"),
    ] {
        assert_eq!(counted(&[old], &[new]).core, 2, "{old}");
    }
}

#[test]
fn a_version_file_counts_no_number() {
    let line = |text: &str| vec![Line::of(text.as_bytes(), true)];
    assert_eq!(count(&line("MINOR = 4"), &line("MINOR = 5")), Counted { version: 2, ..Counted::default() });
}

#[test]
fn a_huge_block_counts_whole() {
    let lines = vec![Line::of(b"same", false); 1_001];
    assert_eq!(count(&lines, &lines).core, 2_002);
}
