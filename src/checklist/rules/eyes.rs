//! Item b9: another person has looked at it. An author is no other person, under whatever name.

use super::assess::incident;
use super::{Finding, Found, Inputs, Seen, about, git, journaled};
use crate::checklist::items::Item;
use crate::incident::model::MarkKind;
use crate::test_results::model::{Approval, Run};

/// An approval where the code is hosted, else a person's tick: neither an author's, a committer's nor a co-author's.
pub(super) fn second_pair_of_eyes(inputs: &Inputs, item: &Item) -> Found {
    if let Some((name, approval)) = approval(inputs) {
        let seen = Seen {
            source: name.to_owned(),
            subject: inputs.head().and_then(|head| head.commit),
            ..journaled(approval.at, approval.page.as_ref().unwrap_or(&approval.by))
        };
        return Ok(Finding::holds(format!("{} approved this commit on {name}", approval.by)).with(seen));
    }
    let mark = incident(inputs)?.marks.get(&item.id);
    let Some(mark) = mark.filter(|mark| matches!(mark.kind, MarkKind::Ticked { .. })) else {
        return Err(Finding::asks("nobody has said that they reviewed it"));
    };
    let report = git(inputs)?;
    let Some(people) = &report.value.people else {
        return Err(Finding::unmet("git does not tell everybody who wrote it: nobody is surely another person"));
    };
    Err(match people.iter().find(|person| is_same_person(&mark.by, person)) {
        Some(person) => Finding::fails(format!(
            "{} vouched for it, and is one of those who wrote it ({person}): another person must review it",
            mark.by
        ))
        .with(about(report, people.join(", "))),
        None => Finding::asks("reviewed by somebody who wrote none of it").with(about(report, people.join(", "))),
    })
}

/// The approval of the tip by somebody who wrote none of it, and who told of it.
pub(in crate::checklist) fn approval<'a>(inputs: &Inputs<'a>) -> Option<(&'a str, &'a Approval)> {
    let (head, people) = (inputs.head()?, inputs.change.fresh(inputs.now)?.value.people.as_ref()?);
    let is_of_tip = |run: &&Run| run.subject.is_some() && run.subject == head.commit;
    let runs = inputs.tests.report.fresh(inputs.now)?.value.runs.iter().filter(is_of_tip);
    let told = runs.filter_map(|run| Some((run, run.ci.as_ref().filter(|ci| !ci.is_stale(inputs.now))?)));
    let mut approvals = told.flat_map(|(run, ci)| ci.approvals.iter().map(|approval| (run.name.as_str(), approval)));
    let wrote = |by: &str| people.iter().any(|person| is_same_person(by, person));
    approvals.find(|(_, approval)| !approval.is_author && !wrote(&approval.by))
}

/// Whether a name is that of somebody as git has it: `Ana Lima <ana@example.org>`, by name, address,
/// or what stands before its `@`.
fn is_same_person(name: &str, person: &str) -> bool {
    let (full, address) = person.split_once('<').unwrap_or((person, ""));
    let address = address.trim_end_matches('>');
    let local = address.split('@').next().unwrap_or_default();
    let name = name.trim();
    let given = name.split_once('<').map_or((name, ""), |(full, address)| (full.trim(), address.trim_end_matches('>')));
    let known = [person, full.trim(), address, local];
    known
        .iter()
        .any(|known| !known.is_empty() && [name, given.0, given.1].iter().any(|it| it.eq_ignore_ascii_case(known)))
}
