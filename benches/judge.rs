//! What the judge promises in numbers: how fast it is, and how it behaves when it is looked at after every scrape.
//!
//! `cargo bench --bench judge` ends within two minutes; `-- speed` runs one part of it. Hours of 15 s scrapes are simulated with fixed seeds; false
//! alarms, delays, false passes and flips are printed, the delays beside those of a fixed-horizon test of the same size
//! and power, which may be looked at once, and of a Mann-Whitney test that is looked at as often. A promise that does
//! not hold ends the bench with an error.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hotfix_cockpit::canary::chart::chart;
use hotfix_cockpit::canary::judge::eprocess::{Counts, EProcess, FAST, Formula, NON_INFERIORITY, ROBUST};
use hotfix_cockpit::canary::judge::{Judge, Pair, Settings, Shape, Spec};
use hotfix_cockpit::canary::kayenta::rank_sum;
use hotfix_cockpit::canary::model::{Arm, MetricReport, Scrape, Verdict};
use hotfix_cockpit::canary::view::View;
use hotfix_cockpit::ui::Ctx;
use hotfix_cockpit::ui::line::put;
use hotfix_cockpit::ui::theme::Theme;
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

#[path = "judge/hour.rs"]
mod hour;

use hour::Hour;

const HOTFIX: &str = env!("CARGO_BIN_EXE_hotfix");
/// Scrapes of an hour.
const LOOKS: usize = 240;
/// Traffic in requests a second: canary, baseline.
const TRAFFIC: [(f64, f64); 5] = [(1.0, 9.0), (1.0, 1.0), (10.0, 90.0), (10.0, 10.0), (100.0, 900.0)];

/// A part of the bench: its name, and what it does.
type Part = (&'static str, fn(&mut Promises));

fn main() {
    let started = Instant::now();
    let mut broken = Promises::default();
    let parts: [Part; 6] = [
        ("speed", speed),
        ("alarms", false_alarms),
        ("violations", violations),
        ("delays", delays),
        ("passes", passes),
        ("flips", flips),
    ];
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            part(&mut broken);
        }
    }
    println!("\n{:.0} s in all", started.elapsed().as_secs_f64());
    broken.end();
}

/// Promises that did not hold.
#[derive(Default)]
struct Promises(Vec<String>);

impl Promises {
    fn hold(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.0.push(what.into());
        }
    }

    fn end(self) {
        if !self.0.is_empty() {
            eprintln!("\nnot kept:\n  {}", self.0.join("\n  "));
            std::process::exit(1);
        }
        println!("every promise is kept");
    }
}

fn spec() -> Spec {
    Spec { name: "errors".into(), critical: true, limit: None, weight: 1.0, shape: Shape::Ratio }
}

fn speed(promises: &mut Promises) {
    println!("speed");
    let hour = Hour::healthy(10.0, 90.0);
    let scrapes: Vec<Pair> = hour.counts(7).iter().map(|c| pair(c, 2.0)).collect();
    let rounds = 200;
    let started = Instant::now();
    for _ in 0..rounds {
        let mut judge = Judge::new(spec(), Settings::default(), 1.0);
        for (index, scrape) in scrapes.iter().enumerate() {
            judge.take(index as f64, &[*scrape]);
        }
        black_box(judge.verdict());
    }
    let each = started.elapsed().as_secs_f64() * 1e6 / (rounds * scrapes.len()) as f64;
    println!("  {each:.2} us a metric and scrape, every scrape with bad events (promised: under 2)");
    promises.hold(each < 2.0, format!("{each:.2} us a metric and scrape"));
    let seconds = thousand_metrics();
    println!("  {seconds:.2} s for 1,000 metrics x {LOOKS} scrapes through `hotfix judge` (promised: under 2)");
    promises.hold(seconds < 2.0, format!("{seconds:.2} s for 1,000 metrics"));
    let (drawn, placed) = twelve_cards();
    let frame = drawn + placed;
    println!(
        "  {frame:.2} ms to draw 12 cards at {LOOKS} points and to place them on the screen (promised: under 1), \
         {placed:.2} of it to place them"
    );
    promises.hold(frame < 1.0, format!("{frame:.2} ms to draw 12 cards"));
}

