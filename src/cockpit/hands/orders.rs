//! What the operator orders: tests, notices, rollbacks and the rollout, each a task that tells how it goes.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::super::clock::Clock;
use super::super::event::{Toast, What};
use super::super::letter::Letter;
use super::super::{affected, exporting, outgoing};
use super::{Engaged, Hands};
use crate::config::trust::Permit;
use crate::drill::steering::Order as Steering;
use crate::journal::writer::Writer;
use crate::rollback::execution::Progress;
use crate::rollback::executor::{Executor, Place};
use crate::rollback::rollout::state as rollout;
use crate::rollback::state::{self as rollback, Order};
use crate::test_results;
use crate::test_results::live::Progress as Ran;
use crate::test_results::providers;

impl Hands {
    pub(super) fn count_users(&self, engaged: &Engaged) {
        let Some(permit) = engaged.opened.permit else { return };
        let asking = affected::Asking {
            config: engaged.opened.config.clone(),
            permit,
            client: engaged.http.clone(),
            root: engaged.opened.root.clone(),
            hide: engaged.opened.hide(),
        };
        self.spawn(affected::ask(asking, self.clock.clone(), self.letters.clone()));
    }

    /// Runs the tests of every source that says how, one after the other. They end with the cockpit.
    pub(super) fn run_tests(&mut self) {
        let Some(engaged) = &self.engaged else { return };
        let Some(permit) = engaged.opened.permit else {
            return self.ran(Ran::Refused("hotfix.toml is not trusted: nothing that it names is run".into()));
        };
        let Some(tests) = engaged.tests.as_ref().filter(|_| engaged.opened.writer.is_ok()) else {
            return self.ran(Ran::Refused("there is no place to keep what they prove: this is no repository".into()));
        };
        let (root, state) = (engaged.opened.root.clone(), engaged.opened.journal_folder.clone());
        let place = test_results::source::here::Place { root, state };
        let sources = engaged.opened.config.tests.clone();
        let (setup, asked) = (engaged.opened.servers(&engaged.http, permit), engaged.asked.clone());
        let runs: Vec<_> = sources.iter().filter(|it| it.run.is_some()).cloned().collect();
        let (letters, look) = (self.letters.clone(), tests.bell());
        let tell = move |progress: Ran| {
            let is_over = matches!(progress, Ran::Started { .. } | Ran::Ended { .. });
            letters.send(Letter::Happened(What::TestRun(progress)));
            if is_over {
                look();
            }
        };
        self.tests_stop = CancellationToken::new();
        let stop = self.tests_stop.clone();
        self.spawn(async move {
            providers::start_all(&setup, &sources, &tell).await;
            asked.refresh();
            test_results::source::here::run_all(permit, &place, &runs, &tell, &stop).await;
        });
    }

    /// Ends the tests that run here, and asks the orgs of these sources to end what was started there.
    pub(super) fn stop_tests(&self, orgs: &[String]) {
        self.tests_stop.cancel();
        let Some(engaged) = self.engaged.as_ref().filter(|_| !orgs.is_empty()) else { return };
        let Some(permit) = engaged.opened.permit else { return };
        let sources = engaged.opened.config.tests.iter().filter(|source| orgs.contains(&source.name));
        let sources: Vec<_> = sources.cloned().collect();
        let (setup, asked) = (engaged.opened.servers(&engaged.http, permit), engaged.asked.clone());
        let letters = self.letters.clone();
        let tell = move |toast| letters.send(Letter::Happened(What::Told(toast)));
        self.spawn(async move {
            providers::cancel_all(&setup, &sources, &|said| tell(said.map_or_else(Toast::error, Toast::info))).await;
            asked.refresh();
        });
    }

    /// Writes the timeline to a file, puts that on record, and says where it is.
    pub(super) fn export(&self, engaged: &Engaged, incident: String, now: Timestamp) {
        let (opened, letters) = (&engaged.opened, self.letters.clone());
        let wanted = exporting::Wanted {
            journal: opened.journal_folder.clone(),
            incident,
            by: opened.operator.clone(),
            writer: opened.writer.clone(),
            zone: opened.zone.clone(),
            at: now,
        };
        self.spawn(async move {
            let written = tokio::task::spawn_blocking(move || exporting::write(&wanted)).await;
            let toast = written.unwrap_or_else(|error| Toast::error(error.to_string()));
            letters.send(Letter::Happened(What::Told(toast)));
        });
    }

