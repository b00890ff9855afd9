//! Who holds which role, and how a role goes from one person to the next (pure).

use std::collections::BTreeMap;

use super::entry::Handover;
use super::{Entry, Incident, Role, Severity};

/// Who holds which role now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders {
    held: BTreeMap<Role, String>,
    each_wants_a_person: bool,
}

impl Holders {
    /// Of an incident. From SEV2 up, and before anybody has said how bad it is, each role wants a person.
    pub fn of(incident: &Incident) -> Self {
        let each_wants_a_person = incident.severity.is_none_or(|severity| severity <= Severity::Sev2);
        Self { held: incident.roles.clone(), each_wants_a_person }
    }

    /// Each person once, with the roles that they hold, in the order of the roles.
    pub fn persons(&self) -> Vec<(&str, Vec<Role>)> {
        let mut persons: Vec<(&str, Vec<Role>)> = Vec::new();
        for (role, name) in &self.held {
            match persons.iter_mut().find(|(it, _)| it == name) {
                Some((_, roles)) => roles.push(*role),
                None => persons.push((name, vec![*role])),
            }
        }
        persons
    }

    /// Whether somebody holds several roles where each wants a person of its own.
    pub fn are_too_few(&self) -> bool {
        self.each_wants_a_person && self.persons().len() < self.held.len()
    }

    /// The entry by which `to` holds the role from now on.
    ///
    /// # Errors
    /// When nothing would change, or one person would hold several roles where each wants a person and no note says why.
    pub fn hand_over(&self, role: Role, to: &str, note: Option<String>) -> Result<Entry, String> {
        let (to, from) = (to.trim().to_owned(), self.held.get(&role));
        let note = note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        if from == Some(&to) {
            return Err(format!("{to} is {} already", role.label()));
        }
        let other = self.held.iter().find(|(other, holder)| **other != role && **holder == to);
        if let (Some((other, _)), true, None) = (other, self.each_wants_a_person, &note) {
            let other = other.label();
            return Err(format!(
                "{to} is {other} already, and at SEV1 and SEV2 each role wants a person of its own: say why in a note"
            ));
        }
        Ok(match (from, note) {
            (None, None) => Entry::RoleTaken { role, name: to },
            (from, note) => Entry::RoleHanded(Box::new(Handover { role, from: from.cloned(), to, note })),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holders(held: &[(Role, &str)], each_wants_a_person: bool) -> Holders {
        let held = held.iter().map(|(role, name)| (*role, (*name).to_owned())).collect();
        Holders { held, each_wants_a_person }
    }

    #[test]
    fn a_role_is_taken_and_handed_over_with_from_to_and_note() {
        let nobody = holders(&[], true);
        let taken = Entry::RoleTaken { role: Role::Ops, name: "ana".into() };
        assert_eq!(nobody.hand_over(Role::Ops, " ana ", None), Ok(taken));
        let ana = holders(&[(Role::Ops, "ana")], true);
        let handed = ana.hand_over(Role::Ops, "bob", Some("rollback is armed, step 2 waits".into())).unwrap();
        assert_eq!(handed.sentence(), "ops went from ana to bob: rollback is armed, step 2 waits");
        assert!(ana.hand_over(Role::Ops, "ana", None).unwrap_err().contains("ana is ops already"));
    }

    #[test]
    fn one_person_holds_several_roles_below_sev2_only_or_says_why() {
        let held = [(Role::Commander, "ana")];
        assert!(holders(&held, false).hand_over(Role::Ops, "ana", None).is_ok());
        let severe = holders(&held, true);
        assert!(
            severe.hand_over(Role::Ops, "ana", Some(" ".into())).unwrap_err().contains("wants a person of its own")
        );
        assert!(severe.hand_over(Role::Ops, "ana", Some("nobody else is awake".into())).is_ok());
    }

    #[test]
    fn each_person_is_named_once() {
        let held = [(Role::Commander, "ana"), (Role::Ops, "bob"), (Role::Comms, "ana")];
        let holders = holders(&held, false);
        assert_eq!(holders.persons(), [("ana", vec![Role::Commander, Role::Comms]), ("bob", vec![Role::Ops])]);
    }
}
