//! Each kind of channel, down, slow, busy, broken and asked twice.

use super::*;

/// What the receivers answer where all is well: each finds in it what it looks for.
const WELL: &[u8] = br#"{"ok":true,"id":"m1","ts":"17.1","channel":"C1","dedup_key":"m1"}"#;

/// Every kind that is reached over HTTP; `URL` is where, which also stands in the secret `hook`.
const KINDS: [&str; 12] = [
    "slack = { webhook = { file = \"hook\" } }",
    "slack = { token = { file = \"token\" }, channel = \"C1\", api = \"URL\" }",
    "teams = { webhook = { file = \"hook\" } }",
    "discord = { webhook = { file = \"hook\" } }",
    "mattermost = { webhook = { file = \"hook\" } }",
    "webhook = { url = \"URL/in\" }",
    "pagerduty = { routing_key = { file = \"token\" }, api = \"URL\" }",
    "statuspage = { page = \"p\", token = { file = \"token\" }, api = \"URL\" }",
    "github = { repository = \"a/b\", issue = 1, token = { file = \"token\" }, api = \"URL\" }",
    "gitlab = { project = \"a/b\", issue = 1, token = { file = \"token\" }, url = \"URL\" }",
    "jira = { url = \"URL\", issue = \"A-1\", user = \"a@b.example\", token = { file = \"token\" }, api = \"cloud\" }",
    "jira = { url = \"URL\", issue = \"A-1\", token = { file = \"token\" }, api = \"server\" }",
];

/// A channel of a kind at an address, with its secrets in place.
fn at(world: &World, kind: &str, url: &str) -> Comms {
    for (name, value) in [("hook", format!("{url}/services/S3CRET")), ("token", "t0ken".to_owned())] {
        fs::write(world.bench.folder.path().join(name), value).unwrap();
    }
    channel(&kind.replace("URL", url))
}

/// What came of a delivery through each kind to a server with this fault, with how many requests.
async fn outcomes(fault: impl Fn() -> Fault) -> Vec<(&'static str, DeliveryState, usize, World)> {
    let mut outcomes = Vec::new();
    for kind in KINDS {
        let (world, server) = (World::new(&["all"]), Server::start(fault()).await);
        let channel = Comms { timeout: Duration::from_millis(200), ..at(&world, kind, &server.url("")) };
        let state = deliver(&world.courier(), channel).await;
        outcomes.push((kind, state, server.requests().len(), world));
    }
    outcomes
}

/// Whether the receiver tells a repetition, so that what is in doubt is repeated.
fn repeats(kind: &str) -> bool {
    kind.starts_with("pagerduty")
}

/// A server that answers the first request with this status, and the rest with success.
fn first(status: &'static str, headers: &'static str) -> Fault {
    let count = AtomicUsize::new(0);
    Fault::Reply(Arc::new(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => answer(status, headers, b"{}"),
        _ => answer("200 OK", "content-type: application/json\r\n", WELL),
    }))
}

#[test]
fn one_that_is_down_is_tried_again_and_given_up_in_words() {
    run(async {
        for kind in KINDS {
            let world = World::new(&["all"]);
            let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let down = at(&world, kind, &format!("http://{address}"));
            assert_eq!(deliver(&world.courier(), down).await, Failed, "{kind}");
            let book = Book::fold(&world.memory.records());
            let said = book.last().unwrap().detail("all").unwrap().to_owned();
            assert!(said.contains("connection refused") && said.contains("given up after attempt"), "{kind}: {said}");
            assert!(!said.contains("S3CRET"), "{said}");
            assert_eq!(world.told(), 0);
        }
    });
}

#[test]
fn one_that_is_slow_is_in_doubt_and_not_told_again() {
    run(async {
        for (kind, state, requests, _) in outcomes(|| Fault::Hang).await {
            match repeats(kind) {
                true => assert!(state == Failed && requests > 1, "{kind}: {state:?}, {requests}"),
                false => assert_eq!((state, requests), (Unknown, 1), "{kind}"),
            }
        }
    });
}

#[test]
fn one_that_is_busy_is_told_when_it_says() {
    run(async {
        for (kind, state, requests, world) in outcomes(|| first("429 Too Many Requests", "retry-after: 7\r\n")).await {
            assert_eq!((state, requests, world.told()), (Delivered, 2, 1), "{kind}");
            assert_eq!(world.waits.lock().unwrap().as_slice(), [Duration::from_secs(7)], "{kind}");
        }
    });
}

#[test]
fn one_that_breaks_is_in_doubt_and_not_told_again() {
    run(async {
        for (kind, state, requests, _) in outcomes(|| first("500 Internal Server Error", "")).await {
            let expected = if repeats(kind) { (Delivered, 2) } else { (Unknown, 1) };
            assert_eq!((state, requests), expected, "{kind}");
        }
    });
}

#[test]
fn nobody_is_told_twice_by_whoever_asks_again() {
    run(async {
        let well = answer("200 OK", "content-type: application/json\r\n", WELL);
        for kind in KINDS {
            let (world, server) = (World::new(&["all"]), Server::start(Fault::Bytes(well.clone())).await);
            let channel = at(&world, kind, &server.url(""));
            let (one, other) = (world.courier(), world.courier());
            let both = tokio::join!(deliver(&one, channel.clone()), deliver(&other, channel.clone()));
            let again = deliver(&Courier { unknown_too: true, ..world.courier() }, channel).await;
            assert_eq!((both, again), ((Delivered, Delivered), Delivered), "{kind}");
            assert_eq!((server.requests().len(), world.told()), (1, 1), "{kind}");
        }
    });
}

#[test]
fn a_command_is_no_other_channel() {
    run(async {
        for (script, state) in
            [("exit 0", Delivered), ("exit 3", Failed), ("kill -9 $$", Unknown), ("sleep 60", Unknown)]
        {
            let world = World::new(&["all"]);
            let kind = format!("command = {{ run = [\"sh\", \"-c\", \"echo once >> told; {script}\"] }}");
            let command = channel(&kind);
            assert_eq!(deliver(&world.courier(), command.clone()).await, state, "{script}");
            let again = deliver(&world.courier(), command).await;
            let told = fs::read_to_string(world.bench.folder.path().join("told")).unwrap();
            // One that said no may be asked again: it has told nobody.
            let expected = if state == Failed { "once\nonce\n" } else { "once\n" };
            assert_eq!((again, told.as_str()), (state, expected), "{script}");
        }
    });
}
