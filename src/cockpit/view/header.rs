//! The header: the master caution light.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{clear, put};
use crate::checklist::readiness::Readiness;
use crate::cockpit::state::{Standing, State};
use crate::cockpit::update::clocks;
use crate::evidence::text::width;
use crate::incident::clocks::{Clock, Kind, Tone};
use crate::incident::roles::Holders;
use crate::incident::{Incident, Role as Duty};
use crate::ui::Ctx;
use crate::ui::theme::{Mark, Role};

/// Draws the header into one line or two.
pub fn draw(state: &State, ctx: &Ctx, area: Rect, canvas: &mut Buffer) {
    clear(area, canvas);
    let verdict = verdict(state, ctx);
    let cells = (verdict.width() as u16).min(area.width);
    let chip = chip(state, ctx);
    let used = chip.width() as u16;
    put(chip, area.x, area.y, used, canvas);
    let left = area.width.saturating_sub(cells + 2 + used);
    let (story, unsaid) = story(state, ctx, left);
    put(story, area.x + used, area.y, left, canvas);
    put(verdict, area.right() - cells.min(area.width), area.y, cells, canvas);
    if area.height < 2 {
        return;
    }
    let beside = beside(unsaid, banner(state, ctx), ctx);
    let cells = beside.width() as u16;
    put(reason(state, ctx), area.x + 1, area.y + 1, area.width.saturating_sub(cells + 2), canvas);
    put(beside, area.right().saturating_sub(cells), area.y + 1, cells, canvas);
}

/// Readiness in words, and how many gates stand in the way.
pub fn verdict(state: &State, ctx: &Ctx) -> Line<'static> {
    let (mark, role) = match state.checklist.standing().readiness {
        Readiness::Go => (Mark::Good, Role::Good),
        Readiness::NoGo => (Mark::Bad, Role::Bad),
        Readiness::RollBack => (Mark::Bad, Role::Bad),
        Readiness::NotEnoughData => (Mark::Unknown, Role::Unknown),
    };
    let standing = state.checklist.standing();
    let word = state.checklist.standing().readiness.label().to_uppercase();
    let style = ctx.theme.style(role).add_modifier(ratatui::style::Modifier::BOLD);
    Line::from(vec![
        Span::styled(format!("{} {word}", ctx.theme.mark(mark)), style),
        Span::raw(format!("  {} of {} gates open ", standing.open, standing.required)),
    ])
}

/// The first reason of the verdict.
pub fn reason(state: &State, ctx: &Ctx) -> Line<'static> {
    let reason = state.checklist.standing().reasons.first().cloned().unwrap_or_default();
    Line::styled(reason, ctx.theme.style(Role::Text))
}

/// That this is a drill, and how its clock goes: in the first line of every screen, which nothing covers.
pub fn chip(state: &State, ctx: &Ctx) -> Line<'static> {
    let drill = state.project.drill.as_ref();
    let said = drill.map_or_else(String::new, |drill| format!(" DRILL{} ", drill.tempo.mark()));
    Line::styled(said, ctx.theme.style(Role::Banner))
}

fn banner(state: &State, ctx: &Ctx) -> Line<'static> {
    let said = match (&state.project.drill, &state.project.standing) {
        (Some(drill), _) => format!(" {} ", drill.name),
        (None, Standing::Untrusted) => " hotfix.toml NOT TRUSTED: hotfix trust ".to_owned(),
        (None, Standing::Broken(_)) => " hotfix.toml BROKEN: hotfix doctor ".to_owned(),
        (None, _) if state.project.is_read_only => " READ-ONLY ".to_owned(),
        _ => return Line::default(),
    };
    Line::styled(said, ctx.theme.style(Role::Banner))
}

