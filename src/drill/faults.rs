//! The faults in force, and what they do to a version (pure).

use super::scenario::Fault;

/// The faults of the kinds that last; the later one at a place takes the place of the earlier one.
#[derive(Debug, Clone, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Lets a fault begin.
    pub fn begin(&mut self, fault: Fault) {
        self.0.retain(|old| !old.same_place(&fault));
        self.0.push(fault);
    }

    /// The share of requests that fail where `version` runs; `None` where no fault says.
    pub fn error_rate(&self, version: &str) -> Option<f64> {
        let of = |fault: &Fault| match fault {
            Fault::ErrorRate { rate, .. } if fault.strikes(version) => Some(*rate),
            _ => None,
        };
        self.0.iter().filter_map(of).reduce(f64::max)
    }

    /// By how much response times grow where `version` runs, on an instance that has lost this share of its memory.
    pub fn latency_factor(&self, version: &str, lost: f64) -> f64 {
        let of = |fault: &Fault| match fault {
            Fault::Latency { factor, .. } if fault.strikes(version) => Some(*factor),
            Fault::MemoryLeak { slows_from, slows_by, .. } if fault.strikes(version) && lost >= *slows_from => {
                Some(*slows_by)
            }
            _ => None,
        };
        self.0.iter().filter_map(of).product()
    }

    /// How many times as long as usual queries take where `version` runs.
    pub fn query_factor(&self, version: &str) -> f64 {
        let of = |fault: &Fault| match fault {
            Fault::SlowQueries { factor, .. } if fault.strikes(version) => Some(*factor),
            _ => None,
        };
        self.0.iter().filter_map(of).product()
    }

    /// How many connections to the database an instance of `version` keeps a minute.
    pub fn connections_kept_per_minute(&self, version: &str) -> f64 {
        let of = |fault: &Fault| match fault {
            Fault::ConnectionLeak { per_minute, .. } if fault.strikes(version) => Some(*per_minute),
            _ => None,
        };
        self.0.iter().filter_map(of).sum()
    }

    /// How much of its memory at the start an instance of `version` loses a minute.
    pub fn leak_per_minute(&self, version: &str) -> f64 {
        let of = |fault: &Fault| match fault {
            Fault::MemoryLeak { per_minute, .. } if fault.strikes(version) => Some(*per_minute),
            _ => None,
        };
        self.0.iter().filter_map(of).sum()
    }
}

impl Fault {
    /// The version that it strikes; `None` is everywhere.
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::ErrorRate { version, .. } | Self::Latency { version, .. } | Self::SlowQueries { version, .. } => {
                version.as_deref()
            }
            Self::MemoryLeak { version, .. } | Self::ConnectionLeak { version, .. } | Self::Restart { version } => {
                Some(version)
            }
            Self::MetricsDown { .. }
            | Self::RolloutLocked { .. }
            | Self::InstanceLocked { .. }
            | Self::TableLocked { .. }
            | Self::ReplicationLag { .. } => None,
        }
    }

    fn strikes(&self, version: &str) -> bool {
        self.version().is_none_or(|it| it == version)
    }

    fn same_place(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.version() == other.version()
    }
}
