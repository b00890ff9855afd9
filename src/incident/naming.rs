//! Ids of incidents: readable, sortable, and different (pure).

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The longest piece of a title that goes into an id.
const LONGEST: usize = 40;

/// `20260821-checkout-502`; with a number behind it where `is_taken`.
pub fn id(title: &str, at: Timestamp, is_taken: impl Fn(&str) -> bool) -> String {
    let day = at.to_zoned(TimeZone::UTC).strftime("%Y%m%d").to_string();
    let base = format!("{day}-{}", slug(title));
    let numbered = (2..).map(|number: u32| format!("{base}-{number}"));
    std::iter::once(base.clone()).chain(numbered).find(|id| !is_taken(id)).unwrap_or(base)
}

/// Lower-case ASCII letters and digits, with single dashes for everything between them; `incident` for nothing.
pub fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words {
        if slug.len() + word.len() >= LONGEST {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    if slug.is_empty() { "incident".to_owned() } else { slug }
}
