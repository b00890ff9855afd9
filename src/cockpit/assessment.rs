//! The assessment on the screen: the three questions, and what their answers come to while they are being given (pure).
//!
//! An answer is one text. Left and right put a level in front of it, take another one or none; what is typed stays
//! behind it: `critical: orders are lost`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_segmentation::UnicodeSegmentation;

use super::keymap::{Code, Key};
use crate::config::schema::{Impact, SeverityMatrix, Users, Workaround};
use crate::evidence::text;
use crate::incident::assessment::{Said, Verdict, impact, users, workaround};
use crate::incident::entry::Counted;
use crate::incident::{Entry, Incident, Severity, moment};

/// The longest answer, in bytes.
const LIMIT: usize = 2 * 1024;

/// When a cockpit asks the three questions by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Where no incident is open: an offer, which takes no key from anybody.
    WithoutIncident,
    /// To declare an incident, whether or not another one is open.
    Declare,
    /// About the incident that is open.
    Assess,
}

/// A row of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// What is broken.
    Title,
    /// Since when users notice.
    Since,
    /// What the business loses.
    Impact,
    /// How many users are affected.
    Users,
    /// What users can do meanwhile.
    Workaround,
    /// How bad it is.
    Severity,
    /// Why it is another severity than the answers come to.
    Reason,
}

/// The form.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The incident that it is about; `None` declares one.
    incident: Option<Incident>,
    matrix: SeverityMatrix,
    texts: [String; 7],
    /// How many users are affected, by whoever counted.
    counted: Option<Counted>,
    /// The severity that a person chose.
    chosen: Option<Severity>,
    /// The row that has the keys.
    pub current: Row,
    /// Why it was not accepted.
    pub problem: Option<String>,
    /// Whether it came by itself, and waits to be taken up.
    pub is_offer: bool,
}

/// What a key did to the form.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It stays open.
    Open,
    /// It was given up.
    Cancelled,
    /// It was accepted: these entries are to be recorded.
    Accepted(Vec<Entry>),
}

impl Row {
    const ALL: [Self; 7] =
        [Self::Title, Self::Since, Self::Impact, Self::Users, Self::Workaround, Self::Severity, Self::Reason];

    /// What is asked.
    pub fn label(self) -> &'static str {
        match self {
            Self::Title => "what is broken",
            Self::Since => "noticed since",
            Self::Impact => "business impact",
            Self::Users => "users affected",
            Self::Workaround => "workaround",
            Self::Severity => "severity",
            Self::Reason => "reason",
        }
    }
}

impl Assessment {
    /// The assessment of an incident, or of a new one.
    pub fn new(incident: Option<&Incident>, matrix: SeverityMatrix) -> Self {
        let mut form = Self {
            incident: incident.cloned(),
            matrix,
            texts: Default::default(),
            counted: None,
            chosen: None,
            current: if incident.is_some() { Row::Impact } else { Row::Title },
            problem: None,
            is_offer: false,
        };
        for row in [Row::Impact, Row::Users, Row::Workaround] {
            form.texts[row as usize] = form.before(row).unwrap_or_default();
        }
        let reason = form.incident.as_ref().and_then(|it| it.classified.as_ref()).and_then(|it| it.reason.clone());
        form.texts[Row::Reason as usize] = reason.unwrap_or_default();
        form
    }

    /// The same, waiting to be taken up.
    #[must_use]
    pub fn offered(self) -> Self {
        Self { is_offer: true, ..self }
    }

    /// Somebody counted the users: the number is the answer where nobody has given another one.
    pub fn count(&mut self, counted: Option<Counted>) {
        let Some(counted) = counted else { return };
        let text = &mut self.texts[Row::Users as usize];
        let is_old = self.counted.as_ref().is_some_and(|before| before.users.to_string() == *text);
        if text.is_empty() || is_old {
            *text = counted.users.to_string();
        }
        self.counted = Some(counted);
    }

    /// Who counted the users, where that number is the answer.
    pub fn count_taken(&self) -> Option<&Counted> {
        self.counted.as_ref().filter(|counted| counted.users.to_string() == self.text(Row::Users).trim())
    }

