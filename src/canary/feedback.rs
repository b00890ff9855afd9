//! What people report after the deploy: a count against its usual rate (pure).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::judge::words;
use crate::evidence::text::{clean, fit};

/// The longest title, in cells.
const TITLE: usize = 120;
/// How many titles are shown.
const TITLES: usize = 5;
/// Reports that come together by chance more often than this are as usual.
const UNUSUAL: f64 = 0.05;

/// One report: a line of the watched file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// When.
    pub at: Timestamp,
    /// What, in a few words.
    #[serde(alias = "text")]
    pub title: String,
    /// Through whom or what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// Reads the lines of the file. Returns what can be read, clean, and how many lines cannot.
pub fn read(text: &str) -> (Vec<Item>, usize) {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let (mut items, mut odd) = (Vec::new(), 0);
    for line in lines {
        match serde_json::from_str::<Item>(line) {
            Ok(item) => items.push(Item {
                title: fit(&clean(&item.title), TITLE),
                from: item.from.map(|from| fit(&clean(&from), TITLE)),
                ..item
            }),
            Err(_) => odd += 1,
        }
    }
    (items, odd)
}

/// What a look brought of reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reports {
    /// Those of the watched file.
    pub items: Vec<Item>,
    /// How many more a server counts since the canary is watched.
    pub counted: usize,
}

/// The reports since the canary is watched.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Feedback {
    /// How many.
    pub count: usize,
    /// Since when.
    pub since: Timestamp,
    /// How many are usual in that time.
    pub expected: Option<f64>,
    /// The chance that as many or more come in that time, if all is as usual.
    pub chance: Option<f64>,
    /// The newest titles, the newest first.
    pub titles: Vec<String>,
}

impl Feedback {
    /// Of these reports, from `since` to `now`. `usual` is how many come in an hour.
    pub fn of(reports: &Reports, since: Timestamp, now: Timestamp, usual: Option<f64>) -> Self {
        let mut counted: Vec<&Item> = reports.items.iter().filter(|item| item.at >= since && item.at <= now).collect();
        counted.sort_by_key(|item| std::cmp::Reverse(item.at));
        let hours = now.duration_since(since).as_secs_f64().max(0.0) / 3_600.0;
        let expected = usual.map(|usual| usual * hours);
        let count = counted.len() + reports.counted;
        Self {
            count,
            since,
            expected,
            chance: expected.map(|expected| at_least(count, expected)),
            titles: counted.iter().take(TITLES).map(|item| item.title.clone()).collect(),
        }
    }

    /// Whether more came than chance explains.
    pub fn is_unusual(&self) -> bool {
        self.chance.is_some_and(|chance| chance < UNUSUAL)
    }

    /// `3 reports since 14:02, usually 0.4 in that time: unusual (1 in 126)`.
    pub fn words(&self) -> String {
        let reports = if self.count == 1 { "report" } else { "reports" };
        let since = self.since.strftime("%H:%MZ");
        let counted = format!("{} {reports} since {since}", self.count);
        match (self.expected, self.chance) {
            (Some(expected), Some(chance)) => {
                let usually = words::short(expected);
                let so =
                    if self.is_unusual() { format!("unusual (1 in {})", odds(chance)) } else { "as usual".to_owned() };
                format!("{counted}, usually {usually} in that time: {so}")
            }
            _ => counted,
        }
    }
}

fn odds(chance: f64) -> String {
    if chance < 1e-6 { "over a million".to_owned() } else { words::thousands((1.0 / chance).floor()) }
}

/// The chance of at least `count` events where `mean` are expected (Poisson).
fn at_least(count: usize, mean: f64) -> f64 {
    let (mut term, mut below) = ((-mean).exp(), 0.0);
    for k in 0..count {
        below += term;
        term *= mean / (k + 1) as f64;
    }
    (1.0 - below).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn item(seconds: i64, title: &str) -> Item {
        Item { at: at(seconds), title: title.to_owned(), from: None }
    }

    #[test]
    fn a_count_is_held_against_what_is_usual() {
        let of = |items: &[Item], from, to, usual| {
            Feedback::of(&Reports { items: items.to_vec(), counted: 0 }, from, to, usual)
        };
        let items = [item(-60, "before"), item(60, "a"), item(120, "b"), item(90, "c"), item(9_999, "not yet")];
        let told = of(&items, at(0), at(3_600), Some(0.4));
        // scipy.stats.poisson.sf(2, 0.4)
        assert!((told.chance.unwrap() - 0.007_926_331_867_253_834).abs() < 1e-12);
        assert_eq!(told.words(), "3 reports since 08:00Z, usually 0.4 in that time: unusual (1 in 126)");
        assert_eq!(told.titles, ["b", "c", "a"]);
        assert!(!of(&items[..2], at(0), at(3_600), Some(0.4)).is_unusual());
        assert_eq!(
            of(&[], at(0), at(3_600), Some(0.4)).words(),
            "0 reports since 08:00Z, usually 0.4 in that time: as usual"
        );
        assert_eq!(of(&items[..2], at(0), at(60), None).words(), "1 report since 08:00Z");
        assert_eq!(of(&items, at(0), at(0), Some(0.4)).chance, Some(1.0));
        let counted = Feedback::of(&Reports { items: items.to_vec(), counted: 4 }, at(0), at(3_600), None);
        assert_eq!((counted.count, counted.titles.len()), (7, 3), "what a server counts has no titles");
    }

    #[test]
    fn lines_are_read_clean_and_odd_ones_are_counted() {
        let text = "{\"at\":\"2027-01-15T08:00:00Z\",\"text\":\"pay \\u001b[31m fails\",\"from\":\"phone\"}\n\nrubbish\n{\"title\":\"no time\"}\n";
        let (items, odd) = read(text);
        assert_eq!((items.len(), odd), (1, 2));
        assert_eq!((items[0].at, items[0].title.as_str()), (at(0), "pay \\u{1b}[31m fails"));
    }
}
