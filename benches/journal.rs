//! What the journal costs, each beside a reference in the same run.
//!
//! `cargo bench --bench journal` makes a journal of `EVENTS` (100,000 unless the environment says otherwise) in 200
//! incidents, and one in which all of them are one incident's; opens each as the cockpit does, up to the first full screen,
//! with the fold that an earlier opening kept and without it; records events one at a time; and writes the report of 10,000
//! events. Machines are noisy: the ratios are what to quote.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use hotfix_cockpit::cockpit::event::{Event, What};
use hotfix_cockpit::cockpit::state::{Project, State};
use hotfix_cockpit::cockpit::update::update;
use hotfix_cockpit::cockpit::view;
use hotfix_cockpit::incident::{Entry, Severity, Stage, list, recall};
use hotfix_cockpit::journal::Journal;
use hotfix_cockpit::journal::record::{Draft, GENESIS, Record, Row};
use hotfix_cockpit::report::render::{Format, render};
use hotfix_cockpit::report::{Live, Origin, Past, Report};
use hotfix_cockpit::ui::theme::Theme;
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rusqlite::{Connection, params};

const INCIDENTS: u64 = 200;
const REPORTED: usize = 10_000;

fn main() {
    let events = std::env::var("EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    for incidents in [INCIDENTS, 1] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fill(folder.path(), events, incidents);
        println!("a journal of {events} events, {incidents} incidents");
        let cold = best(5, || {
            forget(folder.path());
            open(folder.path())
        });
        let open = best(5, || open(folder.path()));
        let bare = best(5, || bare(folder.path()));
        println!("  opened, first full screen  {:8.1} ms   (promised: 300)", ms(open));
        println!("  the same without a fold    {:8.1} ms", ms(cold));
        println!("  every text read by SQLite  {:8.1} ms", ms(bare));
        println!("  ratio: {:.2} of the bare reading's time\n", open.as_secs_f64() / bare.as_secs_f64());
    }
    appends();
    report();
}

fn best(times: u32, mut run: impl FnMut() -> usize) -> Duration {
    let time = |run: &mut dyn FnMut() -> usize| {
        let started = Instant::now();
        assert!(run() > 0);
        started.elapsed()
    };
    (0..times).map(|_| time(&mut run)).min().expect("at least once")
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// What the cockpit does up to its first full screen.
fn open(folder: &Path) -> usize {
    let (journal, warnings) = Journal::open(folder).expect("a journal");
    assert!(warnings.is_empty(), "{warnings:?}");
    let known = journal.incidents().expect("readable");
    let active = list::active(&known).expect("one is open");
    let recalled = recall::recalled(&journal, &active.id).expect("readable");
    let now = Timestamp::from_second(1_760_000_000).expect("a time");
    let mut state = State::new(now, (160, 48), Project::default());
    let what = What::Recalled(Box::new(recalled));
    update(&mut state, Event { at: now, uptime: Duration::from_millis(100), hand: now, what });
    assert!(state.incident.is_some() && !state.records.is_empty());
    let mut canvas = Buffer::empty(Rect::new(0, 0, 160, 48));
    view::draw(&state, &Theme::default(), &mut canvas).len() + known.len()
}

/// Takes away what earlier openings kept.
fn forget(folder: &Path) {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let folds = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("fold-"));
    folds.for_each(|entry| fs::remove_file(entry.path()).expect("removed"));
}

/// The same file, each text of it handed over by SQLite and nothing made of it.
fn bare(folder: &Path) -> usize {
    let connection = Connection::open(folder.join("journal.db")).expect("a database");
    let mut statement = connection.prepare("SELECT * FROM record").expect("a table");
    let mut rows = statement.query([]).expect("rows");
    let mut bytes = 0;
    while let Some(row) = rows.next().expect("a row") {
        bytes +=
            (1..8).map(|column| row.get_ref(column).expect("a column").as_str().map_or(0, str::len)).sum::<usize>();
    }
    bytes
}

