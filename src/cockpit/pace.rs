//! When a frame may be drawn.

use std::time::{Duration, Instant};

/// Between two frames that data causes, in the long run. With [`AHEAD`] more at once, no second has over 60.
const FRAME: Duration = Duration::from_millis(18);
/// Frames that may follow each other at once: what several sources tell within a moment, after a while of quiet, is on
/// the screen as it comes. Most of all at the start.
const AHEAD: u32 = 4;
/// How long the word that something is being asked waits for the answer: most often both fit into one frame.
const PATIENCE: Duration = Duration::from_millis(40);

/// The pace of the frames: a bucket that each frame takes one place of, and that empties with the time.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// When all places are free again.
    free_at: Instant,
    /// When what waits to be drawn is due, if it is not at once.
    due_at: Option<Instant>,
}

impl Pace {
    /// No frame was drawn yet.
    pub fn new(now: Instant) -> Self {
        Self { free_at: now, due_at: None }
    }

    /// A frame was drawn.
    pub fn drew(&mut self, now: Instant) {
        self.free_at = self.free_at.max(now) + FRAME;
        self.due_at = None;
    }

    /// Something happened that can wait for what follows it.
    pub fn began(&mut self, now: Instant) {
        self.due_at.get_or_insert(now + PATIENCE);
    }

    /// Something happened that cannot.
    pub fn ended(&mut self, now: Instant) {
        self.due_at = Some(now);
    }

    /// How long the next frame that data causes has to wait; one that a key causes never does.
    pub fn wait(&self, now: Instant) -> Duration {
        let free = self.free_at.saturating_duration_since(now).saturating_sub(FRAME * (AHEAD - 1));
        self.due_at.map_or(free, |at| free.max(at.saturating_duration_since(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moments of the frames that a flood of data causes, within the first second.
    fn flooded(mut pace: Pace, start: Instant) -> Vec<Duration> {
        let mut moments = Vec::new();
        let mut now = start;
        loop {
            now += pace.wait(now);
            if now - start >= Duration::from_secs(1) {
                return moments;
            }
            moments.push(now - start);
            pace.drew(now);
        }
    }

    #[test]
    fn a_flood_draws_at_most_sixty_frames_in_a_second() {
        let start = Instant::now();
        let moments = flooded(Pace::new(start), start);
        assert!((55..=60).contains(&moments.len()), "{}", moments.len());
        assert_eq!(moments[..4], [Duration::ZERO; 4], "the first ones at once");
        assert!(moments[4..].windows(2).all(|pair| pair[1] - pair[0] == FRAME), "the others evenly");
    }

    #[test]
    fn a_while_of_quiet_makes_room_again() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        (0..4).for_each(|_| pace.drew(start));
        assert_eq!(pace.wait(start), FRAME);
        assert_eq!(pace.wait(start + FRAME), Duration::ZERO);
        pace.drew(start + FRAME);
        assert_eq!(pace.wait(start + FRAME), FRAME, "one place at a time");
        assert_eq!(pace.wait(start + FRAME * 100), Duration::ZERO);
    }

    #[test]
    fn a_beginning_waits_for_its_end() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.began(start);
        assert_eq!(pace.wait(start), PATIENCE);
        pace.began(start + PATIENCE / 2);
        assert_eq!(pace.wait(start + PATIENCE), Duration::ZERO, "no longer than the first one may");
        pace.ended(start + PATIENCE / 4);
        assert_eq!(pace.wait(start + PATIENCE / 4), Duration::ZERO);
        pace.began(start + PATIENCE / 4);
        assert_eq!(pace.wait(start + PATIENCE / 4), Duration::ZERO, "what is due stays due");
        pace.drew(start + PATIENCE / 4);
        assert_eq!(pace.wait(start + PATIENCE / 4), Duration::ZERO);
    }
}
