//! A cockpit that somebody works with: key to frame, what it costs when nobody does, and the memory that it took.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::pty::Pty;
use crate::{HOTFIX, median};

const KEYS: usize = 200;

/// Measures one, with these variables in its environment. Returns the median and the 99th percentile of the time from
/// a key to its frame, in milliseconds.
pub fn run(label: &str, folder: &Path, state: &Path, variables: &[(&str, &str)]) -> (f64, f64) {
    let mut pty = Pty::start_with(&[HOTFIX], folder, state, variables);
    pty.settle();
    pty.press("2");
    pty.settle();
    let (mut times, mut sizes) = keys(&mut pty);
    let (p50, p99) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
    println!("{label:6} key to frame    p50 {p50:.3} ms   p99 {p99:.3} ms   {} bytes", median(&mut sizes));
    println!("{label:6} 150 keys at 60/s {:.0} ms behind at the end", behind(&mut pty));
    let before = (Cost::of(&pty), pty.bytes);
    pty.quiet_for(Duration::from_secs(10));
    let after = Cost::of(&pty);
    println!(
        "{label:6} idle, 10 s      {:.3} % of a core   {:.1} wakeups/s   {:.0} bytes/s   peak memory {:.1} MiB, {:.1} with its guardian",
        (after.cpu - before.0.cpu) * 10.0,
        (after.wakeups - before.0.wakeups) as f64 / 10.0,
        (pty.bytes - before.1) as f64 / 10.0,
        after.largest_kib as f64 / 1024.0,
        after.peak_kib as f64 / 1024.0
    );
    pty.press("q");
    pty.end();
    (p50, p99)
}

/// Moves a selection, a key at a time: milliseconds to the first byte of each frame, and the bytes of each.
fn keys(pty: &mut Pty) -> (Vec<f64>, Vec<f64>) {
    let (mut times, mut sizes) = (vec![], vec![]);
    for i in 0..KEYS {
        let before = pty.bytes;
        let pressed = Instant::now();
        pty.press(if i / 10 % 2 == 0 { "j" } else { "k" });
        let at = pty.pump(Instant::now() + Duration::from_secs(1));
        times.push(at.duration_since(pressed).as_secs_f64() * 1e3);
        pty.quiet(Duration::from_millis(15));
        sizes.push((pty.bytes - before) as f64);
    }
    (times, sizes)
}

/// Holds a key down, and tells how long after its last repetition the screen still moved, in milliseconds.
fn behind(pty: &mut Pty) -> f64 {
    let mut pressed = Instant::now();
    for i in 0..150 {
        pty.press(if i / 10 % 2 == 0 { "j" } else { "k" });
        pressed = Instant::now();
        pty.quiet_for(Duration::from_micros(16_667));
    }
    let end = pressed + Duration::from_millis(50);
    let mut last = pressed;
    loop {
        let at = pty.pump(end);
        if at >= end {
            return (last - pressed).as_secs_f64() * 1e3;
        }
        last = at;
    }
}

fn percentile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * q) as usize]
}

/// What a process tree has used.
struct Cost {
    /// CPU seconds.
    cpu: f64,
    /// Voluntary context switches.
    wakeups: u64,
    /// The sum of the peaks of resident memory.
    peak_kib: u64,
    /// The largest of them: the cockpit's own.
    largest_kib: u64,
}

impl Cost {
    fn of(pty: &Pty) -> Self {
        let mut all = Self { cpu: 0.0, wakeups: 0, peak_kib: 0, largest_kib: 0 };
        for pid in pty.tree() {
            let read = |path: String| std::fs::read_to_string(path).unwrap_or_default();
            let schedstat = read(format!("/proc/{pid}/schedstat"));
            all.cpu += schedstat.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9;
            for line in read(format!("/proc/{pid}/status")).lines() {
                if let Some(kib) = line.strip_prefix("VmHWM:") {
                    all.peak_kib += number(kib);
                    all.largest_kib = all.largest_kib.max(number(kib));
                }
            }
            for task in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
                let status = read(task.path().join("status").display().to_string());
                all.wakeups += status
                    .lines()
                    .filter_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
                    .map(number)
                    .sum::<u64>();
            }
        }
        all
    }
}

fn number(text: &str) -> u64 {
    text.trim().trim_end_matches(" kB").trim().parse().unwrap_or(0)
}
