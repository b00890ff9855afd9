use std::fs;

use git2::Repository;
use tempfile::TempDir;

use super::*;
use crate::rollback::executor::tests::daemon::Daemon;

/// A clone and its remote, which is a folder.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Repository::init_bare(folder.path().join("remote")).unwrap();
        let clone = Repository::init(folder.path().join("clone")).unwrap();
        let url = folder.path().join("remote").display().to_string();
        clone.remote("origin", &url).unwrap();
        Self { folder }
    }

    /// The same behind `git daemon`.
    fn behind_a_daemon() -> Option<(Daemon, Self)> {
        let desk = Self::new();
        let daemon = Daemon::start(desk.folder.path())?;
        Repository::open(desk.root()).unwrap().remote_set_url("origin", &daemon.url("remote")).unwrap();
        Some((daemon, desk))
    }

    fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("clone")
    }
}

fn lock() -> SharedLock {
    SharedLock { patience: Duration::from_secs(20), ..SharedLock::default() }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_900_000_000).unwrap()
}

fn holder(by: &str, host: &str) -> Holder {
    Holder { host: host.into(), ..Holder::here(by, "f00d", Duration::from_secs(60), now()) }
}

async fn taken(desk: &Desk, holder: &Holder) -> Taking {
    take(&desk.root(), &lock(), holder, now()).await
}

#[tokio::test]
async fn one_machine_holds_it_and_the_other_is_told_who_and_until_when() {
    let desk = Desk::new();
    let Taking::Taken(held) = taken(&desk, &holder("ben", "host2")).await else { panic!("it is free") };
    assert_eq!(held.is_mine().await, Ok(true));
    let Taking::Theirs(words) = taken(&desk, &holder("ana", "host1")).await else { panic!("it is held") };
    assert!(words.starts_with("ben on host2 rolls back since 2030-03-17T17:46:40Z, until 2030-"), "{words}");
    held.release().await;
    assert!(matches!(taken(&desk, &holder("ana", "host1")).await, Taking::Taken(_)));
}

#[tokio::test]
async fn of_two_operators_in_a_race_one_gets_it() {
    race(&Desk::new()).await;
    if let Some((_daemon, desk)) = Desk::behind_a_daemon() {
        race(&desk).await;
    }
}

async fn race(desk: &Desk) {
    for round in 0..5 {
        let (ana, ben) = (holder("ana", &format!("a{round}")), holder("ben", &format!("b{round}")));
        let both = tokio::join!(taken(desk, &ana), taken(desk, &ben));
        let mut held = [both.0, both.1].into_iter().filter_map(|taking| match taking {
            Taking::Taken(held) => Some(held),
            Taking::Theirs(_) => None,
            Taking::Unreachable(why) => panic!("{why}"),
        });
        let winner = held.next().expect("somebody gets it");
        assert!(held.next().is_none(), "both got it");
        winner.release().await;
    }
}

#[tokio::test]
async fn only_a_person_takes_it_over_and_whoever_lost_it_knows() {
    let desk = Desk::new();
    let Taking::Taken(held) = taken(&desk, &holder("ben", "host2")).await else { panic!("it is free") };
    let much_later = Timestamp::from_second(1_900_100_000).unwrap();
    let Ok(Standing::Theirs(id, words)) = standing(&desk.root(), &lock(), much_later).await else {
        panic!("it is held")
    };
    assert!(words.contains("should have been over"), "an expired one is still held: {words}");
    let root = desk.root();
    assert!(take_over(&root, &lock(), "000000000000", now()).await.unwrap_err().contains("another one: ben on host2"));
    take_over(&root, &lock(), &id.as_str()[..12], now()).await.unwrap();
    assert_eq!(held.is_mine().await, Ok(false));
    assert_eq!(take_over(&root, &lock(), id.as_str(), now()).await.unwrap_err(), "nobody holds the lock");
    let Taking::Taken(next) = taken(&desk, &holder("ana", "host1")).await else { panic!("it is free") };
    held.release().await;
    assert_eq!(next.is_mine().await, Ok(true), "who lost it does not take it away from the next one");
}

#[tokio::test]
async fn what_an_interrupted_rollback_of_this_machine_left_is_its_own() {
    let desk = Desk::new();
    let here = Holder::here("ana", "f00d", Duration::from_secs(60), now());
    let Taking::Taken(first) = taken(&desk, &here).await else { panic!("it is free") };
    let later = Holder { plan: "beef".into(), ..here };
    let Taking::Taken(again) = taken(&desk, &later).await else { panic!("it is ours") };
    assert_eq!((first.is_mine().await, again.is_mine().await), (Ok(false), Ok(true)));
}

#[tokio::test]
async fn a_remote_that_cannot_be_reached_is_said() {
    let desk = Desk::new();
    fs::remove_dir_all(desk.folder.path().join("remote")).unwrap();
    let Taking::Unreachable(why) = taken(&desk, &holder("ana", "host1")).await else { panic!("there is none") };
    assert!(why.starts_with("the lock at origin cannot be reached: "), "{why}");
    let clone = Repository::open(desk.root()).unwrap();
    clone.remote_set_url("origin", "ext::sh -c id").unwrap();
    let Taking::Unreachable(why) = taken(&desk, &holder("ana", "host1")).await else { panic!("it runs a program") };
    assert!(why.contains("could run a program"), "{why}");
}

#[tokio::test]
async fn words_from_another_machine_are_words() {
    let desk = Desk::new();
    let nasty = holder("ben\u{1b}]52;c;x\u{7}", "host\u{202e}2");
    let Taking::Taken(_held) = taken(&desk, &nasty).await else { panic!("it is free") };
    let Taking::Theirs(words) = taken(&desk, &holder("ana", "host1")).await else { panic!("it is held") };
    assert!(!words.chars().any(crate::evidence::text::is_dangerous), "{words:?}");
}
