//! What may be done to a drill while it runs: by whoever sits at the keys, and by a facilitator.
//!
//! Everything that is done stands on the timeline, and the score mentions it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::clock::{Clock, Tempo};
use super::ideal;
use super::moment::Moment;
use super::replay::FACILITATOR;
use super::scenario::{Fault, Scenario};
use super::server::Desk;
use crate::evidence::text::{clean, fit};

/// The longest hint or message, in cells.
const TEXT_LIMIT: usize = 400;

/// Something to be done to a drill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// Stop its clock.
    Pause,
    /// Let it go on.
    Resume,
    /// Let it go at another speed.
    Speed {
        /// Seconds of the drill in a real second.
        speed: f64,
    },
    /// Take its clock on to a moment, in seconds since the start.
    Skip {
        /// Which.
        to_s: u64,
    },
    /// Tell the operator what to look at.
    Hint {
        /// In these words; without them the next step of the ideal path.
        text: Option<String>,
    },
    /// Let something happen.
    Inject {
        /// A kind of fault, or `message`, and its `key=value` pairs.
        event: Vec<String>,
    },
}

/// The one place through which a drill is steered. Clones steer the same drill.
#[derive(Debug, Clone)]
pub struct Steering {
    desk: Desk,
    clock: Clock,
    scenario: Arc<Scenario>,
    /// How many steps of the ideal path were told already.
    hinted: Arc<AtomicUsize>,
}

/// What is let happen.
#[derive(Debug, Clone, PartialEq)]
enum Injection {
    Fault(Fault),
    Message { from: String, says: String },
}

impl Steering {
    /// The way to steer the drill of this desk and clock.
    pub fn new(desk: Desk, clock: Clock, scenario: Scenario) -> Self {
        Self { desk, clock, scenario: Arc::new(scenario), hinted: Arc::default() }
    }

    /// Carries an order of `who` out. Returns what was done, in words.
    ///
    /// # Errors
    /// Why it was not done, in words.
    pub async fn carry_out(&self, order: Order, who: &str) -> Result<String, String> {
        let tempo = self.clock.tempo();
        match order {
            Order::Pause if tempo.is_paused => Ok("the drill is paused already".into()),
            Order::Pause => self.pause(who).await,
            Order::Resume if !tempo.is_paused => Ok("the drill is not paused".into()),
            Order::Resume => self.go(Tempo { is_paused: false, ..tempo }, who, "let the drill go on").await,
            Order::Speed { speed } if !(0.1..=20.0).contains(&speed) => {
                Err("a speed is a number from 0.1 to 20".into())
            }
            Order::Speed { speed } => {
                self.go(Tempo { speed, ..tempo }, who, &format!("set the speed to x{speed}")).await
            }
            Order::Skip { to_s } => self.skip(Moment::from_secs(to_s), who).await,
            Order::Hint { text } => self.hint(text, who).await,
            Order::Inject { event } => self.inject(&event, who).await,
        }
    }

    /// A rollout that is being changed would come out of step with those who wait for it in real time.
    async fn pause(&self, who: &str) -> Result<String, String> {
        if self.desk.with(|world| world.rollout().is_settled()).await == Some(false) {
            return Err("a change of the rollout is under way: pause when it is done".into());
        }
        let tempo = Tempo { is_paused: true, ..self.clock.tempo() };
        self.go(tempo, who, "paused the drill").await
    }

    async fn go(&self, tempo: Tempo, who: &str, what: &str) -> Result<String, String> {
        // On record first, at the second in which it was said.
        self.tell(who, what.to_owned(), false).await?;
        self.clock.set(tempo);
        Ok(format!("{who} {what}"))
    }

    async fn skip(&self, to: Moment, who: &str) -> Result<String, String> {
        let (now, end) = (self.clock.moment(), self.scenario.length);
        if to <= now {
            return Err(format!("it is {now} already, and a drill's clock does not go back"));
        }
        if to > end {
            return Err(format!("the drill ends at {end}"));
        }
        let what = format!("skipped to {to}");
        self.tell(who, what.clone(), false).await?;
        self.clock.skip_to(to);
        Ok(format!("{who} {what}"))
    }

