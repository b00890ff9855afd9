//! Asks how many users are affected, when the assessment is open.

use std::path::PathBuf;

use super::clock::Clock;
use super::event::What;
use super::letter::Letter;
use super::mailbox::Sending;
use crate::canary::source::Once;
use crate::config::schema::Config;
use crate::config::trust::Permit;
use crate::evidence::{Failure, Generation, Observation};
use crate::http::Client;
use crate::test_results::providers::Hide;

/// What is needed to ask.
pub struct Asking {
    /// Names who is asked, and for what.
    pub config: Config,
    /// Proof that it was trusted.
    pub permit: Permit,
    /// The client.
    pub client: Client,
    /// The root of the work tree.
    pub root: PathBuf,
    /// Takes a secret out of whatever is recorded.
    pub hide: Hide,
}

/// Asks once, and leaves the answer in the mailbox. Nothing happens where the configuration names nobody.
pub async fn ask(asking: Asking, clock: Clock, letters: Sending<Letter>) {
    // A later question has a later number.
    let generation = Generation(u64::try_from(clock.uptime().as_micros()).unwrap_or(u64::MAX));
    let tell = |it| letters.send(Letter::Happened(What::Counted(it)));
    let failed =
        |what: String| Observation::Failed(generation, Failure { what, remedy: None, at: clock.now(), retry_at: None });
    let Asking { config, permit, client, root, hide } = asking;
    if config.incident.users.is_none() {
        return;
    }
    tell(Observation::Started(generation));
    let who = tokio::task::spawn_blocking(move || Once::users(&config, permit, client, &root)).await;
    let mut once = match who {
        Ok(Ok(Some(once))) => once,
        Ok(Ok(None)) => return,
        Ok(Err(error)) => return tell(failed(format!("how many users are affected: {error}"))),
        Err(_) => return tell(failed("how many users are affected: the question broke down".into())),
    };
    once.secrets().for_each(|secret| hide(secret));
    tell(match once.ask(clock.now()).await {
        Ok(evidence) => Observation::Seen(generation, Box::new(evidence)),
        Err(failure) => Observation::Failed(generation, failure),
    });
}
