//! The three questions, and what their answers come to (pure): business impact, users affected, workaround.
//!
//! Who is unsure leaves a question open, and the highest severity that the other answers allow counts. Until a person
//! confirms, the higher one of the severity so far and of the computed one is in force.

use super::entry::{Classified, Counted};
use super::{Entry, Incident, Severity};
use crate::config::schema::{Cell, Floor, Impact, SeverityMatrix, Users, Workaround};

/// What is known of each question; `None` is unsure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// What the business loses.
    pub impact: Option<Impact>,
    /// How many users are affected.
    pub users: Option<Users>,
    /// What users can do meanwhile.
    pub workaround: Option<Workaround>,
}

/// What some answers come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The severity.
    pub severity: Severity,
    /// Why, in one sentence.
    pub because: String,
}

/// What a person says of an incident, before it is on record. `None` leaves an answer as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// What the business loses: a level, words, or both, such as `critical: orders are lost`.
    pub impact: Option<String>,
    /// How many users are affected: a level, a number, a percentage, or words.
    pub users: Option<String>,
    /// What users can do meanwhile: a level, words, or both.
    pub workaround: Option<String>,
    /// The number of users as somebody counted it.
    pub counted: Option<Counted>,
    /// The severity that the person confirms or chooses.
    pub severity: Option<Severity>,
    /// Why it is another one than the answers come to.
    pub reason: Option<String>,
    /// Whether the person confirms what the answers come to, whatever it is.
    pub confirms: bool,
}

impl Answers {
    /// The highest severity that these answers allow.
    pub fn verdict(&self, matrix: &SeverityMatrix) -> Verdict {
        let allowed = self.combinations().filter_map(|(impact, users, workaround)| {
            matrix.cell.iter().find(|cell| cell.holds(impact, users, workaround))
        });
        // The first one of several: the worst answers come first.
        let cell = allowed.reduce(|worst, cell| if cell.severity < worst.severity { cell } else { worst });
        let unsure = self.unsure();
        match cell {
            Some(Cell { severity, because, .. }) if unsure.is_empty() => {
                Verdict { severity: *severity, because: because.clone() }
            }
            Some(Cell { severity, because, .. }) => {
                let because = format!("unsure of {}, which counts as more: {because}", unsure.join(", "));
                Verdict { severity: *severity, because }
            }
            None => Verdict { severity: Severity::Sev1, because: "no rule is about these answers".to_owned() },
        }
    }

    fn combinations(self) -> impl Iterator<Item = (Impact, Users, Workaround)> {
        let impacts = self.impact.map_or(Impact::ALL.to_vec(), |it| vec![it]);
        let users = self.users.map_or(Users::ALL.to_vec(), |it| vec![it]);
        let workarounds = self.workaround.map_or(Workaround::ALL.to_vec(), |it| vec![it]);
        impacts.into_iter().flat_map(move |impact| {
            let workarounds = workarounds.clone();
            let users = users.clone().into_iter();
            users.flat_map(move |users| workarounds.clone().into_iter().map(move |it| (impact, users, it)))
        })
    }

    fn unsure(&self) -> Vec<&'static str> {
        let questions = [
            ("impact", self.impact.is_none()),
            ("users", self.users.is_none()),
            ("workaround", self.workaround.is_none()),
        ];
        questions.into_iter().filter(|(_, is_open)| *is_open).map(|(name, _)| name).collect()
    }
}

/// The level that an answer about the business begins with.
pub fn impact(text: &str) -> Option<Impact> {
    Impact::ALL.into_iter().find(|level| begins_with(text, level.label()))
}

/// The level that an answer about a workaround begins with.
pub fn workaround(text: &str) -> Option<Workaround> {
    Workaround::ALL.into_iter().find(|level| begins_with(text, level.label()))
}

/// The level that an answer about the users begins with, or that its number is.
pub fn users(text: &str, matrix: &SeverityMatrix) -> Option<Users> {
    let by_word = Users::ALL.into_iter().find(|level| begins_with(text, level.label()));
    let is_all = || ["all", "everybody", "everyone"].into_iter().any(|word| begins_with(text, word));
    by_word.or_else(|| is_all().then_some(Users::Most)).or_else(|| {
        let (number, is_percent) = number(text)?;
        let reaches = |floor: Floor| number >= if is_percent { floor.percent } else { floor.users as f64 };
        Some(match matrix.counts {
            counts if reaches(counts.most) => Users::Most,
            counts if reaches(counts.many) => Users::Many,
            _ => Users::Few,
        })
    })
}

