//! What lies over the panes: palette and help, details, forms, the filter, and the armed rollback.

use super::super::action::Action;
use super::super::damage::Damage;
use super::super::effect::{Actor, Effect};
use super::super::event::{Mouse, Toast};
use super::super::form::{Form, Outcome, Purpose};
use super::super::keymap::{Code, Key};
use super::super::palette;
use super::super::panes;
use super::super::state::{Overlay, State};
use super::{assessment, by_operator, incidents, keys, navigation, notices, settle};
use crate::change;
use crate::evidence::text;
use crate::incident::{BrokenGlass, Entry, naming};
use crate::rollback::execution::Answer;
use crate::rollback::guard::{self, Input};
use crate::rollback::policy::policy;
use crate::rollback::rollout::model::Act;
use crate::rollback::rollout::state as rollout;
use crate::rollback::state as rollback;
use crate::ui::layout::Pane;

/// Lines that the wheel and the page keys move a detail by.
const PAGE: usize = 10;

/// Takes a key for the overlay that is open.
pub fn key(state: &mut State, key: Key, is_repeat: bool) -> Vec<Effect> {
    state.ui.damage.add(Damage::ALL);
    match std::mem::take(&mut state.ui.overlay) {
        Overlay::None => Vec::new(),
        Overlay::Actions { query, cursor, is_help } => actions(state, key, query, cursor, is_help),
        Overlay::Detail { pane, index, scroll } => detail(state, key, pane, index, scroll),
        Overlay::Form(form) => in_form(state, key, form),
        Overlay::Incidents { cursor } => incidents::key(state, key, cursor),
        Overlay::Assessment(form) => assessment::key(state, key, is_repeat, form),
        Overlay::Notice(compose) => notices::key(state, key, compose),
        Overlay::Filter => filter(state, key),
        Overlay::Rollback => {
            state.ui.overlay = Overlay::Rollback;
            if key.code == Code::Tab && !is_repeat {
                let (bound, chance) = lot(state);
                return take(state, rollback::Event::Other { bound, chance });
            }
            guard(state, if is_repeat { Input::Repeat } else { Input::Key(guard_key(key)) })
        }
        Overlay::ConfirmQuit => match key.code {
            Code::Char('y') => vec![Effect::Quit],
            _ => Vec::new(),
        },
    }
}

/// Takes a pasted text: into a form or a query, and never as keys.
pub fn paste(state: &mut State, pasted: &str) -> Vec<Effect> {
    state.ui.damage.add(Damage::ALL);
    match &mut state.ui.overlay {
        Overlay::Form(form) => form.paste(pasted),
        Overlay::Assessment(form) if !form.is_offer => form.paste(pasted),
        Overlay::Notice(compose) => compose.paste(pasted),
        Overlay::Actions { query, cursor, .. } => {
            query.push_str(&text::fit(&text::clean(pasted), 60));
            *cursor = 0;
        }
        Overlay::Rollback => return guard(state, Input::Paste),
        _ => state.ui.tell(Toast::info("pasted text is ignored here: `n` opens a note"), state.uptime),
    }
    Vec::new()
}

/// Takes the mouse: the wheel scrolls, a click outside closes nothing by accident.
pub fn mouse(state: &mut State, mouse: Mouse) -> Vec<Effect> {
    let code = match mouse {
        Mouse::WheelUp(..) => Code::Up,
        Mouse::WheelDown(..) => Code::Down,
        Mouse::Click(..) => return Vec::new(),
    };
    match state.ui.overlay {
        Overlay::Detail { .. } | Overlay::Actions { .. } | Overlay::Incidents { .. } => {
            key(state, Key::plain(code), false)
        }
        _ => Vec::new(),
    }
}

