//! Durations as people write them: `15s`, `1m 30s`.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// Writes it in seconds.
pub fn serialize<S: serde::Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{}s", value.as_secs_f64()))
}

/// Reads it; zero and negative ones are refused.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| {
        serde::de::Error::custom(format!("`{text}` is no duration: write `15s`, `2m` or `1m 30s`, more than zero"))
    })
}

/// `None` for what is no duration, and for zero and negative ones.
pub fn parse(text: &str) -> Option<Duration> {
    let span: jiff::SignedDuration = text.parse().ok()?;
    Duration::try_from(span).ok().filter(|duration| !duration.is_zero())
}

/// The same for one that may be missing.
pub mod optional {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    /// Writes it in seconds.
    pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}
