//! Runs of D1 for tests: its three scripts, on a console that sees what the scenario's own words say it shows.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use super::catalogue;
use super::headless::{self, EPOCH, INCIDENT, Ledger, Rooms};
use super::kept::{Kept, Played};
use super::script::Script;
use crate::incident::{Entry, NoticeWritten, RollbackEnd, StepState};
use crate::journal::Recorder;

/// What the console sees, each at its second.
struct Console(VecDeque<(i64, Entry)>);

impl Console {
    fn new() -> Self {
        let verdict = |from: &str, to: &str, why: &str| Entry::VerdictChanged {
            metric: "error rate".into(),
            from: from.into(),
            to: to.into(),
            why: why.into(),
        };
        Self(VecDeque::from([
            (11, Entry::TestsSeen { subject: None, passed: 48, failed: 0 }),
            (171, verdict("collecting", "suspect", "2 of 22 requests fail.")),
            (236, verdict("suspect", "regressed", "6 of 31 requests fail, baseline 2 of 590.")),
        ]))
    }
}

impl Rooms for Console {
    async fn look(&mut self, now: Timestamp) -> Vec<Entry> {
        let passed = now.duration_since(EPOCH).as_secs();
        let due = self.0.iter().take_while(|(at, _)| *at <= passed).count();
        self.0.drain(..due).map(|(_, entry)| entry).collect()
    }

    async fn say(&mut self, ledger: &Arc<Ledger>, by: &str, notice: NoticeWritten) -> Result<(), String> {
        let NoticeWritten { text, next_update_at, about, .. } = notice;
        let entry = Entry::NoticeSent { channel: "drill".into(), text, next_update_at, about: Some(about) };
        ledger.record(entry.draft(INCIDENT, by, ledger.now())).map(drop).map_err(|error| error.to_string())
    }

    async fn roll_back(&mut self, ledger: &Arc<Ledger>, by: &str, _over: bool) -> Result<(), String> {
        let enter = |entry: Entry| ledger.record(entry.draft(INCIDENT, by, ledger.now())).unwrap();
        let plan = || "p1a2".to_owned();
        let step = |state| Entry::Step { plan: plan(), index: 0, name: "weight to 0 %".into(), state, detail: None };
        enter(Entry::RollbackFired { plan: plan(), steps: serde_json::Value::Null, target: "v2.4.1".into() });
        enter(step(StepState::Intent));
        enter(step(StepState::Verified));
        let detail = "production runs v2.4.1".into();
        enter(Entry::RollbackEnded { plan: plan(), end: RollbackEnd::Verified, detail });
        Ok(())
    }
}

/// A run of D1 by its `ideal`, `negligent` or `wrong` script.
pub fn played(kind: &str) -> Played {
    let scenario = catalogue::find("d1").unwrap();
    let path = format!("{}/tests/data/d1-{kind}.toml", env!("CARGO_MANIFEST_DIR"));
    let script = scenario.ideal.clone().filter(|_| kind == "ideal");
    let script = script.unwrap_or_else(|| Script::load(path.as_ref()).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = headless::run(scenario, 1, &script, async |_: &_| Ok(Console::new()));
    Played { speed: Some(4.0), ..runtime.block_on(run).unwrap().played }
}

/// The same as it is kept.
pub fn run(kind: &str) -> Kept {
    let number = if kind == "ideal" { 2 } else { 7 };
    let kept = played(kind).kept(Some("payments".into()), Timestamp::UNIX_EPOCH, Some(&played("ideal")));
    Kept { id: format!("d1-bad-canary-{number}"), ..kept }
}
