//! Notices: nothing goes out before it is on record, and only what this cockpit wrote.

use super::*;
use crate::comms::state::Channel;
use crate::incident::{Delivery, DeliveryState};

impl Desk {
    fn with_channels(names: &[&str]) -> Self {
        let mut desk = Self::new();
        let channel = |name: &&str| Channel { name: (*name).to_owned(), kind: "webhook" };
        desk.state.comms.channels = names.iter().map(channel).collect();
        desk.declare();
        desk
    }

    /// Puts the effects on record; what follows from that.
    fn recorded(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut next = Vec::new();
        for effect in effects {
            let Effect::Record { incident, entry, .. } = effect else { panic!("{effect:?}") };
            let record = self.journal.record(entry.draft(&incident, "ana", self.state.now)).unwrap();
            next.extend(self.happen(What::Journal(Ok(record))));
        }
        next
    }

    fn delivered(&mut self, notice: &str, channel: &str, state: DeliveryState) -> Vec<Effect> {
        let incident = self.state.incident.as_ref().unwrap().id.clone();
        let (notice, channel) = (notice.to_owned(), channel.to_owned());
        let delivery = Delivery { notice, channel, state, attempt: 1, receipt: None, detail: None, again_at: None };
        let entry = Entry::NoticeDelivery(Box::new(delivery));
        let record = self.journal.record(entry.draft(&incident, "ana", self.state.now)).unwrap();
        self.happen(What::Journal(Ok(record)))
    }
}

/// The notice that an effect brings to channels.
fn brought(effects: &[Effect]) -> (String, Vec<String>) {
    let [Effect::Deliver { notice, channels, .. }] = effects else { panic!("{effects:?}") };
    (notice.clone(), channels.clone())
}

#[test]
fn a_notice_is_on_record_before_it_goes_out_and_its_end_is_told() {
    let mut desk = Desk::with_channels(&["chat", "page"]);
    assert!(desk.key("s").is_empty());
    let Overlay::Notice(compose) = &desk.state.ui.overlay else { panic!("no notice is open") };
    assert!(compose.text.starts_with("checkout-502 is affected since "), "{}", compose.text);
    let written = desk.key("ctrl-s");
    assert!(matches!(written.as_slice(), [Effect::Record { entry: Entry::NoticeWritten(_), .. }]), "{written:?}");
    let (notice, channels) = brought(&desk.recorded(written));
    assert_eq!(channels, ["chat", "page"]);
    desk.delivered(&notice, "chat", DeliveryState::Delivered);
    desk.delivered(&notice, "page", DeliveryState::Failed);
    let (toast, _) = desk.state.ui.toast.clone().unwrap();
    assert!(toast.is_error && toast.text.contains("did NOT reach page"), "{}", toast.text);
    desk.key("7");
    let (again, channels) = brought(&desk.key("x"));
    assert_eq!((again, channels), (notice.clone(), vec!["page".to_owned()]), "whom it reached is not told twice");
    desk.delivered(&notice, "page", DeliveryState::Delivered);
    assert_eq!(desk.state.ui.toast.clone().unwrap().0.text, "the notice reached every channel");
    assert!(desk.key("x").is_empty());
}

#[test]
fn a_notice_that_another_process_wrote_is_its_own_business() {
    let mut desk = Desk::with_channels(&["chat"]);
    desk.key("s");
    let written = desk.key("ctrl-s");
    desk.state.comms.ours.clear();
    assert!(desk.recorded(written).is_empty());
}

#[test]
fn a_notice_is_put_aside_and_there_again() {
    let mut desk = Desk::with_channels(&["chat"]);
    desk.key("s");
    desk.keys("!!");
    desk.key("esc");
    assert_eq!(desk.state.ui.overlay, Overlay::None);
    desk.key("s");
    let Overlay::Notice(compose) = &desk.state.ui.overlay else { panic!("no notice is open") };
    assert!(compose.text.ends_with("!!"), "{}", compose.text);
}

#[test]
fn without_channels_it_is_recorded_alone() {
    let mut desk = Desk::with_channels(&[]);
    desk.key("s");
    let effects = desk.key("ctrl-s");
    assert!(matches!(effects.as_slice(), [Effect::Record { entry: Entry::NoticeSent { .. }, .. }]), "{effects:?}");
}

#[test]
fn the_situation_is_copied_from_anywhere() {
    let mut desk = Desk::with_channels(&["chat"]);
    let effects = desk.key("Y");
    let [Effect::Copy(report)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(report.starts_with("checkout-502 (") && report.contains("readiness: "), "{report}");
}
