//! Asks sources again and again, each at its own pace, and at once when somebody wants to know.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::clock::Clock;
use super::event::What;
use super::letter::Letter;
use super::mailbox::Sending;
use crate::{canary, change, checklist};

/// Polls the canary's source at its interval, and at once when asked.
pub(super) async fn watch_canary(
    mut source: canary::source::Source,
    clock: Clock,
    asked: Arc<Notify>,
    letters: Sending<Letter>,
) {
    loop {
        letters.send(Letter::Happened(What::Canary(source.begin())));
        let observation = tokio::select! {
            biased;
            // What answers after the skip is no server whose clock is ahead.
            () = clock.skipped() => continue,
            observation = source.poll(clock.now()) => observation,
        };
        letters.send(Letter::Happened(What::Canary(observation)));
        let now = clock.now();
        let wait = crate::ui::pane::until(now, source.next_at(now));
        tokio::select! {
            () = clock.sleep(wait) => {}
            () = asked.notified() => {}
        }
    }
}

/// Asks for an item of the checklist, again and again, and at once when asked.
pub(super) async fn watch_item(
    mut source: checklist::source::Source,
    clock: Clock,
    mut asked: watch::Receiver<()>,
    letters: Sending<Letter>,
) {
    let id = source.id().to_owned();
    let tell = |it| letters.send(Letter::Happened(What::Check(id.clone(), it)));
    loop {
        asked.mark_unchanged();
        tell(source.begin());
        let observation = source.poll(clock.now()).await;
        tell(observation);
        rest(&clock, &mut asked, source.pause(clock.now())).await;
    }
}

/// Asks production, or the canary, what it runs, again and again, and at once when asked.
pub(super) async fn watch_deployed(
    mut source: change::source::Deployed,
    clock: Clock,
    mut asked: watch::Receiver<()>,
    letters: Sending<Letter>,
) {
    let track = source.track();
    let tell = |it| letters.send(Letter::Happened(What::Change(change::model::Observation::Deployed(track, it))));
    loop {
        asked.mark_unchanged();
        tell(source.begin());
        let observation = source.poll(clock.now()).await;
        tell(observation);
        rest(&clock, &mut asked, source.pause(clock.now())).await;
    }
}

/// Waits for the next look, or until somebody asks.
async fn rest(clock: &Clock, asked: &mut watch::Receiver<()>, pause: Duration) {
    tokio::select! {
        () = clock.sleep(pause) => {}
        Ok(()) = asked.changed() => {}
    }
}
