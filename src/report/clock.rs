//! Times on one clock: what was recorded before the clock on the wall was set back, as it would be read since (pure).

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use crate::incident::Incident;
use crate::journal::record::Record;

/// Times that an entry itself holds, and that are compared with when something happened.
const TIMES: [&str; 3] = ["impact_at", "next_update_at", "due_at"];

/// The records of an incident, each at the time that the clock shows since it was set last. They are no longer a chain.
pub fn steady<'r>(records: &'r [Record], incident: &Incident) -> Cow<'r, [Record]> {
    if incident.clock.settings.iter().all(|it| it.change.by_ms >= 0) {
        return Cow::Borrowed(records);
    }
    Cow::Owned(records.iter().map(|record| moved(record, incident)).collect())
}

fn moved(record: &Record, incident: &Incident) -> Record {
    let later = || incident.clock.settings.iter().filter(|setting| setting.seq > record.seq);
    let shift = |at: Timestamp| later().fold(at, |at, setting| setting.change.shift(at));
    let mut record = record.clone();
    record.at = shift(record.at);
    if let Some(fields) = record.body.as_object_mut() {
        for (_, value) in fields.iter_mut().filter(|(name, _)| TIMES.contains(&name.as_str())) {
            if let Some(at) = value.as_str().and_then(|text| text.parse().ok()) {
                *value = Value::String(shift(at).to_string());
            }
        }
    }
    record
}
