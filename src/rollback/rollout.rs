//! A release that goes out step by step: how far it is, and what steers it (pure: the survey asks).
//!
//! - [`model`]: a rollout as a value, with what can be done to it.
//! - [`state`]: what was seen, and the keys that act on it.
//! - [`lines`]: how it is drawn, in the rollback pane.
//! - one file for each that rolls out: from its own words to the value.

use jiff::Timestamp;
use serde_json::Value;

use super::engine::Question;
use crate::config::schema::{Request, RolloutKind, RolloutSource};
use model::Rollout;

mod argo;
mod flagger;
mod kubernetes;
pub mod lines;
pub mod model;
mod plain;
mod salesforce;
pub mod state;

/// What is asked of the world, in the order in which [`read`] wants the answers. To ask changes nothing.
pub fn questions(source: &RolloutSource) -> Vec<Question> {
    match source.from {
        RolloutKind::ArgoRollouts => argo::questions(source),
        RolloutKind::Kubernetes => kubernetes::questions(source),
        RolloutKind::Flagger => vec![Question::Run(kubectl(source, &["get", &source.object(), "--output=json"]))],
        RolloutKind::Salesforce => vec![Question::Run(salesforce::report(source))],
        RolloutKind::Http => {
            let url = source.url.clone().unwrap_or_default();
            let (token, allow_http) = (source.token.clone(), source.allow_http);
            vec![Question::Get(Box::new(Request { url, token, allow_http, ..Request::default() }))]
        }
        RolloutKind::Command => vec![Question::Run(source.run.clone().unwrap_or_default())],
    }
}

/// The rollout, from what the world answered.
///
/// # Errors
/// When the answer is not of that kind. In words.
pub fn read(source: &RolloutSource, answers: &[Value], now: Timestamp) -> Result<Rollout, String> {
    let first = answers.first().ok_or("nobody was asked")?;
    match source.from {
        RolloutKind::ArgoRollouts => argo::read(source, answers, now),
        RolloutKind::Kubernetes => kubernetes::read(source, answers),
        RolloutKind::Flagger => flagger::read(source, first),
        RolloutKind::Salesforce => salesforce::read(source, first),
        RolloutKind::Http | RolloutKind::Command => plain::read(source, first),
    }
}

/// `kubectl` in the context and the namespace of the workload.
fn kubectl(source: &RolloutSource, args: &[&str]) -> Vec<String> {
    let context = source.context.iter().map(|context| format!("--context={context}"));
    let namespace = source.namespace.iter().map(|namespace| format!("--namespace={namespace}"));
    let args = args.iter().map(|&arg| arg.to_owned());
    std::iter::once("kubectl".to_owned()).chain(context).chain(namespace).chain(args).collect()
}

#[cfg(test)]
mod tests;
