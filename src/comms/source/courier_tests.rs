#[path = "courier_kinds_tests.rs"]
mod kinds;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::tests::{Bench, channel, run};
use super::*;
use crate::http::fault::{Fault, Server, answer};
use crate::incident::DeliveryState::{Delivered, Failed, Sending, Unknown, Waiting};
use crate::incident::{About, NoticeWritten};
use crate::journal::Memory;

/// A journal with a notice in it, and a courier whose clock does not wait.
struct World {
    memory: Arc<Memory>,
    bench: Bench,
    waits: Arc<Mutex<Vec<Duration>>>,
}

const KEY: &str = "k1";

impl World {
    fn new(channels: &[&str]) -> Self {
        let world = Self { memory: Arc::default(), bench: Bench::new(&[]), waits: Arc::default() };
        let declared =
            Entry::Declared { title: "checkout".into(), severity: None, impact_at: None, ticket: None, drill: None };
        world.enter(&declared);
        world.enter(&Entry::NoticeWritten(Box::new(NoticeWritten {
            key: KEY.into(),
            about: About::Assess,
            text: "we look".into(),
            next_update_at: None,
            channels: channels.iter().map(|&name| name.to_owned()).collect(),
        })));
        world
    }

    fn enter(&self, entry: &Entry) {
        self.memory.record(entry.draft("i", "ana", Timestamp::now())).unwrap();
    }

    fn stands(&self, state: DeliveryState) {
        let (notice, channel) = (KEY.to_owned(), "all".to_owned());
        let delivery = Delivery { notice, channel, state, attempt: 1, receipt: None, detail: None, again_at: None };
        self.enter(&Entry::NoticeDelivery(Box::new(delivery)));
    }

    fn courier(&self) -> Courier {
        let (memory, waits) = (Arc::clone(&self.memory), Arc::clone(&self.waits));
        Courier {
            place: self.bench.place(),
            recorder: Arc::clone(&self.memory) as Arc<dyn Recorder>,
            records: Arc::new(move || Ok(memory.records())),
            locks: self.bench.folder.path().to_owned(),
            incident: "i".into(),
            actor: "ana".into(),
            now: Arc::new(Timestamp::now),
            real: Arc::new(move |wait| {
                waits.lock().unwrap().push(wait);
                Duration::ZERO
            }),
            patience: Duration::from_secs(60),
            unknown_too: false,
        }
    }

    fn states(&self) -> Vec<DeliveryState> {
        let entries = self.memory.records().into_iter().filter_map(|record| Entry::of(&record));
        entries.filter_map(|entry| if let Entry::NoticeDelivery(it) = entry { Some(it.state) } else { None }).collect()
    }

    fn told(&self) -> usize {
        self.memory.records().iter().filter(|record| record.kind == "notice_sent").count()
    }
}

/// A server that answers the first requests with these lines, and the rest with success.
async fn server(first: &'static [(&'static str, &'static str)]) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(Fault::Reply(Arc::new(move |_| {
        let (status, headers) = first.get(count.fetch_add(1, Ordering::Relaxed)).copied().unwrap_or(("200 OK", ""));
        answer(status, headers, b"{\"id\":\"m1\"}")
    })))
    .await
}

fn inbox(server: &Server, more: &str) -> Comms {
    channel(&format!("webhook = {{ url = \"{}\"{more} }}", server.url("/in")))
}

async fn deliver(courier: &Courier, channel: Comms) -> DeliveryState {
    courier.deliver(KEY, vec![channel]).await.remove(0).1.unwrap()
}

#[test]
fn each_step_is_on_record_before_it_is_taken_and_the_clock_counts_one_notice() {
    run(async {
        let (world, server) = (World::new(&["all", "more"]), server(&[]).await);
        let more = Comms { name: "more".into(), ..inbox(&server, "") };
        let outcomes = world.courier().deliver(KEY, vec![inbox(&server, ""), more]).await;
        assert!(outcomes.iter().all(|(_, state)| *state == Ok(Delivered)));
        assert_eq!(outcomes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["all", "more"]);
        assert_eq!((server.requests().len(), world.told(), world.states().len()), (2, 1, 4));
        let book = Book::fold(&world.memory.records());
        assert_eq!(book.last().unwrap().detail("all"), Some("m1"));
    });
}

#[test]
fn a_receiver_that_is_busy_is_tried_again_when_it_says_with_the_same_key() {
    run(async {
        let busy = &[("429 Too Many Requests", "retry-after: 7\r\n"), ("503 Service Unavailable", "")];
        let (world, server) = (World::new(&["all"]), server(busy).await);
        assert_eq!(deliver(&world.courier(), inbox(&server, "")).await, Delivered);
        assert_eq!(world.states(), [Sending, Waiting, Sending, Waiting, Sending, Delivered]);
        let waits = world.waits.lock().unwrap().clone();
        assert_eq!(waits[0], Duration::from_secs(7));
        assert!(waits[1] <= Duration::from_secs(2), "without a word of its own the wait doubles: {waits:?}");
        assert!(server.requests().iter().all(|request| request.contains("idempotency-key: k1")));
    });
}

