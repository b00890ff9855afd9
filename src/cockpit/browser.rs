//! The operator's browser, for the page of what is selected.

use std::env;
use std::process::{Command, Stdio};
use std::thread;

use crate::evidence::text;

/// Why a page was not opened, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unopened {
    /// It is no page that one may open.
    NoPage(String),
    /// There is no browser here.
    NoBrowser(String),
}

/// Opens a page. The opener gets the address as one argument, without a shell, and is not waited for.
///
/// # Errors
/// When it is no page, or there is no browser here.
pub fn open(address: &str) -> Result<(), Unopened> {
    let page = page(address)?;
    let opener = opener(|name| env::var(name).ok().filter(|value| !value.is_empty()))?;
    let mut command = Command::new(opener);
    command.arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let spawned = command.spawn();
    let mut child = spawned.map_err(|error| Unopened::NoBrowser(format!("`{opener}` did not start: {error}")))?;
    // It may live as long as the browser; somebody has to take its exit code.
    let _ends_with_us = thread::Builder::new().name("opener".into()).stack_size(64 << 10).spawn(move || child.wait());
    Ok(())
}

/// The address as a browser is given it: a server told it, so that it must be a web page and nothing else.
fn page(address: &str) -> Result<String, Unopened> {
    let refused = || Unopened::NoPage(format!("{} is no page to open", text::fit(&text::clean(address), 60)));
    let url = reqwest::Url::parse(address).map_err(|_| refused())?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let has_secret = !url.username().is_empty() || url.password().is_some();
    if is_web && !has_secret { Ok(url.into()) } else { Err(refused()) }
}

/// What opens pages here, by the environment.
fn opener(variable: impl Fn(&str) -> Option<String>) -> Result<&'static str, Unopened> {
    let no = |why: &str| Err(Unopened::NoBrowser(why.to_owned()));
    if variable("SSH_CONNECTION").or_else(|| variable("SSH_TTY")).is_some() {
        return no("over SSH there is no browser here");
    }
    if cfg!(target_os = "macos") {
        return Ok("open");
    }
    match variable("WAYLAND_DISPLAY").or_else(|| variable("DISPLAY")) {
        Some(_) => Ok("xdg-open"),
        None => no("there is no display"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_pages_are_opened() {
        let told = "https://ci.example/acme/checkout/runs/7?check=1#a";
        assert_eq!(page(told).unwrap(), told);
        assert_eq!(page("http://ci.example/a b\"`<").unwrap(), "http://ci.example/a%20b%22%60%3C");
        for no in ["file:///etc/passwd", "-x", "javascript:alert(1)", "https://a:b@ci.example/", "ssh://ci", "", "ci/7"]
        {
            assert!(matches!(page(no), Err(Unopened::NoPage(_))), "{no}");
        }
    }

    #[test]
    fn over_ssh_or_without_a_display_there_is_no_browser() {
        let with = |names: &'static [&str]| opener(move |name| names.contains(&name).then(|| "x".to_owned()));
        assert!(with(&["SSH_CONNECTION", "DISPLAY"]).is_err());
        assert!(with(&["SSH_TTY", "WAYLAND_DISPLAY"]).is_err());
        if cfg!(not(target_os = "macos")) {
            assert!(with(&[]).is_err());
            assert_eq!((with(&["DISPLAY"]), with(&["WAYLAND_DISPLAY"])), (Ok("xdg-open"), Ok("xdg-open")));
        }
    }
}
