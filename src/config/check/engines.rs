//! What the engines of `[rollback]` act on, and what its steps look up.

use std::time::Duration;

use super::{ASKED, Faults, LONGEST_TIMEOUT, check_json_path, pattern, placeholders};
use crate::config::schema::{Ask, Engine, FeatureFlag, GitHubDeploy, GitOps, PullRequest, Rollback, SalesforceOrg};

impl Faults {
    pub(super) fn pipeline(&mut self, path: &str, it: &GitHubDeploy) {
        self.url(&format!("{path}.api"), it.api(), it.allow_http);
        let (owner, name) = it.repository.split_once('/').unwrap_or((&it.repository, ""));
        self.parts(path, [("repository", &owner.to_owned()), ("repository", &name.to_owned())]);
        match (&it.workflow, &it.environment) {
            (Some(workflow), None) => self.parts(path, [("workflow", workflow)]),
            (None, Some(environment)) => self.parts(path, [("environment", environment)]),
            _ => self.add(path, "needs exactly one of `workflow` and `environment`"),
        }
        self.placeholders(&format!("{path}.ref"), &it.reference);
        for (name, value) in &it.inputs {
            self.placeholders(&format!("{path}.inputs.{name}"), value);
        }
        self.token(path, it.token.as_ref());
        self.between(&format!("{path}.timeout"), it.timeout, Duration::ZERO, LONGEST_TIMEOUT);
    }

    pub(super) fn org(&mut self, path: &str, it: &SalesforceOrg) {
        if it.org.trim().is_empty() || it.org.starts_with('-') || it.org.chars().any(char::is_control) {
            self.add(&format!("{path}.org"), "write an alias or a user name: see `sf org list`");
        }
        let is_inside = |part: &str| !part.is_empty() && part != ".." && !part.chars().any(char::is_control);
        if !it.project.is_empty() && !it.project.split('/').all(is_inside) {
            self.add(&format!("{path}.project"), "is a folder of the repository: `salesforce`");
        }
        self.test_level(path, it.level, &it.tests);
        self.between(&format!("{path}.timeout"), it.timeout, Duration::ZERO, LONGEST_TIMEOUT);
    }

    pub(super) fn pull_request(&mut self, path: &str, it: &PullRequest) {
        match (&it.github, &it.gitlab) {
            (Some(name), None) => {
                let (owner, name) = name.split_once('/').unwrap_or((name, ""));
                self.parts(path, [("github", &owner.to_owned()), ("github", &name.to_owned())]);
            }
            (None, Some(name)) if name.contains('/') => {
                name.split('/').for_each(|part| self.parts(path, [("gitlab", &part.to_owned())]));
            }
            (None, Some(_)) => self.add(&format!("{path}.gitlab"), "is a group and a name: `shop/checkout`"),
            _ => self.add(path, "needs exactly one of `github` and `gitlab`"),
        }
        self.url(&format!("{path}.api"), it.api(), it.allow_http);
        self.token(path, it.token.as_ref());
        self.between(&format!("{path}.timeout"), it.timeout, Duration::ZERO, LONGEST_TIMEOUT);
    }

    pub(super) fn gitops(&mut self, path: &str, it: &GitOps) {
        let names = [("argocd", &it.argocd), ("kustomization", &it.kustomization), ("helmrelease", &it.helmrelease)];
        let given: Vec<_> = names.iter().filter_map(|(key, name)| Some((*key, name.as_ref()?))).collect();
        match given[..] {
            [(key, name)] => {
                let namespace = it.namespace().to_owned();
                self.objects(path, [(key, name), ("namespace", &namespace)], it.context.as_deref());
            }
            _ => self.add(path, "needs exactly one of `argocd`, `kustomization` and `helmrelease`"),
        }
    }

    pub(super) fn flag(&mut self, path: &str, flag: &FeatureFlag) {
        let given = [flag.unleash.is_some(), flag.launchdarkly.is_some(), flag.flagd.is_some()];
        if given.iter().filter(|is_given| **is_given).count() != 1 {
            self.add(path, "needs exactly one of `unleash`, `launchdarkly` and `flagd`");
        }
        if let Some(it) = &flag.unleash {
            let path = format!("{path}.unleash");
            self.url(&format!("{path}.url"), &it.url, it.allow_http);
            self.parts(&path, [("project", &it.project), ("environment", &it.environment), ("flag", &it.flag)]);
            self.token(&path, it.token.as_ref());
        }
        if let Some(it) = &flag.launchdarkly {
            let path = format!("{path}.launchdarkly");
            self.url(&format!("{path}.url"), &it.url, it.allow_http);
            self.parts(&path, [("project", &it.project), ("environment", &it.environment), ("flag", &it.flag)]);
            self.token(&path, it.token.as_ref());
        }
        if let Some(it) = &flag.flagd {
            self.parts(&format!("{path}.flagd"), [("flag", &it.flag)]);
            if !it.file.ends_with(".json") {
                self.add(&format!("{path}.flagd.file"), "must be a JSON file: other formats cannot be edited safely");
            }
        }
    }

    /// What is looked up: each in one way, and each that a step names.
    pub(super) fn asks(&mut self, path: &str, rollback: &Rollback) {
        if rollback.engine != Engine::Steps && !rollback.ask.is_empty() {
            self.add(&format!("{path}.ask"), "goes with steps alone: an engine looks up what it needs");
        }
        for (index, ask) in rollback.ask.iter().enumerate() {
            self.ask(&format!("{path}.ask.{index}"), ask);
        }
        let used = serde_json::to_string(&(&rollback.steps, &rollback.verify)).unwrap_or_default();
        for name in placeholders(&used).filter_map(|name| name.strip_prefix(ASKED)) {
            if !rollback.ask.iter().any(|ask| ask.name == name) {
                let what = format!("`{{{ASKED}{name}}}` is never asked: write [[rollback.ask]] name = \"{name}\"");
                self.add(&format!("{path}.steps"), what);
            }
        }
    }

    fn ask(&mut self, path: &str, ask: &Ask) {
        if ask.name.is_empty() || !ask.name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            self.add(&format!("{path}.name"), "has lower-case letters and `_` alone");
        }
        match (&ask.run, &ask.url) {
            (Some(argv), None) => self.argv(&format!("{path}.run"), argv),
            (None, Some(url)) => self.template(&format!("{path}.url"), url, ask.allow_http),
            _ => self.add(path, "needs exactly one of `run` and `url`"),
        }
        if let Some(Err(what)) = ask.json.as_ref().map(|json| check_json_path(json)) {
            self.add(&format!("{path}.json"), what);
        }
        if let Some(Err(what)) = ask.pattern.as_ref().map(|text| pattern(text)) {
            self.add(&format!("{path}.pattern"), what);
        }
        self.token(path, ask.token.as_ref());
    }

    /// Names become a part of an address, or of a path into JSON.
    pub(super) fn parts<const N: usize>(&mut self, path: &str, names: [(&str, &String); N]) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        for (key, name) in names {
            if name.is_empty() || name.starts_with('.') || !name.chars().all(allowed) {
                self.add(&format!("{path}.{key}"), "has letters, digits, `-`, `_`, `.` and `~` alone");
            }
        }
    }
}
