//! The checklist as a pane: the stages, the present one first and unfolded, and the gates of each.

use jiff::Timestamp;
use ratatui::text::{Line, Span};

use super::model::{By, GateState, GateStatus, Row, Seen, State, Strength};
use super::readiness::Readiness;
use crate::evidence::text::{fit, width, wrap};
use crate::incident::Stage;
use crate::ui::Ctx;
use crate::ui::pane::{Title, short};
use crate::ui::theme::{Mark, Role};

/// Cells of a row before the id of its gate: indent and glyph.
const BEFORE_ID: usize = 4;
/// The most cells for an id.
const LONGEST_ID: usize = 12;
/// From so many cells on a row shows the reason too.
const WIDE: usize = 110;
/// Cells for the text of a gate in a wide row: the longest default text.
const TEXT: usize = 44;

/// What the frame says: the stage, and how many of the required gates are passed.
pub fn title(state: &State, ctx: &Ctx) -> Title {
    let standing = state.standing();
    let passed = standing.required - standing.open;
    let role = if standing.open == 0 { Role::Good } else { Role::Warn };
    let note = Span::styled(format!("{passed}/{}", standing.required), ctx.theme.style(role));
    Title { subject: state.stage().label().to_owned(), note }
}

/// One line: readiness, counts, the first reason.
pub fn summary(state: &State, ctx: &Ctx) -> Line<'static> {
    let standing = state.standing();
    let reason = standing.reasons.first().cloned().unwrap_or_default();
    let dot = ctx.theme.pick(" · ", " | ");
    Line::from(vec![verdict(state, ctx), Span::raw(format!("{dot}{}{dot}{reason}", counts(state)))])
}

/// Readiness with its first reason, and what to do next.
pub fn head(state: &State, ctx: &Ctx, width: u16, height: u16) -> Vec<Line<'static>> {
    let cells = usize::from(width);
    let verdict = verdict(state, ctx);
    let room = cells.saturating_sub(verdict.width());
    let mut lines = vec![Line::from(vec![verdict, Span::raw(fit(&format!("  {}", counts(state)), room))])];
    // In a low box the list needs the rows more than its own summary does.
    if height < 8 {
        return lines;
    }
    if state.has_incident() {
        lines.extend(reason_and_next(state, ctx, cells, if height < 16 { 1 } else { 2 }));
    } else {
        lines.extend(how_to_begin(ctx, cells));
    }
    lines.push(Line::raw(""));
    lines
}

fn reason_and_next(state: &State, ctx: &Ctx, cells: usize, rows: usize) -> Vec<Line<'static>> {
    let standing = state.standing();
    let next = standing.next.as_ref().map(|next| format!("{} {next}", ctx.theme.pick("→", "->")));
    let said = |text: Option<&String>, role: Role| {
        let style = ctx.theme.style(role);
        let rows = text.map_or_else(Vec::new, |text| wrap_to(text, cells, rows));
        rows.into_iter().map(move |row| Line::styled(row, style))
    };
    said(standing.reasons.first(), Role::Text).chain(said(next.as_ref(), Role::Muted)).collect()
}

/// The first rows of a text, the last one cut with `…` where there is more.
fn wrap_to(text: &str, cells: usize, rows: usize) -> Vec<String> {
    let mut wrapped = wrap(text, cells);
    if wrapped.len() > rows {
        let rest = wrapped.split_off(rows.saturating_sub(1)).join(" ");
        wrapped.push(fit(&rest, cells));
    }
    wrapped
}

fn how_to_begin(ctx: &Ctx, cells: usize) -> Vec<Line<'static>> {
    let key = Span::styled("i", ctx.theme.style(Role::Key));
    let text = " opens the assessment, or run `hotfix declare`";
    vec![
        Line::raw(fit("no incident is declared: nothing may be shipped", cells)),
        Line::from(vec![key, Span::raw(fit(text, cells.saturating_sub(1)))]),
    ]
}