    /// Whether it declares an incident.
    pub fn declares(&self) -> bool {
        self.incident.is_none()
    }

    /// The rows that there are now.
    pub fn rows(&self) -> Vec<Row> {
        let needs_reason = self.severity() != self.verdict().severity;
        let is_there = |row: &Row| match row {
            Row::Title | Row::Since => self.declares(),
            Row::Reason => needs_reason,
            _ => true,
        };
        Row::ALL.into_iter().filter(is_there).collect()
    }

    /// What was written in a row.
    pub fn text(&self, row: Row) -> &str {
        &self.texts[row as usize]
    }

    /// What the answers come to.
    pub fn verdict(&self) -> Verdict {
        self.said().weigh(&self.matrix, self.incident.as_ref()).0
    }

    /// The severity that will be on record.
    pub fn severity(&self) -> Severity {
        self.said().weigh(&self.matrix, self.incident.as_ref()).1
    }

    /// How to answer a row, and what the level of its answer means.
    pub fn hint(&self, row: Row) -> String {
        let (impacts, counts, ways) = (&self.matrix.impact, &self.matrix.users, &self.matrix.workaround);
        let text = self.text(row);
        let means = match row {
            Row::Title => return "a short name, such as checkout-502".into(),
            Row::Since => return "20m, 14:02 or 2026-08-21 14:02; empty when nobody knows".into(),
            Row::Severity => return "left and right change it, with a reason".into(),
            Row::Reason => return "why it is another severity than the answers come to".into(),
            Row::Impact => impact(text).map(|level| match level {
                Impact::Critical => &impacts.critical,
                Impact::Major => &impacts.major,
                Impact::Minor => &impacts.minor,
            }),
            Row::Users => users(text, &self.matrix).map(|level| match level {
                Users::Most => &counts.most,
                Users::Many => &counts.many,
                Users::Few => &counts.few,
            }),
            Row::Workaround => workaround(text).map(|level| match level {
                Workaround::None => &ways.none,
                Workaround::Partial => &ways.partial,
                Workaround::Good => &ways.good,
            }),
        };
        let number = if row == Row::Users { ", or a number, or percent" } else { "" };
        let levels = self.levels(row).join(" · ");
        match means {
            Some(means) => format!("{levels}: {}", text::clean(means)),
            None => format!("left and right: {levels}{number}; unsure counts as more"),
        }
    }

