//! Moments in the past as people write them (pure): when users began to notice.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::config::duration;

/// A moment in the past: `20m`, `14:02`, `2026-08-21 14:02` or RFC 3339; `None` for an empty text.
///
/// # Errors
/// When it is none of these, or lies ahead.
pub fn past(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Option<Timestamp>, String> {
    match text.trim() {
        "" => Ok(None),
        text => ago(text, now).or_else(|_| time(text, now, zone)).map(Some),
    }
}

/// So long ago: `20m`, `1h 30m`.
///
/// # Errors
/// When it is no duration.
pub fn ago(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let span = duration::parse(text).and_then(|span| SignedDuration::try_from(span).ok());
    let moment = span.and_then(|span| now.checked_sub(span).ok());
    moment.ok_or_else(|| format!("`{text}` is no duration: write 20m or 1h 30m"))
}

/// A time in the past; a time of day means the last one.
///
/// # Errors
/// When it is no time, or lies ahead.
pub fn time(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let found = read(text, now, zone)
        .ok_or_else(|| format!("`{text}` is no time: write 14:02, 2026-08-21 14:02 or RFC 3339"))?;
    if found > now { Err(format!("the impact cannot begin in the future ({found})")) } else { Ok(found) }
}

fn read(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
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
    fn moments_are_read_as_people_write_them() {
        let now: Timestamp = "2026-08-21T14:00:00Z".parse().unwrap();
        let read = |text| past(text, now, &TimeZone::UTC).map(|at| at.map(|at| at.to_string()));
        let at = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(read("13:40"), at("2026-08-21T13:40:00Z"));
        assert_eq!(read("23:50"), at("2026-08-20T23:50:00Z"), "the last one there was");
        assert_eq!(read("2026-08-21 13:40"), at("2026-08-21T13:40:00Z"));
        assert_eq!(read("2026-08-21T15:40:00+02:00"), at("2026-08-21T13:40:00Z"));
        assert_eq!(read("20m"), at("2026-08-21T13:40:00Z"));
        assert_eq!(read(" "), Ok(None));
        assert!(read("soon").unwrap_err().contains("no time"));
        assert!(read("2026-08-21T14:00:01Z").unwrap_err().contains("future"));
    }
}
