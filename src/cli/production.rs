//! What production and the canary say that they run, asked once, for the commands that compare with it.

use std::path::Path;

use jiff::Timestamp;

use crate::change::deployed::{Declared, Said, Track};
use crate::change::source::{Deployed, Settings};
use crate::config::schema::{self, Config};
use crate::config::trust::Permit;
use crate::evidence::{Evidence, Failure, Observation};
use crate::http::Client;
use crate::project::Project;

/// What one of them answered; `None` where the configuration does not say how to ask.
pub type Answer = Option<Result<Evidence<Said>, Failure>>;

/// What both answered.
#[derive(Debug, Default)]
pub struct Answers {
    /// Production.
    pub production: Answer,
    /// The canary.
    pub canary: Answer,
}

impl Answers {
    /// The words of those who answered.
    pub fn declared(self) -> Declared {
        let word = |answer: Answer| answer.and_then(Result::ok).map(|evidence| evidence.value);
        Declared { production: word(self.production), canary: word(self.canary) }
    }
}

/// Asks both at the same time, as far as the configuration says how.
pub fn ask(root: &Path, config: &Config, permit: Option<Permit>, now: Timestamp) -> Answers {
    let production = config.production.deployed.as_ref();
    let canary = config.canary.as_ref().and_then(|canary| canary.deployed.as_ref());
    if production.is_none() && canary.is_none() {
        return Answers::default();
    }
    let both = |what: &str, remedy: Option<&str>| {
        let failure = |track: Track| Failure {
            what: format!("{} was not asked: {what}", track.label()),
            remedy: remedy.map(Into::into),
            at: now,
            retry_at: None,
        };
        Answers {
            production: production.map(|_| Err(failure(Track::Production))),
            canary: canary.map(|_| Err(failure(Track::Canary))),
        }
    };
    let Some(permit) = permit else { return both("hotfix.toml is not trusted", Some("hotfix trust")) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return both("no runtime", None) };
    let client = Client::new();
    let one = |track, asked: Option<&schema::Deployed>| {
        let source = asked.map(|asked| Deployed::new(track, asked, permit, client.clone(), root));
        async move { poll(source?, now).await }
    };
    let asked = async { tokio::join!(one(Track::Production, production), one(Track::Canary, canary)) };
    let (production, canary) = runtime.block_on(asked);
    Answers { production, canary }
}

async fn poll(mut source: Deployed, now: Timestamp) -> Answer {
    match source.poll(now).await {
        Observation::Seen(_, evidence) => Some(Ok(*evidence)),
        Observation::Failed(_, failure) => Some(Err(failure)),
        Observation::Started(_) => None,
    }
}

/// The settings for git, with what both say; that one did not answer is told on standard error.
pub fn settings(project: &Project, config: &Config, now: Timestamp) -> Settings {
    let permit = project.trust().and_then(|trust| trust.permit());
    let answers = ask(&project.root, config, permit, now);
    for failure in [&answers.production, &answers.canary].into_iter().flatten().filter_map(|it| it.as_ref().err()) {
        eprintln!("hotfix: WARNING: {}", failure.what);
    }
    Settings { declared: answers.declared(), ..Settings::from(config) }
}
