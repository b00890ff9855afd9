//! The services themselves: their metrics are scraped directly, and counted here. No server of metrics is needed, and
//! nothing is known of the time before the first scrape.

use std::collections::BTreeMap;

use super::super::counters::Range;
use super::super::prometheus::Series;
use super::backend::{Access, Found, Population, Query};
use super::selector::Selector;
use super::text_format::{self, Sample};
use crate::config::schema;
use crate::evidence::text::clean;
use crate::http::{HttpError, Kind, Request};

/// What is wanted: text, and no protobuf.
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// The most samples of one service.
const SAMPLES: usize = 200_000;

/// The services of both populations.
#[derive(Debug)]
pub struct OpenMetrics {
    scraped: schema::OpenMetrics,
    access: Access,
    /// What was scraped for one step: it answers all queries of it.
    cache: BTreeMap<Population, Scraped>,
    step: f64,
}

/// One scrape of one population.
#[derive(Debug, Default)]
struct Scraped {
    targets: Vec<(String, Vec<Sample>)>,
    warnings: Vec<String>,
}

impl OpenMetrics {
    /// The services at these addresses.
    pub fn new(scraped: &schema::OpenMetrics, access: Access) -> Self {
        Self { scraped: scraped.clone(), access, cache: BTreeMap::new(), step: f64::NAN }
    }

    /// Selects among the samples of this step, which are scraped once.
    ///
    /// # Errors
    /// When the selector cannot be read, or no service of the population answers.
    pub async fn ask(&mut self, query: &Query, range: Range) -> Result<Found, HttpError> {
        let selector = Selector::read(&query.text).map_err(|what| {
            let shown = clean(&query.text);
            HttpError::new(Kind::Refused, format!("openmetrics: {what}: {shown}")).with_remedy("write a plain selector")
        })?;
        if self.step != range.end() {
            self.cache.clear();
            self.step = range.end();
        }
        if !self.cache.contains_key(&query.population) {
            let scraped = self.scrape(query.population).await?;
            self.cache.insert(query.population, scraped);
        }
        let Some(scraped) = self.cache.get(&query.population) else { return Ok(Found::default()) };
        let series = scraped.targets.iter().flat_map(|(target, samples)| {
            let chosen = samples.iter().filter(|sample| selector.selects(&sample.name, &sample.labels));
            chosen.map(|sample| series(target, sample, range))
        });
        Ok(Found { series: series.collect(), warnings: scraped.warnings.clone(), ..Found::default() })
    }

    /// Scrapes all services of a population. One that does not answer is missed; all of them is a failure.
    async fn scrape(&self, population: Population) -> Result<Scraped, HttpError> {
        let addresses = match population {
            Population::Baseline => &self.scraped.baseline,
            Population::Canary => &self.scraped.canary,
        };
        let mut scraped = Scraped::default();
        let mut failure = None;
        for address in addresses {
            match self.scrape_one(address).await {
                Ok(samples) => scraped.targets.push((address.clone(), samples)),
                Err(error) => {
                    scraped.warnings.push(format!("missed: {}", error.what));
                    failure = Some(error);
                }
            }
        }
        match failure {
            Some(error) if scraped.targets.is_empty() => Err(error),
            _ => Ok(scraped),
        }
    }

    async fn scrape_one(&self, address: &str) -> Result<Vec<Sample>, HttpError> {
        let Access { client, mut headers, bearer, allow_http } = self.access.clone();
        headers.push(("accept".to_owned(), ACCEPT.to_owned()));
        let request = Request { headers, bearer, allow_http, ..Request::get(address) };
        let response = client.send(request).await?.success()?;
        if response.is_html() {
            return Err(HttpError::html(&response));
        }
        let refuse = |what: String| {
            HttpError::new(Kind::Malformed, format!("{}: {what}", response.place))
                .with_remedy("does this address serve metrics as text?")
        };
        let is_openmetrics = response.content_type.as_deref() == Some("application/openmetrics-text");
        match text_format::read(&response.body, is_openmetrics).map_err(refuse)? {
            samples if samples.len() > SAMPLES => Err(refuse(format!("more than {SAMPLES} samples"))),
            samples => Ok(samples),
        }
    }
}

fn series(target: &str, sample: &Sample, range: Range) -> Series {
    let labels = sample.labels.iter().map(|(name, value)| (clean(name), clean(value)));
    let mut labels: BTreeMap<String, String> = labels.collect();
    // As Prometheus does: what the service itself calls its instance is kept beside.
    if let Some(own) = labels.insert("instance".to_owned(), target.to_owned()) {
        labels.insert("exported_instance".to_owned(), own);
    }
    labels.insert("__name__".to_owned(), clean(&sample.name));
    Series { labels, points: vec![(range.end(), sample.value)], histograms: 0 }
}
