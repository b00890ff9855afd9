//! `[rollback]`: steps, or an engine and what it acts on.

use std::time::Duration;

use super::{Faults, LONGEST_TIMEOUT};
use crate::config::schema::{Engine, Helm, Kubernetes, Rollback, Step};

impl Faults {
    pub(super) fn rollback(&mut self, rollback: &Rollback) {
        if rollback.engine == Engine::Steps && rollback.steps.is_empty() {
            self.add("rollback", "a rollback by steps needs at least one [[rollback.steps]]");
        }
        self.engine(rollback);
        self.names("rollback.steps", rollback.steps.iter().map(|step| step.name.as_str()));
        for (index, step) in rollback.steps.iter().enumerate() {
            self.step(&format!("rollback.steps.{index}"), step);
        }
        if let Some(verify) = &rollback.verify {
            self.verify("rollback.verify", verify);
        }
    }

    /// An engine makes its own steps, from what it acts on.
    fn engine(&mut self, rollback: &Rollback) {
        let by_kubectl = matches!(rollback.engine, Engine::Kubernetes | Engine::ArgoRollouts);
        for (table, is_given, is_used) in [
            ("rollback.kubernetes", rollback.kubernetes.is_some(), by_kubectl),
            ("rollback.helm", rollback.helm.is_some(), rollback.engine == Engine::Helm),
        ] {
            if is_given && !is_used {
                self.add(table, "the engine of [rollback] does not use it");
            }
        }
        if rollback.engine != Engine::Steps && !rollback.steps.is_empty() {
            self.add("rollback.steps", "an engine makes its own steps: use the engine \"steps\", or leave these out");
        }
        if let Some(Kubernetes { workload, namespace, context, image, .. }) = &rollback.kubernetes {
            self.objects("rollback.kubernetes", [("workload", workload), ("namespace", namespace)], context.as_deref());
            image.iter().for_each(|image| self.placeholders("rollback.kubernetes.image", image));
        }
        if let Some(Helm { release, namespace, context, .. }) = &rollback.helm {
            self.objects("rollback.helm", [("release", release), ("namespace", namespace)], context.as_deref());
        }
    }

    /// Names become arguments: none may look like an option.
    fn objects(&mut self, path: &str, names: [(&str, &String); 2], context: Option<&str>) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        for (key, name) in names {
            if name.is_empty() || !name.chars().all(allowed) || name.starts_with(['-', '.']) {
                self.add(
                    &format!("{path}.{key}"),
                    "is no name of Kubernetes: letters, digits, `-` and `.`, beginning with a letter or digit",
                );
            }
        }
        if context.is_some_and(|it| it.is_empty() || it.chars().any(char::is_control)) {
            self.add(&format!("{path}.context"), "is no name of a context: see `kubectl config get-contexts`");
        }
    }

    fn step(&mut self, path: &str, step: &Step) {
        match (&step.run, &step.http) {
            (Some(_), Some(_)) => self.add(path, "a step has `run` or `http`, not both: make two steps"),
            (None, None) => self.add(path, "a step needs `run = [\"program\", …]` or `http = { url = \"…\" }`"),
            (Some(argv), None) => self.argv(&format!("{path}.run"), argv),
            (None, Some(request)) => self.request(&format!("{path}.http"), request),
        }
        if let Some(argv) = &step.rehearse {
            self.argv(&format!("{path}.rehearse"), argv);
        }
        if let Some(verify) = &step.verify {
            self.verify(&format!("{path}.verify"), verify);
        }
        self.between(&format!("{path}.timeout"), step.timeout, Duration::ZERO, LONGEST_TIMEOUT);
    }
}
