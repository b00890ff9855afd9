use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::drill::catalogue;
use crate::http::{Body, Client, Request};

const EPOCH: i64 = 1_740_000_000;

/// A server of D1 whose time a test moves.
async fn server() -> (Server, Arc<AtomicU64>) {
    let seconds = Arc::new(AtomicU64::new(0));
    let time = Arc::clone(&seconds);
    let world = World::new(catalogue::find("d1").unwrap(), 1);
    let time: Time = Arc::new(move || Moment::from_secs(time.load(Ordering::Relaxed)));
    (Server::start(world, Timestamp::from_second(EPOCH).unwrap(), time).await.unwrap(), seconds)
}

fn url(server: &Server, path: &str) -> String {
    format!("http://{}{path}", server.address())
}

async fn sum(server: &Server) -> serde_json::Value {
    let pairs = vec![("query".to_owned(), r#"sum(http_requests_total{track="canary"})"#.to_owned())];
    let answer = Client::new().send(Request::form(url(server, "/api/v1/query"), pairs)).await.unwrap();
    answer.json().unwrap()["data"]["result"][0]["value"].clone()
}

#[tokio::test]
async fn the_world_goes_on_by_the_time_it_is_given() {
    let (server, seconds) = server().await;
    assert_eq!(sum(&server).await, serde_json::json!([EPOCH, "0"]));
    seconds.store(240, Ordering::Relaxed);
    assert_eq!(sum(&server).await, serde_json::json!([EPOCH + 240, "31"]));
}

#[tokio::test]
async fn a_get_with_a_query_string_is_the_same_as_a_form() {
    let (server, seconds) = server().await;
    seconds.store(240, Ordering::Relaxed);
    let path = "/api/v1/query?query=sum(http_requests_total%7Btrack%3D%22canary%22%7D)";
    let answer = Client::new().send(Request::get(url(&server, path))).await.unwrap();
    assert_eq!(answer.json().unwrap()["data"]["result"][0]["value"], sum(&server).await);
}

#[tokio::test]
async fn its_date_is_that_of_the_drill() {
    let (server, seconds) = server().await;
    seconds.store(90, Ordering::Relaxed);
    let client = Client::new();
    let answer = client.send(Request::get(url(&server, "/healthz"))).await.unwrap();
    assert_eq!(answer.date.map(Timestamp::as_second), Some(EPOCH + 90));
    assert_eq!(client.clock(), None, "it says nothing of this machine's clock, and forbids no rollback");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let (server, _) = server().await;
    let body = Body::Json(serde_json::Value::String("x".repeat(BODY_LIMIT)));
    let request = Request { body, ..Request::new("POST", url(&server, "/rollout")) };
    assert_eq!(Client::new().send(request).await.unwrap().status, 413);
}

#[tokio::test]
async fn it_ends_when_it_is_dropped() {
    let (server, _) = server().await;
    let (desk, address) = (server.desk().clone(), url(&server, "/healthz"));
    drop(server);
    assert_eq!(desk.with(|world| world.now()).await, None);
    assert!(Client::new().send(Request::get(address)).await.is_err());
}
