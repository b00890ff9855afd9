//! Test Anything Protocol, 12 to 14.
//!
//! The plan (`1..N`) tells whether the report is whole. Of a subtest its points count; the point that sums it up counts only if it
//! fails and none of them does. What a YAML block holds is text, whatever it looks like.

use std::io::Read;

use super::Outcome as Found;
use super::lines::Lines;
use crate::test_results::decode::Decoder;
use crate::test_results::junit::xml::Ending;
use crate::test_results::model::FailureKind;
use crate::test_results::tally::{self, Circumstances, Named, Outcome, TEXT_CAP, Tally};

/// Subtests inside each other.
const DEPTH: usize = 64;

/// Whether a line is one that only this protocol has.
pub fn is_sign(line: &str) -> bool {
    line.starts_with("TAP version ") || Point::parse(line).is_some() || plan(line).is_some()
}

/// The points of one depth.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    points: u64,
    plan: Option<u64>,
    /// Points one level deeper since the last point of this one, and those of them that failed.
    inner: u64,
    inner_bad: u64,
    /// Points with a number, the sum of their numbers and the largest.
    numbered: u64,
    sum: u64,
    largest: u64,
}

impl Level {
    /// Whether its numbers, where every point has one, are those from 1 on, in whatever order: else what is taken for a point may
    /// be something that a test printed.
    fn is_in_order(&self) -> bool {
        let n = u128::from(self.points);
        self.numbered < self.points || (u128::from(self.sum) == n * (n + 1) / 2 && self.largest == self.points)
    }
}

#[derive(Debug, Default)]
struct Reader {
    tally: Tally,
    levels: Vec<Level>,
    /// A point that failed, whose text goes on.
    failed: Option<(String, String)>,
    bailed: Option<String>,
    wrong: Option<String>,
    /// How far the YAML block is indented that is open.
    yaml: Option<usize>,
}

/// Reads a report to its end.
pub fn read(decoder: Decoder<impl Read>) -> Found {
    let mut reader = Reader { levels: vec![Level::default()], ..Reader::default() };
    let mut lines = Lines::new(decoder);
    let mut line = Vec::new();
    let ending = loop {
        match lines.next(&mut line) {
            Ok(Some(ended)) => reader.take(&String::from_utf8_lossy(&line), ended),
            Ok(None) => break reader.end(),
            Err(error) => break Ending::Unreadable(error.to_string()),
        }
    };
    reader.settle();
    Found { tally: reader.tally, ending, said: Circumstances::default(), claims_more: false }
}

impl Reader {
    /// A line without its end may be the beginning of another: it is no point and no plan.
    fn take(&mut self, line: &str, whole: bool) {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        let depth = (indent / 4).min(DEPTH);
        if self.is_yaml(text, indent) {
            self.explain(text);
        } else if let Some(why) = text.strip_prefix("Bail out!") {
            self.settle();
            self.bailed = Some(why.trim().to_owned());
            self.tally.fail(FailureKind::Error, Named { name: "(bail out)", ..Named::default() }, why.trim());
        } else if let Some(point) = Point::parse(text).filter(|_| whole) {
            self.settle();
            self.point(depth, &point);
        } else if let Some(number) = plan(text).filter(|_| whole) {
            self.plan(depth, number);
        } else if text == "}" {
            // The points of a braced subtest stand behind the one that sums them up.
            self.check_inner(depth);
            let level = self.level(depth);
            (level.inner, level.inner_bad) = (0, 0);
        } else if !text.starts_with("# Subtest") {
            self.explain(text.strip_prefix("# ").unwrap_or(text));
        }
    }

    /// Whether a line belongs to a YAML block: from an indented `---` to its `...`, or to what is indented less.
    fn is_yaml(&mut self, text: &str, indent: usize) -> bool {
        match self.yaml {
            None if text.trim_end() == "---" && indent >= 2 => self.yaml = Some(indent),
            None => return false,
            Some(open) if text.trim_end() == "..." && indent <= open => self.yaml = None,
            Some(open) if indent < open && !text.is_empty() => {
                self.yaml = None;
                return false;
            }
            Some(_) => {}
        }
        true
    }

    /// A line of the point that failed.
    fn explain(&mut self, text: &str) {
        let Some((_, message)) = &mut self.failed else { return };
        message.push_str(tally::cut(text, TEXT_CAP.saturating_sub(message.len())));
        message.push('\n');
    }

