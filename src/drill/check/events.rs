//! What happens, and what is counted by when.

use super::super::moment::Moment;
use super::super::scenario::{Event, Fault, TrackName};
use super::{Faults, LONGEST};
use crate::config::shape::hint;
use crate::evidence::text::clean;

/// The most events.
const EVENTS: usize = 500;
/// What spreading the requests of a pin may cost: requests times seconds.
const SPREADING: u64 = 20_000_000;

impl<'a> Faults<'a> {
    pub(super) fn database(&mut self) {
        let it = &self.scenario.database;
        self.slug("database.name", &it.name);
        self.within("database.connections", f64::from(it.connections), 1.0, 100_000.0);
        self.within("database.pool", f64::from(it.pool), 1.0, 10_000.0);
        self.within("database.query_ms", it.query_ms, 0.1, 60_000.0);
        self.within("database.slow_ms", it.slow_ms, 0.1, 600_000.0);
        self.within("database.writes", it.writes, 0.0, 1.0);
    }

    pub(super) fn events(&mut self) {
        let scenario = self.scenario;
        self.need(scenario.events.len() <= EVENTS, "events", format!("may have {EVENTS} events at most"));
        let mut last = Moment::default();
        for (index, event) in scenario.events().take(EVENTS).enumerate() {
            let path = format!("events.{index}");
            let (at, end) = (event.at, scenario.length);
            self.need(at <= end, &path, format!("this event, at {at}, is after the end at {end}"));
            self.need(at >= last, &path, format!("this event, at {at}, stands behind a later one, at {last}"));
            self.event(&path, event);
            last = last.max(at);
        }
    }

    fn event(&mut self, path: &str, event: &Event) {
        self.prose(&format!("{path}.truth"), &event.truth, 400);
        if let Some(says) = &event.says {
            self.prose(&format!("{path}.says"), says, 400);
        }
        if let Some(from) = &event.from {
            self.prose(&format!("{path}.from"), from, 40);
            self.need(
                event.says.is_some(),
                &format!("{path}.from"),
                "somebody speaks, and nothing is said: add `says`",
            );
        }
        if let Some(weight) = event.weight {
            self.within(&format!("{path}.weight"), f64::from(weight), 0.0, 100.0);
        }
        if let Some(fault) = &event.fault {
            self.fault(&format!("{path}.fault"), fault);
        }
    }

    fn fault(&mut self, path: &str, fault: &Fault) {
        let key = |name: &str| format!("{path}.{name}");
        if let Some(version) = fault.version() {
            self.known_version(&key("version"), version);
        }
        match fault {
            Fault::ErrorRate { rate, .. } => self.within(&key("rate"), *rate, 0.0, 1.0),
            Fault::Latency { factor, .. } => self.within(&key("factor"), *factor, 0.01, 100.0),
            Fault::MemoryLeak { per_minute, slows_from, slows_by, .. } => {
                self.within(&key("per_minute"), *per_minute, -1.0, 10.0);
                self.within(&key("slows_from"), *slows_from, 0.0, 1_000.0);
                self.within(&key("slows_by"), *slows_by, 0.01, 100.0);
            }
            Fault::SlowQueries { factor, .. } => self.within(&key("factor"), *factor, 0.01, 1_000.0),
            Fault::ConnectionLeak { per_minute, .. } => self.within(&key("per_minute"), *per_minute, 0.0, 1_000.0),
            Fault::MetricsDown { lasts }
            | Fault::RolloutLocked { lasts }
            | Fault::TableLocked { lasts }
            | Fault::ReplicationLag { lasts } => {
                self.lasts(&key("lasts"), *lasts, 1, LONGEST);
            }
            Fault::InstanceLocked { instance, lasts } => {
                self.lasts(&key("lasts"), *lasts, 1, LONGEST);
                self.known_instance(&key("instance"), instance);
            }
            Fault::Restart { .. } => {}
        }
    }

    fn known_version(&mut self, path: &str, version: &str) {
        let service = &self.scenario.service;
        let known = [service.stable.version.as_str(), service.canary.version.as_str()];
        if !known.contains(&version) {
            self.add(path, format!("nothing runs `{}`; {}", clean(version), hint(version, &known)));
        }
    }

    fn known_instance(&mut self, path: &str, instance: &str) {
        let service = &self.scenario.service;
        let tracks = [(TrackName::Stable, &service.stable), (TrackName::Canary, &service.canary)];
        let names = tracks.into_iter().flat_map(|(name, track)| {
            (1..=track.instances).map(move |number| format!("{}-{}-{number}", service.name, name.label()))
        });
        let names: Vec<String> = names.collect();
        if !names.iter().any(|name| name == instance) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.add(path, format!("there is no instance `{}`; {}", clean(instance), hint(instance, &names)));
        }
    }

    /// Counts only grow, by no more failures than requests, and by no more requests than a second takes.
    pub(super) fn pins(&mut self) {
        let scenario = self.scenario;
        for track in [TrackName::Stable, TrackName::Canary] {
            let (mut seconds, mut requests, mut errors) = (0, 0, 0);
            for (index, it) in scenario.pins().enumerate().filter(|(_, pin)| pin.track == track) {
                let path = format!("pins.{index}");
                self.moment(&path, it.at);
                let falls = it.at.secs() <= seconds || it.requests < requests || it.errors < errors;
                if falls || it.errors - errors > it.requests - requests {
                    self.add(path, format!("this pin, at {}, contradicts the one before it", it.at));
                    break;
                }
                let spread = (it.requests - requests).saturating_mul(it.at.secs() - seconds);
                self.need(spread <= SPREADING, &path, "has too many requests for this stretch of time");
                (seconds, requests, errors) = (it.at.secs(), it.requests, it.errors);
            }
        }
    }
}
