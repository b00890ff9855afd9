use super::*;

fn clock(speed: f64) -> Clock {
    Clock::start(Timestamp::UNIX_EPOCH, Tempo::running(speed))
}

#[test]
fn a_pause_stops_the_time_and_another_speed_neither_loses_nor_gains_any() {
    let clock = clock(20.0);
    clock.set(Tempo { is_paused: true, ..clock.tempo() });
    let stopped = clock.passed();
    std::thread::yield_now();
    assert_eq!(clock.passed(), stopped);
    clock.set(Tempo::running(1.0));
    let (before, after) = (clock.passed(), clock.now());
    assert!(before >= stopped && before < stopped + Duration::from_secs(5), "{stopped:?} {before:?}");
    assert!(after >= Timestamp::UNIX_EPOCH + SignedDuration::try_from(before).unwrap());
}

#[test]
fn the_keys_step_through_the_speeds_and_stay_within_them() {
    let speeds = |step: fn(Tempo) -> Tempo, from: f64| {
        let mut tempo = Tempo::running(from);
        std::iter::from_fn(|| {
            tempo = step(tempo);
            Some(tempo.speed)
        })
        .take(5)
        .collect::<Vec<_>>()
    };
    assert_eq!(speeds(Tempo::faster, 1.0), [2.0, 5.0, 10.0, 20.0, 20.0]);
    assert_eq!(speeds(Tempo::slower, 12.0), [10.0, 5.0, 2.0, 1.0, 1.0]);
    assert_eq!(Tempo::running(900.0).speed, 20.0);
}

#[test]
fn the_banner_tells_what_is_not_usual() {
    assert_eq!(Tempo::running(1.0).mark(), "");
    assert_eq!(Tempo::running(5.0).mark(), " x5");
    assert_eq!(Tempo { is_paused: true, ..Tempo::running(5.0) }.mark(), " PAUSED");
}

#[tokio::test]
async fn a_sleep_ends_when_the_drill_says_so() {
    let clock = clock(20.0);
    clock.sleep(Duration::from_secs(1)).await;
    assert!(clock.passed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_sleep_outlasts_a_pause_and_another_speed_shortens_it() {
    let clock = clock(0.1);
    clock.set(Tempo { is_paused: true, ..clock.tempo() });
    let sleeper = tokio::spawn({
        let clock = clock.clone();
        async move { clock.sleep(Duration::from_secs(10)).await }
    });
    tokio::task::yield_now().await;
    assert!(!sleeper.is_finished());
    clock.set(Tempo::running(20.0));
    sleeper.await.unwrap();
    assert!(clock.passed() >= Duration::from_secs(10));
}

#[tokio::test]
async fn a_skip_ends_the_waits_that_it_leaves_behind_and_goes_only_on() {
    let clock = Clock::start(Timestamp::UNIX_EPOCH, Tempo { is_paused: true, ..Tempo::running(1.0) });
    let waiting = |clock: Clock| async move { tokio::join!(clock.skipped(), clock.sleep(Duration::from_secs(60))) };
    let waiting = tokio::spawn(waiting(clock.clone()));
    while clock.leg.receiver_count() < 2 {
        tokio::task::yield_now().await;
    }
    clock.skip_to(Moment::from_secs(90));
    waiting.await.unwrap();
    clock.skip_to(Moment::from_secs(30));
    assert_eq!((clock.moment(), clock.changes().next().await.unwrap().jumps), (Moment::from_secs(90), 1));
}

#[tokio::test]
async fn whoever_follows_hears_of_each_change() {
    let clock = clock(1.0);
    let mut changes = clock.changes();
    assert_eq!(changes.next().await.unwrap().tempo, Tempo::running(1.0), "what holds now comes first");
    clock.set(Tempo::running(5.0));
    assert_eq!(changes.next().await.unwrap().tempo, Tempo::running(5.0));
    let follower = Clock::started(Timestamp::UNIX_EPOCH, Duration::ZERO, Tempo::running(1.0));
    let mut heard = follower.changes();
    follower.follow(Duration::from_secs(90), Tempo { speed: 5.0, is_paused: true });
    assert_eq!(heard.next().await.unwrap().jumps, 1, "a clock that is far ahead was taken on");
    assert_eq!((follower.moment().secs(), follower.tempo().is_paused), (90, true));
}
