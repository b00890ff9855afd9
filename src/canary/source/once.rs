//! One number, asked for once: how many users are affected, by whoever measures or tracks that.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::super::counters::Range;
use super::super::model::seconds;
use super::Keys;
use super::backend::{Backend, Found, Population, Query};
use crate::config::schema::Config;
use crate::config::secret::SecretError;
use crate::config::trust::Permit;
use crate::evidence::{Evidence, Failure, Subject};
use crate::http::Client;

/// How long the answer may be believed.
const TTL: Duration = Duration::from_secs(5 * 60);
/// The step of the one point that is asked for, in seconds.
const STEP: f64 = 60.0;

/// Who is asked, and for what.
#[derive(Debug)]
pub struct Once {
    backend: Backend,
    query: String,
    keys: Keys,
}

impl Once {
    /// Who is asked how many users are affected; `None` where the configuration names nobody. Resolving its secrets may
    /// run a command.
    ///
    /// # Errors
    /// When a secret cannot be had.
    pub fn users(config: &Config, permit: Permit, client: Client, root: &Path) -> Result<Option<Self>, SecretError> {
        let Some(users) = &config.incident.users else { return Ok(None) };
        let source = users.source.as_ref().or(config.canary.as_ref().map(|canary| &canary.source));
        let Some(source) = source else { return Ok(None) };
        let keys = Keys::of(source, permit, root)?;
        let mut backend = Backend::new(source, client, keys.clone());
        backend.set_folder(root);
        Ok(Some(Self { backend, query: users.query.clone(), keys }))
    }

    /// The secrets themselves, for taking them out of what is recorded.
    pub fn secrets(&self) -> impl Iterator<Item = &String> {
        self.keys.all()
    }

    /// Asks for the number of now.
    ///
    /// # Errors
    /// When there is no answer, or another one than a single number.
    pub async fn ask(&mut self, now: Timestamp) -> Result<Evidence<u64>, Failure> {
        let range = Range { start: (seconds(now) / STEP).floor() * STEP, step: STEP, count: 1 };
        let query = Query { population: Population::Canary, text: self.query.clone() };
        let source = self.backend.name();
        let refuse = |what: String, remedy: Option<String>| Failure {
            what: format!("{source}: how many users are affected: {what}"),
            remedy,
            at: now,
            retry_at: None,
        };
        let found = self.backend.ask(&query, range).await;
        let found = found.map_err(|error| refuse(error.what.clone(), error.remedy))?;
        let observed_at = found.date.unwrap_or(now);
        let remedy = "let [incident.users] `query` give one number, such as `count(…)`";
        let value = number(&found).map_err(|what| refuse(what, Some(remedy.to_owned())))?;
        Ok(Evidence { value, subject: Subject::default(), source: source.to_owned(), observed_at, ttl: TTL })
    }
}

/// The one number of an answer. No answer is not zero.
fn number(found: &Found) -> Result<u64, String> {
    let [series] = found.series.as_slice() else {
        return Err(format!("{} series where one number is wanted", found.series.len()));
    };
    let last = series.points.iter().rev().map(|(_, value)| *value).find(|value| !value.is_nan());
    let value = last.ok_or_else(|| "no number".to_owned())?;
    if !(0.0..=1e15).contains(&value) {
        return Err(format!("{value} is no number of users"));
    }
    Ok(value.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::series::of_points;
    use super::*;

    fn of(series: &[&[(f64, f64)]]) -> Result<u64, String> {
        number(&Found { series: series.iter().map(|points| of_points(points.to_vec())).collect(), ..Found::default() })
    }

    #[test]
    fn one_number_is_an_answer_and_nothing_else_is() {
        assert_eq!(of(&[&[(1.0, 40.0), (2.0, 42.4), (3.0, f64::NAN)]]), Ok(42));
        for (series, what) in [
            (&[][..], "0 series"),
            (&[&[][..]][..], "no number"),
            (&[&[(1.0, 1.0)][..], &[(1.0, 2.0)]][..], "2 series"),
            (&[&[(1.0, -1.0)][..]][..], "-1 is no number of users"),
            (&[&[(1.0, f64::INFINITY)][..]][..], "inf is no number"),
        ] {
            assert!(of(series).unwrap_err().contains(what), "{what}");
        }
    }
}
