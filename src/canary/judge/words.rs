//! The verdict in words: which rule, which numbers, what would change it. ASCII alone.

use super::exposure::Silence;
use super::{Finding, Judge, Shape, Tally};
use crate::canary::model::Verdict;

/// Fills in the sentences of a finding.
pub(super) fn explain(judge: &Judge, mut finding: Finding) -> Finding {
    finding.why = why(judge, &finding);
    finding.needs = needs(judge, &finding);
    finding.weakest = weakest(judge, &finding);
    finding
}

/// Evidence as odds: `1.2`, `242`, `41,000`, `over a million`.
pub fn odds(log_e: f64) -> String {
    // A bar of 100:1 shall not read 99:1 for the last bit of its logarithm.
    match log_e.exp() * (1.0 + 1e-9) {
        e if e >= 1e6 => "over a million".to_owned(),
        e if e >= 1e4 => thousands((e / 1e3).floor() * 1e3),
        e if e >= 10.0 => thousands(e.floor()),
        e if e >= 0.05 => format!("{e:.1}"),
        _ => "0".to_owned(),
    }
}

/// A whole number with its thousands apart: `16,520`.
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A share: `0.98 %`, `12.3 %`.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        p if p >= 9.95 => format!("{p:.1} %"),
        p => format!("{p:.2} %"),
    }
}

/// A number in at most six cells: `0`, `0.25`, `12.5`, `3.4k`, `512M`.
pub fn short(value: f64) -> String {
    let size = value.abs();
    let (value, suffix) = match size {
        s if s >= 1e12 => return format!("{value:.0e}"),
        s if s >= 1e9 => (value / 1e9, "G"),
        s if s >= 1e6 => (value / 1e6, "M"),
        s if s >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = match value.abs() {
        0.0 => "0".to_owned(),
        v if v >= 99.95 => format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        v if v >= 0.0995 => format!("{value:.2}"),
        v if v >= 0.001 => format!("{value:.3}"),
        _ => return format!("{value:.0e}"),
    };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{suffix}")
}

/// A ratio: `4.4x`, `2x`, `12x`.
pub fn times(ratio: f64) -> String {
    let text = if ratio >= 9.95 { format!("{ratio:.0}") } else { format!("{ratio:.1}") };
    format!("{}x", text.trim_end_matches(".0"))
}

/// Seconds as people say them: `45 s`, `12 min`, `3 h`.
pub fn span(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5_400.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3_600.0),
        _ => "days".to_owned(),
    }
}

/// A ratio with its interval: `4.4x (1.6-10.6)`.
pub fn ratio_of(ratio: Option<f64>, low: Option<f64>, high: Option<f64>) -> String {
    let end = |end: Option<f64>, open: &str| match end {
        Some(value) => times(value).trim_end_matches('x').to_owned(),
        None => open.to_owned(),
    };
    match ratio {
        Some(ratio) => format!("{} ({}-{})", times(ratio), end(low, "<0.05"), end(high, "20+")),
        None => "no ratio yet".to_owned(),
    }
}

fn ratio(finding: &Finding) -> String {
    ratio_of(finding.ratio, finding.low, finding.high)
}

fn counts(tally: &Tally) -> String {
    let rate = tally.rate().map_or_else(|| "?".to_owned(), percent);
    format!("{} of {} ({rate})", thousands(tally.bad), thousands(tally.all))
}

fn why(judge: &Judge, it: &Finding) -> String {
    let (baseline, canary) = if it.canary.all > 0.0 { (it.baseline, it.canary) } else { judge.seen };
    let numbers = format!("{}canary {}, baseline {}", boundary(judge), counts(&canary), counts(&baseline));
    let reason = match it.verdict {
        Verdict::Blind => return blind(judge.silence()),
        Verdict::Regressed => regressed(judge, it),
        Verdict::Suspect => suspect(judge, it),
        Verdict::Environment => environment(judge, it),
        Verdict::Healthy => healthy(judge, it),
        Verdict::Collecting => format!("that it is worse {}, that it is {}", worse(judge, it), not_inferior(judge)),
    };
    format!("{numbers}: {reason}")
}

/// The robust evidence and its bar: `12:1 of 100:1`.
fn worse(judge: &Judge, it: &Finding) -> String {
    let robust = odds(it.log_e.unwrap_or_default().robust);
    match judge.settings.block {
        Some(seconds) => {
            let blocks = odds(judge.proof());
            format!("{robust}:1 ({blocks}:1 in blocks of {}) of {}:1", span(seconds), odds(judge.bars.regressed))
        }
        None => format!("{robust}:1 of {}:1", odds(judge.bars.regressed)),
    }
}

/// The evidence for a pass and its bar: `not 2x worse 3:1 of 20:1`.
fn not_inferior(judge: &Judge) -> String {
    let seen = odds(judge.passing());
    format!("not {} worse {seen}:1 of {}:1", times(judge.settings.pass_margin), odds(judge.bars.healthy))
}

