//! Orders to a rollout: on record before they have an effect, and told by what was seen.

use super::*;
use crate::config::schema::Verify;
use crate::rollback::engine::quick;
use crate::rollback::model::StepAction;
use crate::rollback::rollout::model::Act;
use crate::rollback::rollout::state::Order;

fn order(script: &str, look: Verify) -> Order {
    let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
    Order { act: Act::Promote, step: quick("promote from 5% to 25%", argv, look), rollout: "checkout".into() }
}

async fn steered(bench: &Bench, order: &Order) -> (Option<bool>, String) {
    let steered = bench.executor().steer(order, &bench.tell()).await;
    (steered.followed, steered.words(order))
}

#[tokio::test]
async fn an_order_is_on_record_first_and_done_when_the_world_follows() {
    let bench = Bench::new();
    let (followed, words) =
        steered(&bench, &order("echo 25 > weight", verify_run(&["grep", "-q", "25", "weight"]))).await;
    assert_eq!(followed, Some(true), "{words}");
    assert!(words.starts_with("promote from 5% to 25%: seen to follow"), "{words}");
    assert_eq!(kinds(&bench.journal.records()), ["rollout_steered", "rollout_followed"]);
}

#[tokio::test]
async fn what_was_asked_for_is_never_told_as_done() {
    let bench = Bench::new();
    let (followed, words) = steered(&bench, &order("true", verify_run(&["grep", "-q", "25", "weight"]))).await;
    assert_eq!(followed, None, "the world does not follow");
    assert!(words.contains("asked for, and not seen to follow"), "{words}");
    let (followed, words) = steered(&bench, &order("echo denied >&2; exit 3", verify_run(&["true"]))).await;
    assert_eq!(followed, Some(false), "it never was asked for");
    assert!(words.contains("NOT done: it ended with 3: denied"), "{words}");
    let look = Verify { equals: Some("25".into()), fails: vec!["aborted".into()], ..verify_run(&["echo", "aborted"]) };
    let (followed, words) = steered(&bench, &order("true", look)).await;
    assert_eq!(followed, Some(false), "{words}");
    let blind = Order {
        step: Step { verify: None, ..order("true", verify_run(&["true"])).step },
        ..order("true", verify_run(&["true"]))
    };
    assert_eq!(steered(&bench, &blind).await.0, None, "nothing tells");
}

#[tokio::test]
async fn an_order_by_request_is_sent_once_and_a_refusal_is_told() {
    let server = Server::start(|asked| {
        if asked.body.contains("50") { (409, r#"{"why": "moved on"}"#) } else { (200, r#"{"weight": 25}"#) }
    })
    .await;
    let bench = Bench::new();
    let look = verify_url(&server.url("/rollout"), "$.weight", "25");
    let to = |weight: u8| {
        let json = Some(serde_json::json!({"weight": weight}));
        let request = crate::config::schema::Request {
            method: "POST".into(),
            url: server.url("/rollout"),
            json,
            ..Default::default()
        };
        let mut order = order("true", look.clone());
        order.step.action = StepAction::Http(request);
        order
    };
    assert_eq!(steered(&bench, &to(25)).await.0, Some(true));
    let (followed, words) = steered(&bench, &to(50)).await;
    assert_eq!(followed, Some(false), "{words}");
    let posts: Vec<_> = server.requests().into_iter().filter(|asked| asked.line.starts_with("POST")).collect();
    assert_eq!(posts.len(), 2, "none is repeated");
    let keys: Vec<_> = posts.iter().filter_map(|asked| asked.header("idempotency-key")).collect();
    assert_eq!(keys.len(), 2);
}
