//! A comment on an issue in Jira: a document for the cloud, wiki markup for a server of one's own.

use serde_json::{Value, json};

use super::{Arrived, Post, Trouble, receipt};
use crate::comms::markup::Markup;
use crate::comms::model::Message;
use crate::config::schema::{JiraApi, JiraIssue};
use crate::http::{Bearer, Request};
use crate::tracker::ticket::key;

pub(super) async fn send(jira: &JiraIssue, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    let named = jira.issue.clone().or_else(|| message.ticket.as_deref().and_then(key));
    let issue = named.ok_or_else(|| {
        Trouble::refused(
            "no issue is named",
            "set `issue`, or declare the incident with its ticket: `--ticket SHOP-17`",
        )
    })?;
    let body = match jira.api() {
        JiraApi::Cloud => document(message),
        JiraApi::Server => {
            let (headline, body) = (Markup::Wiki.of(&message.headline()), Markup::Wiki.of(&message.body()));
            Value::from(format!("*{headline}*\n{body}"))
        }
    };
    let bearer = Some(Bearer::from(post.secret(&jira.token).await?));
    let url = format!("{}/{issue}/comment", jira.issues());
    let request = Request {
        bearer,
        user: jira.user.clone(),
        allow_http: jira.allow_http,
        ..super::json(url, json!({ "body": body }))
    };
    let response = post.send(request).await?;
    Ok(Arrived { receipt: receipt(&response, &["id"]).map(|id| format!("comment {id} on {issue}")), missed: None })
}

/// A document of Atlassian's: a paragraph for each line. Text in it is text, whatever it holds.
fn document(message: &Message) -> Value {
    let paragraph = |text: &str, marks: Value| {
        let text = Markup::Plain.of(text);
        json!({ "type": "paragraph", "content": [{ "type": "text", "text": text, "marks": marks }] })
    };
    let body = message.body();
    let lines = body.lines().filter(|line| !line.trim().is_empty());
    let headline = paragraph(&message.headline(), json!([{ "type": "strong" }]));
    let content: Vec<_> = [headline].into_iter().chain(lines.map(|line| paragraph(line, json!([])))).collect();
    json!({ "type": "doc", "version": 1, "content": content })
}