fn actions(state: &mut State, key: Key, mut query: String, mut cursor: usize, is_help: bool) -> Vec<Effect> {
    match key.code {
        Code::Esc => return Vec::new(),
        Code::Char('c') if key.ctrl => return Vec::new(),
        Code::Enter => {
            let chosen = palette::matches(&query, state.ui.focus).get(cursor).map(|entry| entry.action);
            return chosen.map_or_else(Vec::new, |action| keys::act(state, action));
        }
        Code::Up => cursor = cursor.saturating_sub(1),
        Code::Down | Code::Tab => cursor += 1,
        Code::PageUp => cursor = cursor.saturating_sub(PAGE),
        Code::PageDown => cursor += PAGE,
        Code::Backspace => {
            query.pop();
            cursor = 0;
        }
        Code::Char(c) if !key.ctrl && !key.alt => {
            query.push(c);
            cursor = 0;
        }
        _ => {}
    }
    cursor = cursor.min(palette::matches(&query, state.ui.focus).len().saturating_sub(1));
    state.ui.overlay = Overlay::Actions { query, cursor, is_help };
    Vec::new()
}

fn detail(state: &mut State, key: Key, pane: Pane, index: usize, scroll: usize) -> Vec<Effect> {
    let (mut index, mut scroll) = (index, scroll);
    match (state.ui.keymap.action(key, pane), key.code) {
        (_, Code::Char('n')) if pane == Pane::Change => scroll = hunk(state, index, scroll, true),
        (_, Code::Char('p')) if pane == Pane::Change && !key.ctrl => scroll = hunk(state, index, scroll, false),
        (Some(Action::Back | Action::Quit | Action::Open | Action::Explain), _) => return Vec::new(),
        (Some(Action::Up), _) => scroll = scroll.saturating_sub(1),
        (Some(Action::Down), _) => scroll += 1,
        (Some(Action::PageUp), _) => scroll = scroll.saturating_sub(PAGE),
        (Some(Action::PageDown), _) | (_, Code::Char(' ')) => scroll += PAGE,
        (Some(Action::First), _) => scroll = 0,
        (Some(Action::Last), _) => scroll = usize::MAX,
        (Some(Action::FocusNext), _) => (index, scroll) = (beside(state, pane, index, 1), 0),
        (Some(Action::FocusPrevious), _) => (index, scroll) = (beside(state, pane, index, -1), 0),
        (Some(action @ Action::Look(_)), _) if pane == Pane::Canary => drop(keys::act(state, action)),
        (Some(action @ (Action::Tick | Action::Override | Action::Rollback)), _) => return keys::act(state, action),
        (Some(action @ (Action::Edit | Action::CiPage | Action::Copy | Action::Situation)), _) => {
            state.ui.overlay = Overlay::Detail { pane, index, scroll };
            return keys::act(state, action);
        }
        _ => {}
    }
    state.ui.overlay = Overlay::Detail { pane, index, scroll: scroll.min(last_line(state, pane, index)) };
    navigation::wanted(state, pane, index)
}

/// The line of the next hunk, or of the one before; where there is none it stays.
fn hunk(state: &State, index: usize, scroll: usize, is_next: bool) -> usize {
    let hunks = change::pane::hunks(&state.change, index);
    let found =
        if is_next { hunks.iter().find(|line| **line > scroll) } else { hunks.iter().rfind(|line| **line < scroll) };
    found.copied().unwrap_or(scroll)
}

/// The last line of a detail that may stand at the top.
fn last_line(state: &State, pane: Pane, index: usize) -> usize {
    let theme = crate::ui::theme::Theme::default();
    let ctx = crate::ui::Ctx { now: state.now, theme: &theme };
    let width = state.ui.size.0.saturating_sub(4);
    let rows = usize::from(state.ui.size.1.saturating_sub(6));
    panes::detail(state, pane, &ctx, index, width).len().saturating_sub(rows)
}

/// The row before or after one, in the order of the pane; the pane's selection follows.
fn beside(state: &mut State, pane: Pane, index: usize, step: isize) -> usize {
    let len = panes::len(state, pane);
    let list = &mut state.ui.lists[pane.index()];
    list.step(step, len, usize::MAX);
    list.selected(len).unwrap_or(index)
}

