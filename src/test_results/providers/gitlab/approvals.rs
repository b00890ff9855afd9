//! Approvals: who approved this very commit on GitLab, and whether it is somebody who wrote it.
//!
//! GitLab keeps approvals by merge request and not by commit, and may keep them when another commit is pushed. So one
//! counts only where the merge request ends in this commit, and was given after it was pushed.

use jiff::Timestamp;
use serde::Deserialize;

use super::source::Source;
use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::http::{HttpError, Kind};
use crate::test_results::ci::Approval;
use crate::test_results::providers::judge::{Settled, page};

/// Merge requests with this commit whose approvals are read.
const REQUESTS: usize = 3;
/// What GitLab itself notes of an approval, as every version of it does.
const NOTE: &str = "approved this merge request";

/// A merge request that holds the commit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct MergeRequest {
    iid: u64,
    sha: Option<String>,
    author: Option<User>,
    web_url: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct User {
    username: String,
    name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Approvals {
    approved_by: Vec<Approver>,
}

/// Newer ones say when.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Approver {
    user: User,
    approved_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Note {
    body: String,
    system: bool,
    author: User,
    created_at: Option<Timestamp>,
}

/// What was pushed to it, and when.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Version {
    head_commit_sha: String,
    created_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Member {
    author_name: String,
    committer_name: String,
}

/// Everything that is known of a merge request.
struct Whole {
    request: MergeRequest,
    approvals: Approvals,
    notes: Vec<Note>,
    versions: Vec<Version>,
    members: Vec<Member>,
}

impl Source {
    /// Puts the approvals of this commit beside its results. A server that does not tell of them is no trouble: then a
    /// person says who looked at it.
    pub(super) async fn find_approvals(&mut self, settled: &mut [Settled], head: &Oid) {
        let found = self.approvals(head).await;
        let Some(first) = settled.first_mut() else { return };
        let ci = first.run.ci.get_or_insert_default();
        match found {
            Ok(approvals) => ci.approvals = approvals,
            Err(error) if matches!(error.kind, Kind::Status(401 | 403 | 404)) => {}
            Err(error) => ci.notes.push(format!("its approvals cannot be read: {}", error.what)),
        }
    }

    async fn approvals(&mut self, head: &Oid) -> Result<Vec<Approval>, HttpError> {
        let project = self.project.clone();
        let path = format!("{project}/repository/commits/{head}/merge_requests?per_page=100");
        let requests = self.asker.pages::<Vec<MergeRequest>>(&path).await?.concat();
        let of_head = requests.into_iter().filter(|request| request.sha.as_deref() == Some(head.as_str()));
        let mut approvals = Vec::new();
        for request in of_head.take(REQUESTS) {
            let at = format!("{project}/merge_requests/{}", request.iid);
            let whole = Whole {
                approvals: self.asker.get(&format!("{at}/approvals")).await?,
                notes: self.asker.get(&format!("{at}/notes?sort=desc&order_by=created_at&per_page=100")).await?,
                versions: self.asker.pages::<Vec<Version>>(&format!("{at}/versions?per_page=100")).await?.concat(),
                members: self.asker.pages::<Vec<Member>>(&format!("{at}/commits?per_page=100")).await?.concat(),
                request,
            };
            approvals.extend(whole.approved(head));
        }
        Ok(approvals)
    }
}

impl Whole {
    /// Who approved what this commit brought: whoever cannot be said to have done it after the push does not count.
    fn approved(&self, head: &Oid) -> Vec<Approval> {
        let pushes = self.versions.iter().filter(|version| version.head_commit_sha == head.as_str());
        let Some(pushed) = pushes.filter_map(|version| version.created_at).min() else { return Vec::new() };
        let approval = |approver: &Approver| {
            let at = approver.approved_at.or_else(|| self.noted(&approver.user))?;
            (at >= pushed).then(|| Approval {
                by: clean(&approver.user.username),
                is_author: self.wrote(&approver.user),
                at: Some(at),
                page: page(self.request.web_url.as_deref()),
            })
        };
        self.approvals.approved_by.iter().filter_map(approval).collect()
    }

    /// When GitLab noted the last approval of somebody.
    fn noted(&self, user: &User) -> Option<Timestamp> {
        let is_meant = |note: &&Note| note.system && note.body == NOTE && note.author.username == user.username;
        self.notes.iter().filter(is_meant).filter_map(|note| note.created_at).max()
    }

    fn wrote(&self, user: &User) -> bool {
        let is_named = |member: &Member| [&member.author_name, &member.committer_name].contains(&&user.name);
        self.request.author.as_ref().is_some_and(|author| author.username == user.username)
            || self.members.iter().any(is_named)
    }
}

#[cfg(test)]
#[path = "approvals_tests.rs"]
mod tests;
