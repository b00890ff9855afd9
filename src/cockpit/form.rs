//! A small form: what a person writes or chooses before something is recorded (pure).

use jiff::Timestamp;
use unicode_segmentation::UnicodeSegmentation;

use super::keymap::{Code, Key};
use crate::evidence::{Oid, text};
use crate::incident::entry::{Acceptance, Correction, Left, LeftOpen};
use crate::incident::roles::Holders;
use crate::incident::{Decision, Entry, Incident, Role, Stage};

use crate::test_results::model::Claim;

mod marks;

pub use marks::Ticking;

/// The longest text of a field, in bytes: a paste beyond it is cut.
const FIELD_LIMIT: usize = 8 * 1024;

/// A form on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What it is about.
    pub title: String,
    /// What it leads to.
    pub purpose: Purpose,
    /// Its fields, at least one.
    pub fields: Vec<Field>,
    /// The field that has the keys.
    pub current: usize,
    /// Why it was not accepted.
    pub problem: Option<String>,
}

/// What a form leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A tick with a note, or a hand-over.
    Tick(Box<Ticking>),
    /// A tick is taken back.
    Untick(String),
    /// An override.
    Override(String),
    /// What keeps the tests amber is accepted.
    Accept(Box<Claim>),
    /// The incident's issue.
    Ticket,
    /// A role, with who holds which now.
    Role(Holders),
    /// A decision.
    Decide,
    /// A note.
    Note,
    /// A correction of the entry with this number.
    Correct(u64),
    /// The end of the incident, with what is still open.
    Close(Vec<Left>),
    /// A closed incident is opened again.
    Reopen(String),
    /// Going on to a stage: the gates that hold it are overridden.
    Stage(Stage, Vec<String>),
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What is asked.
    pub label: &'static str,
    /// What was written.
    pub value: String,
    /// How to answer.
    pub hint: &'static str,
    /// The only answers, where there is a choice: left and right go through them.
    pub choices: &'static [&'static str],
    /// Whether it must not be empty.
    pub required: bool,
}

/// What a key did to a form.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It stays open.
    Open,
    /// It was given up.
    Cancelled,
    /// It was accepted: these entries are to be recorded.
    Accepted(Vec<Entry>),
}

const DECISIONS: &[&str] = &["roll back", "hold", "fix forward", "promote", "escalate", "close"];
const ROLES: &[&str] = &["commander", "ops", "comms"];
const ALL_DECISIONS: [Decision; 6] =
    [Decision::RollBack, Decision::Hold, Decision::FixForward, Decision::Promote, Decision::Escalate, Decision::Close];

fn written(label: &'static str, hint: &'static str) -> Field {
    Field { label, value: String::new(), hint, choices: &[], required: false }
}

fn required(label: &'static str, hint: &'static str) -> Field {
    Field { required: true, ..written(label, hint) }
}

