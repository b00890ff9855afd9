//! Text from outside, made fit for what it is put into: HTML, SVG, Markdown.

/// For HTML and SVG, between tags and within quoted attributes.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// For Markdown, anywhere in a line, in the cell of a table as well: no markup, no link, no mention.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => out.push_str("<br>"),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' => out.extend(['\\', c]),
            // At the start of a line these make a list, a quote or a rule.
            '-' | '+' | '>' | '=' if before.is_none() => out.extend(['\\', c]),
            '.' | ')' if is_number(&out) && chars.peek().is_none_or(|next| next.is_whitespace()) => {
                out.extend(['\\', c]);
            }
            // A mention would call somebody.
            '@' => out.push_str("@\u{200b}"),
            _ => out.push(c),
        }
        before = (c != '\n').then_some(c);
    }
    out
}

/// Whether a line so far is a number, which a dot would make the head of a list.
fn is_number(so_far: &str) -> bool {
    !so_far.is_empty() && so_far.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_of_strangers_is_text() {
        for (text, told) in [
            ("# not a title", "\\# not a title"),
            ("1. not a list", "1\\. not a list"),
            ("- nor this", "\\- nor this"),
            ("a | b", "a \\| b"),
            ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
            (
                "[x](javascript:y) ![z](https://evil.example/p.png)",
                "\\[x\\](javascript:y) !\\[z\\](https://evil.example/p.png)",
            ),
            ("two\nlines", "two<br>lines"),
            ("4.5x errors", "4.5x errors"),
            ("p99 is 1.2 s - fine", "p99 is 1.2 s - fine"),
        ] {
            assert_eq!(markdown(text), told);
        }
        assert!(!markdown("@everyone").contains("@everyone"));
    }

    #[test]
    fn html_of_strangers_is_text() {
        assert_eq!(
            html(r#"<img src=x onerror='y("z")'>&"#),
            "&lt;img src=x onerror=&#39;y(&quot;z&quot;)&#39;&gt;&amp;"
        );
    }
}
