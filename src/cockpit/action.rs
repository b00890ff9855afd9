//! Everything that a person can ask of the cockpit, as one table. Keymap, hints, help, palette and the
//! README's list of keys are made from it.

use std::borrow::Cow;

use crate::canary::view::Look;
use crate::rollback::rollout::model::Act;
use crate::ui::layout::Pane;

/// What a person can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Go to a pane.
    Focus(Pane),
    /// Go to the next pane.
    FocusNext,
    /// Go to the previous pane.
    FocusPrevious,
    /// The row above.
    Up,
    /// The row below.
    Down,
    /// Half a page up.
    PageUp,
    /// Half a page down.
    PageDown,
    /// The first row.
    First,
    /// The last row.
    Last,
    /// Open the selected row.
    Open,
    /// Give the focused pane the whole screen, or take it back.
    Zoom,
    /// Show only the rows that hold a text.
    Filter,
    /// Close what is open, or clear the filter.
    Back,
    /// Look at the canary's pictures in another way.
    Look(Look),
    /// Say why the canary's verdict is what it is.
    Explain,
    /// Ask every source again.
    Refresh,
    /// Tick the selected checklist item, or take the tick back.
    Tick,
    /// Pass the selected gate with a reason and a name.
    Override,
    /// Answer the assessment questions; declares an incident where there is none.
    Assess,
    /// Take or hand over a role.
    Role,
    /// Go on to the next stage.
    NextStage,
    /// Record a decision.
    Decide,
    /// Put a note on the timeline.
    Note,
    /// Put the selected row on the timeline, with what its room shows.
    Pin,
    /// Put an entry of the timeline right, by another one.
    Correct,
    /// Show only entries of the selected one's kind, or all again.
    SameKind,
    /// Write the timeline to a file.
    Export,
    /// Write a notice to the stakeholders.
    Say,
    /// Send the last notice again, to the channels that have not got it.
    Resend,
    /// Copy a report of the situation.
    Situation,
    /// Open the incident's issue.
    TicketPage,
    /// List the incidents.
    Incidents,
    /// Close the incident.
    Close,
    /// Arm the rollback.
    Rollback,
    /// Arm the rollback anew, although an earlier one could go on.
    RollbackOver,
    /// Answer for the step in doubt: it took effect.
    StepDone,
    /// Answer for the step in doubt: it did not.
    StepNotDone,
    /// Leave the step in doubt out.
    StepSkip,
    /// Arm the taking back of what a failed rollback did.
    TakeBack,
    /// Stop a running rollback after its present step.
    StopRollback,
    /// Steer the rollout.
    Steer(Act),
    /// Pause the rollout, or let it go on.
    PauseRollout,
    /// Run the tests from here.
    RunTests,
    /// Stop the tests that run.
    StopTests,
    /// Accepts what keeps the tests amber.
    AcceptTests,
    /// Open the place of a failed test in the editor.
    Edit,
    /// Open the page of the selected test's run.
    CiPage,
    /// Copy the selected row.
    Copy,
    /// Give the mouse to the terminal, or take it.
    Mouse,
    /// Stop the clock of a drill, or let it go on.
    DrillPause,
    /// Let a drill go faster.
    DrillFaster,
    /// Let a drill go slower.
    DrillSlower,
    /// Take the guided tour of a drill.
    Tour,
    /// Show what the keys do.
    Help,
    /// Find an action by its name.
    Palette,
    /// Put the cockpit into the background.
    Suspend,
    /// Leave the cockpit.
    Quit,
}

/// An action's entry in the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Which action.
    pub action: Action,
    /// Its name in `[keys]` and in the palette.
    pub id: &'static str,
    /// What it does.
    pub title: &'static str,
    /// The keys that it has by default.
    pub keys: &'static [&'static str],
    /// The panes that have to have the focus for its keys to mean it; none: any. There it wins over what the same key
    /// means everywhere.
    pub panes: &'static [Pane],
    /// Whether it can change production.
    pub dangerous: bool,
    /// Whether it puts something on record: taken away from a read-only cockpit.
    pub records: bool,
    /// One word for the hints of the bottom line, for the actions that stand there.
    pub hint: Option<&'static str>,
}

const fn entry(action: Action, id: &'static str, title: &'static str, keys: &'static [&'static str]) -> Entry {
    Entry { action, id, title, keys, panes: &[], dangerous: false, records: false, hint: None }
}

const fn on(panes: &'static [Pane], entry: Entry) -> Entry {
    Entry { panes, ..entry }
}

const fn hinted(entry: Entry, hint: &'static str) -> Entry {
    Entry { hint: Some(hint), ..entry }
}

const fn recording(entry: Entry) -> Entry {
    Entry { records: true, ..entry }
}

