//! `hotfix say`: a notice to the stakeholders.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::eyre;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::entry::{Common, Desk};
use super::{Context, Exit, gather, print};
use crate::checklist::model::State;
use crate::comms::facts::Facts;
use crate::comms::model::{self, Book, Message, Notice};
use crate::comms::source::Place;
use crate::comms::source::courier::{Courier, Reader};
use crate::comms::template;
use crate::config::duration;
use crate::config::schema::Comms;
use crate::config::shape::hint;
use crate::http::Client;
use crate::incident::{About, DeliveryState, Entry, Incident, NoticeWritten, Severity};
use crate::journal::{Journal, JournalError, Recorder, Writer};

/// How long retries go on before the command gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Stands for a notice that promises no next one.
const NO_NEXT: &str = "none";

/// A notice to the stakeholders: 0 when every channel has it, 1 when one has not.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to say; several words need no quotes
    #[arg(required_unless_present_any = ["retry", "template"], conflicts_with = "retry", value_name = "TEXT")]
    words: Vec<String>,
    /// Begin with the words of the stage, filled from what is known now; TEXT comes below them
    #[arg(long, conflicts_with = "retry")]
    template: bool,
    /// To this channel of [[comms]] alone; may be given several times
    #[arg(long, value_name = "NAME")]
    channel: Vec<String>,
    /// When the next update comes: 30m, "1h 30m" or none; by the severity without it
    #[arg(long, value_name = "DURATION", conflicts_with = "retry")]
    next: Option<String>,
    /// The incident is over: no next update is promised, and status pages close it
    #[arg(long, conflicts_with = "retry")]
    resolved: bool,
    /// Show what each channel would get, and send nothing
    #[arg(long, conflicts_with = "retry")]
    dry_run: bool,
    /// Send the last notice to the channels that have not got it
    #[arg(long)]
    retry: bool,
    /// With --retry: also where nobody knows whether it arrived. You have looked, and it is not there
    #[arg(long, requires = "retry")]
    unknown_too: bool,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: &Args, context: &Context) -> color_eyre::Result<Exit> {
    let desk = Desk::open(context, &args.common)?;
    let incident = desk.incident(args.common.incident.as_deref())?;
    let channels = named(&desk.project.config()?.comms, &args.channel)?;
    let counter = Counter { desk, incident, now: context.now, json: args.common.json };
    if args.retry {
        return counter.retry(&channels, args.unknown_too);
    }
    let words = counter.words(args, context)?;
    let written = counter.written(args, &words, &channels)?;
    match (args.dry_run, channels.is_empty()) {
        (true, _) => counter.preview(&written, &channels),
        (false, true) => counter.by_hand(written),
        (false, false) => counter.send(written, channels),
    }
}

/// The channels of these names; all of them when none is given.
fn named(all: &[Comms], names: &[String]) -> color_eyre::Result<Vec<Comms>> {
    let known: Vec<_> = all.iter().map(|channel| channel.name.as_str()).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(eyre!("no channel of [[comms]] is called `{name}`; {}", hint(name, &known)));
    }
    let is_meant = |channel: &&Comms| names.is_empty() || names.contains(&channel.name);
    Ok(all.iter().filter(is_meant).cloned().collect())
}

/// Where notices are handed in.
struct Counter {
    desk: Desk,
    incident: Incident,
    now: Timestamp,
    json: bool,
}

impl Counter {
    /// What is said: the words of the stage, the given ones, or both.
    fn words(&self, args: &Args, context: &Context) -> color_eyre::Result<String> {
        let given = args.words.join(" ");
        if !args.template {
            return Ok(given);
        }
        let (gathered, config) = (gather::gather(context)?, self.desk.project.config()?);
        let inputs = gathered.inputs();
        let facts = Facts::of(&inputs, State::new(&inputs).standing());
        Ok(format!("{}\n{given}", template::filled(self.about(args), &config.notices, &facts)))
    }

    fn about(&self, args: &Args) -> About {
        if args.resolved { About::Resolved } else { self.incident.stage.into() }
    }

