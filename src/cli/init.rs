//! `hotfix init`

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use color_eyre::eyre::{WrapErr, eyre};
use serde::Serialize;

use super::{Context, Exit, print};
use crate::config::load;
use crate::project::Project;

mod detect;
mod draft;

/// Writes a commented hotfix.toml from what it detects.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Args {
    /// How the service is deployed; its canary and rollback come ready to be adapted
    #[arg(long)]
    preset: Option<Preset>,
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
    let project = Project::open(&context.directory)?;
    let path = project.root.join(load::FILE);
    let found = detect::look(&project.root);
    let text = draft::write(&found, args.preset);
    load::parse(&text, &path).wrap_err("the draft does not hold: please report this")?;
    write(&path, &text, args.force)?;
    let told = if args.json {
        serde_json::to_string(&Document { schema: 1, path: &path, preset: args.preset, detected: &found })? + "\n"
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
