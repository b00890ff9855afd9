//! `hotfix tests --validate`, `--deploy`, `--quick`, `--apex` and `--cancel`: what is started in an org of Salesforce.

use std::path::PathBuf;

use color_eyre::eyre::{OptionExt, eyre};
use serde::Serialize;

use super::{Context, Exit, print, servers};
use crate::config::schema::Salesforce;
use crate::http::HttpError;
use crate::project::Project;
use crate::test_results::providers::{self, ApexRun, Deploying, Setup, Validation};

/// Starts a validation or a deployment and tells its id. The tests pane and `hotfix tests` follow it from then on.
///
/// # Errors
/// When it cannot be started.
pub fn start(kind: Deploying, name: &str, json: bool, context: &Context) -> color_eyre::Result<Exit> {
    let place = Place::of(name, context)?;
    let (source, record) = (&place.source, &place.record);
    if source.apex.is_some() {
        return Err(eyre!("{name} deploys nothing, it runs tests: `hotfix tests --apex {name}`"));
    }
    let started = runtime()?.block_on(async {
        match kind {
            Deploying::Quick => providers::quick(name, source, &place.setup, record, context.now).await,
            _ => providers::start(kind, source, &place.setup.root, record, place.setup.permit).await,
        }
    });
    let started = started.map_err(told)?;
    print(&if json { document(&started)? } else { sentence(&started, source) })?;
    Ok(Exit::Ok)
}

/// Starts the tests of what an org holds and tells their id. The tests pane and `hotfix tests` follow them from then on.
///
/// # Errors
/// When they cannot be started.
pub fn run_apex(name: &str, json: bool, context: &Context) -> color_eyre::Result<Exit> {
    let place = Place::of(name, context)?;
    let apex = place.source.apex.as_ref();
    let apex = apex.ok_or_else(|| eyre!("{name} validates: `hotfix tests --validate {name}`"))?;
    let started = runtime()?.block_on(providers::start_apex(name, &place.source, apex, &place.setup)).map_err(told)?;
    let org = crate::evidence::text::clean(&place.source.org);
    let commit = started.commit.as_ref().map_or("what it holds, which is no known commit", |commit| commit.short());
    print(&if json {
        serde_json::to_string(&ApexDocument { schema: 1, started: &started })? + "\n"
    } else {
        format!("{}: testing {commit} in {org} with {}\n", started.run, apex.level().word())
    })?;
    Ok(Exit::Ok)
}

/// Asks the org to end what was started last.
///
/// # Errors
/// When there is none, or the org cannot be asked.
pub fn cancel(name: &str, json: bool, context: &Context) -> color_eyre::Result<Exit> {
    let place = Place::of(name, context)?;
    let ended = runtime()?.block_on(providers::cancel(name, &place.source, &place.setup));
    let id = ended.map_err(told)?;
    print(&if json {
        serde_json::to_string(&serde_json::json!({ "schema": 1, "deploy": id }))? + "\n"
    } else {
        format!("{id}: asked to end\n")
    })?;
    Ok(Exit::Ok)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    #[serde(flatten)]
    started: &'a Validation,
}

#[derive(Serialize)]
struct ApexDocument<'a> {
    schema: u32,
    #[serde(flatten)]
    started: &'a ApexRun,
}

fn document(started: &Validation) -> color_eyre::Result<String> {
    Ok(serde_json::to_string(&Document { schema: 1, started })? + "\n")
}

fn sentence(started: &Validation, source: &Salesforce) -> String {
    let dirty = if started.dirty { "\nthe work tree has changes: it proves no commit" } else { "" };
    let (id, commit, level) = (&started.deploy, started.commit.short(), source.level.word());
    let org = crate::evidence::text::clean(&source.org);
    match started.kind {
        Deploying::Validation => format!("{id}: validating {commit} in {org} with {level}{dirty}\n"),
        Deploying::Deployment => format!("{id}: deploying {commit} to {org} with {level}\n"),
        Deploying::Quick => format!("{id}: deploying {commit} to {org}, as it was validated\n"),
    }
}

fn told(error: HttpError) -> color_eyre::Report {
    let remedy = error.remedy.map_or_else(String::new, |remedy| format!(" ({remedy})"));
    eyre!("{}{remedy}", error.what)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The source that is meant, and where its record is.
struct Place {
    source: Salesforce,
    record: PathBuf,
    setup: Setup,
}

impl Place {
    fn of(name: &str, context: &Context) -> color_eyre::Result<Self> {
        let project = Project::open(&context.directory)?;
        let config = project.config()?;
        let named = config.tests.iter().filter_map(|source| Some((source.name.as_str(), source.salesforce.as_ref()?)));
        let named: Vec<_> = named.collect();
        let Some((_, source)) = named.iter().find(|(known, _)| *known == name) else {
            let names: Vec<_> = named.iter().map(|(known, _)| *known).collect();
            let names = if names.is_empty() { "there is none in hotfix.toml".to_owned() } else { names.join(", ") };
            return Err(eyre!("no Salesforce source is called {name}: {names}"));
        };
        let permit = project.trust().and_then(|trust| trust.permit());
        let permit =
            permit.ok_or_eyre("hotfix.toml is not trusted: `hotfix trust` shows what it would do, and asks")?;
        let record = providers::record_file(&project.journal_folder()?, name);
        let setup = servers::setup(&project, permit);
        Ok(Self { source: (*source).clone(), record, setup })
    }
}
