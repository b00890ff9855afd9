//! A webhook of one's own: one JSON document, signed on request. A drill's inbox is told by it too.

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Arrived, Post, Trouble, receipt};
use crate::comms::model::Message;
use crate::config::schema::Webhook;
use crate::http::{Bearer, Request};
use crate::journal::record::hex;

/// Repetitions carry the same key.
const KEY: &str = "Idempotency-Key";
/// When the request was signed, in seconds since 1970: it is a part of what is signed.
const SIGNED_AT: &str = "X-Hotfix-Timestamp";
/// `sha256=` and the HMAC of the time, a full stop and the body.
const SIGNATURE: &str = "X-Hotfix-Signature-256";

pub(super) async fn send(webhook: &Webhook, message: &Message, post: &Post<'_>) -> Result<Arrived, Trouble> {
    let body = document(message);
    let mut headers = vec![(KEY.to_owned(), post.key.to_owned())];
    if let Some(key) = &webhook.sign {
        let (key, at) = (post.secret(key).await?, Timestamp::now().as_second().to_string());
        headers.push((SIGNATURE.to_owned(), signature(&key, &at, &body.to_string())));
        headers.push((SIGNED_AT.to_owned(), at));
    }
    let bearer = match &webhook.token {
        Some(token) => Some(Bearer::from(post.secret(token).await?)),
        None => None,
    };
    let request = Request { headers, bearer, allow_http: webhook.allow_http, ..super::json("", body) };
    let response = match (&webhook.url, &webhook.address) {
        (Some(url), _) => post.send(Request { url: url.clone(), ..request }).await?,
        (None, Some(address)) => post.send_to_secret(address, request).await?,
        (None, None) => return Err(Trouble::refused("neither `url` nor `address`", "see `hotfix doctor`")),
    };
    Ok(Arrived { receipt: receipt(&response, &["id", "receipt"]), missed: None })
}

/// What is posted: a contract, as the documents of `--json` are.
fn document(message: &Message) -> Value {
    json!({
        "schema": 1,
        "key": message.key,
        "incident": message.incident,
        "title": message.title,
        "severity": message.severity.map(|severity| severity.label()),
        "about": message.about,
        "text": message.text,
        "next_update_at": message.next_update_at,
        "written_at": message.at,
        "ticket": message.ticket,
        "drill": message.drill,
    })
}

pub(super) fn signature(key: &str, at: &str, body: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(at.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_rfc_4231() {
        // Test case 2: the data is cut where the full stop would stand, so that the parts must be joined with care.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(b"Jefe") else { panic!("no key") };
        mac.update(b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(&mac.finalize().into_bytes()), expected);
        let whole = signature("Jefe", "what do ya want for nothing?", "");
        assert_ne!(whole, format!("sha256={expected}"), "the full stop is signed too");
        assert_eq!(whole, signature("Jefe", "what do ya want for nothing?", ""));
    }
}
