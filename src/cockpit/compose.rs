//! A notice while it is being written: its text, the next update, and whom it goes to (pure).

use jiff::{SignedDuration, Timestamp};
use unicode_segmentation::UnicodeSegmentation;

use super::keymap::{Code, Key};
use crate::comms::model::{self, Message, Notice, TEXT_LIMIT};
use crate::comms::state::Channel;
use crate::evidence::text;
use crate::incident::{About, Incident, NoticeWritten, Severity};

/// The notice on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Compose {
    /// What it is about.
    pub about: About,
    /// What it says.
    pub text: String,
    /// Where the cursor is in the text, in bytes.
    pub cursor: usize,
    /// Minutes until the next update; empty promises none.
    pub minutes: String,
    /// The channels, and whether it goes to them.
    pub channels: Vec<(Channel, bool)>,
    /// What has the keys.
    pub part: Part,
    /// Why it was not accepted.
    pub problem: Option<String>,
    /// The words to begin with, for each of [`About::ALL`].
    templates: [String; About::ALL.len()],
    usual_minutes: String,
}

/// A part of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The text.
    Text,
    /// Until the next update.
    Next,
    /// What it is about.
    About,
    /// One of the channels.
    Channel(usize),
    /// The way out.
    Send,
}

/// What a key did.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// It stays open.
    Open,
    /// It is put aside, and is there again next time.
    Aside,
    /// It is to be sent.
    Done {
        /// What is said, clean.
        text: String,
        /// When the next one is promised.
        next_update_at: Option<Timestamp>,
        /// Whom it goes to; nobody, where a person tells it.
        channels: Vec<String>,
    },
}

