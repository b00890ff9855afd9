//! What people report: a file whose end is read, and a server or a command that counts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::super::counters::Range;
use super::super::feedback::Reports;
use super::super::model::seconds;
use super::backend::{Backend, Population, Query};
use super::{Keys, feedback_file};
use crate::config::schema;
use crate::http::{Client, HttpError, Kind};

/// Between two questions: a search of tickets has small quotas.
const PAUSE: Duration = Duration::from_secs(60);

/// Counts what people report.
#[derive(Debug)]
pub struct Counter {
    file: Option<PathBuf>,
    backend: Option<Backend>,
    asked_at: Option<Timestamp>,
    last: Result<usize, String>,
}

impl Counter {
    /// Nothing was asked yet.
    pub fn new(feedback: &schema::Feedback, client: Client, keys: Option<Keys>) -> Self {
        let backend = feedback.source.as_ref().map(|source| Backend::new(source, client, keys.unwrap_or_default()));
        Self { file: feedback.file.as_ref().map(PathBuf::from), backend, asked_at: None, last: Ok(0) }
    }

    /// A file or a command that is named by a path counts from this folder.
    pub fn set_folder(&mut self, folder: &Path) {
        if let Some(backend) = &mut self.backend {
            backend.set_folder(folder);
        }
        self.file = self.file.take().map(|file| folder.join(file));
    }

    /// Everything that was reported since the canary is watched; `None` when a server does not tell, and why as a warning.
    pub async fn look(&mut self, since: Timestamp, now: Timestamp, warnings: &mut Vec<String>) -> Option<Reports> {
        let items = match &self.file {
            Some(file) => {
                let (items, wrong) = feedback_file::look(file);
                warnings.extend(wrong);
                items
            }
            None => Vec::new(),
        };
        match self.count(since, now).await {
            Ok(counted) => Some(Reports { items, counted }),
            Err(why) => {
                warnings.push(format!("feedback: {why}"));
                None
            }
        }
    }

    async fn count(&mut self, since: Timestamp, now: Timestamp) -> Result<usize, String> {
        let Some(backend) = &mut self.backend else { return Ok(0) };
        let is_due = self.asked_at.is_none_or(|at| seconds(now) - seconds(at) >= PAUSE.as_secs_f64());
        if is_due {
            self.asked_at = Some(now);
            self.last = ask(backend, since, now).await.map_err(|error| error.what);
        }
        self.last.clone()
    }
}

/// One step that is as long as the time since then, so that `$start`, `$end` and `$minutes` mean it.
async fn ask(backend: &mut Backend, since: Timestamp, now: Timestamp) -> Result<usize, HttpError> {
    let step = (seconds(now) - seconds(since)).max(1.0);
    let range = Range { start: seconds(now), step, count: 1 };
    let query = Query { population: Population::Canary, text: String::new() };
    let found = backend.ask(&query, range).await?;
    let counted = found.series.iter().filter_map(|series| series.points.last()).map(|(_, value)| value).sum::<f64>();
    if found.series.is_empty() || !(counted.is_finite() && counted >= 0.0) {
        return Err(HttpError::new(Kind::Malformed, format!("{} tells no count", backend.name())));
    }
    Ok(counted.round() as usize)
}

#[cfg(test)]
#[path = "reports_tests.rs"]
mod tests;
