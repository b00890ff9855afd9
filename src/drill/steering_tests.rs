use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::drill::catalogue;
use crate::drill::server::Server;
use crate::drill::world::World;

struct Drill {
    server: Server,
    steering: Steering,
    clock: Clock,
}

impl Drill {
    /// D1, whose clock stands still at a moment.
    async fn at(seconds: u64) -> Self {
        let scenario = catalogue::find("d1").unwrap();
        let passed = Moment::from_secs(seconds).duration();
        let clock = Clock::started(Timestamp::UNIX_EPOCH, passed, Tempo { speed: 1.0, is_paused: true });
        let time = clock.clone();
        let world = World::new(scenario.clone(), 1);
        let server = Server::start(world, Timestamp::UNIX_EPOCH, Arc::new(move || time.moment())).await.unwrap();
        let steering = Steering::new(server.desk().clone(), clock.clone(), scenario);
        Self { server, steering, clock }
    }

    async fn order(&self, order: Order) -> Result<String, String> {
        self.steering.carry_out(order, FACILITATOR).await
    }

    async fn inject(&self, words: &[&str]) -> Result<String, String> {
        self.order(Order::Inject { event: words.iter().map(|it| (*it).to_owned()).collect() }).await
    }

    /// What the timeline says of whoever steers: second, text, whether it is secret.
    async fn steered(&self) -> Vec<(u64, String, bool)> {
        let outcome = self.server.desk().with(|world| world.outcome()).await.unwrap();
        outcome.steering.into_iter().map(|it| (it.at.secs(), it.text, it.secret)).collect()
    }
}

#[tokio::test]
async fn a_pause_and_a_speed_are_on_the_timeline_at_their_second() {
    let drill = Drill::at(90).await;
    assert_eq!(drill.order(Order::Pause).await.unwrap(), "the drill is paused already");
    drill.order(Order::Resume).await.unwrap();
    assert!(!drill.clock.tempo().is_paused);
    drill.order(Order::Pause).await.unwrap();
    assert!(drill.clock.tempo().is_paused);
    drill.order(Order::Speed { speed: 4.0 }).await.unwrap();
    assert_eq!(drill.clock.tempo(), Tempo { speed: 4.0, is_paused: true });
    assert!(drill.order(Order::Speed { speed: 400.0 }).await.is_err());
    let told: Vec<String> = drill.steered().await.into_iter().map(|(_, text, _)| text).collect();
    assert_eq!(told, ["let the drill go on", "paused the drill", "set the speed to x4"]);
}

#[tokio::test]
async fn a_clock_is_taken_on_to_a_moment_and_never_back_nor_beyond_the_end() {
    let drill = Drill::at(90).await;
    let mut changes = drill.clock.changes();
    assert_eq!(changes.next().await.unwrap().jumps, 0);
    assert_eq!(drill.order(Order::Skip { to_s: 240 }).await.unwrap(), "facilitator skipped to 4:00");
    let going = changes.next().await.unwrap();
    assert_eq!((going.passed, going.jumps), (Moment::from_secs(240).duration(), 1));
    assert!(going.tempo.is_paused, "a clock that stands still does so at the new moment too");
    for (to_s, why) in [(240, "it is 4:00 already"), (30, "does not go back"), (601, "the drill ends at 10:00")] {
        let refused = drill.order(Order::Skip { to_s }).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    let world = drill.server.desk().with(|world| world.now()).await;
    assert_eq!((drill.clock.moment(), world), (Moment::from_secs(240), Some(Moment::from_secs(240))));
    assert_eq!(drill.steered().await, [(90, "skipped to 4:00".to_owned(), false)]);
}

#[tokio::test]
async fn a_fault_strikes_and_only_the_debrief_tells_who_let_it() {
    let drill = Drill::at(90).await;
    let before = drill.server.desk().with(|world| world.metrics_up()).await;
    drill.inject(&["metrics-down", "lasts=2m"]).await.unwrap();
    let after = drill.server.desk().with(|world| world.metrics_up()).await;
    assert_eq!((before, after), (Some(true), Some(false)));
    drill.inject(&["error-rate", "version=v2.4.2", "rate=0.5"]).await.unwrap();
    let secret = |text: &str| (90, text.to_owned(), true);
    let wanted = [secret("injected metrics-down lasts=2m"), secret("injected error-rate version=v2.4.2 rate=0.5")];
    assert_eq!(drill.steered().await, wanted);
}

#[tokio::test]
async fn a_message_is_what_its_sender_says() {
    let drill = Drill::at(90).await;
    drill.inject(&["message", "from=sales", "says=Can we promote?"]).await.unwrap();
    let happenings = drill.server.desk().with(|world| world.happenings().to_vec()).await.unwrap();
    let said = happenings.iter().find(|it| it.actor == "sales").unwrap();
    assert_eq!((said.text.as_str(), said.secret), ("Can we promote?", false));
}

#[tokio::test]
async fn what_makes_no_event_is_refused_in_words() {
    let drill = Drill::at(90).await;
    for (words, why) in [
        (&[][..], "write a kind of fault"),
        (&["earthquake"], "unknown variant `earthquake`"),
        (&["error-rate", "version=v9", "rate=0.5"], "no version `v9`"),
        (&["error-rate", "rate"], "no key=value"),
        (&["error-rate", "rate=much"], "invalid type"),
        (&["message", "from=sales"], "a message is"),
        (&["message", "from=facilitator", "says=x"], "a message is"),
    ] {
        let refused = drill.inject(words).await.unwrap_err();
        assert!(refused.contains(why), "{words:?}: {refused}");
    }
    assert!(drill.steered().await.is_empty());
}

#[tokio::test]
async fn a_hint_is_the_next_open_step_of_the_ideal_path_and_each_is_told_once() {
    let drill = Drill::at(320).await;
    let first = drill.order(Order::Hint { text: None }).await.unwrap();
    assert!(first.contains("decide to roll back") || first.contains("signal"), "{first}");
    let second = drill.order(Order::Hint { text: None }).await.unwrap();
    assert_ne!(first, second);
    drill.order(Order::Hint { text: Some("look at \u{1b}[2Jthe canary".into()) }).await.unwrap();
    let told = drill.steered().await;
    assert!(told.iter().all(|(at, text, secret)| *at == 320 && text.starts_with("hint: ") && !secret), "{told:?}");
    assert!(!told[2].1.contains('\u{1b}'), "{told:?}");
    while drill.order(Order::Hint { text: None }).await.is_ok() {}
    assert!(drill.order(Order::Hint { text: None }).await.unwrap_err().contains("write your own"));
}