impl Compose {
    /// A notice that begins with a template.
    pub fn new(incident: &Incident, channels: &[Channel], templates: [String; About::ALL.len()]) -> Self {
        let about = About::from(incident.stage);
        let minutes = incident.severity.unwrap_or(Severity::Sev1).update_minutes().to_string();
        let text = templates[about as usize].clone();
        Self {
            about,
            cursor: text.len(),
            text,
            minutes: minutes.clone(),
            channels: channels.iter().map(|channel| (channel.clone(), true)).collect(),
            part: Part::Text,
            problem: None,
            templates,
            usual_minutes: minutes,
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, now: Timestamp) -> Written {
        self.problem = None;
        match (key.code, self.part) {
            (Code::Esc, _) => return Written::Aside,
            (Code::Char('s'), _) if key.ctrl => return self.send(now),
            (Code::Enter, Part::Send) => return self.send(now),
            (Code::Tab, _) => self.go(1),
            (Code::BackTab, _) => self.go(-1),
            (_, Part::Text) => self.edit(key),
            (Code::Down | Code::Enter, _) => self.go(1),
            (Code::Up, _) => self.go(-1),
            (Code::Left | Code::Right, Part::About) => self.choose(key.code == Code::Right),
            (Code::Backspace, Part::Next) => drop(self.minutes.pop()),
            (Code::Char(c), Part::Next) if c.is_ascii_digit() && self.minutes.len() < 4 => self.minutes.push(c),
            (Code::Char(' ') | Code::Left | Code::Right, Part::Channel(index)) => {
                let is_chosen = &mut self.channels[index].1;
                *is_chosen = !*is_chosen;
            }
            _ => {}
        }
        Written::Open
    }

    fn parts(&self) -> Vec<Part> {
        let channels = (0..self.channels.len()).map(Part::Channel);
        [Part::Text, Part::Next, Part::About].into_iter().chain(channels).chain([Part::Send]).collect()
    }

    fn go(&mut self, step: isize) {
        let parts = self.parts();
        let place = parts.iter().position(|part| *part == self.part).unwrap_or(0).cast_signed();
        self.part = parts[(place + step).rem_euclid(parts.len().cast_signed()).cast_unsigned()];
    }

    /// Another subject. Its words come along where nobody has changed them, and the end promises no next update.
    fn choose(&mut self, is_next: bool) {
        let count = About::ALL.len();
        let step = if is_next { 1 } else { count - 1 };
        let untouched = self.text == self.templates[self.about as usize];
        self.about = About::ALL[(self.about as usize + step) % count];
        if untouched {
            self.text.clone_from(&self.templates[self.about as usize]);
            self.cursor = self.text.len();
        }
        if self.about == About::Resolved {
            self.minutes.clear();
        } else if self.minutes.is_empty() {
            self.minutes.clone_from(&self.usual_minutes);
        }
    }

    fn edit(&mut self, key: Key) {
        match key.code {
            Code::Enter => self.insert("\n"),
            Code::Left => self.cursor = self.before(),
            Code::Right => self.cursor = self.after(),
            Code::Up => self.cursor = self.line_beside(-1),
            Code::Down => self.cursor = self.line_beside(1),
            Code::Home => self.cursor = self.line().0,
            Code::End => self.cursor = self.line().1,
            Code::Backspace => {
                let from = self.before();
                self.text.replace_range(from..self.cursor, "");
                self.cursor = from;
            }
            Code::Delete => self.text.replace_range(self.cursor..self.after(), ""),
            Code::Char('u') if key.ctrl => {
                self.text.clear();
                self.cursor = 0;
            }
            Code::Char(c) if !key.ctrl && !key.alt => self.insert(c.encode_utf8(&mut [0; 4])),
            _ => {}
        }
    }

    /// Takes a pasted text: into the text, never as keys.
    pub fn paste(&mut self, pasted: &str) {
        if self.part == Part::Text {
            self.insert(&text::clean_block(pasted, TEXT_LIMIT));
        }
    }

    fn insert(&mut self, piece: &str) {
        if self.text.len() + piece.len() <= TEXT_LIMIT {
            self.text.insert_str(self.cursor, piece);
            self.cursor += piece.len();
        } else {
            self.problem = Some(format!("a notice has at most {TEXT_LIMIT} bytes"));
        }
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.cursor + self.text[self.cursor..].graphemes(true).next().map_or(0, str::len)
    }

    /// Where the line of the cursor begins and ends.
    fn line(&self) -> (usize, usize) {
        let begin = self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[self.cursor..].find('\n').map_or(self.text.len(), |at| self.cursor + at);
        (begin, end)
    }

    /// The same column in the line above or below; the end of the text beyond the last one.
    fn line_beside(&self, step: isize) -> usize {
        let (begin, end) = self.line();
        let column = self.text[begin..self.cursor].graphemes(true).count();
        let (from, to) = match step {
            -1 if begin == 0 => return 0,
            -1 => (self.text[..begin - 1].rfind('\n').map_or(0, |at| at + 1), begin - 1),
            _ if end == self.text.len() => return end,
            _ => (end + 1, self.text[end + 1..].find('\n').map_or(self.text.len(), |at| end + 1 + at)),
        };
        from + self.text[from..to].graphemes(true).take(column).map(str::len).sum::<usize>()
    }

    fn send(&mut self, now: Timestamp) -> Written {
        match self.written(now) {
            Ok(written) => written,
            Err(problem) => {
                self.problem = Some(problem);
                Written::Open
            }
        }
    }

    fn written(&self, now: Timestamp) -> Result<Written, String> {
        let text = model::fit_to_send(&self.text).map_err(|error| error.to_string())?;
        let channels: Vec<_> =
            self.channels.iter().filter(|(_, is_chosen)| *is_chosen).map(|(it, _)| it.name.clone()).collect();
        if channels.is_empty() && !self.channels.is_empty() {
            return Err("choose a channel: space on its name".to_owned());
        }
        Ok(Written::Done { text, next_update_at: self.next_update_at(now)?, channels })
    }

    fn next_update_at(&self, now: Timestamp) -> Result<Option<Timestamp>, String> {
        if self.minutes.is_empty() {
            return Ok(None);
        }
        let minutes: i64 = self.minutes.parse().map_err(|_| "the next update wants minutes".to_owned())?;
        let next = now.checked_add(SignedDuration::from_mins(minutes)).ok().filter(|next| *next > now);
        next.map(Some).ok_or_else(|| "the next update must lie ahead; empty promises none".to_owned())
    }

    /// The message as the channels would get it now.
    pub fn message(&self, incident: &Incident, now: Timestamp) -> Message {
        let written = NoticeWritten {
            key: String::new(),
            about: self.about,
            text: self.text.clone(),
            next_update_at: self.next_update_at(now).ok().flatten(),
            channels: Vec::new(),
        };
        Message::new(incident, &Notice::new(written, String::new(), now), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::World;
    use crate::incident::Stage;

    fn compose() -> Compose {
        let incident = World::go(Stage::Deploy).incident().unwrap();
        let channel = |name: &str| Channel { name: name.into(), kind: "slack" };
        let templates = About::ALL.map(|about| format!("{} it.\nMore.", about.phrase()));
        Compose::new(&incident, &[channel("a"), channel("b")], templates)
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap()
    }

    fn press(compose: &mut Compose, codes: &[Code]) -> Written {
        let mut written = Written::Open;
        for code in codes {
            written = compose.key(Key::plain(*code), now());
        }
        written
    }

    #[test]
    fn it_begins_with_the_words_of_the_stage_and_goes_to_every_channel() {
        let mut compose = compose();
        assert_eq!(compose.text, "deploying it.\nMore.");
        let written = press(&mut compose, &[Code::BackTab, Code::Enter]);
        let Written::Done { text, next_update_at, channels } = written else { panic!("{written:?}") };
        assert_eq!((text.as_str(), channels), ("deploying it.\nMore.", vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(next_update_at, Some(now() + SignedDuration::from_mins(30)));
    }

    #[test]
    fn the_text_is_edited_where_the_cursor_is() {
        let mut compose = compose();
        press(&mut compose, &[Code::Up, Code::End, Code::Backspace, Code::Char('!'), Code::Enter, Code::Char('é')]);
        assert_eq!(compose.text, "deploying it!\né\nMore.");
        press(&mut compose, &[Code::Left, Code::Left, Code::Delete, Code::Home, Code::Delete]);
        assert_eq!(compose.text, "eploying it!é\nMore.");
        press(&mut compose, &[Code::Down, Code::Down, Code::Down, Code::Char('x')]);
        assert_eq!(compose.text, "eploying it!é\nMore.x");
        compose.paste("R\x1b[2J");
        assert!(compose.text.ends_with("More.xR\\u{1b}[2J"));
    }

    #[test]
    fn another_subject_brings_its_words_unless_they_were_changed() {
        let mut changed = compose();
        press(&mut changed, &[Code::Char('!'), Code::Tab, Code::Tab, Code::Right]);
        assert_eq!((changed.about, changed.text.as_str()), (About::Monitor, "deploying it.\nMore.!"));
        let mut compose = compose();
        press(&mut compose, &[Code::Tab, Code::Tab, Code::Right, Code::Right]);
        assert_eq!(
            (compose.about, compose.text.as_str(), compose.minutes.as_str()),
            (About::Resolved, "resolved it.\nMore.", "")
        );
        press(&mut compose, &[Code::Left]);
        assert_eq!(compose.minutes, "30", "whoever goes on promises the next update");
    }

    #[test]
    fn what_cannot_be_sent_says_why_and_stays() {
        let mut compose = compose();
        press(&mut compose, &[Code::Tab, Code::Tab, Code::Tab, Code::Char(' '), Code::Down, Code::Char(' ')]);
        assert_eq!(press(&mut compose, &[Code::Down, Code::Enter]), Written::Open);
        assert_eq!(compose.problem.as_deref(), Some("choose a channel: space on its name"));
        press(&mut compose, &[Code::Up, Code::Char(' ')]);
        compose.text = "  ".into();
        press(&mut compose, &[Code::Down, Code::Enter]);
        assert_eq!(compose.problem.as_deref(), Some("a notice must say something"));
        assert_eq!(press(&mut compose, &[Code::Esc]), Written::Aside);
    }
}
