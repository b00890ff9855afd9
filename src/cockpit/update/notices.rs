//! Notices to the stakeholders: writing one, sending it, sending it again, and the situation in a few lines.

use super::super::compose::{Compose, Written};
use super::super::damage::Damage;
use super::super::effect::Effect;
use super::super::event::Toast;
use super::super::keymap::Key;
use super::super::state::{Overlay, State};
use super::by_operator;
use crate::comms::facts::Facts;
use crate::comms::{model, situation, template};
use crate::incident::{About, DeliveryState, Entry, NoticeWritten};
use crate::journal::record::Record;

/// Opens a notice: the one that was put aside, else one that begins with the words of the stage.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    let Some(incident) = &state.incident else { return Vec::new() };
    let compose = state.ui.put_aside.take().unwrap_or_else(|| {
        let facts = Facts::of(&state.inputs(), state.checklist.standing());
        let templates = About::ALL.map(|about| template::filled(about, &state.project.config.notices, &facts));
        Box::new(Compose::new(incident, &state.comms.channels, templates))
    });
    state.ui.overlay = Overlay::Notice(compose);
    state.ui.damage.add(Damage::ALL);
    Vec::new()
}

/// Takes a key for the notice that is being written.
pub(super) fn key(state: &mut State, key: Key, mut compose: Box<Compose>) -> Vec<Effect> {
    match compose.key(key, state.now) {
        Written::Open => {
            state.ui.overlay = Overlay::Notice(compose);
            Vec::new()
        }
        Written::Aside => {
            state.ui.put_aside = Some(compose);
            state.ui.tell(Toast::info("the notice is put aside: `s` opens it again"), state.uptime);
            Vec::new()
        }
        Written::Done { text, next_update_at, channels } if channels.is_empty() => {
            let entry =
                Entry::NoticeSent { channel: "recorded".into(), text, next_update_at, about: Some(compose.about) };
            by_operator(state, entry).into_iter().collect()
        }
        Written::Done { text, next_update_at, channels } => {
            let Some(incident) = state.incident.as_ref().map(|it| it.id.clone()) else { return Vec::new() };
            let key = model::key(&incident, &state.project.operator, &text, state.now);
            state.comms.ours.insert(key.clone());
            let written = NoticeWritten { key, about: compose.about, text, next_update_at, channels };
            by_operator(state, Entry::NoticeWritten(Box::new(written))).into_iter().collect()
        }
    }
}

/// Sends the last notice again, to the channels that have not got it. Where nobody knows, a person looks first.
pub(super) fn resend(state: &mut State) -> Vec<Effect> {
    let Some(incident) = state.incident.as_ref().map(|it| it.id.clone()) else { return Vec::new() };
    let last = state.comms.book.last();
    let again = last.map(|notice| (notice.written.key.clone(), notice.to_retry(false, state.now)));
    let Some((notice, channels)) = again.filter(|(_, channels)| !channels.is_empty()) else {
        let said = "nothing to send again; where nobody knows: `hotfix say --retry --unknown-too`";
        state.ui.tell(Toast::info(said), state.uptime);
        return Vec::new();
    };
    state.ui.tell(Toast::info(format!("sending it again to {}", channels.join(", "))), state.uptime);
    state.comms.ours.insert(notice.clone());
    vec![Effect::Deliver { incident, notice, channels }]
}

/// What follows from a record: a notice of ours goes out once it is on record, and its end is told.
pub(super) fn recorded(state: &mut State, record: &Record) -> Vec<Effect> {
    match Entry::of(record) {
        Some(Entry::NoticeWritten(written)) if state.comms.ours.contains(&written.key) => {
            let NoticeWritten { key, channels, .. } = *written;
            vec![Effect::Deliver { incident: record.incident.clone(), notice: key, channels }]
        }
        Some(Entry::NoticeDelivery(delivery)) if state.comms.ours.contains(&delivery.notice) => {
            let is_bad =
                |state| matches!(state, DeliveryState::Failed | DeliveryState::Unknown | DeliveryState::Partly);
            let is_everywhere =
                state.comms.book.notice(&delivery.notice).is_some_and(|it| it.has_arrived_everywhere(state.now));
            if is_bad(delivery.state) {
                let sentence = Entry::NoticeDelivery(delivery).sentence();
                state.ui.tell(Toast::error(sentence), state.uptime);
            } else if is_everywhere {
                state.ui.tell(Toast::info("the notice reached every channel"), state.uptime);
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Copies the situation.
pub(super) fn situation(state: &mut State) -> Vec<Effect> {
    let report = situation::report_with(&state.inputs(), &state.checklist, &state.comms.book);
    state.ui.tell(Toast::info("copied: the situation, for a chat or a call"), state.uptime);
    vec![Effect::Copy(report)]
}
