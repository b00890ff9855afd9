//! Recipes: ways to roll back that are data, shipped with the program. A recipe has parameters, looks up what it goes
//! back to, and says of each step how one sees that it took effect (pure).
//!
//! A parameter stands as `{param.NAME}` within an argument, an address or any other text. An argument that is an option
//! for a parameter without a value is left out.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Table, Value};

use super::check::{Fault, check_url};
use super::duration;
use super::schema::{Ask, Engine, Rollback, Step, Verify};
use super::shape::hint;

/// The recipes, by name.
const TEXTS: [(&str, &str); 12] = [
    ("capistrano", include_str!("../../assets/recipes/capistrano.toml")),
    ("codedeploy", include_str!("../../assets/recipes/codedeploy.toml")),
    ("ecs", include_str!("../../assets/recipes/ecs.toml")),
    ("flagger", include_str!("../../assets/recipes/flagger.toml")),
    ("fly", include_str!("../../assets/recipes/fly.toml")),
    ("heroku", include_str!("../../assets/recipes/heroku.toml")),
    ("kamal", include_str!("../../assets/recipes/kamal.toml")),
    ("nomad", include_str!("../../assets/recipes/nomad.toml")),
    ("script", include_str!("../../assets/recipes/script.toml")),
    ("spinnaker", include_str!("../../assets/recipes/spinnaker.toml")),
    ("systemd-ssh", include_str!("../../assets/recipes/systemd-ssh.toml")),
    ("vercel", include_str!("../../assets/recipes/vercel.toml")),
];

/// The longest value of a parameter, in bytes.
const LONGEST: usize = 400;

/// A recipe as it stands in its file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What it does, in a line.
    pub about: String,
    /// The programs that it needs.
    pub needs: Vec<String>,
    /// What an operator must know of it before firing.
    pub notes: Vec<String>,
    /// What it wants to know.
    #[serde(default)]
    pub params: Vec<Param>,
    #[serde(default)]
    ask: Vec<Table>,
    steps: Vec<Table>,
    verify: Table,
}

/// What a recipe wants to know.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Its key in `[rollback.params]`.
    pub name: String,
    /// What can be its value.
    pub kind: Kind,
    /// What it is, in a line.
    pub about: String,
    /// Its value where none is given; without one it must be given. An empty one stands for none.
    pub default: Option<String>,
    /// What it could be; `SERVICE` stands for the service's name.
    pub example: Option<Value>,
}

/// What a parameter can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Letters, digits, `-`, `_`, `.` and `/`: no option, no path.
    Name,
    /// Anything that shows, on one line, and is no option.
    Text,
    /// An https address.
    Url,
    /// An absolute path without blanks and `..`.
    Path,
    /// A host as ssh knows it, with a user or without.
    Host,
    /// A list of hosts.
    Hosts,
    /// Such as `15m`.
    Duration,
}

/// The values of a recipe's parameters, one or several each.
type Values = BTreeMap<String, Vec<String>>;

/// The names of all recipes.
pub fn names() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|(name, _)| *name)
}

/// A recipe by its name.
///
/// # Errors
/// When there is none of that name, with the nearest; or, never in a program that passed its tests, when it cannot be
/// read.
pub fn find(name: &str) -> Result<Recipe, String> {
    let known: Vec<&str> = names().collect();
    let found = TEXTS.iter().find(|(known, _)| *known == name);
    let (_, text) = found.ok_or_else(|| format!("no recipe is called `{name}`; {}", hint(name, &known)))?;
    toml::from_str(text).map_err(|error| format!("the recipe {name} cannot be read: {error}"))
}

/// Puts the steps of its recipe in the place of each way back that names one.
pub fn expand_all(rollback: &mut Rollback) -> Vec<Fault> {
    let mut faults = expand(rollback, "rollback");
    for (index, way) in rollback.plan.iter_mut().enumerate() {
        faults.extend(expand(way, &format!("rollback.plan.{index}")));
    }
    faults
}

/// Puts the steps of the recipe that a way back names in its place. `path` is where that stands.
fn expand(rollback: &mut Rollback, path: &str) -> Vec<Fault> {
    let Some(name) = rollback.recipe.clone() else {
        let unused = (!rollback.params.is_empty()).then(|| fault(format!("{path}.params"), "go with `recipe` alone"));
        return unused.into_iter().collect();
    };
    if rollback.engine != Engine::Steps || !rollback.steps.is_empty() {
        return vec![fault(format!("{path}.recipe"), "makes the steps itself: no `engine` and no `steps` beside it")];
    }
    let recipe = match find(&name) {
        Ok(recipe) => recipe,
        Err(what) => return vec![fault(format!("{path}.recipe"), what)],
    };
    let values = match recipe.values(&rollback.params, path) {
        Ok(values) => values,
        Err(faults) => return faults,
    };
    match recipe.filled(&values) {
        Ok((ask, steps, verify)) => {
            (rollback.ask, rollback.steps) = (ask, steps);
            rollback.verify.get_or_insert(verify);
            rollback.warnings.extend(recipe.notes);
            Vec::new()
        }
        Err(what) => vec![fault(format!("{path}.recipe"), format!("the recipe {name} does not hold: {what}"))],
    }
}

fn fault(path: String, what: impl Into<String>) -> Fault {
    Fault { path, what: what.into() }
}