/// Rows of the list: stages, and the gates of those that are unfolded.
pub fn len(state: &State) -> usize {
    state.rows().len()
}

/// One row.
pub fn item(state: &State, ctx: &Ctx, index: usize, width: u16) -> Line<'static> {
    match state.rows().get(index) {
        Some(Row::Stage(stage)) => stage_row(state, ctx, *stage, usize::from(width)),
        Some(Row::Gate(place)) => state
            .gates()
            .get(*place)
            .map_or_else(Line::default, |gate| gate_row(gate, ctx, id_cells(state), usize::from(width))),
        None => Line::default(),
    }
}

/// What the filter looks at.
pub fn text(state: &State, index: usize) -> String {
    match state.rows().get(index) {
        Some(Row::Stage(stage)) => stage.title().to_owned(),
        Some(Row::Gate(place)) => state
            .gates()
            .get(*place)
            .map_or_else(String::new, |gate| format!("{} {} {} {}", gate.id, gate.text, gate.state.label(), gate.why)),
        None => String::new(),
    }
}

/// What Enter opens: why a gate stands where it stands, on what evidence, and what would satisfy it.
pub fn detail(state: &State, ctx: &Ctx, index: usize, width: u16) -> Vec<Line<'static>> {
    let cells = usize::from(width);
    match state.rows().get(index) {
        Some(Row::Stage(stage)) => stage_detail(state, ctx, *stage, cells),
        Some(Row::Gate(place)) => state.gates().get(*place).map_or_else(Vec::new, |gate| gate_detail(gate, ctx, cells)),
        None => Vec::new(),
    }
}

fn verdict(state: &State, ctx: &Ctx) -> Span<'static> {
    let readiness = state.standing().readiness;
    let (mark, role) = match readiness {
        Readiness::Go => (Mark::Good, Role::Good),
        Readiness::NoGo | Readiness::RollBack => (Mark::Bad, Role::Bad),
        Readiness::NotEnoughData => (Mark::Unknown, Role::Unknown),
    };
    Span::styled(format!("{} {}", ctx.theme.mark(mark), readiness.label().to_uppercase()), ctx.theme.style(role))
}

fn counts(state: &State) -> String {
    let standing = state.standing();
    let advised = match standing.advised_open {
        0 => String::new(),
        n => format!(", {n} advised"),
    };
    format!("{} of {} gates open{advised}", standing.open, standing.required)
}

fn stage_row(state: &State, ctx: &Ctx, stage: Stage, cells: usize) -> Line<'static> {
    let theme = ctx.theme;
    let fold = if state.is_unfolded(stage) { theme.pick("▾", "v") } else { theme.pick("▸", ">") };
    let of_stage = || state.gates().iter().filter(|gate| gate.stage == stage);
    let required = || of_stage().filter(|g| g.strength == Strength::Required && g.state != GateState::NotApplicable);
    let passed = required().filter(|gate| gate.is_passed()).count();
    let here = if stage == state.stage() { "  (now)" } else { "" };
    let right = format!("{passed}/{}", required().count());
    let left = format!("{fold} {}{here}", stage.title());
    let role = if stage == state.stage() { Role::Focus } else { Role::Text };
    Line::styled(justified(&left, &right, cells), theme.style(role))
}

/// `left` and `right` at the two ends of a row.
fn justified(left: &str, right: &str, cells: usize) -> String {
    let left = fit(left, cells.saturating_sub(width(right) + 1));
    let gap = cells.saturating_sub(width(&left) + width(right));
    format!("{left}{}{right}", " ".repeat(gap))
}

