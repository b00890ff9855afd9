//! The part of PromQL that the world's metric server speaks: reading it (pure).
//!
//! A selector with matchers, a range of it, `rate` and `increase` of a range, and `sum`, `max`, `min`
//! and `count` with or without `by`. Anything else is refused, as Prometheus refuses what it cannot parse.

use std::time::Duration;

use regex::Regex;

use super::samples::Labels;

/// An expression.
#[derive(Debug, Clone)]
pub enum Expr {
    /// `name{label="value"}`
    Instant(Selector),
    /// `name{…}[5m]`
    Range(Selector, Duration),
    /// `rate(…)` or `increase(…)`
    Change(Change, Selector, Duration),
    /// `sum(…)`, `sum by (a, b) (…)`
    Fold(Fold, Vec<String>, Box<Expr>),
}

/// What is asked of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A second.
    Rate,
    /// Over the whole range.
    Increase,
}

/// How series are brought together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Their sum.
    Sum,
    /// The greatest.
    Max,
    /// The smallest.
    Min,
    /// How many there are.
    Count,
}

/// The matchers of a selector.
#[derive(Debug, Clone)]
pub struct Selector(Vec<Matcher>);

#[derive(Debug, Clone)]
struct Matcher {
    label: String,
    test: Test,
    wanted: bool,
}

#[derive(Debug, Clone)]
enum Test {
    Equal(String),
    Like(Regex),
}

impl Selector {
    /// Whether a series is selected. A label that it lacks counts as empty.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|matcher| {
            let value = labels.get(&matcher.label).map_or("", String::as_str);
            let hit = match &matcher.test {
                Test::Equal(text) => text == value,
                Test::Like(regex) => regex.is_match(value),
            };
            hit == matcher.wanted
        })
    }
}

