//! Scenarios whose values have the right type and cannot be right all the same (pure).
//!
//! A scenario is somebody's file: whatever it says, a world that is made of it ends, and fits into memory.

mod events;
mod scoring;

use super::database;
use super::moment::Moment;
use super::scenario::Scenario;
use super::service::Service;
use super::world::OLDER;
use crate::config::check::Fault;
use crate::evidence::text::clean;

/// The longest drill.
const LONGEST: Moment = Moment::from_secs(4 * 3_600);
/// The most instances of a track.
const INSTANCES: u8 = 32;
/// The most samples that the world's metric server remembers.
const SAMPLES: u64 = 4_000_000;
/// The most requests a minute.
const REQUESTS: f64 = 6_000.0;

/// Everything that cannot be right.
pub fn check(scenario: &Scenario) -> Vec<Fault> {
    let mut faults = Faults { scenario, found: Vec::new() };
    faults.words();
    faults.service(&scenario.service);
    faults.database();
    faults.repository();
    faults.ci();
    faults.events();
    faults.pins();
    faults.scoring();
    faults.found
}

/// What was found so far.
struct Faults<'a> {
    scenario: &'a Scenario,
    found: Vec<Fault>,
}

impl<'a> Faults<'a> {
    fn add(&mut self, path: impl Into<String>, what: impl Into<String>) {
        self.found.push(Fault { path: path.into(), what: what.into() });
    }

    fn need(&mut self, holds: bool, path: &str, what: impl Into<String>) {
        if !holds {
            self.add(path, what);
        }
    }

    fn within(&mut self, path: &str, value: f64, least: f64, most: f64) {
        self.need((least..=most).contains(&value), path, format!("is {value}: {least} to {most} is allowed"));
    }

    fn lasts(&mut self, path: &str, value: Moment, least: u64, most: Moment) {
        let allowed = || format!("is {value}: {} to {most} is allowed", Moment::from_secs(least));
        if value.secs() < least || value > most {
            self.add(path, allowed());
        }
    }

    fn moment(&mut self, path: &str, at: Moment) {
        let end = self.scenario.length;
        if at > end {
            self.add(path, format!("{at} is after the end at {end}"));
        }
    }

    /// A text for people: there, not endless, and without anything that steers a terminal.
    fn prose(&mut self, path: &str, text: &str, most: usize) {
        let count = text.chars().count();
        self.need(!text.trim().is_empty(), path, "is empty");
        self.need(count <= most, path, format!("has {count} characters: {most} at most"));
        let is_plain = text.lines().all(|line| clean(line) == line);
        self.need(is_plain, path, "holds control characters");
    }

    /// A name that stands in addresses, file names and branches.
    fn slug(&mut self, path: &str, text: &str) {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_good = !text.starts_with('-') && !text.ends_with('-') && !text.is_empty() && text.len() <= 40;
        let what = "must be made of lower-case letters, digits and inner dashes, 40 at most";
        self.need(is_good && text.chars().all(fits), path, what);
    }

    fn version(&mut self, path: &str, text: &str) {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let is_tag = text.starts_with('v') && text.len() <= 30 && text.chars().all(fits);
        let is_tag = is_tag && !text.contains("..") && !text.ends_with(['.', '-']) && !text.ends_with(".lock");
        self.need(is_tag, path, "must be a tag such as `v2.4.1`");
        self.need(text != OLDER, path, format!("{OLDER} is the version before: call it otherwise"));
    }

    fn words(&mut self) {
        let it = self.scenario;
        self.slug("id", &it.id);
        self.prose("name", &it.name, 60);
        self.prose("aim", &it.aim, 200);
        self.prose("briefing", &it.briefing, 4_000);
        self.prose("debrief", &it.debrief, 8_000);
        self.lasts("length", it.length, 60, LONGEST);
        self.slug("incident.title", &it.incident.title);
        if let Some(key) = &it.incident.ticket {
            let is_key = key.split_once('-').is_some_and(|(project, number)| {
                let letters = !project.is_empty() && project.chars().all(|c| c.is_ascii_uppercase());
                letters && !number.is_empty() && key.len() <= 40 && number.chars().all(|c| c.is_ascii_digit())
            });
            self.need(is_key, "incident.ticket", "must be a key such as `SHOP-4211`");
        }
        self.lasts("incident.impact_before", it.incident.impact_before, 0, Moment::from_secs(24 * 3_600));
    }

