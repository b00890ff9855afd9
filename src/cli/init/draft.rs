//! The text of a new `hotfix.toml` (pure).

use std::fmt::Write;

use super::Preset;
use super::detect::Found;
use crate::config::recipe::Recipe;

/// What a preset calls the service.
const SERVICE: &str = "SERVICE";

/// The file for what was found. A preset that was asked for is in force; one that was only detected is there
/// as comments. `canary` is the part of it that was taken over from another tool. With a recipe the way back follows.
pub fn write(found: &Found, asked: Option<Preset>, canary: Option<&str>, has_recipe: bool) -> String {
    let mut out = String::from(
        "# hotfix.toml: how this service is hotfixed. Nothing in here is run or contacted before you have said\n\
         # `hotfix trust`, and a change asks again. A secret never stands in here: name it, as in { env = \"NAME\" }.\n\
         version = 1\n\n",
    );
    // Writing to a String cannot fail.
    let _ = write!(out, "{}{}{LIMITS}{}", production(found), git(found), tests(found, asked));
    out.extend(canary);
    if !has_recipe {
        out += &deployment(found, asked);
    }
    out + &comms(found)
}

/// `[rollback]` by a recipe: what must be given in force, the rest as comments.
pub fn by_recipe(found: &Found, name: &str, recipe: &Recipe) -> String {
    let needs = if recipe.needs.is_empty() { String::new() } else { format!(" It runs {}.", recipe.needs.join(", ")) };
    let mut out = format!("# {}.{needs}\n# Adapt names and addresses.\n[rollback]\n", recipe.about);
    let _ = writeln!(out, "recipe = {}\n\n[rollback.params]", string(name));
    for param in &recipe.params {
        let value = match (&param.default, &param.example) {
            (Some(default), _) => string(default),
            (None, Some(example)) => example.to_string().replace(SERVICE, &found.service),
            (None, None) => string(""),
        };
        let sign = if param.default.is_some() { "# " } else { "" };
        let _ = writeln!(out, "{sign}{} = {value}   # {}", param.name, param.about);
    }
    out
}

const LIMITS: &str = "[limits]                                 # what still counts as a small change
core_lines = 200
files = 10

# [[change.classes]]                     # what paths say: a class of your own, or changes to a known one
# name = \"billing\"
# points = 12                            # of the risk score
# globs = [\"**/billing/**\"]

";

/// A TOML string.
pub(super) fn string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn strings(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| string(text)).collect::<Vec<_>>().join(", "))
}

fn production(found: &Found) -> String {
    let reference = found.tags.as_deref().or(found.production_branch.as_deref()).unwrap_or("v*");
    format!(
        "[production]\nref = {}   # the newest tag like this that HEAD descends from, or a branch\n\
         # deployed = {{ url = \"https://{}.example/version\", json = \"$.commit\" }}   # what really runs there\n\n",
        string(reference),
        found.service
    )
}

fn git(found: &Found) -> String {
    let targets = if found.targets.is_empty() { vec!["main".to_owned()] } else { found.targets.clone() };
    let remote = found.remote.as_ref().map_or_else(String::new, |name| format!("remote = {}\n", string(name)));
    format!(
        "[git]\nstrategy = \"back-promotion\"              # or \"trunk-first\": fix on trunk, cherry-pick to production\n\
         targets = {}   # the branches that a fix must reach, in this order\n\
         # cherry_pick = [\"uat\"]                  # those of them that get copies instead of a merge\n\
         # scope = [\"src/**\"]                     # the files that a fix may touch\n\
         branch = \"hotfix/{{slug}}\"\n{remote}ticket = '[A-Z]+-\\d+'\n\n",
        strings(&targets)
    )
}

fn tests(found: &Found, asked: Option<Preset>) -> String {
    // This preset brings its own.
    if asked == Some(Preset::Salesforce) {
        return String::new();
    }
    let globs = if found.junit.is_empty() { vec!["reports/junit.xml".to_owned()] } else { found.junit.clone() };
    let run =
        "# run = [\"make\", \"test\"]   # started with `t` or `hotfix tests --run`: binds the results to the commit\n";
    let block = format!("[[tests]]\nname = \"unit\"\njunit = {}\nrequired = true\n{run}\n", strings(&globs));
    let block = if found.junit.is_empty() {
        format!("# No report of a test run was found: say where JUnit files are written.\n{}", commented(&block))
    } else {
        block
    };
    block + &github(found) + &gitlab(found)
}