/// Reads an expression.
///
/// # Errors
/// A sentence for the `error` field of the answer.
pub fn parse(text: &str) -> Result<Expr, String> {
    let mut reader = Reader { text, at: 0 };
    let expr = reader.expr()?;
    reader.blank();
    if reader.at < text.len() { Err(reader.unexpected()) } else { Ok(expr) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn expr(&mut self) -> Result<Expr, String> {
        self.blank();
        if self.take("(") {
            let inner = self.expr()?;
            self.need(")")?;
            return Ok(inner);
        }
        let before = self.at;
        let name = self.name();
        match name.as_str() {
            "rate" => self.change(Change::Rate),
            "increase" => self.change(Change::Increase),
            "sum" => self.fold(Fold::Sum),
            "max" => self.fold(Fold::Max),
            "min" => self.fold(Fold::Min),
            "count" => self.fold(Fold::Count),
            _ => {
                self.at = before;
                self.selection()
            }
        }
    }

    fn selection(&mut self) -> Result<Expr, String> {
        let selector = self.selector()?;
        Ok(match self.range()? {
            Some(range) => Expr::Range(selector, range),
            None => Expr::Instant(selector),
        })
    }

    fn change(&mut self, change: Change) -> Result<Expr, String> {
        self.need("(")?;
        let selector = self.selector()?;
        let range = self.range()?.ok_or("expected type range vector in call, got instant vector")?;
        self.need(")")?;
        Ok(Expr::Change(change, selector, range))
    }

    fn fold(&mut self, fold: Fold) -> Result<Expr, String> {
        let mut by = self.by()?;
        self.need("(")?;
        let inner = self.expr()?;
        self.need(")")?;
        if by.is_empty() {
            by = self.by()?;
        }
        match inner {
            Expr::Range(..) => Err("expected type instant vector in aggregation expression, got range vector".into()),
            inner => Ok(Expr::Fold(fold, by, Box::new(inner))),
        }
    }

    fn by(&mut self) -> Result<Vec<String>, String> {
        let before = self.at;
        self.blank();
        if self.name() != "by" {
            self.at = before;
            return Ok(Vec::new());
        }
        self.need("(")?;
        let mut labels = Vec::new();
        while !self.take(")") {
            labels.push(self.needed_name()?);
            if !self.take(",") {
                self.need(")")?;
                break;
            }
        }
        Ok(labels)
    }

    fn selector(&mut self) -> Result<Selector, String> {
        self.blank();
        let mut matchers = Vec::new();
        let name = self.name();
        if !name.is_empty() {
            matchers.push(Matcher { label: "__name__".into(), test: Test::Equal(name), wanted: true });
        }
        if self.take("{") {
            while !self.take("}") {
                matchers.push(self.matcher()?);
                if !self.take(",") {
                    self.need("}")?;
                    break;
                }
            }
        }
        if matchers.is_empty() { Err(self.unexpected()) } else { Ok(Selector(matchers)) }
    }

    fn matcher(&mut self) -> Result<Matcher, String> {
        let label = self.needed_name()?;
        let operator = ["=~", "!~", "!=", "="].into_iter().find(|it| self.take(it)).ok_or_else(|| self.unexpected())?;
        let value = self.string()?;
        let test = if operator.ends_with('~') { Test::Like(anchored(&value)?) } else { Test::Equal(value) };
        Ok(Matcher { label, test, wanted: !operator.starts_with('!') })
    }

    fn range(&mut self) -> Result<Option<Duration>, String> {
        if !self.take("[") {
            return Ok(None);
        }
        let end = self.rest().find(']').ok_or("unclosed left bracket")?;
        let text = self.rest()[..end].to_owned();
        self.at += end + 1;
        duration(text.trim()).map(Some).ok_or_else(|| format!("bad duration {text:?}"))
    }

    fn string(&mut self) -> Result<String, String> {
        self.blank();
        let mut chars = self.rest().char_indices();
        let quote = match chars.next() {
            Some((_, quote @ ('"' | '\'' | '`'))) => quote,
            _ => return Err(self.unexpected()),
        };
        let mut out = String::new();
        while let Some((index, c)) = chars.next() {
            match c {
                _ if c == quote => {
                    self.at += index + 1;
                    return Ok(out);
                }
                '\\' if quote != '`' => out.push(unescaped(chars.next().map(|(_, c)| c))?),
                _ => out.push(c),
            }
        }
        Err("unterminated quoted string".into())
    }

    fn name(&mut self) -> String {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let end = self.rest().find(|c| !is_part(c)).unwrap_or(self.rest().len());
        let name = self.rest()[..end].to_owned();
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return String::new();
        }
        self.at += end;
        name
    }

    fn needed_name(&mut self) -> Result<String, String> {
        self.blank();
        let name = self.name();
        if name.is_empty() { Err(self.unexpected()) } else { Ok(name) }
    }

    fn take(&mut self, what: &str) -> bool {
        self.blank();
        let there = self.rest().starts_with(what);
        if there {
            self.at += what.len();
        }
        there
    }

    fn need(&mut self, what: &str) -> Result<(), String> {
        if self.take(what) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn blank(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn unexpected(&self) -> String {
        let place = self.text[..self.at].chars().count() + 1;
        match self.rest().chars().next() {
            Some(c) => format!("1:{place}: parse error: unexpected {c:?}, or beyond what this drill's server speaks"),
            None => format!("1:{place}: parse error: unexpected end of input"),
        }
    }
}

/// Prometheus anchors every regular expression at both ends.
fn anchored(pattern: &str) -> Result<Regex, String> {
    Regex::new(&format!("^(?s:{pattern})$")).map_err(|error| format!("parse error: {error}"))
}

fn unescaped(c: Option<char>) -> Result<char, String> {
    match c {
        Some('n') => Ok('\n'),
        Some('t') => Ok('\t'),
        Some(c @ ('\\' | '"' | '\'')) => Ok(c),
        _ => Err("parse error: unknown escape sequence".into()),
    }
}

/// `1h30m`, `90s`, `500ms`: a duration as PromQL writes it; also a plain number of seconds.
pub fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok().filter(|it| !it.is_zero());
    }
    let (mut rest, mut millis) = (text, 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        millis = millis.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[letters..];
    }
    (millis > 0).then(|| Duration::from_millis(millis))
}
