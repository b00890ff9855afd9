use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::drill::catalogue;
use crate::drill::moment::Moment;
use crate::http::{Client, Request};

#[tokio::test]
async fn a_live_drill_serves_its_world_tells_its_news_and_leaves_nothing_behind() {
    let (live, mut news) = Live::start(catalogue::find("d1").unwrap(), 1, Tempo::running(20.0)).await.unwrap();
    let first = news.recv().await.unwrap();
    assert_eq!((first.actor.as_str(), first.secret), ("rollout", false));
    let config = std::fs::read_to_string(live.root().join("hotfix.toml")).unwrap();
    let address =
        config.split('"').find(|it| it.starts_with("http://")).unwrap().trim_end_matches("/version").to_owned();
    let answer = Client::new().send(Request::get(format!("{address}/version"))).await.unwrap();
    assert_eq!(answer.json().unwrap()["version"], "v2.4.1");
    assert!(live.state_dir().is_dir());
    assert_eq!(live.ends_at().duration_since(live.epoch()).as_mins(), 10);
    let root = live.root().to_owned();
    drop(live);
    assert!(!root.exists());
    assert!(Client::new().send(Request::get(format!("{address}/version"))).await.is_err());
}

#[tokio::test]
async fn the_report_of_the_tests_grows_in_place() {
    let seconds = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&seconds);
    let time = Arc::new(move || Moment::from_secs(clock.load(Ordering::Relaxed)));
    let site = Site::set_up(catalogue::find("d1").unwrap(), 1, Timestamp::UNIX_EPOCH, time).await.unwrap();
    let (mut report, path) = (site.report(), site.root().join("reports/unit.xml"));
    let mut sizes = Vec::new();
    for second in [0, 5, 20, 54, 55, 60] {
        seconds.store(second, Ordering::Relaxed);
        report.write().await.unwrap();
        sizes.push(std::fs::read_to_string(&path).map_or(0, |text| text.matches("<testcase").count()));
    }
    assert_eq!(sizes, [0, 0, 14, 47, 48, 48]);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.ends_with("</testsuites>\n") && text.contains(site.repository().head.as_str()));
}
