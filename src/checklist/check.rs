//! Items that ask the world: what the answer has to be, and what an answer says of its item (pure).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::change::deployed;
use crate::config::schema::{ChecklistItem, Expect};
use crate::evidence::{Observed, Subject};

/// The last answers, by the id of the item.
pub type Checks = BTreeMap<String, Observed<Answer>>;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text, clean and short.
    pub text: String,
    /// Why a command says no.
    pub refusal: Option<String>,
}

/// What an answer has to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// Any answer at all.
    Answer,
    /// This text.
    Text(String),
    /// The hotfix tip.
    Tip,
    /// A time that is not longer ago than this.
    NewerThan(Duration),
    /// A number, this at most.
    AtMost(f64),
    /// A number, this at least.
    AtLeast(f64),
}

impl Expected {
    /// What an item of `hotfix.toml` asks for; `None` where it asks nobody.
    pub fn of(item: &ChecklistItem) -> Option<Self> {
        if !item.is_asking() {
            return None;
        }
        let Expect { equals, tip, newer_than, at_most, at_least } = item.expect.clone().unwrap_or_default();
        let expected = equals.map(Self::Text).or(tip.map(|_| Self::Tip)).or(newer_than.map(Self::NewerThan));
        Some(expected.or(at_most.map(Self::AtMost)).or(at_least.map(Self::AtLeast)).unwrap_or(Self::Answer))
    }

    /// Whether an answer is that.
    ///
    /// # Errors
    /// When it is not: in one sentence.
    pub fn judge(&self, answer: &Answer, head: &Subject, now: Timestamp) -> Result<String, String> {
        if let Some(refusal) = &answer.refusal {
            return Err(refusal.clone());
        }
        let said = answer.text.as_str();
        match self {
            Self::Answer if said.is_empty() => Ok("it says yes".to_owned()),
            Self::Answer => Ok(format!("it says {said}")),
            Self::Text(text) if said == text => Ok(format!("it says {said}, as expected")),
            Self::Text(text) => Err(format!("it says {said}, and {text} is expected")),
            Self::Tip => is_tip(said, head),
            Self::NewerThan(most) => is_new(said, *most, now),
            Self::AtMost(most) => number(said).and_then(|n| compared(n <= *most, n, &format!("{most} at most"))),
            Self::AtLeast(least) => number(said).and_then(|n| compared(n >= *least, n, &format!("{least} at least"))),
        }
    }
}

fn is_tip(said: &str, head: &Subject) -> Result<String, String> {
    let tip = head.commit.as_ref().ok_or("git does not tell the hotfix tip")?;
    let digits = deployed::parse(said)?.digits().ok_or_else(|| format!("{said} is no commit"))?;
    if tip.as_str().starts_with(&digits) {
        return Ok(format!("{} runs there", tip.short()));
    }
    Err(format!("{} runs there, and the tip is {}", &digits[..7], tip.short()))
}

fn is_new(said: &str, most: Duration, now: Timestamp) -> Result<String, String> {
    let at = said.parse().ok().or_else(|| Timestamp::from_second(said.parse().ok()?).ok());
    let at: Timestamp = at.ok_or_else(|| format!("{said} is no time: RFC 3339 or seconds since 1970"))?;
    if SignedDuration::try_from(most).is_ok_and(|most| now.duration_since(at) <= most) {
        return Ok(format!("from {at}"));
    }
    Err(format!("from {at}: too long ago"))
}

fn number(said: &str) -> Result<f64, String> {
    said.parse().map_err(|_| format!("{said} is no number"))
}

/// Written so that what is no number is not enough.
fn compared(is_so: bool, n: f64, expected: &str) -> Result<String, String> {
    let words = format!("{n}, of {expected}");
    if is_so { Ok(words) } else { Err(words) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::{minute, oid};

    fn judge(expected: &Expected, text: &str) -> Result<String, String> {
        let answer = Answer { text: text.into(), refusal: None };
        expected.judge(&answer, &Subject::commit(oid('3')), minute(0))
    }

    #[test]
    fn an_answer_is_what_is_expected_or_says_why_not() {
        let hour = Expected::NewerThan(Duration::from_secs(3_600));
        for (expected, good, bad, why) in [
            (Expected::Text("ok".into()), "ok", "okay", "it says okay, and ok is expected"),
            (Expected::Tip, "3333333", "1111111", "1111111 runs there, and the tip is 3333333"),
            (Expected::Tip, "v2.4.1-2-g33333333", "v2.4.1", "v2.4.1 is no commit"),
            (hour.clone(), "2023-11-14T22:00:00Z", "2023-11-14T21:00:00Z", "too long ago"),
            (hour, "1700000000", "yesterday", "is no time"),
            (Expected::AtMost(0.0), "0", "1", "1, of 0 at most"),
            (Expected::AtLeast(2.5), "2.5", "NaN", "NaN, of 2.5 at least"),
            (Expected::AtMost(9.0), "9", "many", "many is no number"),
        ] {
            assert!(judge(&expected, good).is_ok(), "{expected:?} {good}: {:?}", judge(&expected, good));
            let told = judge(&expected, bad).unwrap_err();
            assert!(told.contains(why), "{expected:?} {bad}: {told}");
        }
        assert_eq!(judge(&Expected::Answer, "").unwrap(), "it says yes");
    }

    #[test]
    fn a_command_that_ends_badly_says_no_whatever_it_printed() {
        let answer = Answer { text: "ok".into(), refusal: Some("`check` ended with exit status: 1".into()) };
        let judged = Expected::Text("ok".into()).judge(&answer, &Subject::default(), minute(0));
        assert_eq!(judged.unwrap_err(), "`check` ended with exit status: 1");
    }
}
