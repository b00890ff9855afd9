//! The remote test sources, for the commands that read test results.

use std::sync::Arc;

use jiff::Timestamp;

use crate::config::schema::Config;
use crate::config::trust::Permit;
use crate::http::Client;
use crate::project::Project;
use crate::test_results::model::Report;
use crate::test_results::providers::{Servers, Setup};

/// The remote sources; without trust they are silent. What is printed holds no secret, so that none has to be taken out.
pub fn of(project: &Project, config: &Config, permit: Option<Permit>) -> Servers {
    let setup = |permit| Setup {
        permit,
        client: Client::new(),
        root: project.root.clone(),
        state: project.journal_folder().ok(),
        hide: Arc::new(|_| {}),
    };
    Servers::new(config, permit.map(setup).as_ref())
}

/// Asks each once. One report each; without a runtime they have not answered, which satisfies nothing.
pub fn ask(project: &Project, config: &Config, permit: Option<Permit>, now: Timestamp) -> Vec<Report> {
    let servers = of(project, config, permit);
    if servers.is_empty() {
        return Vec::new();
    }
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(servers.once(&project.root, now)),
        Err(_) => servers.unasked(),
    }
}
