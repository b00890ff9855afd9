//! Pictures of the pane and of the overlay, as a person sees them in each state.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::*;
use crate::evidence::{Failure, Generation, Observation};
use crate::incident::Entry;
use crate::journal::{Memory, Recorder};
use crate::rollback::choice::{Choice, Held, Needed, Way};
use crate::rollback::execution::Progress;
use crate::rollback::fixtures::{at, choice, plan, seen, undone};
use crate::rollback::guard::{Input, Key};
use crate::rollback::model::Class;
use crate::rollback::output::Batch;
use crate::rollback::overlay;
use crate::rollback::state::Event;
use crate::ui::theme::Theme;

/// The pane's text in a box of `width` by `height` cells, its frame's title first.
fn drawn(state: &State, now: Timestamp, width: u16, height: u16, ascii: bool) -> String {
    let theme = look(ascii);
    let ctx = Ctx { now, theme: &theme };
    let Title { subject, note } = title(state, &ctx);
    let mut lines = vec![format!("[ {subject} | {} ]", note.content)];
    let head = head(state, &ctx, width, height);
    let room = usize::from(height).saturating_sub(head.len());
    lines.extend(head.iter().map(ToString::to_string));
    lines.extend((0..len(state).min(room)).map(|index| item(state, &ctx, index, width).to_string()));
    lines.push(format!("summary: {}", summary(state, &ctx)));
    checked(&lines, width, ascii)
}

fn look(ascii: bool) -> Theme {
    Theme { ascii, ..Theme::default() }
}