/// The banner, and before it what the first line has no room for: a broken glass, and the most urgent clock.
fn beside(unsaid: Vec<(String, Role)>, banner: Line<'static>, ctx: &Ctx) -> Line<'static> {
    if unsaid.is_empty() {
        return banner;
    }
    let unsaid = unsaid.into_iter().map(|(says, role)| Span::styled(format!(" {says} "), ctx.theme.style(role)));
    let banner_style = banner.style;
    let banner = banner.spans.into_iter().map(|span| span.patch_style(banner_style));
    Line::from_iter(unsaid.chain(banner))
}

/// What is going on, as far as there is room; and a broken glass and the most urgent clock, where there is none for them.
fn story(state: &State, ctx: &Ctx, room: u16) -> (Line<'static>, Vec<(String, Role)>) {
    let Some(incident) = &state.incident else { return (nothing(state, ctx), Vec::new()) };
    let stage = if incident.closed_at.is_some() { "closed" } else { incident.stage.label() };
    let stage = (stage.to_uppercase(), Role::Text);
    let mut parts = vec![(named(incident), Role::Focus), stage];
    let glass = glass(incident).map(|glass| (glass, Role::Bad));
    let has_room = |text: &str| width(&parts[0].0) + width(text) + 4 <= usize::from(room);
    let (beside, here) = if glass.as_ref().is_some_and(|(it, _)| has_room(it)) { (None, glass) } else { (glass, None) };
    parts.splice(1..1, here);
    let before_clocks = parts.len();
    let clocks = clocks::of(state);
    let shown = clocks.iter().filter(|clock| clock.tone != Tone::Calm || clock.kind != Kind::Decision);
    let mut shown: Vec<_> = shown.map(|clock| (clock.says.clone(), role(clock))).collect();
    let first = shown.first().cloned();
    // The last one, how long ago it was declared, tells least: the roles come first.
    let declared = shown.pop();
    parts.extend(shown);
    parts.extend(roles(incident).map(|roles| (roles, Role::Text)));
    parts.extend(declared);
    let (line, said) = join(parts, ctx, room);
    (line, beside.into_iter().chain(first.filter(|_| said <= before_clocks)).collect())
}

/// What was passed by one who was alone: `BREAK GLASS a6, b9 ana`.
fn glass(incident: &Incident) -> Option<String> {
    let broken: Vec<_> = incident.standing_glass().collect();
    let items: Vec<_> = broken.iter().map(|it| it.item.as_str()).collect();
    let mut persons: Vec<_> = broken.iter().map(|it| it.by.as_str()).collect();
    persons.dedup();
    (!items.is_empty()).then(|| format!("BREAK GLASS {} {}", items.join(", "), persons.join(", ")))
}

fn nothing(state: &State, ctx: &Ctx) -> Line<'static> {
    let name = Span::styled(format!(" {}", state.project.name), ctx.theme.style(Role::Focus));
    if state.project.standing == Standing::Opening {
        return Line::from(vec![name, Span::styled(" · opening the journal", ctx.theme.style(Role::Muted))]);
    }
    Line::from(vec![
        name,
        Span::raw(" · no incident · "),
        Span::styled("i", ctx.theme.style(Role::Key)),
        Span::raw(" declares one"),
    ])
}

fn named(incident: &Incident) -> String {
    let severity = incident.severity.map_or("SEV?", crate::incident::Severity::label);
    let doubt = if incident.severity.is_some() && !incident.is_confirmed() { "?" } else { "" };
    format!("{severity}{doubt} {}", incident.title)
}

fn role(clock: &Clock) -> Role {
    match clock.tone {
        Tone::Late => Role::Bad,
        Tone::Soon => Role::Warn,
        Tone::Calm => Role::Text,
    }
}

/// Each person with their roles: `commander, comms: ana · ops: bob`.
fn roles(incident: &Incident) -> Option<String> {
    let holders = Holders::of(incident);
    let labels = |roles: &[Duty]| roles.iter().map(|role| role.label()).collect::<Vec<_>>().join(", ");
    let persons: Vec<_> =
        holders.persons().into_iter().map(|(name, roles)| format!("{}: {name}", labels(&roles))).collect();
    (!persons.is_empty()).then(|| persons.join(" · "))
}

/// Parts in the order of their weight, as many as have room; and how many that are.
fn join(parts: Vec<(String, Role)>, ctx: &Ctx, room: u16) -> (Line<'static>, usize) {
    let mut spans = vec![Span::raw(" ")];
    let (mut used, mut said) = (1, 0);
    for (text, role) in parts {
        let separator = if said == 0 { "" } else { ctx.theme.pick(" · ", " | ") };
        let cells = width(&text) + width(separator);
        if used + cells > usize::from(room) && said > 0 {
            break;
        }
        (used, said) = (used + cells, said + 1);
        spans.push(Span::styled(separator.to_owned(), ctx.theme.style(Role::Muted)));
        spans.push(Span::styled(text, ctx.theme.style(role)));
    }
    (Line::from(spans), said)
}