    fn written(&self, args: &Args, words: &str, channels: &[Comms]) -> color_eyre::Result<NoticeWritten> {
        let text = model::fit_to_send(&self.desk.project.redact().text(words.to_owned()))?;
        let next = args.next.as_deref().or(args.resolved.then_some(NO_NEXT));
        Ok(NoticeWritten {
            key: model::key(&self.incident.id, &self.desk.by, &text, self.now),
            about: self.about(args),
            text,
            next_update_at: self.next_update(next)?,
            channels: channels.iter().map(|channel| channel.name.clone()).collect(),
        })
    }

    fn next_update(&self, asked: Option<&str>) -> color_eyre::Result<Option<Timestamp>> {
        let minutes = self.incident.severity.unwrap_or(Severity::Sev1).update_minutes();
        let wait = match asked {
            Some(NO_NEXT) => return Ok(None),
            Some(text) => duration::parse(text).ok_or_else(|| eyre!("`{text}` is no duration: write 30m or none"))?,
            None => Duration::from_secs(60 * minutes),
        };
        Ok(Some(self.now.checked_add(wait)?))
    }

    fn preview(&self, written: &NoticeWritten, channels: &[Comms]) -> color_eyre::Result<Exit> {
        let notice = self.notice(written);
        let message = Message::new(&self.incident, &notice, None);
        let names: Vec<_> = channels.iter().map(|it| json!({ "name": it.name, "kind": it.kinds() })).collect();
        if self.json {
            let document = json!({ "schema": 1, "notice": document(&notice), "message": message.plain(),
                "would_send_to": names });
            print(&format!("{document}\n"))?;
            return Ok(Exit::Ok);
        }
        let to = if channels.is_empty() { "nobody: hotfix.toml names no [[comms]]".to_owned() } else { list(channels) };
        print(&format!("would go to {to}\n\n{}\n\nnothing was sent\n", message.plain()))?;
        Ok(Exit::Ok)
    }

    fn notice(&self, written: &NoticeWritten) -> Notice {
        Notice::new(written.clone(), self.desk.by.clone(), self.now)
    }

    /// Without a channel the notice is on record, and somebody tells it in another way.
    fn by_hand(mut self, written: NoticeWritten) -> color_eyre::Result<Exit> {
        let NoticeWritten { text, next_update_at, about, .. } = written;
        eprintln!("hotfix: note: hotfix.toml names no [[comms]]: it is recorded, and you tell it to people yourself");
        let entry = Entry::NoticeSent { channel: "recorded".into(), text, next_update_at, about: Some(about) };
        self.desk.record_at(self.now, &self.incident.id, &entry, self.json)
    }

    fn send(self, written: NoticeWritten, channels: Vec<Comms>) -> color_eyre::Result<Exit> {
        let (key, entry) = (written.key.clone(), Entry::NoticeWritten(Box::new(written)));
        let draft = entry.draft(&self.incident.id, &self.desk.by, self.now);
        self.deliver(Some(draft), &key, channels, false)
    }

    fn retry(self, channels: &[Comms], unknown_too: bool) -> color_eyre::Result<Exit> {
        let records = self.desk.journal.records(&self.incident.id)?;
        let book = Book::fold(&records);
        let notice = book.last().ok_or_else(|| eyre!("no notice of this incident was written to go to a channel"))?;
        let again = notice.to_retry(unknown_too, self.now);
        let channels: Vec<_> = channels.iter().filter(|channel| again.contains(&channel.name)).cloned().collect();
        let key = notice.written.key.clone();
        if channels.is_empty() {
            eprintln!("hotfix: note: there is nothing to send again");
            return tell(notice, self.now, self.json);
        }
        self.deliver(None, &key, channels, unknown_too)
    }

