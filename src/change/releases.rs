//! The place of a change among the repository's own patch releases: what is large here (pure).

use serde::Serialize;

use super::text::count;

/// Fewer prove nothing.
const ENOUGH: usize = 3;

/// The place of a change among patch releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Releases {
    /// Patch releases that it was compared with.
    pub compared: u64,
    /// Those that were smaller.
    pub smaller: u64,
    /// The share of them in a hundred.
    pub percentile: u64,
    /// Lines of the change, less files that are not core by their path or are tests: what the releases were counted by.
    pub lines: u64,
    /// The median of the releases.
    pub median: u64,
}

impl Releases {
    /// Whether so many can be compared with.
    pub fn are_enough(compared: usize) -> bool {
        compared >= ENOUGH
    }

    /// `larger than 8 of the last 12 patch releases (median 40 lines)`
    pub fn sentence(&self) -> String {
        let (smaller, compared, median) = (self.smaller, self.compared, count(self.median, "line"));
        format!("larger than {smaller} of the last {compared} patch releases (median {median})")
    }
}

/// Finds the place of a change of so many lines; `None` among too few releases.
pub fn place(lines: u64, mut releases: Vec<u64>) -> Option<Releases> {
    if !Releases::are_enough(releases.len()) {
        return None;
    }
    releases.sort_unstable();
    let (compared, middle) = (releases.len() as u64, releases.len() / 2);
    let smaller = releases.iter().filter(|it| **it < lines).count() as u64;
    let median =
        if releases.len() % 2 == 1 { releases[middle] } else { releases[middle - 1].midpoint(releases[middle]) };
    Some(Releases { compared, smaller, percentile: (200 * smaller + compared) / (2 * compared), lines, median })
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_place_is_the_share_of_smaller_ones() {
        let of = |lines, releases: &[u64]| place(lines, releases.to_vec()).map(|it| (it.percentile, it.median));
        assert_eq!(of(10, &[1, 2]), None, "two are not enough");
        assert_eq!(of(10, &[30, 10, 5]), Some((33, 10)));
        assert_eq!(of(0, &[1, 2, 3, 4]), Some((0, 2)));
        assert_eq!(of(9, &[1, 2, 3]), Some((100, 2)));
    }
}
