//! Reviews: who approved this very commit on GitHub, and whether it is somebody who wrote it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::source::Source;
use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::http::HttpError;
use crate::test_results::ci::Approval;
use crate::test_results::providers::judge::page;

/// Pull requests with this commit whose reviews are read.
const PULLS: usize = 3;

/// A pull request that holds the commit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Pull {
    number: u64,
    user: Option<User>,
}

/// A review of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Review {
    user: Option<User>,
    state: String,
    commit_id: Option<String>,
    submitted_at: Option<Timestamp>,
    html_url: Option<String>,
}

/// A commit of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Member {
    author: Option<User>,
    committer: Option<User>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct User {
    login: String,
}

impl Source {
    /// Who approved this very commit.
    ///
    /// # Errors
    /// When its pull requests or their reviews cannot be read.
    pub(super) async fn approvals(&mut self, head: &Oid) -> Result<Vec<Approval>, HttpError> {
        let repository = self.repository.clone();
        let path = format!("/repos/{repository}/commits/{head}/pulls?per_page=100");
        let pulls = self.asker.pages::<Vec<Pull>>(&path).await?.concat();
        let mut approvals = Vec::new();
        for pull in pulls.into_iter().take(PULLS) {
            let of = format!("/repos/{repository}/pulls/{}", pull.number);
            let reviews = self.asker.pages::<Vec<Review>>(&format!("{of}/reviews?per_page=100")).await?.concat();
            let members = self.asker.pages::<Vec<Member>>(&format!("{of}/commits?per_page=100")).await?.concat();
            approvals.extend(approved(&pull, &reviews, &members, head));
        }
        Ok(approvals)
    }
}

/// The last word of each reviewer counts, where it is an approval of this commit and of no earlier one.
fn approved(pull: &Pull, reviews: &[Review], members: &[Member], head: &Oid) -> Vec<Approval> {
    let wrote = members.iter().flat_map(|member| member.author.iter().chain(&member.committer)).chain(&pull.user);
    let wrote: Vec<&str> = wrote.map(|user| user.login.as_str()).collect();
    let mut last: BTreeMap<&str, &Review> = BTreeMap::new();
    for review in reviews.iter().filter(|review| review.state != "COMMENTED" && review.state != "PENDING") {
        last.extend(review.user.as_ref().map(|user| (user.login.as_str(), review)));
    }
    let counts = |review: &Review| review.state == "APPROVED" && review.commit_id.as_deref() == Some(head.as_str());
    let approval = |(login, review): (&str, &Review)| Approval {
        by: clean(login),
        is_author: wrote.contains(&login),
        at: review.submitted_at,
        page: page(review.html_url.as_deref()),
    };
    last.into_iter().filter(|(_, review)| counts(review)).map(approval).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::test_results::providers::github::fixture::{HEAD, Hub, World, run_async, target};

    const OLD: &str = "00000000000000000000000000000000000000bb";

    fn review(login: &str, state: &str, commit: &str) -> serde_json::Value {
        json!({"user": {"login": login}, "state": state, "commit_id": commit, "submitted_at": "2026-11-24T20:00:00Z",
            "html_url": "https://github.example/acme/checkout/pull/7#r1"})
    }

    fn approvals(reviews: &[serde_json::Value]) -> Vec<(String, bool)> {
        let world = World { reviews: Some(reviews.to_vec()), ..World::default() };
        let report = run_async(async { Hub::start(world).await.remote(|_| {}).look(&target(0)).await.0 });
        let ci = report.runs[0].ci.clone().unwrap();
        ci.approvals.into_iter().map(|it| (it.by, it.is_author)).collect()
    }

    #[test]
    fn the_last_word_of_each_reviewer_on_this_commit_counts() {
        let found = approvals(&[
            review("bo", "APPROVED", HEAD),
            review("eve", "APPROVED", OLD),
            review("kim", "APPROVED", HEAD),
            review("kim", "CHANGES_REQUESTED", HEAD),
            review("lee", "APPROVED", HEAD),
            review("lee", "COMMENTED", HEAD),
            review("ana", "APPROVED", HEAD),
        ]);
        let expected = [("ana", true), ("bo", false), ("lee", false)].map(|(by, is_author)| (by.to_owned(), is_author));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_server_without_pull_requests_approves_nothing_and_is_no_trouble() {
        let report = run_async(async { Hub::start(World::default()).await.remote(|_| {}).look(&target(0)).await.0 });
        let ci = report.runs[0].ci.clone().unwrap();
        assert!(ci.approvals.is_empty() && ci.notes.iter().all(|note| !note.contains("review")), "{:?}", ci.notes);
    }
}
