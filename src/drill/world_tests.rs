use proptest::prelude::*;

use super::*;
use crate::drill::catalogue;

fn world(name: &str, seed: u64) -> World {
    World::new(catalogue::find(name).unwrap(), seed)
}

/// Requests and failed ones of a track, as its instances count them.
fn counted(world: &World, track: TrackName) -> (f64, f64) {
    let of = |code: Option<&str>| -> f64 {
        let metrics = world.metrics();
        let mine = metrics.iter().filter(|(labels, _)| {
            labels["__name__"] == "http_requests_total"
                && labels["track"] == track.label()
                && code.is_none_or(|code| labels["code"] == code)
        });
        mine.map(|(_, value)| value).sum()
    };
    (of(None), of(Some("500")))
}

/// The sum of a metric of the database over the instances of a track.
fn database(world: &World, name: &str, track: TrackName) -> f64 {
    let metrics = world.metrics();
    let is_it =
        |labels: &Labels| labels["__name__"] == name && labels.get("track").map(String::as_str) == Some(track.label());
    metrics.iter().filter(|(labels, _)| is_it(labels)).map(|(_, value)| value).sum()
}

#[test]
fn the_database_goes_by_the_timeline() {
    let mut d8 = world("d8", 1);
    let mut slow = |second: u64| {
        d8.advance_to(Moment::from_secs(second));
        [TrackName::Stable, TrackName::Canary].map(|track| {
            let of = |name| database(&d8, name, track);
            of("db_slow_queries_total") / of("db_queries_total")
        })
    };
    assert!(slow(115).iter().all(|share| *share < 0.03), "well until the bank is not");
    assert!(slow(600).iter().all(|share| *share > 0.4), "both versions wait for the bank");
    let mut d5 = world("d5", 1);
    d5.advance_to(Moment::from_secs(300));
    assert_eq!(database(&d5, "db_replica_lag_seconds", TrackName::Stable), 271.0);
    d5.advance_to(Moment::from_secs(540));
    assert_eq!(database(&d5, "db_replica_lag_seconds", TrackName::Stable), 0.0);
}

#[test]
fn requests_that_find_no_connection_fail_and_the_others_are_slow() {
    let mut world = world("d8", 1);
    let version = "v2.4.2".to_owned();
    world.strike(Fault::ConnectionLeak { version, per_minute: 60.0 });
    world.advance_to(Moment::from_secs(60));
    let (requests, failed) = counted(&world, TrackName::Canary);
    assert!(failed / requests > 0.3, "{failed} of {requests}");
    assert!(counted(&world, TrackName::Stable).1 < 10.0);
    assert!(database(&world, "db_pool_timeouts_total", TrackName::Canary) > 20.0);
    world.strike(Fault::Restart { version: "v2.4.2".into() });
    world.advance_to(Moment::from_secs(62));
    assert_eq!(database(&world, "db_pool_timeouts_total", TrackName::Canary), 0.0);
}

#[test]
fn the_counts_of_d1_are_those_of_the_reference_whatever_the_seed() {
    for seed in 0..20 {
        let mut world = world("d1", seed);
        let mut seen = Vec::new();
        for (at, track) in
            [(90, TrackName::Canary), (150, TrackName::Canary), (240, TrackName::Canary), (240, TrackName::Stable)]
        {
            world.advance_to(Moment::from_secs(at));
            seen.push(counted(&world, track).1);
        }
        assert_eq!(seen, [1.0, 1.0, 6.0, 2.0], "seed {seed}");
        assert_eq!(counted(&world, TrackName::Canary), (31.0, 6.0));
        assert_eq!(counted(&world, TrackName::Stable), (590.0, 2.0));
        world.advance_to(Moment::from_secs(420));
        assert_eq!(counted(&world, TrackName::Canary), (60.0, 9.0));
    }
}

#[test]
fn the_same_seed_gives_the_same_world_and_another_seed_another_one() {
    let run = |seed| {
        let mut world = world("d1", seed);
        world.advance_to(Moment::from_secs(600));
        world.samples().clone()
    };
    assert!(run(7) == run(7));
    assert!(run(7) != run(8));
}

#[test]
fn taking_the_canary_out_of_traffic_stops_its_requests_and_another_version_its_failures() {
    let mut world = world("d1", 1);
    world.advance_to(Moment::from_secs(300));
    world.order(Order::Weight(0)).unwrap();
    let before = counted(&world, TrackName::Canary);
    world.advance_to(Moment::from_secs(360));
    assert_eq!(counted(&world, TrackName::Canary), before);
    world.order(Order::Version("v2.4.1".into())).unwrap();
    assert_eq!(counted(&world, TrackName::Canary), (0.0, 0.0), "a restart begins its counters again");
    world.order(Order::Weight(50)).unwrap();
    world.advance_to(Moment::from_secs(600));
    let (requests, failed) = counted(&world, TrackName::Canary);
    assert!(requests > 200.0 && failed < requests * 0.03, "{failed} of {requests}");
}

