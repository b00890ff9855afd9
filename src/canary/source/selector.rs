//! A selector over scraped samples: a name and label matchers, as Prometheus writes them (pure).

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

/// The most that one pattern may need, in bytes.
const PATTERN_LIMIT: usize = 256 * 1024;

/// A selector: `name{label="value",other=~"a|b"}`.
#[derive(Debug, Clone)]
pub struct Selector {
    name: Option<String>,
    matchers: Vec<Matcher>,
}

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
    /// Reads a selector. `$scope` stands for nothing here: the addresses tell the populations apart.
    ///
    /// # Errors
    /// Says what cannot be read. Functions are none of it: the counters are scraped raw.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.replace("$scope", "");
        let (name, inside) = match text.trim().split_once('{') {
            Some((name, rest)) => (name.trim(), rest.trim_end().strip_suffix('}').ok_or("a selector ends with `}`")?),
            None => (text.trim(), ""),
        };
        let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'));
        if !is_name(name) {
            return Err(format!("`{name}` is no metric name: write `name{{label=\"value\"}}`, without any function"));
        }
        let mut matchers = Vec::new();
        let mut rest = inside.trim_start_matches([' ', ',']);
        while !rest.is_empty() {
            let (matcher, after) = matcher(rest)?;
            matchers.push(matcher);
            rest = after.trim_start_matches([' ', ',']);
        }
        if name.is_empty() && matchers.is_empty() {
            return Err("a selector needs a name or a matcher".into());
        }
        Ok(Self { name: (!name.is_empty()).then(|| name.to_owned()), matchers })
    }

    /// Whether it selects a sample. A label that is absent counts as empty.
    pub fn selects(&self, name: &str, labels: &BTreeMap<String, String>) -> bool {
        let of = |label: &str| if label == "__name__" { name } else { labels.get(label).map_or("", String::as_str) };
        let holds = |matcher: &Matcher| {
            let value = of(&matcher.label);
            let hit = match &matcher.test {
                Test::Equal(text) => text == value,
                Test::Like(pattern) => pattern.is_match(value),
            };
            hit == matcher.wanted
        };
        self.name.as_ref().is_none_or(|own| own == name) && self.matchers.iter().all(holds)
    }
}

fn matcher(text: &str) -> Result<(Matcher, &str), String> {
    let end = text.find(['=', '!']).ok_or_else(|| format!("`{text}` is no matcher: write label=\"value\""))?;
    let (label, rest) = (text[..end].trim().trim_matches('"').to_owned(), &text[end..]);
    let operators = [("=~", true, true), ("!~", true, false), ("!=", false, false), ("=", false, true)];
    let found = operators.into_iter().find_map(|(sign, like, wanted)| Some((rest.strip_prefix(sign)?, like, wanted)));
    let (rest, like, wanted) = found.ok_or_else(|| format!("`{rest}` does not begin with =, !=, =~ or !~"))?;
    let (value, rest) = quoted(rest.trim_start())?;
    let test = if like {
        let pattern = RegexBuilder::new(&format!("^(?:{value})$")).size_limit(PATTERN_LIMIT).build();
        Test::Like(pattern.map_err(|_| format!("`{value}` is no pattern"))?)
    } else {
        Test::Equal(value)
    };
    Ok((Matcher { label, test, wanted }, rest))
}

/// A quoted text with its escapes taken away, and what follows it.
pub fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut chars = text.char_indices();
    let quote = match chars.next() {
        Some((_, quote @ ('"' | '\'' | '`'))) => quote,
        _ => return Err(format!("a quoted value is missing at `{}`", text.chars().take(40).collect::<String>())),
    };
    let mut value = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((value, &text[at + c.len_utf8()..])),
            '\\' if quote != '`' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, c)) if c == quote || c == '\\' => value.push(c),
                // Others are no escapes: `"5\d"` is a pattern.
                Some((_, c)) => value.extend(['\\', c]),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err("a quoted value does not end".into())
}
