use jiff::SignedDuration;

use super::*;
use crate::comms::model::Book;
use crate::incident::{About, Delivery, Entry, NoticeWritten};
use crate::journal::{Memory, Recorder};
use crate::ui::theme::Theme;

fn minute(minute: i64) -> Timestamp {
    "2026-03-01T14:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

fn channels() -> Vec<Channel> {
    let channel = |name: &str, kind| Channel { name: name.into(), kind };
    vec![channel("stakeholders", "slack"), channel("management", "email"), channel("status page", "statuspage")]
}

fn notice(key: &str, about: About, text: &str) -> Entry {
    Entry::NoticeWritten(Box::new(NoticeWritten {
        key: key.into(),
        about,
        text: text.into(),
        next_update_at: Some(minute(34)),
        channels: channels().into_iter().map(|channel| channel.name).collect(),
    }))
}

fn went(key: &str, channel: &str, state: DeliveryState, said: &str) -> Entry {
    let said = Some(said.to_owned()).filter(|said| !said.is_empty());
    let (receipt, detail) = if state.has_arrived() { (said, None) } else { (None, said) };
    let again_at = (state == DeliveryState::Waiting).then(|| minute(22) + SignedDuration::from_secs(40));
    let (notice, channel) = (key.to_owned(), channel.to_owned());
    Entry::NoticeDelivery(Box::new(Delivery { notice, channel, state, attempt: 2, receipt, detail, again_at }))
}

fn state(second: &[Entry]) -> State {
    let memory = Memory::default();
    let first = [
        notice("k1", About::Assess, "checkout-502 is affected since 13:50 UTC.\nWe are looking into it."),
        went("k1", "stakeholders", DeliveryState::Delivered, "C1 17.0001"),
        went("k1", "management", DeliveryState::Delivered, "<hotfix.k1@acme.example>, 2.0.0 queued as 4F2"),
        went("k1", "status page", DeliveryState::Delivered, "inc9"),
    ];
    let told = Entry::NoticeSent {
        channel: "recorded".into(),
        text: "told the support lead by phone".into(),
        next_update_at: None,
        about: None,
    };
    for (entry, at) in first.iter().chain([&told]).chain(second).zip([2, 2, 2, 2, 9, 21, 21, 21, 21].map(minute)) {
        memory.record(entry.draft("i1", "eve", at)).unwrap();
    }
    State {
        channels: channels(),
        book: Book::fold(&memory.records()),
        next_update_at: Some(minute(34)),
        has_incident: true,
        ..State::default()
    }
}

fn in_trouble() -> State {
    state(&[
        notice(
            "k2",
            About::Deploy,
            "We are bringing a fix for checkout-502 to production: 2 files, 31 lines of code (3f9c1e2).",
        ),
        went("k2", "stakeholders", DeliveryState::Waiting, "POST hooks.slack.com/[hidden]: too many requests (429)"),
        went("k2", "management", DeliveryState::Failed, "smtp.acme.example: connecting: connection refused"),
        went(
            "k2",
            "status page",
            DeliveryState::Unknown,
            "POST api.statuspage.io/v1/pages/p1/incidents: server error (500)",
        ),
    ])
}

fn screen(state: &State, theme: &Theme, cells: u16, now: Timestamp) -> String {
    let ctx = Ctx { now, theme };
    let title = title(state, &ctx);
    let mut lines = vec![format!("[7 Comms] {} | {}", title.subject, title.note.content)];
    let rows = (0..len(state)).map(|index| item(state, &ctx, index, cells));
    for line in head(state, &ctx, cells, 20).into_iter().chain(rows) {
        let text = line.to_string();
        assert!(width(&text) <= usize::from(cells), "too wide for {cells}: {text}");
        lines.push(text.trim_end().to_owned());
    }
    lines.push(format!("[summary] {}", summary(state, &ctx)));
    lines.join("\n")
}

#[test]
fn all_is_well_at_78() {
    insta::assert_snapshot!(screen(&state(&[]), &Theme::default(), 78, minute(22)));
}

#[test]
fn in_trouble_at_52() {
    insta::assert_snapshot!(screen(&in_trouble(), &Theme::default(), 52, minute(22)));
}

#[test]
fn in_trouble_at_158() {
    insta::assert_snapshot!(screen(&in_trouble(), &Theme::default(), 158, minute(31)));
}

#[test]
fn in_trouble_and_overdue_in_ascii() {
    insta::assert_snapshot!(screen(&in_trouble(), &Theme { ascii: true, ..Theme::default() }, 78, minute(40)));
}

#[test]
fn no_channel_and_no_incident() {
    insta::assert_snapshot!(screen(&State::default(), &Theme::default(), 78, minute(0)));
}

#[test]
fn a_notice_and_a_channel_in_full() {
    let state = in_trouble();
    let ctx = Ctx { now: minute(22), theme: &Theme::default() };
    let lines = |index| detail(&state, &ctx, index, 60).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(format!("{}\n=====\n{}", lines(3), lines(1)));
    assert!(detail(&state, &ctx, 99, 60).is_empty());
}
