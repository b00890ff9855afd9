//! The forms that a timeline is printed and exported in (pure).

use jiff::tz::TimeZone;
use serde::Serialize;

use super::sentence;
use crate::evidence::text;
use crate::journal::UNREADABLE;
use crate::journal::record::Record;

/// How records are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// A line for people.
    #[default]
    Plain,
    /// A JSON object a line.
    Json,
    /// A table.
    Markdown,
    /// Fields in quotes, for a spreadsheet.
    Csv,
}

impl Form {
    /// What stands above the records.
    pub fn head(self) -> &'static str {
        match self {
            Self::Plain | Self::Json => "",
            Self::Markdown => "| # | time | who | what |\n|---|---|---|---|\n",
            Self::Csv => "seq,at,actor,kind,sentence\r\n",
        }
    }

    /// The records, oldest first.
    pub fn lines(self, records: &[&Record], zone: &TimeZone) -> String {
        let mut out = String::new();
        for record in records {
            match self {
                Self::Json => out += &document(record),
                Self::Plain => {
                    let (at, actor) = (time(record, zone), text::clean(&record.actor));
                    out += &format!("{at}  #{:<4} {actor}  {}\n", record.seq, sentence::of(record));
                }
                Self::Markdown => {
                    let (at, actor) = (time(record, zone), cell(&record.actor));
                    let what = cell(&sentence::of(record));
                    out += &format!("| {} | {} | {actor} | {what} |\n", record.seq, at.trim_end());
                }
                Self::Csv => {
                    let fields = [&record.actor, &record.kind, &sentence::of(record)].map(|field| quoted(field));
                    out += &format!("{},{},{}\r\n", record.seq, record.at, fields.join(","));
                }
            }
        }
        out
    }
}

/// A record as one line of JSON.
pub fn document(record: &Record) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: u32,
        #[serde(flatten)]
        record: &'a Record,
    }
    // What the journal holds can always be written.
    serde_json::to_string(&Document { schema: 1, record }).unwrap_or_default() + "\n"
}

fn time(record: &Record, zone: &TimeZone) -> String {
    match record.kind.as_str() {
        UNREADABLE => "time unknown       ".to_owned(),
        _ => record.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    }
}

/// Text that stays within its cell, and is neither markup nor a link.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in text::clean(text).chars() {
        match c {
            '<' => out += "&lt;",
            '&' => out += "&amp;",
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '#' | '~' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// A field that no spreadsheet takes for a formula.
fn quoted(text: &str) -> String {
    let clean = text::clean(text);
    let guard = if clean.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{guard}{}\"", clean.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::Entry;
    use crate::journal::record::GENESIS;

    fn record(text: &str) -> Record {
        let noted = Entry::Noted { text: text.to_owned() };
        Record::chain(noted.draft("i1", "ana", jiff::Timestamp::UNIX_EPOCH), 7, GENESIS)
    }

    #[test]
    fn a_table_cannot_be_left_and_a_spreadsheet_runs_nothing() {
        let evil = record("a|b <script> [x](y) \u{1b}[2J");
        let table = Form::Markdown.lines(&[&evil], &TimeZone::UTC);
        assert!(table.starts_with("| 7 | ") && table.contains("a\\|b &lt;script> \\[x\\](y)"), "{table}");
        assert!(!table.contains('\u{1b}'));
        let mut formula = record("x");
        formula.actor = "=cmd|' /C calc'!A0".into();
        let csv = Form::Csv.lines(&[&formula], &TimeZone::UTC);
        assert_eq!(csv, "7,1970-01-01T00:00:00Z,\"'=cmd|' /C calc'!A0\",\"noted\",\"noted: x\"\r\n");
    }
}
