//! What the rollback promises in numbers, each beside a reference in the same run.
//!
//! `cargo bench --bench rollback` measures from `R` to the overlay's lines, from the letter to the first byte of the
//! first step while everything else hangs, one announcement in the journal, what a supervisor holds, and what a step
//! costs that prints `MEGABYTES` (1000 unless the environment says otherwise). Machines are noisy: the ratios are what
//! to quote.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use hotfix_cockpit::config::schema::Request;
use hotfix_cockpit::config::trust::Permit;
use hotfix_cockpit::evidence::{Generation, Observation, Oid};
use hotfix_cockpit::http::Client;
use hotfix_cockpit::incident::Entry;
use hotfix_cockpit::journal::{Journal, Recorder, Redact, Writer};
use hotfix_cockpit::rollback::choice::{Choice, Way};
use hotfix_cockpit::rollback::execution::Progress;
use hotfix_cockpit::rollback::executor::{Executor, Place};
use hotfix_cockpit::rollback::model::{Class, Plan, Step, StepAction, Undone, Version};
use hotfix_cockpit::rollback::output::Output;
use hotfix_cockpit::rollback::state::{Event, Order, State};
use hotfix_cockpit::rollback::{overlay, supervisor};
use hotfix_cockpit::ui::Ctx;
use hotfix_cockpit::ui::theme::Theme;
use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

/// How often the short things are done.
const RUNS: usize = 100;

fn main() -> ExitCode {
    // The steps of this run are supervised by this very program.
    if supervisor::is_wanted(std::env::args_os().skip(1)) {
        return supervisor::run();
    }
    overlay();
    fire();
    announce();
    supervised();
    flood();
    ExitCode::SUCCESS
}

fn oid(number: usize) -> Oid {
    Oid::parse(&format!("{number:040x}")).expect("forty digits")
}

fn plan(name: &str, steps: Vec<Step>) -> Plan {
    let version = |reference: &str, number| Version { reference: reference.into(), oid: Some(oid(number)) };
    let undone = |number: usize| Undone {
        oid: oid(number),
        summary: format!("Change number {number}"),
        flags: vec!["fix".into()],
    };
    Plan {
        name: name.into(),
        keeps_code: false,
        chosen: "seen healthy".into(),
        from: version("v2.4.2", 2),
        to: version("v2.4.1", 1),
        class: Class::Clean,
        undoes: (10..210).map(undone).collect(),
        steps,
        verify: None,
        warnings: vec!["git still points at the bad commit".into()],
    }
}

fn step(action: StepAction) -> Step {
    Step {
        name: "go back".into(),
        action,
        rehearse: None,
        compensate: None,
        retries: 0,
        timeout_s: 600.0,
        verify: None,
        idempotent: false,
        irreversible: false,
    }
}

fn sh(script: &str) -> Step {
    step(StepAction::Run(["sh", "-c", script].map(str::to_owned).to_vec()))
}

/// The median and the 99th of a hundred.
fn told(what: &str, mut times: Vec<Duration>, promise: &str) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("{what:<52} median {:8.3} ms   p99 {:8.3} ms   ({promise})", at(0.5), at(0.99));
}

fn overlay() {
    let now = Timestamp::now();
    let ways = ["flag off", "undo", "git revert"].map(|name| Way {
        name: name.into(),
        plan: Ok(plan(name, (0..20).map(|_| sh("true")).collect())),
        needs: Vec::new(),
    });
    let seen = Choice { ways: ways.into() }.seen("bench", now);
    let theme = Theme::default();
    let times = (0..RUNS).map(|run| {
        let mut state = State::default();
        state.update(Event::Plan(Observation::Seen(Generation(1), Box::new(seen.clone()))), now);
        let begun = Instant::now();
        let arm = Event::Arm { bound: vec!['R'], chance: run as u64, over: false, answer: None };
        state.update(arm, now);
        let lines = overlay::lines(&state, &Ctx { now, theme: &theme }, 158, 44);
        assert!(lines.len() > 10, "there is something to see");
        begun.elapsed()
    });
    told("R to the overlay's lines, 200 commits, 3 ways", times.collect(), "50 ms");
}

/// A journal in a folder of its own.
fn writer(folder: &Path) -> Writer {
    let (journal, _) = Journal::open(folder).expect("a journal");
    Writer::start(journal, Redact::default(), |_| {}).expect("its thread")
}

fn executor(folder: &Path, recorder: Arc<dyn Recorder>) -> Executor {
    let place = Place {
        recorder,
        incident: "bench".into(),
        actor: "ana".into(),
        http: Client::new(),
        directory: folder.to_owned(),
        state: folder.to_owned(),
        shared: None,
        hide: Arc::new(|_| {}),
        now: Arc::new(Timestamp::now),
    };
    Executor::new(Permit::for_drill(), place)
}

/// The runtime of a cockpit in which everything else hangs: requests without an answer, and threads that wait for a disk.
fn hanging(silent: &str) -> (Runtime, Arc<AtomicBool>) {
    let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(8).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let over = Arc::new(AtomicBool::new(false));
    for _ in 0..6 {
        let over = Arc::clone(&over);
        runtime.spawn_blocking(move || {
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
    }
    let client = Client::new();
    for _ in 0..50 {
        let (client, url) = (client.clone(), format!("http://{silent}/"));
        runtime.spawn(async move {
            loop {
                let _never = client.send(hotfix_cockpit::http::Request::get(&url)).await;
            }
        });
    }
    (runtime, over)
}

/// A server that takes connections, says when the first byte comes, and answers if it is to.
fn server(answers: bool) -> (String, mpsc::Receiver<Instant>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (say, came) = mpsc::channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming().flatten() {
            if answers { answer(stream, &say) } else { kept.push(stream) }
        }
    });
    (address, came)
}

