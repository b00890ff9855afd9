//! Comments on an issue on GitHub and GitLab.

use serde_json::json;

use super::{Arrived, Post, Sort, Trouble, receipt};
use crate::comms::markup::Markup;
use crate::comms::model::Message;
use crate::config::schema::{GitHubIssue, GitLabIssue};
use crate::http::{Bearer, Request};
use crate::tracker::ticket::number;

pub(super) async fn github(github: &GitHubIssue, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    let number = issue(github.issue, message)?;
    let bearer = Some(Bearer::from(post.secret(&github.token).await?));
    let headers = vec![
        ("Accept".into(), "application/vnd.github+json".into()),
        ("X-GitHub-Api-Version".into(), "2022-11-28".into()),
    ];
    let url = format!("{}/{number}/comments", github.issues());
    let request = Request { bearer, headers, allow_http: github.allow_http, ..comment(url, message) };
    let response = post.send(request).await.map_err(limited)?;
    Ok(Arrived { receipt: receipt(&response, &["html_url", "id"]), missed: None })
}

/// GitHub says 403 where others say 429.
fn limited(trouble: Trouble) -> Trouble {
    let is_limit = trouble.sort == Sort::Refused && trouble.what.contains("rate limit");
    if is_limit { Trouble { sort: Sort::Later(None), ..trouble } } else { trouble }
}

pub(super) async fn gitlab(gitlab: &GitLabIssue, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    let number = issue(gitlab.issue, message)?;
    let bearer = Some(Bearer::from(post.secret(&gitlab.token).await?));
    let url = format!("{}/{number}/notes", gitlab.issues());
    let response = post.send(Request { bearer, allow_http: gitlab.allow_http, ..comment(url, message) }).await?;
    Ok(Arrived { receipt: receipt(&response, &["id"]).map(|id| format!("note {id}")), missed: None })
}

fn comment(url: String, message: &Message) -> Request {
    let body = format!("**{}**\n\n{}", Markup::Markdown.of(&message.headline()), Markup::Markdown.of(&message.body()));
    super::json(url, json!({ "body": body }))
}

fn issue(configured: Option<u64>, message: &Message) -> Result<u64, Trouble> {
    configured.or_else(|| message.ticket.as_deref().and_then(number)).ok_or_else(|| {
        Trouble::refused("no issue is named", "set `issue`, or declare the incident with its ticket: `--ticket 123`")
    })
}