const fn dangerous(entry: Entry) -> Entry {
    Entry { dangerous: true, ..recording(entry) }
}

const CHECKLIST: &[Pane] = &[Pane::Checklist];
const TIMELINE: &[Pane] = &[Pane::Timeline];
const TESTS: &[Pane] = &[Pane::Tests];
const CANARY: &[Pane] = &[Pane::Canary];
const ROLLBACK: &[Pane] = &[Pane::Rollback];
const COMMS: &[Pane] = &[Pane::Comms];
/// Where a row says something without the rest: a commit, a failure, an entry.
const ROWS: &[Pane] = &[Pane::Change, Pane::Tests, Pane::Timeline];

/// The table, in the order of the help.
pub const TABLE: &[Entry] = &[
    entry(Action::Focus(Pane::Checklist), "checklist", "go to the checklist", &["1"]),
    entry(Action::Focus(Pane::Change), "change", "go to the change", &["2"]),
    entry(Action::Focus(Pane::Tests), "tests", "go to the tests", &["3"]),
    entry(Action::Focus(Pane::Canary), "canary", "go to the canary", &["4"]),
    entry(Action::Focus(Pane::Rollback), "rollback-pane", "go to the rollback pane", &["5"]),
    entry(Action::Focus(Pane::Timeline), "timeline", "open the timeline", &["6"]),
    entry(Action::Focus(Pane::Comms), "comms", "open the notices", &["7"]),
    entry(Action::FocusNext, "next-pane", "go to the next pane", &["tab", "l", "right"]),
    entry(Action::FocusPrevious, "previous-pane", "go to the previous pane", &["shift-tab", "h", "left"]),
    entry(Action::Up, "up", "select the row above", &["k", "up"]),
    entry(Action::Down, "down", "select the row below", &["j", "down"]),
    entry(Action::PageUp, "page-up", "half a page up", &["ctrl-u", "pageup"]),
    entry(Action::PageDown, "page-down", "half a page down", &["ctrl-d", "pagedown"]),
    entry(Action::First, "first", "select the first row", &["g", "home"]),
    entry(Action::Last, "last", "select the last row", &["G", "end"]),
    hinted(entry(Action::Open, "open", "open what is selected", &["enter"]), "open"),
    hinted(entry(Action::Zoom, "zoom", "give the pane the whole screen, or take it back", &["z"]), "zoom"),
    hinted(entry(Action::Filter, "filter", "show only the rows that hold a text", &["/"]), "filter"),
    entry(Action::Back, "back", "close what is open, or clear the filter", &["esc"]),
    on(CANARY, entry(Action::Look(Look::Earlier), "chart-earlier", "the cursor to the scrape before", &["["])),
    on(CANARY, entry(Action::Look(Look::Later), "chart-later", "the cursor to the scrape after", &["]"])),
    on(CANARY, entry(Action::Look(Look::Wider), "chart-wider", "more time on the picture", &["-"])),
    on(CANARY, entry(Action::Look(Look::Closer), "chart-closer", "less time on the picture", &["+", "="])),
    on(CANARY, entry(Action::Look(Look::Hold), "chart-hold", "hold the picture, or let it go on", &["space"])),
    on(CANARY, entry(Action::Explain, "explain", "why the verdict is what it is", &["?"])),
    entry(Action::Refresh, "refresh", "ask every source again", &["r"]),
    on(
        CHECKLIST,
        recording(hinted(
            entry(Action::Tick, "tick", "tick the selected item, or take the tick back", &["space"]),
            "tick",
        )),
    ),
    recording(entry(Action::Override, "override", "pass the selected gate, with a reason and a name", &["O"])),
    recording(entry(Action::Assess, "assess", "answer the assessment questions; declares an incident", &["i"])),
    recording(entry(Action::Role, "role", "take or hand over a role", &["w"])),
    recording(entry(Action::NextStage, "next-stage", "go on to the next stage", &[">"])),
    recording(entry(Action::Decide, "decide", "record a decision", &["d"])),
    recording(hinted(entry(Action::Note, "note", "put a note on the timeline", &["n"]), "note")),
    recording(entry(Action::Pin, "pin", "put the selected row on the timeline, with its evidence", &["p"])),
    on(TIMELINE, recording(entry(Action::Correct, "correct", "put the selected entry right, by another one", &["c"]))),
    on(TIMELINE, entry(Action::SameKind, "same-kind", "only entries of the selected one's kind, or all again", &["f"])),
    on(TIMELINE, recording(entry(Action::Export, "export", "write the timeline to a file", &["e"]))),
    recording(entry(Action::Say, "say", "write a notice to the stakeholders", &["s"])),
    on(
        COMMS,
        recording(hinted(
            entry(Action::Resend, "resend", "send the last notice again to whom it did not reach", &["x"]),
            "resend",
        )),
    ),
    entry(Action::Incidents, "incidents", "list the incidents: take one up, or open one again", &["I"]),
    recording(entry(Action::Close, "close", "close the incident", &[])),
    dangerous(hinted(entry(Action::Rollback, "rollback", "arm the rollback and show its plan", &["R"]), "roll back")),
    dangerous(entry(Action::RollbackOver, "rollback-over", "arm it anew, with the next plan after a failed one", &[])),
    dangerous(entry(Action::StepDone, "step-done", "arm it to go on: the step in doubt took effect", &[])),
    dangerous(entry(Action::StepNotDone, "step-not-done", "arm it to go on: the step in doubt did not", &[])),
    dangerous(entry(Action::StepSkip, "step-skip", "arm it to go on: without the step in doubt", &[])),
    dangerous(entry(Action::TakeBack, "take-back", "arm the taking back of what a failed rollback did", &[])),
    entry(Action::StopRollback, "stop-rollback", "stop a running rollback after its present step", &["S"]),
    on(
        ROLLBACK,
        dangerous(entry(
            Action::Steer(Act::Promote),
            "promote",
            "promote the rollout by a step; within 3 s again, or esc, takes it back",
            &["p"],
        )),
    ),
    on(
        ROLLBACK,
        dangerous(entry(Action::Steer(Act::PromoteFully), "promote-fully", "arm the promotion past all steps", &["P"])),
    ),
    on(
        ROLLBACK,
        dangerous(entry(Action::PauseRollout, "pause-rollout", "pause the rollout, or resume it", &["space"])),
    ),
    on(
        ROLLBACK,
        dangerous(entry(
            Action::Steer(Act::Abort),
            "abort-rollout",
            "arm the abort: all traffic back to stable",
            &["a"],
        )),
    ),
    entry(Action::RunTests, "run-tests", "run the tests of every source that says how, and start validations", &["t"]),
    entry(Action::StopTests, "stop-tests", "stop the tests that run", &["T"]),
    on(
        TESTS,
        recording(entry(
            Action::AcceptTests,
            "accept-tests",
            "accept what keeps them amber, for this commit, with a reason and a name",
            &["a"],
        )),
    ),
    on(TESTS, entry(Action::Edit, "edit", "open the place of the selected failure in $EDITOR", &["e"])),
    on(TESTS, entry(Action::CiPage, "ci-page", "open the page of the selected test's run", &["o"])),
    on(
        CHECKLIST,
        entry(Action::TicketPage, "ticket-page", "open the incident's issue in the tracker, or name it", &["o"]),
    ),
    entry(Action::Situation, "situation", "copy a report of the situation", &["y", "Y"]),
    on(ROWS, entry(Action::Copy, "copy", "copy the selected row", &["y"])),
    entry(Action::Mouse, "mouse", "give the mouse to the terminal, or take it", &["m"]),
    recording(entry(Action::DrillPause, "drill-pause", "in a drill: stop its clock, or let it go on", &["P"])),
    recording(entry(Action::DrillFaster, "drill-faster", "in a drill: faster, up to x20", &["}"])),
    recording(entry(Action::DrillSlower, "drill-slower", "in a drill: slower, down to x1", &["{"])),
    entry(Action::Tour, "drill-tour", "in a drill: the guided tour", &[]),
    hinted(entry(Action::Help, "help", "show what the keys do", &["?", "f1"]), "help"),
    hinted(entry(Action::Palette, "command", "find an action by its name", &[":", "ctrl-p"]), "command"),
    entry(Action::Suspend, "suspend", "put the cockpit into the background", &["ctrl-z"]),
    hinted(entry(Action::Quit, "quit", "leave the cockpit", &["q", "ctrl-c"]), "quit"),
];

impl Action {
    /// Its entry in the table.
    pub fn entry(self) -> &'static Entry {
        TABLE.iter().find(|entry| entry.action == self).expect("every action is in the table: a test holds it")
    }

    /// The action with this id.
    pub fn by_id(id: &str) -> Option<Self> {
        TABLE.iter().find(|entry| entry.id == id).map(|entry| entry.action)
    }
}

impl Entry {
    /// What it does, and where its keys mean that: `canary: more time on the picture`.
    pub fn told(&self) -> Cow<'static, str> {
        if self.panes.is_empty() {
            return self.title.into();
        }
        let names: Vec<_> = self.panes.iter().map(|pane| pane.name().to_lowercase()).collect();
        format!("{}: {}", names.join(", "), self.title).into()
    }

    /// Whether its keys mean it while this pane has the focus, unless a narrower action has them there.
    pub fn is_on(&self, pane: Pane) -> bool {
        self.panes.is_empty() || self.panes.contains(&pane)
    }
}
