//! The remote test sources, for the commands that read test results.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::config::schema::Config;
use crate::config::trust::Permit;
use crate::http::Client;
use crate::test_results::model::Report;
use crate::test_results::providers::{Servers, Setup};

/// The remote sources; without trust they are silent. What is printed holds no secret, so that none has to be taken out.
pub fn of(root: &Path, config: &Config, permit: Option<Permit>) -> Servers {
    let setup = |permit| Setup { permit, client: Client::new(), root: root.to_owned(), hide: Arc::new(|_| {}) };
    Servers::new(config, permit.map(setup).as_ref())
}

/// Asks each once. One report each; without a runtime they have not answered, which satisfies nothing.
pub fn ask(root: &Path, config: &Config, permit: Option<Permit>, now: Timestamp) -> Vec<Report> {
    let servers = of(root, config, permit);
    if servers.is_empty() {
        return Vec::new();
    }
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(servers.once(root, now)),
        Err(_) => servers.unasked(),
    }
}
