//! Keys and what they mean: the table's defaults, patched by the operator's `[keys]`.

use std::collections::BTreeMap;
use std::fmt;

use super::action::{Action, TABLE};

/// A key with its modifiers, as the keymap and the operator's file write it: `R`, `ctrl-d`, `shift-tab`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What is on the key.
    pub code: Code,
    /// Held with Control.
    pub ctrl: bool,
    /// Held with Alt.
    pub alt: bool,
}

/// What is on a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A character, upper case where Shift was held.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Tab with Shift.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// An arrow.
    Up,
    /// An arrow.
    Down,
    /// An arrow.
    Left,
    /// An arrow.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key.
    F(u8),
}

const NAMED: [(&str, Code); 15] = [
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("shift-tab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("space", Code::Char(' ')),
];

impl Key {
    /// A key without modifiers.
    pub fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// A character key without modifiers.
    pub fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// Reads `R`, `ctrl-d`, `alt-x`, `f5`, `pageup`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix("ctrl-") {
            return Self::parse(rest).map(|key| Self { ctrl: true, ..key });
        }
        if let Some(rest) = text.strip_prefix("alt-") {
            return Self::parse(rest).map(|key| Self { alt: true, ..key });
        }
        let mut chars = text.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            return Some(Self::char(c));
        }
        if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Some(Self::plain(*code));
        }
        let number = text.strip_prefix('f')?.parse().ok().filter(|n| (1..=12).contains(n))?;
        Some(Self::plain(Code::F(number)))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = [if self.ctrl { "ctrl-" } else { "" }, if self.alt { "alt-" } else { "" }].concat();
        f.write_str(&prefix)?;
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, Code::Char(c)) => write!(f, "{c}"),
            (None, Code::F(n)) => write!(f, "f{n}"),
            (None, _) => Ok(()),
        }
    }
}

/// Which key does what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap(BTreeMap<Key, Action>);

impl Default for Keymap {
    fn default() -> Self {
        let pairs = TABLE.iter().flat_map(|entry| entry.keys.iter().map(|key| (*key, entry.action)));
        Self(pairs.filter_map(|(key, action)| Some((Key::parse(key)?, action))).collect())
    }
}

impl Keymap {
    /// The defaults with the operator's changes: each action named gets exactly the keys given.
    ///
    /// # Errors
    /// An unknown action, an unknown key, or a key for two actions, each in one sentence.
    pub fn patched(changes: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        let mut map = Self::default();
        let mut taken: BTreeMap<Key, &str> = BTreeMap::new();
        for (id, keys) in changes {
            let action = Action::by_id(id).ok_or_else(|| unknown_action(id))?;
            map.0.retain(|_, bound| *bound != action);
            for text in keys {
                let key = Key::parse(text).ok_or_else(|| format!("[keys] {id}: `{text}` is no key"))?;
                if let Some(other) = taken.insert(key, id) {
                    return Err(format!("[keys] `{text}` is bound to both `{other}` and `{id}`"));
                }
                map.0.insert(key, action);
            }
        }
        Ok(map)
    }

    /// What a key does.
    pub fn action(&self, key: Key) -> Option<Action> {
        self.0.get(&key).copied()
    }

    /// The keys of an action, the shortest first.
    pub fn keys(&self, action: Action) -> Vec<String> {
        let mut keys: Vec<String> =
            self.0.iter().filter(|(_, bound)| **bound == action).map(|(key, _)| key.to_string()).collect();
        keys.sort_by_key(String::len);
        keys
    }

    /// The upper-case letters that are bound, which the rollback's one-shot letter must avoid.
    pub fn bound_letters(&self) -> Vec<char> {
        self.0
            .keys()
            .filter_map(|key| match key.code {
                Code::Char(c) if c.is_ascii_alphabetic() => Some(c),
                _ => None,
            })
            .collect()
    }
}

fn unknown_action(id: &str) -> String {
    let near = TABLE.iter().map(|entry| entry.id).max_by(|a, b| closeness(a, id).total_cmp(&closeness(b, id)));
    let near = near.filter(|name| closeness(name, id) > 0.7);
    match near {
        Some(near) => format!("[keys] `{id}` is no action; did you mean `{near}`?"),
        None => format!("[keys] `{id}` is no action; `?` in the cockpit lists them"),
    }
}

fn closeness(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_without_conflicts() {
        let mut seen = BTreeMap::new();
        for entry in TABLE {
            assert_eq!(entry.action.entry().id, entry.id);
            assert_eq!(Action::by_id(entry.id), Some(entry.action));
            for text in entry.keys {
                let key = Key::parse(text).unwrap_or_else(|| panic!("{text}"));
                assert_eq!(key.to_string(), *text);
                assert_eq!(seen.insert(key, entry.id), None, "{text} is bound twice");
            }
        }
    }

    #[test]
    fn the_readme_lists_every_action_and_its_keys() {
        let readme = include_str!("../../README.md");
        for entry in TABLE {
            let keys: Vec<String> = entry.keys.iter().map(|key| format!("`{key}`")).collect();
            let keys = if keys.is_empty() { "(palette)".to_owned() } else { keys.join(" ") };
            let row = format!("| {keys} | {} | `{}` |", entry.title, entry.id);
            assert!(readme.contains(&row), "README.md lacks: {row}");
        }
    }

    #[test]
    fn a_patch_replaces_the_keys_of_the_actions_that_it_names() {
        let patch = BTreeMap::from([("quit".to_owned(), vec!["Q".to_owned(), "ctrl-q".to_owned()])]);
        let map = Keymap::patched(&patch).unwrap();
        assert_eq!(map.action(Key::char('Q')), Some(Action::Quit));
        assert_eq!(map.action(Key::char('q')), None);
        assert_eq!(map.action(Key::char('z')), Some(Action::Zoom));
        assert_eq!(map.keys(Action::Quit), ["Q", "ctrl-q"]);
    }

    #[test]
    fn a_wrong_patch_is_refused_with_the_nearest_right_answer() {
        let patch = |id: &str, key: &str| Keymap::patched(&BTreeMap::from([(id.into(), vec![key.into()])]));
        assert_eq!(patch("zom", "z").unwrap_err(), "[keys] `zom` is no action; did you mean `zoom`?");
        assert_eq!(patch("zoom", "hyper-z").unwrap_err(), "[keys] zoom: `hyper-z` is no key");
    }
}