fn in_form(state: &mut State, key: Key, mut form: Form) -> Vec<Effect> {
    let head = state.change.head().and_then(|head| head.commit);
    match form.key(key, state.now, head) {
        Outcome::Open => {
            state.ui.overlay = Overlay::Form(form);
            Vec::new()
        }
        Outcome::Cancelled => Vec::new(),
        Outcome::Accepted(entries) => match form.purpose {
            Purpose::Reopen(incident) => {
                let record = |entry| Effect::Record { incident: incident.clone(), entry, actor: Actor::Operator };
                entries.into_iter().map(record).collect()
            }
            _ => accepted(state, entries),
        },
    }
}

fn accepted(state: &mut State, entries: Vec<Entry>) -> Vec<Effect> {
    let entries: Vec<_> = entries.into_iter().map(|entry| witnessed(state, alone(state, entry))).collect();
    entries.into_iter().filter_map(|entry| by_operator(state, entry)).collect()
}

/// A decision, with what was on the screen when it was taken.
fn witnessed(state: &State, entry: Entry) -> Entry {
    let Entry::Decided { decision, reason, readiness, snapshot: None } = entry else { return entry };
    let standing = || state.checklist.standing().readiness.label().to_owned();
    let snapshot = Some(Box::new(state.snapshot()));
    Entry::Decided { decision, reason, readiness: readiness.or_else(|| Some(standing())), snapshot }
}

/// The override of a gate that wants a second person breaks the glass.
fn alone(state: &State, entry: Entry) -> Entry {
    match entry {
        Entry::Overridden { item, reason, name, head } if wants_second(state, &item) => {
            Entry::GlassBroken(Box::new(BrokenGlass { item, reason, name, head }))
        }
        entry => entry,
    }
}

fn wants_second(state: &State, item: &str) -> bool {
    state.checklist.gates().iter().any(|gate| gate.id == item && gate.break_glass)
}

/// The entries of a new incident, under an id of its own.
pub fn declare(state: &State, entries: Vec<Entry>) -> Vec<Effect> {
    let title = entries.iter().find_map(|entry| match entry {
        Entry::Declared { title, .. } => Some(title.as_str()),
        _ => None,
    });
    let incident =
        naming::id(title.unwrap_or("incident"), state.now, |id| state.project.incidents.iter().any(|it| it == id));
    let record = |entry| Effect::Record { incident: incident.clone(), entry, actor: Actor::Operator };
    entries.into_iter().map(record).collect()
}

fn filter(state: &mut State, key: Key) -> Vec<Effect> {
    let pane = state.ui.focus;
    let mut text = state.list(pane).filter.clone();
    match key.code {
        Code::Enter => return Vec::new(),
        Code::Esc => text.clear(),
        Code::Backspace => {
            text.pop();
            state.ui.overlay = Overlay::Filter;
        }
        Code::Char(c) if !key.ctrl && !key.alt => {
            text.push(c);
            state.ui.overlay = Overlay::Filter;
        }
        _ => state.ui.overlay = Overlay::Filter,
    }
    state.ui.lists[pane.index()].filter = text;
    settle(state);
    Vec::new()
}

/// Arms the rollback, or says why it cannot be armed.
pub fn arm(state: &mut State, over: bool, answer: Option<Answer>) -> Vec<Effect> {
    let (bound, chance) = lot(state);
    take(state, rollback::Event::Arm { bound, chance, over, answer })
}

/// Arms the taking back of what a failed rollback did, or says why it cannot be armed.
pub fn take_back(state: &mut State) -> Vec<Effect> {
    let (bound, chance) = lot(state);
    take(state, rollback::Event::TakeBack { bound, chance })
}