    fn service(&mut self, it: &'a Service) {
        self.slug("service.name", &it.name);
        for (path, track) in [("service.stable", &it.stable), ("service.canary", &it.canary)] {
            self.version(&format!("{path}.version"), &track.version);
            let count = f64::from(track.instances);
            self.within(&format!("{path}.instances"), count, 1.0, f64::from(INSTANCES));
        }
        self.need(it.stable.version != it.canary.version, "service.canary.version", "is the stable version too");
        self.within("service.weight", f64::from(it.weight), 0.0, 100.0);
        self.within("service.requests_per_minute", it.requests_per_minute, 0.0, REQUESTS);
        self.within("service.error_rate", it.error_rate, 0.0, 1.0);
        self.within("service.memory_mib", it.memory_mib, 1.0, 1_000_000.0);
        if let Some(limit) = it.memory_limit_mib {
            self.within("service.memory_limit_mib", limit, it.memory_mib * 1.01, 1_000_000.0);
        }
        self.lasts("service.scrape", it.scrape, 1, Moment::from_secs(300));
        self.lasts("service.settle", it.settle, 0, Moment::from_secs(600));
        self.lasts("service.patience", it.patience, 1, Moment::from_secs(600));
        self.need(!it.watch.is_empty(), "service.watch", "is empty: nothing would be judged");
        let twice = it.watch.iter().enumerate().any(|(index, signal)| it.watch[..index].contains(signal));
        self.need(!twice, "service.watch", "names a signal twice");
        self.noise(it);
        self.routes(it);
        self.latency(it);
        self.size(it);
    }

    fn noise(&mut self, it: &Service) {
        let noise = &it.noise;
        self.within("service.noise.diurnal", noise.diurnal, 0.0, 0.99);
        self.within("service.noise.bursts_per_minute", noise.bursts_per_minute, 0.0, 10.0);
        self.within("service.noise.burst_factor", noise.burst_factor, 0.0, 10.0);
        self.within("service.noise.memory", noise.memory, 0.0, 0.5);
        self.lasts("service.noise.burst_length", noise.burst_length, 0, Moment::from_secs(600));
    }

    fn routes(&mut self, it: &Service) {
        let path = "service.routes";
        self.need((1..=20).contains(&it.routes.len()), path, "must have 1 to 20 routes");
        for (route, share) in &it.routes {
            let is_path = route.starts_with('/') && route.len() <= 60 && route.chars().all(|c| c.is_ascii_graphic());
            self.need(is_path, path, format!("`{}` is no path such as `/cart`", clean(route)));
            self.within(path, *share, 0.0, 1_000.0);
        }
        self.need(it.routes.values().sum::<f64>() > 0.0, path, "leads nowhere: every share is 0");
    }

    fn latency(&mut self, it: &Service) {
        let times = &it.latency;
        let pairs = times.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        let first = times.first().is_some_and(|first| first.0 > 0.0 && first.1 >= 0.0);
        let last = times.last().is_some_and(|last| last.0 <= 600.0 && last.1 == 1.0);
        self.need(times.len() <= 20, "service.latency", "may have 20 bounds at most");
        self.need(
            pairs && first && last,
            "service.latency",
            "must rise from above 0 s to 600 s at most, and to a share of 1",
        );
    }

    /// What the metric server has to remember.
    fn size(&mut self, it: &Service) {
        let instances = u64::from(it.stable.instances) + u64::from(it.canary.instances);
        let series = instances * (it.routes.len() as u64 * 2 + it.latency.len() as u64 + 5 + database::SERIES);
        let samples = series * (self.scenario.length.secs() / it.scrape.secs().max(1) + 1);
        let what = format!("{samples} samples are too many: scrape less often, or have fewer instances or routes");
        self.need(samples <= SAMPLES, "service.scrape", what);
    }

    fn repository(&mut self) {
        let count = f64::from(self.scenario.repository.foreign_commits);
        self.within("repository.foreign_commits", count, 0.0, 20.0);
    }

    fn ci(&mut self) {
        let it = self.scenario;
        self.need(it.ci.len() <= 100, "ci", "may have 100 runs at most");
        let mut last = None;
        for (index, run) in it.ci.iter().enumerate() {
            let path = |key: &str| format!("ci.{index}.{key}");
            self.moment(&path("at"), run.at);
            self.need(last < Some(run.at), &path("at"), "is not after the run before it");
            self.lasts(&path("takes"), run.takes, 1, LONGEST);
            self.within(&path("tests"), f64::from(run.tests), 1.0, 5_000.0);
            self.tests(&path("red"), &run.red, run.tests);
            last = Some(run.at);
        }
        self.lasts("tests.takes", it.tests.takes, 1, LONGEST);
        self.within("tests.count", f64::from(it.tests.count), 1.0, 5_000.0);
        self.tests("tests.real", &it.tests.real, it.tests.count);
        for (index, flaky) in it.tests.flaky.iter().enumerate() {
            let path = format!("tests.flaky.{index}");
            self.prose(&format!("{path}.name"), &flaky.name, 60);
            self.need(flaky.of > 0 && flaky.red <= flaky.of, &path, "was red more often than it ran");
            self.need(!it.tests.real.contains(&flaky.name), &path, "is among the real failures as well");
        }
        let red = it.tests.real.len() + it.tests.flaky.len();
        self.need(red <= it.tests.count as usize, "tests.count", "is less than the tests that may be red");
    }

    fn tests(&mut self, path: &str, names: &[String], count: u32) {
        self.need(names.len() <= (count as usize).min(200), path, "names more tests than there are, or more than 200");
        for name in names {
            self.prose(path, name, 60);
        }
    }
}