/// The checks of the commit, as comments: whoever takes the signs away lets it ask.
fn github(found: &Found) -> String {
    let Some(repository) = &found.github else { return String::new() };
    let api = found.github_api.as_ref().map_or_else(String::new, |api| format!(", api = {}", string(api)));
    let source = format!(
        "# Checks, statuses and test reports of the commit. Without `token`, `gh auth token` is asked for one.\n\
         # `branch` is the one whose required checks count; `checks` and `artifacts` name more that have to be there.\n\
         [[tests]]\nname = \"ci\"\ngithub = {{ repository = {}{api}, token = {{ env = \"GITHUB_TOKEN\" }} }}\n",
        string(repository)
    );
    commented(&source) + "\n"
}

fn gitlab(found: &Found) -> String {
    let Some((host, project)) = &found.gitlab else { return String::new() };
    let url =
        if host == "gitlab.com" { String::new() } else { format!(", url = {}", string(&format!("https://{host}"))) };
    let source = format!(
        "# Pipelines, jobs and test reports of the commit.\n\
         [[tests]]\nname = \"ci\"\ngitlab = {{ project = {}{url}, token = {{ env = \"GITLAB_TOKEN\" }} }}\n",
        string(project)
    );
    commented(&source) + "\n"
}

fn deployment(found: &Found, asked: Option<Preset>) -> String {
    let text = |preset: Preset| preset.text().replace(SERVICE, &found.service);
    if let Some(preset) = asked {
        return format!("# From the preset {}: adapt names and addresses.\n{}", preset.name(), text(preset));
    }
    let (preset, why) = match found.preset {
        Some(preset) => (preset, "which this repository's files point to"),
        None => (Preset::Script, "the simplest one"),
    };
    let (name, text) = (preset.name(), text(preset));
    format!(
        "# Canary and rollback, from the preset {name}, {why}. Adapt names and addresses and take the\n\
         # comment signs away, or begin with `hotfix init --preset {name} --force`.\n\n{}",
        commented(&text)
    )
}

/// Who is told, as comments: whoever takes the signs away has a channel. No secret stands in it, each has a name.
fn comms(found: &Found) -> String {
    let issue = found.github.as_ref().map_or_else(String::new, |repository| {
        let repository = string(repository);
        format!("\n[[comms]]\nname = \"the issue\"\ngithub = {{ repository = {repository}, token = {{ env = \"GITHUB_TOKEN\" }} }}\n")
    });
    let channels = format!("{COMMS}{issue}").replace(SERVICE, &found.service);
    format!(
        "\n# Who is told, and through what; `hotfix say --dry-run` sends nothing. More kinds: README, \"Whom to tell\".\n{}",
        commented(&channels)
    )
}

const COMMS: &str = "[[comms]]
name = \"stakeholders\"
slack = { webhook = { env = \"SLACK_WEBHOOK\" } }   # or teams, discord, mattermost, webhook

[[comms]]
name = \"management\"
email = { server = \"smtp.SERVICE.example:587\", user = \"hotfix\", password = { env = \"SMTP_PASSWORD\" }, from = \"Incidents <incidents@SERVICE.example>\", to = [\"management@SERVICE.example\"] }

[[comms]]
name = \"status page\"
statuspage = { page = \"PAGE\", token = { env = \"STATUSPAGE_TOKEN\" } }

[[comms]]
name = \"on call\"
pagerduty = { routing_key = { env = \"PAGERDUTY_KEY\" } }
";

/// Every line that says something as a comment.
fn commented(text: &str) -> String {
    let line = |line: &str| match line {
        "" => "\n".to_owned(),
        line if line.starts_with('#') => format!("{line}\n"),
        line => format!("# {line}\n"),
    };
    text.lines().map(line).collect()
}