    async fn hint(&self, text: Option<String>, who: &str) -> Result<String, String> {
        let text = text.map(|text| fit(clean(&text).trim(), TEXT_LIMIT)).filter(|text| !text.is_empty());
        let text = match text {
            Some(text) => text,
            None => self.next_hint().ok_or("there is no step of the ideal path left to tell: write your own")?,
        };
        self.tell(who, format!("hint: {text}"), false).await?;
        Ok(format!("told the operator: {text}"))
    }

    /// The next step of the ideal path whose time is not over; each is told once.
    fn next_hint(&self) -> Option<String> {
        let now = self.clock.moment().secs();
        let path = ideal::path(&self.scenario);
        let is_open = |step: &ideal::Step| step.lost_s.or(step.until_s).is_none_or(|end| now <= end);
        let told = self.hinted.load(Ordering::Relaxed);
        let (place, step) = path.iter().enumerate().skip(told).find(|(_, step)| is_open(step))?;
        self.hinted.store(place + 1, Ordering::Relaxed);
        Some(format!("{} ({})", step.what, step.window()))
    }

    async fn inject(&self, event: &[String], who: &str) -> Result<String, String> {
        let told = clean(&event.join(" "));
        let injection = injection(event, &self.scenario)?;
        let done = self.desk.with(move |world| match injection {
            Injection::Fault(fault) => world.strike(fault),
            Injection::Message { from, says } => world.speak(&from, says),
        });
        done.await.ok_or_else(ended)?;
        self.tell(who, format!("injected {told}"), true).await?;
        Ok(format!("injected {told}"))
    }

    async fn tell(&self, who: &str, what: String, secret: bool) -> Result<(), String> {
        let who = who.to_owned();
        self.desk.with(move |world| world.steered(&who, what, secret)).await.ok_or_else(ended)
    }

    /// How far the drill is.
    pub fn moment(&self) -> Moment {
        self.clock.moment()
    }
}

fn ended() -> String {
    "the drill has ended".to_owned()
}

/// What the words of an event mean: `error-rate version=v2.4.2 rate=0.3`, `message from=sales says=Now?`.
fn injection(event: &[String], scenario: &Scenario) -> Result<Injection, String> {
    let usage = "write a kind of fault or `message`, and its values as key=value";
    let (kind, pairs) = event.split_first().ok_or(usage)?;
    let mut values = Map::new();
    for pair in pairs {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("`{}` is no key=value: {usage}", clean(pair)))?;
        let number = value.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
        values.insert(key.to_owned(), number.map_or_else(|| Value::String(value.to_owned()), Value::Number));
    }
    if kind == "message" {
        return message(&values);
    }
    values.insert("kind".into(), Value::String(kind.clone()));
    let fault: Fault = serde_json::from_value(Value::Object(values)).map_err(|error| clean(&error.to_string()))?;
    match fault.version().filter(|version| !knows(scenario, version)) {
        Some(version) => Err(format!("the drill has no version `{}`", clean(version))),
        None => Ok(Injection::Fault(fault)),
    }
}

fn message(values: &Map<String, Value>) -> Result<Injection, String> {
    let text = |key: &str| {
        let value = values.get(key).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        value.map(|text| fit(clean(&text).trim(), TEXT_LIMIT)).filter(|text| !text.is_empty())
    };
    match (text("from"), text("says"), values.len()) {
        (Some(from), Some(says), 2) if from != FACILITATOR => Ok(Injection::Message { from, says }),
        _ => Err("a message is `message from=NAME says=\"TEXT\"`".into()),
    }
}

fn knows(scenario: &Scenario, version: &str) -> bool {
    let service = &scenario.service;
    [service.stable.version.as_str(), &service.canary.version, super::world::OLDER].contains(&version)
}

#[cfg(test)]
#[path = "steering_tests.rs"]
mod tests;