    /// Does something to the drill, and says what came of it.
    pub(super) fn steer(&self, order: Steering, operator: String) {
        let Some(live) = &self.live else { return };
        let (steering, letters) = (live.steering().clone(), self.letters.clone());
        self.spawn(async move {
            let toast = match steering.carry_out(order, &operator).await {
                Ok(said) => Toast::info(said),
                Err(why) => Toast::error(why),
            };
            letters.send(Letter::Happened(What::Told(toast)));
        });
    }

    /// Brings a notice to channels; each step comes back by the journal.
    pub(super) fn deliver(&self, engaged: &Engaged, incident: &str, notice: String, names: &[String]) {
        let courier = outgoing::courier(&engaged.opened, engaged.http.clone(), self.clock.clone(), incident);
        let courier = match courier {
            Ok(courier) => courier,
            Err(why) => return self.tell(Toast::error(format!("nobody was told: {why}"))),
        };
        let all = engaged.opened.config.comms.iter();
        let channels = all.filter(|channel| names.contains(&channel.name)).cloned().collect();
        let letters = self.letters.clone();
        self.spawn(async move {
            for (name, outcome) in courier.deliver(&notice, channels).await {
                if let Err(error) = outcome {
                    letters.send(Letter::Happened(What::Told(Toast::error(format!("{name}: {error}")))));
                }
            }
        });
    }

    pub(super) fn rollback(&mut self, effect: rollback::Effect, incident: &str) {
        match effect {
            rollback::Effect::StopAfterStep => self.stop.cancel(),
            rollback::Effect::Fire(order) => self.fire(*order, incident),
            rollback::Effect::Steer(order) => self.steer_rollout(*order, incident),
            rollback::Effect::Record(_) => {}
        }
    }

    fn fire(&mut self, order: Order, incident: &str) {
        self.stop = CancellationToken::new();
        let letters = self.letters.clone();
        let tell = move |progress| {
            letters.send(Letter::Happened(What::Rollback(rollback::Event::Progress(progress))));
        };
        let Some((permit, place)) = self.engaged.as_ref().and_then(|it| it.place(incident, self.clock.clone())) else {
            tell(Progress::Refused("hotfix.toml is not trusted: nothing that it names is run".into()));
            return;
        };
        let (executor, stop) = (Executor::new(permit, place), self.stop.clone());
        self.spawn(async move {
            let _told_by_progress = executor.run(order, &tell, &stop).await;
        });
    }

    fn steer_rollout(&self, order: rollout::Order, incident: &str) {
        let letters = self.letters.clone();
        let say = move |event| letters.send(Letter::Happened(What::Rollback(rollback::Event::Rollout(event))));
        let Some((engaged, (permit, place))) =
            self.engaged.as_ref().and_then(|it| Some((it, it.place(incident, self.clock.clone())?)))
        else {
            return say(rollout::Event::Ended("hotfix.toml is not trusted: nothing that it names is run".into()));
        };
        let (executor, letters, again) = (Executor::new(permit, place), self.letters.clone(), engaged.rollout.clone());
        let tell = move |progress| {
            letters.send(Letter::Happened(What::Rollback(rollback::Event::Progress(progress))));
        };
        self.spawn(async move {
            let words = executor.steer(&order, &tell).await.words(&order);
            say(rollout::Event::Ended(words));
            again.notify_one();
        });
    }
}

impl Engaged {
    /// Where a rollback works; `None` while nothing may be run.
    fn place(&self, incident: &str, clock: Clock) -> Option<(Permit, Place)> {
        let permit = self.opened.permit?;
        let root = self.opened.root.clone();
        let recorder: Arc<Writer> = Arc::new(self.opened.writer.clone().ok()?);
        let journal = recorder.clone();
        let place = Place {
            recorder,
            incident: incident.to_owned(),
            actor: self.opened.operator.clone(),
            http: self.http.clone(),
            directory: root,
            state: self.opened.journal_folder.clone(),
            shared: self.opened.config.rollback.as_ref().and_then(|it| it.lock.clone()),
            now: Arc::new(move || clock.now()),
            hide: Arc::new(move |secret| journal.hide(vec![secret])),
        };
        Some((permit, place))
    }
}
