//! What a step needs to know that git alone can tell: a commit that is pushed, a package that is deployed.

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::evidence::Oid;
use crate::rollback::salesforce::package::Members;

/// A commit that takes others back, made before the key is pressed: whether it is possible is known by then, and to
/// push it twice is to push it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revert {
    /// What runs now.
    pub from: Oid,
    /// What it goes back to.
    pub to: Oid,
    /// The commit itself, made from these and from the tip alone.
    pub commit: Oid,
    /// The tip that the branch must still have.
    pub lease: Oid,
    /// The branch.
    pub branch: String,
    /// The branch that is made for a review, where the other one takes no push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// Where it is pushed: an address, or a folder.
    pub url: String,
    /// Its first line.
    pub subject: String,
}

/// A package that takes a release out of an org: made from git again when it is deployed, and the same by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgDeploy {
    /// The org's alias or user name.
    pub org: String,
    /// The folder of the project in the repository.
    pub project: String,
    /// Which tests run where nothing was validated before, in the words of Salesforce.
    pub level: String,
    /// The tests, where they are named.
    pub tests: Vec<String>,
    /// What the org has.
    pub from: Oid,
    /// What it is to have.
    pub to: Oid,
    /// What comes back.
    pub restores: Members,
    /// What is deleted.
    pub removes: Members,
    /// SHA-256 over all that is deployed.
    pub digest: String,
}

impl OrgDeploy {
    /// The first twelve digits of the digest, for the screen only.
    pub fn short_digest(&self) -> &str {
        Plan::short_hash(&self.digest)
    }
}

impl Revert {
    /// The branch that is pushed.
    pub fn goes_to(&self) -> &str {
        self.review.as_deref().unwrap_or(&self.branch)
    }
}
