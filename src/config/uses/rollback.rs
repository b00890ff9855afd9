//! What `[rollback]` and `[rollout]` run, contact and authenticate with: steps, engines, and what they ask first.

use super::{Run, Uses};
use crate::config::schema::{Config, Engine, FeatureFlag, Helm, Kubernetes, Rollback, RolloutKind, RolloutSource};

impl Uses {
    pub(super) fn rollback(&mut self, config: &Config) {
        let Some(rollback) = &config.rollback else { return };
        for way in rollback.ways() {
            self.way(&way);
        }
        if let Some(lock) = &rollback.lock {
            for verb in ["ls-remote", "fetch", "push"] {
                let argv = ["git", verb, &lock.remote, "refs/hotfix/lock/rollback"].map(str::to_owned);
                self.run("rollback lock", Some(&argv));
            }
        }
    }

    fn way(&mut self, rollback: &Rollback) {
        for ask in &rollback.ask {
            let purpose = format!("rollback, looking up {}", ask.name);
            self.run(&purpose, ask.run.as_deref());
            if let Some(url) = &ask.url {
                self.contact(&purpose, "GET", url, ask.token.as_ref(), ask.allow_http);
            }
        }
        for step in &rollback.steps {
            let purpose = format!("rollback step {}", step.name);
            self.run(&purpose, step.run.as_deref());
            self.run(&format!("{purpose}, rehearsed"), step.rehearse.as_deref());
            self.run(&format!("{purpose}, taken back"), step.compensate.as_deref());
            if let Some(request) = &step.http {
                self.request(&purpose, request);
            }
            self.verify(&purpose, step.verify.as_ref());
        }
        for need in &rollback.needs {
            self.verify(&format!("rollback, whether {}", need.name), Some(&need.look));
        }
        self.engine(rollback);
        if let Some(git) = &rollback.git {
            for verb in ["ls-remote", "push"] {
                self.run("rollback engine", Some(&["git", verb, &git.remote, &git.branch].map(str::to_owned)));
            }
            if let Some(it) = &git.pull_request {
                self.contact("rollback engine: a review", "POST", it.api(), it.token.as_ref(), it.allow_http);
                self.probe(it.project());
            }
        }
        self.verify("rollback, whether what it goes back to is still there", rollback.artifact.as_ref());
        self.verify("rollback", rollback.verify.as_ref());
    }

    /// What an engine runs, each command up to what differs from plan to plan.
    fn engine(&mut self, rollback: &Rollback) {
        let of = |program: &str, context: Option<String>, namespace: &str, words: &[&str]| {
            let flags = context.into_iter().chain([format!("--namespace={namespace}")]);
            let words = words.iter().map(|&word| word.to_owned());
            std::iter::once(program.to_owned()).chain(flags).chain(words).collect::<Vec<_>>()
        };
        if let Some(Kubernetes { workload, namespace, context, .. }) = &rollback.kubernetes {
            let context = context.as_ref().map(|context| format!("--context={context}"));
            let kind =
                if rollback.engine == Engine::ArgoRollouts { "rollouts.argoproj.io" } else { "deployments.apps" };
            let object = format!("{kind}/{workload}");
            let verbs: &[&[&str]] = match rollback.engine {
                Engine::ArgoRollouts => &[&["get"], &["auth", "can-i", "patch"], &["patch"], &["wait"]],
                _ => &[
                    &["get"],
                    &["auth", "can-i", "patch"],
                    &["rollout", "resume"],
                    &["rollout", "undo"],
                    &["rollout", "status"],
                ],
            };
            for verb in verbs {
                let words = [verb, &[object.as_str()][..]].concat();
                self.run("rollback engine", Some(&of("kubectl", context.clone(), namespace, &words)));
            }
            if rollback.engine == Engine::ArgoRollouts {
                self.run("rollback engine", Some(&["kubectl", "version", "--client"].map(str::to_owned)));
            }
            let revisions = of("kubectl", context, namespace, &["get", "replicasets.apps"]);
            self.run("rollback engine", Some(&revisions));
        }
        rollback.flag.iter().for_each(|flag| self.flag(flag));
        if let Some(it) = &rollback.github {
            self.contact("rollback engine: the pipeline", "POST", it.api(), it.token.as_ref(), it.allow_http);
            self.probe(format!("{}/repos/{}", it.api(), it.repository));
        }
        if let Some(it) = &rollback.salesforce {
            let commands: [&[&str]; 5] = [
                &["project", "deploy", "validate"],
                &["project", "deploy", "quick"],
                &["project", "deploy", "start"],
                &["project", "deploy", "report"],
                &["data", "query", "--use-tooling-api"],
            ];
            for words in commands {
                let argv = [&["sf"][..], words, &["--target-org", &it.org, "--json"]].concat();
                let argv: Vec<String> = argv.into_iter().map(str::to_owned).collect();
                self.run("rollback engine", Some(&argv));
            }
        }
        if let Some(it) = &rollback.gitops {
            let context = it.context.as_ref().map(|context| format!("--context={context}"));
            for verbs in [&["get"][..], &["auth", "can-i", "patch"], &["patch"]] {
                let object = it.object();
                let words = [verbs, &[object.as_str()]].concat();
                let argv = of("kubectl", context.clone(), it.namespace(), &words);
                self.run("rollback engine: who follows git", Some(&argv));
            }
        }
        if let Some(Helm { release, namespace, context, .. }) = &rollback.helm {
            let asks = context.as_ref().map(|context| format!("--context={context}"));
            let argv = of("kubectl", asks, namespace, &["auth", "can-i", "create", "secrets"]);
            self.runs.push(Run { purpose: "rollback engine: where kubectl is here".into(), argv, optional: true });
            let context = context.as_ref().map(|context| format!("--kube-context={context}"));
            for verb in ["history", "rollback"] {
                self.run("rollback engine", Some(&of("helm", context.clone(), namespace, &[verb, release])));
            }
        }
    }

