//! Values that the tests of this room share.

use std::time::Duration;

use jiff::Timestamp;

use super::choice::Choice;
use super::model::{Class, Plan, Undone, Version};
use super::plan::{Contents, build};
use crate::config::schema::{Rollback, Step, Verify};
use crate::evidence::{Generation, Observation, Oid};

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_900_000_000 + seconds).unwrap()
}

pub fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

pub fn version(name: &str, digit: char) -> Version {
    Version { reference: name.into(), oid: Some(oid(digit)) }
}

pub fn undone(digit: char, summary: &str, flags: &[&str]) -> Undone {
    Undone { oid: oid(digit), summary: summary.into(), flags: flags.iter().map(|&flag| flag.into()).collect() }
}

pub fn contents() -> Contents {
    Contents {
        from: version("hotfix/checkout-502", 'b'),
        to: version("v2.4.1", 'a'),
        class: Class::Clean,
        undoes: vec![undone('b', "Retry the payment gateway", &["fix"]), undone('c', "Log the gateway's answer", &[])],
        warnings: Vec::new(),
        chosen: "seen healthy, 2030-03-16: the canary is healthy".into(),
    }
}

pub fn step(name: &str, run: &[&str]) -> Step {
    Step {
        name: name.into(),
        run: Some(run.iter().map(|&arg| arg.into()).collect()),
        http: None,
        manual: None,
        rehearse: None,
        compensate: None,
        retries: 0,
        timeout: Duration::from_secs(20),
        verify: None,
        idempotent: false,
        irreversible: false,
    }
}

pub fn verify_run(argv: &[&str]) -> Verify {
    let run = Some(argv.iter().map(|&arg| arg.into()).collect());
    Verify { run, within: Duration::from_millis(300), ..Verify::default() }
}

pub fn verify_url(url: &str, json: &str, equals: &str) -> Verify {
    Verify { run: None, url: Some(url.into()), json: Some(json.into()), equals: Some(equals.into()), ..verify_run(&[]) }
}

pub fn rollback(steps: Vec<Step>, verify: Option<Verify>) -> Rollback {
    Rollback { steps, verify, ..Rollback::default() }
}

pub fn plan_of(steps: Vec<Step>, verify: Option<Verify>) -> Plan {
    build(&rollback(steps, verify), contents(), &[]).unwrap()
}

/// The plan that pictures are made of.
pub fn plan() -> Plan {
    let deploy = step(
        "point traffic at the old version",
        &["kubectl", "set", "image", "deploy/checkout", "app=checkout:{to.version}"],
    );
    let wait = step("wait for the pods", &["kubectl", "rollout", "status", "deploy/checkout", "--timeout=60s"]);
    let verify = verify_url("https://checkout.example/version", "$.version", "{to.version}");
    plan_of(vec![deploy, wait], Some(verify))
}

pub fn seen(plan: Plan, generation: u64, at: Timestamp) -> Observation<Choice> {
    choice(Choice::of(plan), generation, at)
}

pub fn choice(choice: Choice, generation: u64, at: Timestamp) -> Observation<Choice> {
    Observation::Seen(Generation(generation), Box::new(choice.seen("git", at)))
}

/// SplitMix64: a deterministic stream of numbers.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn pick(&mut self, text: &str) -> char {
        char::from(text.as_bytes()[self.below(text.len() as u64) as usize])
    }
}
