//! What a tracker says of the incident's issue.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::ticket;
use crate::config::schema::Tracker;
use crate::evidence::Observed;
use crate::ui::pane::short;

/// An issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// What persons call it: `#17`, `SHOP-17`.
    pub id: String,
    /// Its title; `None` where the tracker only says that it is there.
    pub title: Option<String>,
    /// The tracker's own word for where it stands.
    pub state: Option<String>,
    /// Whether it is open; `None` where the tracker does not say.
    pub is_open: Option<bool>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who has it.
    pub assignee: Option<String>,
    /// The page for people.
    pub page: Option<String>,
}

impl Issue {
    /// In one line: `SHOP-17 Checkout answers 502 [open] urgent, cart · ana`.
    pub fn line(&self) -> String {
        let title = self.title.as_ref().map_or_else(String::new, |title| format!(" {title}"));
        let state = self.state.as_ref().map_or_else(String::new, |state| format!(" [{state}]"));
        let labels = if self.labels.is_empty() { String::new() } else { format!(" {}", self.labels.join(", ")) };
        let who = self.assignee.as_ref().map_or_else(String::new, |name| format!(" · {name}"));
        format!("{}{title}{state}{labels}{who}", self.id)
    }
}

/// What is known of the issue, with its age.
pub fn told(observed: &Observed<Issue>, now: Timestamp) -> Option<String> {
    let age = |at: Timestamp| short(Duration::try_from(now.duration_since(at)).unwrap_or_default());
    let seen = observed.evidence().map(|seen| format!("{}, {} ago", seen.value.line(), age(seen.observed_at)));
    match (seen, observed.failure()) {
        (Some(seen), Some(failure)) => Some(format!("{seen}; {}", failure.what)),
        (Some(seen), None) => Some(seen),
        (None, failure) => failure.map(|failure| failure.what.clone()),
    }
}

/// The page for people of a ticket, as far as it can be told without asking.
pub fn page(tracker: Option<&Tracker>, written: &str) -> Option<String> {
    if written.starts_with("https://") || written.starts_with("http://") {
        return Some(written.to_owned());
    }
    let tracker = tracker?;
    if let Some(github) = &tracker.github {
        let base = github.api.is_none().then_some("https://github.com")?;
        return Some(format!("{base}/{}/issues/{}", github.repository, ticket::number(written)?));
    }
    if let Some(gitlab) = &tracker.gitlab {
        let base = gitlab.url.as_deref().unwrap_or("https://gitlab.com").trim_end_matches('/');
        let path = (!gitlab.project.bytes().all(|b| b.is_ascii_digit())).then_some(&gitlab.project)?;
        return Some(format!("{base}/{path}/-/issues/{}", ticket::number(written)?));
    }
    if let Some(jira) = &tracker.jira {
        return Some(format!("{}/browse/{}", jira.url.trim_end_matches('/'), ticket::key(written)?));
    }
    tracker.url.as_ref().map(|url| url.replace("{ticket}", &escaped(written)))
}

/// A ticket as a part of an address.
pub fn escaped(ticket: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    ticket.bytes().map(|b| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracker(text: &str) -> Tracker {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn the_page_of_a_ticket_is_known_without_asking() {
        let page = |text: &str, ticket: &str| page(Some(&tracker(text)), ticket);
        let github = "github = { repository = \"acme/checkout\" }";
        assert_eq!(page(github, "#17").as_deref(), Some("https://github.com/acme/checkout/issues/17"));
        assert_eq!(page(github, "the one of yesterday"), None);
        assert_eq!(page(github, "https://x.example/1").as_deref(), Some("https://x.example/1"));
        let gitlab = "gitlab = { project = \"acme/checkout\" }";
        assert_eq!(page(gitlab, "17").as_deref(), Some("https://gitlab.com/acme/checkout/-/issues/17"));
        let jira = "jira = { url = \"https://acme.atlassian.net/\", token = { env = \"J\" } }";
        assert_eq!(page(jira, "see SHOP-17").as_deref(), Some("https://acme.atlassian.net/browse/SHOP-17"));
        let other = "url = \"https://t.example/i/{ticket}\"";
        assert_eq!(page(other, "a/../b c").as_deref(), Some("https://t.example/i/a%2F..%2Fb%20c"));
    }

    #[test]
    fn an_issue_is_one_line() {
        let issue = Issue {
            id: "SHOP-17".into(),
            title: Some("Checkout answers 502".into()),
            state: Some("In Progress".into()),
            is_open: Some(true),
            labels: vec!["urgent".into(), "cart".into()],
            assignee: Some("ana".into()),
            page: None,
        };
        assert_eq!(issue.line(), "SHOP-17 Checkout answers 502 [In Progress] urgent, cart · ana");
        assert_eq!(Issue { id: "#1".into(), ..Issue::default() }.line(), "#1");
    }
}