#[test]
fn a_bad_version_with_more_traffic_fails_more() {
    let mut world = world("d1", 1);
    world.advance_to(Moment::from_secs(300));
    world.order(Order::Weight(100)).unwrap();
    world.advance_to(Moment::from_secs(360));
    let (requests, failed) = counted(&world, TrackName::Canary);
    assert!(failed > 15.0, "{failed} of {requests}");
    assert_eq!(world.outcome().promoted_fully_at, Some(Moment::from_secs(300)));
}

#[test]
fn a_lock_takes_no_orders_until_it_is_released() {
    let mut world = world("d1", 1);
    world.strike(Fault::RolloutLocked { lasts: Moment::from_secs(30) });
    assert_eq!(world.order(Order::Weight(0)), Err(Refusal::Locked));
    world.advance_to(Moment::from_secs(30));
    assert_eq!(world.order(Order::Weight(0)), Ok(Moment::from_secs(30)));
    assert!(matches!(world.order(Order::Version("v9".into())), Err(Refusal::Senseless(_))));
}

fn to(name: &str, version: &str) -> Order {
    Order::Instance { name: name.into(), version: version.into() }
}

#[test]
fn the_lock_of_an_instance_is_taken_at_the_first_order_and_waited_for() {
    let mut world = world("d5", 1);
    world.advance_to(Moment::from_secs(60));
    assert_eq!(world.order(to("checkout-canary-1", "v2.4.1")), Ok(Moment::from_secs(60)));
    assert_eq!((world.rollout().version(TrackName::Canary), world.rollout().is_mixed()), (None, true));
    let stuck = world.order(to("checkout-canary-2", "v2.4.1"));
    assert_eq!(stuck, Err(Refusal::GaveUp(Moment::from_secs(150))));
    assert_eq!(world.held_until(), Some(Moment::from_secs(150)));
    world.advance_to(Moment::from_secs(230));
    assert_eq!(world.order(to("checkout-canary-2", "v2.4.1")), Ok(Moment::from_secs(300)), "60 + 240");
    world.advance_to(Moment::from_secs(299));
    assert_eq!(world.rollout().places()[2].version, "v2.4.2");
    world.advance_to(Moment::from_secs(300));
    assert_eq!(world.rollout().places()[2].version, "v2.4.1");
    for name in ["checkout-canary-3", "checkout-canary-4"] {
        world.order(to(name, "v2.4.1")).unwrap();
    }
    assert_eq!(world.rollout().deployed(), Some("v2.4.1"));
    assert!(matches!(world.order(to("checkout-canary-9", "v2.4.1")), Err(Refusal::Senseless(_))));
}

#[test]
fn each_instance_fails_as_its_own_version_does() {
    let mut world = world("d5", 1);
    world.order(to("checkout-canary-1", "v2.4.1")).unwrap();
    world.advance_to(Moment::from_secs(600));
    let failed = |name: &str| -> f64 {
        let metrics = world.metrics();
        let mine = metrics.iter().filter(|(it, _)| it["__name__"] == "http_requests_total" && it["instance"] == name);
        let (bad, all) = mine.fold((0.0, 0.0), |(bad, all), (it, value)| {
            (if it["code"] == "500" { bad + value } else { bad }, all + value)
        });
        bad / all
    };
    assert!(failed("checkout-canary-1") < 0.02);
    assert!((failed("checkout-canary-3") - 0.25).abs() < 0.05);
}

#[test]
fn memory_leaks_and_a_restart_hides_it() {
    let mut world = world("d1", 1);
    let memory = |world: &World| {
        let metrics = world.metrics();
        let one = |(labels, _): &&(Labels, f64)| labels["__name__"] == "process_resident_memory_bytes";
        metrics.iter().find(one).unwrap().1
    };
    let start = memory(&world);
    let leak = |slows_by| Fault::MemoryLeak { version: "v2.4.1".into(), per_minute: 0.1, slows_from: 0.2, slows_by };
    world.strike(leak(1.0));
    world.advance_to(Moment::from_secs(300));
    assert!((memory(&world) / start - 1.5).abs() < 0.01);
    world.strike(Fault::Restart { version: "v2.4.1".into() });
    assert!((memory(&world) / start - 1.0).abs() < 0.01);
}