impl Recipe {
    /// The parameters with their values, those that are missing by their defaults.
    fn values(&self, given: &Table, path: &str) -> Result<Values, Vec<Fault>> {
        let known: Vec<&str> = self.params.iter().map(|param| param.name.as_str()).collect();
        let unknown = given.keys().filter(|name| !known.contains(&name.as_str()));
        let stray = |name: &String| {
            fault(format!("{path}.params.{name}"), format!("unknown parameter `{name}`; {}", hint(name, &known)))
        };
        let mut faults: Vec<Fault> = unknown.map(stray).collect();
        let mut values = Values::new();
        for param in &self.params {
            match param.value(given.get(&param.name)) {
                Ok(value) => drop(values.insert(param.name.clone(), value)),
                Err(what) => faults.push(fault(format!("{path}.params.{}", param.name), what)),
            }
        }
        if faults.is_empty() { Ok(values) } else { Err(faults) }
    }

    fn filled(&self, values: &Values) -> Result<(Vec<Ask>, Vec<Step>, Verify), String> {
        let ask = self.ask.iter().map(|table| read(fill_table(table, values))).collect::<Result<_, _>>()?;
        let mut steps = Vec::new();
        for table in &self.steps {
            let mut table = table.clone();
            let each = table.remove("each").and_then(|name| name.as_str().map(str::to_owned));
            for items in each_of(each.as_deref(), values) {
                steps.push(read(fill_table(&table, &items))?);
            }
        }
        Ok((ask, steps, read(fill_table(&self.verify, values))?))
    }
}

/// The values once for each item of a list, the list being that item; as they are without a list.
fn each_of(list: Option<&str>, values: &Values) -> Vec<Values> {
    let Some(list) = list else { return vec![values.clone()] };
    let with = |item: &String| {
        let mut values = values.clone();
        values.insert(list.to_owned(), vec![item.clone()]);
        values
    };
    values.get(list).into_iter().flatten().map(with).collect()
}

fn read<T: serde::de::DeserializeOwned>(table: Table) -> Result<T, String> {
    Value::Table(table).try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

fn fill_table(table: &Table, values: &Values) -> Table {
    table.iter().map(|(key, value)| (key.clone(), fill(value, values))).collect()
}

fn fill(value: &Value, values: &Values) -> Value {
    match value {
        Value::String(text) => Value::String(fill_text(text, values)),
        Value::Array(items) => {
            Value::Array(items.iter().filter(|it| !is_void(it, values)).map(|it| fill(it, values)).collect())
        }
        Value::Table(table) => Value::Table(fill_table(table, values)),
        other => other.clone(),
    }
}

fn fill_text(text: &str, values: &Values) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&place(name), &value.join(" ")))
}

fn place(name: &str) -> String {
    format!("{{param.{name}}}")
}

/// Whether an argument is there for the sake of a parameter that has no value.
fn is_void(argument: &Value, values: &Values) -> bool {
    let Some(text) = argument.as_str() else { return false };
    values.iter().any(|(name, value)| value.iter().all(String::is_empty) && text.contains(&place(name)))
}

impl Param {
    fn value(&self, given: Option<&Value>) -> Result<Vec<String>, String> {
        let texts = match (given, &self.default) {
            (Some(Value::String(text)), _) if self.kind != Kind::Hosts => vec![text.clone()],
            (Some(Value::Array(items)), _) if self.kind == Kind::Hosts && !items.is_empty() => {
                let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().ok_or_else(|| self.wants())?
            }
            (Some(_), _) => return Err(self.wants()),
            (None, Some(default)) => return Ok(vec![default.clone()]),
            (None, None) => return Err(format!("`{}` is missing: {}", self.name, self.about)),
        };
        match texts.iter().all(|text| self.kind.allows(text)) {
            // What follows an address begins with a slash.
            true => Ok(texts.iter().map(|text| text.trim_end_matches('/').to_owned()).collect()),
            false => Err(self.wants()),
        }
    }

    fn wants(&self) -> String {
        format!("`{}` wants {}: {}", self.name, self.kind.label(), self.about)
    }
}

impl Kind {
    /// What it is, in a few words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "a name: letters, digits, `-`, `_`, `.` and `/`",
            Self::Text => "a text on one line that does not begin with `-`",
            Self::Url => "an https address",
            Self::Path => "an absolute path of letters, digits, `-`, `_`, `.` and `/`",
            Self::Host => "a host such as `deploy@web1.example`",
            Self::Hosts => "a list of hosts such as [\"deploy@web1.example\"]",
            Self::Duration => "a duration such as `15m`",
        }
    }

    /// Whether a text can be its value: it becomes (a part of) an argument, and some of it passes a shell elsewhere.
    fn allows(self, text: &str) -> bool {
        let plain = |more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
        let is_short = !text.is_empty() && text.len() <= LONGEST && !text.starts_with('-');
        let fits = match self {
            Self::Name => plain("-_./") && !text.starts_with(['.', '/']) && !text.contains(".."),
            Self::Text => !text.chars().any(crate::evidence::text::is_dangerous) && !text.contains(['\n', '\0']),
            Self::Url => check_url(text, false).is_ok() && !text.contains(['{', '?', '#']),
            Self::Path => text.starts_with('/') && plain("-_./") && !text.contains(".."),
            Self::Host | Self::Hosts => plain("-_.@:") && !text.starts_with(['.', '@', ':']),
            Self::Duration => duration::parse(text).is_some(),
        };
        is_short && fits
    }
}

#[cfg(test)]
mod tests;