#[test]
fn what_may_have_arrived_is_not_sent_again_without_a_person() {
    run(async {
        let (world, server) = (World::new(&["all"]), server(&[("500 Internal Server Error", "")]).await);
        let courier = world.courier();
        assert_eq!(deliver(&courier, inbox(&server, "")).await, Unknown);
        assert_eq!(deliver(&courier, inbox(&server, "")).await, Unknown);
        assert_eq!((server.requests().len(), world.told()), (1, 0));
        let allowed = Courier { unknown_too: true, ..courier };
        assert_eq!(deliver(&allowed, inbox(&server, "")).await, Delivered);
        assert_eq!((server.requests().len(), world.told()), (2, 1));
    });
}

#[test]
fn a_person_allows_one_repetition_and_no_more() {
    run(async {
        let broken: &[_] = &[("500 Internal Server Error", ""), ("500 Internal Server Error", "")];
        let (world, server) = (World::new(&["all"]), server(broken).await);
        let courier = world.courier();
        deliver(&courier, inbox(&server, "")).await;
        assert_eq!(deliver(&Courier { unknown_too: true, ..courier }, inbox(&server, "")).await, Unknown);
        assert_eq!(server.requests().len(), 2);
    });
}

#[test]
fn a_receiver_that_tells_repetitions_is_asked_again() {
    run(async {
        let (world, server) = (World::new(&["all"]), server(&[("500 Internal Server Error", "")]).await);
        assert_eq!(deliver(&world.courier(), inbox(&server, ", idempotent = true")).await, Delivered);
        assert_eq!(server.requests().len(), 2);
    });
}

#[test]
fn what_has_arrived_is_never_sent_again() {
    run(async {
        let (world, server) = (World::new(&["all"]), server(&[]).await);
        world.stands(Delivered);
        assert_eq!(deliver(&Courier { unknown_too: true, ..world.courier() }, inbox(&server, "")).await, Delivered);
        assert!(server.requests().is_empty());
    });
}

#[test]
fn an_attempt_whose_program_died_is_in_doubt() {
    run(async {
        let (world, server) = (World::new(&["all"]), server(&[]).await);
        world.stands(Sending);
        assert_eq!(deliver(&world.courier(), inbox(&server, "")).await, Unknown);
        assert!(server.requests().is_empty());
        let world = World::new(&["all"]);
        world.stands(Sending);
        assert_eq!(deliver(&world.courier(), inbox(&server, ", idempotent = true")).await, Delivered);
    });
}

#[test]
fn two_couriers_deliver_once() {
    run(async {
        let (world, server) = (World::new(&["all"]), server(&[]).await);
        let (one, other) = (world.courier(), world.courier());
        let both = tokio::join!(deliver(&one, inbox(&server, "")), deliver(&other, inbox(&server, "")));
        assert_eq!((both, server.requests().len()), ((Delivered, Delivered), 1));
    });
}

#[test]
fn it_gives_up_in_words_and_says_how_to_go_on() {
    run(async {
        let world = World::new(&["all"]);
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let down = channel(&format!("webhook = {{ url = \"http://{address}/\" }}"));
        assert_eq!(deliver(&world.courier(), down).await, Failed);
        let book = Book::fold(&world.memory.records());
        let said = book.last().unwrap().detail("all").unwrap();
        assert!(
            said.contains("connection refused") && said.contains("given up after attempt 6, `hotfix say --retry`"),
            "{said}"
        );
        let patient = server(&[("429 Too Many Requests", "retry-after: 240\r\n")]).await;
        let world = World::new(&["all"]);
        assert_eq!(deliver(&world.courier(), inbox(&patient, "")).await, Failed);
        let book = Book::fold(&world.memory.records());
        assert!(book.last().unwrap().detail("all").unwrap().ends_with("not before 240 s"));
    });
}

#[test]
fn what_cannot_be_put_on_record_is_not_sent() {
    struct Full;
    impl Recorder for Full {
        fn record(&self, _: crate::journal::record::Draft) -> Result<Record, JournalError> {
            Err(JournalError { what: "NOT RECORDED: no space left".into() })
        }
    }
    run(async {
        let (world, server) = (World::new(&["all"]), server(&[]).await);
        let courier = Courier { recorder: Arc::new(Full), ..world.courier() };
        let outcome = courier.deliver(KEY, vec![inbox(&server, "")]).await.remove(0).1;
        assert!(outcome.unwrap_err().what.contains("no space left"));
        assert!(server.requests().is_empty());
    });
}
