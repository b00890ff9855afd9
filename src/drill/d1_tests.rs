//! D1 against the judge: whatever the seed, the blip proves nothing, and the fault is proven in time.

use super::catalogue;
use super::evaluate::instant;
use super::moment::Moment;
use super::promql::parse;
use super::world::World;
use crate::canary::judge::{Judge, Pair, Settings, Shape, Spec};
use crate::canary::model::{Arm, Verdict};

/// Failed and all requests of a track since the start.
fn counts(world: &World, track: &str) -> (f64, f64) {
    let of = |query: &str| {
        let at_ms = world.now().secs().cast_signed() * 1000;
        instant(&parse(query).unwrap(), world.samples(), at_ms)[0].1
    };
    let all = format!(r#"sum(http_requests_total{{track="{track}"}})"#);
    let bad = format!(r#"sum(http_requests_total{{track="{track}",code=~"5.."}})"#);
    (of(&bad), of(&all))
}

fn increments(now: (f64, f64), before: (f64, f64)) -> Arm {
    Arm { bad: Some(now.0 - before.0), total: Some(now.1 - before.1) }
}

/// The second in which the judge calls the canary regressed.
fn regressed_at(seed: u64, scrape: u64) -> Option<u64> {
    let mut world = World::new(catalogue::find("d1").unwrap(), seed);
    let spec = Spec { name: "error rate".into(), critical: true, limit: None, weight: 1.0, shape: Shape::Ratio };
    let mut judge = Judge::new(spec, Settings { false_alarm: 0.05, ..Settings::default() }, 1.0);
    let mut before = ((0.0, 0.0), (0.0, 0.0));
    (scrape..=600).step_by(scrape as usize).find(|at| {
        world.advance_to(Moment::from_secs(*at));
        let now = (counts(&world, "stable"), counts(&world, "canary"));
        let pair = Pair { baseline: increments(now.0, before.0), canary: increments(now.1, before.1) };
        before = now;
        judge.take(*at as f64, &[pair]);
        judge.verdict() == Verdict::Regressed
    })
}

#[test]
fn the_verdict_of_d1_turns_after_the_fault_and_before_four_minutes() {
    for scrape in [5, 15] {
        for seed in 0..20 {
            let at = regressed_at(seed, scrape);
            assert!(at.is_some_and(|at| (160..=240).contains(&at)), "scrape {scrape}, seed {seed}: {at:?}");
        }
    }
}
