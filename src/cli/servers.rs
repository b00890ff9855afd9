//! The remote test sources, for the commands that read test results.

use std::sync::Arc;

use jiff::Timestamp;

use crate::config::schema::Config;
use crate::config::trust::Permit;
use crate::evidence::Oid;
use crate::http::Client;
use crate::project::Project;
use crate::test_results::model::Report;
use crate::test_results::providers::{Production, Servers, Setup};

/// The remote sources; without trust they are silent. What is printed holds no secret, so that none has to be taken out.
pub fn of(project: &Project, config: &Config, permit: Option<Permit>) -> Servers {
    Servers::new(config, permit.map(|permit| setup(project, permit)).as_ref())
}

/// What they work with in a project.
pub fn setup(project: &Project, permit: Permit) -> Setup {
    Setup {
        permit,
        client: Client::new(),
        root: project.root.clone(),
        state: project.journal_folder().ok(),
        hide: Arc::new(|_| {}),
    }
}

/// A commit of production that is known, or will not be.
pub fn known(production: Option<Oid>) -> Production {
    tokio::sync::watch::Sender::new(production).subscribe()
}

/// Asks each once, and compares with the results of production. One report each; without a runtime they have not answered,
/// which satisfies nothing.
pub fn ask(
    project: &Project,
    config: &Config,
    permit: Option<Permit>,
    production: Production,
    now: Timestamp,
) -> Vec<Report> {
    let servers = of(project, config, permit);
    if servers.is_empty() {
        return Vec::new();
    }
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(servers.once(&project.root, production, now)),
        Err(_) => servers.unasked(),
    }
}
