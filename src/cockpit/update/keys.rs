//! Keys: to the overlay that is open, else to the panes.

use super::super::action::Action;
use super::super::damage::Damage;
use super::super::effect::Effect;
use super::super::event::Toast;
use super::super::form::Form;
use super::super::keymap::{Code, Key};
use super::super::panes;
use super::super::state::{Overlay, Standing, State};
use super::super::tour::Tour;
use super::{assessment, by_operator, incidents, navigation, notices, overlays, settle, timeline};
use crate::checklist::readiness::can_enter;
use crate::config::schema::TestSource;
use crate::drill::clock::Tempo;
use crate::drill::steering::Order as Steering;
use crate::incident::{Entry, Stage};
use crate::rollback::execution::Answer;
use crate::rollback::rollout::state as rollout;
use crate::rollback::state as rollback;
use crate::tracker;
use crate::ui::Ctx;
use crate::ui::layout::Pane;
use crate::ui::theme::Theme;

/// Takes a key.
pub fn key(state: &mut State, key: Key, is_repeat: bool) -> Vec<Effect> {
    if state.ui.overlay != Overlay::None {
        return overlays::key(state, key, is_repeat);
    }
    if let Some(tour) = state.ui.tour.filter(|_| guides(state, key)) {
        return guide(state, tour, key);
    }
    match state.ui.keymap.action(key, state.ui.focus) {
        Some(action) => act(state, action),
        None => nothing(state, key),
    }
}

/// Whether a key is meant for the tour: esc leaves it, and enter takes what is offered.
fn guides(state: &State, key: Key) -> bool {
    let offered = state.ui.tour.is_some_and(Tour::waits_for_enter);
    key.code == Code::Esc || offered && key.code == Code::Enter
}

fn guide(state: &mut State, tour: Tour, key: Key) -> Vec<Effect> {
    state.ui.tour = if key.code == Code::Enter { Some(tour.next()) } else { None };
    if state.ui.tour.is_none() {
        state.ui.tell(Toast::info("`drill-tour` in the palette takes the tour again"), state.uptime);
    }
    redraw(state);
    Vec::new()
}

/// The panes have another size, or something else lies on them.
fn redraw(state: &mut State) {
    state.ui.damage.add(Damage::ALL);
    settle(state);
}

/// A key that means nothing here: where it means something.
fn nothing(state: &mut State, key: Key) -> Vec<Effect> {
    let place = |pane: Pane| {
        let way = state.ui.keymap.key_on(Action::Focus(pane), state.ui.focus);
        format!("{} pane{}", pane.name().to_lowercase(), way.map_or_else(String::new, |way| format!(" (`{way}`)")))
    };
    let places: Vec<String> = state.ui.keymap.panes(key).into_iter().map(place).collect();
    if let [others @ .., last] = places.as_slice() {
        let others = if others.is_empty() { String::new() } else { format!("{} and the ", others.join(", the ")) };
        let said = format!("`{key}` means something on the {others}{last} only");
        state.ui.tell(Toast::info(said), state.uptime);
    }
    Vec::new()
}

