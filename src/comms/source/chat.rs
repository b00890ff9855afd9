//! Chats that are told by a webhook alone: Teams, Discord, Mattermost.

use serde_json::{Value, json};

use super::{Arrived, Post, Trouble, receipt};
use crate::comms::markup::Markup;
use crate::comms::model::Message;
use crate::config::schema::Hook;
use crate::evidence::text::clean;
use crate::http::{Request, Response};

/// Discord shows no preview of links that a text holds.
const SUPPRESS_EMBEDS: u32 = 1 << 2;

/// A card to the workflow of a Teams channel. It answers 202: the workflow has it, and posts it.
pub(super) async fn teams(hook: &Hook, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    let block = |text: &str| json!({ "type": "TextBlock", "wrap": true, "text": Markup::Card.of(text) });
    let mut blocks = vec![json!({
        "type": "TextBlock", "wrap": true, "weight": "Bolder", "text": Markup::Card.of(&message.headline()),
    })];
    let body = Markup::Plain.within(&message.body(), Markup::Card.limit());
    blocks.extend(body.lines().filter(|line| !line.trim().is_empty()).map(block));
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard", "version": "1.4", "body": blocks, "msteams": { "width": "Full" },
    });
    let attachment =
        json!({ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card });
    let response = tell(hook, json!({ "type": "message", "attachments": [attachment] }), post).await?;
    Ok(Arrived { receipt: response.header("x-ms-workflow-run-id").map(clean), missed: None })
}

/// With `wait` Discord answers when the message is there, and tells its id.
pub(super) async fn discord(hook: &Hook, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    let body = json!({
        "content": Markup::Discord.of(&message.plain()),
        "allowed_mentions": { "parse": [] },
        "flags": SUPPRESS_EMBEDS,
    });
    let url = waiting(&post.secret(&hook.webhook).await?);
    let request = Request { allow_http: hook.allow_http, ..super::json("", body) };
    let response = post.send_to_known(&url, request).await?;
    Ok(Arrived { receipt: receipt(&response, &["id"]), missed: None })
}

/// The address with `wait=true` in its query.
fn waiting(url: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse(url) else { return url.to_owned() };
    url.query_pairs_mut().append_pair("wait", "true");
    url.into()
}

/// Mattermost answers `ok`.
pub(super) async fn mattermost(hook: &Hook, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    tell(hook, json!({ "text": Markup::Mattermost.of(&message.plain()) }), post).await.map(|_| Arrived::default())
}

async fn tell(hook: &Hook, body: Value, post: &Post<'_>) -> Result<Response, Trouble> {
    post.send_to_secret(&hook.webhook, Request { allow_http: hook.allow_http, ..super::json("", body) }).await
}
