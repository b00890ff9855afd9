//! From evidence to a verdict that does not flap.
//!
//! Regressed is latched for good. Suspect holds until non-inferiority was shown after it. Healthy
//! holds until a new warning, and is then not given again: each verdict is entered at most twice.

use super::super::model::Verdict;
use super::Settings;
use super::strand::LogE;

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
    /// `sharing` is how many metrics share the false alarm: each has a part of it.
    pub fn new(settings: &Settings, sharing: usize) -> Self {
        let alarm = -settings.false_alarm.ln();
        let shared = alarm + (sharing.max(1) as f64).ln();
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
    /// Takes in the evidence after a scrape. `passing` is the evidence for a pass.
    pub fn take(&mut self, at: f64, log_e: &LogE, passing: f64, guards: &Guards, bars: &Bars) {
        self.environment = guards.canary >= bars.suspect && guards.baseline >= bars.suspect;
        let breach = guards.baseline < bars.suspect;
        if log_e.robust >= bars.regressed || (breach && guards.canary >= bars.guard) {
            self.regressed_at.get_or_insert(at);
        }
        if log_e.fast >= bars.suspect || (breach && guards.canary >= bars.suspect) {
            self.suspect_at.get_or_insert(at);
            self.relapsed |= self.now == Standing::Passed;
            self.now = Standing::Warned;
        } else if guards.canary < bars.suspect && !self.relapsed {
            self.pass(at, log_e.fast, passing, guards, bars);
        }
    }

    /// A service without errors has no bad events to compare: there, the limit alone can pass it.
    fn pass(&mut self, at: f64, fast: f64, passing: f64, guards: &Guards, bars: &Bars) {
        let not_inferior = passing >= bars.healthy;
        let within_limit = guards.kept >= bars.healthy && fast <= 0.0;
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
            Standing::Warned => Verdict::Suspect,
            _ if self.environment => Verdict::Environment,
            Standing::Passed => Verdict::Healthy,
            Standing::Open => Verdict::Collecting,
        }
    }
}