    fn plan(&mut self, depth: usize, number: u64) {
        let before = self.level(depth).plan.replace(number);
        if let Some(before) = before.filter(|before| *before != number) {
            self.wrong.get_or_insert_with(|| format!("two plans, for {before} and for {number} tests"));
        }
    }

    fn level(&mut self, depth: usize) -> &mut Level {
        while self.levels.len() <= depth {
            self.levels.push(Level::default());
        }
        &mut self.levels[depth]
    }

    fn point(&mut self, depth: usize, point: &Point<'_>) {
        self.check_inner(depth);
        let level = self.level(depth);
        level.points += 1;
        if let Some(number) = point.number {
            level.numbered += 1;
            level.sum = level.sum.saturating_add(number);
            level.largest = level.largest.max(number);
        }
        let (inner, inner_bad) = (std::mem::take(&mut level.inner), std::mem::take(&mut level.inner_bad));
        let is_bad = point.outcome == Outcome::Failed;
        if depth > 0 {
            let outer = self.level(depth - 1);
            outer.inner += 1;
            outer.inner_bad += u64::from(is_bad || inner_bad > 0);
        }
        let sums_up = inner > 0 && (!is_bad || inner_bad > 0);
        match point.outcome {
            _ if sums_up => {}
            Outcome::Failed => self.failed = Some((point.name.to_owned(), String::new())),
            outcome => self.tally.case(outcome, Named { name: point.name, ..Named::default() }),
        }
    }

    /// The levels deeper than this one end.
    fn check_inner(&mut self, depth: usize) {
        for level in self.levels.drain((depth + 1).min(self.levels.len())..) {
            if level.plan.is_some_and(|plan| plan != level.points) {
                let plan = level.plan.unwrap_or_default();
                self.wrong.get_or_insert_with(|| format!("a subtest planned {plan} tests and ran {}", level.points));
            } else if !level.is_in_order() {
                self.wrong.get_or_insert_with(|| "the points of a subtest are not numbered from 1 on".into());
            }
        }
    }

    fn settle(&mut self) {
        if let Some((name, message)) = self.failed.take() {
            self.tally.fail(FailureKind::Failure, Named { name: &name, ..Named::default() }, &message);
        }
    }

    fn end(&mut self) -> Ending {
        self.check_inner(0);
        let level = self.levels[0];
        match (level.plan, self.bailed.take(), self.wrong.take()) {
            (_, Some(why), _) => Ending::Malformed(format!("bail out: {why}")),
            (None, ..) => Ending::Cut,
            (Some(plan), ..) if level.points < plan => Ending::Cut,
            (Some(plan), ..) if level.points > plan => {
                Ending::Malformed(format!("{plan} tests were planned and {} ran", level.points))
            }
            (_, _, Some(wrong)) => Ending::Malformed(wrong),
            _ if !level.is_in_order() => Ending::Malformed("its points are not numbered from 1 on".into()),
            _ => Ending::Closed,
        }
    }
}

/// `not ok 2 - name # TODO why`
struct Point<'a> {
    name: &'a str,
    number: Option<u64>,
    outcome: Outcome,
}

impl<'a> Point<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (is_ok, rest) = match line.strip_prefix("not ok") {
            Some(rest) => (false, rest),
            None => (true, line.strip_prefix("ok")?),
        };
        if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
            return None;
        }
        let rest = rest.trim_start();
        let (number, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let (number, rest) = (number.parse().ok(), rest.trim_start());
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        let (name, directive) = match rest.rfind('#').filter(|at| !rest[..*at].ends_with('\\')) {
            Some(at) => (rest[..at].trim(), rest[at + 1..].trim()),
            None => (rest.trim(), ""),
        };
        let is = |word: &str| directive.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(word));
        let outcome = match is_ok {
            _ if is("skip") => Outcome::Skipped,
            true => Outcome::Passed,
            false if is("todo") => Outcome::Skipped,
            false => Outcome::Failed,
        };
        let name = if is("skip") || is("todo") { name } else { rest.trim() };
        Some(Self { name, number, outcome })
    }
}

/// `1..12`
fn plan(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("1..")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    let after = rest[digits.len()..].trim_start();
    if after.is_empty() || after.starts_with('#') { digits.parse().ok() } else { None }
}
