//! The words that a notice begins with: data, filled from the facts (pure).

use std::sync::LazyLock;

use super::facts::Facts;
use crate::config::check::placeholders;
use crate::config::schema::Notices;
use crate::incident::About;

const DEFAULT: &str = include_str!("../../assets/notices.toml");

static BUILT_IN: LazyLock<Notices> =
    LazyLock::new(|| toml::from_str(DEFAULT).expect("the built-in notices are whole: a test holds it"));

/// The notice for a stage, filled. A line that names a fact which nobody knows is left out.
pub fn filled(about: About, own: &Notices, facts: &Facts) -> String {
    let template = text(own, about).or_else(|| text(&BUILT_IN, about)).unwrap_or_default();
    let lines = template.trim().lines().filter_map(|line| line_of(line, facts));
    lines.collect::<Vec<_>>().join("\n")
}

fn text(notices: &Notices, about: About) -> Option<&str> {
    let text = match about {
        About::Assess => &notices.assess,
        About::Develop => &notices.develop,
        About::Deploy => &notices.deploy,
        About::Monitor => &notices.monitor,
        About::Resolved => &notices.resolved,
    };
    text.as_deref()
}

fn line_of(line: &str, facts: &Facts) -> Option<String> {
    let mut out = line.to_owned();
    for name in placeholders(line) {
        out = out.replace(&format!("{{{name}}}"), facts.get(name)?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::check::comms::FACTS;

    #[test]
    fn the_built_in_notices_are_whole_and_name_facts_that_there_are() {
        for about in About::ALL {
            let text = text(&BUILT_IN, about).unwrap_or_else(|| panic!("{about:?} is missing"));
            assert!(placeholders(text).all(|name| FACTS.contains(&name)), "{text}");
        }
        let sections: toml::Table = toml::from_str(DEFAULT).unwrap();
        assert_eq!(sections.len(), About::ALL.len());
    }

    #[test]
    fn a_line_whose_fact_is_unknown_is_left_out() {
        assert_eq!(filled(About::Deploy, &Notices::default(), &Facts::default()), "");
        let own = Notices { monitor: Some("Watching.\nTicket {ticket}\n".into()), ..Notices::default() };
        assert_eq!(filled(About::Monitor, &own, &Facts::default()), "Watching.");
    }
}
