//! Every case of a run, passed ones too, in as little memory as possible: what a comparison with other results needs.

use super::tally::{Named, Outcome, clean_name};

/// Cases that are kept of one report; those after are counted and not listed.
const CASES: usize = 100_000;
/// Bytes kept of all their names.
const NAMES: usize = 4 << 20;
/// Between the parts of an identity. Clean text never holds it.
pub const SEPARATOR: char = '\u{1f}';

/// The cases of one report, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cases {
    list: Vec<Kept>,
    names: String,
    /// Cases that there was no room for.
    pub left_out: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    /// Where its identity ends in `names`.
    end: u32,
    outcome: Outcome,
    millis: u32,
}

/// A case that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case<'a> {
    /// Suite, class and name, clean, separated.
    pub id: &'a str,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in milliseconds; `None` is unknown.
    pub millis: Option<u32>,
}

impl Cases {
    /// Whether another one has room.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.list.len() < CASES && self.names.len() < NAMES
    }

    /// Keeps a case, or counts it if there is no room.
    pub fn keep(&mut self, case: Named<'_>, outcome: Outcome) {
        if !self.has_room() {
            self.left_out += 1;
            return;
        }
        for (index, part) in [case.suite, case.class, case.name].into_iter().enumerate() {
            if index > 0 {
                self.names.push(SEPARATOR);
            }
            push_clean(&mut self.names, part);
        }
        let Ok(end) = u32::try_from(self.names.len()) else {
            self.left_out += 1;
            return;
        };
        let millis = case.seconds.map_or(UNKNOWN, |s| (s * 1000.0).min(f64::from(UNKNOWN - 1)) as u32);
        self.list.push(Kept { end, outcome, millis });
    }

    /// Counts cases that are not kept.
    pub fn leave_out(&mut self, cases: u64) {
        self.left_out += cases;
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Those that are kept.
    pub fn iter(&self) -> impl Iterator<Item = Case<'_>> {
        let mut start = 0;
        self.list.iter().map(move |kept| {
            let end = kept.end as usize;
            let id = self.names.get(start..end).unwrap_or_default();
            start = end;
            Case { id, outcome: kept.outcome, millis: Some(kept.millis).filter(|millis| *millis != UNKNOWN) }
        })
    }
}

const UNKNOWN: u32 = u32::MAX;

/// Almost every name is plain: then it needs no cleaning.
fn push_clean(out: &mut String, text: &str) {
    let is_plain = text.len() < 1024 && text.bytes().all(|b| (0x20..0x7f).contains(&b));
    match is_plain {
        true => out.push_str(text.trim()),
        false => out.push_str(&clean_name(text)),
    }
}

/// The identity of a case by its clean names.
pub fn id(suite: &str, class: &str, name: &str) -> String {
    format!("{suite}{SEPARATOR}{class}{SEPARATOR}{name}")
}

/// `class > name`, or with the suite where there is no class.
pub fn shown(id: &str) -> String {
    let mut parts = id.split(SEPARATOR);
    let mut next = || parts.next().unwrap_or_default();
    let (suite, class, name, ordinal) = (next(), next(), next(), next());
    let of = if class.is_empty() { suite } else { class };
    let name = if of.is_empty() || of == name { name.to_owned() } else { format!("{of} > {name}") };
    if ordinal.is_empty() { name } else { format!("{name} ({ordinal})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_come_back_in_order_and_clean() {
        let mut cases = Cases::default();
        let named = |name, seconds| Named { suite: "s", class: "C", name, seconds, ..Named::default() };
        cases.keep(named(" a ", Some(1.5)), Outcome::Passed);
        cases.keep(named("b\u{1b}[31m\u{1f}", None), Outcome::Failed);
        let told: Vec<_> = cases.iter().collect();
        assert_eq!((told[0].id, told[0].millis), ("s\u{1f}C\u{1f}a", Some(1_500)));
        assert_eq!(told[1].id.matches(SEPARATOR).count(), 2, "a name cannot forge a separator: {:?}", told[1].id);
        assert_eq!((shown(told[0].id).as_str(), told[1].millis), ("C > a", None));
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let mut cases = Cases::default();
        let name = "n".repeat(100);
        for _ in 0..60_000 {
            cases.keep(Named { name: &name, ..Named::default() }, Outcome::Passed);
        }
        assert!(cases.len() < 60_000 && cases.len() as u64 + cases.left_out == 60_000);
        assert!(cases.names.len() < NAMES + 1024);
    }
}
