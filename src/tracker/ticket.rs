//! The ticket of an incident, as persons write it: a number, a key, or an address (pure).

/// The number of an issue: `123`, `#123`, `https://…/issues/123#note_4`.
pub fn number(ticket: &str) -> Option<u64> {
    let path = ticket.split(['?']).next()?;
    let path = if path.contains("://") { path.split('#').next()? } else { path };
    let last = path.trim_end_matches('/').rsplit(['/', '#']).next()?;
    last.trim().parse().ok().filter(|number| *number > 0)
}

/// The key of an issue in Jira: `SHOP-17`, `https://…/browse/SHOP-17`.
pub fn key(ticket: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_key = |word: &&str| {
        word.rsplit_once('-').is_some_and(|(project, number)| {
            project.starts_with(|c: char| c.is_ascii_uppercase())
                && project.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
        })
    };
    ticket.split(|c| !is_word(c)).rfind(is_key).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_read_however_it_is_written() {
        for ticket in [
            "17",
            "#17",
            " 17",
            "acme/checkout#17",
            "https://git.example/a/b/issues/17",
            "https://g.example/a/-/issues/17#note_4",
        ] {
            assert_eq!(number(ticket), Some(17), "{ticket}");
        }
        for ticket in ["SHOP-17", "the incident", "", "0", "https://git.example/a/b/issues/"] {
            assert_eq!(number(ticket), None, "{ticket}");
        }
        for ticket in ["SHOP-17", "https://acme.atlassian.net/browse/SHOP-17?x=y", "see SHOP-17."] {
            assert_eq!(key(ticket).as_deref(), Some("SHOP-17"), "{ticket}");
        }
        for ticket in ["17", "shop-17", "SHOP-", "-17", "SHOP/../x"] {
            assert_eq!(key(ticket), None, "{ticket}");
        }
    }
}
