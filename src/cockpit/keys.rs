//! From the terminal's events to the cockpit's.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::event::{Mouse, What};
use super::keymap::{Code, Key};

/// What a terminal event means; nothing for what the cockpit has no use for.
pub fn translate(event: Event) -> Option<What> {
    match event {
        Event::Key(key) => key_event(key),
        Event::Paste(text) => Some(What::Paste(text)),
        Event::Mouse(mouse) => mouse_event(mouse).map(What::Mouse),
        Event::FocusGained => Some(What::Focus(true)),
        Event::FocusLost => Some(What::Focus(false)),
        Event::Resize(columns, rows) => Some(What::Resize(columns, rows)),
    }
}

fn key_event(event: KeyEvent) -> Option<What> {
    let code = match event.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(n) => Code::F(n),
        _ => return None,
    };
    let key = Key {
        code,
        ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
        alt: event.modifiers.contains(KeyModifiers::ALT),
    };
    match event.kind {
        KeyEventKind::Release => None,
        kind => Some(What::Key { key, is_repeat: kind == KeyEventKind::Repeat }),
    }
}

fn mouse_event(event: MouseEvent) -> Option<Mouse> {
    let (column, row) = (event.column, event.row);
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Mouse::Click(column, row)),
        MouseEventKind::ScrollUp => Some(Mouse::WheelUp(column, row)),
        MouseEventKind::ScrollDown => Some(Mouse::WheelDown(column, row)),
        _ => None,
    }
}
