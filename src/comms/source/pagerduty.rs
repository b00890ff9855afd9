//! PagerDuty, Events API v2. All events of an incident have one `dedup_key`: a repetition adds nothing but a line in its log.

use serde_json::json;

use super::{Arrived, Post, Trouble, receipt};
use crate::comms::markup::Markup;
use crate::comms::model::Message;
use crate::comms::preview;
use crate::config::schema::PagerDuty;
use crate::http::Request;
use crate::incident::Severity;

/// The longest summary, in characters.
const SUMMARY: usize = 1_024;

pub(super) async fn send(pagerduty: &PagerDuty, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    let routing_key = post.secret(&pagerduty.routing_key).await?;
    let body = json!({
        "routing_key": routing_key,
        "event_action": preview::pagerduty(message.about),
        "dedup_key": format!("hotfix-{}", message.incident),
        "payload": {
            "summary": Markup::Plain.within(&message.headline(), SUMMARY),
            "source": "hotfix",
            "severity": severity(message.severity),
            "custom_details": { "notice": message.body(), "ticket": message.ticket },
        },
    });
    let request = Request { allow_http: pagerduty.allow_http, ..super::json(pagerduty.enqueue(), body) };
    let response = post.send(request).await?;
    Ok(Arrived { receipt: receipt(&response, &["dedup_key"]), missed: None })
}

/// Unsure counts as the worst.
fn severity(severity: Option<Severity>) -> &'static str {
    match severity {
        None | Some(Severity::Sev1) => "critical",
        Some(Severity::Sev2) => "error",
        Some(Severity::Sev3) => "warning",
    }
}
