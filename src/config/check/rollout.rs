//! `[rollout]`: what each of its sources needs.

use std::time::Duration;

use super::Faults;
use crate::config::schema::{RolloutKind, RolloutSource};

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

impl Faults {
    pub(super) fn rollout(&mut self, path: &str, it: &RolloutSource) {
        let is_cluster = matches!(it.from, RolloutKind::ArgoRollouts | RolloutKind::Kubernetes | RolloutKind::Flagger);
        let is_plain = matches!(it.from, RolloutKind::Http | RolloutKind::Command);
        match (&it.workload, &it.namespace) {
            (Some(workload), Some(namespace)) if is_cluster => {
                self.objects(path, [("workload", workload), ("namespace", namespace)], it.context.as_deref());
            }
            (None, _) | (_, None) if is_cluster => self.add(path, "needs `workload` and `namespace`"),
            (None, None) => {}
            _ => self.add(path, "`workload` and `namespace` are for a cluster alone"),
        }
        for (key, is_given, is_wanted) in [
            ("org", it.org.is_some(), it.from == RolloutKind::Salesforce),
            ("url", it.url.is_some(), it.from == RolloutKind::Http),
            ("run", it.run.is_some(), it.from == RolloutKind::Command),
        ] {
            match (is_given, is_wanted) {
                (false, true) => self.add(path, format!("needs `{key}`")),
                (true, false) => self.add(&format!("{path}.{key}"), "is not used by this source"),
                _ => {}
            }
        }
        let sets = it.set.is_some() || it.set_by.is_some() || !it.steps.is_empty();
        if sets && !is_plain {
            self.add(path, "`steps`, `set` and `set_by` are for `http` and `command` alone: the others know theirs");
        }
        self.weights(path, it);
        self.token(path, it.token.as_ref());
        self.between(&format!("{path}.interval"), it.interval, SHORTEST, LONGEST);
    }

    fn weights(&mut self, path: &str, it: &RolloutSource) {
        if let Some(url) = &it.url {
            self.url(&format!("{path}.url"), url, it.allow_http);
        }
        it.run.iter().for_each(|argv| self.argv(&format!("{path}.run"), argv));
        it.org.iter().for_each(|org| self.parts(path, [("org", org)]));
        if it.set.is_some() && it.set_by.is_some() {
            self.add(path, "has `set` or `set_by`, not both");
        }
        if let Some(request) = &it.set {
            self.url(&format!("{path}.set.url"), &request.url, request.allow_http);
            self.token(&format!("{path}.set"), request.token.as_ref());
            if !request.json.as_ref().is_some_and(|json| json.to_string().contains("{weight}")) {
                self.add(&format!("{path}.set"), "needs `json` with \"{weight}\" where the weight goes");
            }
        }
        if let Some(argv) = &it.set_by {
            if argv.first().is_none_or(|program| program.trim().is_empty() || program.contains('{')) {
                self.add(&format!("{path}.set_by"), "a command needs a program: [\"program\", \"{weight}\"]");
            }
            if !argv.iter().any(|arg| arg.contains("{weight}")) {
                self.add(&format!("{path}.set_by"), "needs an argument with `{weight}`");
            }
        }
        let rises = it.steps.windows(2).all(|pair| pair[0] < pair[1]);
        if !rises || it.steps.iter().any(|weight| *weight > 100) {
            self.add(&format!("{path}.steps"), "rise, and are percentages: [5, 25, 50, 100]");
        }
    }
}