/// Does what was asked, or says why not.
pub fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if let Some(reason) = disabled(state, action) {
        state.ui.tell(Toast::error(reason), state.uptime);
        return Vec::new();
    }
    match action {
        Action::Refresh => {
            state.ui.tell(Toast::info("asking every source again"), state.uptime);
            vec![Effect::Refresh]
        }
        Action::Look(look) => {
            state.canary.look(look);
            state.ui.damage.add(Damage::ALL);
            Vec::new()
        }
        Action::Tick | Action::Override => mark(state, action),
        Action::Assess => assessment::open(state, false),
        Action::Role => {
            let form = state.incident.as_ref().map(|it| Form::role(it, &state.project.operator));
            form.map_or_else(Vec::new, |form| show(state, Overlay::Form(form)))
        }
        Action::Incidents => incidents::open(state),
        Action::Decide => show(state, Overlay::Form(Form::decide())),
        Action::Note => show(state, Overlay::Form(Form::note())),
        Action::Pin => timeline::pin(state),
        Action::Correct => timeline::correct(state),
        Action::SameKind => timeline::same_kind(state),
        Action::Export => timeline::export(state),
        Action::Say => notices::open(state),
        Action::Resend => notices::resend(state),
        Action::Situation => notices::situation(state),
        Action::TicketPage => ticket_page(state),
        Action::Close => show(state, Overlay::Form(Form::close(state.left_open(), &state.project.operator))),
        Action::NextStage => next_stage(state),
        Action::Rollback => overlays::arm(state, false, None),
        Action::RollbackOver => overlays::arm(state, true, None),
        Action::StepDone => overlays::arm(state, false, Some(Answer::Done)),
        Action::StepNotDone => overlays::arm(state, false, Some(Answer::NotDone)),
        Action::StepSkip => overlays::arm(state, false, Some(Answer::Skip)),
        Action::TakeBack => overlays::take_back(state),
        Action::Steer(act) => overlays::steer(state, act),
        Action::PauseRollout => {
            let act = state.rollback.rollout.pause_or_resume();
            overlays::steer(state, act)
        }
        Action::Back if state.rollback.rollout.pending.is_some() => {
            overlays::take(state, rollback::Event::Rollout(rollout::Event::TakenBack))
        }
        Action::StopRollback => overlays::take(state, rollback::Event::Stop),
        Action::RunTests => {
            state.tests.live.begin();
            vec![Effect::RunTests]
        }
        Action::StopTests => {
            state.tests.live.stopping = state.tests.live.is_busy();
            state.ui.damage.add(Damage::pane(Pane::Tests));
            vec![Effect::StopTests(orgs_at_work(state))]
        }
        Action::AcceptTests => match state.tests.claim(state.now) {
            Some(claim) => {
                let form = Form::accepting(claim, &state.project.operator);
                show(state, Overlay::Form(form))
            }
            None => Vec::new(),
        },
        Action::Explain => explain(state),
        Action::Edit => edit(state),
        Action::CiPage => page(state),
        Action::Copy => copy(state),
        Action::Mouse => vec![Effect::ToggleMouse],
        Action::DrillPause | Action::DrillFaster | Action::DrillSlower => steer(state, action),
        Action::Tour => {
            state.ui.tour = Some(Tour::at(1));
            redraw(state);
            Vec::new()
        }
        Action::Help | Action::Palette => {
            let is_help = action == Action::Help;
            show(state, Overlay::Actions { query: String::new(), cursor: 0, is_help })
        }
        Action::Suspend => vec![Effect::Suspend],
        Action::Quit if state.rollback.running => show(state, Overlay::ConfirmQuit),
        Action::Quit => vec![Effect::Quit],
        _ => navigation::navigate(state, action),
    }
}

/// Why an action cannot be done now, in one sentence.
pub fn disabled(state: &State, action: Action) -> Option<String> {
    if action.entry().records && state.project.is_read_only {
        return Some("this cockpit is read-only".into());
    }
    // An incident may be open that nobody has read yet.
    if action.entry().records && state.project.standing == Standing::Opening {
        return Some("the journal is still being opened: try again in a moment".into());
    }
    if action.entry().dangerous && tempo_of(state).is_some_and(|tempo| tempo.is_paused) {
        return Some("the drill is paused: `P` lets it go on".into());
    }
    match action {
        Action::DrillPause | Action::DrillFaster | Action::DrillSlower if state.project.drill.is_none() => {
            Some("only a drill's clock can be steered".into())
        }
        Action::Tour if state.project.drill.is_none() => Some("only a drill has a tour: `hotfix drill`".into()),
        Action::DrillPause if state.rollback.running => Some("a rollback runs: pause when it is done".into()),
        Action::Role
        | Action::Decide
        | Action::Note
        | Action::Pin
        | Action::Correct
        | Action::Export
        | Action::Say
        | Action::Resend
        | Action::Close
        | Action::NextStage
            if state.incident.is_none() =>
        {
            Some("there is no incident: `i` declares one".into())
        }
        Action::Tick | Action::Override if state.ui.focus != Pane::Checklist => {
            Some("select an item of the checklist first: `1`".into())
        }
        Action::Tick | Action::Override if state.incident.is_none() => {
            Some("there is no incident: `i` declares one".into())
        }
        Action::Pin if state.ui.focus == Pane::Timeline => Some("it is on the timeline already".into()),
        Action::RunTests => no_run(state),
        Action::StopTests if !state.tests.live.is_busy() && orgs_at_work(state).is_empty() => {
            Some("no tests run that were started from here".into())
        }
        Action::AcceptTests if state.incident.is_none() => Some("there is no incident: `i` declares one".into()),
        Action::AcceptTests if state.tests.claim(state.now).is_none() => {
            Some("nothing is to accept: only known failures, flaky, skipped and missing tests are".into())
        }
        Action::Edit if state.ui.focus != Pane::Tests => Some("select a failed test first: `3`".into()),
        Action::CiPage if state.ui.focus != Pane::Tests => Some("select a test first: `3`".into()),
        Action::StopRollback if !state.rollback.running => Some("no rollback is running".into()),
        _ => None,
    }
}

