//! The thread that owns a cockpit's journal.

use std::sync::mpsc;

use super::*;

/// A writer, and what its subscriber was told.
fn writer(folder: &Path, secrets: &[&str]) -> (Writer, mpsc::Receiver<Result<Record, JournalError>>) {
    let (told, hears) = mpsc::channel();
    let redact = Redact::new(secrets.iter().map(|s| (*s).to_owned()));
    let writer = Writer::start(fresh(folder), redact, move |outcome| drop(told.send(outcome))).unwrap();
    (writer, hears)
}

fn heard(hears: &mpsc::Receiver<Result<Record, JournalError>>) -> Vec<(u64, String)> {
    let told = hears.try_iter().map(Result::unwrap);
    told.map(|r| (r.seq, r.body["text"].as_str().unwrap_or_default().to_owned())).collect()
}

#[test]
fn the_subscriber_hears_every_record_once_and_in_order() {
    let folder = folder_of(1);
    let (writer, hears) = writer(folder.path(), &[]);
    writer.submit(draft("a", "submitted"));
    assert_eq!(writer.record(draft("a", "waited for")).unwrap().seq, 3);
    fresh(folder.path()).append(draft("a", "from another terminal")).unwrap();
    writer.submit(draft("a", "after it"));
    writer.flush();
    let texts = ["submitted", "waited for", "from another terminal", "after it"];
    let expected: Vec<_> = (2..).zip(texts.map(str::to_owned)).collect();
    assert_eq!(heard(&hears), expected);
}

#[test]
fn a_look_brings_what_others_wrote_and_nothing_twice() {
    let folder = folder_of(1);
    let (writer, hears) = writer(folder.path(), &[]);
    writer.look();
    writer.flush();
    assert_eq!(heard(&hears), []);
    fresh(folder.path()).append(draft("a", "theirs")).unwrap();
    writer.look();
    writer.look();
    writer.flush();
    assert_eq!(heard(&hears), [(2, "theirs".into())]);
}

#[test]
fn what_could_not_be_recorded_is_told_to_whoever_asked() {
    let folder = folder_of(1);
    let (writer, hears) = writer(folder.path(), &[]);
    fs::create_dir(folder.path().join("journal.head.next")).unwrap();
    writer.record(draft("a", "no")).unwrap_err();
    writer.flush();
    assert_eq!(hears.try_iter().count(), 0, "its caller knows");
    writer.submit(draft("a", "no"));
    writer.flush();
    assert!(hears.try_recv().unwrap().is_err());
}

#[test]
fn no_secret_enters() {
    let folder = folder_of(0);
    let (writer, _hears) = writer(folder.path(), &["hunter22", "hunter22-and-more", ""]);
    writer.hide(vec!["t0p-secret".into()]);
    let body = serde_json::json!({ "text": "ghp hunter22-and-more", "list": [{ "hunter22": "t0p-secret" }] });
    writer.record(Draft { body, actor: "hunter22".into(), ..draft("a", "") }).unwrap();
    let bytes: Vec<u8> = fs::read_dir(folder.path())
        .unwrap()
        .flat_map(|entry| fs::read(entry.unwrap().path()).unwrap_or_default())
        .collect();
    let all = String::from_utf8_lossy(&bytes).into_owned();
    assert!(all.contains("ghp [hidden]") && all.contains(r#""[hidden]":"[hidden]""#));
    assert!(!all.contains("hunter22") && !all.contains("t0p"), "a secret is on disk");
}

/// J6: a foreign program holds SQLite's own lock. Nothing is lost in silence, and nothing waits for ever.
#[test]
fn a_foreign_lock_on_the_database_is_told_and_passes() {
    let folder = folder_of(1);
    let mut journal = fresh(folder.path());
    let foreign = rusqlite::Connection::open(folder.path().join(DB)).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = journal.append(draft("a", "no")).unwrap_err();
    assert!(error.what.starts_with("NOT RECORDED"), "{error}");
    foreign.execute_batch("ROLLBACK").unwrap();
    journal.append(draft("a", "yes")).unwrap();
    assert_eq!(texts(&journal), ["note 0", "yes"]);
    assert!(journal.verify().unwrap().holds());
}
