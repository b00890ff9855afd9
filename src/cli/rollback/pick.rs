//! Which of the ways back a command is about.

use color_eyre::eyre::{bail, eyre};
use jiff::Timestamp;

use super::Args;
use crate::change::source::Settings;
use crate::cli::{gather, production};
use crate::evidence::text::clean;
use crate::project::Project;
use crate::rollback::choice::{Choice, Way};
use crate::rollback::execution::Execution;
use crate::rollback::model::Plan;

/// A plan, and the others.
pub(super) struct Pick {
    /// All ways back.
    pub choice: Choice,
    /// The place of the way that is meant.
    pub at: usize,
    /// Its plan.
    pub plan: Plan,
    /// When the world was asked about it.
    pub observed_at: Timestamp,
    /// The arguments by which the same plan is made again.
    pub arguments: String,
}

impl Pick {
    /// The named plan, else the one that fits the present state, as everything makes it now.
    ///
    /// # Errors
    /// When there is none, in words.
    pub(super) fn of(project: &Project, args: &Args) -> color_eyre::Result<Self> {
        let observed_at = Timestamp::now();
        let choice = if args.take_back { Choice::of(taking_back(project)?) } else { ways(project, args)? };
        let at = match &args.plan {
            Some(name) => choice.named(name).ok_or_else(|| no_such(name, &choice))?,
            // What was agreed to is meant, also where another way fits better by now.
            None => args.named_hash().and_then(|hash| with_hash(&choice, hash)).unwrap_or_else(|| choice.proposed()),
        };
        let way = choice.ways.get(at).ok_or_else(|| eyre!("there is no way back"))?;
        let plan = way.plan.clone().map_err(|why| eyre!(why))?;
        let named = [("--from", &args.from), ("--to", &args.to)];
        let mut arguments: String =
            named.iter().filter_map(|(flag, value)| Some(format!(" {flag} {}", clean(value.as_ref()?)))).collect();
        if args.take_back {
            arguments.push_str(" --take-back");
        }
        Ok(Self { choice, at, plan, observed_at, arguments })
    }

    /// Why it must not be fired without a reason, if there is one.
    pub(super) fn objection(&self) -> Option<String> {
        self.choice.ways.get(self.at).and_then(|way| way.fit().words().map(str::to_owned))
    }
}

/// The place of the way whose plan has this hash, or one that begins so.
fn with_hash(choice: &Choice, hash: &str) -> Option<usize> {
    choice.ways.iter().position(|way| way.plan.as_ref().is_ok_and(|plan| plan.hash().starts_with(hash)))
}

fn ways(project: &Project, args: &Args) -> color_eyre::Result<Choice> {
    let config = project.config()?;
    let Some(rollback) = &config.rollback else {
        bail!("hotfix.toml has no [rollback]: add one, or see `hotfix init`")
    };
    let now = Timestamp::now();
    let settings = match args.from {
        Some(_) => Settings::from(&config),
        None => production::settings(project, &config, now),
    };
    let permit = project.trust().and_then(|trust| trust.permit());
    let way = (args.from.as_deref(), args.to.as_deref());
    gather::ways_back(project, rollback, &settings, permit, way, now).map_err(|failure| {
        let remedy = failure.remedy.map_or_else(String::new, |remedy| format!(" ({remedy})"));
        eyre!("{}{remedy}", failure.what)
    })
}

fn taking_back(project: &Project) -> color_eyre::Result<Plan> {
    let (journal, _) = project.journal_read_only()?;
    let incident = journal.active_incident()?.ok_or_else(crate::cli::entry::none_active)?;
    let execution = Execution::fold(&journal.records(&incident)?);
    let plan = execution.as_ref().and_then(Plan::taking_back);
    plan.ok_or_else(|| eyre!("no step that was done says how it is taken back (`compensate`)"))
}

fn no_such(name: &str, choice: &Choice) -> color_eyre::eyre::Report {
    let names: Vec<&str> = choice.ways.iter().map(|Way { name, .. }| name.as_str()).collect();
    eyre!("there is no plan {}; there are: {}", clean(name), names.join(", "))
}
