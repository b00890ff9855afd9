//! What servers say of the time, beside the clock of this machine: each answer carries it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// For how long an answer tells of the present.
const HOLDS: Duration = Duration::from_secs(10 * 60);
/// How many servers are remembered.
const SERVERS: usize = 64;
/// A date has whole seconds: the moment is half a second later in the middle.
const MIDDLE: SignedDuration = SignedDuration::from_millis(500);

/// The clocks of the servers that answered.
#[derive(Debug, Default)]
pub(super) struct Clocks(Mutex<BTreeMap<String, Heard>>);

#[derive(Debug, Clone, Copy)]
struct Heard {
    at: Timestamp,
    ahead: SignedDuration,
}

/// How far the clock of this machine is from another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offset {
    /// Whose clock it is beside.
    pub server: String,
    /// How much this machine is ahead; less than nothing where it is behind. Half a second is no news.
    pub ahead: SignedDuration,
}

impl Clocks {
    /// A server said at `at` that it is `date` there.
    pub(super) fn hear(&self, server: &str, date: Timestamp, at: Timestamp) {
        let heard = Heard { at, ahead: at.duration_since(date) - MIDDLE };
        if let Ok(mut servers) = self.0.lock()
            && (servers.len() < SERVERS || servers.contains_key(server))
        {
            servers.insert(server.to_owned(), heard);
        }
    }

    /// The server whose clock is nearest to ours: where not even that one agrees it is ours that is wrong.
    pub(super) fn nearest(&self, now: Timestamp) -> Option<Offset> {
        let servers = self.0.lock().ok()?;
        let is_fresh = |heard: &Heard| now.duration_since(heard.at).unsigned_abs() <= HOLDS;
        let (server, heard) =
            servers.iter().filter(|(_, heard)| is_fresh(heard)).min_by_key(|(_, heard)| heard.ahead.unsigned_abs())?;
        Some(Offset { server: server.clone(), ahead: heard.ahead })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_900_000_000_000 + ms).unwrap()
    }

    #[test]
    fn the_nearest_of_those_that_answered_lately_counts() {
        let clocks = Clocks::default();
        assert_eq!(clocks.nearest(at(0)), None);
        clocks.hear("wrong.example", at(-90_000), at(0));
        let wrong = Offset { server: "wrong.example".into(), ahead: SignedDuration::from_millis(89_500) };
        assert_eq!(clocks.nearest(at(0)), Some(wrong.clone()));
        clocks.hear("right.example", at(1_000), at(1_700));
        let right = Offset { server: "right.example".into(), ahead: SignedDuration::from_millis(200) };
        assert_eq!(clocks.nearest(at(2_000)), Some(right));
        clocks.hear("wrong.example", at(610_000), at(700_000));
        assert_eq!(clocks.nearest(at(700_000)), Some(wrong), "what was heard long ago tells nothing");
    }
}
