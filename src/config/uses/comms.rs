//! What `[[comms]]` contacts, runs and authenticates with.

use std::path::PathBuf;

use super::Uses;
use crate::config::schema::{Comms, Secret, Webhook};

/// How mail is sent.
pub const SMTP: &str = "SMTP";

impl Uses {
    pub(super) fn comms(&mut self, comms: &Comms) {
        let purpose = format!("comms {}", comms.name);
        self.chats(&purpose, comms);
        self.services(&purpose, comms);
        self.issues(&purpose, comms);
        if let Some(webhook) = &comms.webhook {
            self.webhook(&purpose, webhook);
        }
        if let Some(email) = &comms.email {
            let address = format!("smtp://{}", email.server);
            let trusting = |ca: &PathBuf| format!("{purpose}, trusting {}", ca.display());
            let purpose = email.ca.as_ref().map_or_else(|| purpose.clone(), trusting);
            self.contact(&purpose, SMTP, &address, email.password.as_ref(), false);
        }
        if let Some(command) = &comms.command {
            self.run(&purpose, Some(&command.run));
        }
    }

    fn chats(&mut self, purpose: &str, comms: &Comms) {
        if let Some(slack) = &comms.slack {
            if let Some(webhook) = &slack.webhook {
                self.hook(purpose, webhook);
            }
            if let Some(token) = &slack.token {
                self.contact(purpose, "POST", slack.api(), Some(token), slack.allow_http);
            }
        }
        for hook in [&comms.teams, &comms.discord, &comms.mattermost].into_iter().flatten() {
            self.hook(purpose, &hook.webhook);
        }
    }

    fn services(&mut self, purpose: &str, comms: &Comms) {
        if let Some(pagerduty) = &comms.pagerduty {
            let key = Some(&pagerduty.routing_key);
            self.contact(purpose, "POST", &pagerduty.enqueue(), key, pagerduty.allow_http);
        }
        if let Some(statuspage) = &comms.statuspage {
            let token = Some(&statuspage.token);
            self.contact(purpose, "POST", &statuspage.incidents(), token, statuspage.allow_http);
        }
    }

    fn issues(&mut self, purpose: &str, comms: &Comms) {
        if let Some(github) = &comms.github {
            self.contact(purpose, "POST", &github.issues(), Some(&github.token), github.allow_http);
        }
        if let Some(gitlab) = &comms.gitlab {
            self.contact(purpose, "POST", &gitlab.issues(), Some(&gitlab.token), gitlab.allow_http);
        }
        if let Some(jira) = &comms.jira {
            self.contact(purpose, "POST", &jira.issues(), Some(&jira.token), jira.allow_http);
        }
    }

    fn webhook(&mut self, purpose: &str, webhook: &Webhook) {
        if let Some(url) = &webhook.url {
            self.contact(purpose, "POST", url, webhook.token.as_ref(), webhook.allow_http);
        }
        if let Some(address) = &webhook.address {
            self.hook(purpose, address);
            if let Some(token) = &webhook.token {
                self.secret(purpose, token);
            }
        }
        if let Some(key) = &webhook.sign {
            self.secret(&format!("{purpose}: the key that signs"), key);
        }
    }

    /// An address that is a secret: the host is in it.
    fn hook(&mut self, purpose: &str, address: &Secret) {
        self.secret(&format!("{purpose}: the address to post to"), address);
    }
}
