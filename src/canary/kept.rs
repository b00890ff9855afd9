//! The canary's curves as the journal keeps them.

use super::model::{Arm, MetricReport, Report, Scrape, Unit};
use crate::incident::Entry;
use crate::incident::entry::{CurveSeen, CurvesSeen, Sample};

/// A curve has at most so many points: enough for a picture.
const POINTS: usize = 120;
/// So many curves are kept, the worst first.
const CURVES: usize = 12;

/// The entry for the journal; `None` before anything was seen.
pub fn entry(report: &Report) -> Option<Entry> {
    (!report.is_empty()).then(|| Entry::CurvesSeen(Box::new(CurvesSeen { metrics: curves(report) })))
}

/// The curves, the worst first.
pub fn curves(report: &Report) -> Vec<CurveSeen> {
    report.metrics.iter().take(CURVES).map(curve).collect()
}

fn curve(metric: &MetricReport) -> CurveSeen {
    let points = thinned(&metric.scrapes);
    let unit = match metric.unit {
        Unit::Share => "share",
        Unit::Value => "value",
    };
    CurveSeen {
        name: metric.name.clone(),
        unit: unit.to_owned(),
        verdict: metric.verdict.label().to_owned(),
        why: metric.why.clone(),
        suspect_at: metric.suspect_at,
        regressed_at: metric.regressed_at,
        top: points.iter().flat_map(|point| [point.baseline, point.canary]).flatten().fold(0.0, f64::max),
        points,
    }
}

/// Neighbours are summed up, which keeps a share a share and a value an average.
fn thinned(scrapes: &[Scrape]) -> Vec<Sample> {
    let each = scrapes.len().div_ceil(POINTS).max(1);
    scrapes.chunks(each).filter_map(sample).collect()
}

fn sample(chunk: &[Scrape]) -> Option<Sample> {
    let at = chunk.last()?.at;
    Some(Sample { at, baseline: rate(chunk, |it| it.baseline), canary: rate(chunk, |it| it.canary) })
}

/// Six digits are more than a picture shows.
fn rate(chunk: &[Scrape], arm: fn(&Scrape) -> Arm) -> Option<f64> {
    let seen = chunk.iter().map(arm).filter_map(|arm| arm.bad.zip(arm.total));
    let (bad, total) = seen.fold((0.0, 0.0), |(bad, total), (b, t)| (bad + b, total + t));
    (total > 0.0).then(|| (bad / total * 1e6).round() / 1e6)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn scrape(at: i64, bad: Option<f64>) -> Scrape {
        let arm = |bad: Option<f64>| Arm { bad, total: bad.map(|_| 10.0) };
        Scrape { at: Timestamp::from_second(at).unwrap(), baseline: arm(Some(1.0)), canary: arm(bad) }
    }

    #[test]
    fn a_long_curve_is_thinned_and_keeps_its_share_and_its_gaps() {
        let scrapes: Vec<_> =
            (0..600).map(|n| scrape(n, (!(100..110).contains(&n)).then_some(f64::from(n as i32 % 2)))).collect();
        let points = thinned(&scrapes);
        assert_eq!(points.len(), POINTS);
        assert_eq!(points[0].baseline, Some(0.1));
        assert_eq!(points[20].canary, None, "where nothing was seen there is nothing");
        let shares: Vec<_> = points.iter().filter_map(|point| point.canary).collect();
        assert!(shares.iter().all(|share| (0.03..0.07).contains(share)), "{shares:?}");
        assert_eq!(points.last().unwrap().at, scrapes.last().unwrap().at, "the newest is the end");
    }

    #[test]
    fn nothing_seen_is_nothing_to_keep() {
        assert_eq!(entry(&Report::default()), None);
    }
}
