//! `hotfix tests --validate` and `--cancel`: validations in an org of Salesforce.

use std::path::PathBuf;

use color_eyre::eyre::{OptionExt, eyre};
use serde::Serialize;

use super::{Context, Exit, print};
use crate::config::schema::Salesforce;
use crate::config::trust::Permit;
use crate::http::HttpError;
use crate::project::Project;
use crate::test_results::providers::{self, Validation};

/// Starts a validation and tells its id. The tests pane and `hotfix tests` follow it from then on.
///
/// # Errors
/// When it cannot be started.
pub fn start(name: &str, json: bool, context: &Context) -> color_eyre::Result<Exit> {
    let place = Place::of(name, context)?;
    let started = runtime()?.block_on(providers::validate(&place.source, &place.root, &place.record, place.permit));
    let started = started.map_err(told)?;
    print(&if json { document(&started)? } else { sentence(&started, &place.source) })?;
    Ok(Exit::Ok)
}

/// Asks the org to end the validation that was started last.
///
/// # Errors
/// When there is none, or the org cannot be asked.
pub fn cancel(name: &str, json: bool, context: &Context) -> color_eyre::Result<Exit> {
    let place = Place::of(name, context)?;
    let ended = runtime()?.block_on(providers::cancel(&place.source, &place.root, &place.record, place.permit));
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

fn document(started: &Validation) -> color_eyre::Result<String> {
    Ok(serde_json::to_string(&Document { schema: 1, started })? + "\n")
}

fn sentence(started: &Validation, source: &Salesforce) -> String {
    let dirty = if started.dirty { "\nthe work tree has changes: it proves no commit" } else { "" };
    let (id, commit, level) = (&started.deploy, started.commit.short(), source.level.word());
    format!("{id}: validating {commit} in {} with {level}{dirty}\n", crate::evidence::text::clean(&source.org))
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
    root: PathBuf,
    source: Salesforce,
    record: PathBuf,
    permit: Permit,
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
        Ok(Self { source: (*source).clone(), root: project.root, record, permit })
    }
}
