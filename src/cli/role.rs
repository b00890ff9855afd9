//! `hotfix role`: who holds which role; a role is taken, or handed over.

use std::collections::BTreeMap;

use color_eyre::eyre::eyre;
use serde::Serialize;

use super::entry::{Common, Desk, not_empty};
use super::{Context, Exit, print};
use crate::incident::roles::Holders;
use crate::incident::{Incident, Role};

/// Takes a role or hands it over; without a role, says who holds which.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one
    role: Option<RoleName>,
    /// Who holds it from now on; you without it
    #[arg(value_parser = not_empty)]
    name: Option<String>,
    /// What the next one must know; why, where one person holds several roles at SEV1 or SEV2
    #[arg(long, value_name = "TEXT", value_parser = not_empty, requires = "role")]
    note: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// The roles, for the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum RoleName {
    /// Decides
    Commander,
    /// Has the hands on production
    #[value(alias = "operations")]
    Ops,
    /// Tells everybody else
    #[value(alias = "communications")]
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
/// When it could not run at all, or one person would hold too many roles.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { role, name, note, common } = args;
    let mut desk = Desk::open(context, &common)?;
    let incident = desk.incident(common.incident.as_deref())?;
    let Some(role) = role else { return show(&incident, common.json) };
    let name = name.unwrap_or_else(|| desk.by.clone());
    let entry = Holders::of(&incident).hand_over(role.into(), &name, note);
    let entry = entry.map_err(|why| eyre!("{why} (--note TEXT)"))?;
    desk.record(context, &incident.id, &entry, common.json)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    incident: &'a str,
    roles: BTreeMap<&'static str, Option<&'a str>>,
}

fn show(incident: &Incident, json: bool) -> color_eyre::Result<Exit> {
    let roles = roles(incident);
    let text = if json {
        serde_json::to_string(&Document { schema: 1, incident: &incident.id, roles })? + "\n"
    } else {
        roles.iter().map(|(role, holder)| format!("{role:<9}  {}\n", holder.unwrap_or("nobody"))).collect()
    };
    print(&text)?;
    Ok(Exit::Ok)
}

/// Each role, and who holds it.
pub fn roles(incident: &Incident) -> BTreeMap<&'static str, Option<&str>> {
    Role::ALL.into_iter().map(|role| (role.label(), incident.roles.get(&role).map(String::as_str))).collect()
}
