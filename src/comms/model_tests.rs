use super::*;
use crate::incident::DeliveryState::{Delivered, Failed, Partly, Sending, Unknown, Waiting};
use crate::journal::{Memory, Recorder};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn written(channels: &[&str]) -> Entry {
    Entry::NoticeWritten(Box::new(NoticeWritten {
        key: "k1".into(),
        about: About::Deploy,
        text: "we deploy".into(),
        next_update_at: Some(at(1_800)),
        channels: channels.iter().map(|&name| name.to_owned()).collect(),
    }))
}

fn delivery(channel: &str, state: DeliveryState) -> Entry {
    let receipt = state.has_arrived().then(|| format!("{channel}/1"));
    let channel = channel.to_owned();
    let delivery = Delivery { notice: "k1".into(), channel, state, attempt: 1, receipt, detail: None, again_at: None };
    Entry::NoticeDelivery(Box::new(delivery))
}

fn book(entries: &[Entry]) -> Book {
    let memory = Memory::default();
    for (entry, second) in entries.iter().zip(0..) {
        memory.record(entry.draft("i", "ana", at(second))).unwrap();
    }
    Book::fold(&memory.records())
}

#[test]
fn a_channel_that_has_it_or_may_have_it_is_not_tried_again() {
    let channels = ["a", "b", "c", "d", "e", "f"];
    let states = [Delivered, Partly, Failed, Unknown, Sending];
    let entries = states.iter().zip(channels).map(|(state, channel)| delivery(channel, *state));
    let book = book(&[written(&channels)].into_iter().chain(entries).collect::<Vec<_>>());
    let notice = book.last().unwrap();
    assert_eq!(notice.to_retry(false, at(10)), ["c", "f"]);
    assert_eq!(notice.to_retry(true, at(10)), ["c", "d", "f"]);
    assert_eq!(notice.state("f", at(10)), Waiting);
    assert!(!notice.has_arrived_everywhere(at(10)));
}

#[test]
fn an_attempt_whose_program_died_has_an_unknown_outcome() {
    let book = book(&[written(&["a"]), delivery("a", Sending)]);
    let notice = book.last().unwrap();
    assert_eq!(notice.state("a", at(60)), Sending);
    assert_eq!(notice.state("a", at(600)), Unknown);
    assert_eq!(notice.to_retry(false, at(600)), [""; 0]);
}

#[test]
fn the_clock_counts_a_notice_once_and_one_by_hand_as_well() {
    let sent =
        |text: &str| Entry::NoticeSent { channel: "a".into(), text: text.into(), next_update_at: None, about: None };
    let book = book(&[written(&["a"]), delivery("a", Delivered), sent("we deploy"), sent("told by phone")]);
    let by_hand: Vec<_> = book.notices.iter().map(Notice::is_by_hand).collect();
    assert_eq!(by_hand, [false, true]);
    assert!(book.notices.iter().all(|notice| notice.is_told));
    assert_eq!(book.threads["a"], "a/1");
    assert_eq!(book.last().unwrap().detail("a"), Some("a/1"));
}

#[test]
fn the_same_words_at_another_time_are_another_notice() {
    let key = |text, second| key("i", "ana", text, at(second));
    assert_eq!(key("x", 1), key("x", 1));
    assert_ne!(key("x", 1), key("x", 2));
    assert_ne!(key("x", 1), key("y", 1));
}

#[test]
fn a_text_is_cleaned_and_must_say_something() {
    assert_eq!(fit_to_send("  a\r\nb\u{1b}[2J \n"), Ok("a\nb\\u{1b}[2J".to_owned()));
    assert_eq!(fit_to_send(" \n"), Err(TextError::Empty));
    assert_eq!(fit_to_send(&"x".repeat(9_000)), Err(TextError::TooLong(9_000)));
}