    /// Delivers, and tells how it went by what is on record then.
    fn deliver(
        self,
        first: Option<crate::journal::record::Draft>,
        key: &str,
        channels: Vec<Comms>,
        unknown_too: bool,
    ) -> color_eyre::Result<Exit> {
        let Self { desk, incident, json, .. } = self;
        let Desk { project, journal, by } = desk;
        let untrusted = || eyre!("hotfix.toml is not trusted, so nobody is told: see `hotfix trust`");
        let permit = project.trust().and_then(|trust| trust.permit()).ok_or_else(untrusted)?;
        let folder = project.journal_folder()?;
        let writer = Writer::start(journal, project.redact(), |_| {})?;
        if let Some(draft) = first {
            writer.record(draft)?;
        }
        let hide = writer.clone();
        let records = reader(&folder, &incident.id);
        let courier = Courier {
            place: Place {
                permit,
                http: Client::new(),
                root: project.root,
                hide: Arc::new(move |secret| hide.hide(vec![secret])),
            },
            recorder: Arc::new(writer),
            records: Arc::clone(&records),
            locks: folder,
            incident: incident.id.clone(),
            actor: by,
            now: Arc::new(Timestamp::now),
            real: Arc::new(|wait| wait),
            patience: PATIENCE,
            unknown_too,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        for (name, outcome) in runtime.block_on(courier.deliver(key, channels)) {
            if let Err(error) = outcome {
                eprintln!("hotfix: {name}: {error}");
            }
        }
        let book = Book::fold(&records()?);
        let notice = book.notice(key).ok_or_else(|| eyre!("the notice is not on record"))?;
        tell(notice, Timestamp::now(), json)
    }
}

/// Reads what others recorded meanwhile too.
fn reader(folder: &std::path::Path, incident: &str) -> Reader {
    let (folder, incident) = (folder.to_owned(), incident.to_owned());
    Arc::new(move || -> Result<_, JournalError> { Journal::open_read_only(&folder)?.0.records(&incident) })
}

fn list(channels: &[Comms]) -> String {
    let one = |channel: &Comms| format!("{} ({})", channel.name, channel.kinds().join(", "));
    channels.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// One line for each channel, or one JSON object.
fn tell(notice: &Notice, now: Timestamp, as_json: bool) -> color_eyre::Result<Exit> {
    let is_everywhere = notice.has_arrived_everywhere(now);
    if as_json {
        let channels: Vec<_> = notice.states(now).map(|(name, state)| channel(notice, name, state)).collect();
        let document =
            json!({ "schema": 1, "notice": document(notice), "channels": channels, "delivered": is_everywhere });
        print(&format!("{document}\n"))?;
    } else {
        print(&lines(notice, now))?;
    }
    Ok(if is_everywhere { Exit::Ok } else { Exit::Failed })
}

fn lines(notice: &Notice, now: Timestamp) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    for (name, state) in notice.states(now) {
        let word = if state == DeliveryState::Delivered { "delivered".into() } else { state.label().to_uppercase() };
        let detail = notice.detail(name).map_or_else(String::new, |detail| format!("  {detail}"));
        let _ = writeln!(out, "{word:<9}  {name}{detail}");
    }
    let unknown = notice.states(now).any(|(_, state)| state == DeliveryState::Unknown);
    if unknown {
        out += "look there first; if it is not there: `hotfix say --retry --unknown-too`\n";
    }
    match notice.written.next_update_at {
        Some(at) => {
            let _ = writeln!(out, "next update at {}", model::time_of_day(at));
        }
        None => out += "no next update is promised\n",
    }
    out
}

fn document(notice: &Notice) -> Value {
    let NoticeWritten { key, about, text, next_update_at, .. } = &notice.written;
    json!({ "key": key, "about": about, "text": text, "next_update_at": next_update_at, "written_at": notice.at,
        "by": notice.by })
}

fn channel(notice: &Notice, name: &str, state: DeliveryState) -> Value {
    let delivery = notice.deliveries.get(name).map(|(delivery, _)| delivery);
    json!({
        "name": name,
        "state": state,
        "attempt": delivery.map(|it| it.attempt),
        "receipt": delivery.and_then(|it| it.receipt.as_deref()),
        "detail": delivery.and_then(|it| it.detail.as_deref()),
    })
}
