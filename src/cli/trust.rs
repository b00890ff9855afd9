//! `hotfix trust`

use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IsTerminal, Write as _};

use color_eyre::eyre::eyre;

use super::{Context, Exit, print};
use crate::config::Loaded;
use crate::config::program::{quote, quoted};
use crate::config::trust::{Trust, content_hash};
use crate::config::uses::Uses;
use crate::evidence::text;
use crate::project::Project;

/// Shows what this hotfix.toml would run and contact, and trusts exactly that.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("how"))]
pub struct Args {
    /// Print the content's hash alone: what CI names in `HOTFIX_TRUST`
    #[arg(long, group = "how")]
    hash: bool,
    /// Trust the content with this hash, without asking
    #[arg(long, value_name = "HASH", group = "how")]
    yes: Option<String>,
    /// Trust nothing here any more
    #[arg(long, group = "how")]
    revoke: bool,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all, or nobody can be asked.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let project = Project::open(&context.directory)?;
    let loaded = project.loaded()?.ok_or_else(|| eyre!("there is no hotfix.toml: `hotfix init` writes one"))?;
    let hash = content_hash(loaded)?;
    let Args { hash: hash_alone, yes, revoke } = args;
    if hash_alone {
        print(&format!("{hash}\n"))?;
        return Ok(Exit::Ok);
    }
    let (store, remotes) = (project.trust_store(), project.remotes());
    if revoke {
        store.revoke(loaded, &remotes, context.now)?;
        print("nothing is trusted here any more\n")?;
        return Ok(Exit::Ok);
    }
    let trust = store.check(loaded, &remotes);
    print(&shown(loaded, &trust, &hash))?;
    if let (Trust::Trusted(_), None) = (&trust, &yes) {
        print("it is trusted\n")?;
        return Ok(Exit::Ok);
    }
    let agreed = match yes {
        Some(named) if named == hash => true,
        Some(_) => return Err(eyre!("the content's hash is {hash}: another one was named, nothing is trusted")),
        None => ask()?,
    };
    if !agreed {
        print("nothing is trusted\n")?;
        return Ok(Exit::Failed);
    }
    store.grant(loaded, &remotes, context.now)?;
    print("trusted: exactly this content, at this place\n")?;
    Ok(Exit::Ok)
}

/// Asks for a letter that is another one each time, so that neither habit nor a paste can agree.
fn ask() -> color_eyre::Result<bool> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(eyre!("nobody can be asked here: look at the above, then say `hotfix trust --yes HASH`"));
    }
    let letter = char::from(b'a' + u8::try_from(RandomState::new().build_hasher().finish() % 26)?);
    print(&format!("type {letter} and Enter to trust exactly this; anything else trusts nothing: "))?;
    io::stdout().flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim() == letter.to_string())
}

/// Everything that the configuration would do, and what has changed since it was trusted.
fn shown(loaded: &Loaded, trust: &Trust, hash: &str) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}", text::clean(&loaded.path.display().to_string()));
    if let Trust::Untrusted { changed_since, why } = trust {
        let _ = writeln!(out, "  not trusted: {why}");
        if let Some(before) = changed_since.as_ref().filter(|before| **before != loaded.text) {
            out += &difference(before, &loaded.text);
        }
    }
    out += &uses(&Uses::of(&loaded.config));
    let _ = writeln!(out, "hash {hash}");
    out
}

fn uses(uses: &Uses) -> String {
    if uses.is_empty() {
        return "  it runs and contacts nothing\n".to_owned();
    }
    let mut out = String::new();
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let _ = writeln!(out, "it would {title}\n  {}", lines.join("\n  "));
        }
    };
    section("run", uses.runs.iter().map(|run| format!("{}: {}", run.purpose, quoted(&run.argv))).collect());
    let contact = |contact: &crate::config::uses::Contact| {
        let secret = contact.secret.as_ref().map_or_else(String::new, |secret| format!(" with {}", secret.name()));
        let plain = if contact.allow_http { " (plain http allowed)" } else { "" };
        let (host, url) = (host(&contact.url), quote(&contact.url));
        format!("{}: {host}: {} {url}{}{plain}", contact.purpose, contact.method, text::clean(&secret))
    };
    section("contact", uses.contacts.iter().map(contact).collect());
    let secret =
        |needs: &crate::config::uses::Needs| format!("{}: {}", needs.purpose, text::clean(&needs.secret.name()));
    let edit = |(purpose, file): &(String, String)| format!("{purpose}: {}", quote(file));
    section("change these files", uses.edits.iter().map(edit).collect());
    section("read these secrets", uses.secrets.iter().map(secret).collect());
    out
}

/// The host as the network sees it: letters that only look like others show as `xn--…`.
fn host(url: &str) -> String {
    let parsed = reqwest::Url::parse(url).ok();
    let host = parsed.and_then(|url| url.host_str().map(text::clean));
    host.unwrap_or_else(|| "?".to_owned())
}

/// The changed lines, as git shows them.
fn difference(before: &str, after: &str) -> String {
    let patch = git2::Patch::from_buffers(before.as_bytes(), None, after.as_bytes(), None, None);
    let lines = patch.and_then(|mut patch| patch.to_buf().map(|buffer| String::from_utf8_lossy(&buffer).into_owned()));
    let Ok(lines) = lines else { return "  the change cannot be shown\n".to_owned() };
    let shown = lines.lines().skip_while(|line| !line.starts_with("@@"));
    shown.fold(String::from("changed since it was trusted\n"), |out, line| out + "  " + &text::clean(line) + "\n")
}
