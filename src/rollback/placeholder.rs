//! Placeholders such as `{to.version}`: each fills its place within ONE argument, URL part or JSON string.

use std::fmt::Write as _;

use super::model::Version;
use crate::evidence::text::clean;

/// The names that can stand between braces.
pub const NAMES: [&str; 7] = ["to.version", "to.sha", "to.short", "from.version", "from.sha", "from.short", PLAN];
/// The one that is filled last, because the plan's hash covers all others.
pub const PLAN: &str = "plan";
/// How many digits of a commit `{to.short}` has.
const SHORT: usize = 8;
/// The longest version name that is let through, in bytes.
const VERSION_LIMIT: usize = 200;

/// Why a placeholder could not be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// Nobody knows this name.
    #[error("`{{{found}}}` is no placeholder; did you mean `{{{nearest}}}`?")]
    Unknown {
        /// What stands between the braces.
        found: String,
        /// The name that looks most like it.
        nearest: &'static str,
    },
    /// Git does not tell the value.
    #[error("`{{{0}}}` has no value: git does not know that commit")]
    NoValue(&'static str),
    /// The value could be taken for something else than a name.
    #[error("`{{{name}}}` would be {value:?}, which {why}")]
    BadValue {
        /// The placeholder.
        name: &'static str,
        /// Its value, clean.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A host or a program must be the one that was trusted.
    #[error("a placeholder may not choose the {0}")]
    Chooses(&'static str),
}

/// What a text is going to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An argument or a JSON string: the value goes in as it is.
    Plain,
    /// A part of a URL: the value goes in percent-encoded.
    Url,
}

/// The values of a plan's placeholders.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// What runs now.
    pub from: &'a Version,
    /// What it goes back to.
    pub to: &'a Version,
}

impl Values<'_> {
    /// Fills every placeholder but `{plan}`.
    ///
    /// # Errors
    /// When a name is unknown, or its value is not known or not fit for an argument.
    pub fn fill(&self, text: &str, place: Place) -> Result<String, FillError> {
        if place == Place::Url {
            check_authority(text)?;
        }
        replace(text, |found| {
            let name = known(found)?;
            if name == PLAN {
                return Ok(format!("{{{PLAN}}}"));
            }
            let value = self.value(name)?;
            Ok(if place == Place::Url { percent_encoded(&value) } else { value })
        })
    }

    fn value(&self, name: &'static str) -> Result<String, FillError> {
        let version = if name.starts_with("to.") { self.to } else { self.from };
        if name.ends_with(".sha") {
            return version.oid.as_ref().map(ToString::to_string).ok_or(FillError::NoValue(name));
        }
        if name.ends_with(".short") {
            let oid = version.oid.as_ref().ok_or(FillError::NoValue(name))?;
            return Ok(oid.as_str().chars().take(SHORT).collect());
        }
        match objection(&version.reference) {
            Some(why) => Err(FillError::BadValue { name, value: clean(&version.reference), why }),
            None => Ok(version.reference.clone()),
        }
    }
}

/// Fills `{plan}`, the one that is left after [`Values::fill`].
pub fn fill_plan(text: &str, hash: &str) -> String {
    let fill = |found: &str| Ok(if found == PLAN { hash.to_owned() } else { format!("{{{found}}}") });
    replace(text, fill).unwrap_or_else(|_: FillError| text.to_owned())
}

/// Whether a text holds anything that would be filled.
pub fn is_used(text: &str) -> bool {
    let mut used = false;
    let _: Result<String, FillError> = replace(text, |_| {
        used = true;
        Ok(String::new())
    });
    used
}

/// What is wrong with a version's name as (part of) an argument. Stricter than git: a name that a shell, an option
/// parser or a path could misread is refused.
fn objection(value: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._/+-@".contains(c);
    match value {
        "" => Some("is empty"),
        v if v.len() > VERSION_LIMIT => Some("is too long"),
        v if v.starts_with('-') => Some("looks like an option"),
        v if v.starts_with(['.', '/', '@']) || v.contains("..") || v.contains("//") => Some("looks like a path"),
        v if !v.chars().all(allowed) => Some("holds a character other than letters, digits and ._/+-@"),
        _ => None,
    }
}

fn known(found: &str) -> Result<&'static str, FillError> {
    let distance = |name: &&&str| strsim::damerau_levenshtein(name, found);
    let nearest = NAMES.iter().min_by_key(distance).copied().unwrap_or(PLAN);
    if nearest == found { Ok(nearest) } else { Err(FillError::Unknown { found: found.to_owned(), nearest }) }
}

/// Replaces each `{name}`: lower-case letters and dots between braces, not behind `$` or another brace, and behind `@`
/// only when the name is known, so that `${name}`, `{{.Name}}`, `HEAD@{upstream}` and JSON stay what they are.
fn replace<E>(text: &str, mut fill: impl FnMut(&str) -> Result<String, E>) -> Result<String, E> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        out.push_str(before);
        let is_ours = |name: &&str| !out.ends_with(['$', '{']) && (!out.ends_with('@') || NAMES.contains(name));
        rest = match name_at(after).filter(is_ours) {
            Some(name) => {
                out.push_str(&fill(name)?);
                &after[name.len() + 2..]
            }
            None => {
                out.push('{');
                &after[1..]
            }
        };
    }
    out.push_str(rest);
    Ok(out)
}

/// The name in a text that begins with `{name}`.
fn name_at(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    let fits = name.chars().all(|c| c.is_ascii_lowercase() || c == '.' || c == '_');
    (fits && name.starts_with(|c: char| c.is_ascii_lowercase())).then_some(name)
}

/// Scheme and host of an address are what a person trusted: no placeholder before the path.
fn check_authority(url: &str) -> Result<(), FillError> {
    let host = url.find("://").map_or(0, |at| at + 3);
    let path = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    if is_used(&url[..path]) { Err(FillError::Chooses("host")) } else { Ok(()) }
}

/// RFC 3986, section 2.3: everything but the unreserved characters becomes `%XX`.
pub(super) fn percent_encoded(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte.into());
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests;