/// The event at a place: what an incident is made of.
fn entry(n: u64, is_first: bool) -> Entry {
    match n % 10 {
        _ if is_first => Entry::Declared {
            title: "checkout 502".into(),
            severity: Some(Severity::Sev2),
            impact_at: None,
            ticket: Some("SHOP-1".into()),
            drill: None,
        },
        1 => Entry::StageEntered { stage: Stage::ALL[(n / 10 % 4) as usize] },
        2 => Entry::TestsSeen { subject: None, passed: 1_204 + n % 3, failed: n % 2 },
        3 | 4 => Entry::VerdictChanged {
            metric: "error rate".into(),
            from: "collecting".into(),
            to: if n.is_multiple_of(4) { "healthy" } else { "suspect" }.into(),
            why: "9 of 210 against 2 of 1,890: 4.5 times the baseline (2.8 to 7.1), evidence 41,000 to 1".into(),
        },
        5 => Entry::Ticked { item: "b6".into(), note: Some("all green".into()), head: None },
        _ => Entry::Noted { text: format!("note {n}: support hears of carts that stay empty after the second try") },
    }
}

fn chain(events: u64, incidents: u64) -> Vec<Record> {
    let each = events / incidents;
    let mut prev = GENESIS.to_owned();
    let start = 1_750_000_000;
    (0..events)
        .map(|n| {
            let at = Timestamp::from_second(start + n.cast_signed() * 7).expect("a time");
            let entry = entry(n, n % each == 0);
            let draft = entry.draft(&format!("incident-{}", (n / each).min(incidents - 1)), "ana", at);
            let record = Record::chain(draft, n + 1, &prev);
            prev.clone_from(&record.hash);
            record
        })
        .collect()
}

/// Writes a journal in one go: one at a time it would take as many fsyncs.
fn fill(folder: &Path, events: u64, incidents: u64) {
    drop(Journal::open(folder).expect("a new journal"));
    let records = chain(events, incidents);
    let mut connection = Connection::open(folder.join("journal.db")).expect("a database");
    let transaction = connection.transaction().expect("a transaction");
    for record in &records {
        let Row { seq, at, incident, actor, kind, body, clock, prev_hash, hash } = Row::of(record);
        let values = params![seq.cast_signed(), at, incident, actor, kind, body, prev_hash, hash, clock];
        let sql = "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        transaction.execute(sql, values).expect("a row");
    }
    transaction.commit().expect("written");
    let last = records.last().expect("at least one");
    fs::write(folder.join("journal.head"), format!("{} {}\n", last.seq, last.hash)).expect("the head");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Events one at a time, and as many lines appended to a plain file with an fsync each.
fn appends() {
    let folder = tempfile::tempdir_in(".").expect("a folder on a real disk");
    let mut journal = Journal::open(folder.path()).expect("a journal").0;
    let mut plain = File::create(folder.path().join("plain")).expect("a file");
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for n in 0..300 {
        let draft: Draft = entry(n, n == 0).draft("a", "ana", Timestamp::UNIX_EPOCH);
        let line = draft.body.to_string();
        let started = Instant::now();
        journal.append(draft).expect("recorded");
        ours.push(started.elapsed());
        let started = Instant::now();
        plain.write_all(line.as_bytes()).and_then(|()| plain.sync_all()).expect("written");
        bare.push(started.elapsed());
    }
    let (ours, bare) = (median(ours), median(bare));
    println!("an event recorded, the median of 300");
    println!("  journal, fsynced           {:8.2} ms   (promised: 5)", ms(ours));
    println!("  one fsync of a plain file  {:8.2} ms", ms(bare));
    println!("  ratio: {:.1} fsyncs\n", ours.as_secs_f64() / bare.as_secs_f64());
}

/// The report of a long incident, and the bare reading of its records as JSON.
fn report() {
    let records = chain(REPORTED as u64, 1);
    let chain = hotfix_cockpit::journal::Verification { records: REPORTED as u64, first_bad: None, head: None };
    let (live, past, now) = (Live::default(), Past::default(), Timestamp::from_second(1_760_000_000).expect("a time"));
    let lines: Vec<_> = records.iter().map(|record| serde_json::to_string(record).expect("plain data")).collect();
    println!("the report of {REPORTED} events");
    for format in [Format::Md, Format::Html, Format::Json] {
        let ours = best(3, || {
            let origin = Origin { records: &records, chain: &chain, live: &live, past: &past, now };
            render(&Report::of(&origin).expect("a report"), format, None).expect("written").len()
        });
        println!("  {:<26} {:8.1} ms   (promised: 1000)", format!("{format:?}"), ms(ours));
    }
    let bare =
        best(3, || lines.iter().map(|line| serde_json::from_str::<Record>(line).expect("a record").kind.len()).sum());
    println!("  its records read as JSON   {:8.1} ms", ms(bare));
}
