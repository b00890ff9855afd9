//! `[rollback]`: steps, or an engine and what it acts on.

use std::time::Duration;

use super::{Faults, LONGEST_TIMEOUT};
use crate::config::schema::{Engine, GitRevert, Helm, Kubernetes, Rollback, Step};

/// How long a person may wait for the lock of several machines.
const MOST_PATIENCE: Duration = Duration::from_secs(60);
/// How often a failed step may be tried again.
const MOST_RETRIES: u32 = 5;

impl Faults {
    pub(super) fn rollback(&mut self, rollback: &Rollback) {
        if !rollback.plan.is_empty() {
            self.head_of_plans(rollback);
            self.names("rollback.plan", rollback.plan.iter().map(Rollback::label));
        }
        if let Some(lock) = &rollback.lock {
            self.between("rollback.lock.patience", lock.patience, Duration::ZERO, MOST_PATIENCE);
            self.plain_name("rollback.lock.remote", &lock.remote);
        }
        for (path, way) in rollback.places().iter().zip(rollback.ways()) {
            self.way(path, &way);
        }
    }

    /// What is above several plans holds for all of them, and is none itself.
    fn head_of_plans(&mut self, rollback: &Rollback) {
        let is_way = rollback.engine != Engine::default()
            || !(rollback.steps.is_empty() && rollback.needs.is_empty())
            || rollback.kubernetes.is_some()
            || rollback.helm.is_some()
            || rollback.git.is_some()
            || rollback.flag.is_some()
            || rollback.salesforce.is_some()
            || rollback.github.is_some()
            || rollback.gitops.is_some()
            || rollback.recipe.is_some();
        if is_way {
            self.add(
                "rollback",
                "beside [[rollback.plan]] only `to`, `verify` and `artifact` may stand: make it a plan of its own",
            );
        }
        for (index, way) in rollback.plan.iter().enumerate() {
            if !way.plan.is_empty() {
                self.add(&format!("rollback.plan.{index}.plan"), "a plan has no plans below it");
            }
            if way.to.is_some() {
                self.add(&format!("rollback.plan.{index}.to"), "one target for all plans: write it in [rollback]");
            }
        }
    }

    fn way(&mut self, path: &str, way: &Rollback) {
        // A recipe that does not hold has said so already.
        if way.engine == Engine::Steps && way.steps.is_empty() && way.recipe.is_none() {
            let lists = format!("a rollback by steps needs at least one [[{}.steps]]", keys(path));
            self.add(path, lists);
        }
        self.engine(path, way);
        self.asks(path, way);
        self.names(&format!("{path}.steps"), way.steps.iter().map(|step| step.name.as_str()));
        for (index, step) in way.steps.iter().enumerate() {
            self.step(&format!("{path}.steps.{index}"), step);
        }
        self.names(&format!("{path}.needs"), way.needs.iter().map(|need| need.name.as_str()));
        for (index, need) in way.needs.iter().enumerate() {
            self.verify(&format!("{path}.needs.{index}.look"), &need.look);
        }
        if let Some(verify) = &way.verify {
            self.verify(&format!("{path}.verify"), verify);
        }
        if let Some(look) = &way.artifact {
            let path = format!("{path}.artifact");
            if look.names_image() && !matches!(way.engine, Engine::Kubernetes | Engine::ArgoRollouts) {
                self.add(
                    &path,
                    "only the engines kubernetes and argo-rollouts know `{image}`: name it with {to.version}",
                );
            }
            self.verify(&path, &look.with_image("image"));
        }
    }