/// What the letter of the moment is drawn from: the letters that are bound, and a number that nobody foresees.
fn lot(state: &State) -> (Vec<char>, u64) {
    let chance = state.hand.as_nanosecond().unsigned_abs() as u64 ^ state.entropy;
    (state.ui.keymap.bound_letters(), chance)
}

/// Takes in what the rollback's planner or executor tells.
pub fn rolled(state: &mut State, event: rollback::Event) -> Vec<Effect> {
    super::looked(state, Pane::Rollback);
    let is_rollout = matches!(event, rollback::Event::Rollout(rollout::Event::Seen(_)));
    let mut effects = take(state, event);
    if is_rollout {
        effects.extend(super::seen::rollout(state));
    }
    effects
}

/// Tells the guard what happened, if it is armed.
pub fn guard(state: &mut State, input: Input) -> Vec<Effect> {
    if state.rollback.guard.armed().is_none() {
        return Vec::new();
    }
    take(state, rollback::Event::Input(input))
}

/// Tells the guard that time went by, and a promotion that can still be taken back.
pub fn moment(state: &mut State) -> Vec<Effect> {
    let mut effects = guard(state, Input::Moment);
    if state.rollback.rollout.pending.is_some() {
        effects.extend(take(state, rollback::Event::Rollout(rollout::Event::Moment)));
    }
    effects
}

/// Asks for something to be done to the rollout, with what speaks against giving the canary more users.
pub fn steer(state: &mut State, act: Act) -> Vec<Effect> {
    let event = rollout::Event::Asked {
        act,
        caution: rollout::caution(state.project.config.canary.is_some(), state.canary.verdict(state.now)),
        bound: state.ui.keymap.bound_letters(),
        chance: state.hand.as_nanosecond().unsigned_abs() as u64 ^ state.entropy,
    };
    take(state, rollback::Event::Rollout(event))
}

/// Passes an event to the rollback room. The overlay follows the guard.
pub fn take(state: &mut State, event: rollback::Event) -> Vec<Effect> {
    set_policy(state);
    let was_armed = state.rollback.guard.armed().is_some();
    let outcome = state.rollback.update_by_hand(event, state.now, state.hand);
    let is_armed = state.rollback.guard.armed().is_some();
    if is_armed {
        state.ui.overlay = Overlay::Rollback;
    } else if was_armed {
        state.ui.overlay = Overlay::None;
        state.ui.focus = Pane::Rollback;
    }
    if let Some(said) = state.rollback.said.clone().filter(|_| outcome.changed && !is_armed) {
        state.ui.tell(Toast::info(said), state.uptime);
    }
    if is_armed || was_armed {
        state.ui.damage.add(Damage::ALL);
    } else if outcome.changed {
        state.ui.damage.add(Damage::pane(Pane::Rollback));
    }
    settle(state);
    outcome.effects.into_iter().map(|effect| carried(state, effect)).collect()
}

/// What it takes to fire goes by the severity of the incident.
fn set_policy(state: &mut State) {
    let Some(key) = state.project.config.rollback.as_ref().map(|rollback| rollback.key) else { return };
    let severity = state.incident.as_ref().and_then(|incident| incident.severity);
    state.rollback.policy = policy(key, severity);
    state.rollback.operator.clone_from(&state.project.operator);
}

fn carried(state: &State, effect: rollback::Effect) -> Effect {
    let incident = state.incident.as_ref().map_or_else(|| crate::incident::NONE.to_owned(), |it| it.id.clone());
    match effect {
        rollback::Effect::Record(entry) => {
            Effect::Record { incident, entry: witnessed(state, entry), actor: Actor::Operator }
        }
        effect => Effect::Rollback { effect, incident },
    }
}

fn guard_key(key: Key) -> guard::Key {
    match key.code {
        Code::Char(c) if !key.ctrl && !key.alt => guard::Key::Char(c),
        Code::Enter => guard::Key::Enter,
        Code::Backspace => guard::Key::Backspace,
        _ => guard::Key::Other,
    }
}
