//! A moment ahead, as people write it (pure).

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use crate::config::duration;

/// Reads `2h`, `15:00`, `2026-12-03` (the end of that day), `2026-12-03 15:00` or an RFC 3339 time.
///
/// # Errors
/// When it is none of these, or does not lie ahead: in words.
pub fn parse(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let text = text.trim();
    let found = within(text, now).or_else(|| on_a_day(text, now)).or_else(|| text.parse().ok());
    let found = found.ok_or_else(|| format!("`{text}` is no time: write 2h, 15:00 or 2026-12-03"))?;
    if found > now.timestamp() { Ok(found) } else { Err(format!("`{text}` does not lie ahead")) }
}

fn within(text: &str, now: &Zoned) -> Option<Timestamp> {
    let span = SignedDuration::try_from(duration::parse(text)?).ok()?;
    now.timestamp().checked_add(span).ok()
}

fn on_a_day(text: &str, now: &Zoned) -> Option<Timestamp> {
    // A time of day alone: a parser takes the time out of a whole date as well.
    let of_day = Some(text).filter(|text| !text.contains('-'));
    let civil = if let Some(time) = of_day.and_then(|text| text.parse::<Time>().ok()) {
        let today = now.date().to_datetime(time);
        if today > now.datetime() { today } else { today.checked_add(1.day()).ok()? }
    } else if let Some(day) = text.parse::<Date>().ok().filter(|_| text.len() == "2026-12-03".len()) {
        day.at(23, 59, 59, 0)
    } else {
        text.parse::<DateTime>().ok().filter(|_| !text.ends_with('Z') && !text.contains('+'))?
    };
    Some(civil.to_zoned(now.time_zone().clone()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_people_write_it() {
        let now: Zoned = "2026-12-01T16:00:00+01:00[Europe/Paris]".parse().unwrap();
        let due = |text| parse(text, &now).map(|at| at.to_string());
        assert_eq!(due("2h").unwrap(), "2026-12-01T17:00:00Z");
        assert_eq!(due("18:30").unwrap(), "2026-12-01T17:30:00Z");
        assert_eq!(due("15:00").unwrap(), "2026-12-02T14:00:00Z", "that time is over today");
        assert_eq!(due("2026-12-03").unwrap(), "2026-12-03T22:59:59Z");
        assert_eq!(due("2026-12-03 12:00").unwrap(), "2026-12-03T11:00:00Z");
        assert_eq!(due("2026-12-03T12:00:00Z").unwrap(), "2026-12-03T12:00:00Z");
        assert!(due("soon").unwrap_err().contains("write 2h"));
        assert!(due("2026-11-30").unwrap_err().contains("does not lie ahead"));
    }
}
