//! The one place that changes the state. Synchronous, without I/O and without a clock: events carry the
//! time, and what is to be done to the world is returned as effects.

mod assessment;
pub mod clocks;
mod incidents;
mod keys;
mod mouse;
mod navigation;
mod notices;
mod overlays;
mod records;
mod seen;
mod timeline;

pub use keys::disabled;
use seen::{Places, moves, note};

use std::time::Duration;

use super::damage::Damage;
use super::effect::{Actor, Effect};
use super::event::{Event, Toast, What};
use super::panes;
use super::state::State;
use super::tour;
use crate::change::deployed::Running;
use crate::checklist::check::Answer;
use crate::evidence::Observation;
use crate::incident::Entry;
use crate::incident::rehearsals::Rehearsals;
use crate::rollback::guard::Input;
use crate::test_results::live::Progress;
use crate::tracker::model::Issue;
use crate::ui::Ctx;
use crate::ui::layout::Pane;
use crate::ui::theme::Theme;
use crate::{canary, change, rollback, test_results};

/// The ages on the screen are drawn anew this often, in seconds.
const AGES_EVERY: u64 = 5;

/// Takes in one event.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    state.now = event.at;
    state.uptime = event.uptime;
    state.hand = event.hand;
    let mut effects = happen(state, event.what);
    effects.extend(records::ask_for_earlier(state));
    if tour::follow(state) {
        state.ui.damage.add(Damage::ALL);
    }
    effects
}

fn happen(state: &mut State, what: What) -> Vec<Effect> {
    match what {
        What::Key { key, is_repeat } => keys::key(state, key, is_repeat),
        What::Paste(text) => overlays::paste(state, &text),
        What::Mouse(mouse) => mouse::mouse(state, mouse),
        What::Focus(has_focus) => focus(state, has_focus),
        What::Resize(columns, rows) => resize(state, columns, rows),
        What::Tick => tick(state),
        What::Moment => overlays::moment(state),
        What::Change(observation) => changed(state, observation),
        What::Tests(observation) => tested(state, observation),
        What::TestRun(progress) => ran(state, progress),
        What::Canary(observation) => measured(state, observation),
        What::Check(item, answer) => answered(state, item, answer),
        What::Rollback(event) => overlays::rolled(state, event),
        What::Counted(observation) => assessment::counted(state, observation),
        What::Incidents(answer) => incidents::listed(state, answer),
        What::Recalled(recalled) => records::recall(state, *recalled),
        What::Loaded(answer) => incidents::loaded(state, answer),
        What::Earlier(answer) => records::earlier(state, answer),
        What::Rehearsed(rehearsals) => rehearsed(state, rehearsals),
        What::Ask(asks) => assessment::ask(state, asks),
        What::Tracker(observation) => tracked(state, observation),
        What::Opened => moves(state, &Places::default()),
        What::Journal(result) => records::recorded(state, result),
        What::Tempo(tempo) => keys::tempo(state, tempo),
        What::Skipped => keys::skipped(state),
        What::Told(toast) => {
            state.ui.tell(toast, state.uptime);
            Vec::new()
        }
    }
}

fn focus(state: &mut State, has_focus: bool) -> Vec<Effect> {
    state.ui.has_focus = has_focus;
    state.ui.damage.add(Damage::ALL);
    let mut effects = if has_focus { vec![Effect::Refresh] } else { Vec::new() };
    if !has_focus {
        effects.extend(overlays::guard(state, Input::FocusLost));
    }
    effects
}

fn resize(state: &mut State, columns: u16, rows: u16) -> Vec<Effect> {
    state.ui.size = (columns, rows);
    state.ui.damage.add(Damage::ALL);
    settle(state);
    if state.areas().is_card { overlays::guard(state, Input::TooSmall) } else { Vec::new() }
}

fn tick(state: &mut State) -> Vec<Effect> {
    state.ui.damage.add(Damage::HEADER);
    if state.ui.toast.as_ref().is_some_and(|(_, until)| *until <= state.uptime) {
        state.ui.toast = None;
        state.ui.damage.add(Damage::FOOTER);
    }
    if state.uptime.as_secs().is_multiple_of(AGES_EVERY) {
        state.ui.damage.add(Damage::PANES);
        judge(state);
    }
    let mut effects = clocks::turn(state);
    effects.extend(overlays::guard(state, Input::Moment));
    effects
}

