//! The running source: it tells changes by itself.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::super::fixture::Fixture;
use super::super::{Handle, Settings, start};
use crate::change::diff::{DiffKind, Shown};
use crate::change::model::{Observation, State};

struct Running {
    handle: Handle,
    receive: Receiver<Observation>,
    state: State,
}

impl Running {
    fn on(it: &Fixture) -> Self {
        let (send, receive) = channel();
        let handle = start(&it.root, Settings::default(), move |observation| {
            send.send(observation).ok();
        });
        Self { handle, receive, state: State::default() }
    }

    /// Takes observations in until something holds.
    fn until(&mut self, what: &str, holds: impl Fn(&State) -> bool) {
        while !holds(&self.state) {
            let observation = self.receive.recv_timeout(Duration::from_secs(30));
            self.state.update(observation.unwrap_or_else(|_| panic!("{what}: {:#?}", self.state)));
        }
    }
}

#[test]
fn it_follows_the_repository() {
    let it = Fixture::hotfix();
    let mut running = Running::on(&it);
    let complete = |state: &State| state.report.value().is_some_and(|report| report.rollback.is_some());
    running.until("first", |state| complete(state) && state.worktree.value().is_some());
    assert_eq!(running.state.head().unwrap().commit.unwrap().as_str(), it.id("HEAD"));

    it.write("src/cart.rs", "edited\n");
    running.until("an edit", |state| state.worktree.value().is_some_and(|it| it.unstaged == 1));
    let head = it.commit("Fix");
    running.until("a commit", |state| {
        state.head().is_some_and(|it| it.commit.is_some_and(|oid| oid.as_str() == head))
            && state.worktree.value().is_some_and(|it| it.is_clean())
    });
    it.git(&["tag", "v1.0.1"]);
    running.until("a tag", |state| {
        state.report.value().is_some_and(|report| report.production.reference.as_deref() == Some("v1.0.1"))
    });
}

#[test]
fn it_shows_a_diff_piece_by_piece() {
    let it = Fixture::hotfix();
    it.write("src/a\tb.rs", super::super::fixture::lines(3_000));
    let head = it.commit("Add much");
    let mut running = Running::on(&it);
    running.until("first", |state| state.report.value().is_some());
    running.handle.show(Shown::File("src/a b.rs".into()), 0);
    running.until("a piece", |state| state.diff.value().is_some());
    let first = running.state.diff.value().unwrap().clone();
    assert_eq!((first.lines.len(), first.more, first.hunks().count()), (2_000, true, 1));
    running.handle.show(Shown::File("src/a b.rs".into()), 2_000);
    running.until("the next piece", |state| state.diff.value().is_some_and(|diff| diff.lines.len() > 2_000));
    let second = running.state.diff.value().unwrap();
    assert_eq!((second.more, second.from), (false, 0), "it is joined to the first");
    assert_eq!(second.lines.last().unwrap().text, "line 3000");
    assert_eq!(second.lines.last().unwrap().kind, DiffKind::Added);

    let oid = crate::evidence::Oid::parse(&head).unwrap();
    running.handle.show(Shown::Commit(oid.clone()), 0);
    running.until("a commit", |state| state.diff.value().is_some_and(|diff| diff.shown == Shown::Commit(oid.clone())));
    running.handle.show(Shown::File("nowhere".into()), 0);
    running.until("a refusal", |state| state.diff.failure().is_some());
}

#[test]
fn it_outlives_the_repository_and_finds_it_again() {
    let it = Fixture::hotfix();
    let mut running = Running::on(&it);
    running.until("first", |state| state.report.value().is_some() && state.worktree.value().is_some());
    let away = it.root.with_file_name("away");
    std::fs::rename(&it.root, &away).unwrap();
    running.handle.refresh();
    running.until("gone", |state| state.report.failure().is_some() && state.worktree.failure().is_some());
    let what = &running.state.report.failure().unwrap().what;
    assert!(what.contains("is gone"), "{what}");
    assert!(running.state.report.value().is_some(), "the last value stays");
    std::fs::rename(&away, &it.root).unwrap();
    running.handle.refresh();
    running.until("back", |state| state.report.failure().is_none() && state.worktree.failure().is_none());
}

#[test]
fn it_stops_when_it_is_dropped() {
    let it = Fixture::hotfix();
    let mut running = Running::on(&it);
    running.until("first", |state| state.report.value().is_some());
    let Running { handle, receive, .. } = running;
    drop(handle);
    // Both threads let go of the sender: the channel ends rather than timing out.
    loop {
        match receive.recv_timeout(Duration::from_secs(30)) {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error, std::sync::mpsc::RecvTimeoutError::Disconnected);
                break;
            }
        }
    }
}