    /// An engine makes its own steps, from what it acts on.
    fn engine(&mut self, path: &str, way: &Rollback) {
        let by_kubectl = matches!(way.engine, Engine::Kubernetes | Engine::ArgoRollouts);
        let is_owned = by_kubectl || matches!(way.engine, Engine::Helm | Engine::ArgoCd);
        for (table, is_given, is_used) in [
            ("kubernetes", way.kubernetes.is_some(), by_kubectl),
            ("helm", way.helm.is_some(), way.engine == Engine::Helm),
            ("git", way.git.is_some(), way.engine == Engine::GitRevert),
            ("flag", way.flag.is_some(), way.engine == Engine::Flag),
            ("salesforce", way.salesforce.is_some(), way.engine == Engine::Salesforce),
            ("github", way.github.is_some(), way.engine == Engine::GithubActions),
            ("gitops", way.gitops.is_some(), is_owned),
        ] {
            if is_given && !is_used {
                self.add(&format!("{path}.{table}"), "the engine of this plan does not use it");
            }
        }
        if way.engine != Engine::Steps && !way.steps.is_empty() {
            let what = "an engine makes its own steps: use the engine \"steps\", or leave these out";
            self.add(&format!("{path}.steps"), what);
        }
        if let Some(Kubernetes { workload, namespace, context, image, .. }) = &way.kubernetes {
            let path = format!("{path}.kubernetes");
            self.objects(&path, [("workload", workload), ("namespace", namespace)], context.as_deref());
            image.iter().for_each(|image| self.placeholders(&format!("{path}.image"), image));
        }
        if let Some(Helm { release, namespace, context, .. }) = &way.helm {
            let names = [("release", release), ("namespace", namespace)];
            self.objects(&format!("{path}.helm"), names, context.as_deref());
        }
        if let Some(GitRevert { branch, remote, pull_request }) = &way.git {
            for (key, name) in [("branch", branch), ("remote", remote)] {
                self.plain_name(&format!("{path}.git.{key}"), name);
            }
            pull_request.iter().for_each(|it| self.pull_request(&format!("{path}.git.pull_request"), it));
        }
        way.flag.iter().for_each(|flag| self.flag(&format!("{path}.flag"), flag));
        way.salesforce.iter().for_each(|org| self.org(&format!("{path}.salesforce"), org));
        way.github.iter().for_each(|github| self.pipeline(&format!("{path}.github"), github));
        way.gitops.iter().for_each(|gitops| self.gitops(&format!("{path}.gitops"), gitops));
    }

    /// A name that git is given.
    fn plain_name(&mut self, path: &str, name: &str) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
        let is_plain = !name.is_empty() && name.chars().all(allowed) && !name.contains("..");
        if !is_plain || name.starts_with(['-', '.', '/']) {
            self.add(path, "is no plain name: letters, digits and `._/-`");
        }
    }

    /// Names become arguments: none may look like an option.
    pub(super) fn objects(&mut self, path: &str, names: [(&str, &String); 2], context: Option<&str>) {
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
        match (&step.run, &step.http, &step.manual) {
            (Some(argv), None, None) => self.argv(&format!("{path}.run"), argv),
            (None, Some(request), None) => self.request(&format!("{path}.http"), request),
            (None, None, Some(text)) => self.placeholders(&format!("{path}.manual"), text),
            (None, None, None) if step.verify.is_some() => {}
            (None, None, None) => {
                let what = "a step needs `run = [\"program\", …]`, `http = { url = \"…\" }`, `manual = \"…\"`, or \
                            `verify` to wait for";
                self.add(path, what);
            }
            _ => self.add(path, "a step has one of `run`, `http` and `manual`: make two steps"),
        }
        for (key, argv) in [("rehearse", &step.rehearse), ("compensate", &step.compensate)] {
            argv.iter().for_each(|argv| self.argv(&format!("{path}.{key}"), argv));
        }
        if step.retries > 0 && !step.idempotent {
            let what = "only a step that says `idempotent = true` is tried again by itself";
            self.add(&format!("{path}.retries"), what);
        }
        if step.retries > MOST_RETRIES {
            self.add(&format!("{path}.retries"), format!("{MOST_RETRIES} at most: somebody waits"));
        }
        if let Some(verify) = &step.verify {
            self.verify(&format!("{path}.verify"), verify);
        }
        self.between(&format!("{path}.timeout"), step.timeout, Duration::ZERO, LONGEST_TIMEOUT);
    }
}

/// A path as the file has it: without the places in lists.
fn keys(path: &str) -> String {
    path.split('.').filter(|key| key.parse::<usize>().is_err()).collect::<Vec<_>>().join(".")
}
