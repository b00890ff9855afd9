//! Real receivers on loopback for each kind of channel.

mod command;
mod shapes;
mod smtp;
mod troubles;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::http::fault::{Fault, Server, answer};
use crate::incident::{About, Severity};

/// A repository with secrets in files, and what was taken out of the journal.
pub(super) struct Bench {
    pub(super) folder: TempDir,
    pub(super) hidden: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    pub(super) fn new(secrets: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for (name, value) in secrets {
            std::fs::write(folder.path().join(name), value).unwrap();
        }
        Self { folder, hidden: Arc::default() }
    }

    pub(super) fn place(&self) -> Place {
        let hidden = Arc::clone(&self.hidden);
        Place {
            permit: Permit::for_drill(),
            http: Client::new(),
            root: self.folder.path().to_owned(),
            hide: Arc::new(move |secret| hidden.lock().unwrap().push(secret)),
        }
    }

    async fn send(&self, channel: &Comms, message: &Message) -> Result<Arrived, Trouble> {
        send(channel, message, &self.place()).await
    }
}

pub(super) fn channel(kind: &str) -> Comms {
    toml::from_str(&format!("name = \"all\"\ntimeout = \"1s\"\n{kind}\n"))
        .unwrap_or_else(|error| panic!("{kind}: {error}"))
}

pub(super) fn message(about: About) -> Message {
    Message {
        key: "f00d".into(),
        incident: "checkout-502".into(),
        title: "checkout-502".into(),
        severity: Some(Severity::Sev2),
        about,
        text: "We deploy <v2.4.2> & watch it, @channel".into(),
        next_update_at: Some("2026-11-24T14:32:00Z".parse().unwrap()),
        at: "2026-11-24T14:02:00Z".parse().unwrap(),
        ticket: Some("https://git.example/acme/checkout/issues/17".into()),
        drill: None,
        thread: None,
    }
}

pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(future)
}

/// The head and the JSON body of a request.
fn parts(request: &str) -> (String, serde_json::Value) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), serde_json::from_str(body).unwrap_or(serde_json::Value::Null))
}