fn changed(state: &mut State, observation: change::model::Observation) -> Vec<Effect> {
    let before = Places::of(state);
    let is_running = matches!(observation, change::model::Observation::Deployed(..));
    let is_news = state.change.update(observation);
    if is_running {
        return asked(state, is_news);
    }
    if !is_news {
        return Vec::new();
    }
    if let Some(head) = state.change.head() {
        state.tests.set_head(head);
    }
    state.tests.set_branch(branch(state));
    looked(state, Pane::Change);
    let mut effects = moves(state, &before);
    effects.extend(keep_change(state));
    effects.push(Effect::Replan);
    let production = state.change.report.value().and_then(|report| report.production.oid.clone());
    if state.tests.set_production(production.clone()) {
        effects.push(Effect::Baseline(production));
    }
    effects
}

/// The change is kept for the report.
fn keep_change(state: &State) -> Option<Effect> {
    let news = change::kept::news(state.change.report.value()?, state.incident.as_ref()?.change_kept.as_ref())?;
    note(state, news)
}

/// What production and the canary say goes to git, and is taken back when it is too old to be believed.
fn asked(state: &mut State, is_news: bool) -> Vec<Effect> {
    if is_news {
        looked(state, Pane::Change);
    }
    let declared = state.change.declared(state.now);
    let report = state.change.report.value();
    let known = |running: Option<&Running>| running.map(|it| it.said.clone());
    let known =
        [known(report.and_then(|it| it.production.deployed.as_ref())), known(report.and_then(|it| it.canary.as_ref()))];
    let words = [&declared.production, &declared.canary].map(|said| said.as_ref().map(|it| it.word().to_owned()));
    if words == known { Vec::new() } else { vec![Effect::Deployed(declared)] }
}

/// Tests that were started from here: whatever was green is not while they run.
fn ran(state: &mut State, progress: Progress) -> Vec<Effect> {
    let toast = match &progress {
        Progress::Ended { source, how, is_good: true } => Some(Toast::info(format!("tests {source}: {how}"))),
        Progress::Ended { source, how, .. } => Some(Toast::error(format!("tests {source}: {how}"))),
        Progress::Refused(why) => Some(Toast::error(format!("tests: {why}"))),
        Progress::Started { .. } | Progress::Printed { .. } | Progress::Idle => None,
    };
    if let Some(toast) = toast {
        state.ui.tell(toast, state.uptime);
    }
    state.tests.progress(progress);
    looked(state, Pane::Tests);
    Vec::new()
}

/// How HEAD stands beside its branch on the remote, as git told last.
fn branch(state: &State) -> Option<test_results::model::Branch> {
    let report = state.change.report.value()?;
    let upstream = report.upstream.clone()?;
    Some(test_results::model::Branch { upstream: Some(upstream), ahead: report.ahead, behind: report.behind })
}

fn tested(state: &mut State, observation: Observation<test_results::model::Report>) -> Vec<Effect> {
    let before = state.tests.report.value().map(|report| report.totals);
    if !state.tests.update(observation, state.now) {
        return Vec::new();
    }
    looked(state, Pane::Tests);
    let is_news = |report: &&test_results::model::Report| is_whole(report) && Some(report.totals) != before;
    let Some(report) = state.tests.report.value().filter(is_news) else { return Vec::new() };
    let failed = report.totals.failed + report.totals.errored;
    let entry = Entry::TestsSeen { subject: report.subject.clone(), passed: report.totals.passed, failed };
    note(state, entry).into_iter().collect()
}

/// Whether every report is there to its end: half of one is no news for the timeline.
fn is_whole(report: &test_results::model::Report) -> bool {
    report.totals.tests > 0 && report.runs.iter().all(|run| run.complete)
}

fn measured(state: &mut State, observation: Observation<canary::model::Batch>) -> Vec<Effect> {
    if state.canary.update(observation, state.now) {
        looked(state, Pane::Canary);
    }
    let changes = state.canary.take_changes();
    let mut effects: Vec<Effect> = changes.iter().filter_map(|change| note(state, change.entry())).collect();
    // At a turn of the whole canary its curves are kept, for the report of one who has no metric server.
    if changes.iter().any(|change| change.metric.is_none()) {
        let curves = state.canary.report.value().and_then(canary::kept::entry);
        effects.extend(curves.and_then(|entry| note(state, entry)));
    }
    effects.extend(saw_healthy(state, &changes).and_then(|entry| note(state, entry)));
    effects.extend(overlays::rolled(state, rollback::state::Event::CalledFor(called_for(state))));
    effects
}

