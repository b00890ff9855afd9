//! `hotfix init`

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{WrapErr, eyre};
use serde::Serialize;

use super::{Context, Exit, print};
use crate::config::{load, recipe};
use crate::project::Project;

mod detect;
mod draft;
mod import;

use import::Origin;

/// Writes a commented hotfix.toml from what it detects.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// How the service is deployed; its canary and rollback come ready to be adapted
    #[arg(long)]
    preset: Option<Preset>,
    /// How it goes back, by a recipe; its parameters come ready to be adapted
    #[arg(long, value_name = "NAME", conflicts_with = "preset",
        value_parser = clap::builder::PossibleValuesParser::new(recipe::names()))]
    recipe: Option<String>,
    /// Take the canary's metrics from a canary config of Kayenta (JSON)
    #[arg(long, value_name = "FILE", group = "origin", conflicts_with = "preset")]
    from_kayenta: Option<PathBuf>,
    /// Take them from AnalysisTemplates of Argo Rollouts (YAML or JSON)
    #[arg(long, value_name = "FILE", group = "origin", conflicts_with = "preset")]
    from_argo: Option<PathBuf>,
    /// Take them from a Canary of Flagger, with the MetricTemplates beside it (YAML or JSON)
    #[arg(long, value_name = "FILE", group = "origin", conflicts_with = "preset")]
    from_flagger: Option<PathBuf>,
    /// Overwrite a hotfix.toml that is there
    #[arg(long)]
    force: bool,
    /// Print what was detected as one JSON object
    #[arg(long)]
    json: bool,
}

/// Ways to deploy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Preset {
    /// Argo Rollouts, by its kubectl plugin
    ArgoRollouts,
    /// A Kubernetes deployment, by kubectl
    Kubernetes,
    /// A Helm release
    Helm,
    /// A Salesforce org
    Salesforce,
    /// A release folder and a link, over SSH
    Ssh,
    /// A script of your own
    Script,
}

impl Preset {
    fn text(self) -> &'static str {
        match self {
            Self::ArgoRollouts => include_str!("../../assets/presets/argo-rollouts.toml"),
            Self::Kubernetes => include_str!("../../assets/presets/kubernetes.toml"),
            Self::Helm => include_str!("../../assets/presets/helm.toml"),
            Self::Salesforce => include_str!("../../assets/presets/salesforce.toml"),
            Self::Ssh => include_str!("../../assets/presets/ssh.toml"),
            Self::Script => include_str!("../../assets/presets/script.toml"),
        }
    }

    /// As it is written on the command line.
    fn name(self) -> &'static str {
        match self {
            Self::ArgoRollouts => "argo-rollouts",
            Self::Kubernetes => "kubernetes",
            Self::Helm => "helm",
            Self::Salesforce => "salesforce",
            Self::Ssh => "ssh",
            Self::Script => "script",
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When there is a hotfix.toml already, or it cannot be written.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { preset, recipe, from_kayenta, from_argo, from_flagger, force, json } = args;
    let origins = [(Origin::Kayenta, from_kayenta), (Origin::Argo, from_argo), (Origin::Flagger, from_flagger)];
    let imported = origins.into_iter().find_map(|(origin, file)| Some((origin, file?)));
    let imported = imported.map(|(origin, file)| imported_canary(origin, &context.directory.join(file))).transpose()?;
    let project = Project::open(&context.directory)?;
    let path = project.root.join(load::FILE);
    let found = detect::look(&project.root);
    let recipe = recipe.map(|name| recipe::find(&name).map(|recipe| (name, recipe)).map_err(|what| eyre!(what)));
    let recipe = recipe.transpose()?;
    let mut text = draft::write(&found, preset, imported.as_deref(), recipe.is_some());
    if let Some((name, recipe)) = &recipe {
        text += &draft::by_recipe(&found, name, recipe);
    }
    load::parse(&text, &path).wrap_err("the draft does not hold: please report this")?;
    write(&path, &text, force)?;
    let told = if json {
        serde_json::to_string(&Document { schema: 1, path: &path, preset, detected: &found })? + "\n"
    } else {
        format!(
            "{}\nwrote {}\nnext: read it, then `hotfix trust` and `hotfix doctor`\n",
            found.sentences(),
            path.display()
        )
    };
    print(&told)?;
    Ok(Exit::Ok)
}

/// `[canary]` from a file of another tool.
fn imported_canary(origin: Origin, file: &Path) -> color_eyre::Result<String> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).wrap_err_with(|| format!("cannot read {shown}"))?;
    let imported = import::read(origin, &text).map_err(|what| eyre!("{shown}: {what}"))?;
    Ok(import::write(origin, &imported))
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    path: &'a Path,
    preset: Option<Preset>,
    detected: &'a detect::Found,
}

/// A file that is there is overwritten by force alone, and a link never.
fn write(path: &Path, text: &str, force: bool) -> color_eyre::Result<()> {
    if path.is_symlink() {
        return Err(eyre!("{} is a symbolic link, which is not followed", path.display()));
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(!force).create(force).truncate(force).mode(0o644);
    let file = options.open(path);
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(eyre!("{} is there already: --force overwrites it", path.display()))
        }
        Err(error) => Err(error).wrap_err_with(|| format!("cannot write {}", path.display())),
    }
}

#[cfg(test)]
mod tests;