fn choice(label: &'static str, choices: &'static [&'static str], chosen: usize) -> Field {
    Field { choices, value: choices[chosen].to_owned(), ..required(label, "left and right choose") }
}

impl Form {
    fn new(title: impl Into<String>, purpose: Purpose, fields: Vec<Field>) -> Self {
        Self { title: title.into(), purpose, fields, current: 0, problem: None }
    }

    /// A role is taken or handed over.
    pub fn role(incident: &Incident, operator: &str) -> Self {
        let mut name = required("name", "who holds it from now on");
        operator.clone_into(&mut name.value);
        let note = written("note", "what the next one must know; why, where one person holds several at SEV1 and SEV2");
        let fields = vec![choice("role", ROLES, 0), name, note];
        Self::new("Take or hand over a role", Purpose::Role(Holders::of(incident)), fields)
    }

    /// The incident is bound to an issue.
    pub fn ticket() -> Self {
        let ticket = required("ticket", "its key or address, such as SHOP-17, #17 or https://tracker.example/17");
        Self::new("Bind the incident to its issue", Purpose::Ticket, vec![ticket])
    }

    /// A decision.
    pub fn decide() -> Self {
        let fields = vec![choice("decision", DECISIONS, 1), required("reason", "which evidence on the screen")];
        Self::new("Record a decision", Purpose::Decide, fields)
    }

    /// A note.
    pub fn note() -> Self {
        Self::new("Note on the timeline", Purpose::Note, vec![required("note", "what happened, or what you see")])
    }

    /// A correction: the entry stays, and another one stands beside it.
    pub fn correct(seq: u64, sentence: &str) -> Self {
        let right = required("right is", "the entry stays as it is: this one stands beside it");
        Self::new(format!("Correct #{seq}: {sentence}"), Purpose::Correct(seq), vec![right])
    }

    /// The end of the incident.
    pub fn close(open: Vec<Left>, operator: &str) -> Self {
        if open.is_empty() {
            return Self::new("Close the incident", Purpose::Close(open), vec![written("note", "may be empty")]);
        }
        let ids: Vec<_> = open.iter().map(|left| left.id.as_str()).collect();
        let title = format!("Close the incident with {} still open: {}", open.len(), ids.join(" "));
        let mut owner = required("owner", "who sees to what stays open");
        operator.clone_into(&mut owner.value);
        let fields = vec![required("reason", "why it ends although this is open"), owner];
        Self::new(title, Purpose::Close(open), fields)
    }

    /// A closed incident is opened again.
    pub fn reopen(id: &str, title: &str) -> Self {
        let reason = required("reason", "why it is not over");
        Self::new(format!("Open again: {title}"), Purpose::Reopen(id.to_owned()), vec![reason])
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key, now: Timestamp, head: Option<Oid>) -> Outcome {
        self.problem = None;
        match key.code {
            Code::Esc => return Outcome::Cancelled,
            Code::Enter if self.current + 1 == self.fields.len() => return self.submit(now, head),
            Code::Enter | Code::Tab | Code::Down => self.current = (self.current + 1) % self.fields.len(),
            Code::BackTab | Code::Up => {
                self.current = (self.current + self.fields.len() - 1) % self.fields.len();
            }
            Code::Left => self.fields[self.current].choose(-1),
            Code::Right => self.fields[self.current].choose(1),
            Code::Backspace => self.fields[self.current].erase(),
            Code::Char('u') if key.ctrl => self.fields[self.current].value.clear(),
            Code::Char(c) if !key.ctrl && !key.alt => self.paste(c.encode_utf8(&mut [0; 4])),
            _ => {}
        }
        Outcome::Open
    }

    /// Takes a pasted text: into the current field, never as keys.
    pub fn paste(&mut self, pasted: &str) {
        let field = &mut self.fields[self.current];
        if !field.choices.is_empty() {
            return;
        }
        let room = FIELD_LIMIT.saturating_sub(field.value.len());
        let end = pasted.floor_char_boundary(room);
        field.value.push_str(&text::clean(&pasted[..end]));
    }

    fn submit(&mut self, now: Timestamp, head: Option<Oid>) -> Outcome {
        if let Some(missing) = self.fields.iter().position(|field| field.required && field.value.trim().is_empty()) {
            self.current = missing;
            self.problem = Some(format!("{} must not be empty", self.fields[missing].label));
            return Outcome::Open;
        }
        match self.entries(now, head) {
            Ok(entries) => Outcome::Accepted(entries),
            Err(problem) => {
                self.problem = Some(problem);
                Outcome::Open
            }
        }
    }

    fn entries(&self, now: Timestamp, head: Option<Oid>) -> Result<Vec<Entry>, String> {
        let value = |i: usize| self.fields[i].value.trim().to_owned();
        let optional = |i: usize| Some(value(i)).filter(|text| !text.is_empty());
        Ok(match &self.purpose {
            Purpose::Tick(ticking) => vec![self.ticked(ticking, now, head)?],
            Purpose::Untick(item) => vec![Entry::Unticked { item: item.clone(), note: optional(0) }],
            Purpose::Override(item) => {
                vec![Entry::Overridden { item: item.clone(), reason: value(0), name: value(1), head }]
            }
            Purpose::Accept(claim) => {
                let Claim { head, what, hash } = claim.as_ref().clone();
                let (reason, name) = (value(0), value(1));
                vec![Entry::TestsAccepted(Box::new(Acceptance { head, what, hash, reason, name }))]
            }
            Purpose::Ticket => vec![Entry::Bound { ticket: value(0) }],
            Purpose::Role(holders) => vec![holders.hand_over(Role::ALL[self.chosen(0)], &value(1), optional(2))?],
            Purpose::Decide => {
                vec![Entry::Decided {
                    decision: ALL_DECISIONS[self.chosen(0)],
                    reason: value(1),
                    readiness: None,
                    snapshot: None,
                }]
            }
            Purpose::Note => vec![Entry::Noted { text: value(0) }],
            Purpose::Correct(corrects) => {
                vec![Entry::Corrected(Correction { corrects: *corrects, text: value(0) })]
            }
            Purpose::Close(open) if open.is_empty() => {
                let note = optional(0).map(|text| Entry::Noted { text });
                note.into_iter().chain([Entry::Closed { open: Vec::new() }]).collect()
            }
            Purpose::Close(open) => {
                let left = LeftOpen { items: open.clone(), reason: value(0), owner: value(1) };
                let open = open.iter().map(|left| left.id.clone()).collect();
                vec![Entry::LeftOpen(Box::new(left)), Entry::Closed { open }]
            }
            Purpose::Reopen(_) => vec![Entry::Reopened { reason: value(0) }],
            Purpose::Stage(stage, held) => {
                let override_of = |item: &String| Entry::Overridden {
                    item: item.clone(),
                    reason: value(0),
                    name: value(1),
                    head: head.clone(),
                };
                held.iter().map(override_of).chain([Entry::StageEntered { stage: *stage }]).collect()
            }
        })
    }

    fn chosen(&self, field: usize) -> usize {
        self.fields[field].position()
    }
}

impl Field {
    fn position(&self) -> usize {
        self.choices.iter().position(|choice| *choice == self.value).unwrap_or(0)
    }

    fn choose(&mut self, step: isize) {
        if self.choices.is_empty() {
            return;
        }
        let next = (self.position().cast_signed() + step).rem_euclid(self.choices.len().cast_signed());
        self.choices[next.cast_unsigned()].clone_into(&mut self.value);
    }

    fn erase(&mut self) {
        if let Some((last, _)) = self.value.grapheme_indices(true).next_back().filter(|_| self.choices.is_empty()) {
            self.value.truncate(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::World;

    fn gate(id: &str) -> crate::checklist::model::GateStatus {
        World::go(Stage::Monitor).gate(id)
    }

    fn fill(form: &mut Form, script: &[&str]) -> Outcome {
        let mut outcome = Outcome::Open;
        for text in script {
            form.paste(text);
            outcome = form.key(Key::plain(Code::Enter), Timestamp::UNIX_EPOCH, None);
        }
        outcome
    }

    #[test]
    fn an_override_needs_a_reason_and_a_name() {
        let mut form = Form::overriding(&gate("b2"), "ana");
        assert_eq!(fill(&mut form, &["", ""]), Outcome::Open);
        assert_eq!(form.problem.as_deref(), Some("reason must not be empty"));
        assert_eq!(form.current, 0);
        let outcome = fill(&mut form, &["nobody else is awake", ""]);
        let entry = Entry::Overridden {
            item: "b2".into(),
            reason: "nobody else is awake".into(),
            name: "ana".into(),
            head: None,
        };
        assert_eq!(outcome, Outcome::Accepted(vec![entry]));
    }

    #[test]
    fn choices_go_round_and_take_no_text() {
        let mut form = Form::decide();
        form.paste("something else");
        assert_eq!(form.fields[0].value, "hold");
        form.key(Key::plain(Code::Left), Timestamp::UNIX_EPOCH, None);
        assert_eq!(form.fields[0].value, "roll back");
        form.key(Key::plain(Code::Left), Timestamp::UNIX_EPOCH, None);
        assert_eq!(form.fields[0].value, "close");
    }

    #[test]
    fn a_paste_is_text_and_is_cut() {
        let mut form = Form::note();
        form.paste("R\nq\x1b[2J");
        assert_eq!(form.fields[0].value, "R q\\u{1b}[2J");
        form.paste(&"漢".repeat(100_000));
        assert!(form.fields[0].value.len() <= FIELD_LIMIT + text::FIELD_LIMIT);
    }
}
