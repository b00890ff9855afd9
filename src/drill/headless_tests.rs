use std::fmt::Write as _;

use super::*;
use crate::checklist::items;
use crate::drill::catalogue;
use crate::http::{Body, Client, Request, json_at};
use crate::incident::{RollbackEnd, StepState};

/// Rooms that do the least that can be done: they ask for the weight, and take the canary out of traffic.
struct Least {
    http: Client,
    address: String,
    weight: Option<i64>,
}

impl Least {
    async fn open(site: &Site) -> Result<Self, SetupError> {
        Ok(Self { http: Client::new(), address: site.address(), weight: None })
    }

    async fn weight(&self) -> i64 {
        let answer = self.http.send(Request::get(format!("{}/rollout", self.address))).await.unwrap();
        json_at(&answer.json().unwrap(), "$.weight").unwrap().as_i64().unwrap()
    }
}

impl Rooms for Least {
    async fn look(&mut self, _now: Timestamp) -> Vec<Entry> {
        let weight = self.weight().await;
        let changed = self.weight.replace(weight) != Some(weight);
        changed.then(|| Entry::Noted { text: format!("weight {weight}") }).into_iter().collect()
    }

    async fn say(&mut self, ledger: &Arc<Ledger>, by: &str, notice: NoticeWritten) -> Result<(), String> {
        let NoticeWritten { text, next_update_at, about, .. } = notice;
        let entry = Entry::NoticeSent { channel: "drill".into(), text, next_update_at, about: Some(about) };
        ledger.record(entry.draft(INCIDENT, by, ledger.now())).map(drop).map_err(|error| error.to_string())
    }

    async fn roll_back(&mut self, ledger: &Arc<Ledger>, by: &str, _over: bool) -> Result<(), String> {
        let enter = |entry: Entry| ledger.record(entry.draft(INCIDENT, by, ledger.now())).unwrap();
        let (plan, target) = ("hash".to_owned(), "v2.4.1".to_owned());
        enter(Entry::RollbackFired { plan: plan.clone(), steps: serde_json::Value::Null, target });
        let step = |state| Entry::Step { plan: plan.clone(), index: 0, name: "weight".into(), state, detail: None };
        enter(step(StepState::Intent));
        let body = Body::Json(serde_json::json!({"weight": 0}));
        let request = Request { body, ..Request::new("POST", format!("{}/rollout", self.address)) };
        self.http.send(request).await.map_err(|error| error.to_string())?;
        enter(step(StepState::Verified));
        let end = if self.weight().await == 0 { RollbackEnd::Verified } else { RollbackEnd::IssuedNotVerified };
        enter(Entry::RollbackEnded { plan: plan.clone(), end, detail: String::new() });
        Ok(())
    }
}