/// Why the canary calls for a rollback.
fn called_for(state: &State) -> Option<String> {
    let report = state.canary.report.value().filter(|report| report.verdict == canary::model::Verdict::Regressed)?;
    let why = report.worst().map_or_else(String::new, |metric| format!(" ({})", metric.name));
    let since = report.regressed_at.map_or_else(String::new, |at| format!(" since {at:.0}"));
    Some(format!("the canary regressed{since}{why}"))
}

/// A canary that turned healthy: the version that it runs may be gone back to one day.
fn saw_healthy(state: &State, changes: &[canary::state::Change]) -> Option<Entry> {
    let report = state.canary.report.value()?;
    if changes.is_empty() || report.verdict != canary::model::Verdict::Healthy {
        return None;
    }
    let commit = state.change.report.value()?.head.oid.clone()?;
    // A branch moves on: the commit is what was seen. A tag that it has by then names it in the plan.
    let version = commit.short().to_owned();
    Some(Entry::SeenHealthy {
        version,
        commit,
        how: format!("its canary was healthy over {:.0} requests", report.requests),
    })
}

/// What the tracker says of the incident's issue is evidence for a gate alone.
fn tracked(state: &mut State, observation: Observation<Issue>) -> Vec<Effect> {
    if state.tracker.observe(observation) {
        looked(state, Pane::Checklist);
    }
    Vec::new()
}

/// What was rehearsed before this incident, or in none.
fn rehearsed(state: &mut State, rehearsals: Rehearsals) -> Vec<Effect> {
    state.rehearsals.join(rehearsals);
    looked(state, Pane::Checklist);
    Vec::new()
}

fn answered(state: &mut State, item: String, answer: Observation<Answer>) -> Vec<Effect> {
    if state.checks.entry(item).or_default().observe(answer) {
        looked(state, Pane::Checklist);
    }
    Vec::new()
}

/// What every answer of a source leads to.
pub(super) fn looked(state: &mut State, pane: Pane) {
    state.ui.forget_last(&[pane, Pane::Checklist]);
    state.ui.damage.add(Damage::pane(pane));
    settle(state);
    judge(state);
}

/// Evaluates the gates anew.
pub(super) fn judge(state: &mut State) {
    if state.judge() {
        state.ui.damage.add(Damage::HEADER);
        state.ui.damage.add(Damage::pane(Pane::Checklist));
        state.ui.damage.add(Damage::pane(Pane::Change));
        settle(state);
    }
}

/// Keeps every selection within its list after a list or the screen changed.
fn settle(state: &mut State) {
    let theme = Theme::default();
    for pane in Pane::ALL {
        let len = panes::len(state, pane);
        let filter = state.list(pane).filter.clone();
        let rows = panes::rows(state, pane, &Ctx { now: state.now, theme: &theme });
        let mut list = std::mem::take(&mut state.ui.lists[pane.index()]);
        match panes::ends(state, pane) {
            Some(ends) => list.filter_growing(filter, len, ends, |index| panes::searched(state, pane, index)),
            None => list.filter_by(filter, len, |index| panes::searched(state, pane, index)),
        }
        list.settle(len, rows);
        state.ui.lists[pane.index()] = list;
    }
}

/// An entry that the operator makes.
fn by_operator(state: &mut State, entry: Entry) -> Option<Effect> {
    let Some(incident) = state.incident.as_ref().map(|it| it.id.clone()) else {
        state.ui.tell(Toast::error("there is no incident: `i` declares one"), state.uptime);
        return None;
    };
    Some(Effect::Record { incident, entry, actor: Actor::Operator })
}

/// How long until the clock of the header must turn again.
pub fn next_tick(state: &State) -> Duration {
    let runs = state.incident.is_some() || state.ui.toast.is_some();
    let tick = Duration::from_secs(match (state.ui.has_focus, runs) {
        (true, true) => 1,
        (true, false) => AGES_EVERY,
        (false, _) => 60,
    });
    // Nobody looks: what turns calls in time all the same.
    let turn = if state.project.notify.is_empty() { None } else { clocks::next_turn(state) };
    turn.map_or(tick, |turn| tick.min(turn.max(Duration::from_secs(1))))
}

#[cfg(test)]
mod tests;