fn checked(lines: &[String], width: u16, ascii: bool) -> String {
    let mut text = String::new();
    for line in lines {
        assert!(
            line.starts_with("[ ") || line.starts_with("summary") || cells(line) <= usize::from(width),
            "too wide: {line}"
        );
        assert!(!ascii || line.replace('…', "").is_ascii(), "not ASCII: {line}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn covered(state: &State, now: Timestamp, width: u16, height: u16, ascii: bool) -> String {
    let theme = look(ascii);
    // The guard is told that time went by, as it asks for.
    let mut state = state.clone();
    state.update(Event::Input(Input::Moment), now);
    let lines = overlay::lines(&state, &Ctx { now, theme: &theme }, width, height);
    assert!(lines.len() <= usize::from(height));
    checked(&lines.iter().map(ToString::to_string).collect::<Vec<_>>(), width, ascii)
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

fn ready() -> State {
    let mut state = State::default();
    state.update(Event::Plan(seen(plan(), 1, at(0))), at(0));
    state
}

fn dangerous() -> State {
    let mut plan = plan();
    plan.class = Class::Unsafe;
    plan.undoes = vec![
        undone('b', "Drop the column legacy_total", &["migration", "destructive"]),
        undone('c', "Fix CVE-2026-1234 in the parser", &["security"]),
        undone('d', "Retry the payment gateway", &["fix"]),
        undone('e', "Log the gateway's answer", &[]),
    ];
    plan.warnings = vec!["git still points at the bad commit: auto-sync may bring it back".into()];
    plan.steps[1].irreversible = true;
    let mut state = State::default();
    state.update(Event::Plan(seen(plan, 1, at(0))), at(0));
    state
}

/// Three ways back, of which the first does not fit, and what must hold for the second.
fn conditioned(clock: Held) -> State {
    let way = |name: &str, needs: &[(&str, Held)]| {
        let needs = needs.iter().map(|(name, held)| Needed { name: (*name).to_owned(), held: held.clone() }).collect();
        Way { name: name.into(), plan: Ok(Plan { name: name.into(), ..plan() }), needs }
    };
    let yes = |what: &str| Held::Yes(what.into());
    let ways = vec![
        way("flag off", &[("the flag on", Held::No("the look ended with 1".into()))]),
        way(
            "undo",
            &[
                ("`kubectl` here", yes("/usr/bin/kubectl")),
                ("the right to patch deployments.apps/checkout", yes("the cluster says yes")),
                ("the image r/checkout:v2.4.1", Held::Unasked("`artifact` names no command".into())),
                ("the time here", clock),
            ],
        ),
        way("git revert", &[("the right to push main", Held::Unknown("no answer within 10 s".into()))]),
    ];
    let mut state = State::default();
    state.update(Event::Plan(choice(Choice { ways }, 1, at(0))), at(0));
    state
}

fn armed(mut state: State, second: i64) -> State {
    state.update(Event::Arm { bound: vec!['R'], chance: 6, over: false, answer: None }, at(second));
    state
}

fn records(steps: &[(usize, StepState, Option<&str>)], end: Option<(RollbackEnd, &str)>) -> Vec<Event> {
    let (journal, plan) = (Memory::default(), plan());
    let hash = plan.hash();
    let steps_json = serde_json::to_value(&plan).unwrap();
    let mut entries = vec![Entry::RollbackFired { plan: hash.clone(), steps: steps_json, target: "v2.4.1".into() }];
    entries.extend(steps.iter().map(|(index, state, detail)| Entry::Step {
        plan: hash.clone(),
        index: *index,
        name: plan.steps[*index].name.clone(),
        state: *state,
        detail: detail.map(str::to_owned),
    }));
    entries.extend(end.map(|(end, detail)| Entry::RollbackEnded { plan: hash.clone(), end, detail: detail.into() }));
    let draft = |(second, entry): (i64, &Entry)| entry.draft("i", "ana", at(second));
    (0..).zip(&entries).map(|it| Event::Recorded(journal.record(draft(it)).unwrap())).collect()
}

fn with(events: Vec<Event>) -> State {
    let mut state = ready();
    for event in events {
        state.update(event, at(1));
    }
    state
}

fn running() -> State {
    let mut state = armed(ready(), 0);
    state.update(Event::Input(Input::Key(Key::Char(state.guard.armed().unwrap().letter()))), at(1));
    state.update(Event::Input(Input::Moment), at(2));
    let states = [
        (0, StepState::Intent, None),
        (0, StepState::Issued, Some("process 4711")),
        (0, StepState::Observed, Some("it ended with 0")),
        (1, StepState::Intent, None),
        (1, StepState::Issued, Some("process 4712")),
    ];
    for event in records(&states, None) {
        state.update(event, at(3));
    }
    let lines = vec![
        "deployment.apps/checkout image updated".into(),
        "Waiting for deployment \"checkout\" rollout to finish: 2 out of 5 new replicas have been updated...".into(),
    ];
    state.update(Event::Progress(Progress::Output(Batch { lines, skipped: 0 })), at(4));
    state
}

fn verified() -> State {
    let states = [(0, StepState::Observed, Some("it ended with 0")), (1, StepState::Observed, Some("it ended with 0"))];
    with(records(&states, Some((RollbackEnd::Verified, "the world says v2.4.1"))))
}

fn failed() -> State {
    let why = "it ended with 1: error: deployment \"checkout\" exceeded its progress deadline";
    let states = [(0, StepState::Observed, Some("it ended with 0")), (1, StepState::Failed, Some(why))];
    let detail = format!("step 2 `wait for the pods` failed: {why}. Nothing was done after it; 1 of 2 steps are done");
    with(records(&states, Some((RollbackEnd::Failed, &detail))))
}

fn issued_not_verified() -> State {
    let states = [(0, StepState::Observed, Some("it ended with 0")), (1, StepState::Observed, Some("it ended with 0"))];
    let detail = "every step was issued, and the world says v2.4.2, not v2.4.1";
    with(records(&states, Some((RollbackEnd::IssuedNotVerified, detail))))
}

fn interrupted() -> State {
    with(records(&[(0, StepState::Intent, None), (0, StepState::Issued, Some("process 4711"))], None))
}

fn elsewhere() -> State {
    let mut state = interrupted();
    state.update(Event::Held(Some("bo, step 1 `point traffic at the old version`, process 4711".into())), at(30));
    state
}

fn broken() -> State {
    let mut state = State::default();
    let failure = Failure {
        what: "[rollback] step \"deploy\": `{to.versoin}` is no placeholder; did you mean `{to.version}`?".into(),
        remedy: Some("mend hotfix.toml".into()),
        at: at(0),
        retry_at: None,
    };
    state.update(Event::Plan(Observation::Failed(Generation(1), failure)), at(0));
    state
}

#[test]
fn the_pane_in_each_state() {
    let states = [
        ("not_configured", State::default(), 0),
        ("broken", broken(), 5),
        ("ready", ready(), 12),
        ("dangerous", dangerous(), 12),
        ("stale", ready(), 300),
        ("running", running(), 30),
        ("verified", verified(), 60),
        ("failed", failed(), 60),
        ("issued_not_verified", issued_not_verified(), 60),
        ("interrupted", interrupted(), 60),
        ("elsewhere", elsewhere(), 60),
        ("conditions", conditioned(Held::Yes("within 1 s of checkout.example".into())), 12),
        ("conditions_unmet", conditioned(Held::No("this machine's clock is 90 s behind that of api".into())), 12),
    ];
    for (name, state, second) in states {
        let boxes = [(50, 18, false), (76, 18, false), (156, 42, false), (50, 18, true)];
        let text: Vec<String> = boxes
            .iter()
            .map(|&(width, height, ascii)| {
                let look = if ascii { " ascii" } else { "" };
                format!("== {width}x{height}{look}\n{}", drawn(&state, at(second), width, height, ascii))
            })
            .collect();
        snapshot(name, &text.join("\n"));
    }
}

#[test]
fn the_overlay_in_each_state() {
    let mut glass = armed(dangerous(), 20);
    glass.update(Event::Input(Input::Key(Key::Char('!'))), at(21));
    for c in "checkout is down".chars() {
        glass.update(Event::Input(Input::Key(Key::Char(c))), at(22));
    }
    let mut reasoned = glass.clone();
    reasoned.update(Event::Input(Input::Key(Key::Enter)), at(23));
    let states = [
        ("overlay_waiting", armed(ready(), 12), 12),
        ("overlay_armed", armed(ready(), 12), 14),
        ("overlay_not_ready", armed(dangerous(), 20), 21),
        ("overlay_reason", glass, 22),
        ("overlay_reasoned", reasoned, 24),
        ("overlay_go_on", armed(with(records(&[(0, StepState::Observed, None)], None)), 30), 31),
        ("overlay_again", armed(verified(), 30), 31),
        ("overlay_conditions", armed(conditioned(Held::Yes("within 1 s of checkout.example".into())), 12), 14),
        ("overlay_look_again", armed(issued_not_verified(), 30), 31),
    ];
    for (name, state, second) in states {
        let boxes =
            [(overlay::SMALLEST.0, overlay::SMALLEST.1, false), (52, 20, false), (78, 22, false), (78, 22, true)];
        let text: Vec<String> = boxes
            .iter()
            .map(|&(width, height, ascii)| {
                let look = if ascii { " ascii" } else { "" };
                format!("== {width}x{height}{look}\n{}", covered(&state, at(second), width, height, ascii))
            })
            .collect();
        snapshot(name, &text.join("\n"));
    }
}

#[test]
fn the_last_line_of_the_overlay_is_the_key_whatever_the_size() {
    let mut state = armed(dangerous_and_ready(), 12);
    state.update(Event::Input(Input::Moment), at(13));
    let letter = state.guard.armed().unwrap().letter();
    let theme = Theme::default();
    for height in 2..60 {
        for width in [20, 44, 52, 158] {
            let ctx = Ctx { now: at(13), theme: &theme };
            let lines = overlay::lines(&state, &ctx, width, height);
            assert!(lines.len() <= usize::from(height));
            let last = lines.last().unwrap().to_string();
            assert_eq!(last, format!("press {letter} to fire · any other key cancels"));
        }
    }
}

/// A long plan that git has nothing against.
fn dangerous_and_ready() -> State {
    let mut state = dangerous();
    let mut long = state.plan.value().unwrap().clone();
    long.class = Class::Clean;
    long.undoes =
        (0..300).map(|_| undone('b', "A commit with a rather long summary that does not fit", &["fix"])).collect();
    long.steps = (0..40).map(|_| long.steps[0].clone()).collect();
    state.update(Event::Plan(seen(long, 2, at(10))), at(10));
    state
}

#[test]
fn details_search_and_output_tell_the_whole() {
    let state = running();
    let theme = Theme::default();
    let ctx = Ctx { now: at(30), theme: &theme };
    assert_eq!(len(&state), 4);
    assert_eq!(text(&state, 3), state.output.line(1).unwrap());
    assert!(text(&state, 1).contains("kubectl rollout status"));
    let lines: Vec<String> = detail(&state, &ctx, 1, 60).iter().map(ToString::to_string).collect();
    snapshot("detail_of_a_step", &lines.join("\n"));
    let whole: String =
        detail(&state, &ctx, 3, 40).iter().map(|line| line.to_string().trim().to_owned() + " ").collect();
    assert_eq!(whole.trim(), state.output.line(1).unwrap());
    assert!(item(&state, &ctx, 99, 40).to_string().is_empty());
}
