//! Slack: an incoming webhook, or `chat.postMessage`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Arrived, Post, Sort, Trouble};
use crate::comms::markup::Markup;
use crate::comms::model::Message;
use crate::config::schema::Slack;
use crate::evidence::text::clean;
use crate::http::{Bearer, Request};

/// What Slack says when a part of the work may have been done.
const IN_DOUBT: [&str; 4] = ["fatal_error", "internal_error", "service_unavailable", "request_timeout"];

pub(super) async fn send(slack: &Slack, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    let text = Markup::Slack.of(&message.plain());
    let body = json!({ "text": text, "mrkdwn": false, "unfurl_links": false, "unfurl_media": false });
    if let Some(webhook) = &slack.webhook {
        let request = Request { allow_http: slack.allow_http, ..super::json("", body) };
        return post.send_to_secret(webhook, request).await.map(|_| Arrived::default());
    }
    let (Some(token), Some(channel)) = (&slack.token, &slack.channel) else {
        return Err(Trouble::refused("neither `webhook` nor `token` and `channel`", "see `hotfix doctor`"));
    };
    let bearer = Some(Bearer::from(post.secret(token).await?));
    let url = format!("{}/chat.postMessage", slack.api());
    let request = Request { bearer, allow_http: slack.allow_http, ..super::json(url, with_channel(body, channel)) };
    let response = post.send(request).await?;
    let answer = response.json().map_err(|error| Trouble { sort: Sort::Unknown, ..Trouble::from(error) })?;
    if answer["ok"] == Value::Bool(true) {
        let word = |field: &str| clean(answer[field].as_str().unwrap_or("?"));
        return Ok(Arrived { receipt: Some(format!("{} {}", word("channel"), word("ts"))), missed: None });
    }
    Err(said(answer["error"].as_str().unwrap_or("no reason"), response.retry_after))
}

fn with_channel(mut body: Value, channel: &str) -> Value {
    body["channel"] = Value::from(channel);
    body
}

/// Slack refuses with a word, under a status that says success.
fn said(word: &str, retry_after: Option<Duration>) -> Trouble {
    let (sort, remedy) = match word {
        "ratelimited" | "rate_limited" => (Sort::Later(retry_after), None),
        word if IN_DOUBT.contains(&word) => (Sort::Unknown, Some("look into the channel")),
        "channel_not_found" => (Sort::Refused, Some("write the channel's id, and invite the bot")),
        "not_in_channel" => (Sort::Refused, Some("invite the bot to the channel")),
        "is_archived" => (Sort::Refused, Some("name another channel")),
        "missing_scope" => (Sort::Refused, Some("the token needs the scope chat:write")),
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            (Sort::Refused, Some("check the token"))
        }
        _ => (Sort::Refused, None),
    };
    Trouble::new(sort, format!("Slack says {}", clean(word)), remedy)
}
