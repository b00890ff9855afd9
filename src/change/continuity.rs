//! SHA continuity: the hotfix tip is what was pushed, tested, approved, watched as a canary and deployed.
//!
//! Each link is compared by its commit, and where that is another by its tree: a rebased commit of the same content is
//! as good. A link that names no commit proves nothing.

use serde::Serialize;

use super::model::{Fact, FactState};
use crate::evidence::{Oid, Subject, SubjectMatch};

/// A link of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Name {
    /// What the upstream has.
    Pushed,
    /// What the tests ran on.
    Tested,
    /// What a person approved.
    Approved,
    /// What the canary runs.
    Canary,
    /// What production runs.
    Deployed,
}

/// How a link stands to the tip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tie {
    /// The same commit.
    Equal,
    /// Another commit with the same content.
    SameTree,
    /// Another one.
    Different,
    /// Nobody says.
    Unknown,
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Which.
    pub name: Name,
    /// How it stands to the tip.
    pub state: Tie,
    /// The commit, or else the tree, that it names.
    pub oid: Option<Oid>,
    /// One sentence.
    pub why: String,
}

/// The chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Continuity {
    /// The hotfix tip.
    pub head: Option<Oid>,
    /// Whether all links are the tip; `None` while one is unknown and none is another.
    pub unbroken: Option<bool>,
    /// In the order in which a fix travels.
    pub links: Vec<Link>,
}

/// What a source knows of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// About this.
    Subject(Subject, String),
    /// Nothing: why not, and what would help.
    Nothing(String),
}

impl Name {
    /// One word.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pushed => "pushed",
            Self::Tested => "tested",
            Self::Approved => "approved",
            Self::Canary => "canary",
            Self::Deployed => "deployed",
        }
    }
}

impl Tie {
    /// Whether it is the tip.
    pub fn holds(self) -> bool {
        matches!(self, Self::Equal | Self::SameTree)
    }

    /// Behind the name of a link, in the row.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::SameTree => "~",
            Self::Different => "!=",
            Self::Unknown => "?",
        }
    }
}

/// Compares what was told with the tip.
pub fn judge(head: &Subject, told: Vec<(Name, Told)>) -> Continuity {
    let links: Vec<Link> = told.into_iter().map(|(name, told)| link(head, name, told)).collect();
    let is = |state| links.iter().any(|link| link.state == state);
    let unbroken = match (is(Tie::Different), is(Tie::Unknown)) {
        (true, _) => Some(false),
        (false, true) => None,
        (false, false) => (!links.is_empty()).then_some(true),
    };
    Continuity { head: head.commit.clone(), unbroken, links }
}

fn link(head: &Subject, name: Name, told: Told) -> Link {
    let (subject, why) = match told {
        Told::Subject(subject, why) => (subject, why),
        Told::Nothing(why) => return Link { name, state: Tie::Unknown, oid: None, why },
    };
    let state = match subject.relates_to(head) {
        _ if head.commit.is_none() => Tie::Unknown,
        SubjectMatch::Same => Tie::Equal,
        SubjectMatch::SameTree => Tie::SameTree,
        SubjectMatch::Other => Tie::Different,
        SubjectMatch::Unattributed => Tie::Unknown,
    };
    Link { name, state, oid: subject.commit.or(subject.tree), why }
}

impl Continuity {
    /// A link by its name.
    pub fn link(&self, name: Name) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }

    /// The row: `pushed= tested= approved? canary? deployed!=a1b2c3d`.
    pub fn row(&self) -> String {
        let link = |link: &Link| {
            let other = link.oid.as_ref().filter(|_| link.state == Tie::Different).map_or("", Oid::short);
            format!("{}{}{other}", link.name.label(), link.state.sign())
        };
        self.links.iter().map(link).collect::<Vec<_>>().join(" ")
    }

    /// G16.
    pub fn fact(&self) -> Fact {
        let all = |state| self.links.iter().filter(move |link| link.state == state);
        let broken: Vec<&Link> = all(Tie::Different).collect();
        let state = match broken.as_slice() {
            [] if self.unbroken == Some(true) => FactState::Ok,
            [] => FactState::Unknown,
            // Before the deploy production runs another commit, and a canary may.
            links if links.iter().all(|link| matches!(link.name, Name::Deployed | Name::Canary)) => FactState::Warn,
            _ => FactState::Bad,
        };
        let why = match (broken.is_empty(), self.unbroken) {
            (true, Some(true)) => "what was pushed, tested, approved and deployed is the hotfix tip".to_owned(),
            (true, _) => told(all(Tie::Unknown)),
            (false, _) => told(broken.into_iter()),
        };
        Fact { id: "G16", name: "continuity", state, value: self.row(), why }
    }

    /// G30: whether what was seen was seen on the tip.
    pub fn evidence(&self) -> Fact {
        let seen = [Name::Tested, Name::Approved, Name::Canary];
        let of =
            |state, value: &str, why: String| Fact { id: "G30", name: "evidence", state, value: value.into(), why };
        let stale: Vec<&Link> =
            self.links.iter().filter(|it| seen.contains(&it.name) && it.state == Tie::Different).collect();
        let holds = self.links.iter().filter(|it| seen.contains(&it.name) && it.state.holds()).count();
        match (stale.is_empty(), holds) {
            (false, _) => of(FactState::Bad, "stale", told(stale.into_iter())),
            (true, 0) => of(FactState::Unknown, "none", "no test, approval or canary names a commit yet".into()),
            (true, _) => {
                of(FactState::Ok, "current", "every test, approval and canary that names a commit names the tip".into())
            }
        }
    }
}

fn told<'a>(links: impl Iterator<Item = &'a Link>) -> String {
    links.map(|link| format!("{}: {}", link.name.label(), link.why)).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
#[path = "continuity_tests.rs"]
mod tests;
