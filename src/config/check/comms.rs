//! What cannot be right in `[[comms]]`.

use std::time::Duration;

use super::test_sources::is_path;
use super::{Faults, is_loopback, placeholders};
use crate::config::schema::{Comms, Config, Email, MailTls, Notices, Secret, Slack, Webhook};
use crate::config::shape::hint;
use crate::evidence::text;

/// The longest time of one attempt: as for every request.
const LONGEST: Duration = Duration::from_secs(30);
/// The most addressees of a mail.
const ADDRESSEES: usize = 100;
/// The facts that the words of a notice may name.
pub const FACTS: [&str; 12] = [
    "what",
    "severity",
    "since",
    "impact",
    "users",
    "workaround",
    "change",
    "tests",
    "canary",
    "readiness",
    "rollback",
    "ticket",
];
const KINDS: &str = "`slack`, `teams`, `discord`, `mattermost`, `webhook`, `email`, `pagerduty`, `statuspage`, `github`, \
                     `gitlab`, `jira` or `command`";

impl Faults {
    pub(super) fn all_comms(&mut self, config: &Config) {
        self.names("comms", config.comms.iter().map(|comms| comms.name.as_str()));
        for (index, comms) in config.comms.iter().enumerate() {
            let path = format!("comms.{index}");
            match comms.kinds().as_slice() {
                [] => self.add(&path, format!("needs one of {KINDS}")),
                [_] => {}
                [first, second, ..] => {
                    self.add(&path, format!("has `{first}` and `{second}`: make two [[comms]], each with its name"));
                }
            }
            self.between(&format!("{path}.timeout"), comms.timeout, Duration::from_secs(1), LONGEST);
            self.chats(&path, comms);
            self.services(&path, comms);
            self.issues(&path, comms);
        }
    }

    fn chats(&mut self, path: &str, comms: &Comms) {
        if let Some(slack) = &comms.slack {
            self.slack(&format!("{path}.slack"), slack);
        }
        for (kind, hook) in [("teams", &comms.teams), ("discord", &comms.discord), ("mattermost", &comms.mattermost)] {
            if let Some(hook) = hook {
                self.secret(&format!("{path}.{kind}.webhook"), &hook.webhook);
            }
        }
        if let Some(webhook) = &comms.webhook {
            self.webhook(&format!("{path}.webhook"), webhook);
        }
        if let Some(email) = &comms.email {
            self.email(&format!("{path}.email"), email);
        }
        if let Some(command) = &comms.command {
            self.argv(&format!("{path}.command.run"), &command.run);
        }
    }

    fn services(&mut self, path: &str, comms: &Comms) {
        if let Some(pagerduty) = &comms.pagerduty {
            self.secret(&format!("{path}.pagerduty.routing_key"), &pagerduty.routing_key);
            self.base(&format!("{path}.pagerduty.api"), pagerduty.api.as_ref(), pagerduty.allow_http);
        }
        if let Some(statuspage) = &comms.statuspage {
            let path = format!("{path}.statuspage");
            self.token(&path, Some(&statuspage.token));
            self.base(&format!("{path}.api"), statuspage.api.as_ref(), statuspage.allow_http);
            self.segment(&format!("{path}.page"), &statuspage.page);
            for (index, component) in statuspage.components.iter().enumerate() {
                self.segment(&format!("{path}.components.{index}"), component);
            }
        }
    }

    fn issues(&mut self, path: &str, comms: &Comms) {
        if let Some(github) = &comms.github {
            let path = format!("{path}.github");
            if github.repository.matches('/').count() != 1 || !is_path(&github.repository) {
                self.add(&format!("{path}.repository"), "write `owner/name`");
            }
            self.token(&path, Some(&github.token));
            self.base(&format!("{path}.api"), github.api.as_ref(), github.allow_http);
        }
        if let Some(gitlab) = &comms.gitlab {
            let path = format!("{path}.gitlab");
            self.project(&format!("{path}.project"), &gitlab.project);
            self.token(&path, Some(&gitlab.token));
            self.base(&format!("{path}.url"), gitlab.url.as_ref(), gitlab.allow_http);
        }
        if let Some(jira) = &comms.jira {
            let path = format!("{path}.jira");
            self.url(&format!("{path}.url"), &jira.url, jira.allow_http);
            self.token(&path, Some(&jira.token));
            if let Some(issue) = &jira.issue {
                self.segment(&format!("{path}.issue"), issue);
            }
        }
    }

