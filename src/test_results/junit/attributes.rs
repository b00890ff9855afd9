//! The attributes of a tag, read as leniently as the dialects need.

use std::borrow::Cow;

use memchr::memchr;

/// Goes through the attributes of a tag: local name and raw value, from what follows the tag's name.
///
/// Never fails: a name without a value, a value without quotes and a repeated name are handed out as they stand. quick-xml's
/// own iterator stops at the first of these.
#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Attributes<'a> {
    /// The attributes in `raw`.
    pub fn new(raw: &'a str) -> Self {
        Self { rest: raw }
    }

    /// What follows the tag's name, as it stands.
    pub fn raw(&self) -> &'a str {
        self.rest
    }

    /// The value of the first attribute with this local name, its references resolved.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.clone().find(|(key, _)| *key == name).map(|(_, value)| unescape(value))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.rest.as_bytes();
        let start = bytes.iter().position(|b| !b.is_ascii_whitespace() && *b != b'/')?;
        let Some(equals) = bytes[start..].iter().position(|b| *b == b'=').map(|i| start + i) else {
            self.rest = "";
            return None;
        };
        let name = local_name(&self.rest[start..equals]);
        let value = bytes[equals + 1..].iter().position(|b| !b.is_ascii_whitespace()).map(|i| equals + 1 + i)?;
        let (from, to, next) = match bytes[value] {
            quote @ (b'"' | b'\'') => match memchr(quote, &bytes[value + 1..]) {
                Some(i) => (value + 1, value + 1 + i, value + 2 + i),
                None => (value + 1, bytes.len(), bytes.len()),
            },
            _ => {
                let end = bytes[value..].iter().position(u8::is_ascii_whitespace).map_or(bytes.len(), |i| value + i);
                (value, end, end)
            }
        };
        let text = &self.rest[from..to];
        self.rest = &self.rest[next..];
        Some((name, text))
    }
}

/// Without blanks around it, without a prefix, and without a stray word before it.
fn local_name(name: &str) -> &str {
    let name = name.trim_ascii_end();
    match name.bytes().rposition(|b| b == b':' || b.is_ascii_whitespace()) {
        Some(i) => &name[i + 1..],
        None => name,
    }
}

/// Resolves the five predefined references and those by number. Others stay as they are: nothing is ever expanded.
pub fn unescape(raw: &str) -> Cow<'_, str> {
    let Some(first) = memchr(b'&', raw.as_bytes()) else { return Cow::Borrowed(raw) };
    let mut out = raw[..first].to_owned();
    let mut rest = &raw[first..];
    while let Some(i) = rest.find('&') {
        out.push_str(&rest[..i]);
        rest = &rest[i..];
        let name = rest[1..].split(';').next().filter(|n| n.len() < rest.len() - 1 && n.len() <= 10);
        match name.and_then(|n| Some((n, resolve(n)?))) {
            Some((name, c)) => {
                out.push(c);
                rest = &rest[name.len() + 2..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character that a reference, without `&` and `;`, stands for; `None` for any that a document type would define.
pub fn resolve(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            code.ok().and_then(char::from_u32)
        }
    }
}

#[cfg(test)]
#[path = "attributes_tests.rs"]
mod tests;
