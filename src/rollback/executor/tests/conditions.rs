//! What must hold for a plan, asked of a real server, a real remote and this machine.

use super::*;
use crate::config::schema::{Rollback, Verify};
use crate::rollback::choice::{Choice, Fit, Held};
use crate::rollback::executor::survey;
use crate::rollback::fixtures::{contents, rollback};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A server whose clock says this.
async fn server_at(date: &str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/version", listener.local_addr().unwrap());
    let answer = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nv1");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 1024];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

async fn choice(bench: &Bench, way: &Rollback) -> Choice {
    let eyes = bench.executor().eyes();
    survey::choice(Some(&eyes), bench.folder.path(), way, &contents(), Timestamp::now()).await
}

fn held<'c>(choice: &'c Choice, about: &str) -> &'c Held {
    let need = choice.ways[0].needs.iter().find(|need| need.name.contains(about));
    &need.unwrap_or_else(|| panic!("{about}: {:?}", choice.ways[0].needs)).held
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_before_the_key() {
    let bench = Bench::new();
    // By that name the server counts as another machine: one on this machine has no other clock to tell of.
    let by = |url: &str| {
        let url = Some(url.replace("127.0.0.1", "0.0.0.0"));
        rollback(vec![sh("go", "true")], Some(Verify { url, allow_http: true, ..Verify::default() }))
    };
    let wrong = choice(&bench, &by(&server_at("Tue, 15 Nov 1994 08:12:31 GMT").await)).await;
    let Held::No(why) = held(&wrong, "the time") else { panic!("{wrong:?}") };
    assert!(why.contains("ahead of that of 0.0.0.0"), "{why}");
    assert!(matches!(wrong.ways[0].fit(), Fit::Unfit(_)));
    let now = jiff::fmt::rfc2822::to_string(&Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
    let right = choice(&bench, &by(&server_at(&now.replace("+0000", "GMT")).await)).await;
    assert!(matches!(held(&right, "the time"), Held::Yes(_)), "{right:?}");
    assert_eq!(right.ways[0].fit(), Fit::Fits);
}

#[tokio::test]
async fn where_no_server_tells_the_time_nobody_waits_for_it() {
    let bench = Bench::new();
    let unasked = choice(&bench, &rollback(vec![sh("go", "true")], None)).await;
    assert!(matches!(held(&unasked, "the time"), Held::Unasked(_)), "{unasked:?}");
    assert!(matches!(held(&unasked, "`sh` here"), Held::Yes(path) if path.ends_with("/sh")));
    assert_eq!(unasked.ways[0].fit(), Fit::Fits);
}

#[tokio::test]
async fn an_artifact_is_looked_for_by_the_version() {
    let bench = Bench::new();
    let look = verify_run(&["test", "-f", "{to.version}.tar"]);
    let way = Rollback { artifact: Some(look), ..rollback(vec![sh("go", "true")], None) };
    assert!(matches!(held(&choice(&bench, &way).await, "artifact"), Held::No(_)));
    std::fs::write(bench.folder.path().join("v2.4.1.tar"), "").unwrap();
    assert!(matches!(held(&choice(&bench, &way).await, "artifact"), Held::Yes(_)));
}

#[tokio::test]
async fn without_trust_nothing_is_asked_and_nothing_is_known() {
    let bench = Bench::new();
    let look = verify_run(&["sh", "-c", "touch fired"]);
    let way = Rollback { artifact: Some(look), ..rollback(vec![sh("go", "true")], None) };
    let seen = survey::choice(None, bench.folder.path(), &way, &contents(), Timestamp::now()).await;
    assert!(matches!(held(&seen, "artifact"), Held::Unknown(why) if why.contains("not trusted")));
    assert!(!bench.folder.path().join("fired").exists());
}
