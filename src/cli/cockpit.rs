//! `hotfix` alone: the cockpit, and the look that it opens with.

use std::env;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{WrapErr as _, bail, eyre};

use super::{Context, Exit};
use crate::cockpit::assessment::Asks;
use crate::cockpit::debrief::player;
use crate::cockpit::launch::{self, Drill, Ended, Launch};
use crate::config::user::{self, User};
use crate::drill::kept::Kept;
use crate::journal::StateFolder;
use crate::ui::theme::{BUILT_IN, Theme};

/// Replays a drill, beside an earlier run. Returns the exit code.
///
/// # Errors
/// When there is no terminal.
pub fn replay(run: Kept, earlier: Option<Kept>) -> color_eyre::Result<u8> {
    capable("--export text")?;
    player::run(run, earlier, theme(&user::load()?, &|name| env::var(name).ok())?, StateFolder::find()?.path())
}

/// Whether the terminal can show a screen; `instead` prints the same without one.
fn capable(instead: &str) -> color_eyre::Result<()> {
    match env::var("TERM").unwrap_or_default().as_str() {
        terminal @ ("" | "dumb") => {
            bail!("TERM={terminal} cannot show a screen; `{instead}` prints the same without one")
        }
        _ => Ok(()),
    }
}

/// Opens the cockpit on the project of a folder, or on a drill.
///
/// # Errors
/// When there is no terminal, or no place for the journal.
pub fn open(context: &Context, is_read_only: bool, drill: Option<Drill>) -> color_eyre::Result<Ended> {
    start(context, is_read_only, drill, Asks::WithoutIncident)
}

/// Opens the cockpit on the form of the assessment.
///
/// # Errors
/// As [`open`].
pub fn ask(context: &Context, asks: Asks) -> color_eyre::Result<Exit> {
    start(context, false, None, asks).map(|ended| Exit::Cockpit(ended.code))
}

fn start(context: &Context, is_read_only: bool, drill: Option<Drill>, asks: Asks) -> color_eyre::Result<Ended> {
    capable("hotfix status")?;
    let user = user::load()?;
    let launch = Launch {
        directory: context.directory.clone(),
        state_folder: StateFolder::find()?.path().to_owned(),
        theme: theme(&user, &|name| env::var(name).ok())?,
        is_read_only,
        drill,
        asks,
        notify: user.notify.clone(),
    };
    launch::run(launch, context.words.clone())
}

/// The theme that the user's configuration names, as far as the terminal allows it.
fn theme(user: &User, variable: &dyn Fn(&str) -> Option<String>) -> color_eyre::Result<Theme> {
    let mut theme = user.theme.as_deref().map_or_else(|| Ok(Theme::default()), named)?;
    theme.monochrome = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    theme.ascii = user.ascii.unwrap_or_else(|| !is_unicode(variable));
    Ok(theme)
}

fn named(name: &str) -> color_eyre::Result<Theme> {
    if let Some((_, text)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
        return Theme::parse(text).map_err(|error| eyre!("theme {name}: {error}"));
    }
    let path = themes_folder(name);
    let text = std::fs::read_to_string(&path).wrap_err_with(|| {
        format!("theme {name}: none of {}, and no file", BUILT_IN.map(|(name, _)| name).join(", "))
    })?;
    Theme::parse(&text).map_err(|error| eyre!("{}: {error}", path.display()))
}

/// A theme's file counts from the folder of the user's configuration.
fn themes_folder(name: &str) -> PathBuf {
    let folder = user::path().and_then(|path| path.parent().map(Path::to_owned)).unwrap_or_default();
    folder.join(name)
}

/// Whether the locale can show more than ASCII: the first of the three variables that says anything decides.
fn is_unicode(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| variable(name).filter(|it| !it.is_empty()));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(user: &User, variables: &[(&str, &str)]) -> Theme {
        theme(user, &|name| variables.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())).unwrap()
    }

    #[test]
    fn the_terminal_decides_what_the_user_does_not() {
        let user = User::default();
        assert!(look(&user, &[("LANG", "C")]).ascii);
        assert!(look(&user, &[]).ascii);
        assert!(!look(&user, &[("LANG", "C.UTF-8")]).ascii);
        assert!(look(&user, &[("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")]).ascii);
        assert!(look(&user, &[("NO_COLOR", "1")]).monochrome);
        assert!(!look(&user, &[("NO_COLOR", "")]).monochrome);
        let user = User { ascii: Some(true), ..User::default() };
        assert!(look(&user, &[("LANG", "C.UTF-8")]).ascii);
    }

    #[test]
    fn an_unknown_theme_is_named() {
        let user = User { theme: Some("neon".into()), ..User::default() };
        assert!(theme(&user, &|_| None).unwrap_err().to_string().contains("theme neon"));
    }
}
