//! Whether a query can be PromQL at all, as far as its shape tells without a server: quotes and brackets that match, and
//! no place left to be filled in (pure). The grammar is the server's to know: each speaks a dialect of its own.

/// What is wrong with a query, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// In words.
    pub what: String,
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.what)
    }
}

/// The first thing that is wrong with a query.
pub fn flaw(query: &str) -> Option<Flaw> {
    if query.trim().is_empty() {
        return Some(at(query, 0, "nothing is asked".to_owned()));
    }
    let (mut open, mut quote) = (Vec::<(usize, char)>::new(), None);
    let (mut escaped, mut comment) = (false, false);
    for (place, c) in query.char_indices() {
        if let Some(name) = (!comment).then(|| unfilled(&query[place..], quote.is_some())).flatten() {
            return Some(at(query, place, format!("`{name}` is a place that nothing fills in")));
        }
        match (quote, c) {
            _ if comment => comment = c != '\n',
            (Some(_), _) if escaped => escaped = false,
            (Some((_, '"' | '\'')), '\\') => escaped = true,
            (Some((_, sign)), c) if c == sign => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some((place, c)),
            (None, '#') => comment = true,
            (None, '(' | '[' | '{') => open.push((place, c)),
            (None, ')' | ']' | '}') => match open.pop() {
                Some((_, sign)) if closing(sign) == c => {}
                Some((_, sign)) => return Some(at(query, place, format!("`{c}` where `{}` is wanted", closing(sign)))),
                None => return Some(at(query, place, format!("`{c}` closes nothing"))),
            },
            (None, _) => {}
        }
    }
    if let Some((place, sign)) = quote {
        return Some(at(query, place, format!("the text after {sign} does not end")));
    }
    open.pop().map(|(place, sign)| at(query, place, format!("`{sign}` is never closed")))
}

fn closing(sign: char) -> char {
    match sign {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

/// What other tools fill in, left as it was: `$name`, `${name}`, `{{name}}`. A `$` ends a pattern in a text as well.
fn unfilled(rest: &str, quoted: bool) -> Option<&str> {
    let (start, end) = match rest.strip_prefix('$') {
        Some(after) if after.starts_with('{') => (0, rest.find('}')? + 1),
        Some(after) => {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let name = after.find(|c: char| !is_part(c)).unwrap_or(after.len());
            if name == 0 && quoted {
                return None;
            }
            (0, name + 1)
        }
        None if rest.starts_with("{{") => (0, rest.find("}}")? + 2),
        None => return None,
    };
    Some(&rest[start..end])
}

/// Where a byte of a query is, as servers say it.
fn at(query: &str, place: usize, what: String) -> Flaw {
    let before = &query[..place];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Flaw { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_whole_passes() {
        for query in [
            "http_requests_total{code=~\"5..\",track=\"canary\"}",
            "sum by (pod, le) (x_bucket{a='b'})",
            "x{a=\"1) }]\\\" $\"}",
            "x{a=~`^\\d+$`}",
            "{\"my.metric\",\"l\"=\"v\"}",
            "x # (unbalanced [ in a comment $here\n",
            "x offset -5m @ end()",
            "WITH (f(q) = q{a=\"b\"}) f(x)",
            "x{a=~\"(?:a|b)$\"}[5m:1m]",
        ] {
            assert_eq!(flaw(query), None, "{query}");
        }
    }

    #[test]
    fn what_is_broken_is_told_with_its_place() {
        for (query, told) in [
            ("", "1:1: nothing is asked"),
            (" \n", "1:1: nothing is asked"),
            ("sum(x", "1:4: `(` is never closed"),
            ("sum(x{a=\"b\")", "1:12: `)` where `}` is wanted"),
            ("x)", "1:2: `)` closes nothing"),
            ("x{a=\"b}", "1:5: the text after \" does not end"),
            ("x{\n  b='c,\n}", "2:5: the text after ' does not end"),
            ("x{a=\"b\\\"}", "1:5: the text after \" does not end"),
            ("rate(x[$__interval])", "1:8: `$__interval` is a place that nothing fills in"),
            ("x{app=\"${location}\"}", "1:8: `${location}` is a place that nothing fills in"),
            ("x{app=\"{{args.app}}\"}", "1:8: `{{args.app}}` is a place that nothing fills in"),
            ("x{ä=\"ö\"} $", "1:10: `$` is a place that nothing fills in"),
        ] {
            assert_eq!(flaw(query).map(|flaw| flaw.to_string()).as_deref(), Some(told), "{query}");
        }
    }
}