/// Whether the first word of a text is this one.
fn begins_with(text: &str, word: &str) -> bool {
    let first = text.trim().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    first.eq_ignore_ascii_case(word)
}

/// The number that a text begins with, and whether it is a percentage: `4,200`, `4.5 %`, `12k`.
fn number(text: &str) -> Option<(f64, bool)> {
    let text = text.trim().trim_start_matches(['~', '<', '>', '≈']).trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '_' | '\'')).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let rest = rest.trim_start();
    let is_percent = rest.starts_with('%') || rest.starts_with("percent");
    let times = match rest.chars().next() {
        Some('k' | 'K') => 1e3,
        Some('M') => 1e6,
        _ => 1.0,
    };
    let number: f64 = if is_percent || times > 1.0 {
        digits.replace(',', ".").parse().ok()?
    } else {
        ungrouped(digits)?.parse().ok()?
    };
    number.is_finite().then_some((number * times, is_percent))
}

/// A number of users without what groups its digits. It has no fraction: `4.2` is none.
fn ungrouped(digits: &str) -> Option<String> {
    let mut groups = digits.split(['.', ',', '_', '\'']);
    let first = groups.next().filter(|first| !first.is_empty())?;
    groups.try_fold(first.to_owned(), |number, group| (group.len() == 3).then(|| number + group))
}

impl Said {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The answers, with those that were given before where nothing is said now.
    pub fn answers(&self, matrix: &SeverityMatrix, before: Option<&Incident>) -> Answers {
        let before = before.map(Incident::answers).unwrap_or_default();
        let counted = self.counted.as_ref().and_then(|counted| users(&counted.users.to_string(), matrix));
        Answers {
            impact: self.impact.as_deref().map_or(before.impact, impact),
            users: self.users.as_deref().map_or(counted.or(before.users), |text| users(text, matrix)),
            workaround: self.workaround.as_deref().map_or(before.workaround, workaround),
        }
    }

    /// What the answers come to, and the severity that is in force with them, and whether a person stands behind it.
    ///
    /// Answers that leave a question open do not outweigh the word of a person; others do, where they come to more.
    pub fn weigh(&self, matrix: &SeverityMatrix, before: Option<&Incident>) -> (Verdict, Severity, bool) {
        let answers = self.answers(matrix, before);
        let verdict = answers.verdict(matrix);
        let so_far = before.and_then(|it| it.severity);
        let confirmed = so_far.filter(|_| before.is_some_and(Incident::is_confirmed));
        let kept = confirmed.filter(|so_far| *so_far == verdict.severity || !answers.unsure().is_empty());
        let severity = match (self.severity, kept) {
            (Some(chosen), _) => chosen,
            (None, _) if self.confirms => verdict.severity,
            (None, Some(kept)) => kept,
            (None, None) => so_far.map_or(verdict.severity, |so_far| so_far.min(verdict.severity)),
        };
        let is_confirmed = self.severity.is_some() || self.confirms || kept.is_some();
        (verdict, severity, is_confirmed)
    }

    /// What it puts on record: the answers in words, where there are new ones, and the classification.
    ///
    /// # Errors
    /// When the person chooses another severity than the answers come to, and gives no reason.
    pub fn entries(self, matrix: &SeverityMatrix, before: Option<&Incident>) -> Result<Vec<Entry>, String> {
        let answers = self.answers(matrix, before);
        let (Verdict { severity: computed, because }, severity, confirmed) = self.weigh(matrix, before);
        let reason = self.reason.filter(|reason| !reason.trim().is_empty());
        if self.severity.is_some() && severity != computed && reason.is_none() {
            let (chosen, computed) = (severity.label(), computed.label());
            return Err(format!("the answers come to {computed} ({because}): give a reason why it is {chosen}"));
        }
        let users = self.users.or_else(|| self.counted.as_ref().map(|counted| counted.users.to_string()));
        let has_words = self.impact.is_some() || users.is_some() || self.workaround.is_some();
        let assessed = Entry::Assessed { impact: self.impact, users, workaround: self.workaround, severity: None };
        let classified = Classified {
            impact: answers.impact,
            users: answers.users,
            workaround: answers.workaround,
            counted: self.counted,
            computed,
            because,
            severity,
            before: before.and_then(|it| it.severity),
            reason,
            confirmed,
        };
        let assessed = has_words.then_some(assessed);
        Ok(assessed.into_iter().chain([Entry::Classified(Box::new(classified))]).collect())
    }
}

#[cfg(test)]
#[path = "assessment_tests.rs"]
mod tests;