/// Glyph, id, text; at the right end who says so and how long ago, or the word for what is missing. A wide
/// row has the reason between them.
fn gate_row(gate: &GateStatus, ctx: &Ctx, ids: usize, cells: usize) -> Line<'static> {
    let (mark, role) = look(gate);
    let style = ctx.theme.style(role);
    let right = fit(&standing_words(gate, ctx.now), cells / 2);
    let room = cells.saturating_sub(width(&right) + BEFORE_ID + ids + 1);
    let (text, reason) = if cells < WIDE { (room, 0) } else { (TEXT.min(room), room.saturating_sub(TEXT + 1)) };
    let muted = gate.state == GateState::NotApplicable || gate.strength == Strength::Advised && gate.is_passed();
    let body = ctx.theme.style(if muted { Role::Muted } else { Role::Text });
    let mut spans = vec![
        Span::styled(format!("  {} ", ctx.theme.mark(mark)), style),
        Span::styled(format!("{}{} ", padded(&fit(column_id(gate), ids - 1), ids), padded(&gate.text, text)), body),
    ];
    if reason > 0 {
        spans.push(Span::styled(padded(&gate.why, reason) + " ", ctx.theme.style(Role::Muted)));
    }
    spans.push(Span::styled(right, style));
    Line::from(spans)
}

/// The id as its column has it: a row's text says what it is about.
fn column_id(gate: &GateStatus) -> &str {
    gate.id.split('/').next().unwrap_or_default()
}

/// How wide the column of ids is, with the blank behind it: a team's own may be longer than `b10`.
fn id_cells(state: &State) -> usize {
    let widest = state.gates().iter().map(|gate| width(column_id(gate))).max();
    widest.unwrap_or_default().clamp(3, LONGEST_ID) + 1
}

/// Exactly so many cells.
fn padded(text: &str, cells: usize) -> String {
    let text = fit(text, cells);
    let gap = cells.saturating_sub(width(&text));
    text + &" ".repeat(gap)
}

fn look(gate: &GateStatus) -> (Mark, Role) {
    match gate.state {
        GateState::Satisfied => (Mark::Good, Role::Good),
        GateState::Overridden => (Mark::Overridden, Role::Warn),
        GateState::NotApplicable => (Mark::Open, Role::Muted),
        GateState::Stale => (Mark::Stale, Role::Warn),
        GateState::Failed if gate.strength == Strength::Required => (Mark::Bad, Role::Bad),
        GateState::Failed => (Mark::Warn, Role::Warn),
        GateState::Open if gate.awaits_data => (Mark::Running, Role::Unknown),
        GateState::Open => (Mark::Open, if gate.strength == Strength::Required { Role::Warn } else { Role::Muted }),
    }
}

/// `git, 2s ago` where something satisfies the gate, else the word for where it stands.
fn standing_words(gate: &GateStatus, now: Timestamp) -> String {
    let advised = if gate.strength == Strength::Advised { ", advised" } else { "" };
    match (gate.state, gate.by) {
        (GateState::Satisfied, Some(By::Evidence)) => {
            gate.evidence.as_ref().map_or_else(String::new, |seen| from(seen, now))
        }
        (GateState::Satisfied, _) => who(gate, now),
        (GateState::Overridden, _) => format!("overridden: {}", who(gate, now)),
        (GateState::NotApplicable, _) => "n/a".to_owned(),
        (GateState::Open, _) if gate.awaits_data => format!("waiting for data{advised}"),
        (state, _) => format!("{}{advised}", state.label()),
    }
}

fn from(seen: &Seen, now: Timestamp) -> String {
    match seen.observed_at {
        Some(at) => format!("{}, {}", seen.source, ago(at, now)),
        None => seen.source.clone(),
    }
}

fn who(gate: &GateStatus, now: Timestamp) -> String {
    gate.said.as_ref().map_or_else(String::new, |said| format!("{}, {}", said.by, ago(said.at, now)))
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    format!("{} ago", short(age(at, now)))
}

