//! Keys and what they mean: the table's defaults, patched by the operator's `[keys]`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::action::{Action, Entry, TABLE};
use crate::ui::layout::Pane;

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

/// Which key does what, and where: on one pane, or wherever no pane says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap(BTreeMap<Place, Action>);

/// A key on a pane; on any, without one.
type Place = (Option<Pane>, Key);

impl Default for Keymap {
    fn default() -> Self {
        let keys = |entry: &'static Entry| entry.keys.iter().filter_map(|text| Key::parse(text));
        let bound = TABLE.iter().flat_map(|entry| keys(entry).map(move |key| (entry, key)));
        Self(bound.flat_map(|(entry, key)| places(entry, key).map(|place| (place, entry.action))).collect())
    }
}

/// Where an action has a key.
fn places(entry: &'static Entry, key: Key) -> impl Iterator<Item = Place> {
    let anywhere = entry.panes.is_empty().then_some((None, key));
    anywhere.into_iter().chain(entry.panes.iter().map(move |pane| (Some(*pane), key)))
}

impl Keymap {
    /// The defaults with the operator's changes: each action named gets exactly the keys given, and takes them from the
    /// default actions of the same pane.
    ///
    /// # Errors
    /// An unknown action, an unknown key, or a key for two actions of the same pane, each in one sentence.
    pub fn patched(changes: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        let mut map = Self::default();
        let mut taken: BTreeMap<Place, &str> = BTreeMap::new();
        for (id, keys) in changes {
            let action = Action::by_id(id).ok_or_else(|| unknown_action(id))?;
            map.0.retain(|_, bound| *bound != action);
            for text in keys {
                let key = Key::parse(text).ok_or_else(|| format!("[keys] {id}: `{text}` is no key"))?;
                for place in places(action.entry(), key) {
                    if let Some(other) = taken.insert(place, id) {
                        return Err(twice(text, place.0, other, id));
                    }
                    map.0.insert(place, action);
                }
            }
        }
        Ok(map)
    }

    /// What a key does while a pane has the focus: what it means there, else what it means anywhere.
    pub fn action(&self, key: Key, focus: Pane) -> Option<Action> {
        self.0.get(&(Some(focus), key)).or_else(|| self.0.get(&(None, key))).copied()
    }

    /// The panes on which a key means something, for one that means nothing where it was pressed.
    pub fn panes(&self, key: Key) -> Vec<Pane> {
        self.0.keys().filter(|(_, bound)| *bound == key).filter_map(|(pane, _)| *pane).collect()
    }

    /// The keys of an action, the shortest first.
    pub fn keys(&self, action: Action) -> Vec<String> {
        let bound = self.0.iter().filter(|(_, bound)| **bound == action);
        let keys: BTreeSet<Key> = bound.map(|((_, key), _)| *key).collect();
        let mut keys: Vec<String> = keys.iter().map(Key::to_string).collect();
        keys.sort_by_key(String::len);
        keys
    }

    /// The shortest key that does this while a pane has the focus.
    pub fn key_on(&self, action: Action, focus: Pane) -> Option<String> {
        let does = |text: &String| Key::parse(text).is_some_and(|key| self.action(key, focus) == Some(action));
        self.keys(action).into_iter().find(does)
    }

    /// The letters that are bound anywhere, which the rollback's one-shot letter must avoid.
    pub fn bound_letters(&self) -> Vec<char> {
        let letter = |key: &Key| match key.code {
            Code::Char(c) if c.is_ascii_alphabetic() => Some(c),
            _ => None,
        };
        self.0.keys().filter_map(|(_, key)| letter(key)).collect()
    }
}

fn twice(key: &str, pane: Option<Pane>, one: &str, other: &str) -> String {
    let on = pane.map_or_else(String::new, |pane| format!(" on the {} pane", pane.name().to_lowercase()));
    format!("[keys] `{key}` is bound to both `{one}` and `{other}`{on}")
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
mod tests;