fn answer(mut stream: TcpStream, say: &mpsc::Sender<Instant>) {
    use std::io::Write;
    let mut buffer = [0; 4096];
    if stream.read(&mut buffer).is_ok() {
        let _nobody_waits = say.send(Instant::now());
        let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}

fn fire() {
    let (silent, _) = server(false);
    let (address, came) = server(true);
    let (runtime, over) = hanging(&silent);
    let url = format!("http://{address}/back");
    let request = Request { method: "POST".into(), url, ..Request::default() };
    let order = Order::from(plan("http", vec![step(StepAction::Http(request))]));
    let folder = tempfile::tempdir().expect("a folder");
    let executor = executor(folder.path(), Arc::new(writer(folder.path())));
    let times = (0..RUNS).map(|_| {
        let (executor, order) = (executor.clone(), order.clone());
        let begun = Instant::now();
        let run = runtime.spawn(async move { executor.run(order, &|_| {}, &CancellationToken::new()).await });
        let first = came.recv_timeout(Duration::from_secs(10)).expect("the first byte");
        let _end = runtime.block_on(run).expect("it does not panic");
        first - begun
    });
    told("fire to the first byte, all else hanging", times.collect(), "1 s at p99");
    over.store(true, Ordering::Relaxed);
    runtime.shutdown_background();
}

fn announce() {
    let folder = tempfile::tempdir().expect("a folder");
    let writer = writer(folder.path());
    let entry = Entry::Noted { text: "step 1 is about to be issued".into() };
    let recorded = (0..RUNS).map(|_| {
        let begun = Instant::now();
        writer.record(entry.draft("bench", "ana", Timestamp::now())).expect("it is durable");
        begun.elapsed()
    });
    told("an intent in the journal", recorded.collect(), "5 ms");
    let file = std::fs::File::create(folder.path().join("bare")).expect("a file");
    let bare = (0..RUNS).map(|_| {
        use std::io::Write;
        let begun = Instant::now();
        (&file).write_all(&[0; 400]).and_then(|()| file.sync_data()).expect("it is durable");
        begun.elapsed()
    });
    told("  beside a bare write and fsync", bare.collect(), "reference");
}

fn field(status: &str, name: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim_start_matches(':').split_whitespace().next()?.parse::<f64>().ok());
    number.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}

/// The processes that this one started, with their command lines.
fn children() -> Vec<(u32, String)> {
    let me = std::process::id().to_string();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok());
    let parent = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1).map(str::to_owned))
    };
    let line = |id: u32| (id, std::fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default());
    ids.filter(|id| parent(id).as_deref() == Some(&me)).map(line).collect()
}

fn supervised() {
    let folder = tempfile::tempdir().expect("a folder");
    let executor = executor(folder.path(), Arc::new(writer(folder.path())));
    let runtime = Runtime::new().expect("a runtime");
    let script = "touch runs; while [ ! -f go ]; do sleep 0.02; done";
    let order = Order::from(plan("sh", vec![sh(script)]));
    let run = runtime.spawn(async move { executor.run(order, &|_| {}, &CancellationToken::new()).await });
    while !folder.path().join("runs").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let found = children().into_iter().find(|(_, line)| line.contains(supervisor::ARGUMENT));
    let status = found.map(|(id, _)| std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default());
    let status = status.unwrap_or_default();
    println!(
        "a supervisor: {:.1} MiB of its own, {:.1} MiB with the program's pages   (4 MiB)",
        field(&status, "RssAnon"),
        field(&status, "VmRSS")
    );
    std::fs::write(folder.path().join("go"), "").expect("it may end");
    let _end = runtime.block_on(run);
}

fn flood() {
    let megabytes = std::env::var("MEGABYTES").ok().and_then(|text| text.parse().ok()).unwrap_or(1000_u64);
    let folder = tempfile::tempdir().expect("a folder");
    let executor = executor(folder.path(), Arc::new(writer(folder.path())));
    let runtime = Runtime::new().expect("a runtime");
    let output = Arc::new(Mutex::new(Output::default()));
    let longest = Arc::new(AtomicU64::new(0));
    let (kept, slow) = (Arc::clone(&output), Arc::clone(&longest));
    // What the cockpit does with it between two frames.
    let tell = move |progress: Progress| {
        if let Progress::Output(batch) = progress {
            let begun = Instant::now();
            kept.lock().expect("nobody panics").extend(batch);
            slow.fetch_max(begun.elapsed().as_micros() as u64, Ordering::Relaxed);
        }
    };
    let script = format!("yes 'a line of what a step prints, as long as such lines are' | head -c {megabytes}000000");
    let order = Order::from(plan("sh", vec![sh(&script)]));
    let _reset = std::fs::write("/proc/self/clear_refs", "5");
    let before = field(&std::fs::read_to_string("/proc/self/status").unwrap_or_default(), "VmHWM");
    let begun = Instant::now();
    let _end = runtime.block_on(executor.run(order, &tell, &CancellationToken::new()));
    let took = begun.elapsed().as_secs_f64();
    let after = field(&std::fs::read_to_string("/proc/self/status").unwrap_or_default(), "VmHWM");
    let bare = Instant::now();
    let _reference = std::process::Command::new("sh").args(["-c", &format!("{script} > /dev/null")]).status();
    println!(
        "a step that prints {megabytes} MB: {took:.1} s (to nobody: {:.1} s), {:.1} MiB more (2 MiB), {} lines kept; \
         the longest moment that a frame waited: {:.2} ms (16 ms)",
        bare.elapsed().as_secs_f64(),
        after - before,
        output.lock().expect("nobody panics").len(),
        longest.load(Ordering::Relaxed) as f64 / 1e3
    );
}
