//! Everything that a configuration would run, contact or authenticate with (pure).

use super::schema::{
    ChecklistItem, Config, Deployed, MetricSource, Request, RolloutSource, Secret, TestSource, Tracker, Verify,
};

mod comms;
mod rollback;

pub use comms::SMTP;

/// What for production is asked which commit runs there.
pub const DEPLOYED: &str = "production: deployed";
/// What the canary is asked for.
pub const CANARY_DEPLOYED: &str = "canary: deployed";
/// What for a source of metrics of its own is asked.
const AFFECTED: &str = "incident: how many users are affected";

/// What for the tracker is asked.
pub const TRACKER: &str = "tracker: the incident's issue";

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What for.
    pub purpose: String,
    /// Program and arguments, placeholders as they stand.
    pub argv: Vec<String>,
    /// Whether it works without that program too.
    pub optional: bool,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// What for.
    pub purpose: String,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// As it stands in the file.
    pub url: String,
    /// What is sent along to authenticate.
    pub secret: Option<Secret>,
    /// Plain http to another machine is allowed.
    pub allow_http: bool,
    /// What a look for it asks, where that is another address on the same server.
    pub probe: Option<String>,
    /// With it the secret is that user's password.
    pub user: Option<String>,
    /// Where a secret is looked for when none is named.
    pub usual: Vec<Secret>,
}

/// A secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// What for.
    pub purpose: String,
    /// Where it is found.
    pub secret: Secret,
    /// Whether it works without it too.
    pub optional: bool,
}

/// All of it, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// The commands.
    pub runs: Vec<Run>,
    /// The addresses.
    pub contacts: Vec<Contact>,
    /// The secrets.
    pub secrets: Vec<Needs>,
    /// The files that it changes: what for, and their paths.
    pub edits: Vec<(String, String)>,
}

impl Uses {
    /// What this configuration uses.
    pub fn of(config: &Config) -> Self {
        let mut uses = Self::default();
        if let Some(deployed) = &config.production.deployed {
            uses.deployed(DEPLOYED, deployed);
        }
        for source in &config.tests {
            uses.test_source(source);
        }
        if let Some(canary) = &config.canary {
            uses.metrics("canary: metrics", &canary.source);
            if let Some(source) = canary.feedback.as_ref().and_then(|feedback| feedback.source.as_ref()) {
                uses.metrics("canary: what people report", source);
            }
            if let Some(deployed) = &canary.deployed {
                uses.deployed(CANARY_DEPLOYED, deployed);
            }
        }
        if let Some(source) = config.incident.users.as_ref().and_then(|users| users.source.as_ref()) {
            uses.metrics(AFFECTED, source);
        }
        uses.rollback(config);
        if let Some(rollout) = RolloutSource::of(config) {
            uses.rollout(&rollout);
        }
        for item in &config.checklist.item {
            uses.checklist_item(item);
        }
        config.comms.iter().for_each(|comms| uses.comms(comms));
        if let Some((url, token, user)) = config.tracker.as_ref().and_then(Tracker::place) {
            uses.tracker(&url, token, user, config.tracker.as_ref().is_some_and(|it| it.allow_http));
        }
        uses
    }

