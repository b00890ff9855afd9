//! Statuspage: the first notice opens an incident on the page, the next ones go on under its id.

use serde_json::{Map, Value, json};

use super::{Arrived, Post, Trouble, receipt};
use crate::comms::markup::Markup;
use crate::comms::model::Message;
use crate::comms::preview;
use crate::config::schema::Statuspage;
use crate::http::Request;
use crate::incident::{About, Severity};

pub(super) async fn send(page: &Statuspage, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    let token = post.secret(&page.token).await?;
    let (method, url) = match &message.thread {
        Some(id) => ("PATCH", format!("{}/{id}", page.incidents())),
        None => ("POST", page.incidents()),
    };
    let request = Request {
        method: method.to_owned(),
        headers: vec![("Authorization".into(), format!("OAuth {token}"))],
        allow_http: page.allow_http,
        ..super::json(url, json!({ "incident": incident(page, message) }))
    };
    let response = post.send(request).await?;
    Ok(Arrived { receipt: receipt(&response, &["id"]), missed: None })
}

fn incident(page: &Statuspage, message: &Message) -> Value {
    let mut incident = json!({
        "status": preview::statuspage(message.about),
        "body": Markup::Plain.of(&message.body()),
        "deliver_notifications": page.notify,
    });
    if message.thread.is_none() {
        incident["name"] = Value::from(message.title.clone());
    }
    if !page.components.is_empty() {
        let state = component(message);
        let states: Map<_, _> = page.components.iter().map(|id| (id.clone(), Value::from(state))).collect();
        incident["components"] = Value::Object(states);
        incident["component_ids"] = Value::from(page.components.clone());
    }
    incident
}

/// Unsure counts as the worst.
fn component(message: &Message) -> &'static str {
    match (message.about, message.severity) {
        (About::Resolved, _) => "operational",
        (_, None | Some(Severity::Sev1)) => "major_outage",
        (_, Some(Severity::Sev2)) => "partial_outage",
        (_, Some(Severity::Sev3)) => "degraded_performance",
    }
}
