use super::*;
use crate::canary::view::Look;

fn patched(changes: &[(&str, &[&str])]) -> Result<Keymap, String> {
    let changes =
        changes.iter().map(|(id, keys)| ((*id).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect()));
    Keymap::patched(&changes.collect())
}

#[test]
fn the_table_is_whole_and_means_one_thing_in_one_place() {
    let mut seen = BTreeMap::new();
    for entry in TABLE {
        assert_eq!(entry.action.entry().id, entry.id);
        assert_eq!(Action::by_id(entry.id), Some(entry.action));
        for text in entry.keys {
            let key = Key::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(key.to_string(), *text);
            for place in places(entry, key) {
                assert_eq!(seen.insert(place, entry.id), None, "{text} is bound twice: {place:?}");
            }
        }
    }
}

#[test]
fn the_readme_lists_every_action_and_its_keys() {
    let readme = include_str!("../../../README.md");
    for entry in TABLE {
        let keys: Vec<String> = entry.keys.iter().map(|key| format!("`{key}`")).collect();
        let keys = if keys.is_empty() { "(palette)".to_owned() } else { keys.join(" ") };
        let row = format!("| {keys} | {} | `{}` |", entry.told(), entry.id);
        assert!(readme.contains(&row), "README.md lacks: {row}");
    }
}

#[test]
fn a_key_means_what_the_focused_pane_says_and_else_what_it_means_everywhere() {
    let map = Keymap::default();
    let space = Key::char(' ');
    assert_eq!(map.action(space, Pane::Checklist), Some(Action::Tick));
    assert_eq!(map.action(space, Pane::Canary), Some(Action::Look(Look::Hold)));
    assert_eq!(map.action(space, Pane::Change), None);
    assert_eq!(map.panes(space), [Pane::Checklist, Pane::Canary, Pane::Rollback]);
    assert_eq!(map.action(Key::char('?'), Pane::Canary), Some(Action::Explain));
    assert_eq!(map.action(Key::char('?'), Pane::Tests), Some(Action::Help));
    assert_eq!(map.key_on(Action::Help, Pane::Canary).as_deref(), Some("f1"));
    assert_eq!(map.key_on(Action::Help, Pane::Tests).as_deref(), Some("?"));
    assert_eq!(map.key_on(Action::Tick, Pane::Canary), None);
}

#[test]
fn help_and_the_way_out_can_be_reached_from_every_pane() {
    let map = Keymap::default();
    for pane in Pane::ALL {
        for action in [Action::Help, Action::Palette, Action::Quit, Action::Rollback, Action::Back] {
            assert!(map.key_on(action, pane).is_some(), "{action:?} has no key on {pane:?}");
        }
    }
}

#[test]
fn a_patch_replaces_the_keys_of_the_actions_that_it_names() {
    let map = patched(&[("quit", &["Q", "ctrl-q"])]).unwrap();
    assert_eq!(map.action(Key::char('Q'), Pane::Change), Some(Action::Quit));
    assert_eq!(map.action(Key::char('q'), Pane::Change), None);
    assert_eq!(map.action(Key::char('z'), Pane::Change), Some(Action::Zoom));
    assert_eq!(map.keys(Action::Quit), ["Q", "ctrl-q"]);
}

#[test]
fn two_actions_may_swap_their_keys() {
    let map = patched(&[("filter", &["z"]), ("zoom", &["/"])]).unwrap();
    assert_eq!(map.action(Key::char('z'), Pane::Tests), Some(Action::Filter));
    assert_eq!(map.action(Key::char('/'), Pane::Tests), Some(Action::Zoom));
}

#[test]
fn a_patch_of_one_pane_leaves_the_others_alone() {
    let map = patched(&[("chart-hold", &["x"]), ("tick", &["x"])]).unwrap();
    assert_eq!(map.action(Key::char('x'), Pane::Canary), Some(Action::Look(Look::Hold)));
    assert_eq!(map.action(Key::char('x'), Pane::Checklist), Some(Action::Tick));
    assert_eq!(map.action(Key::char('x'), Pane::Tests), None);
}

#[test]
fn a_wrong_patch_is_refused_with_the_nearest_right_answer() {
    assert_eq!(patched(&[("zom", &["z"])]).unwrap_err(), "[keys] `zom` is no action; did you mean `zoom`?");
    assert_eq!(patched(&[("zoom", &["hyper-z"])]).unwrap_err(), "[keys] zoom: `hyper-z` is no key");
    let told = patched(&[("chart-hold", &["x"]), ("explain", &["x"])]).unwrap_err();
    assert_eq!(told, "[keys] `x` is bound to both `chart-hold` and `explain` on the canary pane");
    let told = patched(&[("note", &["x"]), ("say", &["x"])]).unwrap_err();
    assert_eq!(told, "[keys] `x` is bound to both `note` and `say`");
}
