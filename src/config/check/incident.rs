//! `[incident]`: what cannot be right.

use super::Faults;
use crate::config::schema::{Config, Floor, Impact, SeverityMatrix, Users, Workaround};

/// How many combinations without a cell, or with several, are named.
const NAMED: usize = 3;

impl Faults {
    pub(super) fn incident(&mut self, config: &Config) {
        if let Some(users) = &config.incident.users {
            if users.query.trim().is_empty() {
                self.add("incident.users.query", "is missing: a query whose answer is one number");
            }
            match &users.source {
                Some(source) => self.source("incident.users.source", source),
                None if config.canary.is_none() => {
                    self.add(
                        "incident.users",
                        "names no `source`, and there is no [canary] whose source could be asked",
                    );
                }
                None => {}
            }
        }
        if let Some(matrix) = &config.incident.severity {
            self.matrix(matrix);
        }
    }

    /// Every combination of answers has exactly one severity.
    fn matrix(&mut self, matrix: &SeverityMatrix) {
        let (mut without, mut several) = (Vec::new(), Vec::new());
        for (impact, users, workaround) in combinations() {
            let name = || format!("{} / {} / {}", impact.label(), users.label(), workaround.label());
            match matrix.cell.iter().filter(|cell| cell.holds(impact, users, workaround)).count() {
                0 => without.push(name()),
                1 => {}
                _ => several.push(name()),
            }
        }
        for (what, names) in [("no cell is about", without), ("more than one cell is about", several)] {
            if !names.is_empty() {
                let more = names.len().saturating_sub(NAMED);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let named = names[..names.len().min(NAMED)].join(", ");
                self.add("incident.severity", format!("{what} impact / users / workaround {named}{more}"));
            }
        }
        for (index, cell) in matrix.cell.iter().enumerate() {
            if cell.because.trim().is_empty() {
                self.add(&format!("incident.severity.cell.{index}"), "`because` says why, in one sentence");
            }
        }
        let Floor { percent, users } = matrix.counts.many;
        let most = matrix.counts.most;
        if !(0.0 < percent && percent < most.percent && most.percent <= 100.0 && 0 < users && users < most.users) {
            self.add(
                "incident.severity.counts",
                "0 < many < most must hold, of the percentages (up to 100) and of the users",
            );
        }
    }
}

/// Every combination of answers.
fn combinations() -> impl Iterator<Item = (Impact, Users, Workaround)> {
    let pairs = Impact::ALL.into_iter().flat_map(|impact| Users::ALL.map(|users| (impact, users)));
    pairs.flat_map(|(impact, users)| Workaround::ALL.map(|workaround| (impact, users, workaround)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::check::{Fault, check};

    fn faults(toml: &str) -> Vec<Fault> {
        check(&toml::from_str(toml).unwrap())
    }

    #[test]
    fn the_built_in_matrix_has_one_severity_for_each_combination() {
        let mut faults = Faults::default();
        faults.matrix(&SeverityMatrix::default());
        assert_eq!(faults.0, []);
        assert_eq!(combinations().count(), 27);
    }

    #[test]
    fn a_gap_and_an_overlap_are_named() {
        let cell = |lists: &str| format!("[[incident.severity.cell]]\n{lists}\nseverity = \"sev1\"\nbecause = \"x\"\n");
        assert_eq!(faults(&cell("")), [], "one cell for everything");
        let said = faults(&cell("impact = [\"critical\", \"major\"]"));
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].path, "incident.severity");
        assert!(said[0].what.contains("no cell is about") && said[0].what.contains("minor / most / none"), "{said:?}");
        assert!(said[0].what.ends_with("and 6 more"), "{said:?}");
        let said = faults(&[cell(""), cell("users = [\"few\"]")].concat());
        assert!(
            said[0].what.contains("more than one cell") && said[0].what.contains("critical / few / none"),
            "{said:?}"
        );
        let said =
            faults("[incident.severity.counts]\nmost = { percent = 1, users = 5 }\nmany = { percent = 2, users = 3 }");
        assert_eq!(said[0].path, "incident.severity.counts");
    }

    #[test]
    fn somebody_must_be_asked_how_many() {
        assert_eq!(faults("[incident.users]\nquery = \"x\"")[0].path, "incident.users");
        let source = "source = { http_json = { url = \"http://evil.example/?q=$query\", value = \"$.n\" } }";
        let said = faults(&format!("[incident.users]\nquery = \"x\"\n{source}"));
        assert_eq!(said[0].path, "incident.users.source.http_json.url", "plain http to another machine");
        assert_eq!(faults("[incident.users]\nquery = \" \"\nsource = { prometheus = \"https://p.example\" }").len(), 1);
    }
}