fn tempo_of(state: &State) -> Option<Tempo> {
    state.project.drill.as_ref().map(|drill| drill.tempo)
}

fn steer(state: &State, action: Action) -> Vec<Effect> {
    let Some(tempo) = tempo_of(state) else { return Vec::new() };
    let order = match action {
        Action::DrillPause if tempo.is_paused => Steering::Resume,
        Action::DrillPause => Steering::Pause,
        Action::DrillFaster => Steering::Speed { speed: tempo.faster().speed },
        _ => Steering::Speed { speed: tempo.slower().speed },
    };
    vec![Effect::Steer(order)]
}

/// The clock of the drill goes otherwise. What was seen at another speed is asked for again: it held for another time.
pub fn tempo(state: &mut State, tempo: Tempo) -> Vec<Effect> {
    let Some(drill) = state.project.drill.as_mut().filter(|drill| drill.tempo != tempo) else { return Vec::new() };
    let before = std::mem::replace(&mut drill.tempo, tempo);
    state.ui.damage.add(Damage::ALL);
    if (before.speed - tempo.speed).abs() > f64::EPSILON { vec![Effect::Refresh] } else { Vec::new() }
}

/// The clock of the drill was taken on: everything is older than it looks.
pub fn skipped(state: &mut State) -> Vec<Effect> {
    state.ui.damage.add(Damage::ALL);
    vec![Effect::Refresh]
}

/// Opens something over the panes.
pub(super) fn show(state: &mut State, overlay: Overlay) -> Vec<Effect> {
    state.ui.overlay = overlay;
    state.ui.damage.add(Damage::ALL);
    Vec::new()
}

/// Opens the incident's issue: where the tracker says, else where it must be by the configuration. Without one it is
/// named first.
fn ticket_page(state: &mut State) -> Vec<Effect> {
    let told = state.tracker.value().and_then(|issue| issue.page.clone());
    let ticket = state.incident.as_ref().and_then(|incident| incident.ticket.as_deref());
    let may_bind = state.incident.as_ref().is_some_and(|it| it.closed_at.is_none()) && !state.project.is_read_only;
    if ticket.is_none() && may_bind {
        return show(state, Overlay::Form(Form::ticket()));
    }
    let tracker = state.project.config.tracker.as_ref();
    let Some(page) = told.or_else(|| tracker::model::page(tracker, ticket?)) else {
        let why = if ticket.is_some() { "nothing says where that ticket is" } else { "the incident has no ticket" };
        state.ui.tell(Toast::error(format!("no page: {why}")), state.uptime);
        return Vec::new();
    };
    vec![Effect::OpenPage(page)]
}

fn mark(state: &mut State, action: Action) -> Vec<Effect> {
    let len = panes::len(state, Pane::Checklist);
    let Some(gate) = state.list(Pane::Checklist).selected(len).and_then(|index| state.checklist.gate_at(index)) else {
        return Vec::new();
    };
    let form = match action {
        Action::Override => Form::overriding(gate, &state.project.operator),
        _ if is_ticked(state, &gate.id) => Form::untick(gate),
        _ => Form::tick(gate, &state.zone),
    };
    show(state, Overlay::Form(form))
}

