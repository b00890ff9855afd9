//! Reaching what the configuration contacts. Nothing is changed anywhere: what a step would send is not sent, only its
//! server is asked whether it is there.

use std::time::Duration;

mod mail;

use super::Check;
use crate::config::Loaded;
use crate::config::check::placeholders;
use crate::config::trust::Permit;
use crate::config::uses::{CANARY_DEPLOYED, Contact, DEPLOYED, SMTP, TRACKER, Uses};
use crate::http::{Bearer, Client, Request};

/// One check for each address, all at the same time.
pub fn reach(loaded: &Loaded, permit: Permit) -> Vec<Check> {
    let mut contacts = Uses::of(&loaded.config).contacts;
    // Production and the canary are asked in earnest, beside this.
    contacts.retain(|contact| ![DEPLOYED, CANARY_DEPLOYED].contains(&contact.purpose.as_str()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(all(contacts, loaded, permit)),
        Err(error) => vec![Check::fail(format!("endpoints: no runtime: {error}"), "free some memory")],
    }
}

async fn all(contacts: Vec<Contact>, loaded: &Loaded, permit: Permit) -> Vec<Check> {
    let client = Client::new();
    let metrics = loaded.config.canary.as_ref().and_then(|canary| canary.source.prometheus.clone());
    let looks: Vec<_> = contacts
        .into_iter()
        .filter(|contact| contact.method != SMTP)
        .map(|contact| {
            let request = request(&contact, metrics.as_deref(), loaded, permit);
            let client = client.clone();
            tokio::spawn(async move { look(&client, &contact, request).await })
        })
        .collect();
    let mut checks = mail::look(&loaded.config.comms).await;
    for look in looks {
        checks.push(look.await.unwrap_or_else(|error| Check::fail(format!("endpoint: {error}"), "report this")));
    }
    checks
}

/// What is asked, and whether its answer must be a success.
struct Asked {
    request: Request,
    wants_success: bool,
}

fn request(contact: &Contact, metrics: Option<&str>, loaded: &Loaded, permit: Permit) -> Result<Asked, Check> {
    let is_template =
        placeholders(&contact.url).next().is_some() || contact.url.contains("$query") || contact.purpose == TRACKER;
    if contact.method != "GET" || is_template {
        let request = Request { allow_http: contact.allow_http, ..Request::new("HEAD", origin(&contact.url)) };
        return Ok(Asked { request, wants_success: false });
    }
    let is_metrics = metrics == Some(contact.url.as_str()) && contact.purpose.starts_with("canary");
    let probe = contact.probe.clone().unwrap_or_else(|| contact.url.clone());
    let url = if is_metrics { ask_prometheus(&contact.url) } else { probe };
    let token = contact.secret.as_ref().map(|secret| secret.resolve(permit, &loaded.root)).transpose();
    let token = token.map_err(|error| Check::fail(format!("{}: {error}", contact.purpose), "see above"))?;
    let usual = || contact.usual.iter().find_map(|place| place.resolve(permit, &loaded.root).ok());
    let bearer = token.or_else(usual).map(|token| Bearer::from(token.reveal().to_owned()));
    let headers = match &loaded.config.canary {
        Some(canary) if is_metrics => canary.source.headers.clone().into_iter().collect(),
        _ => Vec::new(),
    };
    let (user, allow_http) = (contact.user.clone(), contact.allow_http);
    let request = Request { bearer, user, headers, allow_http, ..Request::get(url) };
    Ok(Asked { request, wants_success: true })
}

fn ask_prometheus(base: &str) -> String {
    format!("{}/api/v1/query?query=1", base.trim_end_matches('/'))
}

/// Scheme, host and port alone: placeholders and paths are left out.
fn origin(url: &str) -> String {
    reqwest::Url::parse(url).map_or_else(|_| url.to_owned(), |url| format!("{}/", url.origin().ascii_serialization()))
}

async fn look(client: &Client, contact: &Contact, asked: Result<Asked, Check>) -> Check {
    let Asked { mut request, wants_success } = match asked {
        Ok(asked) => asked,
        Err(check) => return check,
    };
    request.timeout = Some(Duration::from_secs(5));
    let answer =
        client.send(request).await.and_then(|answer| if wants_success { answer.success() } else { Ok(answer) });
    match answer {
        Ok(answer) => Check::ok(format!("{}: {} answers {}", contact.purpose, answer.place, answer.status)),
        Err(error) => {
            let remedy = error
                .remedy
                .clone()
                .unwrap_or_else(|| "see whether it runs, and whether this machine may reach it".into());
            Check::fail(format!("{}: {error}", contact.purpose), remedy)
        }
    }
}
