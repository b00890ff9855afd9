//! What a case is called.

use std::borrow::Cow;

use super::Attributes;
use super::attributes::unescape;
use super::suite::seconds;
use crate::test_results::tally::Named;

/// The names of a case, read again from its tag only when they are needed.
pub(super) struct Names<'a> {
    suite: &'a str,
    values: [Option<Cow<'a, str>>; 4],
    seconds: Option<f64>,
}

pub(super) fn named<'a>(raw: &'a str, suite: &'a str) -> Names<'a> {
    let [mut class, mut name, mut file, mut line, mut time] = [None; 5];
    for (key, value) in Attributes::new(raw) {
        let slot = match key {
            "classname" => &mut class,
            "class" if class.is_none() => &mut class,
            "name" => &mut name,
            "file" => &mut file,
            "line" | "lineno" => &mut line,
            "time" | "duration" => &mut time,
            _ => continue,
        };
        *slot = Some(value);
    }
    let values = [class, name, file, line].map(|value| value.map(unescape));
    Names { suite, values, seconds: time.and_then(seconds) }
}

impl Names<'_> {
    pub(super) fn get(&self) -> Named<'_> {
        let [class, name, file, line] = &self.values;
        let name = name.as_deref().filter(|n| !n.trim().is_empty()).unwrap_or("(no name)");
        let class = class.as_deref().unwrap_or_default();
        let (file, line) = (file.as_deref(), line.as_deref());
        Named { suite: self.suite, class, name, file, line, seconds: self.seconds }
    }
}