    /// The level that the answer in a row comes to; empty for a row without levels.
    pub fn level(&self, row: Row) -> &'static str {
        let text = self.text(row);
        let level = match row {
            Row::Impact => impact(text).map(Impact::label),
            Row::Users => users(text, &self.matrix).map(Users::label),
            Row::Workaround => workaround(text).map(Workaround::label),
            _ => return "",
        };
        level.unwrap_or("unsure")
    }

    fn levels(&self, row: Row) -> [&'static str; 3] {
        match row {
            Row::Users => Users::ALL.map(Users::label),
            Row::Workaround => Workaround::ALL.map(Workaround::label),
            _ => Impact::ALL.map(Impact::label),
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, now: Timestamp, zone: &TimeZone) -> Outcome {
        self.problem = None;
        let rows = self.rows();
        let place = rows.iter().position(|row| *row == self.current).unwrap_or(0);
        match key.code {
            Code::Esc => return Outcome::Cancelled,
            Code::Char('c') if key.ctrl => return Outcome::Cancelled,
            Code::Enter if place + 1 == rows.len() => return self.submit(now, zone),
            Code::Enter | Code::Tab | Code::Down => self.current = rows[(place + 1) % rows.len()],
            Code::BackTab | Code::Up => self.current = rows[(place + rows.len() - 1) % rows.len()],
            Code::Left => self.turn(-1),
            Code::Right => self.turn(1),
            Code::Backspace => self.erase(),
            Code::Char('u') if key.ctrl => self.texts[self.current as usize].clear(),
            Code::Char(c) if !key.ctrl && !key.alt => self.paste(c.encode_utf8(&mut [0; 4])),
            _ => {}
        }
        Outcome::Open
    }

    /// Takes a pasted text: into the current row, never as keys.
    pub fn paste(&mut self, pasted: &str) {
        if self.current == Row::Severity {
            return;
        }
        let text = &mut self.texts[self.current as usize];
        let room = LIMIT.saturating_sub(text.len());
        text.push_str(&text::clean(&pasted[..pasted.floor_char_boundary(room)]));
    }

    fn erase(&mut self) {
        let text = &mut self.texts[self.current as usize];
        if let Some((last, _)) = text.grapheme_indices(true).next_back() {
            text.truncate(last);
        }
    }

    fn turn(&mut self, step: isize) {
        match self.current {
            Row::Impact | Row::Users | Row::Workaround => {
                let turned = turned(self.text(self.current), &self.levels(self.current), step);
                self.texts[self.current as usize] = turned;
            }
            Row::Severity => {
                let place = Severity::ALL.iter().position(|it| *it == self.severity()).unwrap_or(0);
                self.chosen = Some(Severity::ALL[around(place, step, Severity::ALL.len())]);
            }
            Row::Title | Row::Since | Row::Reason => {}
        }
    }

    fn before(&self, row: Row) -> Option<String> {
        let incident = self.incident.as_ref()?;
        match row {
            Row::Impact => incident.impact.clone(),
            Row::Users => incident.users.clone(),
            Row::Workaround => incident.workaround.clone(),
            _ => None,
        }
    }

    /// What the rows say; what is as it was is not said again.
    fn said(&self) -> Said {
        let new = |row| {
            let text = self.text(row).trim();
            let is_news = !text.is_empty() && self.before(row).as_deref() != Some(text);
            is_news.then(|| text.to_owned())
        };
        let counted = self.count_taken().cloned();
        Said {
            impact: new(Row::Impact),
            users: new(Row::Users).filter(|_| counted.is_none()),
            workaround: new(Row::Workaround),
            counted,
            severity: self.chosen,
            ..Said::default()
        }
    }

    fn submit(&mut self, now: Timestamp, zone: &TimeZone) -> Outcome {
        match self.entries(now, zone) {
            Ok(entries) => Outcome::Accepted(entries),
            Err((row, problem)) => {
                (self.current, self.problem) = (row, Some(problem));
                Outcome::Open
            }
        }
    }

    /// The entries; the row that is to be mended, and why.
    fn entries(&self, now: Timestamp, zone: &TimeZone) -> Result<Vec<Entry>, (Row, String)> {
        let reason = self.text(Row::Reason).trim().to_owned();
        let said = Said {
            severity: Some(self.severity()),
            reason: self.rows().contains(&Row::Reason).then_some(reason),
            ..self.said()
        };
        let assessed = said.entries(&self.matrix, self.incident.as_ref()).map_err(|why| (Row::Reason, why))?;
        if !self.declares() {
            return Ok(assessed);
        }
        let title = self.text(Row::Title).trim().to_owned();
        if title.is_empty() {
            return Err((Row::Title, "say what is broken".to_owned()));
        }
        let impact_at = moment::past(self.text(Row::Since), now, zone).map_err(|why| (Row::Since, why))?;
        let declared = Entry::Declared { title, severity: None, impact_at, ticket: None, drill: None };
        Ok([declared].into_iter().chain(assessed).collect())
    }
}

/// An answer with the next level in front of it, or without one.
fn turned(text: &str, levels: &[&str], step: isize) -> String {
    let text = text.trim_start();
    let word = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let level = levels.iter().position(|level| word.eq_ignore_ascii_case(level));
    let rest = if level.is_some() { text[word.len()..].trim_start_matches([':', ',', ' ']) } else { text };
    match around(level.map_or(0, |level| level + 1), step, levels.len() + 1) {
        0 => rest.to_owned(),
        place if rest.is_empty() => levels[place - 1].to_owned(),
        place => format!("{}: {rest}", levels[place - 1]),
    }
}

fn around(place: usize, step: isize, len: usize) -> usize {
    (place.cast_signed() + step).rem_euclid(len.cast_signed()).cast_unsigned()
}

#[cfg(test)]
#[path = "assessment_tests.rs"]
mod tests;