/// The sum of a metric over the canary's instances.
fn of_canary(world: &World, metric: &str) -> f64 {
    let metrics = world.metrics();
    let mine = metrics.iter().filter(|(it, _)| it["__name__"] == metric && it["track"] == TrackName::Canary.label());
    mine.map(|(_, value)| value).sum()
}

/// The memory of an instance of D2's canary, as a share of that at the start.
fn memory_of_d2(world: &World) -> f64 {
    of_canary(world, "process_resident_memory_bytes") / (2.0 * 443.0 * 1024.0 * 1024.0)
}

#[test]
fn d2_leaks_is_killed_and_climbs_again_by_the_clock_of_the_reference() {
    let mut world = world("d2", 1);
    for (minutes, expected) in [(2, 1.0), (7, 1.06), (12, 1.12), (14, 1.144)] {
        world.advance_to(Moment::from_secs(minutes * 60));
        let seen = memory_of_d2(&world);
        assert!((seen - expected).abs() < 0.006, "{minutes}: {seen} is not about {expected}");
    }
    world.advance_to(Moment::from_secs(15 * 60 + 10));
    assert!(memory_of_d2(&world) < 1.02, "the restart masks it");
    world.advance_to(Moment::from_secs(19 * 60));
    assert!(memory_of_d2(&world) > 1.03, "and it climbs again");
    let killed = world.happenings().iter().filter(|it| it.actor == "rollout" && it.text.contains("killed")).count();
    assert_eq!(killed, 2, "each instance of the canary, once");
}

#[test]
fn d2_is_slow_by_fifteen_percent_from_twelve_minutes_on() {
    let text = include_str!("../../assets/drills/d2-slow-leak.toml");
    let twin = text.replace("slows_by = 1.15", "slows_by = 1.0");
    assert_ne!(twin, text);
    let mut slow = world("d2", 1);
    let mut usual = World::new(catalogue::parse("twin.toml", &twin).unwrap(), 1);
    let mut spent = |from: u64, to: u64| {
        let of = |world: &mut World| {
            world.advance_to(Moment::from_secs(from));
            let before = of_canary(world, "http_request_duration_seconds_sum");
            world.advance_to(Moment::from_secs(to));
            of_canary(world, "http_request_duration_seconds_sum") - before
        };
        of(&mut slow) / of(&mut usual)
    };
    // The same chance, so the same requests: whole milliseconds are all that differs.
    assert!((spent(300, 720) - 1.0).abs() < 0.001);
    assert!((spent(725, 890) - 1.15).abs() < 0.01);
    assert!((spent(910, 1000) - 1.0).abs() < 0.001, "the restart masks that too");
}

#[test]
fn what_is_secret_is_told_as_such() {
    let mut world = world("d1", 1);
    world.advance_to(Moment::from_secs(600));
    let told: Vec<&str> = world.happenings().iter().filter(|it| !it.secret).map(|it| it.actor.as_str()).collect();
    assert_eq!(told, ["rollout", "support", "sales"]);
    let texts: String = world.happenings().iter().filter(|it| !it.secret).map(|it| it.text.as_str()).collect();
    assert!(!texts.contains("begins to fail"));
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(8), cases: 24, ..Default::default() })]

    #[test]
    fn in_how_many_strides_one_goes_changes_nothing(seed in 0_u64..1000, mut stops in prop::collection::vec(0_u64..400, 0..6)) {
        let mut strides = world("d1", seed);
        stops.sort_unstable();
        for stop in stops {
            strides.advance_to(Moment::from_secs(stop));
        }
        strides.advance_to(Moment::from_secs(400));
        let mut leap = world("d1", seed);
        leap.advance_to(Moment::from_secs(400));
        prop_assert!(strides.samples() == leap.samples());
    }

    #[test]
    fn no_counter_ever_falls_without_a_restart(seed in 0_u64..1000) {
        let mut world = world("d1", seed);
        let is_counter = |labels: &Labels| {
            let ends = ["_total", "_bucket", "_sum", "_count", "_bytes"];
            ends.iter().any(|end| labels["__name__"].ends_with(end))
        };
        let counters = |world: &World| -> Vec<_> {
            world.metrics().into_iter().filter(|(labels, _)| is_counter(labels)).collect()
        };
        let mut before = counters(&world);
        for at in (30..600).step_by(30) {
            world.advance_to(Moment::from_secs(at));
            let now = counters(&world);
            prop_assert!(before.iter().zip(&now).all(|(a, b)| a.0 == b.0 && a.1 <= b.1));
            before = now;
        }
    }
}
