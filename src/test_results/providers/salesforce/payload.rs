//! What `sf` prints, as far as it is read. Older versions write numbers and truths as texts, and lists of one as that one.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What `sf` prints with `--json`: a result, or an error.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Envelope {
    /// What was asked for.
    pub result: Option<Value>,
    /// The error's name.
    pub name: Option<String>,
    /// What went wrong.
    pub message: Option<String>,
}

/// A deployment or a validation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Deploy {
    /// Its id.
    pub id: String,
    /// `Succeeded`, `InProgress` and others.
    pub status: String,
    /// Whether it has come to its end.
    #[serde(deserialize_with = "flag")]
    pub done: Option<bool>,
    /// Whether all was well.
    #[serde(deserialize_with = "flag")]
    pub success: Option<bool>,
    /// Whether it only validates.
    #[serde(deserialize_with = "flag")]
    pub check_only: Option<bool>,
    /// When it ended.
    #[serde(deserialize_with = "time")]
    pub completed_date: Option<Timestamp>,
    /// Components deployed so far.
    #[serde(deserialize_with = "count")]
    pub number_components_deployed: u64,
    /// Components in all.
    #[serde(deserialize_with = "count")]
    pub number_components_total: u64,
    /// Components that failed so far.
    #[serde(deserialize_with = "count")]
    pub number_component_errors: u64,
    /// Tests run so far.
    #[serde(deserialize_with = "count")]
    pub number_tests_completed: u64,
    /// Tests in all.
    #[serde(deserialize_with = "count")]
    pub number_tests_total: u64,
    /// Tests that failed so far.
    #[serde(deserialize_with = "count")]
    pub number_test_errors: u64,
    /// What it is doing.
    pub state_detail: Option<String>,
    /// What went wrong as a whole.
    pub error_message: Option<String>,
    /// Who ended it.
    pub canceled_by_name: Option<String>,
    /// Its page.
    pub deploy_url: Option<String>,
    /// Component by component, test by test.
    pub details: Option<Details>,
}

/// Component by component, test by test.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Details {
    /// Components that failed.
    #[serde(deserialize_with = "many")]
    pub component_failures: Vec<Component>,
    /// Components that did not.
    #[serde(deserialize_with = "many")]
    pub component_successes: Vec<Component>,
    /// The tests.
    pub run_test_result: Option<Tests>,
}

/// A component.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Component {
    /// Its name.
    pub full_name: String,
    /// `ApexClass` and others.
    pub component_type: Option<String>,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// Its file.
    pub file_name: Option<String>,
    /// Where.
    #[serde(deserialize_with = "count")]
    pub line_number: u64,
}

/// The tests.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Tests {
    /// How many ran.
    #[serde(deserialize_with = "count")]
    pub num_tests_run: u64,
    /// How many failed.
    #[serde(deserialize_with = "count")]
    pub num_failures: u64,
    /// Milliseconds.
    #[serde(deserialize_with = "count")]
    pub total_time: u64,
    /// Those that failed.
    #[serde(deserialize_with = "many")]
    pub failures: Vec<Test>,
    /// Those that passed.
    #[serde(deserialize_with = "many")]
    pub successes: Vec<Test>,
    /// Which lines were run.
    #[serde(deserialize_with = "many")]
    pub code_coverage: Vec<Coverage>,
    /// What the org finds wanting in that.
    #[serde(deserialize_with = "many")]
    pub code_coverage_warnings: Vec<CoverageWarning>,
}

/// A test.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Test {
    /// Its class.
    pub name: String,
    /// Its method.
    pub method_name: Option<String>,
    /// What it says.
    pub message: Option<String>,
    /// Where.
    pub stack_trace: Option<String>,
}

/// Which lines of a class or trigger were run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Coverage {
    /// Its name.
    pub name: String,
    /// `Class` or `Trigger`.
    pub r#type: Option<String>,
    /// Lines in all.
    #[serde(deserialize_with = "count")]
    pub num_locations: u64,
    /// Lines that were not.
    #[serde(deserialize_with = "count")]
    pub num_locations_not_covered: u64,
}

/// What the org finds wanting.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CoverageWarning {
    /// Of what; none is the whole org.
    pub name: Option<String>,
    /// What.
    pub message: Option<String>,
}

/// A value that older versions write as a text.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(value) => Some(value),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    })
}

/// A number that older versions write as a text; what is none is 0.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().map(|n| n as u64)).unwrap_or(0),
        Value::String(text) => text.parse::<f64>().map_or(0, |number| number as u64),
        _ => 0,
    })
}

/// A time; none for what is none.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(instant))
}

/// A list that older versions write as its only element.
fn many<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = match Value::deserialize(deserializer)? {
        Value::Null => Vec::new(),
        Value::Array(list) => list,
        one => vec![one],
    };
    list.into_iter().map(|one| serde_json::from_value(one).map_err(serde::de::Error::custom)).collect()
}

/// `2024-01-01T00:00:00.000Z`, or with `+0000` at its end.
pub fn instant(text: &str) -> Option<Timestamp> {
    let zoned = text.strip_suffix("+0000").map(|text| format!("{text}Z"));
    zoned.as_deref().unwrap_or(text).parse().ok()
}