async fn play(name: &str) -> Run {
    let scenario = catalogue::find("d1").unwrap();
    let path = format!("{}/tests/data/d1-{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let script = scenario.ideal.clone().filter(|_| name == "ideal");
    let script = script.unwrap_or_else(|| Script::load(path.as_ref()).unwrap());
    run(scenario, 1, &script, Least::open).await.unwrap()
}

#[tokio::test]
async fn an_ideal_run_a_negligent_one_and_a_wrong_one() {
    let (ideal, negligent, wrong) =
        (play("ideal").await.score, play("negligent").await.score, play("wrong").await.score);
    assert!(ideal.score >= 90 && ideal.passed, "{ideal:#?}");
    assert!(negligent.score <= 40 && !negligent.passed, "{negligent:#?}");
    assert!(wrong.score <= 60, "{wrong:#?}");
}

#[tokio::test]
async fn the_same_seed_and_script_give_the_same_run_to_the_byte() {
    let (first, second) = (play("ideal").await, play("ideal").await);
    assert_eq!(first.played.records, second.played.records);
    assert_eq!(serde_json::to_string(&first.score).unwrap(), serde_json::to_string(&second.score).unwrap());
}

#[tokio::test]
async fn the_rollback_is_seen_by_the_next_look() {
    let records = play("ideal").await.played.records;
    let notes: Vec<String> = records
        .iter()
        .filter(|record| record.actor == PROGRAM)
        .filter_map(|record| match Entry::of(record) {
            Some(Entry::Noted { text }) => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(notes, ["weight 5", "weight 0"]);
}

#[tokio::test]
async fn time_never_goes_back() {
    let records = play("wrong").await.played.records;
    assert!(records.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert_eq!(records[0].at, EPOCH);
}

#[tokio::test]
async fn a_script_without_actions_goes_on_to_the_end_and_scores_nothing() {
    let script = Script::parse("x.toml", "").unwrap();
    let run = run(catalogue::find("d1").unwrap(), 1, &script, Least::open).await.unwrap();
    assert_eq!(run.score.score, 0, "{:#?}", run.score.points);
    assert_eq!(run.score.timeline.last().map(|it| it.at_s), Some(420));
}

/// Rooms that see nothing, and do nothing.
struct Idle;

impl Idle {
    async fn open(_site: &Site) -> Result<Self, SetupError> {
        Ok(Self)
    }
}

impl Rooms for Idle {
    async fn look(&mut self, _now: Timestamp) -> Vec<Entry> {
        Vec::new()
    }

    async fn say(&mut self, _ledger: &Arc<Ledger>, _by: &str, _notice: NoticeWritten) -> Result<(), String> {
        Ok(())
    }

    async fn roll_back(&mut self, _ledger: &Arc<Ledger>, _by: &str, _over: bool) -> Result<(), String> {
        Ok(())
    }
}

/// Every way to win points without driving anything: all decisions, every tick, each with all the words that count.
fn cheat(scenario: &Scenario, kinds: &[&str]) -> Script {
    let words = scenario.scoring.detect.signals.iter().chain(&scenario.scoring.act.look);
    let words = words.cloned().chain(["conflict".to_owned()]).collect::<Vec<_>>().join(", ");
    let mut text = "operator = \"x\"\n".to_owned();
    for minute in [1, 3, 5, 7, 9] {
        for kind in kinds {
            match *kind {
                "decide" => {
                    for decision in ["roll-back", "hold", "fix-forward", "promote", "escalate", "close"] {
                        let _ = writeln!(
                            text,
                            "[[do]]\nat = \"{minute}m\"\naction = \"decide\"\ndecision = \"{decision}\"\nreason = \"{words}\""
                        );
                    }
                }
                "tick" => {
                    for item in items::defaults().iter().map(|item| &item.id) {
                        let _ = writeln!(
                            text,
                            "[[do]]\nat = \"{minute}m\"\naction = \"tick\"\nitem = \"{item}\"\nnote = \"{words}\""
                        );
                    }
                }
                "say" => {
                    let _ = writeln!(
                        text,
                        "[[do]]\nat = \"{minute}m\"\naction = \"say\"\ntext = \"{words}\"\nnext = \"2m\""
                    );
                    for role in ["commander", "ops", "comms"] {
                        let _ =
                            writeln!(text, "[[do]]\nat = \"20s\"\naction = \"role\"\nrole = \"{role}\"\nname = \"x\"");
                    }
                }
                _ => {}
            }
        }
    }
    Script::parse("cheat.toml", &text).unwrap()
}

#[tokio::test]
async fn whoever_drives_nothing_wins_nothing() {
    for (kinds, most) in [
        (&[] as &[&str], 0),
        (&["tick"], 40),
        (&["decide"], 40),
        (&["tick", "decide"], 50),
        (&["tick", "decide", "say"], 59),
    ] {
        for scenario in catalogue::all() {
            let (id, script) = (scenario.id.clone(), cheat(&scenario, kinds));
            let score = run(scenario, 1, &script, Idle::open).await.unwrap().score;
            assert!(score.score <= most, "{id} by {kinds:?}: {} of {most}, {:#?}", score.score, score.points);
        }
    }
}
