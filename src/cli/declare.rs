//! `hotfix declare`

use color_eyre::eyre::eyre;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::entry::{Common, Desk, not_empty};
use super::{Context, Exit, severity};
use crate::config::duration;
use crate::incident::{Entry, Severity, naming};

/// Declares an incident.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A short name, such as "checkout 502"
    #[arg(value_parser = not_empty)]
    title: String,
    /// How bad it is: sev1, sev2 or sev3; the higher one when unsure
    #[arg(long, value_parser = severity)]
    severity: Option<Severity>,
    /// When users began to notice: 14:02, "2026-08-21 14:02" or RFC 3339
    #[arg(long, value_name = "TIME", conflicts_with = "since")]
    impact_at: Option<String>,
    /// How long users have noticed: 20m, "1h 30m"
    #[arg(long, value_name = "DURATION")]
    since: Option<String>,
    /// Its key or address in the tracker
    #[arg(long)]
    ticket: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { title, severity, impact_at, since, ticket, common } = args;
    let impact_at = impact(impact_at.as_deref(), since.as_deref(), context.now)?;
    let mut desk = Desk::open(context, &common)?;
    if common.incident.is_some() {
        return Err(eyre!("a new incident gets its id by itself: leave --incident out"));
    }
    if let Some(open) = desk.journal.active_incident()? {
        eprintln!("hotfix: note: {open} is still open; the new incident is the active one from now on");
    }
    let known = desk.journal.incidents()?;
    let id = naming::id(&title, context.now, |id| known.iter().any(|known| known.id == id));
    let entry = Entry::Declared { title, severity, impact_at, ticket, drill: None };
    desk.record(context, &id, &entry, common.json)
}

/// When users began to notice. It cannot be later than now.
fn impact(at: Option<&str>, since: Option<&str>, now: Timestamp) -> color_eyre::Result<Option<Timestamp>> {
    let found = match (at, since) {
        (Some(text), _) => time(text, now, &TimeZone::system())
            .ok_or_else(|| eyre!("`{text}` is no time: write 14:02, 2026-08-21 14:02 or RFC 3339"))?,
        (None, Some(text)) => ago(text, now).ok_or_else(|| eyre!("`{text}` is no duration: write 20m or 1h 30m"))?,
        (None, None) => return Ok(None),
    };
    if found > now { Err(eyre!("the impact cannot begin in the future ({found})")) } else { Ok(Some(found)) }
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let span = SignedDuration::try_from(duration::parse(text)?).ok()?;
    now.checked_sub(span).ok()
}

/// A time in the past as people write it; a time of day means the last one.
fn time(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    let here = |civil: DateTime| civil.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    if let Ok(civil) = text.parse::<DateTime>() {
        return here(civil);
    }
    let of_day: Time = text.parse().ok()?;
    let today = now.to_zoned(zone.clone()).date();
    let candidate = here(today.to_datetime(of_day))?;
    if candidate <= now { Some(candidate) } else { here(today.yesterday().ok()?.to_datetime(of_day)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now: Timestamp = "2026-08-21T14:00:00Z".parse().unwrap();
        let read = |text| time(text, now, &TimeZone::UTC).map(|at| at.to_string());
        assert_eq!(read("13:40").as_deref(), Some("2026-08-21T13:40:00Z"));
        assert_eq!(read("23:50").as_deref(), Some("2026-08-20T23:50:00Z"), "the last one there was");
        assert_eq!(read("2026-08-21 13:40").as_deref(), Some("2026-08-21T13:40:00Z"));
        assert_eq!(read("2026-08-21T15:40:00+02:00").as_deref(), Some("2026-08-21T13:40:00Z"));
        assert_eq!(read("soon"), None);
        assert_eq!(ago("20m", now).map(|at| at.to_string()).as_deref(), Some("2026-08-21T13:40:00Z"));
        assert!(impact(Some("2026-08-21T14:00:01Z"), None, now).is_err());
    }
}
