//! From the queries that people write to raw counters: `sum(rate(a[1m])) / sum(rate(b[1m]))` is the ratio of `a` and
//! `b`, `histogram_quantile(0.99, …)` a quantile of its buckets, anything else a value (pure).

use super::Shape;

/// What a query asks for.
pub fn shape(query: &str) -> Shape {
    let query = query.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(quantile) = quantile(&query) {
        return quantile;
    }
    match ratio(&query) {
        Some((bad, total)) => Shape::Ratio(bad, total),
        None => Shape::Gauge(query),
    }
}

fn quantile(query: &str) -> Option<Shape> {
    let inside = &query[query.find("histogram_quantile(")? + "histogram_quantile(".len()..];
    let (q, rest) = inside.split_once(',')?;
    let q: f64 = q.trim().parse().ok().filter(|q| *q > 0.0 && *q < 1.0)?;
    Some(Shape::Quantile(counter(rest)?, q))
}

/// Both sides of a division, where each is the rate of one counter.
fn ratio(query: &str) -> Option<(String, String)> {
    let at = division(query)?;
    Some((counter(&query[..at])?, counter(&query[at + 1..])?))
}

/// Where the one `/` is that is in no label and no quotes; `None` where there are several.
fn division(query: &str) -> Option<usize> {
    let (mut quote, mut braces, mut found) = (None, 0_i32, Vec::new());
    for (at, c) in query.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => braces += 1,
            (None, '}') => braces -= 1,
            (None, '/') if braces == 0 => found.push(at),
            _ => {}
        }
    }
    if let [only] = found.as_slice() { Some(*only) } else { None }
}

/// The counter whose rate an expression takes, once.
fn counter(expression: &str) -> Option<String> {
    let rates = ["rate(", "increase("];
    let (start, name) = rates.iter().filter_map(|name| Some((expression.find(name)?, *name))).min()?;
    let rest = &expression[start + name.len()..];
    let selector = rest[..rest.find('[')?].trim();
    let after = &rest[rest.find('[')?..];
    let is_alone = !rates.iter().any(|name| after.contains(name)) && !selector.contains('(');
    is_alone.then(|| scoped(selector))
}

/// A selector with `$scope` in it.
pub fn scoped(selector: &str) -> String {
    if selector.contains("$scope") {
        return selector.to_owned();
    }
    match selector.rfind('}') {
        Some(end) => {
            let inside = selector[..end].trim_end().trim_end_matches(',');
            let comma = if inside.ends_with('{') { "" } else { "," };
            format!("{inside}{comma}$scope}}")
        }
        None => format!("{selector}{{$scope}}"),
    }
}

/// A bound such as `result[0] < 0.05` or `result >= 0.95`: whether the value has to stay below it, and the bound.
pub fn bound(condition: &str) -> Option<(bool, f64)> {
    let at = condition.find(['<', '>'])?;
    let is_below = condition[at..].starts_with('<');
    let number = condition[at + 1..].trim_start_matches('=').trim();
    let end = number.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(number.len());
    Some((is_below, number[..end].parse().ok()?))
}
