//! No secret enters the journal: values that the process knows, and what looks like a token, are taken out of a draft
//! before it is hashed.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::record::Draft;
use super::shapes;

/// What stands in a secret's place.
pub const HIDDEN: &str = "[hidden]";
/// Shorter values are not looked for: they would tear harmless words apart.
const SHORTEST: usize = 4;

/// The values to take out, longest first, so that one which contains another goes as a whole.
#[derive(Clone, Default)]
pub struct Redact(Vec<String>);

impl Redact {
    /// Takes these values out.
    pub fn new(values: impl IntoIterator<Item = String>) -> Self {
        let mut redact = Self::default();
        redact.extend(values);
        redact
    }

    /// Takes these out as well.
    pub fn extend(&mut self, values: impl IntoIterator<Item = String>) {
        self.0.extend(values.into_iter().filter(|value| value.len() >= SHORTEST));
        self.0.sort_by_key(|value| std::cmp::Reverse(value.len()));
        self.0.dedup();
    }

    /// The draft without any of the values, and without what looks like a secret.
    pub fn draft(&self, draft: Draft) -> Draft {
        Draft {
            at: draft.at,
            incident: self.text(draft.incident),
            actor: self.text(draft.actor),
            kind: draft.kind,
            body: self.value(draft.body),
        }
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(key, field)| (self.text(key), self.value(field))).collect()
            }
            other => other,
        }
    }

    /// The text without any of the values, and without what looks like a secret.
    pub fn text(&self, text: String) -> String {
        let text = self.0.iter().fold(text, |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), HIDDEN) } else { text }
        });
        match shapes::hide(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(hidden) => hidden,
        }
    }
}

impl fmt::Debug for Redact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redact({} values)", self.0.len())
    }
}
