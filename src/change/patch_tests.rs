use std::io::Cursor;

use super::{Contents, Entry, contents, entries};

const ZERO: &str = "0000000000000000000000000000000000000000";

fn read(text: &str) -> (Vec<Entry>, Contents) {
    let mut reader = Cursor::new(text.as_bytes());
    let list = entries(&mut reader).unwrap();
    let contents = contents(&mut reader, &list, u64::MAX).unwrap();
    (list, contents)
}

fn raw(status: &str, paths: &str) -> String {
    format!(":100644 100644 {ZERO} {ZERO} {status}\0{paths}\0")
}

#[test]
fn reads_files_counts_and_lines() {
    let text = [
        &raw("M", "a"),
        &raw("R090", "old\0ne\nw"),
        &raw("T", "link"),
        &raw("M", "bin"),
        "2\t1\ta\0",
        "0\t1\t\0old\0ne\nw\0",
        "1\t1\tlink\0",
        "-\t-\tbin\0",
        "\0",
        "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,3 +1,4 @@ fn\n one\n-two\n+ two\n+diff --git a/x b/x\n three\n",
        "diff --git a/old \"b/ne\\nw\"\nrename from old\n--- a/old\n+++ \"b/ne\\nw\"\n@@ -1 +0,0 @@\n--- a\n",
        "diff --git a/link b/link\ndeleted file mode 120000\n@@ -1 +0,0 @@\n-t\n\\ No newline at end of file\n",
        "diff --git a/link b/link\nnew file mode 100644\n@@ -0,0 +1 @@\n+<<<<<<< ours\n",
        "diff --git a/bin b/bin\nBinary files a/bin and b/bin differ\n",
    ]
    .concat();
    let (list, contents) = read(&text);
    assert_eq!(list.iter().map(|e| e.lines).collect::<Vec<_>>(), [Some((2, 1)), Some((0, 1)), Some((1, 1)), None]);
    assert_eq!(list[1].old_path.as_deref(), Some(b"old".as_slice()));
    assert!(contents.complete);
    let core: Vec<u64> = contents.files.iter().map(|file| file.counted.core).collect();
    assert_eq!(core, [1, 1, 2, 0]);
    assert_eq!(contents.files[2].markers, 1);
}

#[test]
fn a_cut_patch_keeps_whole_files_only() {
    let text = [
        &raw("M", "a"),
        &raw("M", "b"),
        "1\t0\ta\x001\t0\tb\0\0",
        "diff --git a/a b/a\n@@ -0,0 +1 @@\n+a\n",
        "diff --git a/b b/b\n@@ -0,0 +1 @@\n+b\n",
    ]
    .concat();
    let mut reader = Cursor::new(text.as_bytes());
    let list = entries(&mut reader).unwrap();
    let cut = contents(&mut reader, &list, 70).unwrap();
    assert_eq!((cut.files.len(), cut.complete), (1, false));
}

#[test]
fn an_empty_diff_is_empty() {
    let (list, contents) = read("");
    assert!(list.is_empty() && contents.complete);
}

#[test]
fn what_git_never_prints_is_an_error() {
    for text in ["1\t2\ta\0", &raw("M", "a"), ":1 2\0", "half", ":100644 100644 a b M\0"] {
        assert!(entries(&mut Cursor::new(text.as_bytes())).is_err(), "{text:?}");
    }
}
