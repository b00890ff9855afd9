//! From evidence to a verdict that does not flap.
//!
//! Regressed is latched for good. Suspect holds until non-inferiority was shown after it. Healthy
//! holds until a new warning, and is then not given again: each verdict is entered at most twice.

use super::super::model::Verdict;
use super::Settings;

/// Evidence of 20:1 is a warning.
pub const WARNING: f64 = 2.995_732_273_553_991;

/// What the evidence has to reach, as natural logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bars {
    /// FAST, or a guard: suspect. 20:1, or less where the false alarm that is allowed is larger.
    pub suspect: f64,
    /// ROBUST: regressed.
    pub regressed: f64,
    /// Non-inferiority: healthy.
    pub healthy: f64,
    /// The guard of the absolute limit: regressed.
    pub guard: f64,
}

impl Bars {
    /// `share` is the metric's part of the false alarm, at most 1.
    pub fn new(settings: &Settings, share: f64) -> Self {
        let alarm = -settings.false_alarm.ln();
        let shared = alarm - share.ln();
        Self { suspect: alarm.min(WARNING), regressed: shared, healthy: -settings.pass_false_alarm.ln(), guard: shared }
    }
}

/// Evidence about the absolute limit, as natural logarithms; zero where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Guards {
    /// That the canary is above it.
    pub canary: f64,
    /// That the baseline is above it.
    pub baseline: f64,
    /// That the canary is below it.
    pub kept: f64,
}

/// What is known after a scrape, as natural logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// The early warning.
    pub fast: f64,
    /// What proves a regression.
    pub proof: f64,
    /// The evidence for a pass.
    pub passing: f64,
    /// About the absolute limit.
    pub guards: Guards,
    /// Whether a pod of the baseline looks as bad as the canary.
    pub excused: bool,
}

/// The latches of one metric. Times are seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Latches {
    /// The first warning.
    pub suspect_at: Option<f64>,
    /// Proof that it is worse.
    pub regressed_at: Option<f64>,
    /// Proof that it is not worse than the margin that passes.
    pub healthy_at: Option<f64>,
    /// Whether both populations are above the absolute limit now.
    pub environment: bool,
    /// Whether it passed by the absolute limit: below it, with nothing that speaks for a change.
    pub by_limit: bool,
    /// Whether a pod of the baseline looks as bad now as the canary does.
    pub as_sick: bool,
    now: Standing,
    relapsed: bool,
}

/// What was shown last.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Standing {
    #[default]
    Open,
    Warned,
    Passed,
}

impl Latches {
    /// Takes in what is known after a scrape.
    pub fn take(&mut self, at: f64, known: &Known, bars: &Bars) {
        let guards = &known.guards;
        self.environment = guards.canary >= bars.suspect && guards.baseline >= bars.suspect;
        self.as_sick = known.excused;
        let breach = guards.baseline < bars.suspect;
        if (known.proof >= bars.regressed && !self.as_sick) || (breach && guards.canary >= bars.guard) {
            self.regressed_at.get_or_insert(at);
        }
        if known.fast >= bars.suspect || (breach && guards.canary >= bars.suspect) {
            self.suspect_at.get_or_insert(at);
            self.relapsed |= self.now == Standing::Passed;
            self.now = Standing::Warned;
        } else if guards.canary < bars.suspect && !self.relapsed {
            self.pass(at, known, bars);
        }
    }

    /// A service without errors has no bad events to compare: there, the limit alone can pass it.
    fn pass(&mut self, at: f64, known: &Known, bars: &Bars) {
        let not_inferior = known.passing >= bars.healthy;
        let within_limit = known.guards.kept >= bars.healthy && known.fast <= 0.0;
        if not_inferior || within_limit {
            self.healthy_at.get_or_insert(at);
            self.by_limit = !not_inferior && (self.by_limit || self.now != Standing::Passed);
            self.now = Standing::Passed;
        }
    }

    /// The verdict. `blind` says that nothing can be seen at present.
    pub fn verdict(&self, blind: bool) -> Verdict {
        match self.now {
            _ if self.regressed_at.is_some() => Verdict::Regressed,
            _ if blind => Verdict::Blind,
            Standing::Warned if self.as_sick => Verdict::Environment,
            Standing::Warned => Verdict::Suspect,
            _ if self.environment => Verdict::Environment,
            Standing::Passed => Verdict::Healthy,
            Standing::Open => Verdict::Collecting,
        }
    }
}
