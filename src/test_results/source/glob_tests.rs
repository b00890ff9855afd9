use super::*;

fn tree(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    folder
}

fn found(folder: &tempfile::TempDir, pattern: &str) -> Vec<String> {
    let mut found = Found::default();
    found.add(folder.path(), pattern);
    found.files.sort();
    found.files.dedup();
    let short = |path: &PathBuf| path.strip_prefix(folder.path()).unwrap().to_string_lossy().into_owned();
    found.files.iter().map(short).collect()
}

#[test]
fn globs_match_part_by_part() {
    let folder =
        tree(&["a/x/junit.xml", "a/y/junit.xml", "a/y/other.txt", "junit.xml", "a/y/z/junit.xml", ".git/a/junit.xml"]);
    assert_eq!(found(&folder, "a/*/junit.xml"), ["a/x/junit.xml", "a/y/junit.xml"]);
    assert_eq!(found(&folder, "./junit.xml"), ["junit.xml"]);
    assert_eq!(found(&folder, "a/**/*.xml"), ["a/x/junit.xml", "a/y/junit.xml", "a/y/z/junit.xml"]);
    assert_eq!(found(&folder, "**/junit.xml"), ["a/x/junit.xml", "a/y/junit.xml", "a/y/z/junit.xml", "junit.xml"]);
    assert_eq!(found(&folder, "a/{x,q}/*.xml"), ["a/x/junit.xml"]);
    assert_eq!(found(&folder, "nowhere/*.xml"), [""; 0]);
    assert_eq!(found(&folder, "a/[/junit.xml"), [""; 0]);
    assert_eq!(found(&folder, "*/a/junit.xml"), [""; 0], "what is hidden is not looked into");
}

#[test]
fn links_in_a_circle_come_to_an_end() {
    let folder = tree(&["a/junit.xml"]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
    assert_eq!(found(&folder, "**/junit.xml"), ["a/junit.xml"]);
}

#[test]
fn the_folders_that_a_report_may_appear_in_are_known() {
    let folder = tree(&["target/nextest/ci/other"]);
    let mut found = Found::default();
    found.add(folder.path(), "target/nextest/*/junit.xml");
    let short: Vec<_> =
        found.folders.iter().map(|f| f.strip_prefix(folder.path()).unwrap().to_str().unwrap()).collect();
    assert_eq!(short, ["", "target", "target/nextest", "target/nextest/ci"]);
}
