//! What a drill without a screen costs, beside the bare world in the same run.
//!
//! `cargo bench --bench drill` plays thirty minutes of the drill that watches most (errors, latencies and memory), with the real
//! adapters over real HTTP, and then lets the same world go on for as long without anybody who looks. The design promises
//! thirty minutes in less than 3 s of wall time. Machines are noisy: the ratio is what to quote.

use std::time::Instant;

use hotfix_cockpit::drill::moment::Moment;
use hotfix_cockpit::drill::rooms::RealRooms;
use hotfix_cockpit::drill::scenario::Scenario;
use hotfix_cockpit::drill::script::Script;
use hotfix_cockpit::drill::world::World;
use hotfix_cockpit::drill::{catalogue, headless};

const MINUTES: u64 = 30;
const RUNS: usize = 3;
/// What the design promises, in seconds.
const PROMISED: f64 = 3.0;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let script = Script::parse("watch.toml", "operator = \"nobody\"").expect("a script");
    let whole = fastest(|| {
        let run = runtime.block_on(headless::run(long(), 1, &script, RealRooms::open)).expect("a run");
        run.score.timeline.len()
    });
    let bare = fastest(|| {
        let mut world = World::new(long(), 1);
        world.advance_to(Moment::from_secs(MINUTES * 60));
        world.happenings().len()
    });
    println!(
        "{MINUTES} minutes headless   {whole:.3} s   {}",
        if whole < PROMISED { "as promised" } else { "TOO SLOW" }
    );
    println!("the bare world        {bare:.3} s   ratio {:.1}", whole / bare);
}

/// The drill that watches most, for as long as the design speaks of.
fn long() -> Scenario {
    Scenario { length: Moment::from_secs(MINUTES * 60), ..catalogue::find("d2").expect("an embedded scenario") }
}

/// The fastest of some runs, in seconds.
fn fastest(mut run: impl FnMut() -> usize) -> f64 {
    let timed = (0..RUNS).map(|_| {
        let started = Instant::now();
        assert!(run() > 0, "something happens in a drill");
        started.elapsed().as_secs_f64()
    });
    timed.fold(f64::INFINITY, f64::min)
}
