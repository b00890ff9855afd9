//! Secrets: named in `hotfix.toml`, fetched when they are needed, and never shown.

use serde::{Deserialize, Deserializer, Serialize};

/// Where a secret is found. It is fetched when it is needed, and never printed, logged or journaled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Secret {
    /// In an environment variable.
    Env(String),
    /// In a file that others cannot read.
    File(String),
    /// In the first line that a command prints.
    Command(Vec<String>),
}

impl<'de> Deserialize<'de> for Secret {
    /// By hand, because a derived error would print the secret that somebody wrote into the file.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretTable {
    env: Option<String>,
    file: Option<String>,
    command: Option<Vec<String>>,
}

const SECRET: &str = "a secret never stands in the file: write { env = \"NAME\" }, { file = \"PATH\" } or \
                      { command = [\"PROGRAM\", \"ARGUMENT\"] }";

impl<'de> serde::de::Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("where a secret is found")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Secret, E> {
        Err(E::custom(SECRET))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Secret, A::Error> {
        let table = SecretTable::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        match (table.env, table.file, table.command) {
            (Some(name), None, None) => Ok(Secret::Env(name)),
            (None, Some(path), None) => Ok(Secret::File(path)),
            (None, None, Some(argv)) => Ok(Secret::Command(argv)),
            _ => Err(serde::de::Error::custom(SECRET)),
        }
    }
}
