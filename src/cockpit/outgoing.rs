//! What the cockpit tells and asks people's tools: notices by their courier, and the incident's issue.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::clock::Clock;
use super::event::What;
use super::letter::Letter;
use super::mailbox::Sending;
use super::opening::Opened;
use crate::comms::source::Place;
use crate::comms::source::courier::Courier;
use crate::config::schema::Tracker;
use crate::config::trust::Permit;
use crate::evidence::Generation;
use crate::http::Client;
use crate::journal::Journal;
use crate::tracker::source as tracker;

/// How long retries of a notice go on.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Who brings notices of this incident to channels.
///
/// # Errors
/// When nobody may be told, in words for the operator.
pub fn courier(opened: &Opened, http: Client, clock: Clock, incident: &str) -> Result<Courier, String> {
    let permit = opened.permit.ok_or("hotfix.toml is not trusted: `hotfix trust` shows what it would do")?;
    let writer = opened.writer.clone()?;
    let (hide, folder, id) = (writer.clone(), opened.journal_folder.clone(), incident.to_owned());
    Ok(Courier {
        place: Place { permit, http, root: opened.root.clone(), hide: Arc::new(move |secret| hide.hide(vec![secret])) },
        recorder: Arc::new(writer),
        records: Arc::new(move || Journal::open_read_only(&folder)?.0.records(&id)),
        locks: opened.journal_folder.clone(),
        incident: incident.to_owned(),
        actor: opened.operator.clone(),
        now: Arc::new({
            let clock = clock.clone();
            move || clock.now()
        }),
        real: Arc::new(move |wait| clock.real(wait)),
        patience: PATIENCE,
        unknown_too: false,
    })
}

/// Where the tracker is asked from.
pub fn tracker_place(opened: &Opened, permit: Permit, client: Client) -> tracker::Place {
    let hide = opened.hide();
    tracker::Place { permit, client, root: opened.root.clone(), hide: Arc::new(move |secret| hide(&secret)) }
}

/// Asks the tracker for the incident's issue, again and again, and anew when the ticket is another one.
pub async fn watch_tracker(
    config: Tracker,
    place: tracker::Place,
    mut ticket: watch::Receiver<Option<String>>,
    clock: Clock,
    letters: Sending<Letter>,
) {
    let tell = |it| letters.send(Letter::Happened(What::Tracker(it)));
    let mut last = Generation(0);
    loop {
        let wanted = ticket.borrow_and_update().clone();
        let Some(wanted) = wanted else {
            if ticket.changed().await.is_err() {
                return;
            }
            continue;
        };
        let mut source = tracker::Source::new(&config, &wanted, place.clone(), last);
        loop {
            tell(source.begin());
            let observation = source.poll(clock.now()).await;
            last = source.generation();
            tell(observation);
            tokio::select! {
                () = clock.sleep(source.pause(clock.now())) => {}
                changed = ticket.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
            }
        }
    }
}
