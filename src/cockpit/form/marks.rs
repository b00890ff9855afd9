//! Forms for what a person says of a checklist item: a tick, a hand-over, an override.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Form, Purpose, required, written};
use crate::checklist::model::GateStatus;
use crate::checklist::notes::Says;
use crate::evidence::Oid;
use crate::incident::{Deferral, Entry, Stage, due};
use crate::test_results::model::Claim;

/// What is ticked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticking {
    item: String,
    says: Option<Says>,
    /// Of the screen, for the time of a hand-over.
    zone: TimeZone,
}

impl Form {
    /// A tick on an item; one that may wait can be handed over instead.
    pub fn tick(gate: &GateStatus, zone: &TimeZone) -> Self {
        let hint = gate.says.map_or("what you saw; may be empty", Says::label);
        let mut fields =
            vec![written("note", if gate.to_name.is_empty() { hint } else { "name each of them, and why" })];
        if gate.deferrable {
            fields.push(written("or owner", "who does it later; empty: it is done"));
            fields.push(written("due", "by when: 2h, 15:00 or 2026-12-03"));
        }
        let ticking = Ticking { item: gate.id.clone(), says: gate.says, zone: zone.clone() };
        Self::new(format!("Tick {}: {}", gate.id, gate.text), Purpose::Tick(Box::new(ticking)), fields)
    }

    /// A tick is taken back.
    pub fn untick(gate: &GateStatus) -> Self {
        let note = written("note", "why; may be empty");
        let title = format!("Take back what was said of {}: {}", gate.id, gate.text);
        Self::new(title, Purpose::Untick(gate.id.clone()), vec![note])
    }

    /// An override of a gate; of one that wants a second person it breaks the glass.
    pub fn overriding(gate: &GateStatus, operator: &str) -> Self {
        let mut name = required("name", "who answers for it");
        operator.clone_into(&mut name.value);
        let (how, why) = if gate.break_glass {
            ("BREAK THE GLASS of", "why nobody else can look at it; everybody will see this")
        } else {
            ("Override", "why we go on although it is not satisfied")
        };
        let fields = vec![required("reason", why), name];
        Self::new(format!("{how} {}: {}", gate.id, gate.text), Purpose::Override(gate.id.clone()), fields)
    }

    /// What keeps the tests amber is accepted, for one commit.
    pub fn accepting(claim: Claim, operator: &str) -> Self {
        let mut name = required("name", "who answers for it");
        operator.clone_into(&mut name.value);
        let title = format!("Accept what keeps {} amber: {} points", claim.head.short(), claim.what.len());
        let reason = required("reason", "why it may be shipped although they fail or do not run");
        Self::new(title, Purpose::Accept(Box::new(claim)), vec![reason, name])
    }

    /// The next stage, which these gates hold: whoever goes on overrides each of them.
    pub fn enter_stage(stage: Stage, held: Vec<String>, operator: &str) -> Self {
        let mut name = required("name", "who answers for it");
        operator.clone_into(&mut name.value);
        let title = format!("Go on to {}: this overrides {}", stage.label(), held.join(" "));
        let reason = required("reason", "why we go on although these are open; on record for each of them");
        Self::new(title, Purpose::Stage(stage, held), vec![reason, name])
    }

    pub(super) fn ticked(&self, ticking: &Ticking, now: Timestamp, head: Option<Oid>) -> Result<Entry, String> {
        let value =
            |i: usize| self.fields.get(i).map(|field| field.value.trim().to_owned()).filter(|it| !it.is_empty());
        let (item, note) = (ticking.item.clone(), value(0));
        if let Some(owner) = value(1) {
            let due_at = due::parse(&value(2).unwrap_or_default(), &now.to_zoned(ticking.zone.clone()))?;
            return Ok(Entry::Deferred(Box::new(Deferral { item, owner, due_at, note, head })));
        }
        match ticking.says.filter(|says| !says.is_in(note.as_deref().unwrap_or_default())) {
            Some(says) => Err(format!("the note has to hold {}", says.label())),
            None => Ok(Entry::Ticked { item, note, head }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;
    use crate::checklist::fixture::{World, minute};
    use crate::cockpit::keymap::{Code, Key};

    fn fill(form: &mut Form, texts: &[&str]) -> Outcome {
        let mut outcome = Outcome::Open;
        for text in texts {
            form.paste(text);
            outcome = form.key(Key::plain(Code::Enter), minute(0), None);
        }
        outcome
    }

    fn form(id: &str) -> Form {
        Form::tick(&World::go(Stage::Monitor).gate(id), &TimeZone::UTC)
    }

    #[test]
    fn a_tick_says_what_its_item_asks_for() {
        let mut form = form("d2");
        assert_eq!(fill(&mut form, &[""]), Outcome::Open);
        assert_eq!(form.problem.as_deref(), Some("the note has to hold what was seen"));
        let note = Some("support: quiet".to_owned());
        let ticked = Entry::Ticked { item: "d2".into(), note, head: None };
        assert_eq!(fill(&mut form, &["support: quiet"]), Outcome::Accepted(vec![ticked]));
    }

    #[test]
    fn what_may_wait_is_handed_over_with_an_owner_and_a_time() {
        let mut form = form("d4/main");
        assert_eq!(form.fields.len(), 3);
        assert_eq!(fill(&mut form, &["SHOP-18", "bo", "soon"]), Outcome::Open);
        assert!(form.problem.as_deref().unwrap().contains("write 2h"));
        form.fields[2].value.clear();
        let Outcome::Accepted(entries) = fill(&mut form, &["2h"]) else { panic!("not accepted") };
        let [Entry::Deferred(deferral)] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!((deferral.owner.as_str(), deferral.due_at), ("bo", minute(120)));
    }

    #[test]
    fn alone_one_breaks_the_glass_and_the_form_says_so() {
        let world = World::go(Stage::Develop);
        assert!(Form::overriding(&world.gate("b9"), "ana").title.starts_with("BREAK THE GLASS of b9"));
        assert!(Form::overriding(&world.gate("b2"), "ana").title.starts_with("Override b2"));
    }
}
