//! A path into a JSON answer: `$`, then `.name`, `['name']` or `[0]`, as often as needed.

use serde_json::Value;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

/// The value that `path` leads to.
///
/// # Errors
/// When the path cannot be read, or leads nowhere in this value: in words.
pub fn json_at<'a>(value: &'a Value, path: &str) -> Result<&'a Value, String> {
    let mut here = value;
    for step in steps(path)? {
        let next = match &step {
            Step::Name(name) => here.get(name.as_str()),
            Step::Index(index) => here.get(*index),
        };
        here = next.ok_or_else(|| format!("the answer has no {} on the way of `{path}`", step.shown()))?;
    }
    Ok(here)
}

/// Whether a path can be read at all.
///
/// # Errors
/// Says what is wrong with it.
pub fn check(path: &str) -> Result<(), String> {
    steps(path).map(drop)
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let refuse = || format!("`{path}` is no path: write `$.name`, `$['name']` or `$.list[0]`");
    let mut rest = path.strip_prefix('$').ok_or_else(refuse)?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = step(rest).ok_or_else(refuse)?;
        steps.push(step);
        rest = after;
    }
    Ok(steps)
}

fn step(rest: &str) -> Option<(Step, &str)> {
    if let Some(after) = rest.strip_prefix('.') {
        let end = after.find(['.', '[']).unwrap_or(after.len());
        let is_name = end > 0 && !after[..end].contains('*');
        return is_name.then(|| (Step::Name(after[..end].to_owned()), &after[end..]));
    }
    let inside = rest.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(quoted) = inside.strip_prefix(quote) {
            let (name, after) = quoted.split_once(&format!("{quote}]"))?;
            // Several names in one bracket are JSONPath, which others read.
            if name.contains(quote) {
                return None;
            }
            return Some((Step::Name(name.to_owned()), after));
        }
    }
    let (digits, after) = inside.split_once(']')?;
    Some((Step::Index(digits.parse().ok()?), after))
}

impl Step {
    fn shown(&self) -> String {
        match self {
            Self::Name(name) => format!("`{name}`"),
            Self::Index(index) => format!("[{index}]"),
        }
    }
}
