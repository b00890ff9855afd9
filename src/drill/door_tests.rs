use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use super::*;
use crate::drill::catalogue;
use crate::drill::server::Server;
use crate::drill::visit::{self, Followed, VisitError};
use crate::drill::world::World;

/// A drill that runs, as far as a visitor can tell.
struct Drill {
    clock: Clock,
    running: Running,
    door: Door,
    _server: Server,
}

async fn drill(folder: &Path, pid: u32, scenario: &str) -> Drill {
    let scenario = catalogue::find(scenario).unwrap();
    let clock = Clock::started(Timestamp::UNIX_EPOCH, Duration::from_secs(90), Tempo::running(1.0));
    let time = clock.clone();
    let world = World::new(scenario.clone(), 1);
    let server = Server::start(world, Timestamp::UNIX_EPOCH, Arc::new(move || time.moment())).await.unwrap();
    let running = Running {
        pid,
        scenario: scenario.id.clone(),
        name: scenario.name.clone(),
        started_at: Timestamp::UNIX_EPOCH,
        socket: folder.join(format!("{pid}.sock")),
        root: folder.to_owned(),
        state: folder.to_owned(),
    };
    let steering = Steering::new(server.desk().clone(), clock.clone(), scenario);
    let door = Door::open(&running, &folder.join("notes"), steering, clock.clone()).unwrap();
    Drill { clock, running, door, _server: server }
}

async fn order(running: &Running, order: Order) -> Result<String, VisitError> {
    let running = running.clone();
    tokio::task::spawn_blocking(move || running.order(order)).await.unwrap()
}

#[tokio::test]
async fn a_visitor_finds_the_drill_steers_it_and_the_note_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes");
    assert!(matches!(visit::find(&notes, None), Err(VisitError::NoneRunning)));
    let drill = drill(folder.path(), 4711, "d1").await;
    let found = visit::find(&notes, None).unwrap();
    assert_eq!(found, drill.running);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&notes), mode(&notes.join("4711.json"))), (0o700, 0o600));
    assert_eq!(order(&found, Order::Pause).await.unwrap(), "facilitator paused the drill");
    assert!(drill.clock.tempo().is_paused);
    let refused = order(&found, Order::Speed { speed: 100.0 }).await.unwrap_err();
    assert_eq!(refused.to_string(), "a speed is a number from 0.1 to 20");
    drop(drill.door);
    assert!(matches!(visit::find(&notes, None), Err(VisitError::NoneRunning)));
    assert!(!notes.join("4711.json").exists());
}

#[tokio::test]
async fn several_drills_are_told_apart_by_process_and_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes");
    let (first, _second) = (drill(folder.path(), 1, "d1").await, drill(folder.path(), 2, "d8").await);
    let told = visit::find(&notes, None).unwrap_err().to_string();
    assert!(told.contains("1 (d1-bad-canary)") && told.contains("2 (d8-upstream)"), "{told}");
    for (name, pid) in [("1", 1), ("d8", 2), ("d1-bad-canary", 1)] {
        assert_eq!(visit::find(&notes, Some(name)).unwrap().pid, pid, "{name}");
    }
    assert!(matches!(visit::find(&notes, Some("d4")), Err(VisitError::Unknown { .. })));
    let _third = drill(folder.path(), 3, "d1").await;
    assert!(matches!(visit::find(&notes, Some("d1")), Err(VisitError::Several { .. })));
    drop(first);
}

#[tokio::test]
async fn the_note_of_a_killed_drill_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes");
    let drill = drill(folder.path(), 7, "d1").await;
    let note = fs::read(notes.join("7.json")).unwrap();
    drop(drill);
    // The tasks of the door end when the runtime comes by.
    while UnixStream::connect(folder.path().join("7.sock")).await.is_ok() {
        tokio::task::yield_now().await;
    }
    fs::write(notes.join("7.json"), note).unwrap();
    assert!(matches!(visit::find(&notes, None), Err(VisitError::NoneRunning)));
    assert!(!notes.join("7.json").exists());
}

#[tokio::test]
async fn whoever_follows_has_the_same_clock_until_the_drill_ends() {
    let folder = tempfile::tempdir().unwrap();
    let drill = drill(folder.path(), 9, "d1").await;
    let followed = Followed::reach(&drill.running).await.unwrap();
    let clock = followed.clock.clone();
    assert!(clock.passed() >= Duration::from_secs(90) && !clock.tempo().is_paused);
    let mut changes = clock.changes();
    changes.next().await.unwrap();
    let keeping = tokio::spawn(followed.keep());
    drill.clock.set(Tempo { speed: 5.0, is_paused: true });
    let Going { passed, tempo, .. } = changes.next().await.unwrap();
    assert_eq!((passed, tempo), (drill.clock.passed(), drill.clock.tempo()));
    drop(drill.door);
    keeping.await.unwrap();
}

#[tokio::test]
async fn nonsense_is_answered_and_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let drill = drill(folder.path(), 5, "d1").await;
    for line in ["{}\n", "steer\n", "{\"steer\":{\"order\":\"explode\"}}\n"] {
        let mut stream = UnixStream::connect(&drill.running.socket).await.unwrap();
        stream.write_all(line.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("\"done\":false") && answer.contains("not understood"), "{answer}");
    }
    assert_eq!(drill.clock.tempo(), Tempo::running(1.0));
}
