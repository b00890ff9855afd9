//! Items that ask an address or a command of the team's own.

use super::develop::same_content;
use super::{Finding, Found, Inputs, about, fresh};
use crate::checklist::check::Expected;
use crate::checklist::items::Item;

pub(super) fn asked(inputs: &Inputs, item: &Item, expected: &Expected) -> Found {
    let unasked = "its check was not asked: hotfix.toml must be trusted (`hotfix trust`)";
    let observed = inputs.checks.get(&item.id).ok_or_else(|| Finding::unmet(unasked))?;
    let answer = fresh(observed, inputs.now, "its check")?;
    let value = answer.value.refusal.as_ref().unwrap_or(&answer.value.text);
    let seen = about(answer, value);
    if item.tip_bound {
        let was = "the answer of its check is that";
        same_content(inputs, &answer.subject, was).map_err(|finding| finding.with(seen.clone()))?;
    }
    let head = inputs.head().unwrap_or_default();
    match expected.judge(&answer.value, &head, inputs.now) {
        Ok(words) => Ok(Finding::holds(format!("{}: {words}", answer.source)).with(seen)),
        Err(words) => Err(Finding::fails(format!("{}: {words}", answer.source)).with(seen)),
    }
}
