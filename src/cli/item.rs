//! The items that a command may name.

use color_eyre::eyre::eyre;

use crate::checklist::items::{self, Item};
use crate::config::shape::hint;
use crate::project::Project;

/// The item that `id`, or the row `id/ROW`, names.
///
/// # Errors
/// When the checklist has none of that name.
pub fn find(project: &Project, id: &str) -> color_eyre::Result<Item> {
    // With a broken hotfix.toml a tick must be possible all the same.
    let config = project.config().unwrap_or_default();
    let items = items::of(&config.checklist);
    let (whole, row) = id.split_once('/').map_or((id, None), |(whole, row)| (whole, Some(row)));
    let known: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
    let unknown = || eyre!("the checklist has no item `{id}`; {}; `hotfix checklist` lists them", hint(whole, &known));
    let item = items.iter().find(|item| item.id == whole).ok_or_else(unknown)?;
    match row {
        Some(_) if item.rows.is_none() => Err(eyre!("{whole} has no rows: name it alone")),
        Some("") => Err(eyre!("which row of {whole}? `hotfix checklist` lists them")),
        _ => Ok(item.clone()),
    }
}
