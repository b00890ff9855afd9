//! Where the notices of a drill go: nobody reads them but whoever drills.

use serde_json::Value;

/// The most notices that are kept.
const MOST: usize = 1_000;

/// The notices, as they were posted.
#[derive(Debug, Clone, Default)]
pub struct Inbox(Vec<Value>);

impl Inbox {
    /// Takes a notice in, and names it. One with the key of an earlier one is that one.
    ///
    /// # Errors
    /// When it is no notice, or there are too many.
    pub fn take(&mut self, body: &[u8]) -> Result<String, &'static str> {
        let notice: Value = serde_json::from_slice(body).map_err(|_| "a notice is a JSON document")?;
        let key = notice["key"].as_str().ok_or("a notice has a key")?.to_owned();
        let known = self.0.iter().position(|it| it["key"] == key.as_str());
        let place = match known {
            Some(place) => place,
            None if self.0.len() < MOST => {
                self.0.push(notice);
                self.0.len() - 1
            }
            None => return Err("the inbox is full"),
        };
        Ok(format!("inbox {}", place + 1))
    }

    /// The notices so far, oldest first.
    pub fn notices(&self) -> &[Value] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repetition_is_no_other_notice() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.take(br#"{"key":"a","text":"x"}"#).as_deref(), Ok("inbox 1"));
        assert_eq!(inbox.take(br#"{"key":"b","text":"x"}"#).as_deref(), Ok("inbox 2"));
        assert_eq!(inbox.take(br#"{"key":"a","text":"x"}"#).as_deref(), Ok("inbox 1"));
        assert_eq!(inbox.notices().len(), 2);
        assert!(inbox.take(b"{}").is_err() && inbox.take(b"hello").is_err());
    }
}
