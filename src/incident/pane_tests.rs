use jiff::SignedDuration;

use super::super::entry::Correction;
use super::super::sentence::tests::every_entry;
use super::*;
use crate::journal::{Memory, Recorder};
use crate::ui::theme::Theme;

fn records() -> Vec<Record> {
    let memory = Memory::default();
    for (index, entry) in every_entry().iter().enumerate() {
        let actor = if matches!(entry, Entry::VerdictChanged { .. }) { "hotfix" } else { "ana" };
        memory.record(entry.draft("i1", actor, minute(index as i64))).unwrap();
    }
    memory.records()
}

fn minute(minute: i64) -> Timestamp {
    "2026-03-01T13:50:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

fn screen(records: &[Record], theme: &Theme, cells: u16) -> String {
    let timeline = Timeline { records, earlier: 0, zone: &TimeZone::UTC };
    let ctx = Ctx { now: minute(22), theme };
    let title = title(&timeline, &ctx);
    let mut lines = vec![format!("[6 Timeline] {} | {}", title.subject, title.note.content)];
    let rows = (0..len(&timeline)).map(|index| item(&timeline, &ctx, index, cells));
    for line in head(&timeline, &ctx, cells, 20).into_iter().chain(rows) {
        let text = line.to_string();
        assert!(width(&text) <= usize::from(cells), "too wide for {cells}: {text}");
        lines.push(text.trim_end().to_owned());
    }
    lines.push(format!("[summary] {}", summary(&timeline, &ctx)));
    lines.join("\n")
}

#[test]
fn all_kinds_at_52() {
    insta::assert_snapshot!(screen(&records(), &Theme::default(), 52));
}

#[test]
fn all_kinds_at_158() {
    insta::assert_snapshot!(screen(&records(), &Theme::default(), 158));
}

#[test]
fn all_kinds_in_ascii() {
    insta::assert_snapshot!(screen(&records(), &Theme { ascii: true, ..Theme::default() }, 78));
}

#[test]
fn nothing_on_record() {
    insta::assert_snapshot!(screen(&[], &Theme::default(), 52));
}

#[test]
fn the_detail_shows_every_field_and_the_chain() {
    let records = records();
    let timeline = Timeline { records: &records, earlier: 0, zone: &TimeZone::UTC };
    let ctx = Ctx { now: minute(22), theme: &Theme::default() };
    let lines = detail(&timeline, &ctx, 0, 78);
    let text: Vec<_> = lines.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"));
    assert!(text.iter().any(|line| line.contains(&records.last().unwrap().hash)));
    assert!(detail(&timeline, &ctx, 99, 78).is_empty());
}

#[test]
fn the_filter_finds_by_kind_actor_and_sentence() {
    let records = records();
    let timeline = Timeline { records: &records, earlier: 0, zone: &TimeZone::UTC };
    let hits = |word: &str| (0..len(&timeline)).filter(|row| searched(&timeline, *row).contains(word)).count();
    assert_eq!(hits("verdict_changed"), 1);
    assert_eq!(hits("kind:verdict_changed"), 1);
    assert_eq!(
        hits("by:hotfix"),
        (0..len(&timeline)).filter(|row| timeline.row(*row).unwrap().actor == "hotfix").count()
    );
    let at = (0..len(&timeline)).find(|row| kind(&timeline, *row) == Some("verdict_changed")).unwrap();
    assert!(!text(&timeline, at).contains("verdict_changed"), "what is copied is for people");
    assert_eq!(hits("v2.4.1"), 5);
}

/// The detail of the first record of a kind, without the fields that every record has.
fn opened(kind: &str) -> String {
    let records = records();
    let timeline = Timeline { records: &records, earlier: 0, zone: &TimeZone::UTC };
    let place = records.iter().position(|record| record.kind == kind).unwrap();
    let ctx = Ctx { now: minute(22), theme: &Theme::default() };
    let lines = detail(&timeline, &ctx, records.len() - 1 - place, 78);
    lines.iter().skip(9).map(|line| line.to_string().trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_detail_of_a_decision_is_what_was_on_the_screen() {
    insta::assert_snapshot!(opened("decided"), @r"

    on the screen then:
      the canary regressed
      open: c7
      canary    REGRESSED: error rate, 4.5 times the baseline
                fresh, prometheus, 00:00:00, of 3333333
    ");
}

#[test]
fn a_pinned_row_is_opened_with_its_evidence() {
    insta::assert_snapshot!(opened("pinned"), @r"

      canary    REGRESSED: error rate, 4.5 times the baseline
                fresh, prometheus, 00:00:00, of 3333333
    ");
}

#[test]
fn an_entry_that_was_put_right_says_so_and_stays() {
    let mut records = records();
    let declared = &records[0];
    let correction = Entry::Corrected(Correction { corrects: declared.seq, text: "checkout-503".into() });
    let memory = Memory::default();
    let correcting = memory.record(correction.draft("i1", "bob", minute(30))).unwrap();
    records.push(correcting);
    let timeline = Timeline { records: &records, earlier: 0, zone: &TimeZone::UTC };
    let ctx = Ctx { now: minute(40), theme: &Theme::default() };
    let text: Vec<_> = detail(&timeline, &ctx, records.len() - 1, 78).iter().map(ToString::to_string).collect();
    assert!(text.iter().any(|line| line.contains("bob: corrects #1: checkout-503")), "{text:?}");
    assert!(text[0].contains("declared incident checkout-502"), "{text:?}");
}
