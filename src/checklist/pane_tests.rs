use super::*;
use crate::canary::model::Verdict;
use crate::checklist::fixture::{World, oid, red};
use crate::test_results::model::State as TestResults;
use crate::ui::theme::Theme;

/// The pane as lines of one width: title, head, all rows, the summary.
fn screen(world: &World, theme: &Theme, cells: u16, height: u16) -> String {
    let (state, ctx) = (world.state(), Ctx { now: world.now, theme });
    let title = title(&state, &ctx);
    let mut lines = vec![format!("[1 Checklist] {} | {}", title.subject, title.note.content)];
    lines.extend(head(&state, &ctx, cells, height).iter().map(|line| plain(line, cells)));
    lines.extend((0..len(&state)).map(|index| plain(&item(&state, &ctx, index, cells), cells)));
    lines.push(format!("[summary] {}", summary(&state, &ctx)));
    lines.join("\n")
}

#[track_caller]
fn plain(line: &Line, cells: u16) -> String {
    let text = line.to_string();
    assert!(width(&text) <= usize::from(cells), "too wide for {cells}: {text}");
    text.trim_end().to_owned()
}

/// A deploy that is not ready in every way at once.
fn troubled() -> World {
    let mut world = World::go(Stage::Deploy);
    world.watch(Verdict::Collecting);
    world.edit_tests(|report| red(report, "pool_limit_is_kept"));
    world.edit_change(|report| {
        report.production.deployed = None;
        report.core_lines = Some(260);
    });
    world.waive("b6", "the failing test is of another service, agreed with its owner");
    world
}

#[test]
fn ready_at_78() {
    insta::assert_snapshot!(screen(&World::go(Stage::Deploy), &Theme::default(), 78, 20));
}

#[test]
fn troubled_at_52() {
    insta::assert_snapshot!(screen(&troubled(), &Theme::default(), 52, 20));
}

#[test]
fn troubled_at_158() {
    insta::assert_snapshot!(screen(&troubled(), &Theme::default(), 158, 44));
}

#[test]
fn troubled_in_ascii() {
    let screen = screen(&troubled(), &Theme { ascii: true, ..Theme::default() }, 78, 20);
    insta::assert_snapshot!(screen);
}

#[test]
fn regressed_at_78() {
    let mut world = World::go(Stage::Deploy);
    world.watch(Verdict::Regressed);
    insta::assert_snapshot!(screen(&world, &Theme::default(), 78, 20));
}

#[test]
fn after_one_more_commit_at_78() {
    let mut world = World::go(Stage::Develop);
    world.push();
    insta::assert_snapshot!(screen(&world, &Theme::default(), 78, 20));
}

#[test]
fn without_an_incident_at_52() {
    insta::assert_snapshot!(screen(&World::empty(), &Theme::default(), 52, 20));
}

#[test]
fn without_an_incident_in_a_low_box() {
    let world = World::empty();
    let ctx = Ctx { now: world.now, theme: &Theme::default() };
    assert_eq!(head(&world.state(), &ctx, 52, 6).len(), 1);
}

fn open(world: &World, id: &str, cells: u16) -> String {
    let (state, theme) = (world.state(), Theme::default());
    let ctx = Ctx { now: world.now, theme: &theme };
    let row = (0..len(&state)).find(|row| state.gate_at(*row).is_some_and(|gate| gate.id == id)).unwrap();
    detail(&state, &ctx, row, cells).iter().map(|line| plain(line, cells)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_detail_of_evidence_at_52() {
    insta::assert_snapshot!(open(&troubled(), "c7", 52));
}

#[test]
fn the_detail_of_an_override_at_78() {
    let mut world = troubled();
    world.edit_change(|report| report.head.oid = Some(oid('9')));
    insta::assert_snapshot!(open(&world, "b6", 78));
}

#[test]
fn the_filter_finds_by_id_text_state_and_reason() {
    let world = troubled();
    let state = world.state();
    let hits = |word: &str| (0..len(&state)).filter(|row| text(&state, *row).contains(word)).count();
    assert_eq!(hits("c7"), 1);
    assert_eq!(hits("overridden"), 1);
    assert!(hits("satisfied") > 1);
    assert_eq!(hits("no source tells what runs"), 1);
}

#[test]
fn every_state_has_a_glyph_and_a_word_of_its_own() {
    let mut world = World::go(Stage::Develop);
    let mut words = Vec::new();
    let mut take = |world: &World, id: &str| {
        let gate = world.gate(id);
        words.push((look(&gate).0, standing_words(&gate, world.now)));
    };
    take(&world, "b1");
    take(&world, "b4");
    world.tests = TestResults::default();
    take(&world, "b6");
    world.push();
    take(&world, "b8");
    world.edit_change(|report| report.commits[0].merge = true);
    take(&world, "b2");
    world.waive("b2", "agreed");
    take(&world, "b2");
    let words: Vec<_> = words.iter().map(|(mark, word)| format!("{mark:?} {word}")).collect();
    let expected = [
        "Good git, 60s ago",
        "Open n/a",
        "Running waiting for data",
        "Stale stale",
        "Bad failed",
        "Overridden overridden: ana, 0s ago",
    ];
    assert_eq!(words, expected);
}