/// Milliseconds that drawing twelve cards takes, and that placing them on the screen takes.
fn twelve_cards() -> (f64, f64) {
    let theme = Theme::default();
    let ctx = Ctx { now: Timestamp::UNIX_EPOCH, theme: &theme };
    let scrape = |(index, counts): (usize, &Counts)| {
        let at = Timestamp::from_second(1_800_000_000 + 15 * index as i64).expect("a time");
        let Pair { baseline, canary } = pair(counts, 0.0);
        Scrape { at, baseline, canary }
    };
    let card = |seed: u64| MetricReport {
        name: format!("metric {seed}"),
        slo: Some(0.01),
        scrapes: Hour::healthy(10.0, 90.0).counts(seed).iter().enumerate().map(scrape).collect(),
        ..MetricReport::default()
    };
    let cards: Vec<MetricReport> = (0..12).map(card).collect();
    // Cards of six rows, the smallest that have a picture: that is a screen of 260 x 72 cells.
    let (area, view) = (Rect::new(0, 0, 260, 72), View::default());
    let mut buffer = Buffer::empty(area);
    let mut frame = || {
        let started = Instant::now();
        let drawn = cards.iter().map(|metric| chart(metric, &view, Duration::from_secs(15), &ctx, 260, 6));
        let drawn: Vec<_> = black_box(drawn.collect());
        let ours = started.elapsed();
        for (index, lines) in drawn.into_iter().enumerate() {
            lines.into_iter().zip(index as u16 * 6..).for_each(|(line, y)| put(line, 0, y, 260, &mut buffer));
        }
        [ours, started.elapsed() - ours].map(|time| time.as_secs_f64() * 1e3)
    };
    // Machines are shared: the median says what a frame takes when nobody interrupts it.
    let (mut ours, mut placed): (Vec<f64>, Vec<f64>) = (0..301).map(|_| frame().into()).unzip();
    [&mut ours, &mut placed]
        .map(|times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
        .into()
}

fn pair(counts: &Counts, more: f64) -> Pair {
    let arm = |bad: f64, total| Arm { bad: Some(bad + more), total: Some(total) };
    Pair { canary: arm(counts.bad_canary, counts.all_canary), baseline: arm(counts.bad_baseline, counts.all_baseline) }
}

/// Seconds of one run of the program on a document of 1,000 metrics.
fn thousand_metrics() -> f64 {
    let mut text = String::from("{\"metrics\":[");
    let arm = |counts: &[Counts], of: fn(&Counts) -> (f64, f64)| {
        let point = |(index, counts): (usize, &Counts)| {
            let (bad, total) = of(counts);
            format!("{{\"t\":{},\"bad\":{bad},\"total\":{total}}}", (index + 1) * 15)
        };
        counts.iter().enumerate().map(point).collect::<Vec<_>>().join(",")
    };
    for metric in 0..1_000 {
        let counts = Hour::healthy(10.0, 90.0).counts(metric);
        let comma = if metric == 0 { "" } else { "," };
        let baseline = arm(&counts, |c| (c.bad_baseline, c.all_baseline));
        let canary = arm(&counts, |c| (c.bad_canary, c.all_canary));
        write!(
            text,
            "{comma}{{\"name\":\"m{metric}\",\"kind\":\"ratio\",\"baseline\":[{baseline}],\"canary\":[{canary}]}}"
        )
        .expect("a text takes everything");
    }
    text.push_str("]}");
    let started = Instant::now();
    let mut program = Command::new(HOTFIX);
    let program = program.args(["judge", "--json"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = program.spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    let status = child.wait().expect("it ends");
    assert_ne!(status.code(), Some(2), "it could judge");
    started.elapsed().as_secs_f64()
}

/// What the e-processes came to in one hour.
struct Run {
    /// The most evidence at any look.
    fast: f64,
    robust: f64,
    /// Scrapes until the bar of 100:1.
    fast_at: Option<usize>,
    robust_at: Option<usize>,
}

/// Looks at an hour after every scrape. `any_start` is the start-time mixture of the live judge.
fn look(counts: &[Counts], any_start: bool) -> Run {
    let mut fast = EProcess::new(Formula::Fast, FAST, 1.0, any_start);
    let mut robust = EProcess::new(Formula::Robust, ROBUST, 1.0, any_start);
    let mut run = Run { fast: 0.0, robust: 0.0, fast_at: None, robust_at: None };
    let bar = 100_f64.ln();
    for (index, scrape) in counts.iter().enumerate() {
        fast.take(scrape);
        robust.take(scrape);
        run.fast = run.fast.max(fast.log_e());
        run.robust = run.robust.max(robust.log_e());
        if fast.log_e() >= bar {
            run.fast_at.get_or_insert(index + 1);
        }
        if robust.log_e() >= bar {
            run.robust_at.get_or_insert(index + 1);
        }
    }
    run
}

fn share(runs: &[f64], bar: f64) -> f64 {
    runs.iter().filter(|log_e| **log_e >= bar.ln()).count() as f64 / runs.len() as f64
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// Item 1: healthy canaries that are called regressed, looked at 240 times.
fn false_alarms(promises: &mut Promises) {
    const RUNS: u64 = 8_000;
    println!(
        "\nfalse alarms of healthy canaries at 0.2 %, {RUNS} hours, {LOOKS} looks each (promised: at most the level)"
    );
    println!("  {:<9} {:>9} {:>9} {:>9} {:>9}", "traffic", "FAST 1 %", "ROBUST", "FAST 5 %", "ROBUST");
    for (canary, baseline) in TRAFFIC {
        let runs: Vec<Run> = (0..RUNS).map(|seed| look(&Hour::healthy(canary, baseline).counts(seed), true)).collect();
        let fast: Vec<f64> = runs.iter().map(|run| run.fast).collect();
        let robust: Vec<f64> = runs.iter().map(|run| run.robust).collect();
        let shares = [share(&fast, 100.0), share(&robust, 100.0), share(&fast, 20.0), share(&robust, 20.0)];
        let name = format!("{canary}/{baseline}");
        let columns = shares.map(percent).map(|text| format!("{text:>9}")).join(" ");
        println!("  {name:<9} {columns}");
        promises.hold(shares[0] <= 0.01 && shares[1] <= 0.01, format!("false alarms at 1 %: {name}"));
        promises.hold(shares[2] <= 0.05 && shares[3] <= 0.05, format!("false alarms at 5 %: {name}"));
    }
}

/// Item 2: ROBUST where errors are not what a textbook has.
fn violations(promises: &mut Promises) {
    const RUNS: u64 = 4_000;
    println!("\nfalse alarms at 1 % under what real errors do, {RUNS} hours");
    let mut tell = |name: &str, hour: &Hour, block: Option<f64>, promised: f64| {
        let settings = Settings { plain: true, block, ..Settings::default() };
        let alarms = (0..RUNS).filter(|seed| proof(&hour.counts(*seed), settings) >= 100_f64.ln()).count();
        let share = alarms as f64 / RUNS as f64;
        println!("  {name:<44} {:>8} (promised: {})", percent(share), percent(promised));
        promises.hold(share <= promised, format!("{name}: {}", percent(share)));
    };
    for burst in [2.0, 5.0, 20.0] {
        let hour = Hour { burst, ..Hour::healthy(10.0, 90.0) };
        tell(&format!("ROBUST, bursts of {burst}"), &hour, None, 0.01);
    }
    tell("ROBUST, ramp 5 > 20 > 50 % and a common outage", &Hour::ramp(), None, 0.01);
    tell("ROBUST in blocks of 60 s, one-pod incidents", &Hour::incidents(), Some(60.0), 0.015);
}

/// The most proof at any look.
fn proof(counts: &[Counts], settings: Settings) -> f64 {
    let mut judge = Judge::new(spec(), settings, 1.0);
    let mut most = f64::NEG_INFINITY;
    for (index, scrape) in counts.iter().enumerate() {
        judge.take((index + 1) as f64 * 15.0, &[pair(scrape, 0.0)]);
        most = most.max(judge.proof());
    }
    most
}

/// Item 3: how long a regression takes.
fn delays(promises: &mut Promises) {
    const RUNS: u64 = 1_000;
    println!("\nminutes until a regression is shown at 1 %, median (80th percentile) of {RUNS} hours; MW is peeked at");
    println!(
        "  {:<22} {:>9} {:>14} {:>14} {:>14} {:>14}",
        "errors, traffic", "one look", "FAST", "ROBUST", "ROBUST, live", "MW, 240 looks"
    );
    let effects = [0.01, 0.004].into_iter().flat_map(|rate| TRAFFIC.map(|traffic| (rate, traffic)));
    for (rate, (canary, baseline)) in effects {
        let hour = Hour { canary_rate: rate, ..Hour::healthy(canary, baseline) };
        let fixed = hour::fixed_horizon(canary, baseline, 0.002, rate);
        if fixed > 60.0 {
            continue;
        }
        let counts: Vec<Vec<Counts>> = (0..RUNS).map(|seed| hour.counts(seed * 31 + 5)).collect();
        let plain: Vec<Run> = counts.iter().map(|counts| look(counts, false)).collect();
        let live: Vec<Run> = counts.iter().map(|counts| look(counts, true)).collect();
        let fast = Delay::of(plain.iter().map(|run| run.fast_at));
        let robust = Delay::of(plain.iter().map(|run| run.robust_at));
        let live = Delay::of(live.iter().map(|run| run.robust_at));
        let peeked = Delay::of(counts.iter().take(100).map(|counts| peeked_rank_sum(counts)));
        let name = format!("0.2 > {} %, {canary}/{baseline}", rate * 100.0);
        let columns = [&fast, &robust, &live, &peeked].map(|delay| format!("{:>14}", delay.shown())).join(" ");
        println!("  {name:<22} {fixed:>9.2} {columns}");
        let scrape = 0.25;
        promises.hold(fast.median <= 1.15 * fixed + scrape, format!("FAST, median: {name}"));
        promises.hold(fast.late <= 1.8 * fixed + 2.0 * scrape, format!("FAST, 80th: {name}"));
        promises.hold(robust.median <= 1.35 * fixed + 12.0 * scrape, format!("ROBUST, median: {name}"));
        promises.hold(robust.late <= 2.0 * fixed + 14.0 * scrape, format!("ROBUST, 80th: {name}"));
    }
    println!("  the peeked Mann-Whitney alarms on {} of healthy 10/90 canaries", percent(peeked_false_alarms()));
}

/// Minutes.
struct Delay {
    median: f64,
    late: f64,
}

impl Delay {
    fn of(scrapes: impl Iterator<Item = Option<usize>>) -> Self {
        let mut minutes: Vec<f64> = scrapes.map(|at| at.map_or(f64::INFINITY, |at| at as f64 * 0.25)).collect();
        minutes.sort_by(f64::total_cmp);
        let at = |share: f64| minutes[(minutes.len() as f64 * share) as usize];
        Self { median: at(0.5), late: at(0.8) }
    }

    fn shown(&self) -> String {
        let minutes = |value: f64| if value.is_finite() { format!("{value:.2}") } else { "-".to_owned() };
        format!("{} ({})", minutes(self.median), minutes(self.late))
    }
}

/// A one-sided Mann-Whitney test at 1 % of the rates of each scrape, looked at after each.
fn peeked_rank_sum(counts: &[Counts]) -> Option<usize> {
    let canary: Vec<f64> = counts.iter().map(|c| c.bad_canary / c.all_canary).collect();
    let baseline: Vec<f64> = counts.iter().map(|c| c.bad_baseline / c.all_baseline).collect();
    let z = -rank_sum::normal_quantile(0.01);
    (2..=counts.len()).find(|&n| rank_sum::statistic(&canary[..n], &baseline[..n], 0.0, z).is_some_and(|w| w > 0.0))
}

fn peeked_false_alarms() -> f64 {
    let runs = 200;
    let alarms = (0..runs).filter(|seed| peeked_rank_sum(&Hour::healthy(10.0, 90.0).counts(*seed)).is_some()).count();
    alarms as f64 / runs as f64
}

/// Item 4: canaries exactly at the margin that are called healthy.
fn passes(promises: &mut Promises) {
    const RUNS: u64 = 1_500;
    println!("\nfalse passes of canaries exactly twice as bad at 5 %, {RUNS} hours of 10/90 (promised: at most 5 %)");
    for rate in [0.002, 0.01, 0.05, 0.3] {
        let hour = Hour { canary_rate: 2.0 * rate, baseline_rate: rate, ..Hour::healthy(10.0, 90.0) };
        let passed = |formula| {
            let runs = (0..RUNS).filter(|seed| {
                let mut process = EProcess::new(formula, NON_INFERIORITY, 2.0, false);
                hour.counts(*seed).iter().any(|scrape| {
                    process.take(scrape);
                    process.log_e() >= 20_f64.ln()
                })
            });
            runs.count() as f64 / RUNS as f64
        };
        let (fast, robust) = (passed(Formula::Fast), passed(Formula::Robust));
        println!("  {:>6} FAST {:>8}  ROBUST {:>8}", percent(rate), percent(fast), percent(robust));
        promises.hold(fast <= 0.05 && robust <= 0.05, format!("false passes at {}", percent(rate)));
    }
    let mut judge = Judge::new(spec(), Settings::default(), 1.0);
    for scrape in 0..LOOKS {
        let arm = |total| Arm { bad: Some(0.0), total: Some(total) };
        judge.take(scrape as f64, &[Pair { canary: arm(0.0), baseline: arm(1_000.0) }]);
        promises.hold(judge.verdict() == Verdict::Blind, "zero exposure passes");
    }
}

/// Item 5: each verdict is entered at most twice in an hour at a twofold regression.
fn flips(promises: &mut Promises) {
    const RUNS: u64 = 300;
    let hour = Hour { canary_rate: 0.004, ..Hour::healthy(10.0, 10.0) };
    let (mut most, mut sum) = (0, 0);
    for seed in 0..RUNS {
        let mut judge = Judge::new(spec(), Settings::default(), 1.0);
        let mut entered = [0; 6];
        let mut last = judge.verdict();
        for (index, scrape) in hour.counts(seed).iter().enumerate() {
            judge.take((index + 1) as f64 * 15.0, &[pair(scrape, 0.0)]);
            if judge.verdict() != last {
                last = judge.verdict();
                entered[last as usize] += 1;
                sum += 1;
            }
        }
        most = most.max(entered.into_iter().max().unwrap_or_default());
    }
    let mean = f64::from(sum) / RUNS as f64;
    println!(
        "\nverdicts that change: {mean:.2} an hour at twice the errors, 10/10; none is entered more than {most} times"
    );
    promises.hold(most <= 2, "a verdict flaps");
}
