//! `hotfix role`

use super::entry::{self, Common, not_empty};
use super::{Context, Exit};
use crate::incident::{Entry, Incident, Role, Severity};

/// Takes a role or hands it over.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one
    role: RoleName,
    /// Who holds it from now on; you without it
    #[arg(value_parser = not_empty)]
    name: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// The roles, for the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum RoleName {
    /// Decides
    Commander,
    /// Has the hands on production
    Ops,
    /// Tells everybody else
    Comms,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Commander => Self::Commander,
            RoleName::Ops => Self::Ops,
            RoleName::Comms => Self::Comms,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { role, name, common } = args;
    let role = Role::from(role);
    entry::record(context, &common, |desk, incident| {
        let name = name.unwrap_or_else(|| desk.by.clone());
        if let Some(other) = second_role(incident, role, &name) {
            eprintln!("hotfix: note: {name} is {} as well; from SEV2 up each role wants a person", other.label());
        }
        Ok(Entry::RoleTaken { role, name })
    })
}

/// Another role that the same person holds, where that is one too many.
fn second_role(incident: &Incident, role: Role, name: &str) -> Option<Role> {
    let is_severe = incident.severity.is_some_and(|severity| severity <= Severity::Sev2);
    let mut others = incident.roles.iter().filter(|(other, holder)| **other != role && holder.as_str() == name);
    others.next().map(|(other, _)| *other).filter(|_| is_severe)
}