fn regressed(judge: &Judge, it: &Finding) -> String {
    let robust = judge.proof();
    if robust < judge.bars.regressed && beyond_limit(judge) {
        return format!("above the limit of {} that was set; this verdict stays", limit(judge));
    }
    let (robust, bar) = (odds(robust), odds(judge.bars.regressed));
    format!("{}; robust evidence {robust}:1 and the bar of {bar}:1 was reached; this verdict stays", ratio(it))
}

fn environment(judge: &Judge, it: &Finding) -> String {
    match &it.placebo {
        Some((pod, log_e)) if judge.latches.as_sick => format!(
            "{}; but the baseline's pod {pod} looks as bad at {}:1 (the canary {}): look for a cause that they share",
            ratio(it),
            odds(*log_e),
            worse(judge, it)
        ),
        _ => format!("both are above the limit of {}: look for a cause that they share", limit(judge)),
    }
}

fn suspect(judge: &Judge, it: &Finding) -> String {
    let fast = it.log_e.unwrap_or_default().fast;
    let warning = match fast >= judge.bars.suspect {
        true => format!("early warning at {}:1 of {}:1", odds(fast), odds(judge.bars.suspect)),
        false => format!("an early warning stands until {} is reached", not_inferior(judge)),
    };
    format!("{}; {warning}; robust evidence {} would prove it", ratio(it), worse(judge, it))
}

fn healthy(judge: &Judge, it: &Finding) -> String {
    let bar = odds(judge.bars.healthy);
    if judge.latches.by_limit {
        let now = odds(judge.guards().kept);
        return format!(
            "below the limit of {} was shown at {bar}:1 (now {now}:1), and nothing spoke for a change",
            limit(judge)
        );
    }
    let margin = times(judge.settings.pass_margin);
    format!("\"not {margin} worse\" was shown at {bar}:1; evidence that it is worse {}", worse(judge, it))
}

fn beyond_limit(judge: &Judge) -> bool {
    judge.spec.limit.is_some() && judge.guards().canary >= judge.bars.suspect
}

fn limit(judge: &Judge) -> String {
    judge.spec.limit.map_or_else(String::new, percent)
}

fn boundary(judge: &Judge) -> String {
    match &judge.spec.shape {
        Shape::Exceedance { boundaries, lower_is_worse, .. } => {
            let than = if *lower_is_worse { "up to" } else { "slower than" };
            boundaries.get(judge.loudest_index()).map_or_else(String::new, |le| format!("{than} {le}: "))
        }
        _ => String::new(),
    }
}

fn blind(silence: Option<Silence>) -> String {
    match silence {
        Some(Silence::Baseline) => {
            "nothing is seen of the baseline: without it nothing can be said of the canary".into()
        }
        _ => "nothing is seen of the canary: no requests, or no samples; unknown is not healthy".into(),
    }
}

fn needs(judge: &Judge, it: &Finding) -> Option<String> {
    if !matches!(it.verdict, Verdict::Collecting | Verdict::Suspect | Verdict::Blind) {
        return None;
    }
    if it.verdict == Verdict::Blind {
        return Some("requests to both the baseline and the canary".to_owned());
    }
    let seen = match it.detectable {
        Some(ratio) => format!("{} or more would show by now", times(ratio)),
        None => "not even 20x would show by now".to_owned(),
    };
    let margin = times(judge.settings.pass_margin);
    let harm = it.due.harm.filter(|s| *s > 0.0).map(|s| format!("{margin} in {}", span(s)));
    let pass = it.due.pass.map(|s| match s {
        s if s > 0.0 => format!("healthy in {} if it is", span(s)),
        _ => "healthy soon if it is".to_owned(),
    });
    Some([Some(seen), harm, pass].into_iter().flatten().collect::<Vec<_>>().join("; "))
}

fn weakest(judge: &Judge, it: &Finding) -> String {
    let exposure = &judge.exposure;
    if let Some(index) = exposure.clustering().filter(|index| *index > 2.0) {
        return format!(
            "errors come in bursts ({index:.1} times as uneven as single ones): trust the robust evidence alone"
        );
    }
    if let Some((low, high)) = exposure.splits().filter(|(low, high)| high > &(1.5 * low)) {
        return format!(
            "the canary's share moved from {} to {}: each scrape is compared in itself",
            percent(low),
            percent(high)
        );
    }
    let skipped = exposure.scrapes - exposure.counted;
    if skipped * 4 > exposure.scrapes {
        return format!("{skipped} of {} scrapes had no exposure on one side and count for nothing", exposure.scrapes);
    }
    if let Some((pod, log_e)) = it.placebo.as_ref().filter(|(_, log_e)| *log_e > 0.0) {
        let (pods, odds) = (judge.placebo.pods(), odds(*log_e));
        return format!(
            "pods differ: {pod}, the worst of {pods} of the baseline, looks worse than the others at {odds}:1"
        );
    }
    if it.baseline.bad < 5.0 {
        return format!("only {} bad events in the baseline: its rate is hardly known", thousands(it.baseline.bad));
    }
    "that requests are spread at random: a bad machine, or one hot client, looks like a bad release".to_owned()
}
