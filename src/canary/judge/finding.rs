//! What the judge has to say of one metric, in numbers.

use super::band::{self, Band};
use super::plan::Traffic;
use super::strand::Strand;
use super::{Judge, LogE, Peak, Settings, Shape, Tally, words};
use crate::canary::model::Verdict;

/// What the judge has to say of one metric. Times are seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The verdict.
    pub verdict: Verdict,
    /// The first early warning.
    pub suspect_at: Option<f64>,
    /// Since when it is regressed.
    pub regressed_at: Option<f64>,
    /// When it was first shown not to be worse than the margin that passes.
    pub healthy_at: Option<f64>,
    /// The baseline's events; of the boundary with the strongest evidence, where there are several.
    pub baseline: Tally,
    /// The canary's events.
    pub canary: Tally,
    /// The ratio of the two rates, once both had a bad event.
    pub ratio: Option<f64>,
    /// The lower end of its time-uniform interval; `None` where it is open.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// The e-processes; `None` where a kind of metric has none.
    pub log_e: Option<LogE>,
    /// The evidence that makes it regressed, as a natural logarithm.
    pub bar: f64,
    /// The smallest ratio that the data so far would have shown.
    pub detectable: Option<f64>,
    /// Seconds from the last scrape until a canary at the margin that passes would show, or pass.
    pub due: Due,
    /// What is missing, where something is.
    pub needs: Option<String>,
    /// The assumption that is weakest now.
    pub weakest: String,
    /// Which rule, which numbers, what would change it.
    pub why: String,
    /// The scrapes that spoke loudest for a regression, the loudest first.
    pub peaks: Vec<Peak>,
    /// Where the quantile lies, for a latency.
    pub band: Option<Band>,
    /// The pod of the baseline that looks worst, and the logarithm of the evidence that it is.
    pub placebo: Option<(String, f64)>,
}

/// The bad ratio whose detection delay is told.
const FAULT: f64 = 0.1;

/// Seconds from the last scrape.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Due {
    /// Until a canary that is as bad as the margin that passes would be regressed.
    pub harm: Option<f64>,
    /// Until a canary that is as good as the baseline would be healthy.
    pub pass: Option<f64>,
    /// Until a canary with 10 % bad events would be suspect, from the first of them.
    pub fault: Option<f64>,
}

impl Judge {
    /// Everything that can be said now.
    pub fn finding(&self) -> Finding {
        match &self.gauge {
            Some(gauge) => gauge.finding(&self.placebo),
            None => words::explain(self, self.numbers()),
        }
    }

    fn numbers(&self) -> Finding {
        let strand = self.loudest();
        let (low, high) = strand.interval(self.settings.false_alarm);
        let traffic = self.traffic(strand);
        let detectable = traffic.and_then(|t| t.detectable(self.settings.margin, self.shared_alarm()));
        Finding {
            verdict: self.verdict(),
            suspect_at: self.latches.suspect_at,
            regressed_at: self.latches.regressed_at,
            healthy_at: self.latches.healthy_at,
            baseline: strand.baseline,
            canary: strand.canary,
            ratio: strand.ratio(),
            low,
            high,
            log_e: Some(self.log_e()),
            bar: self.bars.regressed,
            detectable,
            due: traffic.map(|t| self.due(&t)).unwrap_or_default(),
            needs: None,
            weakest: String::new(),
            why: String::new(),
            peaks: strand.peaks.clone(),
            band: self.band(),
            placebo: self.placebo.worst().map(|(name, log_e)| (name.to_owned(), log_e)),
        }
    }

    fn band(&self) -> Option<Band> {
        let Shape::Exceedance { boundaries, q: Some(q), lower_is_worse } = &self.spec.shape else { return None };
        let constant = band::constant(self.settings.false_alarm);
        let ends = |of: fn(&Strand) -> Tally| {
            let slower = boundaries.iter().zip(&self.strands).map(|(&boundary, strand)| {
                let share = of(strand).rate().unwrap_or_default();
                (boundary, if *lower_is_worse { 1.0 - share } else { share })
            });
            band::ends(*q, self.strands.first().map_or(0.0, |strand| of(strand).all), constant, slower)
        };
        Some(Band { q: *q, baseline: ends(|s| s.baseline), canary: ends(|s| s.canary) })
    }

    /// The strand with the strongest evidence.
    fn loudest(&self) -> &Strand {
        &self.strands[self.loudest_index()]
    }

    /// Which boundary has it.
    pub fn loudest_index(&self) -> usize {
        let by_evidence = |a: &usize, b: &usize| {
            let robust = |i: &usize| self.strands[*i].log_e().robust;
            robust(a).total_cmp(&robust(b))
        };
        (0..self.strands.len()).max_by(by_evidence).unwrap_or(0)
    }

    /// Traffic so far. Without a bad event in the baseline, half of one is assumed.
    fn traffic(&self, strand: &Strand) -> Option<Traffic> {
        let rate = strand.baseline.bad.max(0.5) / strand.baseline.all;
        let seconds = self.exposure.seconds()?;
        (strand.canary.all > 0.0).then_some(Traffic {
            canary: strand.canary.all,
            baseline: strand.baseline.all,
            rate,
            seconds,
        })
    }

    fn shared_alarm(&self) -> f64 {
        (-self.bars.regressed).exp()
    }

    fn due(&self, traffic: &Traffic) -> Due {
        let Settings { margin, pass_margin, pass_false_alarm, .. } = self.settings;
        let left = |seconds: f64| (seconds - traffic.seconds).max(0.0);
        Due {
            harm: (pass_margin > margin)
                .then(|| left(traffic.seconds_needed(pass_margin, margin, self.shared_alarm()))),
            fault: traffic.shows_in(FAULT, margin, (-self.bars.suspect).exp(), self.exposure.interval()),
            pass: (pass_margin > 1.0).then(|| left(traffic.seconds_needed(1.0, pass_margin, pass_false_alarm))),
        }
    }
}
