//! The situation in a few lines, for a chat or a phone call (pure).

use std::fmt::Write as _;

use jiff::Timestamp;

use super::facts::Facts;
use super::model::{Book, time_of_day};
use crate::checklist::model::{Inputs, State};
use crate::incident::{Incident, Role};
use crate::ui::pane::short;

/// The most reasons that are told.
const REASONS: usize = 4;
/// What is said of a fact that nobody knows, or whose evidence is too old.
const UNKNOWN: &str = "not known";

/// The report: what, since when, readiness with its reasons, the evidence, the notices, who does what.
pub fn report(inputs: &Inputs, checklist: &State) -> String {
    report_with(inputs, checklist, &Book::default())
}

/// The same with the notices as their channels have them.
pub fn report_with(inputs: &Inputs, checklist: &State, book: &Book) -> String {
    let facts = Facts::of(inputs, checklist.standing());
    let mut out = inputs.incident.map_or_else(|| "no incident is open\n".to_owned(), |it| head(it, inputs.now));
    let standing = checklist.standing();
    let word = standing.readiness.label().to_uppercase();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "readiness: {word}, {} of {} gates open", standing.open, standing.required);
    for reason in standing.reasons.iter().take(REASONS) {
        let _ = writeln!(out, "  {reason}");
    }
    for name in ["impact", "users", "workaround", "change", "tests", "canary", "rollback"] {
        let _ = writeln!(out, "{name}: {}", facts.get(name).unwrap_or(UNKNOWN));
    }
    if let Some(incident) = inputs.incident {
        out += &told(incident, book, inputs.now);
        let holder = |role: &Role| incident.roles.get(role).map_or("nobody", String::as_str);
        let roles: Vec<_> = Role::ALL.iter().map(|role| format!("{} {}", role.label(), holder(role))).collect();
        let _ = writeln!(out, "roles: {}", roles.join(", "));
    }
    let _ = write!(out, "as of {}", time_of_day(inputs.now));
    out
}

fn head(incident: &Incident, now: Timestamp) -> String {
    let severity = incident.severity.map_or("no severity set", |severity| severity.label());
    let drill = if incident.drill.is_some() { "DRILL: " } else { "" };
    let ticket = incident.ticket.as_ref().map_or_else(String::new, |ticket| format!(", {ticket}"));
    let (since, stage) = (incident.since(), incident.stage.label());
    let lasts = short(std::time::Duration::try_from(now.duration_since(since)).unwrap_or_default());
    format!(
        "{drill}{} ({severity}, stage {stage}{ticket})\nsince {}, {lasts} ago\n",
        incident.title,
        time_of_day(since)
    )
}

/// The last notice, whom it did not reach, and when the next one is due.
fn told(incident: &Incident, book: &Book, now: Timestamp) -> String {
    let mut out = match &incident.last_notice {
        Some(notice) => format!("last notice: {} {}", time_of_day(notice.at), notice.text.replace('\n', " ")),
        None => "last notice: none".to_owned(),
    };
    let missing: Vec<_> = book
        .last()
        .into_iter()
        .flat_map(|notice| notice.states(now))
        .filter(|(_, state)| !state.has_arrived())
        .map(|(channel, state)| format!("{channel} {}", state.label()))
        .collect();
    if !missing.is_empty() {
        let _ = write!(out, " ({})", missing.join(", "));
    }
    match incident.next_update_at() {
        Some(at) if at < now => {
            let _ = writeln!(out, "\nnext notice: {}, OVERDUE", time_of_day(at));
        }
        Some(at) => {
            let _ = writeln!(out, "\nnext notice: {}", time_of_day(at));
        }
        None => out += "\nnext notice: none is due\n",
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::fixture::World;
    use crate::incident::Stage;

    fn text(world: &World) -> String {
        world.look(|inputs| report(inputs, &State::new(inputs)))
    }

    #[test]
    fn the_situation_of_a_deploy() {
        insta::assert_snapshot!(text(&World::go(Stage::Deploy)));
    }

    #[test]
    fn what_nobody_knows_is_said_to_be_unknown() {
        let told = text(&World::empty());
        assert!(told.starts_with("no incident is open\n") && told.contains("tests: not known\n"), "{told}");
    }
}