fn age(at: Timestamp, now: Timestamp) -> std::time::Duration {
    std::time::Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

fn stage_detail(state: &State, ctx: &Ctx, stage: Stage, cells: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled(stage.title(), ctx.theme.style(Role::Focus)), Line::raw("")];
    let gates = state.gates().iter().filter(|gate| gate.stage == stage);
    lines.extend(gates.map(|gate| gate_row(gate, ctx, id_cells(state), cells)));
    lines
}

fn gate_detail(gate: &GateStatus, ctx: &Ctx, cells: usize) -> Vec<Line<'static>> {
    let (mark, role) = look(gate);
    let strength = if gate.strength == Strength::Required { "required" } else { "advised" };
    let word = format!("{} {}", ctx.theme.mark(mark), gate.state.label());
    let mut lines = vec![
        Line::styled(fit(&format!("{} {}", gate.id, gate.text), cells), ctx.theme.style(Role::Focus)),
        Line::from(vec![
            Span::styled(word, ctx.theme.style(role)),
            Span::raw(format!(", {strength}, stage {}", gate.stage.label())),
        ]),
        Line::raw(""),
    ];
    let mut field = |name: &str, value: &str| lines.extend(paragraph(name, value, cells));
    field("why", &gate.why);
    field("next", &gate.next);
    if let Some(wanted) = wanted(gate).filter(|_| !gate.is_passed()) {
        field("a tick", &wanted);
    }
    if let Some(seen) = &gate.evidence {
        evidence_fields(seen, ctx.now, &mut field);
    }
    if let Some(said) = &gate.said {
        let at = said.head.as_ref().map_or_else(String::new, |head| format!(", at {}", head.short()));
        let due = said.due_at.map_or_else(String::new, |due| format!(", due {due}"));
        let owner = said.owner.as_ref().map_or_else(String::new, |owner| format!(", for {owner}{due}"));
        let text = said.text.as_ref().map_or_else(String::new, |text| format!(": {text}"));
        field("said", &format!("{}, {}{at}{owner}{text}", said.by, ago(said.at, ctx.now)));
    }
    lines.push(Line::raw(""));
    lines.extend(keys(ctx));
    lines
}

/// What a tick has to say, and what else passes the gate.
fn wanted(gate: &GateStatus) -> Option<String> {
    let says = gate.says.map(|says| format!("has to hold {}", says.label()));
    let names = (!gate.to_name.is_empty()).then(|| format!("has to name {}", gate.to_name.join(", ")));
    let waits = gate.deferrable.then(|| "or an owner and a time, if it may wait".to_owned());
    let parts: Vec<_> = says.into_iter().chain(names).chain(waits).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn evidence_fields(seen: &Seen, now: Timestamp, field: &mut impl FnMut(&str, &str)) {
    field("source", &from(seen, now));
    if let Some(ttl) = seen.ttl_s {
        field("holds for", &short(std::time::Duration::from_secs(ttl)));
    }
    field("about", seen.subject.as_ref().map_or("no commit", |oid| oid.as_str()));
    if let Some(value) = seen.value.as_ref().filter(|value| !value.is_empty()) {
        field("value", value);
    }
}

fn keys(ctx: &Ctx) -> [Line<'static>; 2] {
    let line = |key: &'static str, does: &'static str| {
        Line::from(vec![Span::styled(key, ctx.theme.style(Role::Key)), Span::raw(does)])
    };
    [line("Space", " ticks it, with a note"), line("O", "     overrides it, with a reason and a name")]
}

/// A named value over as many rows as it takes, its later rows under the first.
fn paragraph(name: &str, value: &str, cells: usize) -> Vec<Line<'static>> {
    const NAMES: usize = 11;
    let rows = wrap(value, cells.saturating_sub(NAMES).max(8));
    let label = |row: usize| if row == 0 { name } else { "" };
    rows.iter().enumerate().map(|(row, part)| Line::raw(format!("{:<NAMES$}{part}", label(row)))).collect()
}

#[cfg(test)]
#[path = "pane_tests.rs"]
mod tests;
