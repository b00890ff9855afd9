//! A text in the markup of each receiver: escaped, so that it says there what it says here, and cut to what the
//! receiver takes. Nobody is called by an `@` that stands in a text.

/// Follows an `@` that must not call anybody.
const UNSEEN: char = '\u{200b}';
/// What stands where a text was cut.
const CUT: &str = "… (cut)";

/// A receiver's markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// Slack's `mrkdwn`: three entities.
    Slack,
    /// An adaptive card of Teams: some Markdown.
    Card,
    /// Discord's Markdown.
    Discord,
    /// Mattermost's Markdown.
    Mattermost,
    /// GitHub's and GitLab's Markdown; a line must not begin with a quick action.
    Markdown,
    /// The wiki markup of a Jira server.
    Wiki,
    /// No markup at all.
    Plain,
}

impl Markup {
    /// How many characters the receiver takes of one message, as its documentation says.
    pub fn limit(self) -> usize {
        match self {
            Self::Slack => 4_000,
            Self::Card => 12_000,
            Self::Discord => 2_000,
            Self::Mattermost => 16_000,
            Self::Markdown => 60_000,
            Self::Wiki | Self::Plain => 32_000,
        }
    }

    /// The text, escaped and cut to the receiver's limit.
    pub fn of(self, text: &str) -> String {
        self.within(text, self.limit())
    }

    /// The text, escaped and cut to `limit` characters.
    pub fn within(self, text: &str, limit: usize) -> String {
        let pieces = self.pieces(text);
        let length = |piece: &String| piece.chars().count();
        if pieces.iter().map(length).sum::<usize>() <= limit {
            return pieces.concat();
        }
        let room = limit.saturating_sub(CUT.chars().count());
        let mut used = 0;
        let kept = pieces.iter().take_while(|piece| {
            used += length(piece);
            used <= room
        });
        let mut out: String = kept.map(String::as_str).collect();
        out.push_str(CUT);
        out
    }

    /// One piece for each character: an escape is never cut in two.
    fn pieces(self, text: &str) -> Vec<String> {
        let mut begins_line = true;
        let piece = |c: char| {
            let piece = self.piece(c, begins_line);
            begins_line = c == '\n' || begins_line && c == ' ';
            piece
        };
        text.chars().map(piece).collect()
    }

    fn piece(self, c: char, begins_line: bool) -> String {
        let is_escaped = match self {
            Self::Slack => return slack(c),
            Self::Plain => false,
            Self::Card => "\\*_[]~`".contains(c),
            Self::Discord => "\\*_[]~`|<>".contains(c) || begins_line && "#-".contains(c),
            Self::Mattermost => "\\*_[]~`|<>:".contains(c) || begins_line && "#-/".contains(c),
            Self::Markdown => "\\*_[]~`|<>".contains(c) || begins_line && "#-+/".contains(c),
            Self::Wiki => "\\*_[]{}!|^~?+".contains(c) || begins_line && "#-".contains(c),
        };
        let calls = c == '@' && !matches!(self, Self::Plain | Self::Wiki | Self::Card);
        match (is_escaped, calls) {
            (true, _) => format!("\\{c}"),
            (false, true) => format!("{c}{UNSEEN}"),
            (false, false) => c.to_string(),
        }
    }
}

/// Slack knows no escapes but three entities; a call is written with `<`, so that an `@` is an `@`.
fn slack(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Markup::{Card, Discord, Markdown, Mattermost, Plain, Slack, Wiki};
    use super::*;

    #[test]
    fn nobody_is_called_and_nothing_is_made_bold_by_accident() {
        let text = "@everyone <!channel> *no* a_b & [x](y)\n/close #1\n- {code} `x`";
        assert_eq!(Slack.of(text), "@everyone &lt;!channel&gt; *no* a_b &amp; [x](y)\n/close #1\n- {code} `x`");
        assert_eq!(
            Discord.of(text),
            "@\u{200b}everyone \\<!channel\\> \\*no\\* a\\_b & \\[x\\](y)\n/close #1\n\\- {code} \\`x\\`"
        );
        assert_eq!(Mattermost.of("@all <!here> :x:\n/away"), "@\u{200b}all \\<!here\\> \\:x\\:\n\\/away");
        assert_eq!(Markdown.of("fixed by @ana\n  /close\n<img>"), "fixed by @\u{200b}ana\n  \\/close\n\\<img\\>");
        assert_eq!(Wiki.of("{code} [~ana] !x!"), "\\{code\\} \\[\\~ana\\] \\!x\\!");
        assert_eq!(Card.of("**x** [a](b) <at>ana</at>"), "\\*\\*x\\*\\* \\[a\\](b) <at>ana</at>");
        assert_eq!(Plain.of(text), text);
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let cut = Slack.within(&"&".repeat(100), 40);
        assert!(cut.ends_with("&amp;… (cut)") && cut.chars().count() <= 40, "{cut}");
        assert_eq!(Discord.of(&"x".repeat(3_000)).chars().count(), 2_000);
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_the_limit_and_no_escape_is_torn(text in "\\PC{0,300}", limit in 10usize..200) {
            for markup in [Slack, Card, Discord, Mattermost, Markdown, Wiki, Plain] {
                let out = markup.within(&text, limit);
                prop_assert!(out.chars().count() <= limit);
                let whole = markup.within(&text, usize::MAX);
                prop_assert!(whole == out || whole.starts_with(out.trim_end_matches(CUT)));
            }
        }
    }
}
