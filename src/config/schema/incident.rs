//! `[incident]`: how bad it is, and who knows how many users are affected.

use serde::{Deserialize, Serialize};

use super::MetricSource;

/// `[incident]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Incident {
    /// Who is asked how many users are affected.
    pub users: Option<UsersQuery>,
    /// How the answers come to a severity, where the team sees it in another way.
    pub severity: Option<SeverityMatrix>,
}

impl Incident {
    /// How the answers come to a severity.
    pub fn matrix(&self) -> SeverityMatrix {
        self.severity.clone().unwrap_or_default()
    }
}

/// `[incident.users]`: a query whose answer is one number.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsersQuery {
    /// The query, in the words of who is asked.
    pub query: String,
    /// Who is asked; that of `[canary]` without it.
    pub source: Option<MetricSource>,
}

/// How bad it is. When unsure, the higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Critical: everyone is affected, or money or data is being lost.
    Sev1,
    /// Major: many are affected, with no good workaround.
    Sev2,
    /// Minor: few are affected, or a workaround holds.
    Sev3,
}

/// What the business loses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// What the service is for.
    Critical,
    /// An important part of it.
    Major,
    /// Comfort.
    Minor,
}

/// How many users are affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Users {
    /// About everybody.
    Most,
    /// Many.
    Many,
    /// Few.
    Few,
}

/// What users can do meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Workaround {
    /// Nothing.
    None,
    /// Something, or some of them.
    Partial,
    /// All that they need.
    Good,
}

/// `[incident.severity]`: how the answers to the three questions come to a severity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeverityMatrix {
    /// What each answer about the business means.
    pub impact: ImpactWords,
    /// What each answer about the users means.
    pub users: UsersWords,
    /// What each answer about a workaround means.
    pub workaround: WorkaroundWords,
    /// From where on a number of users is many.
    pub counts: Counts,
    /// The severity of each combination.
    pub cell: Vec<Cell>,
}

/// What each answer about the business means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImpactWords {
    /// Of [`Impact::Critical`].
    pub critical: String,
    /// Of [`Impact::Major`].
    pub major: String,
    /// Of [`Impact::Minor`].
    pub minor: String,
}

/// What each answer about the users means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsersWords {
    /// Of [`Users::Most`].
    pub most: String,
    /// Of [`Users::Many`].
    pub many: String,
    /// Of [`Users::Few`].
    pub few: String,
}

/// What each answer about a workaround means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkaroundWords {
    /// Of [`Workaround::None`].
    pub none: String,
    /// Of [`Workaround::Partial`].
    pub partial: String,
    /// Of [`Workaround::Good`].
    pub good: String,
}

/// From where on a number of users is many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// From here on it is about everybody.
    pub most: Floor,
    /// From here on it is many.
    pub many: Floor,
}

/// A number of users, absolute and in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// In percent of all users.
    pub percent: f64,
    /// Their number.
    pub users: u64,
}

/// The severity of some answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Answers about the business.
    #[serde(default = "all_impacts")]
    pub impact: Vec<Impact>,
    /// Answers about the users.
    #[serde(default = "all_users")]
    pub users: Vec<Users>,
    /// Answers about a workaround.
    #[serde(default = "all_workarounds")]
    pub workaround: Vec<Workaround>,
    /// What they come to.
    pub severity: Severity,
    /// Why, in one sentence.
    pub because: String,
}

/// The matrix without anything of a team's own.
const BUILT_IN: &str = include_str!("../../../assets/severity.toml");

impl Default for SeverityMatrix {
    fn default() -> Self {
        toml::from_str::<BuiltIn>(BUILT_IN).map(Self::from).expect("the embedded matrix is tested")
    }
}

/// The embedded file, which must name everything: a default of [`SeverityMatrix`] would ask for itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BuiltIn {
    impact: ImpactWords,
    users: UsersWords,
    workaround: WorkaroundWords,
    counts: Counts,
    cell: Vec<Cell>,
}

impl From<BuiltIn> for SeverityMatrix {
    fn from(built_in: BuiltIn) -> Self {
        let BuiltIn { impact, users, workaround, counts, cell } = built_in;
        Self { impact, users, workaround, counts, cell }
    }
}

impl Cell {
    /// Whether it is about this combination.
    pub fn holds(&self, impact: Impact, users: Users, workaround: Workaround) -> bool {
        self.impact.contains(&impact) && self.users.contains(&users) && self.workaround.contains(&workaround)
    }
}

impl Severity {
    /// All of them, the highest first.
    pub const ALL: [Self; 3] = [Self::Sev1, Self::Sev2, Self::Sev3];

    /// `SEV2`, as it is written on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sev1 => "SEV1",
            Self::Sev2 => "SEV2",
            Self::Sev3 => "SEV3",
        }
    }

    /// Reads `sev2`, `SEV2` or `2`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().trim_start_matches("sev") {
            "1" => Some(Self::Sev1),
            "2" => Some(Self::Sev2),
            "3" => Some(Self::Sev3),
            _ => None,
        }
    }

    /// Minutes between two updates to the stakeholders.
    pub fn update_minutes(self) -> u64 {
        match self {
            Self::Sev1 => 20,
            Self::Sev2 => 30,
            Self::Sev3 => 60,
        }
    }
}

impl Impact {
    /// All of them, the worst first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Major, Self::Minor];

    /// One word.
    pub fn label(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Major => "major",
            Self::Minor => "minor",
        }
    }
}

impl Users {
    /// All of them, the worst first.
    pub const ALL: [Self; 3] = [Self::Most, Self::Many, Self::Few];

    /// One word.
    pub fn label(self) -> &'static str {
        match self {
            Self::Most => "most",
            Self::Many => "many",
            Self::Few => "few",
        }
    }
}

impl Workaround {
    /// All of them, the worst first.
    pub const ALL: [Self; 3] = [Self::None, Self::Partial, Self::Good];

    /// One word.
    pub fn label(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Partial => "partial",
            Self::Good => "good",
        }
    }
}

fn all_impacts() -> Vec<Impact> {
    Impact::ALL.to_vec()
}

fn all_users() -> Vec<Users> {
    Users::ALL.to_vec()
}

fn all_workarounds() -> Vec<Workaround> {
    Workaround::ALL.to_vec()
}