    /// Whether there is anything that needs trust.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.contacts.is_empty() && self.secrets.is_empty() && self.edits.is_empty()
    }

    fn metrics(&mut self, purpose: &str, source: &MetricSource) {
        let token = source.token.as_ref();
        let scraped = source.openmetrics.iter().flat_map(|scraped| scraped.baseline.iter().chain(&scraped.canary));
        for address in source.prometheus.iter().chain(scraped) {
            self.contact(purpose, "GET", address, token, source.allow_http);
        }
        if let Some(json) = &source.http_json {
            let method = json.method.as_deref().unwrap_or(if json.body.is_some() { "POST" } else { "GET" });
            self.contact(purpose, method, &json.url, token, source.allow_http);
        }
        if let Some(command) = &source.command {
            self.run(purpose, Some(&command.run));
        }
        if let Some(datadog) = &source.datadog {
            self.contact(purpose, "POST", &datadog.api(), token, source.allow_http);
            if let Some(key) = &datadog.application_key {
                self.secret(&format!("{purpose}, application key"), key);
            }
        }
        if let Some(grafana) = &source.grafana {
            self.contact(purpose, "POST", &grafana.address, token, source.allow_http);
        }
    }

    fn test_source(&mut self, source: &TestSource) {
        let purpose = format!("tests {}", source.name);
        self.run(&format!("{purpose}, on `t`"), source.run.as_deref());
        if let Some(github) = &source.github {
            let api = github.api();
            self.contact(&purpose, "GET", api, github.token.as_ref(), github.allow_http);
            self.probe(format!("{api}/repos/{}", github.repository));
            if github.token.is_none() {
                self.usual_tokens(&purpose, &github.usual_tokens());
            }
        }
        if let Some(gitlab) = &source.gitlab {
            self.contact(&purpose, "GET", gitlab.url(), gitlab.token.as_ref(), gitlab.allow_http);
            self.probe(format!("{}/api/v4/projects/{}", gitlab.url(), gitlab.project.replace('/', "%2F")));
        }
        if let Some(jenkins) = &source.jenkins {
            self.contact(&purpose, "GET", &jenkins.job, jenkins.token.as_ref(), jenkins.allow_http);
            self.probe(format!("{}/api/json?tree=name", jenkins.job.trim_end_matches('/')));
            if let Some(contact) = self.contacts.last_mut() {
                contact.user.clone_from(&jenkins.user);
            }
        }
        let apex = source.salesforce.as_ref().filter(|salesforce| salesforce.apex.is_some());
        if let Some(salesforce) = apex {
            let words = ["sf", "apex", "get", "test", "--target-org", &salesforce.org, "--json"];
            self.run(&format!("{purpose}: its state, org and later deployments"), Some(&words.map(str::to_owned)));
            let words = ["sf", "apex", "run", "test", "--target-org", &salesforce.org, "--json"];
            self.run(&format!("{purpose}: with `t` or `hotfix tests --apex`"), Some(&words.map(str::to_owned)));
        } else if let Some(salesforce) = &source.salesforce {
            let words = ["sf", "project", "deploy", "report", "--target-org", &salesforce.org, "--json"];
            self.run(&format!("{purpose}: its state, org and later deployments"), Some(&words.map(str::to_owned)));
            let words = ["sf", "project", "deploy", "validate", "--target-org", &salesforce.org, "--json"];
            self.run(&format!("{purpose}: with `hotfix tests --validate`"), Some(&words.map(str::to_owned)));
        }
    }

    /// A ticket is not known here: the address without it is no issue, and a look for it asks its host alone.
    fn tracker(&mut self, url: &str, token: Option<&Secret>, user: Option<&String>, allow_http: bool) {
        self.contact(TRACKER, "GET", url, token, allow_http);
        if let Some(contact) = self.contacts.last_mut() {
            contact.user = user.cloned();
        }
    }

    fn checklist_item(&mut self, item: &ChecklistItem) {
        let purpose = format!("checklist item {}", item.id);
        self.run(&purpose, item.run.as_deref());
        if let Some(http) = &item.http {
            self.contact(&purpose, "GET", &http.url, http.token.as_ref(), http.allow_http);
        }
    }

    /// What the last contact is asked when somebody only looks for it.
    fn probe(&mut self, url: String) {
        if let Some(contact) = self.contacts.last_mut() {
            contact.probe = Some(url);
        }
    }

    /// Places where a token is looked for although none is named. It is no fault when there is none.
    fn usual_tokens(&mut self, purpose: &str, places: &[Secret]) {
        if let Some(contact) = self.contacts.last_mut() {
            contact.usual = places.to_vec();
        }
        for place in places {
            match place {
                Secret::Command(argv) => {
                    let purpose = format!("{purpose}: the token, where none is named");
                    self.runs.push(Run { purpose, argv: argv.clone(), optional: true });
                }
                Secret::Env(_) | Secret::File(_) => {
                    let (purpose, secret) = (format!("{purpose}, where none is named"), place.clone());
                    self.secrets.push(Needs { purpose, secret, optional: true });
                }
            }
        }
    }

    fn verify(&mut self, purpose: &str, verify: Option<&Verify>) {
        let Some(verify) = verify else { return };
        let purpose = format!("{purpose}: verification");
        self.run(&purpose, verify.run.as_deref());
        if let Some(url) = &verify.url {
            self.contact(&purpose, "GET", url, verify.token.as_ref(), verify.allow_http);
        }
    }

    fn request(&mut self, purpose: &str, request: &Request) {
        self.contact(purpose, &request.method, &request.url, request.token.as_ref(), request.allow_http);
    }

    fn run(&mut self, purpose: &str, argv: Option<&[String]>) {
        if let Some(argv) = argv {
            self.runs.push(Run { purpose: purpose.to_owned(), argv: argv.to_vec(), optional: false });
        }
    }

    fn deployed(&mut self, purpose: &str, asked: &Deployed) {
        self.run(purpose, asked.run.as_deref());
        if let Some(url) = &asked.url {
            self.contact(purpose, "GET", url, asked.token.as_ref(), asked.allow_http);
        }
    }

    fn contact(&mut self, purpose: &str, method: &str, url: &str, secret: Option<&Secret>, allow_http: bool) {
        let (purpose, method, url) = (purpose.to_owned(), method.to_owned(), url.to_owned());
        if let Some(secret) = secret {
            self.secret(&purpose, secret);
        }
        let secret = secret.cloned();
        self.contacts.push(Contact {
            purpose,
            method,
            url,
            secret,
            allow_http,
            probe: None,
            user: None,
            usual: Vec::new(),
        });
    }

    fn secret(&mut self, purpose: &str, secret: &Secret) {
        if let Secret::Command(argv) = secret {
            self.run(&format!("{purpose}: secret"), Some(argv));
        }
        self.secrets.push(Needs { purpose: purpose.to_owned(), secret: secret.clone(), optional: false });
    }
}