    fn slack(&mut self, path: &str, slack: &Slack) {
        match (&slack.webhook, &slack.token) {
            (Some(webhook), None) => self.secret(&format!("{path}.webhook"), webhook),
            (None, Some(token)) => self.secret(&format!("{path}.token"), token),
            _ => self.add(path, "needs `webhook = { env = \"NAME\" }`, or `token` and `channel`"),
        }
        if slack.token.is_some() != slack.channel.as_ref().is_some_and(|channel| !channel.trim().is_empty()) {
            self.add(path, "`token` and `channel` go together");
        }
        self.base(&format!("{path}.api"), slack.api.as_ref(), slack.allow_http);
    }

    fn webhook(&mut self, path: &str, webhook: &Webhook) {
        match (&webhook.url, &webhook.address) {
            (Some(url), None) => self.url(&format!("{path}.url"), url, webhook.allow_http),
            (None, Some(address)) => self.secret(&format!("{path}.address"), address),
            _ => self.add(path, "needs `url = \"https://…\"`, or `address = { env = \"NAME\" }` where it is a secret"),
        }
        self.token(path, webhook.token.as_ref());
        if let Some(key) = &webhook.sign {
            self.secret(&format!("{path}.sign"), key);
        }
    }

    fn email(&mut self, path: &str, email: &Email) {
        match email.place() {
            None => self.add(&format!("{path}.server"), "write `host` or `host:port`"),
            Some((host, _)) if email.tls == MailTls::None && !is_loopback(&host) => {
                let what = "without TLS everything can be read on the way: that is for a server on this machine alone";
                self.add(&format!("{path}.tls"), what);
            }
            Some(_) => {}
        }
        if email.ca.as_ref().is_some_and(|ca| ca.as_os_str().is_empty() || email.tls == MailTls::None) {
            self.add(&format!("{path}.ca"), "names a file of certificates, for a server that is reached under TLS");
        }
        if email.user.is_some() != email.password.is_some() {
            self.add(path, "`user` and `password` go together");
        }
        if let Some(Secret::Command(argv)) = &email.password {
            self.argv(&format!("{path}.password.command"), argv);
        }
        if email.to.is_empty() || email.to.len() > ADDRESSEES {
            self.add(&format!("{path}.to"), format!("name 1 to {ADDRESSEES} addresses"));
        }
        self.mailbox(&format!("{path}.from"), &email.from);
        for (index, to) in email.to.iter().enumerate() {
            self.mailbox(&format!("{path}.to.{index}"), to);
        }
    }

    fn mailbox(&mut self, path: &str, mailbox: &str) {
        if mailbox.chars().any(text::is_dangerous) || mailbox.parse::<lettre::message::Mailbox>().is_err() {
            self.add(path, "write an address, such as `ana@acme.example` or `Ana <ana@acme.example>`");
        }
    }

    pub(super) fn notices(&mut self, notices: &Notices) {
        let Notices { assess, develop, deploy, monitor, resolved } = notices;
        let all = [
            ("assess", assess),
            ("develop", develop),
            ("deploy", deploy),
            ("monitor", monitor),
            ("resolved", resolved),
        ];
        for (name, text) in all {
            for fact in text.iter().flat_map(|text| placeholders(text)).filter(|fact| !FACTS.contains(fact)) {
                let what = format!("no fact is called `{{{fact}}}`; {}", hint(fact, &FACTS));
                self.add(&format!("notices.{name}"), what);
            }
        }
    }

    pub(super) fn base(&mut self, path: &str, url: Option<&String>, allow_http: bool) {
        if let Some(url) = url {
            self.url(path, url, allow_http);
        }
    }

    /// A word that becomes a part of an address.
    fn segment(&mut self, path: &str, word: &str) {
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
            self.add(path, "an id has letters, digits, `-` and `_`");
        }
    }
}

#[cfg(test)]
#[path = "comms_tests.rs"]
mod tests;
