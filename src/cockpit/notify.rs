//! Calling the operator through the terminal: its bell, or a notification of the desktop (pure).

use crate::config::user::Way;

/// The longest text of a notification, in bytes.
const LIMIT: usize = 200;

/// The bytes that call by each of these ways. The text is the cockpit's own words: whatever else gets in is left out.
pub fn bytes(ways: &[Way], text: &str) -> Vec<u8> {
    let plain: String = text.chars().filter(|c| c.is_ascii_graphic() && *c != ';' || *c == ' ').take(LIMIT).collect();
    ways.iter()
        .flat_map(|way| match way {
            Way::Bell => b"\x07".to_vec(),
            Way::Osc9 => format!("\x1b]9;{plain}\x1b\\").into_bytes(),
            Way::Osc777 => format!("\x1b]777;notify;hotfix;{plain}\x1b\\").into_bytes(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_gets_into_a_notification() {
        let evil = "cart\x1b]0;x\x07;\u{9b}2J\u{202e} is late\n";
        let said = String::from_utf8(bytes(&[Way::Osc9, Way::Osc777], evil)).unwrap();
        assert_eq!(said, "\x1b]9;cart]0x2J is late\x1b\\\x1b]777;notify;hotfix;cart]0x2J is late\x1b\\");
        assert_eq!(bytes(&[Way::Bell], evil), b"\x07");
        assert!(bytes(&[], "x").is_empty());
        assert!(bytes(&[Way::Osc9], &"x".repeat(9_999)).len() < 300);
    }
}
