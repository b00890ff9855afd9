//! Several ways back: which of them fit the present state, and which one is proposed (pure).

use std::time::Duration;

use jiff::Timestamp;

use super::model::{PLAN_TTL, Plan};
use crate::evidence::text::clean;
use crate::evidence::{Evidence, Subject};
use crate::http::Offset;

/// The ways back, the preferred one first.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Never empty.
    pub ways: Vec<Way>,
}

/// One way back.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// What the configuration calls it.
    pub name: String,
    /// Its plan, or why there is none.
    pub plan: Result<Plan, String>,
    /// What must hold in the world for it, and whether it does.
    pub needs: Vec<Needed>,
}

/// Something that must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// In a few words.
    pub name: String,
    /// Whether it does.
    pub held: Held,
}

/// Whether something holds. Each in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// It does.
    Yes(String),
    /// It does not.
    No(String),
    /// Nobody can tell.
    Unknown(String),
    /// Nobody was asked, for nothing is there to ask with: no reason to wait, and none to believe it.
    Unasked(String),
}

/// How well a way fits the present state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// Nothing speaks against it.
    Fits,
    /// Something may speak against it.
    Doubtful(String),
    /// It cannot work.
    Unfit(String),
}

impl Choice {
    /// A single way.
    pub fn of(plan: Plan) -> Self {
        Self { ways: vec![Way { name: plan.name.clone(), plan: Ok(plan), needs: Vec::new() }] }
    }

    /// The place of the proposed way: the first that fits, else the first that may, else the first.
    pub fn proposed(&self) -> usize {
        let first = |wanted: fn(&Fit) -> bool| self.ways.iter().position(|way| wanted(&way.fit()));
        let fits = first(|fit| *fit == Fit::Fits);
        fits.or_else(|| first(|fit| matches!(fit, Fit::Doubtful(_)))).unwrap_or(0)
    }

    /// The place of the way with this name.
    pub fn named(&self, name: &str) -> Option<usize> {
        self.ways.iter().position(|way| way.name == name)
    }

    /// Why the way at a place is or is not the proposed one: one sentence.
    pub fn why(&self, index: usize) -> String {
        let proposed = self.proposed();
        let words = |way: &Way| way.fit().words().map(str::to_owned);
        match self.ways.get(index) {
            None => String::new(),
            Some(way) if index != proposed => words(way).unwrap_or_else(|| "it would fit too".into()),
            Some(_) if self.ways.len() == 1 => "it is the only one".into(),
            Some(way) => {
                let passed =
                    self.ways.iter().take(index).filter_map(|way| Some(format!("{}: {}", way.name, words(way)?)));
                let passed: Vec<String> = passed.collect();
                match (words(way), passed.is_empty()) {
                    (Some(doubt), _) => format!("none fits without a doubt; here: {doubt}"),
                    (None, true) => format!("the first of {}, and nothing speaks against it", self.ways.len()),
                    (None, false) => format!("the first that fits ({})", passed.join("; ")),
                }
            }
        }
    }

    /// The choice as a piece of evidence, made at `at` for what runs then.
    pub fn seen(self, source: &str, at: Timestamp) -> Evidence<Self> {
        let from = self.ways.iter().find_map(|way| way.plan.as_ref().ok()?.from.oid.clone());
        let subject = from.map_or_else(Subject::default, Subject::commit);
        Evidence { value: self, subject, source: source.to_owned(), observed_at: at, ttl: PLAN_TTL }
    }
}

impl Way {
    /// How well it fits, with the worst reason.
    pub fn fit(&self) -> Fit {
        let plan = match &self.plan {
            Ok(plan) => plan,
            Err(why) => return Fit::Unfit(why.clone()),
        };
        let unmet = self.needs.iter().find_map(|need| match &need.held {
            Held::No(what) => Some(format!("not {}: {what}", need.name)),
            _ => None,
        });
        let untold = self.needs.iter().find_map(|need| match &need.held {
            Held::Unknown(what) => Some(format!("whether {} is unknown: {what}", need.name)),
            _ => None,
        });
        match (unmet, untold.or_else(|| plan.objection())) {
            (Some(why), _) => Fit::Unfit(why),
            (None, Some(why)) => Fit::Doubtful(why),
            (None, None) => Fit::Fits,
        }
    }
}

impl Fit {
    /// What speaks against it.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Fits => None,
            Self::Doubtful(why) | Self::Unfit(why) => Some(why),
        }
    }
}

/// How far this machine's clock may be off.
const CLOCK: Duration = Duration::from_secs(5);

/// Whether this machine has the time, by the clock of a server that it heard.
pub fn on_time(heard: Option<&Offset>) -> Held {
    let Some(Offset { server, ahead }) = heard else {
        return Held::Unasked("no server told its time yet".into());
    };
    let (seconds, server) = (ahead.unsigned_abs().as_secs_f64(), clean(server));
    if ahead.unsigned_abs() <= CLOCK {
        return Held::Yes(format!("within {} s of {server}", seconds.ceil().max(1.0)));
    }
    let way = if ahead.is_negative() { "behind" } else { "ahead of" };
    Held::No(format!("this machine's clock is {seconds:.0} s {way} that of {server}: locks and windows go by it"))
}

/// Whether a way can still be used for a commit that was made then.
pub fn in_window(window: Duration, made_at: Option<Timestamp>, now: Timestamp) -> Held {
    let hours = |duration: Duration| format!("{:.1} h", duration.as_secs_f64() / 3_600.0);
    let Some(made_at) = made_at else { return Held::Unknown("git does not tell when that commit was made".into()) };
    let age = Duration::try_from(now.duration_since(made_at)).unwrap_or_default();
    let words = format!("what runs was made {} ago, the window is {}", hours(age), hours(window));
    if age <= window { Held::Yes(words) } else { Held::No(words) }
}

#[cfg(test)]
mod tests;
