//! `[[tests]]`: what cannot be right of tests that run on this machine.

use std::time::Duration;

use super::{Faults, LONGEST_TIMEOUT};
use crate::config::schema::TestSource;

const LONGEST_AGE: Duration = Duration::from_secs(365 * 24 * 3_600);

impl Faults {
    pub(super) fn local_tests(&mut self, path: &str, source: &TestSource) {
        if let Some(argv) = &source.run {
            let at = format!("{path}.run");
            if argv.first().is_none_or(|program| program.trim().is_empty()) {
                self.add(&at, "a command needs a program: [\"program\", \"argument\"]");
            }
            if argv.iter().any(|argument| argument.contains('\0')) {
                self.add(&at, "an argument cannot hold a NUL character");
            }
        }
        self.between(&format!("{path}.timeout"), source.timeout, Duration::from_secs(1), LONGEST_TIMEOUT);
        self.between(&format!("{path}.max_age"), source.max_age, Duration::from_secs(60), LONGEST_AGE);
        if source.max_missing > 100 {
            self.add(&format!("{path}.max_missing"), "a percentage: 0 to 100");
        }
        for (index, entry) in source.quarantine.iter().enumerate() {
            for (key, value) in [("test", &entry.test), ("owner", &entry.owner), ("ticket", &entry.ticket)] {
                if value.trim().is_empty() {
                    self.add(&format!("{path}.quarantine.{index}.{key}"), "must say something");
                }
            }
        }
    }
}