fn next_stage(state: &mut State) -> Vec<Effect> {
    let Some(next) = state.incident.as_ref().and_then(|it| it.stage.next()) else {
        state.ui.tell(Toast::info("this is the last stage: `:close` ends the incident"), state.uptime);
        return Vec::new();
    };
    let Err(held) = can_enter(next, state.checklist.gates()) else { return enter(state, next) };
    if let Some(gate) = held.iter().find(|gate| gate.break_glass) {
        let said = format!("{} wants another person; alone, `O` on it breaks the glass", gate.id);
        state.ui.tell(Toast::error(said), state.uptime);
        return Vec::new();
    }
    let held = held.iter().map(|gate| gate.id.clone()).collect();
    let form = Form::enter_stage(next, held, &state.project.operator);
    show(state, Overlay::Form(form))
}

fn enter(state: &mut State, stage: Stage) -> Vec<Effect> {
    by_operator(state, Entry::StageEntered { stage }).into_iter().collect()
}

/// Why tests cannot be run from here now.
fn no_run(state: &State) -> Option<String> {
    if state.tests.live.is_busy() {
        return Some("the tests run already: `T` stops them".into());
    }
    match &state.project.standing {
        Standing::Trusted if state.project.config.tests.iter().any(TestSource::starts_from_here) => None,
        Standing::Trusted | Standing::Missing => Some("no [[tests]] in hotfix.toml says how to `run` them".into()),
        Standing::Untrusted => Some("hotfix.toml is not trusted: nothing that it names is run".into()),
        Standing::Broken(_) => Some("hotfix.toml cannot be used: `hotfix doctor` says where".into()),
        Standing::Opening => Some("the project is still being opened: try again in a moment".into()),
    }
}

fn orgs_at_work(state: &State) -> Vec<String> {
    state.tests.orgs_at_work(&state.project.config.tests)
}

fn edit(state: &mut State) -> Vec<Effect> {
    let selected = state.list(Pane::Tests).selected(panes::len(state, Pane::Tests));
    let place = selected.and_then(|index| crate::test_results::pane::place(&state.tests, index));
    let Some(place) = place else {
        state.ui.tell(Toast::error("the report does not tell where it failed"), state.uptime);
        return Vec::new();
    };
    vec![Effect::Edit(place)]
}

/// Opens the page of the run that the selected test is from.
fn page(state: &mut State) -> Vec<Effect> {
    let selected = state.list(Pane::Tests).selected(panes::len(state, Pane::Tests));
    let Some(page) = crate::test_results::pane::page(&state.tests, selected, state.now) else {
        state.ui.tell(Toast::error("no page: these reports are files, not a server's"), state.uptime);
        return Vec::new();
    };
    vec![Effect::OpenPage(page)]
}

/// Opens the verdict of the selected metric, from wherever.
fn explain(state: &mut State) -> Vec<Effect> {
    if state.ui.focus != Pane::Canary {
        navigation::focus(state, Pane::Canary);
    }
    if panes::len(state, Pane::Canary) == 0 {
        state.ui.tell(Toast::info("there is no verdict to explain yet"), state.uptime);
    }
    navigation::open_detail(state)
}

fn copy(state: &mut State) -> Vec<Effect> {
    let pane = state.ui.focus;
    let Some(index) = state.list(pane).selected(panes::len(state, pane)) else { return Vec::new() };
    // What a failed test says is of use to whoever gets it; so is a whole detail to whoever has it open.
    let is_whole = pane == Pane::Tests || matches!(state.ui.overlay, Overlay::Detail { .. });
    let row = panes::text(state, pane, index);
    let text = if is_whole { in_full(state, pane, index) } else { row.clone() };
    let how = if is_whole { "copied in full" } else { "copied" };
    state.ui.tell(Toast::info(format!("{how}: {row}")), state.uptime);
    vec![Effect::Copy(text)]
}

/// A row in full, as text.
fn in_full(state: &State, pane: Pane, index: usize) -> String {
    let theme = Theme::default();
    let ctx = Ctx { now: state.now, theme: &theme };
    let lines = panes::detail(state, pane, &ctx, index, u16::MAX);
    let lines: Vec<String> = lines.iter().map(|line| line.to_string().trim_end().to_owned()).collect();
    lines.join("\n").trim_end().to_owned()
}

fn is_ticked(state: &State, item: &str) -> bool {
    state.incident.as_ref().is_some_and(|it| it.marks.contains_key(item))
}
