//! What production says that it runs, asked once, for the commands that compare with it.

use std::path::Path;

use jiff::Timestamp;

use crate::change::deployed::Said;
use crate::change::source::{Deployed, Settings};
use crate::config::schema::Config;
use crate::config::trust::Permit;
use crate::evidence::{Evidence, Failure, Observation};
use crate::http::Client;
use crate::project::Project;

/// Asks production, if the configuration says how; `None` if it does not.
pub fn ask(
    root: &Path,
    config: &Config,
    permit: Option<Permit>,
    now: Timestamp,
) -> Option<Result<Evidence<Said>, Failure>> {
    let asked = config.production.deployed.as_ref()?;
    let failed = |what: &str, remedy: Option<&str>| {
        Some(Err(Failure { what: what.into(), remedy: remedy.map(Into::into), at: now, retry_at: None }))
    };
    let Some(permit) = permit else {
        return failed("production was not asked: hotfix.toml is not trusted", Some("hotfix trust"));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return failed("production was not asked: no runtime", None) };
    let mut source = Deployed::new(asked, permit, Client::new(), root);
    match runtime.block_on(source.poll(now)) {
        Observation::Seen(_, evidence) => Some(Ok(*evidence)),
        Observation::Failed(_, failure) => Some(Err(failure)),
        Observation::Started(_) => None,
    }
}

/// The settings for git, with what production says; that it did not answer is told on standard error.
pub fn settings(project: &Project, config: &Config, now: Timestamp) -> Settings {
    let permit = project.trust().and_then(|trust| trust.permit());
    let deployed = match ask(&project.root, config, permit, now) {
        Some(Ok(evidence)) => Some(evidence.value),
        Some(Err(failure)) => {
            eprintln!("hotfix: WARNING: {}", failure.what);
            None
        }
        None => None,
    };
    Settings { deployed, ..Settings::from(config) }
}