    fn flag(&mut self, flag: &FeatureFlag) {
        let purpose = "rollback engine: the flag";
        if let Some(it) = &flag.unleash {
            self.contact(purpose, "POST", &it.url, it.token.as_ref(), it.allow_http);
        }
        if let Some(it) = &flag.launchdarkly {
            self.contact(purpose, "PATCH", &it.url, it.token.as_ref(), it.allow_http);
        }
        if let Some(it) = &flag.flagd {
            self.edits.push((purpose.to_owned(), it.file.clone()));
        }
    }

    /// Where a rollout is seen, and what steers it.
    pub(super) fn rollout(&mut self, it: &RolloutSource) {
        let purpose = "rollout";
        let object = it.object();
        let places = it.context.iter().map(|context| format!("--context={context}"));
        let places: Vec<String> = places.chain(it.namespace.iter().map(|name| format!("--namespace={name}"))).collect();
        let argv = |program: &str, words: &[&str]| {
            let words = words.iter().map(|&word| word.to_owned());
            std::iter::once(program.to_owned()).chain(places.clone()).chain(words).collect::<Vec<_>>()
        };
        let verbs: &[&[&str]] = match it.from {
            RolloutKind::ArgoRollouts => &[
                &["get", &object],
                &["get", "replicasets.apps"],
                &["get", "analysisruns.argoproj.io"],
                &["patch", &object],
            ],
            RolloutKind::Kubernetes => &[
                &["get", &object],
                &["get", "replicasets.apps"],
                &["rollout", "pause", &object],
                &["rollout", "resume", &object],
            ],
            RolloutKind::Flagger => &[&["get", &object]],
            RolloutKind::Salesforce | RolloutKind::Http | RolloutKind::Command => &[],
        };
        for words in verbs {
            self.run(purpose, Some(&argv("kubectl", words)));
        }
        if let Some(org) = &it.org {
            for verb in ["report", "cancel"] {
                let words = ["sf", "project", "deploy", verb, "--target-org", org, "--use-most-recent", "--json"];
                self.run(purpose, Some(&words.map(str::to_owned)));
            }
        }
        self.run(purpose, it.run.as_deref());
        self.run("rollout: a weight", it.set_by.as_deref());
        if let Some(url) = &it.url {
            self.contact(purpose, "GET", url, it.token.as_ref(), it.allow_http);
        }
        it.set.iter().for_each(|request| self.request("rollout: a weight", request));
    }
}
